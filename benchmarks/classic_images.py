"""Hand-made features of pictures: how fast, and what each is good for.

Pictures a second from JPEG files, decoding included, in as many threads as there are cores. The class of
a picture from its 10 nearest others (leave one out; chance is always naming the largest class), on press
photographs and on emoji. The original found first among all photographs when asked with a changed copy.
The vocabulary of SIFT is learned without classes, on half of the photographs. `mini`, a learned encoder,
stands beside them.

    python benchmarks/classic_images.py --json
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from common import data_folder, print_result, say, significant
from tuwen import encoders
from tuwen.arrays import top_k, unit_rows
from tuwen.encoders import Encoder
from tuwen.encoders.fitted import Fitted
from tuwen.pictures import load, upright_rgb

SPECS = (
    "hsv",
    "hsv,bins=16-4-4,levels=3,root=true",
    "lbp",
    "lbp,grid=3,root=true",
    "gabor",
    "shape",
    "hog",
    "gist",
    "gist,side=32,orientations=8-8-4,colour=true",
    "sift,words=128",
    "sift",
    "sift,dense=true",
    "mini",
)
NEIGHBOURS = 10


def rows(encoder: Encoder, images: Sequence[Path | Image.Image], threads: ThreadPoolExecutor) -> np.ndarray:
    """Unit rows, prepared in threads as `tuwen encode` does, encoded in batches."""
    made = []
    for start in range(0, len(images), encoder.batch_size):
        batch = list(threads.map(encoder.prepare, images[start : start + encoder.batch_size]))
        made.append(encoder.encode_prepared(np.stack(batch)))
    return np.concatenate(made)


def accuracy(vectors: np.ndarray, classes: np.ndarray) -> float:
    """Share of items whose class is the commonest of their nearest others; the nearer one on a tie."""
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    nearest, _ = top_k(scores, NEIGHBOURS)
    # Counter keeps the order of first sight among equals
    guesses = [Counter(classes[row].tolist()).most_common(1)[0][0] for row in nearest]
    return significant(float(np.mean(np.array(guesses) == classes)))


def middle(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width * 3 // 20, height * 3 // 20, width * 17 // 20, height * 17 // 20))


def turned(image: Image.Image) -> Image.Image:
    # the corners that a turn leaves empty are cut off
    return middle(image.rotate(10, Image.Resampling.BICUBIC))


def compressed(image: Image.Image) -> Image.Image:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=10)
    return Image.open(BytesIO(stream.getvalue()))


def darker(image: Image.Image) -> Image.Image:
    return image.point([round(255 * (value / 255) ** 2) for value in range(256)] * 3)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "middle_70_percent": middle,
    "turned_10_degrees": turned,
    "jpeg_quality_10": compressed,
    "darker": darker,
    "without_colour": lambda image: image.convert("L").convert("RGB"),
    "mirrored": ImageOps.mirror,
}


def found_again(
    encoder: Encoder, vectors: np.ndarray, files: Sequence[Path], asked: int, threads: ThreadPoolExecutor
) -> dict[str, float]:
    """Share of changed copies whose nearest picture is their original."""
    places = np.random.default_rng(0).permutation(len(files))[:asked]
    result = {}
    for name, change in CHANGES.items():
        copies = [change(upright_rgb(load(files[place]))) for place in places]
        best = (rows(encoder, copies, threads) @ vectors.T).argmax(axis=1)
        # one photograph may stand twice: a row equal to the original's is it too
        same = np.isclose(np.einsum("nd,nd->n", vectors[best], vectors[places]), 1, atol=1e-6)
        result[f"found_{name}"] = significant(float(np.mean((best == places) | same)))
    return result


def photographs(folder: Path, limit: int) -> tuple[list[Path], np.ndarray]:
    with (folder / "train.csv").open(encoding="utf-8-sig", newline="") as file:
        found = [(folder / row["image"], row["class"]) for row in csv.DictReader(file)]
    return sampled([(path, name) for path, name in found if path.is_file()], limit)


def emoji(folder: Path, limit: int) -> tuple[list[Path], np.ndarray]:
    with (folder / "emoji_en_zh.tsv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    found = [(folder / "png" / "72" / row["png"], row["group"]) for row in table]
    return sampled([(path, name) for path, name in found if path.is_file()], limit)


def sampled(found: list[tuple[Path, str]], limit: int) -> tuple[list[Path], np.ndarray]:
    """At most so many, chosen by lot."""
    kept = np.sort(np.random.default_rng(0).permutation(len(found))[:limit])
    return [found[place][0] for place in kept], np.array([found[place][1] for place in kept])


def chance(classes: np.ndarray) -> float:
    return significant(Counter(classes.tolist()).most_common(1)[0][1] / len(classes))


def measure(spec: str, sets: dict[str, tuple[list[Path], np.ndarray]], asked: int) -> dict[str, Any]:
    """One encoder on all sets of pictures."""
    encoder = encoders.load(spec)
    result: dict[str, Any] = {}
    files, classes = sets["photographs"]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        if isinstance(encoder, Fitted):
            start = time.perf_counter()
            encoder.fit(files[::2])
            result["fit_s"] = significant(time.perf_counter() - start)
        result["width"] = encoder.width
        rows(encoder, files[:8], threads)  # what is loaded at first use
        start = time.perf_counter()
        vectors = rows(encoder, files, threads)
        result["pictures_per_s"] = significant(len(files) / (time.perf_counter() - start))
        result["class_of_photograph"] = accuracy(vectors, classes)
        if "emoji" in sets:
            small, groups = sets["emoji"]
            result["class_of_emoji"] = accuracy(rows(encoder, small, threads), groups)
        result |= found_again(encoder, vectors, files, asked, threads)
    return result


def baseline(sets: dict[str, tuple[list[Path], np.ndarray]]) -> dict[str, Any]:
    """Rows drawn by lot, measured as the encoders are: what accuracy says when nothing is known."""
    random = np.random.default_rng(0)
    return {
        name: accuracy(unit_rows(random.normal(size=(len(files), 64))), classes)
        for name, (files, classes) in sets.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer pictures")
    parser.add_argument("--specs", nargs="+", default=SPECS, help="only these encoders")
    options = parser.parse_args()
    data = data_folder()
    if data is None or not (data / "webnews").is_dir():
        skipped = "no data: set TUWEN_DATA to the folder that holds it"
        print_result({"benchmark": "classic_images", "skipped": skipped}, as_json=options.json)
        return
    limit, asked = (200, 40) if options.quick else (800, 100)
    sets = {"photographs": photographs(data / "webnews", limit)}
    if (data / "emoji").is_dir():
        sets["emoji"] = emoji(data / "emoji", limit)
    result: dict[str, Any] = {
        "benchmark": "classic_images",
        "pictures": {name: len(files) for name, (files, _) in sets.items()},
        "chance": {name: chance(classes) for name, (_, classes) in sets.items()},
        "random_rows": baseline(sets),
        "changed_copies": asked,
        "encoders": {},
    }
    for spec in options.specs:
        say(spec)
        result["encoders"][spec] = measure(spec, sets, asked)
    print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
