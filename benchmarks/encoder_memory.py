"""Memory while many pictures are encoded: after the first 500 it must not grow but by the vectors themselves.

Each encoder runs in a process of its own, from JPEG files to vectors as `tuwen encode` does it; resident
memory is looked at all the time. Most files are 500 x 375 pixels, some 1,600 x 1,200, a few 4,000 x 3,000.
`vit_b_16` is a Chinese-CLIP of full size with random weights, exported for ONNX Runtime in int8.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

import common

LIMIT = {"growth_mb": 20, "growth_percent": 3}
FIRST = 500
DISTINCT = 250


def write(folder: Path, count: int) -> None:
    """So many JPEG files with the detail of photographs; beyond the first few they are links."""
    folder.mkdir()
    rng = np.random.default_rng(3)
    for number in range(count):
        path = folder / f"{number:05}.jpg"
        if number >= DISTINCT:
            os.link(folder / f"{number % DISTINCT:05}.jpg", path)
            continue
        large = number % 100 == 50, number % 10 == 5
        size = (4000, 3000) if large[0] else (1600, 1200) if large[1] else (500, 375)
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        detail = Image.fromarray(rng.integers(0, 51, (375, 500, 3), dtype=np.uint8))
        scaled = [np.asarray(part.resize(size, Image.Resampling.BICUBIC)) for part in (coarse, detail)]
        pixels = np.clip(scaled[0].astype(np.int16) + scaled[1] - 25, 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(path, quality=85)


class Watch:
    """The largest resident memory of this process, MB, in each window of pictures done."""

    def __init__(self, windows: list[int]) -> None:
        self.peaks = dict.fromkeys(windows, 0.0)
        self._process = psutil.Process()
        self._done, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def progress(self, done: int, _total: int | None) -> None:
        """Told by the encoder."""
        self._done = done

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            window = next((end for end in self.peaks if self._done < end), None)
            if window is not None:
                now = self._process.memory_info().rss / 2**20
                self.peaks[window] = max(self.peaks[window], now)


def one(spec: str, folder: Path, count: int) -> dict[str, Any]:
    """Encode all pictures of a folder in this process, and watch."""
    from tuwen import encoders
    from tuwen.data import open_source
    from tuwen.features import encode_source

    encoder = encoders.load(spec)
    ends = [end for end in (FIRST, 1000, 2000, 5000, 10_000, 20_000) if end <= count] or [count]
    watch = Watch(sorted({*ends, count}))
    start = time.perf_counter()
    found = encode_source(open_source(folder), encoder, "image", watch.progress)
    seconds = time.perf_counter() - start
    watch.stop()
    peaks = {end: round(peak, 1) for end, peak in watch.peaks.items()}
    first = peaks[min(peaks)]
    vectors = found.vectors.nbytes / 2**20
    growth = max(0.0, max(peaks.values()) - first - vectors)
    return {
        "pictures": len(found.ids),
        "runtime": encoder.runtime or encoder.name,
        "images_per_s": common.significant(len(found.ids) / seconds),
        "peak_mb": {f"until_{end}": peak for end, peak in peaks.items()},
        "vectors_mb": round(vectors, 1),
        "growth_mb": round(growth, 1),
        "growth_percent": round(100 * growth / first, 1),
        "flat": growth <= max(LIMIT["growth_mb"], first * LIMIT["growth_percent"] / 100),
    }


def bundle(folder: Path, *, quick: bool) -> Path:
    """A Chinese-CLIP with random weights, exported."""
    from encoder_speed import model
    from tuwen import encoders
    from tuwen.encoders import exporting

    (folder / "model").mkdir(parents=True)
    model(folder / "model", quick=quick)
    encoder = encoders.load(str(folder / "model"))
    exporting.export(encoder, folder / "bundle", runtime="onnx", precision="int8")
    return folder / "bundle"


def measured(spec: str, folder: Path, count: int) -> dict[str, Any]:
    """`one` in a process of its own."""
    common.say(f"{spec}: {count:,} pictures")
    command = [sys.executable, __file__, "--one", spec, "--folder", str(folder), "--count", str(count)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="fewer pictures, a small network")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="an exported encoder to use as vit_b_16")
    parser.add_argument("--one", metavar="SPEC", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.one:
        print(json.dumps(one(wanted.one, wanted.folder, wanted.count)))
        return
    many, few = (1500, 1000) if wanted.quick else (20_000, 2000)
    result: dict[str, Any] = {"name": "encoder_memory"}
    with tempfile.TemporaryDirectory() as work:
        common.say("writing pictures")
        write(Path(work) / "many", many)
        write(Path(work) / "few", few)
        result["mini"] = measured("mini", Path(work) / "many", many)
        place = wanted.bundle or bundle(Path(work) / "clip", quick=wanted.quick)
        result["vit_b_16"] = measured(str(place), Path(work) / "few", few)
    common.print_result({**result, "limit": LIMIT}, as_json=wanted.json)


if __name__ == "__main__":
    main()
