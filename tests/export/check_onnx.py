"""Checks an ONNX file with Python's onnx.

usage: check_onnx.py FILE    exported with the notes classes = 10 and accuracy = 0.5
"""

import sys

import onnx

model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
known = {value.name for value in inferred.graph.value_info} | {o.name for o in model.graph.output}
for node in model.graph.node:
    assert node.name, f"a {node.op_type} has no name"
    assert set(node.output) <= known, f"no shape for {node.name}"
assert not any(node.op_type == "BatchNormalization" for node in model.graph.node), "not folded"
assert [i.domain or "ai.onnx" for i in model.opset_import] == ["ai.onnx"]
batch = model.graph.input[0].type.tensor_type.shape.dim[0]
assert batch.dim_param == "N", f"the batch is {batch}"
notes = {entry.key: entry.value for entry in model.metadata_props}
assert notes == {"classes": "10", "accuracy": "0.5"}, notes
weights = {tensor.name for tensor in model.graph.initializer}
assert {"stem.conv.weight", "stem.conv.bias", "classifier.weight"} <= weights, sorted(weights)
