"""Training data of mini: pictures as one uint8 array, captions, and a development split of train."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Side of the pictures in the training cache; the Flickr8k files already have it.
CACHE_SIDE = 224
#: Pictures of Flickr8k train held out for every choice made while developing.
DEV_PICTURES = 500

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Captioned:
    """One picture file and its captions by language (`en`, `zh`)."""

    path: Path
    captions: dict[str, list[str]]


def data_folder(given: str | None = None) -> Path:
    """The data folder: the argument, else `TUWEN_DATA`, else `../shared/data` beside the repository."""
    root = Path(__file__).resolve().parents[2]
    return Path(given or os.environ.get("TUWEN_DATA") or root.parent / "shared" / "data")


def read_flickr(data: Path, split: str) -> list[Captioned]:
    """Pictures of one Flickr8k split (`train` or `val`) in the order of their file names."""
    captions: dict[str, dict[str, list[str]]] = {}
    with (data / "flickr8k" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            captions.setdefault(row["image"], {"en": [], "zh": []})[row["language"]].append(row["caption"])
    return [Captioned(data / "flickr8k" / name, captions[name]) for name in sorted(captions)]


def split_train(data: Path) -> tuple[list[Captioned], list[Captioned]]:
    """Flickr8k train as (fit, development); the development part is fixed by a seed."""
    pictures = read_flickr(data, "train")
    order = np.random.default_rng(20).permutation(len(pictures))
    held = set(order[:DEV_PICTURES].tolist())
    fit = [picture for position, picture in enumerate(pictures) if position not in held]
    return fit, [pictures[position] for position in sorted(held)]


def read_webnews(data: Path) -> list[tuple[Path, str]]:
    """Picture and text of each web news item."""
    with (data / "webnews" / "train.csv").open(encoding="utf-8", newline="") as file:
        return [(data / "webnews" / row["image"], row["text"]) for row in csv.DictReader(file)]


def read_emoji(data: Path) -> list[tuple[Path, list[str], list[str]]]:
    """Picture, English texts and Chinese texts (name first, then keywords) of each emoji."""
    rows = []
    with (data / "emoji" / "emoji_en_zh.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            path = data / "emoji" / "png" / "72" / row["png"]
            if path.is_file():
                english = [row["en_name"], *row["en_keywords"].split("|")]
                chinese = [row["zh_name"], *row["zh_keywords"].split("|")]
                rows.append((path, [t for t in english if t], [t for t in chinese if t]))
    return rows


def read_pascal(data: Path) -> list[list[str]]:
    """English sentences that describe the same (absent) picture, one list a picture."""
    raw: dict[str, Any] = json.loads((data / "pascal_sentences" / "pascal_sentences.json").read_text("utf-8"))
    return [list(entry["captions"]) for entry in raw.values()]


def load_pixels(paths: Sequence[Path], side: int = CACHE_SIDE) -> Pixels:
    """Decode pictures, squashed to a square, ``(n, side, side, 3)`` uint8."""
    out = np.empty((len(paths), side, side, 3), dtype=np.uint8)
    for row, path in enumerate(paths):
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        if picture.size != (side, side):
            picture = picture.resize((side, side), Image.Resampling.BICUBIC)
        out[row] = np.asarray(picture)
    return out


def emoji_scenes(paths: Sequence[Path], seed: int, side: int = CACHE_SIDE) -> Pixels:
    """Emoji on white or on a random plain colour, at a random size and place, ``(n, side, side, 3)``."""
    rng = np.random.default_rng(seed)
    out = np.empty((len(paths), side, side, 3), dtype=np.uint8)
    for row, path in enumerate(paths):
        with Image.open(path) as opened:
            emoji = opened.convert("RGBA")
        plain = rng.random() < 0.5
        colour = (255, 255, 255) if plain else tuple(int(value) for value in rng.integers(0, 256, 3))
        size = int(rng.integers(side // 2, side + 1))
        emoji = emoji.resize((size, size), Image.Resampling.BICUBIC)
        scene = Image.new("RGB", (side, side), colour)
        corner = (int(rng.integers(0, side - size + 1)), int(rng.integers(0, side - size + 1)))
        scene.paste(emoji, corner, emoji)
        out[row] = np.asarray(scene)
    return out
