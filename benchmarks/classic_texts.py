"""Text features: how fast they are fitted and encode, and what each is good for.

Titles: news titles of 10 classes (Chinese), the class told by logistic regression on the features; part
of the training file is kept for scoring, titles that also stand in its other files are left out.
Captions: one caption of each of 1,000 pictures asks for the other four of the same picture among 4,000
(English and Chinese); encoders are fitted on captions of other pictures. Beside them a peer: the same
TF-IDF with scikit-learn and jieba as a user would join them, and gensim's own `infer_vector`.

    python benchmarks/classic_texts.py [--language FOLDER] --json
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common import data_folder, print_result, say, significant
from tuwen import encoders
from tuwen.arrays import unit_rows
from tuwen.encoders.fitted import Fitted

SPECS = (
    "bow",
    "tfidf",
    "tfidf,longest=2,features=20000",
    "tfidf,units=characters,longest=2,features=20000",
    "lda",
    "lda,topics=100",
    "doc2vec",
    "doc2vec,variant=dm",
    "word2vec,weighting=mean",
    "word2vec,weighting=tfidf",
    "word2vec",
)
QUICK = ("tfidf", "lda", "doc2vec,epochs=5", "word2vec,epochs=2")
DEPTHS = (1, 10)
Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass
class Made:
    """Something that encodes, ready to be used."""

    encode: Encode
    fit_s: float


def made(spec: str, texts: list[str]) -> Made:
    """One of ours, fitted where it must be."""
    start = time.perf_counter()
    encoder = encoders.load(spec)
    if isinstance(encoder, Fitted) and not encoder.fitted:
        encoder = type(encoder)(**encoder.params).fit(texts)  # `load` keeps one; a fresh one each time
    encoder.encode_texts(texts[:64])
    return Made(encoder.encode_texts, time.perf_counter() - start)


def peer_tfidf(texts: list[str]) -> Made:
    """scikit-learn's vectorizer with jieba's words, as it stands in many a tutorial."""
    import jieba
    from sklearn.feature_extraction.text import TfidfVectorizer

    start = time.perf_counter()
    jieba.setLogLevel(60)
    with tempfile.TemporaryDirectory() as folder:
        cutter = jieba.Tokenizer()
        cutter.tmp_dir = folder  # not into the temporary folder that everybody shares
        cutter.initialize()
    model = TfidfVectorizer(
        tokenizer=cutter.lcut, token_pattern=None, max_features=10_000, sublinear_tf=True, dtype=np.float32
    )
    model.fit(texts)
    return Made(lambda some: model.transform(some).toarray(), time.perf_counter() - start)


def peer_doc2vec(texts: list[str]) -> Made:
    """The same PV-DBOW in gensim, with its own inference."""
    import logging

    from gensim.models.doc2vec import Doc2Vec, TaggedDocument

    from tuwen.encoders.inputs.words import Words

    logging.getLogger("gensim").setLevel(logging.ERROR)
    start = time.perf_counter()
    words = Words()
    documents = [TaggedDocument(words.cut(text), [place]) for place, text in enumerate(texts)]
    model = Doc2Vec(documents, vector_size=300, dm=0, min_count=2, epochs=40, seed=0, workers=1)
    seconds = time.perf_counter() - start
    return Made(
        lambda some: unit_rows(np.stack([model.infer_vector(words.cut(text)) for text in some])), seconds
    )


def titles(folder: Path, train: int, scored: int) -> tuple[list[str], np.ndarray, list[str], np.ndarray]:
    """Texts and classes to learn from and to score on, both from the training file."""

    def read(name: str) -> list[list[str]]:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        return [line.rsplit("\t", 1) for line in lines if "\t" in line]

    elsewhere = {title for name in ("dev.txt", "test.txt") for title, _ in read(name)}
    kept = list(
        dict((title, number) for title, number in read("train.txt") if title not in elsewhere).items()
    )
    order = np.random.default_rng(0).permutation(len(kept))[: train + scored]
    texts = [kept[place][0] for place in order]
    classes = np.array([int(kept[place][1]) for place in order])
    return texts[scored:], classes[scored:], texts[:scored], classes[:scored]


def captions(file: Path, language: str) -> dict[str, list[str]]:
    """The captions of each picture, in their order."""
    found: dict[str, list[str]] = {}
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["language"] == language:
                found.setdefault(row["image"], []).append(row["caption"])
    return found


def encoded(encode: Encode, texts: list[str]) -> Any:
    """Rows in blocks, sparse where they are mostly zero, so that wide ones fit in memory."""
    from scipy.sparse import csr_matrix, vstack

    blocks: list[Any] = []
    for start in range(0, len(texts), 1000):
        rows = encode(texts[start : start + 1000])
        blocks.append(csr_matrix(rows) if np.count_nonzero(rows) < 0.2 * rows.size else rows)
    return np.concatenate(blocks) if isinstance(blocks[0], np.ndarray) else vstack(blocks)


def accuracy(train: Any, known: np.ndarray, scored: Any, true: np.ndarray) -> float:
    """Of logistic regression."""
    from sklearn.linear_model import LogisticRegression

    # unit rows have small columns: less shrinkage than for standardised ones
    return significant(float(LogisticRegression(C=10, max_iter=300).fit(train, known).score(scored, true)))


def recalls(encode: Encode, pictures: list[list[str]]) -> dict[str, float]:
    """How often a caption's picture is among the first k answers, each answer another caption."""
    asked = encode([texts[0] for texts in pictures])
    answers = encode([text for texts in pictures for text in texts[1:5]])
    owner = np.repeat(np.arange(len(pictures)), [len(texts[1:5]) for texts in pictures])
    order = np.argsort(-(asked @ answers.T), axis=1, kind="stable")[:, : max(DEPTHS)]
    hits = owner[order] == np.arange(len(pictures))[:, None]
    return {f"R@{k}": significant(100 * float(hits[:, :k].any(axis=1).mean())) for k in DEPTHS}


