"""What every benchmark shares: the machine, the date, medians, memory and the printed result."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil

PACKAGES = ("numpy", "faiss-cpu", "pylance", "onnxruntime", "pillow", "scikit-learn", "torch")


def machine() -> dict[str, Any]:
    """Processor, cores, memory, system and versions; nothing that names the host."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
    }


def today() -> str:
    """The date, UTC, as 2026-01-31."""
    return datetime.now(UTC).date().isoformat()


def times(call: Callable[[int], object], count: int, *, warm: int = 3) -> np.ndarray:
    """Seconds of `call(0)` ... `call(count - 1)`, each alone, after `warm` calls that do not count."""
    for turn in range(min(warm, count)):
        call(turn)
    seconds = np.empty(count)
    for turn in range(count):
        start = time.perf_counter()
        call(turn)
        seconds[turn] = time.perf_counter() - start
    return seconds


def percentiles(seconds: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Median and 99th percentile in milliseconds, 3 significant digits."""
    return {
        "p50_ms": significant(float(np.percentile(seconds, 50)) * 1e3),
        "p99_ms": significant(float(np.percentile(seconds, 99)) * 1e3),
    }


def median(values: Sequence[float] | np.ndarray) -> float:
    """The middle value, 3 significant digits."""
    return significant(float(np.median(values)))


def significant(value: float, digits: int = 3) -> float:
    """A number rounded to so many significant digits."""
    return float(f"{value:.{digits}g}")


def recall(found: np.ndarray, true: np.ndarray) -> float:
    """Mean share of each row of `true` (n, k) that is in the same row of `found` (n, k)."""
    hits = [len(np.intersect1d(one, other)) for one, other in zip(found, true, strict=True)]
    return round(float(np.sum(hits)) / max(1, true.size), 4)


def resident_mb() -> float:
    """Memory of this process now, MB."""
    return round(psutil.Process().memory_info().rss / 2**20, 1)


class PeakMemory:
    """The largest resident memory of this process within a `with` block, MB, looked at every 20 ms."""

    def __enter__(self) -> PeakMemory:
        self.mb = resident_mb()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.mb = max(self.mb, resident_mb())

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.mb = max(self.mb, resident_mb())


def data_folder() -> Path | None:
    """Where the test data lies: TUWEN_DATA, or shared/data beside the repository; None when absent."""
    root = Path(__file__).resolve().parents[1]
    places = (
        [Path(os.environ["TUWEN_DATA"])] if "TUWEN_DATA" in os.environ else [root.parent / "shared" / "data"]
    )
    return next((place for place in places if place.is_dir()), None)


def say(message: str) -> None:
    """Progress for the person who waits, on stderr; stdout is for the result."""
    print(message, file=sys.stderr, flush=True)


def print_result(result: dict[str, Any], *, as_json: bool) -> None:
    """Print a result with machine and date: one JSON object, or lines `a.b  value` for people."""
    whole = {**result, "machine": machine(), "date": today()}
    if as_json:
        print(json.dumps(whole, ensure_ascii=False))
        return
    for name, value in _lines(whole, ""):
        print(f"{name:<44} {value}")


def _lines(value: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [
            line
            for key, part in value.items()
            for line in _lines(part, f"{name}.{key}" if name else str(key))
        ]
    return [(name, value)]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
