"""Towers run by ONNX Runtime on the processor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tuwen.arrays import Array
from tuwen.errors import Damaged


class OnnxTower:
    """A tower in an ONNX file.

    Args:
        path: The file; large ones have their weights in another beside it.
        threads: How many compute; 0 for one a core.
    """

    chunk = 8

    def __init__(self, path: Path, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        # waiting threads sleep: pictures are decoded on the same cores
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # processors without VNNI overflow on the products of int8 that are fastest elsewhere
        options.add_session_config_entry("session.x64quantprecision", "1")
        # every length of text would keep a plan and an arena of its own
        options.enable_mem_pattern = False
        options.enable_cpu_mem_arena = False
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the library's errors share no base of their own
            raise Damaged(
                f"{path} cannot be loaded by ONNX Runtime {onnxruntime.__version__} "
                f"({str(error)[:160]}); update it, or export again"
            ) from error
        self._inputs = {one.name for one in self._session.get_inputs()}

    def run(self, batches: Sequence[Mapping[str, Array]]) -> list[Array]:
        """The vectors (n, width) of each batch, in order."""
        return [self._session.run(None, {name: batch[name] for name in self._inputs})[0] for batch in batches]
