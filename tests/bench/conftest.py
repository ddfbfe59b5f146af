import numpy as np
import pytest

from tuwen import datasets
from tuwen.bench.runs import Cell
from tuwen.datasets import Pairs, Splits, paired


def made(n=60, seed=0):
    """Features of n pairs in three classes, and the classes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    meaning = rng.normal(size=(3, 4))[labels] + 0.7 * rng.normal(size=(n, 4))
    images, texts = meaning @ rng.normal(size=(4, 8)), meaning @ rng.normal(size=(4, 6))
    return images + 0.1 * rng.normal(size=images.shape), texts + 0.1 * rng.normal(size=texts.shape), labels


@pytest.fixture
def pairs_file(tmp_path):
    """A file of 60 pairs in three classes."""
    images, texts, labels = made()
    path = tmp_path / "pairs.npz"
    np.savez(path, images=images, texts=texts, labels=labels)
    return path


@pytest.fixture
def cell(pairs_file):
    """Makes cells on the file of pairs: CCA of two dimensions, unless told otherwise."""

    def make(method="cca", params=None, **more):
        return Cell(
            data=str(pairs_file), method=method, params={"dim": 2} if params is None else params, **more
        )

    return make


@pytest.fixture
def cut_as(monkeypatch):
    """Makes `datasets.load` give these parts, whatever is asked for; returns the calls."""

    def give(**parts):
        calls = []

        def load(data, split="", features="", *, seed=0, data_root=None):
            calls.append((data, split, features, seed))
            return Splits(data, split or "usual", features or "usual", **parts)

        monkeypatch.setattr(datasets, "load", load)
        return calls

    return give


@pytest.fixture
def captioned():
    """Two images a part with two captions each: no labels, no features of texts."""

    def make(words, seed):
        return Pairs(
            images=np.random.default_rng(seed).normal(size=(2, 3)),
            texts=None,
            image_ids=("a", "b"),
            text_ids=("a0", "a1", "b0", "b1"),
            image_of_text=np.array([0, 0, 1, 1]),
            captions=words,
        )

    train = make(("red dog", "red cat", "blue dog", "blue cat"), 0)
    return {"train": train, "test": make(("red dog", "green dog", "blue cat", "green cat"), 1)}


@pytest.fixture
def halves():
    """40 pairs to learn from and 20 to score, in three classes."""
    images, texts, labels = made()
    return {
        "train": paired(images[:40], texts[:40], labels[:40]),
        "test": paired(images[40:], texts[40:], labels[40:]),
    }
