"""When nothing fits."""

import json

import numpy as np
import pytest

from tuwen.errors import Damaged, InputError
from tuwen.rank import Cutoff


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def pairs():
    """800 queries near an item each, and more or less far from all, as queries of two languages are."""
    rng = np.random.default_rng(0)
    items = unit(np.c_[rng.normal(size=(800, 40)) + 0.5, np.zeros((800, 8))])
    aside = np.c_[np.zeros((800, 40)), rng.normal(size=(800, 8)) * rng.random((800, 1))]
    queries = unit(items + 0.09 * rng.normal(size=items.shape) + aside)
    scores = queries @ items.T
    order = np.argsort(-scores, axis=1)[:, :20]
    return queries, np.take_along_axis(scores, order, axis=1), order == np.arange(800)[:, None], items


@pytest.fixture(scope="module")
def cutoff(pairs):
    queries, scores, true, items = pairs
    return Cutoff.fit(queries, scores, true, items[:200])


def test_the_false_accept_rate_is_near_its_target(cutoff, pairs):
    assert 0.01 < cutoff.false_accepts < 0.1
    assert cutoff.false_rejects < 0.5
    assert cutoff.area > 0.9
    assert cutoff.count == 800


def test_it_beats_a_flat_cut_where_queries_differ(cutoff, pairs):
    _, scores, true, _ = pairs
    absent = np.array([row[~own][0] for row, own in zip(scores, true, strict=True)])
    flat = np.mean(scores[:, 0] <= np.quantile(absent, 0.95))
    assert cutoff.false_rejects < flat - 0.1


def test_a_lower_target_accepts_less(pairs):
    queries, scores, true, items = pairs
    strict = Cutoff.fit(queries, scores, true, items[:200], target=0.01)
    lax = Cutoff.fit(queries, scores, true, items[:200], target=0.3)
    assert strict.model.threshold > lax.model.threshold
    assert strict.false_accepts < lax.false_accepts


def test_probabilities_are_calibrated_on_even_odds(cutoff, pairs):
    queries, scores, true, _ = pairs
    absent = np.stack([row[~own][:11] for row, own in zip(scores, true, strict=True)])
    yes, no = cutoff.probabilities(queries, scores), cutoff.probabilities(queries, absent)
    both = np.concatenate([yes, no])
    truth = np.repeat([1.0, 0.0], len(yes))
    sure = both > 0.7
    assert abs(both[sure].mean() - truth[sure].mean()) < 0.1
    assert cutoff.accepts(yes).mean() > 0.5
    assert cutoff.accepts(no).mean() < 0.1


def test_it_survives_json(cutoff, pairs):
    queries, scores, *_ = pairs
    loaded = Cutoff.from_json(json.loads(json.dumps(cutoff.to_json())))
    np.testing.assert_array_equal(
        loaded.probabilities(queries, scores), cutoff.probabilities(queries, scores)
    )
    assert loaded.to_json() == cutoff.to_json()


def test_short_lists_repeat_their_last_score(cutoff, pairs):
    queries, scores, *_ = pairs
    padded = np.repeat(scores[:, :1], 11, axis=1)
    np.testing.assert_allclose(
        cutoff.probabilities(queries, scores[:, :1]), cutoff.probabilities(queries, padded)
    )


def test_in_an_empty_collection_nothing_fits(cutoff, pairs):
    found = cutoff.probabilities(pairs[0][:3], np.empty((3, 0), np.float32))
    assert found.tolist() == [0, 0, 0]
    assert not cutoff.accepts(found).any()


def test_a_query_whose_listed_items_are_all_true_does_not_count(pairs):
    queries, scores, true, items = pairs
    half = true | (np.arange(800) % 2 == 0)[:, None]
    assert Cutoff.fit(queries, scores, half, items[:50]).count == 400
    with pytest.raises(InputError, match="there are 0 validation queries"):
        Cutoff.fit(queries, scores, np.ones_like(true), items[:50])


def test_the_same_seed_gives_the_same_cutoff(cutoff, pairs):
    queries, scores, true, items = pairs
    assert Cutoff.fit(queries, scores, true, items[:200]).to_json() == cutoff.to_json()
    assert Cutoff.fit(queries, scores, true, items[:200], seed=1).area != cutoff.area


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"queries": np.ones((3, 48))}, "must agree"),
        ({"true": np.ones((800, 3))}, "must agree"),
        ({"background": np.ones((5, 7))}, "background has 7 columns; 48 are needed"),
        ({"background": np.ones((1, 48))}, "background of at least 2"),
        ({"target": 0}, "target is 0"),
        ({"target": 1.0}, "target is 1.0"),
    ],
)
def test_bad_input_is_named(pairs, change, message):
    queries, scores, true, items = pairs
    good = {"queries": queries, "scores": scores, "true": true, "background": items[:20]}
    with pytest.raises(InputError, match=message):
        Cutoff.fit(**{**good, **change})


def test_too_few_queries_are_refused(pairs):
    queries, scores, true, items = pairs
    with pytest.raises(InputError, match=r"there are 10 validation queries .*; at least 40"):
        Cutoff.fit(queries[:10], scores[:10], true[:10], items[:20])


def test_queries_and_scores_must_align(cutoff, pairs):
    with pytest.raises(InputError, match="they must align"):
        cutoff.probabilities(pairs[0][:3], pairs[1][:2])


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"background": "%"}, {"bias": None}, {"weights": [1.0]}, {"width": 7}]
)
def test_a_damaged_description_is_refused(cutoff, change):
    with pytest.raises(Damaged, match="calibrate again"):
        Cutoff.from_json(cutoff.to_json() | change)


def test_a_description_that_lacks_a_part_is_refused():
    with pytest.raises(Damaged, match="calibrate again"):
        Cutoff.from_json({})
