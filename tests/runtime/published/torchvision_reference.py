"""Runs torchvision's networks with random weights, for a comparison with ours.

    torchvision_reference.py FOLDER NAME:RESOLUTION...

writes FOLDER/NAME.pt for each, a plain dictionary: "images" and "outputs" (fp32), and the tensors of
every convolution, batch norm and linear layer as "0.weight", "0.bias", "1.running_mean" and so on,
numbered in the order in which a forward pass calls them. They are drawn at random, fp16 exactly, so
that half the bytes say all. Batch norm's statistics are those of some other images, stirred: so no
map dies or explodes, and two layers that were swapped show.
"""

import sys
import zlib

import torch
import torchvision
from torch import nn

LAYERS = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)

# `draw` sets all weights: drawing those of torchvision too would take a third of the time.
for function in ("kaiming_normal_", "kaiming_uniform_", "normal_", "trunc_normal_", "uniform_"):
    setattr(nn.init, function, lambda tensor, *_, **__: tensor)


def build(name):
    options = {"aux_logits": False, "transform_input": False} if name == "inception_v3" else {}
    options["init_weights"] = False
    constructor = getattr(torchvision.models, name)
    try:
        return constructor(weights=None, **options)
    except TypeError:  # most networks have no such option
        options.pop("init_weights")
        return constructor(weights=None, **options)


def called_layers(model, images):
    """The layers in the order of their calls; each must be called once."""
    order = []
    hooks = [
        module.register_forward_hook(lambda module, *_: order.append(module))
        for module in model.modules()
        if isinstance(module, LAYERS)
    ]
    model(images)
    for hook in hooks:
        hook.remove()
    layers = [module for module in model.modules() if isinstance(module, LAYERS)]
    assert len(order) == len(layers) == len(set(order)), "a layer is called never or twice"
    return order


def draw(model, images, generator):
    def uniform(like):
        return torch.rand(like.shape, generator=generator) + 0.5

    def normal(like, deviation):
        return torch.randn(like.shape, generator=generator) * deviation

    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            gain = 2.0 if isinstance(module, nn.Conv2d) else 1.0
            module.weight.copy_(normal(module.weight, (gain / module.weight[0].numel()) ** 0.5))
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.copy_(uniform(module.weight))
            module.reset_running_stats()
            module.momentum = None  # the statistics of the one batch that comes
            module.train()
        if isinstance(module, LAYERS) and module.bias is not None:
            module.bias.copy_(normal(module.bias, 0.2))
    model(images)
    for norm in norms:
        norm.eval()
        deviation = norm.running_var.mean().sqrt()
        norm.running_mean.add_(normal(norm.running_mean, 0.1) * deviation)
        norm.running_var.mul_(uniform(norm.running_var)).add_(0.1 * deviation**2)
    for tensor in list(model.parameters()) + list(model.buffers()):
        if tensor.is_floating_point():
            tensor.copy_(tensor.half().float())


@torch.no_grad()
def reference(name, resolution, path):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    model = build(name).eval()
    images = torch.randn(8, 3, resolution, resolution, generator=generator)
    draw(model, images[2:], generator)
    tensors = {"images": images[:2].clone()}
    for index, layer in enumerate(called_layers(model, images[:2])):
        for key, tensor in layer.state_dict().items():
            if key != "num_batches_tracked":
                assert tensor.isfinite().all(), f"{name}: layer {index} is beyond fp16"
                tensors[f"{index}.{key}"] = tensor.half()
    tensors["outputs"] = model(images[:2])
    torch.save(tensors, path)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for argument in sys.argv[2:]:
        network, side = argument.split(":")
        reference(network, int(side), f"{sys.argv[1]}/{network}.pt")
