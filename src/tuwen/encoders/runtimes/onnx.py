"""Towers run by ONNX Runtime on the processor."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged

_CPUINFO = Path("/proc/cpuinfo")
#: What numpy calls groups of instructions with VNNI.
_VNNI = {"AVX512_CLX", "AVX512_ICL", "AVX512_SPR"}


class OnnxTower:
    """A tower in an ONNX file.

    The scale of int8 activations is found at run time, one for a whole batch: items would change with
    what stands beside them. So each is a batch of its own, computed by one thread, and as many side by
    side as there are cores: threads that share the small matrices of one text wait more than they do.

    Args:
        path: The file; large ones have their weights in another beside it.
        precision: What it was exported as.
        threads: How many compute; 0 for one a core.
    """

    step = 1

    def __init__(self, path: Path, precision: str, threads: int = 0) -> None:
        import onnxruntime

        self.chunk = 1 if precision == "int8" else 8
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1 if self.chunk == 1 else threads
        # waiting threads sleep: pictures are decoded on the same cores
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if _overflows():
            options.add_session_config_entry("session.x64quantprecision", "1")
        # every length of text would keep a plan and memory of its own
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
        count = (threads or _cores()) if self.chunk == 1 else 1
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="tuwen-onnx") if count > 1 else None

    def run(self, batches: Sequence[Mapping[str, Array]]) -> list[Array]:
        """The vectors (n, width) of each batch, in order."""
        if self._pool is None or len(batches) == 1:
            return [self._run(batch) for batch in batches]
        return list(self._pool.map(self._run, batches))

    def _run(self, batch: Mapping[str, Array]) -> Array:
        found: Array = self._session.run(None, {name: batch[name] for name in self._inputs})[0]
        return found


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _overflows() -> bool:
    """Whether the fastest sums of int8 products overflow here: on Intel and AMD processors without VNNI.

    Exact ones take twice as long, on any processor.
    """
    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686"):
        return False
    try:
        return "vnni" not in _CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        known: Any = np.show_config(mode="dicts")
        return not _VNNI & set(known["SIMD Extensions"]["found"])
