"""Classes of Chinese news titles: how many are told right, by what, and how long it takes to learn.

The titles of train.txt are learned from, without those that stand in dev.txt or test.txt too and without
repeated ones; settings were chosen on dev.txt (`--tune` shows the choice), and test.txt is scored once.

- titles: `classes.titles.Titles` as it is by default, on one thread.
- words: the peer, scikit-learn's TF-IDF of jieba's words with a linear support vector machine, as in many a
  tutorial.
- doc2vec: PV-DBOW and PV-DM learned from the same titles; the class of a title is told by its nearest titles
  (`classes.neighbours.Neighbours`), which says what the vectors are worth to paper 000's pipeline.

    OMP_NUM_THREADS=1 python benchmarks/titles.py --json
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from common import data_folder, print_result, say, significant
from tuwen import encoders
from tuwen.classes.neighbours import Neighbours
from tuwen.classes.scores import Scored, score
from tuwen.classes.titles import Titles
from tuwen.encoders.fitted import Fitted

LIMITS = {"accuracy": 0.88, "fit_s": 60}
TRIED: tuple[dict[str, Any], ...] = (
    {"longest": 2},
    {},
    {"longest": 4},
    {"strength": 0.5},
    {"strength": 2.0},
)
VECTORS = ("doc2vec,width=100,epochs=40,sample=0", "doc2vec,variant=dm,width=100,epochs=40,sample=0")
K = 21  # nearest titles that vote
Part = tuple[list[str], list[str]]


def read(folder: Path, most: int | None) -> dict[str, Part]:
    """Titles and classes of train, dev and test."""
    names = (folder / "class.txt").read_text(encoding="utf-8").split()

    def part(name: str) -> list[tuple[str, str]]:
        lines = (folder / f"{name}.txt").read_text(encoding="utf-8").split("\n")
        rows = [line.rsplit("\t", 1) for line in lines if "\t" in line]
        return [(title, names[int(number)]) for title, number in rows]

    found = {name: part(name) for name in ("train", "dev", "test")}
    elsewhere = {title for name in ("dev", "test") for title, _ in found[name]}
    once = dict(reversed(found["train"]))  # of a repeated title the first line counts
    found["train"] = [(title, name) for title, name in reversed(once.items()) if title not in elsewhere]
    return {
        name: ([title for title, _ in rows[:most]], [label for _, label in rows[:most]])
        for name, rows in found.items()
    }


def titles(data: dict[str, Part], **settings: Any) -> tuple[Titles, dict[str, Any]]:
    """Ours, and how it does on dev."""
    start, own = time.perf_counter(), time.process_time()
    model = Titles(**settings).fit(*data["train"])
    seconds, own = time.perf_counter() - start, time.process_time() - own
    start = time.perf_counter()
    found = score(model.probabilities(data["dev"][0]), model.classes_, data["dev"][1])
    rate = len(data["dev"][0]) / (time.perf_counter() - start)
    return model, {
        "fit_s": significant(seconds),
        "fit_processor_s": significant(own),
        "titles_per_s": round(rate),
        "dev": figures(found),
    }


def figures(found: Scored) -> dict[str, float]:
    """Accuracy and what the probabilities are worth."""
    return {
        "accuracy": round(found.accuracy, 4),
        "macro_f1": round(found.macro_f1, 4),
        "log_loss": round(found.log_loss, 4),
        "calibration_error": round(found.calibration_error, 4),
    }


def peer(data: dict[str, Part]) -> dict[str, Any]:
    """scikit-learn and jieba."""
    import jieba
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    jieba.setLogLevel(60)
    with tempfile.TemporaryDirectory() as folder:
        cutter = jieba.Tokenizer()
        cutter.tmp_dir = folder  # not into the temporary folder that everybody shares
        cutter.initialize()
    start = time.perf_counter()
    words = TfidfVectorizer(tokenizer=cutter.lcut, token_pattern=None, sublinear_tf=True)
    model = make_pipeline(words, LinearSVC(random_state=0)).fit(*data["train"])
    seconds = time.perf_counter() - start
    accuracies = {name: round(float(model.score(*data[name])), 4) for name in ("dev", "test")}
    return {"fit_s": significant(seconds), **accuracies}


def nearest(data: dict[str, Part], spec: str) -> dict[str, Any]:
    """Accuracy of the nearest titles' classes, on dev and test."""
    encoder = encoders.load(spec)
    assert isinstance(encoder, Fitted)
    start = time.perf_counter()
    encoder = type(encoder)(**encoder.params).fit(data["train"][0])
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    rows = encoder.encode_texts(data["train"][0])
    rate = len(rows) / (time.perf_counter() - start)
    model = Neighbours(k=K).fit(rows, data["train"][1])
    return {
        "fit_s": significant(seconds),
        "titles_per_s": round(rate),
        **{name: accuracy(model, encoder.encode_texts, data[name]) for name in ("dev", "test")},
    }


def accuracy(model: Neighbours, encode: Callable[[Sequence[str]], np.ndarray], part: Part) -> float:
    """Share of titles that got their own class."""
    given = model.predict(encode(part[0]))
    return round(float(np.mean([one == other for one, other in zip(given, part[1], strict=True)])), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="few titles")
    parser.add_argument("--only", action="append", help="titles, words or a spec; may be given several times")
    parser.add_argument("--tune", action="store_true", help="settings of Titles on dev, nothing else")
    arguments = parser.parse_args()
    folder = data_folder()
    if folder is None or not (folder / "thucnews").is_dir():
        print_result({"benchmark": "titles", "skipped": "no data"}, as_json=arguments.json)
        return
    data = read(folder / "thucnews", 1500 if arguments.quick else None)
    if arguments.tune:
        for settings in TRIED:
            say(f"{settings or 'as it is'}: {titles(data, **settings)[1]}")
        return
    wanted = arguments.only or ["titles", "words", *VECTORS]
    result: dict[str, Any] = {
        "benchmark": "titles",
        "data": {name: len(part[0]) for name, part in data.items()},
        "limits": LIMITS,
    }
    for part in wanted:
        say(part)
        if part == "titles":
            model, found = titles(data)
            held = score(model.probabilities(data["test"][0]), model.classes_, data["test"][1])
            result["titles"] = {**found, "test": figures(held)}
            result["by_class"] = {row.pop("class"): row for row in held.rows()}
        elif part == "words":
            result["words"] = peer(data)
        else:
            result.setdefault("nearest", {})[part] = nearest(data, part)
    print_result(result, as_json=arguments.json)


if __name__ == "__main__":
    main()
