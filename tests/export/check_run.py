"""Checks the exports of one run as a Python user would use them.

usage: check_run.py EXPORT [EXPORT ...]   folders with model.ts.pt and weights.pt, of the same
network. Exits with an assertion's message at the first thing that is wrong.
"""

import os
import sys

import torch


def logits(folder, images):
    model = torch.jit.load(os.path.join(folder, "model.ts.pt"))
    weights = torch.load(os.path.join(folder, "weights.pt"))  # the default of this PyTorch
    state = model.state_dict()
    assert set(state) == set(weights), f"{folder}: names differ: {set(state) ^ set(weights)}"
    for name, value in weights.items():
        assert torch.equal(state[name], value), f"{folder}: {name} differs"
    model.load_state_dict(weights)
    with torch.no_grad():
        outputs = model(images)
    assert outputs.isfinite().all() and outputs[0].ne(outputs[1]).any(), f"{folder}: bad logits"
    return outputs


if __name__ == "__main__":
    torch.manual_seed(1)
    torch.set_num_threads(1)
    images = torch.randn(4, 3, 32, 32)
    first = logits(sys.argv[1], images)
    for folder in sys.argv[2:]:
        other = logits(folder, images)
        assert torch.equal(first, other), f"{folder}: logits differ by {(first - other).abs().max()}"
    print(f"{len(sys.argv) - 1} exports open in torch {torch.__version__}, with the same logits")
