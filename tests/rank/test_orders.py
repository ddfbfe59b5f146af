"""Fusion, grouping, diversity."""

import numpy as np
import pytest

from tuwen.errors import InputError, UnknownName
from tuwen.rank import diverse, group, reciprocal_rank, weighted


def test_reciprocal_rank_adds_one_over_k_plus_rank():
    fused = dict(reciprocal_rank([["a", "b"], ["b", "c"]], k=60))
    assert fused == {"a": 1 / 61, "b": 1 / 62 + 1 / 61, "c": 1 / 62}


def test_reciprocal_rank_breaks_ties_by_the_first_ranking():
    assert [key for key, _ in reciprocal_rank([["x", "y"], ["y", "x"]])] == ["x", "y"]
    assert [key for key, _ in reciprocal_rank([["q"], ["p"]])] == ["q", "p"]


def test_reciprocal_rank_weighs_rankings():
    assert next(iter(reciprocal_rank([["a"], ["b"]], weights=[1, 2])))[0] == "b"
    with pytest.raises(InputError, match="2 rankings but 1 weights"):
        reciprocal_rank([["a"], ["b"]], weights=[1])


def test_range_and_spread_make_sources_comparable():
    far, near = np.array([0.0, 50.0, 100.0]), np.array([0.9, 0.8, 0.7])
    np.testing.assert_allclose(weighted([far, near]), [1, 1, 1], atol=1e-6)
    np.testing.assert_allclose(weighted([far, near], normalise="spread"), [0, 0, 0], atol=1e-5)
    np.testing.assert_allclose(weighted([far, near], [0.01, 1], normalise="none"), [0.9, 1.3, 1.7], atol=1e-6)


def test_an_item_a_source_does_not_know_counts_as_its_lowest():
    np.testing.assert_allclose(weighted([np.array([np.nan, 2.0, 4.0])]), [0, 0, 1])
    np.testing.assert_allclose(weighted([np.array([np.nan, np.nan])]), [0, 0])


def test_a_source_that_says_the_same_of_all_says_nothing():
    np.testing.assert_allclose(weighted([np.array([3.0, 3.0]), np.array([1.0, 2.0])]), [0, 1])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([np.ones(2)], [1, 2]), InputError, "1 sources but 2 weights"),
        (([],), InputError, "0 sources"),
        (([np.ones(2), np.ones(3)],), InputError, "the same items"),
        (([np.ones(2)], None, "rank"), UnknownName, "did you mean 'range'"),
    ],
)
def test_weighted_names_what_is_wrong(arguments, error, message):
    with pytest.raises(error, match=message):
        weighted(*arguments)


def test_group_keeps_the_first_of_each_name_in_order():
    assert group(["a", "b", "a", None, "b", None]).tolist() == [0, 1, 3]
    assert group(["a", "a", "b", "a"], per_group=2).tolist() == [0, 1, 2]
    assert group([]).tolist() == []


def test_diverse_takes_the_unlike_one_before_the_copy():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    scores = np.array([0.9, 0.89, 0.5], dtype=np.float32)
    assert diverse(scores, vectors, 3, 0.5).tolist() == [0, 2, 1]
    assert diverse(scores, vectors, 3, 0.0).tolist() == [0, 1, 2]
    assert diverse(scores, vectors, 9, 1.0).tolist() == [0, 2, 1]


def test_diverse_is_the_definition():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = rng.random(20).astype(np.float32)
    chosen: list[int] = []
    while len(chosen) < 8:
        left = [i for i in range(20) if i not in chosen]
        chosen.append(
            max(
                left,
                key=lambda i: (
                    0.7 * scores[i] - 0.3 * max((vectors[i] @ vectors[j] for j in chosen), default=0)
                ),
            )
        )
    assert diverse(scores, vectors, 8, 0.3).tolist() == chosen


@pytest.mark.parametrize("trade_off", [-0.1, 1.1, float("nan")])
def test_diversity_goes_from_zero_to_one(trade_off):
    with pytest.raises(InputError, match="diversity is"):
        diverse(np.ones(2), np.ones((2, 2)), 1, trade_off)
