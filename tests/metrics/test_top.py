"""Figures of the first places and of the first true item, under every convention for ties."""

import itertools
from math import log2

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import MRR, NDCG, Codes, Guessing, Hit, MedianRank, Precision, Recall, by_labels, measure

# what textbooks say, of relevance in ranked order
PLAIN = {
    Recall(3): lambda r: sum(r[:3]) / sum(r),
    Recall(3, "min"): lambda r: sum(r[:3]) / min(3, sum(r)),
    Recall(1): lambda r: sum(r[:1]) / sum(r),
    Hit(2): lambda r: float(any(r[:2])),
    Hit(9): lambda r: 1.0,
    Precision(4): lambda r: sum(r[:4]) / 4,
    Precision(9): lambda r: sum(r) / 9,
    NDCG(): lambda r: gain(r, len(r)),
    NDCG(3): lambda r: gain(r, 3),
    MRR(): lambda r: 1 / (1 + r.index(True)),
    MRR(2): lambda r: 1 / (1 + r.index(True)) if any(r[:2]) else 0.0,
    MedianRank(): lambda r: 1 + r.index(True),
}


def gain(ranked, k):
    found, ideal = (
        sum(true / log2(1 + rank) for rank, true in enumerate(some[:k], start=1))
        for some in (ranked, sorted(ranked, reverse=True))
    )
    return found / ideal


def orders(scores):
    """Every order of items that does not put a smaller score before a larger."""
    for order in itertools.permutations(range(len(scores))):
        ranked = [scores[item] for item in order]
        if ranked == sorted(ranked, reverse=True):
            yield order


@pytest.fixture(scope="module")
def cases():
    """Small rankings with ties, and every order of each."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(8):
        scores, true = rng.integers(0, 3, 6), rng.random(6) < 0.5
        true[0] |= not true.any()
        found.append((scores, true, list(orders(scores))))
    return found


@pytest.mark.parametrize("metric", PLAIN, ids=lambda metric: metric.title)
def test_expected_is_the_mean_over_all_orders(metric, cases):
    for scores, true, all_orders in cases:
        plain = [PLAIN[metric]([bool(true[i]) for i in order]) for order in all_orders]
        assert measure(scores[None], true[None], [metric])[0].values[0] == pytest.approx(np.mean(plain))


@pytest.mark.parametrize("metric", PLAIN, ids=lambda metric: metric.title)
@pytest.mark.parametrize("ties", ["best", "worst", "stable"])
def test_other_ties_are_one_order(metric, ties, cases):
    for scores, true, _ in cases:
        among_tied = {"best": ~true, "worst": true, "stable": np.arange(6)}[ties]
        order = np.lexsort((among_tied, -scores))
        plain = PLAIN[metric]([bool(true[i]) for i in order])
        assert measure(scores[None], true[None], [metric], ties=ties)[0].values[0] == pytest.approx(plain)


@pytest.mark.parametrize("metric", PLAIN, ids=lambda metric: metric.title)
@pytest.mark.parametrize("ties", ["expected", "best", "worst"])
def test_guessing_is_scoring_everything_alike(metric, ties):
    relevant = by_labels([0, 1, 2], np.arange(30) % 4)
    ours = measure(Guessing(3, 30), relevant, [metric], ties=ties)[0]
    np.testing.assert_allclose(
        ours.values, measure(np.ones((3, 30)), relevant, [metric], ties=ties)[0].values
    )


def test_the_first_of_many_tied_items_is_found_in_time_and_exactly():
    codes, labels = np.zeros((1, 8), dtype=np.uint8), np.arange(50_000) % 25_000
    relevant = by_labels([0], labels)
    ours = measure(Codes(codes, codes.repeat(50_000, axis=0)), relevant, [MRR(), Hit(10)])
    n = 50_000
    plain = sum(2 * (n - j) / (n * (n - 1)) / j for j in range(1, n))
    assert ours[0].mean == pytest.approx(plain, rel=1e-9)
    assert ours[1].mean == pytest.approx(1 - (n - 10) * (n - 11) / (n * (n - 1)), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Hit(0), "k is 0"),
        (lambda: Recall(5, "found"), "denominator is 'found'"),
        (lambda: NDCG(-1), "k is -1"),
        (lambda: MRR(0), "k is 0"),
    ],
)
def test_bad_options_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
