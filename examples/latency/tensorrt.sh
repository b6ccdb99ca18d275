#!/bin/sh
# Latency of a network in TensorRT, by its program trtexec, for `latency: {kind: command}`.
#
# usage: tensorrt.sh [OPTION OF trtexec]... NETWORK.onnx
#
#     latency:
#       kind: command
#       command: [examples/latency/tensorrt.sh, --fp16]
#       network_format: onnx
#       batch: 8
#       timeout_s: 1800        # TensorRT builds an engine for every network
#
# BATCH in the environment is the number of images (default 1); it must be that of `batch`. TRTEXEC is the program
# (default: trtexec on the PATH). Prints the median GPU time in milliseconds.
set -eu
batch=${BATCH:-1}
for network; do :; done   # the last argument
side=$(sed -n 's/^resolution: *\([0-9]*\).*/\1/p' "${network%.onnx}.yaml")
channels=$(sed -n 's/^input_channels: *\([0-9]*\).*/\1/p' "${network%.onnx}.yaml")
shape=images:${batch}x${channels:-3}x${side}x${side}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
options=
for argument; do
  [ "$argument" = "$network" ] || options="$options $argument"
done
# shellcheck disable=SC2086  # each option is a word
"${TRTEXEC:-trtexec}" --onnx="$network" --minShapes="$shape" --optShapes="$shape" --maxShapes="$shape" $options >"$log" 2>&1 || {
  tail -5 "$log" >&2
  exit 1
}
# "[I] GPU Compute Time: min = 0.4 ms, max = 0.5 ms, mean = 0.43 ms, median = 0.42 ms, ..."
sed -n 's/.*GPU Compute Time: .*median = \([0-9.]*\) ms.*/\1 ms/p' "$log" | tail -1
