import numpy as np
import pytest

from tuwen.arrays import unit_rows
from tuwen.encoders.exporting import parity
from tuwen.encoders.exporting.samples import pictures


class Fixed:
    modalities = frozenset({"text"})

    def __init__(self, rows):
        self.rows = unit_rows(np.asarray(rows, dtype=np.float32))

    def encode_texts(self, texts):
        return self.rows[: len(texts)]


def test_the_same_vectors_agree():
    rows = np.random.default_rng(0).normal(size=(30, 8))
    found = parity.compare(Fixed(rows), Fixed(rows), [], ["a"] * 30)
    assert found == {"text": {"items": 30, "minimum": 1.0, "mean": 1.0, "neighbours": 1.0}}


def test_cosines_are_of_each_item_with_itself():
    one, other = Fixed([[1, 0], [0, 1]]), Fixed([[1, 0], [1, 1]])
    found = parity.compare(one, other, [], ["a", "b"])["text"]
    assert found["minimum"] == pytest.approx(2**-0.5, abs=1e-6)
    assert found["mean"] == pytest.approx((1 + 2**-0.5) / 2, abs=1e-6)


def test_neighbours_are_shared_or_not():
    # eleven others of which ten are near: the far one differs for the first item
    angles = np.deg2rad([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 180])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    moved = rows.copy()
    moved[[10, 11]] = rows[[11, 10]]
    found = parity.compare(Fixed(rows), Fixed(moved), [], ["a"] * 12)["text"]
    assert 0.8 < found["neighbours"] < 1


def test_one_item_has_no_neighbours():
    found = parity.compare(Fixed([[1, 0]]), Fixed([[1, 0]]), [], ["a"])
    assert found["text"]["neighbours"] is None


def test_random_pictures_are_the_same_each_time_and_differ():
    first, again = pictures(3), pictures(3)
    assert all(one.tobytes() == other.tobytes() for one, other in zip(first, again, strict=True))
    assert len({one.tobytes() for one in first}) == 3
