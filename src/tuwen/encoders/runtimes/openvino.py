"""Towers run by OpenVINO on the processor."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged, MissingExtra


def library() -> Any:
    """The openvino package, imported without its telemetry.

    It would report each import to its makers over the network.

    Raises:
        MissingExtra: It is not installed.
    """
    # None makes the import fail, which openvino and nncf expect and go on without
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise MissingExtra("this needs openvino; install it with: pip install 'tuwen[openvino]'") from error
    return openvino


class OpenvinoTower:
    """A tower in OpenVINO's format, an `.xml` file with its weights in a `.bin` beside it.

    Batches are computed side by side, a stream of them on each core or few cores: threads that share
    one batch wait for each other after every layer.

    Args:
        path: The `.xml` file.
        precision: `bf16` computes in it where the processor can.
        threads: How many compute; 0 for one a core.
    """

    chunk = 8
    step = 8  # code is made and kept for every length that comes

    def __init__(self, path: Path, precision: str, threads: int = 0) -> None:
        openvino = library()
        core = openvino.Core()
        options: dict[str, Any] = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "ENABLE_CPU_PINNING": False,  # pictures are decoded on the same cores
            "INFERENCE_PRECISION_HINT": _precision(core, precision),
        }
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        try:
            compiled = core.compile_model(str(path), "CPU", options)
        except RuntimeError as error:
            raise Damaged(
                f"{path} cannot be loaded by OpenVINO {openvino.__version__} "
                f"({str(error)[-160:]}); update it, or export again"
            ) from error
        self._inputs = {port.get_any_name() for port in compiled.inputs}
        self._queue = openvino.AsyncInferQueue(compiled)
        self._queue.set_callback(_keep)
        self._lock = threading.Lock()

    def run(self, batches: Sequence[Mapping[str, Array]]) -> list[Array]:
        """The vectors (n, width) of each batch, in order."""
        found: dict[int, Array] = {}
        with self._lock:
            for place, batch in enumerate(batches):
                self._queue.start_async({name: batch[name] for name in self._inputs}, (found, place))
            self._queue.wait_all()
        return [found[place] for place in range(len(batches))]


def _keep(request: Any, kept: tuple[dict[int, Array], int]) -> None:
    found, place = kept
    # a copy: the request's memory is used again by the next batch
    found[place] = np.array(request.get_output_tensor(0).data)


def _precision(core: Any, precision: str) -> str:
    """What to compute in: bf16 only where the processor does it by itself."""
    native = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if precision == "bf16" and native else "f32"
