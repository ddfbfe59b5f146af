"""Average precision under ties equals the mean over all orders, whatever it is divided by."""

import itertools

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import AP, Codes, by_labels, mean_ap


def plain_ap(ranked, k, denominator):
    """Average precision of relevance in ranked order, as textbooks have it."""
    total, found, first = 0.0, 0, ranked[:k]
    for rank, true in enumerate(first, start=1):
        if true:
            found += 1
            total += found / rank
    over = {"relevant": sum(ranked), "min": min(len(first), sum(ranked)), "found": found}[denominator]
    return total / over if over else 0.0


def orders(scores):
    """Every order of items that does not put a smaller score before a larger."""
    for order in itertools.permutations(range(len(scores))):
        ranked = [scores[item] for item in order]
        if ranked == sorted(ranked, reverse=True):
            yield order


@pytest.mark.parametrize("denominator", ["relevant", "min", "found"])
@pytest.mark.parametrize("k", [None, 1, 2, 3, 4, 5, 9])
def test_expected_is_the_mean_over_all_orders(k, denominator):
    rng = np.random.default_rng(3)
    for _ in range(8):
        scores, true = rng.integers(0, 3, 6), rng.random(6) < 0.5
        true[0] |= not true.any()
        plain = [plain_ap([true[i] for i in order], k, denominator) for order in orders(scores)]
        measured = mean_ap(scores[None], true[None], k=k, denominator=denominator)
        assert measured.mean == pytest.approx(np.mean(plain), abs=1e-12)


@pytest.mark.parametrize("ties", ["best", "worst", "stable"])
@pytest.mark.parametrize("k", [None, 3])
def test_other_ties_are_one_order(ties, k):
    rng = np.random.default_rng(4)
    for _ in range(8):
        scores, true = rng.integers(0, 3, 12), rng.random(12) < 0.5
        true[0] |= not true.any()
        among_tied = {"best": ~true, "worst": true, "stable": np.arange(12)}[ties]
        order = np.lexsort((among_tied, -scores))
        plain = plain_ap([true[i] for i in order], k, "relevant")
        assert mean_ap(scores[None], true[None], k=k, ties=ties).mean == pytest.approx(plain)


@pytest.mark.parametrize("bits", [8, 64, 72, 512])
@pytest.mark.parametrize("ties", ["expected", "best", "worst", "stable"])
def test_codes_give_what_their_distances_give(bits, ties):
    rng = np.random.default_rng(bits)
    queries, items = (rng.integers(0, 256, (n, bits // 8), dtype=np.uint8) for n in (7, 90))
    relevant = by_labels(rng.integers(0, 5, 7), rng.integers(0, 4, 90))
    plain = -np.unpackbits(queries[:, None] ^ items[None], axis=2).sum(axis=2, dtype=np.int64)
    for k in (None, 5):
        ours = mean_ap(Codes(queries, items), relevant, k=k, denominator="found", ties=ties)
        np.testing.assert_allclose(
            ours.values, mean_ap(plain, relevant, k=k, denominator="found", ties=ties).values
        )


def test_the_order_of_the_database_does_not_matter():
    rng = np.random.default_rng(5)
    codes, labels = rng.integers(0, 4, (200, 1), dtype=np.uint8), np.sort(rng.integers(0, 5, 200))
    shuffled = rng.permutation(200)
    found = [
        mean_ap(Codes(codes[:20], codes[order]), by_labels(labels[:20], labels[order]), ties=ties).mean
        for ties in ("expected", "stable")
        for order in (np.arange(200), shuffled)
    ]
    assert found[0] == found[1]
    assert found[2] != found[3]


def test_large_groups_lose_no_precision():
    # ranks of true items far down in pairs of equal score: the mean of both orders
    scores = -np.arange(200_000).repeat(2)[:400_000].astype(float)
    true = np.zeros(400_000, dtype=bool)
    true[[300_000, 399_998]] = True
    places = [300_001, 300_002], [399_999, 400_000]
    plain = np.mean([np.mean([1 / a, 2 / b]) for a in places[0] for b in places[1]])
    assert mean_ap(scores[None], true[None]).mean == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"), [({"k": 0}, "k is 0"), ({"denominator": "all"}, "denominator is 'all'")]
)
def test_bad_options_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        AP(**arguments)
