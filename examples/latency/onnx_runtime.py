"""Latency of a network in ONNX Runtime, for `latency: {kind: command}`.

usage: onnx_runtime.py [--threads N] [--batch N] [--runs N] NETWORK.onnx

    latency:
      kind: command
      command: [python3, examples/latency/onnx_runtime.py, --threads, "1"]
      network_format: onnx
      batch: 1

Needs: pip install onnxruntime. Prints the median of the runs in milliseconds.
"""

import argparse
import statistics
import time

import numpy
import onnxruntime

parser = argparse.ArgumentParser()
parser.add_argument("network")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--batch", type=int, default=1)
parser.add_argument("--runs", type=int, default=100, help="timed ones; a tenth of them runs before")
arguments = parser.parse_args()

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = arguments.threads
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(
    arguments.network, options, providers=["CPUExecutionProvider"]
)
entry = session.get_inputs()[0]
images = numpy.random.default_rng(1).random((arguments.batch, *entry.shape[1:]), numpy.float32)

times = []
for run in range(arguments.runs + arguments.runs // 10):
    begin = time.perf_counter()
    session.run(None, {entry.name: images})
    times.append(time.perf_counter() - begin)
print(f"{1e3 * statistics.median(times[arguments.runs // 10 :]):.6f} ms")
