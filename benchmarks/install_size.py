"""Megabytes on disk of the core and of what each extra adds to it, and how long `import tuwen` takes.

The core goes into a fresh environment, each extra into a fresh one that sees the core, so that its figure is
what it adds; two extras may share packages. Versions are those of constraints.txt. torch is the build for
processors: where the package index gives the one for NVIDIA cards, its libraries come on top of it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import common

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("fast", "heif", "serve", "demo", "bench", "openvino", "classic", "deep", "clip", "export")
LIMIT = {"core_mb": 900, "import_s": 0.2}
IMPORT = "import time; start = time.perf_counter(); import tuwen; print(time.perf_counter() - start)"
SHOWN = 8


def environment(folder: Path, sees: Path | None = None) -> Path:
    """A fresh environment without pip; the folder of its packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("lib/python*/site-packages"), folder / "Lib" / "site-packages")
    if sees is not None:
        (packages / "core.pth").write_text(f"{sees}\n", encoding="utf-8")
    return packages


def python(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(folder: Path, what: str) -> None:
    """Install into an environment, with the versions that are tested."""
    common.say(f"installing {what}")
    command = [sys.executable, "-m", "pip", "--python", str(python(folder)), "install", "-qq"]
    options = ["--constraint", str(ROOT / "constraints.txt"), "--no-warn-script-location"]
    subprocess.run([*command, *options, what], check=True, stdout=sys.stderr)


def megabytes(folder: Path) -> float:
    """Size of all files below a folder, MB of 2^20 bytes as `du` counts them."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir()) / 2**20


def largest(packages: Path) -> dict[str, float]:
    """The largest packages of an environment, MB."""
    sizes: dict[str, float] = {}
    for place in packages.iterdir():
        # numpy and numpy.libs, but not their metadata
        name = place.name.split(".")[0].split("-")[0]
        if place.is_dir() and place.suffix not in (".dist-info", ".data"):
            sizes[name] = sizes.get(name, 0) + megabytes(place)
    ordered = sorted(sizes.items(), key=lambda item: -item[1])
    return {name: common.significant(size) for name, size in ordered[:SHOWN]}


def import_seconds(interpreter: Path, runs: int = 9) -> float:
    """Median seconds of `import tuwen`, each in a process of its own."""
    command = [str(interpreter), "-c", IMPORT]
    found = [
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(runs + 1)
    ]
    return common.median(found[1:])  # the first warms the disk


def measured(work: Path, extras: tuple[str, ...]) -> dict[str, Any]:
    """Install all and measure."""
    core = environment(work / "core")
    install(work / "core", str(ROOT))
    result: dict[str, Any] = {
        "core_mb": common.significant(megabytes(core)),
        "core_has_torch": (core / "torch").exists(),
        "import_s": import_seconds(python(work / "core")),
        "largest_of_the_core_mb": largest(core),
        "extras": {},
    }
    for extra in extras:
        added = environment(work / extra, core)
        install(work / extra, f"tuwen[{extra}] @ {ROOT.as_uri()}")
        # tuwen itself was put there once more
        own = sum(megabytes(place) for place in added.glob("tuwen*") if place.is_dir())
        parts = {name: size for name, size in largest(added).items() if name != "tuwen"}
        result["extras"][extra] = {
            "adds_mb": common.significant(megabytes(added) - own),
            "largest": ", ".join(f"{name} {size:g}" for name, size in list(parts.items())[:4]),
        }
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="the core and one small extra")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        result = measured(Path(work), EXTRAS[:1] if wanted.quick else EXTRAS)
    common.print_result({"name": "install_size", **result, "limit": LIMIT}, as_json=wanted.json)


if __name__ == "__main__":
    main()
