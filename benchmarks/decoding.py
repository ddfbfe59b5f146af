"""JPEG files to squares of 224 pixels in one thread, and how near the pixels are to decoding all of them.

The peer is what everybody writes: Pillow decodes every pixel and resizes with its antialiased bicubic;
beside it Pillow's own short cut, `reducing_gap`. The pictures are photographs scaled to 4,000 x 3,000 and
500 x 375 pixels; `grain` adds the noise of a sensor, which makes files three times as large, and nobody can
leave out the reading of their bits. `ours` needs nothing but Pillow, `ours_fast` the extra `fast`.
Seconds are the thread's own on the processor.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import common
from tuwen.encoders import Encoder

SIDE = 224
SIZES = {"large": (4000, 3000), "grain": (4000, 3000), "small": (500, 375)}
BETWEEN = ((900, 675), (1204, 903), (1440, 1080), (2048, 1536), (2592, 1944), (3264, 2448))
LIMIT = {"large_times": 7, "small_fast_times": 2, "difference": 0.2}
PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket")


def photographs(count: int) -> list[Image.Image]:
    """Photographs that scikit-image ships, and some of the news pictures where there is test data."""
    from skimage import data

    found = [Image.fromarray(getattr(data, name)()).convert("RGB") for name in PHOTOGRAPHS]
    folder = common.data_folder()
    if folder is not None:
        for path in sorted((folder / "webnews" / "images").glob("*.jpg"))[: count - len(found)]:
            with Image.open(path) as picture:
                found.append(picture.convert("RGB"))
    return found[:count]


def write(
    pictures: list[Image.Image], size: tuple[int, int], folder: Path, *, grain: bool = False
) -> list[Path]:
    """The pictures as JPEG files of one size, as cameras and sites save them."""
    folder.mkdir()
    rng = np.random.default_rng(7)
    paths = []
    for number, picture in enumerate(pictures):
        scaled = picture.resize(size, Image.Resampling.BICUBIC)
        if grain:
            noise = rng.integers(-8, 9, (size[1], size[0], 3), dtype=np.int16)
            pixels = np.clip(np.asarray(scaled, dtype=np.int16) + noise, 0, 255)
            scaled = Image.fromarray(pixels.astype(np.uint8))
        paths.append(folder / f"{number}.jpg")
        scaled.save(paths[-1], quality=90)
    return paths


def pillow(path: Path, gap: float | None = None) -> np.ndarray:
    """Every pixel decoded, then Pillow's bicubic."""
    with Image.open(path) as picture:
        rgb = picture.convert("RGB")
    return np.asarray(rgb.resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=gap))


def ways() -> dict[str, Callable[[Path], np.ndarray]]:
    """What is compared, by name."""
    encoder = Encoder()
    encoder.image_size = SIDE

    def ours(path: Path, fast: str) -> np.ndarray:
        os.environ["TUWEN_FAST"] = fast
        return encoder.prepare(path)

    return {
        "pillow": pillow,
        "pillow_reducing_gap": lambda path: pillow(path, 2.0),
        "ours": lambda path: ours(path, "0"),
        "ours_fast": lambda path: ours(path, "1"),
    }


def speeds(paths: list[Path], rounds: int) -> dict[str, float]:
    """Pictures a second of every way, in turns, and how many times Pillow's ours are.

    It is the thread's own time on the processor, as other programs would otherwise be measured too.
    """
    compared = ways()
    seconds = {name: np.zeros(rounds + 1) for name in compared}
    for turn in range(rounds + 1):
        for name, way in compared.items():
            start = time.thread_time()
            for path in paths:
                way(path)
            seconds[name][turn] = time.thread_time() - start
    # the first warms the files and the allocator
    rates = {name: len(paths) / found[1:] for name, found in seconds.items()}
    times = {f"{name}_times": common.median(rates[name] / rates["pillow"]) for name in ("ours", "ours_fast")}
    return {f"{name}_per_s": common.median(found) for name, found in rates.items()} | times


def difference(paths: list[Path]) -> dict[str, float]:
    """Mean difference of ours from every pixel decoded, of 255, and of the worst picture."""
    whole = [pillow(path).astype(np.int16) for path in paths]
    result = {}
    for name in ("ours", "ours_fast"):
        found = [
            float(np.abs(ways()[name](path) - true).mean()) for path, true in zip(paths, whole, strict=True)
        ]
        result |= {name: common.significant(np.mean(found)), f"{name}_worst": common.significant(max(found))}
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="few pictures and rounds")
    wanted = parser.parse_args()
    pictures = photographs(2 if wanted.quick else 12)
    rounds = 1 if wanted.quick else 5
    measured: dict[str, Any] = {}
    near: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as work:
        for name, size in SIZES.items():
            common.say(f"{name}: {size[0]} x {size[1]}")
            # small pictures several times over, so that a round lasts long enough to be timed
            paths = write(pictures, size, Path(work) / name, grain=name == "grain")
            near[name] = difference(paths)
            measured[name] = speeds(paths * (8 if name == "small" else 1), rounds)
        for size in BETWEEN[:2] if wanted.quick else BETWEEN:
            name = f"{size[0]} x {size[1]}"
            near[name] = difference(write(pictures, size, Path(work) / name))
    result = {"name": "decoding", **measured, "difference": near, "limit": LIMIT, "pictures": len(pictures)}
    common.print_result(result, as_json=wanted.json)


if __name__ == "__main__":
    main()
