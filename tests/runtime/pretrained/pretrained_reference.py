"""Writes weights of torchvision's or timm's networks, drawn at random, and what the networks compute.

    pretrained_reference.py FOLDER LIBRARY NAME:RESOLUTION:FORMAT...

writes for each FOLDER/NAME.pth (or .safetensors), as its users would, and FOLDER/NAME.outputs.pt, a
plain dictionary with "images" and "outputs". The formats:

    zip          the state dictionary, by torch.save
    legacy       the same in the format before PyTorch 1.6
    half         the same as fp16
    checkpoint   {"epoch", "state_dict", "optimizer", "args"}, as training scripts write it
    ema          {"state_dict": other weights, "state_dict_ema": the weights}, as timm writes it
    parallel     the names begin with "module."
    safetensors
"""

import argparse
import collections
import json
import pathlib
import struct
import sys
import zlib

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "published"))
import torchvision_reference  # noqa: E402


def build(library, name):
    if library == "torchvision":
        return torchvision_reference.build(name)
    import timm

    return timm.create_model(name, pretrained=False)


def save_safetensors(tensors, path):
    header, data = {}, b""
    for name, tensor in tensors.items():
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        values = tensor.contiguous().flatten().tolist()
        part = struct.pack(f"<{len(values)}{'f' if kind == 'F32' else 'q'}", *values)
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def save(model, path, form):
    state = model.state_dict()
    if form == "safetensors":
        return save_safetensors(state, path.with_suffix(".safetensors"))
    if form == "half":
        state = collections.OrderedDict((k, v.half() if v.is_floating_point() else v) for k, v in state.items())
    elif form == "parallel":
        state = collections.OrderedDict(("module." + k, v) for k, v in state.items())
    elif form == "checkpoint":
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        # The optimizer keeps tensors of its own, which are none of the weights.
        for parameter in model.parameters():
            optimizer.state[parameter]["momentum_buffer"] = torch.ones_like(parameter)
        args = argparse.Namespace(lr=0.1, name=path.stem)
        state = {"epoch": 3, "optimizer": optimizer.state_dict(), "state_dict": state, "args": args, "best": 0.5}
    elif form == "ema":
        other = collections.OrderedDict((k, torch.zeros_like(v)) for k, v in state.items())
        state = {"state_dict": other, "state_dict_ema": state}
    torch.save(state, path, _use_new_zipfile_serialization=form != "legacy")


@torch.no_grad()
def reference(folder, library, name, resolution, form):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    model = build(library, name).eval()
    images = torch.randn(8, 3, resolution, resolution, generator=generator)
    torchvision_reference.draw(model, images[2:], generator)
    torch.save({"images": images[:2].clone(), "outputs": model(images[:2])}, folder / f"{name}.outputs.pt")
    save(model, folder / f"{name}.pth", form)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for argument in sys.argv[3:]:
        network, side, kind = argument.split(":")
        reference(pathlib.Path(sys.argv[1]), sys.argv[2], network, int(side), kind)
