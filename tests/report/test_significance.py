import numpy as np
import pytest

from tuwen.metrics import AP, Measured, Protocol, compare
from tuwen.report.significance import Rivals, holm, pairs, permuted


def measured(values):
    return Measured(Protocol(AP(), "expected", "skip", "same label", len(values), 0, 10), values)


@pytest.mark.parametrize("queries", [9, 60])
def test_many_pairs_at_once_have_the_p_of_compare(queries):
    values = np.random.default_rng(0).random((4, queries)) + np.array([[0], [0.1], [0.2], [0]])
    p = permuted(values, 500)
    for one in range(4):
        for other in range(one + 1, 4):
            plain = compare(measured(values[one]), measured(values[other]), draws=500)
            assert p[one, other] == plain.p


def test_equal_rows_do_not_differ():
    values = np.tile(np.random.default_rng(0).random(50), (2, 1))
    assert permuted(values, 200)[0, 1] == 1


def test_holm_multiplies_the_smallest_by_the_count_and_never_falls():
    assert holm([0.04, 0.01, 0.03, 0.9]) == pytest.approx([0.09, 0.04, 0.09, 0.9])
    assert holm([0.6, 0.7]) == pytest.approx([1, 1])
    assert len(holm([])) == 0


def test_one_is_the_better_and_the_family_is_all_groups():
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 0.1, 80)
    values = np.stack([hard, hard + 0.3 + rng.normal(0, 0.05, 80)])
    (alone,) = pairs([Rivals("i2t", [4, 7], values)])
    assert (alone.one, alone.other) == (7, 4)
    assert alone.difference == pytest.approx(values[1].mean() - values[0].mean())
    assert alone.significant
    twice = pairs([Rivals("i2t", [4, 7], values), Rivals("t2i", [4, 7], values)])
    assert [pair.adjusted for pair in twice] == [2 * twice[0].p] * 2


def test_of_ranks_the_smaller_is_better():
    values = np.random.default_rng(0).random((2, 40)) + np.array([[0], [5]])
    (pair,) = pairs([Rivals("t2i", [0, 1], values, smaller_wins=True)])
    assert (pair.one, pair.other) == (0, 1)
    assert pair.difference < 0


def test_many_pairs_can_still_be_significant():
    # 40 rows are 780 pairs: with 10,000 draws no p could be below 0.05 / 780
    values = np.random.default_rng(0).normal(0, 0.01, (40, 30)) + np.arange(40)[:, None]
    assert all(pair.significant for pair in pairs([Rivals("i2t", list(range(40)), values)]))
