"""Results carry their protocol and the value of every query; real labels give the known chance level."""

import os
from pathlib import Path

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import (
    AP,
    Codes,
    Guessing,
    Hit,
    MedianRank,
    Vectors,
    by_labels,
    mean_ap,
    measure,
    named,
)
from tuwen.metrics.sources import _counted

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TUWEN_DATA", ROOT.parent / "shared" / "data")) / "wikipedia"


@pytest.fixture(scope="module")
def wikipedia():
    """The classes of the 693 test pairs of the official split."""
    file = DATA / "testset_txt_img_cat.list"
    if not file.is_file():
        pytest.skip(f"no Wikipedia lists in {DATA}")
    return np.array([int(line.split()[-1]) for line in file.read_text(encoding="utf-8").splitlines()])


def test_chance_on_wikipedia_depends_on_the_denominator(wikipedia):
    relevant, guessing = by_labels(wikipedia, wikipedia), Guessing(693, 693)
    assert mean_ap(guessing, relevant).mean == pytest.approx(0.1184, abs=5e-5)
    assert mean_ap(guessing, relevant, k=50, denominator="found").mean == pytest.approx(0.1733, abs=5e-5)


def test_one_random_ranking_is_near_the_chance_level(wikipedia):
    # standard deviations of one draw: .0006 and .0035; single draws of .1195 and .169 have been reported
    relevant, drawn = by_labels(wikipedia, wikipedia), np.random.default_rng(0).random((693, 693))
    assert mean_ap(drawn, relevant).mean == pytest.approx(0.1184, abs=3 * 0.0006)
    assert mean_ap(drawn, relevant, k=50, denominator="found").mean == pytest.approx(0.1733, abs=3 * 0.0035)


def test_a_count_that_starts_at_ten_takes_its_share():
    # released code that counts queries from 10 on prints n / (n + 10) of the figure: .9858 of it for 693
    values = mean_ap(
        np.random.default_rng(0).random((693, 40)), by_labels(np.arange(693) % 5, np.arange(40) % 5)
    )
    assert values.values.sum() / (10 + 693) == pytest.approx(values.mean * 693 / 703)
    assert round(693 / 703, 4) == 0.9858


def test_the_protocol_is_one_line():
    labels = np.array([0, 0, 1, 2])
    found = mean_ap(np.eye(4), by_labels(labels, labels[:3].repeat([1, 1, 2])), k=3, note="codes of both")
    assert str(found) == (
        "0.7778 (mAP@3 over relevant; true: same label; ties: expected; "
        "4 queries, 1 without true items skipped; 4 items; codes of both)"
    )


@pytest.mark.parametrize(("empty", "values"), [("skip", [1, np.nan, 0.5]), ("zero", [1, 0, 0.5])])
def test_queries_without_a_true_item_are_skipped_or_zero(empty, values):
    scores = np.array([[3, 2, 1], [3, 2, 1], [2, 3, 1]])
    found = mean_ap(scores, np.array([[1, 0, 0], [0, 0, 0], [1, 0, 0]]), empty=empty)
    np.testing.assert_array_equal(found.values, values)
    assert found.mean == np.nanmean(values)
    assert found.protocol.without == 1


def test_a_median_is_reported_of_ranks():
    found = measure(-np.arange(5) * np.ones((3, 1)), np.eye(5)[[0, 1, 4]], [MedianRank()])[0]
    assert (found.value, found.mean) == (2, pytest.approx(8 / 3))


def test_vectors_codes_and_matrices_agree_block_by_block(monkeypatch):
    monkeypatch.setattr("tuwen.metrics.sources._BLOCK", 100)
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 2, (11, 64)), rng.integers(0, 2, (40, 64))
    relevant = by_labels(np.arange(11) % 3, np.arange(40) % 3)
    codes = Codes(np.packbits(x, axis=1), np.packbits(y, axis=1))
    x, y = 2.0 * x - 1, 2.0 * y - 1
    found = [measure(each, relevant, [AP(), Hit(3)]) for each in (codes, Vectors(x, y), x @ y.T)]
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_allclose(one.values, two.values)


def test_the_order_of_items_changes_no_expected_figure():
    rng = np.random.default_rng(2)
    scores, queries, items = rng.integers(0, 4, (5, 60)), rng.random((5, 6)) < 0.3, rng.random((60, 6)) < 0.3
    metrics = [
        named(name)
        for name in ("map", "map@9/min", "map@9/found", "recall@9", "hit@2", "ndcg@9", "mrr", "rank")
    ]
    first = measure(scores, by_labels(queries, items), metrics)
    order = rng.permutation(60)
    for one, two in zip(
        first, measure(scores[:, order], by_labels(queries, items[order]), metrics), strict=True
    ):
        np.testing.assert_array_equal(one.values, two.values)


def test_threads_change_nothing():
    rng = np.random.default_rng(3)
    scores, labels = rng.integers(0, 50, (600, 30)), np.arange(600) % 7
    found = [mean_ap(scores, by_labels(labels, labels[:30]))]
    found += [measure(scores, by_labels(labels, labels[:30]), [AP()], threads=n)[0] for n in (1, 3)]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].values, other.values)


@pytest.mark.parametrize("bits", [8, 64, 248])
@pytest.mark.parametrize("items", [1, 2, 77])
def test_distances_are_counted_two_at_a_time(bits, items):
    rng = np.random.default_rng(bits)
    distances = rng.integers(0, bits + 1, items).astype(np.uint8)
    np.testing.assert_array_equal(
        _counted(distances, bits + 1), np.bincount(distances.astype(int), minlength=bits + 1)
    )


def test_nothing_to_rank_is_no_error():
    assert np.isnan(mean_ap(np.empty((0, 3)), np.empty((0, 3), bool)).mean)
    assert mean_ap(np.empty((2, 0)), np.empty((2, 0), bool)).protocol.without == 2
    assert mean_ap(Codes(*np.zeros((2, 0, 8), np.uint8)), by_labels([], [])).values.shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_ap(np.eye(3), np.eye(4)), "3 queries and 3 items, but relevant tells of 4 and 4"),
        (lambda: mean_ap(np.eye(3), np.eye(3), ties="random"), "ties is 'random'"),
        (lambda: mean_ap(np.eye(3), np.eye(3), empty="nan"), "empty is 'nan'"),
        (lambda: mean_ap(np.full((2, 2), np.nan), np.eye(2)), "NaN"),
        (lambda: mean_ap(np.ones(3), np.eye(3)), "shape"),
        (lambda: measure(np.eye(2), np.eye(2), [AP()], threads=0), "threads is 0"),
        (lambda: measure(np.eye(2), np.eye(2), [MedianRank()], empty="zero"), "cannot be 0"),
        (lambda: Codes(np.ones((2, 8)), np.ones((2, 8))), "packed codes are uint8"),
        (lambda: Codes(*(np.ones((2, w), np.uint8) for w in (1, 2))), "widths must be equal"),
        (lambda: Vectors(np.ones((2, 3)), np.ones((2, 4))), "widths must be equal"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
