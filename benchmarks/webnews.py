"""Press photographs with their news: read, cut so that no story is on both sides, and made into vectors."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tuwen import encoders, methods
from tuwen.arrays import Array, unit_rows
from tuwen.illustrate import spaces
from tuwen.illustrate.base import Library
from tuwen.illustrate.signals import Asked, rankings
from tuwen.illustrate.telling import title_of
from tuwen.triples.rules import Rules
from tuwen.triples.similarity import similarity, tell

FOLDS = 4
ALIKE = 0.97  # cosine of pictures, from which on they show the same
WORDS = "doc2vec,variant={},width=100,epochs=40"
SHARED = 0.5  # of the runs of four characters of the shorter text, above which both tell one story


@dataclass(frozen=True, eq=False)
class News:
    """Items: ids, texts, classes, unit rows of their pictures, and which belong together."""

    ids: list[str]
    texts: list[str]
    classes: Array
    images: Array
    story: Array
    files: list[Path]

    def rows(self, which: Array) -> News:
        return News(
            [self.ids[row] for row in which], [self.texts[row] for row in which], self.classes[which],
            self.images[which], self.story[which], [self.files[row] for row in which],
        )  # fmt: skip


def read(folder: Path) -> News:
    with (folder / "webnews" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    images = features(folder / "features" / "webnews_train_mobilenetv2_1280.npz", [row["id"] for row in rows])
    texts = [row["text"] for row in rows]
    return News(
        [row["id"] for row in rows], texts, np.array([row["class"] for row in rows]), images,
        stories(texts, images), [folder / "webnews" / row["image"] for row in rows],
    )  # fmt: skip


def features(path: Path, names: Sequence[str]) -> Array:
    """Unit rows of pooled features by name."""
    with np.load(path) as kept:
        known = kept["ids"] if "ids" in kept else kept["names"]
        place = {str(name): row for row, name in enumerate(known)}
        values = kept["features"][[place[name] for name in names]].astype(np.float32)
        return unit_rows((values - kept["zero_point"]) * kept["scale"])


def stories(texts: Sequence[str], images: Array) -> Array:
    """A number for each item, the same where texts or pictures are nearly the same."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from sklearn.feature_extraction.text import CountVectorizer

    bare = [re.sub(r"\W", "", text) for text in texts]
    found = CountVectorizer(analyzer="char", ngram_range=(4, 4), binary=True, min_df=2, max_df=49)
    runs = found.fit_transform(bare).tocsr()
    lengths = np.array([max(len({text[i : i + 4] for i in range(len(text) - 3)}), 1) for text in bare])
    shared = (runs @ runs.T).tocoo()
    same = shared.data > SHARED * np.minimum(lengths[shared.row], lengths[shared.col])
    pairs = np.stack([shared.row[same], shared.col[same]]), np.stack(np.nonzero(images @ images.T > ALIKE))
    rows, columns = np.concatenate(pairs, axis=1)
    links = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(texts)))
    return np.asarray(connected_components(links, directed=False)[1])


def held_out(story: Array, count: int, seed: int) -> Array:
    """Which of the items to hold out, (n,) bool: whole stories, until there are so many."""
    sizes, chosen, left = np.bincount(story), [], count
    for number in np.random.default_rng(seed).permutation(len(sizes)):
        if 0 < sizes[number] <= left:
            chosen.append(number)
            left -= sizes[number]
    return np.isin(story, chosen)


def folds(news: News, seed: int) -> Iterator[tuple[News, News]]:
    """What teaches and what asks, by stories, each item asking once."""
    names = np.unique(news.story)
    part = dict(
        zip(np.random.default_rng(seed).permutation(names), np.arange(len(names)) % FOLDS, strict=True)
    )
    number = np.array([part[name] for name in news.story])
    for fold in range(FOLDS):
        yield news.rows(np.flatnonzero(number != fold)), news.rows(np.flatnonzero(number == fold))


def captions(folder: Path) -> tuple[Array, list[str]]:
    """Unit rows of the pictures of Flickr8k train, and their Chinese captions as one text each."""
    said: dict[str, list[str]] = {}
    with (folder / "flickr8k" / "train.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["language"] == "zh":
                said.setdefault(Path(row["image"]).stem, []).append(row["caption"])
    path = folder / "features" / "flickr8k_trainval_mobilenetv2_1280.npz"
    return features(path, list(said)), ["".join(lines) for lines in said.values()]


def text_space(spec: str, texts: list[str]) -> spaces.TextSpace:
    """An encoder fitted on texts, its vectors reduced as `tuwen illustrate` does."""
    encoder = encoders.load(spec)
    encoder.fit(texts)
    return spaces.TextSpace(encoder, spaces.axes_of(encoder, texts))


def plain_cca(teach: News, ask: News, texts: tuple[Array, Array], dim: int = 50) -> Array:
    """Scores (asked, pool) of plain CCA, of the first 100 principal axes of both sides."""
    from sklearn.decomposition import PCA

    looks, words = PCA(100, random_state=0).fit(teach.images), PCA(100, random_state=0).fit(texts[0])
    made = methods.find("cca")(dim=dim).fit(looks.transform(teach.images), words.transform(texts[0]))
    return made.similarity(looks.transform(ask.images), words.transform(texts[1])).T


def doc2vec(texts: list[str], variant: str) -> spaces.TextSpace:
    """Paragraph vectors learned from texts."""
    encoder = encoders.load(WORDS.format(variant))
    encoder.fit(texts)
    return spaces.TextSpace(encoder)


def by_triples(texts: list[str], others: list[str], words: spaces.TextSpace) -> Array:
    """S = 0.6·S1 + 0.4·S2 of the triples of titles, (texts, others); whole texts where one is missing."""
    told = [
        tell(side, Rules().extract([title_of(text) for text in side]), words.encode)
        for side in (texts, others)
    ]
    return similarity(*told)


def rank(library: Library, asked: dict[str, Array], taught: int) -> dict[str, Array]:
    """Scores (asked, pool) of each ranking of a library whose pool follows what teaches."""
    candidates = np.arange(len(library)) >= taught
    found: dict[str, list[Array]] = {}
    for row in range(len(library) - taught):
        vectors = {name: values[row] for name, values in asked.items()}
        for signal in rankings(library, Asked(kind="image", vectors=vectors), candidates):
            found.setdefault(signal.name, []).append(signal.scores[taught:])
    return {name: np.stack(rows) for name, rows in found.items()}


def padded(vectors: Array, rows: int) -> Array:
    made = np.zeros((rows, vectors.shape[1]), dtype=np.float32)
    made[: len(vectors)] = vectors
    return made


def part(library: Library, count: int) -> Library:
    vectors = {name: rows[:count] for name, rows in library.vectors.items()}
    return items(library.ids[:count], library.texts[:count], vectors)


def items(ids: list[str], texts: list[str], vectors: dict[str, Array]) -> Library:
    """A library of which every item has a picture."""
    none = [""] * len(ids)
    return Library(ids=ids, texts=texts, pictures=ids, classes=none, hashes=none, vectors=vectors)
