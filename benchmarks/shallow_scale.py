"""What fitting each shallow method costs with the number of pairs: seconds, memory, and how fast both grow.

    python benchmarks/shallow_scale.py [--methods cca,seph] [--sizes 2000,10000,100000] [--seconds 300]
                                       [--budget 600] [--jobs 2] [--quick] [--json]

Data: made, 20 classes, both sides 512 wide. Every method and size runs in a process of its own, in one
thread, with the defaults of the method; seconds are those of the processor, so that what else runs does not
count, and it is stopped after `--seconds` of them. A figure is kept in docs/scale.json with a digest of
the method's file, and only what is absent or out of date is measured: `--budget` stops after so many seconds
and the next call goes on. docs/scale.md is written from what is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import common
from tuwen import methods
from tuwen.errors import InputError
from tuwen.machine import peak_mb

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "docs" / "scale.json"
PAGE = ROOT / "docs" / "scale.md"
SIZES = (2_000, 10_000, 100_000)
WIDTH, CLASSES, LATENT = 512, 20, 64
LIMIT_MB = 8 * 1024.0
ADDRESSES = 16 * 2**30  # a process that wants more is stopped, so that it does not take the machine along
DEEP = ("deep", "deephash")
HEAD = """# What fitting costs

Written by `python benchmarks/shallow_scale.py` from [scale.json](scale.json). Seconds of one processor core that a fit takes, and peak memory of the process that makes the data (n pairs, both sides {width} wide, {classes} classes) and fits a method with its defaults; the data alone takes {data_mb} MB at {largest:,} pairs. A growth of 1 is linear in the pairs, 2 quadratic: the slope between two sizes on logarithmic axes. `over` means stopped after so many seconds. A method that refuses says so before it allocates anything, and what to do.

"""  # noqa: E501


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", help="names, comma between; all shallow ones when absent")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--seconds", type=float, default=300.0, help="after which a fit is stopped")
    parser.add_argument("--budget", type=float, default=math.inf, help="seconds; the next call goes on")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="at once")
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing kept")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "PAIRS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(fitted(arguments.one[0], int(arguments.one[1]), arguments.seconds)))
        return
    names = arguments.methods.split(",") if arguments.methods else shallow()
    sizes = (200, 1000) if arguments.quick else tuple(int(size) for size in arguments.sizes.split(","))
    kept = {} if arguments.quick else read()
    for name in names:
        entry = kept.setdefault(name, {})
        if entry.get("digest") != digest(name):
            entry.clear()
            entry["digest"] = digest(name)
    wanted = [(name, size) for size in sizes for name in names if str(size) not in kept[name]]
    began = time.monotonic()

    def measure(task: tuple[str, int]) -> None:
        if time.monotonic() - began > arguments.budget:
            return
        found = measured(*task, arguments.seconds)
        with lock:
            kept[task[0]][str(task[1])] = found
            if not arguments.quick:
                keep(task[0], kept[task[0]])

    lock = threading.Lock()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(measure, wanted))
    common.print_result(summary({name: kept[name] for name in names}, sizes), as_json=arguments.json)


def shallow() -> list[str]:
    """Methods that need no network."""
    found = (name for name, family in methods.names().items() if family not in DEEP)
    return [name for name in found if not methods.find(name).validates]  # networks


def pairs(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, texts (n, 512) float32 and class numbers (n,), made."""
    random = np.random.default_rng(0)
    labels = np.arange(n) % CLASSES
    latent = random.standard_normal((CLASSES, LATENT), dtype=np.float32)[labels]
    latent += random.standard_normal((n, LATENT), dtype=np.float32)
    sides = []
    for _ in range(2):
        side = latent @ random.standard_normal((LATENT, WIDTH), dtype=np.float32) / 8
        side += 0.5 * random.standard_normal((n, WIDTH), dtype=np.float32)
        sides.append(side)
    return sides[0], sides[1], labels