def measured(make: Callable[[list[str]], Made], data: dict[str, Any]) -> dict[str, Any]:
    """One feature on every task."""
    found: dict[str, Any] = {}
    train, known, scored, true = data["titles"]
    encoder = make(train)
    rows = encoded(encoder.encode, train)
    start = time.perf_counter()
    asked = encoded(encoder.encode, scored)
    seconds = time.perf_counter() - start
    found |= {"width": rows.shape[1], "fit_s": significant(encoder.fit_s)}
    found |= {"texts_per_s": round(len(scored) / seconds)}
    found["titles_accuracy"] = accuracy(rows, known, asked, true)
    for language in ("zh", "en"):
        fit, pictures = data[language]
        for depth, value in recalls(make(fit).encode, pictures).items():
            found[f"captions_{language}_{depth}"] = value
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--language", type=Path, action="append", default=[], help="a text network's folder")
    parser.add_argument("--only", action="append", help="a spec or a peer; may be given several times")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = data_folder()
    if folder is None:
        print_result({"benchmark": "classic_texts", "skipped": "no data"}, as_json=arguments.json)
        return
    sizes = (2000, 500, 1000, 200) if arguments.quick else (20_000, 5000, 15_000, 1000)
    data: dict[str, Any] = {"titles": titles(folder / "thucnews", sizes[0], sizes[1])}
    for language in ("zh", "en"):
        fit = [
            text for texts in captions(folder / "flickr8k" / "train.csv", language).values() for text in texts
        ]
        pictures = list(captions(folder / "flickr8k" / "val.csv", language).values())
        data[language] = fit[: sizes[2]], pictures[: sizes[3]]
    specs = [*(QUICK if arguments.quick else SPECS), f"word2vec:{folder / 'wordvec'}", "mini"]
    peers: dict[str, Callable[[list[str]], Made]] = {
        "scikit-learn and jieba, TF-IDF": peer_tfidf,
        "gensim, PV-DBOW": peer_doc2vec,
    }
    if arguments.only:
        specs = [name for name in arguments.only if name not in peers]
        peers = {name: make for name, make in peers.items() if name in arguments.only}
    specs += [str(path) for path in arguments.language]
    ours: dict[str, Any] = {}
    for spec in specs:
        say(spec)
        # named by what it is, not by where it lies here
        name = spec.replace(str(folder) + "/", "")
        name = "language" if Path(spec).is_dir() else name
        ours[name] = measured(lambda texts, spec=spec: made(spec, texts), data)
    beside: dict[str, Any] = {}
    for name, make in peers.items():
        say(name)
        beside[name] = measured(make, data)
    result = {
        "benchmark": "classic_texts",
        "titles": f"{sizes[0]} to learn from, {sizes[1]} scored, 10 classes",
        "captions": f"{sizes[2]} to learn from; {sizes[3]} ask for {4 * sizes[3]}",
        "ours": ours,
        "peers": beside,
    }
    print_result(result, as_json=arguments.json)


if __name__ == "__main__":
    main()
