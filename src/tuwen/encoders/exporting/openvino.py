"""ONNX graphs as OpenVINO models in each precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuwen.arrays import Array
from tuwen.encoders.runtimes.openvino import library
from tuwen.errors import MissingExtra


def write(graph: Path, path: Path, precision: str, samples: Sequence[Mapping[str, Array]]) -> list[Path]:
    """Write a float32 graph as an OpenVINO model.

    Args:
        graph: The float32 graph.
        path: The `.xml` file to write; the weights go to a `.bin` beside it.
        precision: `fp32`; `bf16` for weights of half the size, computed in bfloat16 where the processor
            can; `int8` for eight bits: with samples also the activations, else the weights alone.
        samples: Inputs of one item each, whose activations set the scales.

    Returns:
        The files written, the one to load first.
    """
    openvino = library()
    model = openvino.convert_model(str(graph))
    if precision == "int8":
        model = _calibrated(model, samples) if samples else _weights(model)
    openvino.save_model(model, str(path), compress_to_fp16=precision == "bf16")
    return [path, path.with_suffix(".bin")]


def _calibrated(model: Any, samples: Sequence[Mapping[str, Array]]) -> Any:
    nncf = _nncf()
    return nncf.quantize(
        model,
        nncf.Dataset([dict(sample) for sample in samples]),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(samples),
        # what attention multiplies loses most in eight bits and gains little time
        ignored_scope=nncf.IgnoredScope(names=_between_activations(model)),
    )


def _between_activations(model: Any) -> list[str]:
    """The matrix products that no weights take part in."""
    products = [node for node in model.get_ops() if node.get_type_name() == "MatMul"]
    return [
        node.get_friendly_name()
        for node in products
        if not any(_is_constant(port.get_source_output().get_node()) for port in node.inputs())
    ]


def _is_constant(node: Any, depth: int = 6) -> bool:
    """Whether a node is weights, or only turns weights into another shape or type."""
    if node.get_type_name() == "Constant":
        return True
    inputs = [port.get_source_output().get_node() for port in node.inputs()]
    return bool(inputs) and depth > 0 and all(_is_constant(one, depth - 1) for one in inputs)


def _weights(model: Any) -> Any:
    nncf = _nncf()
    return nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)


def _nncf() -> Any:
    try:
        import nncf
    except ImportError as error:
        raise MissingExtra(
            "int8 for openvino needs nncf; install it with: pip install 'tuwen[export]'"
        ) from error
    return nncf
