"""Figures of pictures for headlines, against counts by hand."""

from math import comb

import numpy as np
import pytest

from tuwen.errors import InputError, UnknownName
from tuwen.illustrate.evaluating import agreement, finding, left_out

IDS = ["a", "b", "c", "d"]


def made(n=30, seed=0):
    """Scores of pictures and of texts that know a little of each other."""
    rng = np.random.default_rng(seed)
    one = rng.random((n, n))
    return one, one + rng.normal(0, 0.5, (n, n))


def met(images, texts, pool, item, r):
    """Whether the lists of an item meet, as the paper counts it."""
    others = [place for place in pool if place != item]
    lists = [set(sorted(others, key=lambda place: -row[place])[:r]) for row in (images[item], texts[item])]
    return bool(lists[0] & lists[1])


def test_agreement_by_class_is_counted_inside_each_class():
    images, texts = made()
    classes = ["sports"] * 12 + ["culture"] * 18
    rows = agreement(images, texts, classes, lengths=(2, 4))
    assert [(row.name, row.length, row.items) for row in rows] == [
        *(("culture", 2, 18), ("culture", 4, 18)),
        *(("sports", 2, 12), ("sports", 4, 12)),
        *(("all", 2, 30), ("all", 4, 30)),
    ]
    for row in rows[:4]:
        pool = [place for place, name in enumerate(classes) if name == row.name]
        plain = np.mean([met(images, texts, pool, item, row.length) for item in pool])
        assert row.rate == pytest.approx(plain)
        free = len(pool) - 1
        chance = 1 - comb(free - row.length, row.length) / comb(free, row.length)
        assert row.chance == pytest.approx(chance)
        assert row.lift == pytest.approx(plain / chance)
    assert rows[4].rate == pytest.approx((18 * rows[0].rate + 12 * rows[2].rate) / 30)


def test_agreement_without_classes_is_one_row_a_length():
    images, texts = made()
    (row,) = agreement(images, texts, lengths=(3,), within="none")
    plain = np.mean([met(images, texts, range(30), item, 3) for item in range(30)])
    assert row.to_dict()["class"] == "all"
    assert row.rate == pytest.approx(plain)


def test_a_class_of_one_never_meets_and_has_no_lift():
    images, texts = made(5)
    alone = agreement(images, texts, ["x", "y", "y", "y", "y"], lengths=(1,))[0]
    assert (alone.name, alone.items, alone.rate, alone.chance) == ("x", 1, 0, 0)
    assert np.isnan(alone.lift)


def test_what_is_left_out_comes_behind_everything():
    scores = np.array([[3.0, 1, 2], [5, 9, 7]])
    left = left_out(scores, [0, 1])
    np.testing.assert_array_equal(left, [[-np.inf, 1, 2], [5, -np.inf, 7]])
    assert scores[0, 0] == 3
    found = finding({"text": left}, ["a", "b", "c"], ["a", "b"], at=(2, 3))
    assert found.figures["text"]["mrr"].value == pytest.approx(1 / 3)
    assert found.figures["text"]["hit@2"].value == 0
    assert found.figures["text"]["hit@3"].value == 1


def test_ranks_hits_and_chance_of_each_signal():
    near = np.array([[4.0, 3, 2, 1], [4, 3, 2, 1]])  # "a" first, second
    flat = np.zeros((2, 4))
    found = finding({"near": near, "flat": flat}, IDS, ["a", ["b", "zz"]], at=(1, 2))
    figures = {key: measured.value for key, measured in found.figures["near"].items()}
    assert figures == {"mrr": 0.75, "hit@1": 0.5, "hit@2": 1, "recall@1": 0.5, "recall@2": 1}
    assert found.chance["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert found.chance["hit@2"] == pytest.approx(0.5)
    assert found.figures["flat"]["mrr"].value == pytest.approx(found.chance["mrr"])


def test_several_right_pictures_share_the_recall():
    scores = np.array([[4.0, 3, 2, 1]])
    found = finding({"one": scores}, IDS, [["a", "d"]], at=(1, 4))
    values = {key: measured.value for key, measured in found.figures["one"].items()}
    assert (values["hit@1"], values["recall@1"], values["recall@4"]) == (1, 0.5, 1)


def test_the_fused_signal_is_compared_with_each_other():
    rng = np.random.default_rng(0)
    n = 60
    ids = [f"p{place}" for place in range(n)]
    true = 3 * np.eye(n)
    one, two = true + rng.normal(0, 1.5, (n, n)), true + rng.normal(0, 1.5, (n, n))
    found = finding({"one": one, "two": two, "both": one + two}, ids, ids, fused="both")
    assert set(found.comparisons) == {"one", "two"}
    rows = {row["signal"]: row for row in found.table()}
    for name in ("one", "two"):
        gap = rows["both"]["mrr"] - rows[name]["mrr"]
        assert rows[name]["fused_more"] == pytest.approx(gap)
        assert rows[name]["low"] < gap < rows[name]["high"]
        assert rows[name]["p"] < 0.01
    assert rows["both"]["mrr_low"] < rows["both"]["mrr"] < rows["both"]["mrr_high"]
    assert "p" not in rows["both"]
    assert finding({"one": one}, ids, ids).comparisons == {}


def test_a_row_a_class():
    scores = np.array([[4.0, 3, 2, 1], [1, 2, 3, 4], [1, 2, 3, 4]])
    found = finding({"one": scores}, IDS, ["a", "c", "d"], classes=["x", "y", "y"])
    rows = {row["class"]: (row["queries"], row["one"]) for row in found.by_class()}
    assert rows == {"x": (1, 1.0), "y": (2, 0.75)}
    assert finding({"one": scores}, IDS, ["a", "c", "d"]).by_class() == []
    with pytest.raises(UnknownName, match=r"mrr"):
        found.by_class("mr")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: finding({"x": np.eye(2)}, ["a", "a"], ["a", "a"]), "'a' is given twice"),
        (lambda: finding({"x": np.eye(2)}, ["a", "b"], ["a", "z"]), "headline 1 .* has 'z'"),
        (lambda: finding({"x": np.eye(2)}, ["a", "b"], ["a", []]), "no id"),
        (lambda: finding({"x": np.eye(3)}, ["a", "b"], ["a", "b"]), "3 items"),
        (lambda: finding({"x": np.full((1, 2), np.nan)}, ["a", "b"], ["a"]), "NaN"),
        (lambda: finding({}, ["a"], ["a"]), "0 signals"),
        (lambda: finding({"x": np.eye(2)}, ["a", "b"], []), "0 headlines"),
        (lambda: finding({"fused": np.eye(1)}, ["a"], ["a"], fused="fuse"), "did you mean 'fused'"),
        (lambda: finding({"x": np.eye(1)}, ["a"], ["a"], classes=["x", "y"]), "2 classes but 1"),
        (lambda: finding({"class": np.eye(1)}, ["a"], ["a"]), "named 'class'"),
        (lambda: left_out(np.eye(2), [0]), "one column a query"),
        (lambda: left_out(np.eye(2), [0, 2]), "columns 0 to 2 of 2"),
        (lambda: agreement(np.eye(3), np.eye(4)), "same pairs"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
