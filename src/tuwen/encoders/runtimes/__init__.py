"""What runs exported towers without torch: ONNX Runtime or OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol

from tuwen.arrays import Array
from tuwen.errors import MissingExtra

Runtime = Literal["onnx", "openvino"]
Precision = Literal["fp32", "bf16", "int8"]
RUNTIMES: tuple[Runtime, ...] = ("onnx", "openvino")
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8")

#: What is imported for a runtime, its name for people, and how to get it.
_PACKAGES = {
    "onnx": ("onnxruntime", "onnxruntime"),
    "openvino": ("openvino", "'tuwen[openvino]'"),
}


class Tower(Protocol):
    """One side of an exported encoder, loaded."""

    #: Items that are computed at a time: as many as keep the processor busy and fit into its caches.
    chunk: int
    #: Texts are padded to a multiple of so many tokens.
    step: int

    def run(self, batches: Sequence[Mapping[str, Array]]) -> list[Array]:
        """The vectors (n, width) of each batch, in order; may be called from several threads."""


def installed(runtime: str) -> bool:
    """Whether the package of a runtime is there; imports nothing."""
    return find_spec(_PACKAGES[runtime][0]) is not None


def missing(runtime: str, where: Path) -> MissingExtra:
    """The error for a runtime that is not installed."""
    package, extra = _PACKAGES[runtime]
    return MissingExtra(f"{where} is to run with {package}; install it with: pip install {extra}")


def load(runtime: str, path: Path, precision: str, threads: int) -> Tower:
    """Load a tower.

    Args:
        runtime: `onnx` or `openvino`.
        path: The model's file.
        precision: What it was exported as.
        threads: How many compute; 0 for one a core.
    """
    if runtime == "onnx":
        from tuwen.encoders.runtimes.onnx import OnnxTower

        return OnnxTower(path, precision, threads)
    from tuwen.encoders.runtimes.openvino import OpenvinoTower

    return OpenvinoTower(path, precision, threads)
