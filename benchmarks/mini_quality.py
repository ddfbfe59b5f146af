"""Recall of the built-in encoder on Flickr8k val, both languages and both directions."""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuwen.encoders.mini import Mini

Scores = NDArray[np.float32]


def data_folder(given: str | None = None) -> Path:
    """The data folder: the argument, else `TUWEN_DATA`, else `../shared/data` beside the repository."""
    root = Path(__file__).resolve().parents[1]
    return Path(given or os.environ.get("TUWEN_DATA") or root.parent / "shared" / "data")


def read_split(data: Path, split: str, only: set[str] | None = None) -> dict[str, dict[str, list[str]]]:
    """Captions by picture file and language."""
    captions: dict[str, dict[str, list[str]]] = {}
    with (data / "flickr8k" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if only is None or row["image"] in only:
                captions.setdefault(row["image"], {"en": [], "zh": []})[row["language"]].append(
                    row["caption"]
                )
    return captions


def recalls(rank: NDArray[np.int64]) -> dict[str, float]:
    """R@1, R@5 and R@10 in percent of the ranks (from 0) of the right items."""
    return {f"R@{k}": round(float((rank < k).mean()) * 100, 2) for k in (1, 5, 10)}


def text_to_image(scores: Scores, owner: NDArray[np.int64]) -> dict[str, float]:
    """Recall of scores ``(texts, images)`` where ``owner`` is the image of each text."""
    right = scores[np.arange(len(owner)), owner][:, None]
    return recalls((scores > right).sum(1))


def image_to_text(scores: Scores, owner: NDArray[np.int64]) -> dict[str, float]:
    """Recall of the best placed of an image's own texts, of scores ``(texts, images)``."""
    ranks = []
    for image in range(scores.shape[1]):
        column = scores[:, image]
        ranks.append(int((column > column[owner == image].max()).sum()))
    return recalls(np.asarray(ranks))


def measure(data: Path, split: str = "val", only: set[str] | None = None) -> dict[str, Any]:
    """Encode a split and score it."""
    captions = read_split(data, split, only)
    encoder = Mini()
    names = sorted(captions)
    began = time.perf_counter()
    images = encoder.encode_images([data / "flickr8k" / name for name in names])
    image_seconds = time.perf_counter() - began
    result: dict[str, Any] = {
        "encoder": encoder.fingerprint,
        "split": f"flickr8k {split}",
        "images": len(names),
        "images_per_second": round(len(names) / image_seconds, 1),
    }
    for language in ("en", "zh"):
        texts = [text for name in names for text in captions[name][language]]
        owner = np.repeat(np.arange(len(names)), [len(captions[name][language]) for name in names])
        began = time.perf_counter()
        vectors = encoder.encode_texts(texts)
        result[language] = {
            "texts": len(texts),
            "texts_per_second": round(len(texts) / (time.perf_counter() - began), 1),
            "text_to_image": text_to_image(vectors @ images.T, owner),
            "image_to_text": image_to_text(vectors @ images.T, owner),
        }
    return result


def main() -> None:
    """Print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="data folder (default: TUWEN_DATA or ../shared/data)")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of an indented block")
    options = parser.parse_args()
    data = data_folder(options.data)
    if not (data / "flickr8k" / "val.csv").is_file():
        print(json.dumps({"skipped": f"no flickr8k/val.csv in {data}; set TUWEN_DATA to the data folder"}))
        return
    print(json.dumps(measure(data), ensure_ascii=False, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
