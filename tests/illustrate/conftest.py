"""A library of a few items made by hand."""

import numpy as np
import pytest

from tuwen.arrays import unit_rows
from tuwen.illustrate.base import Library


def library_of(vectors, *, classes=None, texts=None, **more):
    """A library whose items have a picture and a text each, with these vectors by space."""
    count = len(next(iter(vectors.values())))
    return Library(
        ids=[f"p{row}" for row in range(count)],
        texts=texts or [f"text {row}" for row in range(count)],
        pictures=[f"/pictures/p{row}.png" for row in range(count)],
        classes=classes or [""] * count,
        hashes=[f"h{row}" for row in range(count)],
        vectors={name: unit_rows(rows) for name, rows in vectors.items()},
        **more,
    )


@pytest.fixture
def five():
    """Five items; texts and pictures turn from east to north in equal steps, in two spaces."""
    angles = np.linspace(0, np.pi / 2, 5)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return library_of({"text": rows, "image": rows, "cross-image": rows, "cross-text": rows})


@pytest.fixture(scope="session")
def paired():
    """Three hundred items of three classes: text and picture share what the class is, and a little more."""
    rng = np.random.default_rng(0)
    place = np.arange(300) % 3
    meaning = np.concatenate([2 * np.eye(3)[place], rng.normal(size=(300, 4))], axis=1)
    images = np.concatenate([meaning, rng.normal(size=(300, 6))], axis=1)
    texts = np.concatenate([rng.normal(size=(300, 6)), meaning @ rng.normal(size=(7, 7))], axis=1)
    return library_of(
        {"text": texts, "image": images},
        classes=[("economy", "sports", "culture")[row] for row in place],
    )
