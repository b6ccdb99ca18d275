"""Images per second of torchvision's ImageFolder and DataLoader; also makes the files to load.

usage: peer.py make FOLDER COUNT | peer.py load FOLDER SIDE WORKERS SECONDS
"""
import pathlib
import random
import sys
import time


def make(folder, count):
    """Pictures of 500 x 375 pixels with structure of every size, so JPEG files of a photograph's size."""
    from PIL import Image

    for i in range(count):
        rng = random.Random(i)
        picture = Image.new("RGB", (500, 375), (128, 128, 128))
        for cells in (4, 16, 64, 250):
            noise = Image.frombytes("RGB", (cells, cells), rng.randbytes(3 * cells * cells))
            picture = Image.blend(picture, noise.resize((500, 375), Image.BICUBIC), 0.35)
        place = pathlib.Path(folder) / f"class_{i % 4}"
        place.mkdir(parents=True, exist_ok=True)
        picture.save(place / f"{i}.jpg", quality=90)


def load(folder, side, workers, seconds):
    import torch
    from torchvision import datasets, transforms as T

    torch.set_num_threads(1)
    transform = T.Compose([T.RandomResizedCrop(side), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize([0.45] * 3, [0.225] * 3)])
    data = datasets.ImageFolder(folder, transform)
    loader = torch.utils.data.DataLoader(data, 64, shuffle=True, num_workers=workers, persistent_workers=True, drop_last=True)
    images, start = 0, None
    while True:
        for batch, _ in loader:
            if start is None:  # the workers have started
                start = time.perf_counter()
                continue
            images += len(batch)
            if time.perf_counter() - start > seconds:
                print(images / (time.perf_counter() - start))
                return


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]))
    else:
        load(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
