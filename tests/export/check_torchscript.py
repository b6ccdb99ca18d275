"""Checks exported folders as a Python user would use them.

Each folder holds model.ts.pt, weights.pt (a plain dictionary) and probe.pt ({"images", "outputs"},
as computed by C++). Exits with an assertion's message at the first thing that is wrong.
"""

import os
import sys

import torch


def check(folder):
    model = torch.jit.load(os.path.join(folder, "model.ts.pt"))
    # The default of PyTorch 2.6 and later, and the strictest way to open them in any.
    weights = torch.load(os.path.join(folder, "weights.pt"), weights_only=True)
    probe = torch.load(os.path.join(folder, "probe.pt"), weights_only=True)
    assert type(weights) is dict, f"weights.pt holds a {type(weights)}"
    images, expected = probe["images"], probe["outputs"]

    assert not model.training, "opens in training mode"
    channels = images.shape[1]
    assert model.mean == [0.5] * channels and model.std == [0.25] * channels, "no normalization"
    assert model.includes_preprocessing is False
    with torch.no_grad():
        actual = model(images)
    scale = max(1.0, float(expected.abs().max()))
    difference = float((actual - expected).abs().max()) / scale
    assert actual.shape == expected.shape and difference <= 1e-5, f"outputs differ by {difference}"

    state = model.state_dict()
    assert set(state) == set(weights), f"names differ: {sorted(set(state) ^ set(weights))}"
    for name, value in weights.items():
        assert torch.equal(state[name], value), f"{name} differs"
    model.load_state_dict(dict(weights))

    model.train()
    parameters = dict(model.named_parameters())
    optimizer = torch.optim.SGD(parameters.values(), lr=1e-3)
    # A skip's drop-connect may drop all images of a small batch: accumulate over several.
    for _ in range(4):
        model(torch.randn(8, *images.shape[1:])).square().mean().backward()
    missing = [n for n, p in parameters.items() if p.grad is None or not p.grad.isfinite().all()]
    assert not missing, f"no gradient reaches {missing}"
    optimizer.step()
    moved = [name for name, value in model.state_dict().items() if "running_" in name]
    still = [name for name in moved if torch.equal(model.state_dict()[name], weights[name])]
    assert not still, f"training leaves {still} as they were"
    model.eval()
    with torch.no_grad():
        assert not torch.equal(model(images), actual), "a step of training changes nothing"
    print(f"{folder}: {len(parameters)} parameters, difference {difference:.1e}")


if __name__ == "__main__":
    torch.manual_seed(1)
    torch.set_num_threads(1)
    for argument in sys.argv[1:]:
        check(argument)
