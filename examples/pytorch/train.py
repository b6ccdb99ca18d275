"""Trains one candidate of a Ridgeline search on an image folder (train/CLASS/*, val/CLASS/*) or CIFAR-10.

Ridgeline starts this program once per trial, in a folder with model.py (the network) and trial.json (the task):
  python3 train.py --data /path/to/images
"""
import argparse
import json
import os
import sys

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make_data(args, size, split):
    steps = [transforms.Resize(size), transforms.CenterCrop(size)]
    if split == "train":
        steps = [transforms.RandomResizedCrop(size, scale=(0.5, 1)), transforms.RandomHorizontalFlip()]
    transform = transforms.Compose(steps + [transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    if args.cifar10:
        return datasets.CIFAR10(args.data, train=split == "train", transform=transform)
    return datasets.ImageFolder(os.path.join(args.data, split), transform)


@torch.no_grad()
def evaluate(model, loader, device):
    model.eval()
    right = 0
    for images, labels in loader:
        right += (model(images.to(device)).argmax(1) == labels.to(device)).sum().item()
    return right / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--cifar10", action="store_true", help="--data is the folder of torchvision's CIFAR-10")
    parser.add_argument("--workers", type=int, default=0, help="processes that load images")
    args = parser.parse_args()

    with open("trial.json") as file:
        trial = json.load(file)
    torch.manual_seed(trial["seed"])
    torch.set_num_threads(trial["threads"])
    device = torch.device(trial["device"])

    sys.path.insert(0, os.getcwd())
    from model import Network  # model.py is the candidate
    model = Network().to(device)
    train = make_data(args, trial["resolution"], "train")
    val = make_data(args, trial["resolution"], "val")
    val_loader = DataLoader(val, trial["batch"], num_workers=args.workers)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-5)
    steps = trial["epochs"] * -(-len(train) // trial["batch"])
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=steps)

    first = 0
    if os.path.exists("checkpoint.pt"):  # the trial was interrupted
        state = torch.load("checkpoint.pt", map_location=device)
        for part, saved in zip((model, optimizer, scheduler), state["parts"]):
            part.load_state_dict(saved)
        first = state["epochs"]

    for epoch in range(first, trial["epochs"]):
        shuffle = torch.Generator().manual_seed(trial["seed"] + epoch)
        loader = DataLoader(train, trial["batch"], shuffle=True, generator=shuffle, num_workers=args.workers)
        model.train()
        for images, labels in loader:
            loss = F.cross_entropy(model(images.to(device)), labels.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        accuracy = evaluate(model, val_loader, device)
        parts = [part.state_dict() for part in (model, optimizer, scheduler)]
        torch.save({"parts": parts, "epochs": epoch + 1}, "checkpoint.tmp")
        os.replace("checkpoint.tmp", "checkpoint.pt")
        # Ridgeline reads this line; the last one counts.
        print(json.dumps({"step": epoch + 1, "loss": loss.item(), "accuracy": accuracy}), flush=True)
    if first == trial["epochs"]:  # interrupted after the last epoch
        print(json.dumps({"step": first, "accuracy": evaluate(model, val_loader, device)}), flush=True)

    if trial["weights"]:  # after the search, of the best network
        torch.save(dict(model.cpu().state_dict()), trial["weights"])


if __name__ == "__main__":
    main()
