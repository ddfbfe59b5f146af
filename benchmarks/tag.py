"""Tags: how often the class of a picture is right, by words alone and from 5 or 20 examples of a class.

The nine groups of emoji and the ten classes of press photographs. 40 % of each, by class, are for choosing:
the prompts are chosen there, and the examples are drawn there (ten draws; mean and standard deviation).
The other 60 % are scored once with what was chosen. `names` are the classes' own names in English and
Chinese, `words` a few words for each, written down before anything was measured. Chance is always naming the
largest class. `mini` was trained on these emoji with their names (not with their groups), and has seen the
press photographs without any text.

    python benchmarks/tag.py --json
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from common import data_folder, print_result, say, significant
from tuwen import encoders
from tuwen.arrays import unit_rows
from tuwen.tag.deciding import one_label
from tuwen.tag.evaluating import Evaluation, evaluate
from tuwen.tag.prompts import TEMPLATES, label_vectors
from tuwen.tag.taggers import Both, FromExamples, Tagger, ZeroShot
from tuwen.tag.vocabulary import Vocabulary

SHARE = 0.4
SHOTS = (5, 20)
DRAWS = 10
# class: its name in both languages; words for it in both
EMOJI = {
    "Smileys & Emotion": (("smileys and emotion", "笑脸和情感"), ("smiley", "emotion", "笑脸", "情感")),
    "People & Body": (("people and body", "人物和身体"), ("person", "body", "人", "身体")),
    "Animals & Nature": (("animals and nature", "动物和自然"), ("animal", "plant", "动物", "植物")),
    "Food & Drink": (("food and drink", "食物和饮料"), ("food", "drink", "食物", "饮料")),
    "Travel & Places": (("travel and places", "旅行和地点"),
                        ("vehicle", "building", "place", "交通工具", "建筑", "地点")),
    "Activities": (("activities", "活动"), ("sport", "game", "运动", "游戏")),
    "Objects": (("objects", "物品"), ("object", "tool", "物品", "工具")),
    "Symbols": (("symbols", "符号"), ("symbol", "sign", "符号", "标志")),
    "Flags": (("flags", "旗帜"), ("flag", "旗帜")),
}  # fmt: skip
NEWS = {
    "culture": (("culture", "文化"),
                ("museum", "stage performance", "traditional art", "文化", "演出", "博物馆")),
    "people's_livelihood": (("people's livelihood", "民生"),
                            ("people in the street", "workers", "hospital", "民生", "居民", "工人")),
    "ecology": (("ecology", "生态"), ("mountain", "river", "forest", "birds", "生态", "山水", "森林", "鸟")),
    "international": (("international", "国际"), ("foreign leader speaking", "protest", "国际", "外国")),
    "Science_and_technology": (("science and technology", "科技"),
                               ("rocket", "laboratory", "robot", "科技", "火箭", "机器人")),
    "economy": (("economy", "经济"), ("factory", "market", "shop", "经济", "工厂", "市场")),
    "education": (("education", "教育"),
                  ("school", "students", "children in a classroom", "教育", "学生", "学校")),
    "sports": (("sports", "体育"), ("sports", "athlete", "race", "ball game", "体育", "运动员", "比赛")),
    "politics": (("politics", "政治"), ("meeting", "officials in a hall", "政治", "会议")),
    "National_defense": (("national defense", "国防"),
                         ("soldier", "army", "warship", "tank", "国防", "士兵", "军队")),
}  # fmt: skip
PROMPTS = {
    "bare": ["{}"],
    "English": [one for one in TEMPLATES if one.isascii()],
    "Chinese": ["{}", *(one for one in TEMPLATES if not one.isascii())],
    "both": list(TEMPLATES),
}


class Part:
    """Pictures of one set: the vectors of each encoder, classes, and the two parts."""

    def __init__(self, words: dict[str, Any], vectors: dict[str, np.ndarray], classes: Sequence[str]) -> None:
        self.words, self.vectors = words, vectors
        self.names = list(words)
        self.truth = np.array([self.names.index(name) for name in classes])
        self.choose = np.zeros(len(self.truth), dtype=bool)
        random = np.random.default_rng(0)
        for number in range(len(self.names)):
            rows = random.permutation(np.flatnonzero(self.truth == number))
            self.choose[rows[: round(SHARE * len(rows))]] = True

    def vocabulary(self, kind: str) -> Vocabulary:
        said = {name: words[kind == "words"] for name, words in self.words.items()}
        return Vocabulary.of(f"{name} = {', '.join(words)}" for name, words in said.items())

    def scored(self, tagger: Tagger, vectors: np.ndarray, rows: np.ndarray) -> Evaluation:
        """The tags of some rows, compared."""
        total = tagger.probabilities(vectors[rows])
        chosen = one_label(tagger.vocabulary, total, total, 0)
        places = [(int(place),) for place in self.truth[rows]]
        return evaluate(tagger.vocabulary, [str(row) for row in rows], places, chosen, many=False)

    def drawn(self, shots: int, seed: int) -> np.ndarray:
        """So many rows of each class from the part for choosing; all where there are fewer."""
        random = np.random.default_rng(seed)
        pools = [np.flatnonzero(self.choose & (self.truth == n)) for n in range(len(self.names))]
        return np.concatenate([random.permutation(pool)[:shots] for pool in pools])


def zero_shot(part: Part, encoder: Any, vectors: np.ndarray) -> dict[str, Any]:
    """Prompts chosen on one part, scored on the other; the defaults with plain names beside them."""
    choose, rest = np.flatnonzero(part.choose), np.flatnonzero(~part.choose)
    taggers, tried = {}, {}
    for kind in ("names", "words"):
        vocabulary = part.vocabulary(kind)
        row = {}
        for prompts, templates in PROMPTS.items():
            tagger = ZeroShot(vocabulary, label_vectors(vocabulary, encoder, templates), many=False)
            taggers[kind, prompts] = tagger
            row[prompts] = part.scored(tagger, vectors, choose).figures["accuracy"]
        tried[kind] = {prompts: significant(value) for prompts, value in row.items()}
    best = max(taggers, key=lambda one: tried[one[0]][one[1]])
    result: dict[str, Any] = {"accuracy_where_prompts_were_chosen": tried, "chosen": " ".join(best)}
    for name, key in (("chosen_prompts", best), ("names_default_prompts", ("names", "both"))):
        result[name] = figures(part.scored(taggers[key], vectors, rest))
    result["confusion_of_chosen"] = matrix(part.scored(taggers[best], vectors, rest))
    result["tagger"] = taggers[best]
    return result


def few_shot(part: Part, draws: int, words: ZeroShot | None) -> dict[str, Any]:
    """Accuracy from a few examples, mean and standard deviation over draws."""
    rest, result = np.flatnonzero(~part.choose), {}
    vocabulary = part.vocabulary("names")
    for encoder, vectors in part.vectors.items():
        ways: dict[str, Any] = {
            method: lambda method=method: FromExamples(vocabulary, method, many=False)
            for method in ("probe", "neighbours")
        }
        if words is not None and encoder == "mini":
            ways["words, calibrated"] = lambda: ZeroShot(words.vocabulary, words.labels, many=False)
            ways["both"] = lambda: Both(
                ZeroShot(words.vocabulary, words.labels, many=False),
                FromExamples(words.vocabulary, "probe", many=False),
            )
        for way, make in ways.items():
            say(f"  {encoder} {way}")
            row: dict[str, Any] = {}
            for shots in (*SHOTS, 0):
                found = []
                for seed in range(draws if shots else 1):
                    rows = part.drawn(shots, seed) if shots else np.flatnonzero(part.choose)
                    tagger = make()
                    tagger.fit(vectors[rows], [(int(place),) for place in part.truth[rows]])
                    found.append(part.scored(tagger, vectors, rest).figures["accuracy"])
                name = f"{shots}_shot" if shots else "all_examples"
                row[name] = significant(float(np.mean(found)))
                if shots:
                    row[f"{name}_sd"] = significant(float(np.std(found, ddof=1)), 2)
            result[f"{encoder} {way}"] = row
    return result


def figures(found: Evaluation) -> dict[str, float]:
    names = ("accuracy", "low", "high", "balanced", "chance", "macro_f1")
    return {name: significant(found.figures[name]) for name in names}


def matrix(found: Evaluation) -> dict[str, dict[str, int]]:
    return {
        row: {
            column: int(count)
            for column, count in zip(found.columns, found.cells[number], strict=True)
            if column
        }
        for number, row in enumerate(found.rows)
    }


def encoded(encoder: Any, files: Sequence[Path]) -> np.ndarray:
    made = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(files), encoder.batch_size):
            batch = list(threads.map(encoder.prepare, files[start : start + encoder.batch_size]))
            made.append(encoder.encode_prepared(np.stack(batch)))
    return np.concatenate(made)


def emoji(data: Path, limit: int | None, mini: Any) -> Part:
    with (data / "emoji" / "emoji_en_zh.tsv").open(encoding="utf-8", newline="") as file:
        table = sampled(list(csv.DictReader(file, delimiter="\t")), limit)
    files = [data / "emoji" / "png" / "72" / row["png"] for row in table]
    vectors = {"mini": encoded(mini, files)}
    weights = next((data / "weights").glob("*.tflite"), None) if (data / "weights").is_dir() else None
    if weights is not None:
        say("MobileNetV2 on emoji")
        vectors["MobileNetV2"] = encoded(encoders.load(f"graph:{weights}"), files)
    return Part(EMOJI, vectors, [row["group"] for row in table])


def news(data: Path, limit: int | None, mini: Any) -> Part:
    with (data / "webnews" / "train.csv").open(encoding="utf-8-sig", newline="") as file:
        table = sampled(list(csv.DictReader(file)), limit)
    vectors = {"mini": encoded(mini, [data / "webnews" / row["image"] for row in table])}
    features = data / "features" / "webnews_train_mobilenetv2_1280.npz"
    if features.is_file():
        stored = np.load(features)
        row_of = {str(name): row for row, name in enumerate(stored["ids"])}
        whole = (stored["features"].astype(np.float32) - int(stored["zero_point"])) * float(stored["scale"])
        vectors["MobileNetV2"] = unit_rows(whole[[row_of[row["id"]] for row in table]])
    return Part(NEWS, vectors, [row["class"] for row in table])


def sampled(table: list[Any], limit: int | None) -> list[Any]:
    if limit is None:
        return table
    return [table[row] for row in np.sort(np.random.default_rng(0).permutation(len(table))[:limit])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="few pictures, two draws")
    options = parser.parse_args()
    result: dict[str, Any] = {"benchmark": "tag"}
    data = data_folder()
    if data is None or not (data / "emoji").is_dir() or not (data / "webnews").is_dir():
        print_result(result | {"skipped": "no emoji or webnews in TUWEN_DATA"}, as_json=options.json)
        return
    mini, limit = encoders.load("mini"), 300 if options.quick else None
    for name, read in (("emoji", emoji), ("webnews", news)):
        say(name)
        part = read(data, limit, mini)
        words = zero_shot(part, mini, part.vectors["mini"])
        tagger = words.pop("tagger")
        result[name] = {
            "pictures": len(part.truth),
            "scored": int((~part.choose).sum()),
            "zero_shot": words,
            "examples": few_shot(part, 2 if options.quick else DRAWS, tagger),
        }
    print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
