"""What a run was made on, and how much memory it held; nothing that names the machine."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tuwen import __version__

_LIBRARIES = ("numpy", "scipy", "scikit-learn")
#: How many threads the libraries of linear algebra take, each by its own name.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def about() -> dict[str, Any]:
    """Processor, cores, threads, memory, system, versions and date."""
    told: dict[str, Any] = {
        "tuwen": __version__,
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "threads": threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        told["memory_gb"] = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)
    for library in _LIBRARIES:
        try:
            told[library] = version(library)
        except PackageNotFoundError:
            continue
    return told


def threads() -> int:
    """Threads of linear algebra in this process."""
    given = os.environ.get(THREADS[0], "")
    return int(given) if given.isdecimal() and int(given) else os.cpu_count() or 1


def peak_mb() -> float:
    """The most memory this process has held, in MB (2^20)."""
    if (peak := _status("VmHWM")) is not None:  # getrusage counts what the parent held before
        return peak
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (2**20 if sys.platform == "darwin" else 2**10)


def held_mb() -> float:
    """The memory this process holds now, in MB (2^20)."""
    if (held := _status("VmRSS")) is not None:
        return held
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def _status(field: str) -> float | None:
    """A field of what Linux says of this process, in MB; None elsewhere."""
    path = Path("/proc/self/status")
    if not path.is_file():
        return None
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    return None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