def fitted(name: str, n: int, seconds: float) -> dict[str, Any]:
    """One fit in this process: seconds and peak memory, or the words of the refusal."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    limit = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    images, texts, labels = pairs(n)
    method = methods.find(name)()
    if method.needs_counts:
        images, texts = np.maximum(images, 0, out=images), np.maximum(texts, 0, out=texts)
    before = peak_mb()
    start = time.process_time()
    try:
        method.fit(images, texts, labels)
    except InputError as error:
        return {"refuses": str(error)}
    except MemoryError:
        return {"failed": f"more than {ADDRESSES // 2**30} GiB"}
    return {
        "fit_s": common.significant(time.process_time() - start),
        "peak_mb": round(peak_mb()),
        "data_mb": round(before),
    }


def measured(name: str, n: int, seconds: float) -> dict[str, Any]:
    """One fit in a process of its own, in one thread."""
    command = [sys.executable, __file__, "--seconds", str(seconds), "--one", name, str(n)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads, check=False)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return {"over_s": seconds}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]}
    found = dict(json.loads(done.stdout.strip().splitlines()[-1]))
    common.say(f"{name:<14} {n:>8,} {found}")
    return found


def digest(name: str) -> str:
    """Of a method's file: what was measured with another one is measured again."""
    file = ROOT / "src" / "tuwen" / "methods" / methods.names()[name] / f"{name}.py"
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def growth(entry: dict[str, Any], small: int, large: int, what: str) -> float | None:
    """The slope between two sizes on logarithmic axes."""
    values = [entry.get(str(size), {}).get(what) for size in (small, large)]
    if None in values or min(values) < 0.01:  # too short to tell
        return None
    return round(math.log(values[1] / values[0]) / math.log(large / small), 2)


def summary(kept: dict[str, Any], sizes: tuple[int, ...]) -> dict[str, Any]:
    """Counts that limits are held against, and a row a method."""
    largest = str(sizes[-1])
    last = {name: entry.get(largest, {}) for name, entry in kept.items()}
    fits = [name for name, found in last.items() if "fit_s" in found]
    peaks = [found["peak_mb"] for found in last.values() if "peak_mb" in found]
    return {
        "benchmark": "shallow_scale",
        "pairs": sizes[-1],
        "methods": len(kept),
        "fit": len(fits),
        "refuse_beforehand": [name for name, found in last.items() if "refuses" in found],
        "stopped": [name for name, found in last.items() if "over_s" in found],
        "neither": [name for name, found in last.items() if not found or "failed" in found],
        "fails": sum(not found or "failed" in found or "over_s" in found for found in last.values()),
        "largest_peak_gib": round(max(peaks, default=0) / 1024, 2),
        "limit_gib": LIMIT_MB / 1024,
        "table": "docs/scale.md",
    }


def read() -> dict[str, Any]:
    """What earlier runs kept."""
    return dict(json.loads(KEPT.read_text(encoding="utf-8"))) if KEPT.is_file() else {}


def keep(name: str, entry: dict[str, Any]) -> None:
    """Keep the figures of one method beside those of others, which another run may have added."""
    known, kept = methods.names(), read()
    former = kept.get(name, {})
    kept[name] = (former if former.get("digest") == entry["digest"] else {}) | entry
    kept = {name: kept[name] for name in sorted(kept) if name in known}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept), encoding="utf-8")


def page(kept: dict[str, Any]) -> str:
    """The table, Markdown."""
    data = [
        found["data_mb"] for entry in kept.values() if "data_mb" in (found := entry.get(str(SIZES[-1]), {}))
    ]
    head = HEAD.format(width=WIDTH, classes=CLASSES, largest=SIZES[-1], data_mb=max(data, default=0))
    columns = [f"{size:,}" for size in SIZES]
    titles = [
        "method", *(f"s, {size}" for size in columns), f"growth to {columns[1]}", f"to {columns[2]}",
        *(f"MB, {size}" for size in columns),
    ]  # fmt: skip
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    refusals = []
    for name, entry in kept.items():
        slopes = [growth(entry, *two, "fit_s") for two in pairwise(SIZES)]
        cells = [
            name, *(cell(entry.get(str(size), {}), "fit_s") for size in SIZES),
            *("" if slope is None else f"{slope:g}" for slope in slopes),
            *(cell(entry.get(str(size), {}), "peak_mb") for size in SIZES),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
        refusals += [
            f"- `{name}`, {size:,} pairs: {entry[str(size)]['refuses']}"
            for size in SIZES
            if "refuses" in entry.get(str(size), {})
        ]
    told = ["", "## Refusals", "", *refusals] if refusals else []
    return head + "\n".join([*lines, *told]) + "\n"


def cell(found: dict[str, Any], what: str) -> str:
    """A figure, or why there is none."""
    if what in found:
        return f"{found[what]:,}" if what == "peak_mb" else f"{found[what]:g}"
    if "over_s" in found:
        return f"over {found['over_s']:g}" if what == "fit_s" else ""
    return "refuses" if "refuses" in found else "failed" if "failed" in found else ""


if __name__ == "__main__":
    main()
