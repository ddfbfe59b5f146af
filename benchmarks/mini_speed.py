"""How fast `mini` gives a first answer after the import, and how many pictures and texts it encodes a second.

Pictures are JPEG files of 500 x 375 pixels, as photo sharing sites keep them; texts are short captions in
both languages. Beside it stands the same network fed by the plain path: full decode and resize in one thread.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import common
from tuwen import encoders

LIMIT = {"first_answer_s": 1.0, "images_per_s": 150, "texts_per_s": 2000}
FIRST = """
import time; start = time.perf_counter()
import tuwen
from tuwen import encoders
encoders.load("mini").encode_texts(["海滩上的狗"])
print(time.perf_counter() - start)
"""
WORDS = {
    "en": "a black dog runs on the green grass beside two children in red shirts near the water",
    "zh": "一只黑色的狗在绿色草地上奔跑旁边有两个穿红衣服的孩子靠近水边",
}


def first_answer(runs: int) -> float:
    """Median seconds from `import tuwen` to the first vector, each in a process of its own."""
    command = [sys.executable, "-c", FIRST]
    seconds = [
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(runs + 1)
    ]
    return common.median(seconds[1:])  # the first warms the disk


def photographs(folder: Path, count: int, rng: np.random.Generator) -> list[Path]:
    """Pictures with the detail of photographs, so that decoding costs what it costs in life."""
    paths = []
    for i in range(count):
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC)
        pixels = np.asarray(picture, dtype=np.int16) + rng.integers(-25, 26, (375, 500, 3), dtype=np.int16)
        paths.append(folder / f"{i}.jpg")
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(paths[-1], quality=85)
    return paths


def captions(count: int, rng: np.random.Generator) -> list[str]:
    """Captions of both languages, 8 to 14 words or signs."""
    made = []
    for i in range(count):
        language = "zh" if i % 2 else "en"
        units = list(WORDS["zh"]) if language == "zh" else WORDS["en"].split()
        chosen = rng.choice(units, rng.integers(8, 15))
        made.append(("" if language == "zh" else " ").join(chosen))
    return made


def threaded(encoder: Any, paths: list[Path], pool: ThreadPoolExecutor) -> float:
    """Seconds to prepare in threads and encode, as ingest does."""
    start = time.perf_counter()
    size = encoder.batch_size
    waiting = [pool.submit(encoder.prepare, path) for path in paths]
    for first in range(0, len(paths), size):
        encoder.encode_prepared(np.stack([made.result() for made in waiting[first : first + size]]))
    return time.perf_counter() - start


def plain(encoder: Any, paths: list[Path]) -> float:
    """Seconds for full decode, resize and encode, one after the other."""
    start = time.perf_counter()
    side = encoder.image_size
    for first in range(0, len(paths), encoder.batch_size):
        batch = []
        for path in paths[first : first + encoder.batch_size]:
            with Image.open(path) as picture:
                batch.append(
                    np.asarray(picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))
                )
        encoder.encode_prepared(np.stack(batch))
    return time.perf_counter() - start


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a tenth of the pictures and texts")
    options = parser.parse_args()
    count, texts = (100, 2000) if options.quick else (1000, 20_000)
    rng = np.random.default_rng(0)
    encoder = encoders.load("mini")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        paths = photographs(Path(folder), count, rng)
        threaded(encoder, paths[:64], pool)
        turns = [(threaded(encoder, paths, pool), plain(encoder, paths)) for _ in range(3)]
        lines = captions(texts, rng)
        encoder.encode_texts(lines[:100])
        seconds = [common.times(lambda _: encoder.encode_texts(lines), 1, warm=0)[0] for _ in range(3)]
        one = common.times(lambda i: encoder.encode_texts([lines[i]]), 200)
    ours, peer = (common.median([count / turn[side] for turn in turns]) for side in (0, 1))
    result = {
        "name": "mini_speed",
        "ours": {
            "first_answer_s": first_answer(3),
            "images_per_s": ours,
            "texts_per_s": common.median([texts / spent for spent in seconds]),
            "one_text": common.percentiles(one),
        },
        "peers": {"plain_loop_images_per_s": peer},
        "limit": LIMIT,
        "ratios": {"images_over_plain_loop": common.significant(ours / peer)},
    }
    common.print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
