"""Uses exported PyTorch files as people do.

usage: check_pytorch.py FOLDER...    folders with model.py and model.safetensors of networks of ten
classes. Exits with an assertion's message at the first thing that is wrong.
"""

import importlib.util
import os
import sys

import torch
import torch.fx


def load_file(path):
    spec = importlib.util.spec_from_file_location("exported_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(folder):
    module = load_file(os.path.join(folder, "model.py"))
    path = os.path.join(folder, "model.safetensors")
    net = module.load()  # the default is the file beside it
    tensors = module.read_safetensors(path)
    names = {name for name in net.state_dict() if not name.endswith("num_batches_tracked")}
    assert names == set(tensors), f"names differ: {sorted(names ^ set(tensors))}"
    assert net.mean.flatten().tolist() == [0.5, torch.tensor(0.4).item(), torch.tensor(0.3).item()]

    images = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        expected = net(images)
        traced = torch.fx.symbolic_trace(net)(images)
    assert torch.allclose(traced, expected, atol=1e-6), "torch.fx computes something else"

    seen = []
    handle = net.stage3.register_forward_hook(lambda _, __, output: seen.append(output.shape))
    net(images)
    handle.remove()
    assert len(seen) == 1 and seen[0][0] == 3, "a hook on a stage is not called"
    with torch.no_grad():
        features = net.stage2(net.stage1(net.stem(images)))
    assert features.dim() == 4 and features.shape[0] == 3, "no backbone"

    if hasattr(torch, "export") and hasattr(torch, "compile"):
        batch = torch.export.Dim("batch", min=2, max=64)
        program = torch.export.export(net, (images,), dynamic_shapes=({0: batch},))
        more = torch.randn(5, 3, 64, 64)
        with torch.no_grad():
            assert torch.allclose(program.module()(more), net(more), atol=1e-4), "torch.export"
            compiled = torch.compile(net, backend="aot_eager")
            assert torch.allclose(compiled(images), expected, atol=1e-4), "torch.compile"

    net.classifier = torch.nn.Linear(net.classifier.in_features, 4)
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    for _ in range(4):  # drop-connect may drop all images of a small batch
        net(images).square().mean().backward()
    missing = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not missing, f"no gradient reaches {missing}"
    optimizer.step()
    assert net.eval()(images).shape == (3, 4), "the classifier was not replaced"

    fresh = module.Network().eval()
    with torch.no_grad():
        assert fresh(images).isfinite().all(), "initial weights give NaN"
        for name, part in fresh.named_modules():
            if name.endswith("space_to_depth"):
                conv, x = part.conv, torch.randn(1, part.conv.in_channels, 8, 8)
                n = conv.stride[0]
                cells = torch.nn.functional.pixel_unshuffle(x, n)
                assert torch.equal(conv(x), cells), f"{name} does not start as space-to-depth"
    print(f"{folder}: {len(tensors)} tensors, torch {torch.__version__}")


if __name__ == "__main__":
    torch.manual_seed(1)
    torch.set_num_threads(1)
    for argument in sys.argv[1:]:
        check(argument)
