"""Unwanted words: how much of `dog -water` to take away, measured with `mini` on pictures of Flickr8k.

For all pairs of common words, pictures whose captions name the first and not the second are right. Compares
nothing taken away, shares of the unwanted vector, and a penalty on the score, by average precision, the
precision of the first twenty, and how many of those show what is unwanted. Uses the training part: the
share was chosen with it.

    python benchmarks/unwanted_words.py --json
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path
from typing import Any

import numpy as np

from common import data_folder, print_result, say, significant
from tuwen import encoders
from tuwen.arrays import unit_rows

WORDS = {
    "en": "dog man woman girl boy child people ball beach snow water grass bike street mountain rock swim"
    " jump run red black white hat car horse skateboard football climb",
    "zh": "狗 男人 女人 女孩 男孩 孩子 人群 球 海滩 雪 水 草地 自行车 街 山 岩石 游泳 跳 跑 红色 黑色 白色"
    " 帽子 车 马 滑板 足球 攀",
}
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
PENALTIES = (0.25, 0.5, 1.0)
ENOUGH = 15  # pictures with both words, and with the first alone


def captions(folder: Path, limit: int) -> dict[str, dict[str, str]]:
    """All captions of a picture as one text a language, for `limit` pictures drawn at random."""
    found: dict[str, dict[str, str]] = {}
    with (folder / "train.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            texts = found.setdefault(row["image"], {"en": "", "zh": ""})
            texts[row["language"]] += " " + row["caption"].lower()
    names = sorted(found)
    chosen = np.random.default_rng(0).choice(len(names), min(limit, len(names)), replace=False)
    return {names[place]: found[names[place]] for place in chosen}


def named(word: str, language: str, texts: list[str]) -> np.ndarray:
    pattern = re.compile(rf"\b{word}" if language == "en" else word)
    return np.array([pattern.search(text) is not None for text in texts])


def answers(images: np.ndarray, wanted: np.ndarray, unwanted: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of all pictures, by way of asking."""
    found = {f"share_{share:g}": images @ unit_rows(wanted - share * unwanted) for share in SHARES}
    excess = images @ unwanted
    excess = np.maximum(0, excess - excess.mean())
    return found | {f"penalty_{weight:g}": images @ wanted - weight * excess for weight in PENALTIES}


def quality(scores: np.ndarray, right: np.ndarray, unwanted: np.ndarray) -> tuple[float, float, float]:
    order = np.argsort(-scores, kind="stable")
    places = np.flatnonzero(right[order]) + 1
    precision = float(np.mean(np.arange(1, len(places) + 1) / places))
    return precision, float(right[order[:20]].mean()), float(unwanted[order[:20]].mean())


def measure(images: np.ndarray, texts: list[str], language: str) -> dict[str, Any]:
    words = WORDS[language].split()
    vectors = dict(zip(words, encoders.load("mini").encode(words, "text"), strict=True))
    shown = {word: named(word, language, texts) for word in words}
    found: dict[str, list[tuple[float, float, float]]] = {}
    for wanted in words:
        for unwanted in words:
            right = shown[wanted] & ~shown[unwanted]
            if wanted == unwanted or min(right.sum(), (shown[wanted] & shown[unwanted]).sum()) < ENOUGH:
                continue
            for way, scores in answers(images, vectors[wanted], vectors[unwanted]).items():
                found.setdefault(way, []).append(quality(scores, right, shown[unwanted]))
    figures = ("average_precision", "precision_at_20", "unwanted_at_20")
    ways = {
        way: dict(zip(figures, (significant(x) for x in np.mean(values, axis=0).tolist()), strict=True))
        for way, values in found.items()
    }
    return {"queries": len(found.get("share_0", [])), **ways}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer pictures")
    options = parser.parse_args()
    result: dict[str, Any] = {"benchmark": "unwanted_words", "share_in_use": 0.5}
    data = data_folder()
    if data is None or not (data / "flickr8k").is_dir():
        print_result(
            result | {"skipped": "no Flickr8k: set TUWEN_DATA to a folder that holds it"},
            as_json=options.json,
        )
        return
    texts = captions(data / "flickr8k", 400 if options.quick else 1500)
    say(f"encoding {len(texts)} pictures")
    images = encoders.load("mini").encode([data / "flickr8k" / name for name in texts], "image")
    for language in WORDS:
        result[language] = measure(images, [text[language] for text in texts.values()], language)
    print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
