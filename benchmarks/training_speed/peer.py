"""Images per second of the same training steps in PyTorch.
usage: peer.py MODEL.py PIXELS BATCH THREADS SECONDS default|channels_last|compile"""
import importlib.util
import sys
import time

import torch

path, pixels, batch, threads, seconds, way = sys.argv[1], *map(int, sys.argv[2:5]), float(sys.argv[5]), sys.argv[6]
torch.set_num_threads(threads)
spec = importlib.util.spec_from_file_location("model", path)
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
torch.manual_seed(1)
net = model.Network().train()
images, labels = torch.randn(batch, 3, pixels, pixels), torch.arange(batch) % 10
if way != "default":
    net, images = net.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
run = torch.compile(net) if way == "compile" else net


def step():
    loss = torch.nn.functional.cross_entropy(run(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


for _ in range(3):
    step()
steps, start = 0, time.perf_counter()
while time.perf_counter() - start < seconds:
    step()
    steps += 1
print(steps * batch / (time.perf_counter() - start))
