"""ONNX graphs in each precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tuwen.encoders.exporting.graphs import save

#: Smaller tables are not worth a conversion at run time, and biases want all their digits.
_LEAST = 4096


def write(graph: Path, path: Path, precision: str) -> list[Path]:
    """Write a float32 graph in another precision.

    Args:
        graph: The float32 graph.
        path: The file to write.
        precision: `fp32`; `bf16` for weights of half the size, computed in float32; `int8` for weights
            and activations of matrix products in eight bits, the scale of the latter found at run time.

    Returns:
        The files written, the one to load first.
    """
    import onnx

    if precision == "int8":
        return _quantise(graph, path)
    model = onnx.load(str(graph))
    if precision == "bf16":
        _to_bf16(model)
    return save(model, path)


def _quantise(graph: Path, path: Path) -> list[Path]:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    large = sum(file.stat().st_size for file in graph.parent.glob(f"{graph.name}*")) > 4_000_000_000
    quantize_dynamic(
        graph,
        path,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        use_external_data_format=large,
        # the graph carries no shapes from which the types of all values could be told
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    return [path, *sorted(other for other in path.parent.glob(f"{path.name}?*"))]


def _to_bf16(model: Any) -> None:
    """Store large weights as bfloat16, each widened where it is used."""
    from onnx import TensorProto, helper

    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _LEAST:
            continue
        name = tensor.name
        packed = helper.make_tensor(
            f"{name}_bf16", TensorProto.BFLOAT16, tensor.dims, _bf16(tensor).tobytes(), raw=True
        )
        tensor.CopyFrom(packed)
        casts.append(helper.make_node("Cast", [packed.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _bf16(tensor: Any) -> Any:
    """The upper half of each float32, rounded to the nearest even, uint16."""
    from onnx import numpy_helper

    bits = np.ascontiguousarray(numpy_helper.to_array(tensor)).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
