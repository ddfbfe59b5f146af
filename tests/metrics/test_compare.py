"""Paired tests of two runs."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import AP, Measured, Protocol, compare, interval


def run(values, **changes):
    values = np.asarray(values, dtype=float)
    protocol = {"metric": AP(), "ties": "expected", "empty": "skip", "relevant": "same label"}
    protocol |= {"queries": len(values), "without": 0, "items": 9} | changes
    return Measured(Protocol(**protocol), values)


def test_few_queries_try_all_signs():
    # of the 16 choices of signs only the two with all alike reach the observed mean
    found = compare(run([0.4, 0.3, 0.2, 0.5]), run([0.1, 0.2, 0.1, 0.1]))
    assert found.difference == pytest.approx(0.225)
    assert found.p == 2 / 16


def test_a_clear_difference_is_found_and_noise_is_not():
    rng = np.random.default_rng(0)
    one = rng.random(500)
    better = compare(run(one + 0.05 + 0.1 * rng.standard_normal(500)), run(one))
    same = compare(run(one + 0.1 * rng.standard_normal(500)), run(one))
    assert better.p < 0.001
    assert better.low > 0
    assert same.p > 0.05
    assert same.low < 0 < same.high
    assert better.low < better.difference < better.high


def test_the_interval_is_as_wide_as_the_standard_error_says():
    values = np.random.default_rng(1).standard_normal(400)
    low, high = interval(values)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.05)


def test_the_permutation_test_agrees_with_the_normal_law():
    from scipy.stats import norm

    values = np.random.default_rng(2).standard_normal(300) + 0.1
    z = values.sum() / np.sqrt((values**2).sum())
    assert compare(run(values), run(np.zeros(300))).p == pytest.approx(2 * norm.sf(z), abs=0.01)


def test_equal_runs_do_not_differ_and_results_repeat():
    values = np.random.default_rng(3).random(50)
    assert compare(run(values), run(values)).p == 1
    assert compare(run(values), run(values[::-1])) == compare(run(values), run(values[::-1]))
    assert compare(run(values), run(values[::-1]), seed=1) != compare(run(values), run(values[::-1]))


def test_skipped_queries_do_not_count():
    found = compare(run([0.5, np.nan, 0.7]), run([0.4, np.nan, 0.5]))
    assert (found.queries, found.difference) == (2, pytest.approx(0.15))
    assert str(found) == "+0.1500 [+0.1000, +0.2000] at 95%, p = 0.5000, 2 queries"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare(run([1, 2]), run([1, 2], ties="best")), "ties: 'expected' and 'best'"),
        (lambda: compare(run([1, 2]), run([1, 2], metric=AP(50))), "mAP@all over relevant' and 'mAP@50"),
        (lambda: compare(run([1, 2]), run([1, 2], note="fused codes")), "note: '' and 'fused codes'"),
        (lambda: compare(run([1, 2]), run([1])), "queries: 2 and 1"),
        (lambda: compare(run([np.nan]), run([np.nan])), "no query counts"),
        (lambda: compare(run([1]), run([1]), draws=0), "draws is 0"),
        (lambda: interval([1.0], confidence=95), "confidence is 95"),
        (lambda: interval([np.nan]), "no value"),
    ],
)
def test_what_cannot_be_compared_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call()
