"""Two kinds of pairs, told apart without labels."""

import numpy as np
import pytest

from tiny_sides import noisy
from tuwen.errors import InputError
from tuwen.resolve.base import Candidates, Evidence
from tuwen.resolve.blocking import block
from tuwen.resolve.mixture import estimate
from tuwen.resolve.scoring import ABOVE, SIMILARITY, score


def of(left, right, neighbours=10):
    candidates = block(left, right, neighbours=neighbours).candidates
    return score(left, right, candidates), candidates


def test_matches_are_told_from_others_when_all_have_a_partner():
    evidence, candidates = of(*noisy(200))
    joint = estimate(evidence, candidates, left_once=True, right_once=True)
    found = joint.probability(evidence)
    true = candidates.left == candidates.right
    assert joint.origin == "mixture"
    assert joint.matches == pytest.approx(200, abs=20)
    assert found[true].mean() > 0.9
    assert found[~true].mean() < 0.02


def test_half_of_the_items_may_have_no_partner():
    from tuwen.resolve.preparing import rows_of

    left, right = noisy(300)
    left, right = rows_of(left, np.arange(200)), rows_of(right, np.arange(100, 300))
    evidence, candidates = of(left, right)
    joint = estimate(evidence, candidates, left_once=True, right_once=True)
    true = candidates.left == candidates.right + 100
    assert joint.matches == pytest.approx(100, abs=25)
    assert joint.probability(evidence)[true].mean() > 0.85


def test_a_right_item_with_one_partner_at_most_may_share_it():
    evidence, candidates = of(*noisy(200))
    joint = estimate(evidence, candidates, left_once=False, right_once=True)
    assert joint.matches == pytest.approx(200, abs=30)


def test_probability_never_falls_as_evidence_rises():
    evidence, candidates = of(*noisy(100))
    joint = estimate(evidence, candidates, left_once=True, right_once=True)
    assert (joint.weights >= 0).all()
    more = Evidence(evidence.names, evidence.values + 0.1)
    assert (joint.probability(more) >= joint.probability(evidence)).all()


def test_a_column_that_agrees_with_the_vectors_gets_a_weight():
    left, right = noisy(200, noise=0.6)
    random = np.random.default_rng(3)
    candidates = block(left, right, neighbours=10).candidates
    told = score(left, right, candidates)
    equal = (candidates.left == candidates.right) & (random.random(len(candidates)) < 0.9)
    column = np.where(equal, 1.0, 0.05 * random.random(len(candidates))).astype(np.float32)
    evidence = Evidence((*told.names, "model number"), np.column_stack([told.values, column]))
    with_column = estimate(evidence, candidates, left_once=True, right_once=True)
    true = candidates.left == candidates.right
    assert with_column.weights[-1] > 0.5
    plain = estimate(told, candidates, left_once=True, right_once=True)
    assert (
        with_column.probability(evidence)[true].mean() - with_column.probability(evidence)[~true].mean()
        > plain.probability(told)[true].mean() - plain.probability(told)[~true].mean()
    )


def test_without_limits_a_duplicate_is_still_told_from_others():
    random = np.random.default_rng(0)
    m = 2000
    true = random.random(m) < 0.1
    x = np.where(true, 4.0, 0.0) + random.normal(size=m)
    candidates = Candidates.of(np.arange(m), np.arange(m) + 1, (m + 1, m + 1), same=True)
    evidence = Evidence((SIMILARITY, ABOVE), np.column_stack([x, x]).astype(np.float32))
    joint = estimate(evidence, candidates, left_once=False, right_once=False)
    assert joint.matches == pytest.approx(200, abs=30)
    assert joint.probability(evidence)[true].mean() > 0.8


def test_too_few_pairs_tell_nothing():
    evidence, candidates = of(*noisy(4))
    with pytest.raises(InputError, match="20 are needed"):
        estimate(evidence, candidates, left_once=True, right_once=True)


def test_a_column_that_hardly_ever_differs_does_not_drown_the_others():
    evidence, candidates = of(*noisy(200))
    rare = np.zeros(len(candidates), dtype=np.float32)
    rare[np.flatnonzero(candidates.left == candidates.right)[:2]] = 1.0
    told = Evidence((*evidence.names, "words"), np.column_stack([evidence.values, rare]))
    joint = estimate(told, candidates, left_once=True, right_once=True)
    assert joint.matches == pytest.approx(200, abs=20)


def test_a_column_of_two_values_that_many_pairs_share_is_weak_evidence():
    random = np.random.default_rng(4)
    evidence, candidates = of(*noisy(200))
    true = candidates.left == candidates.right
    same = np.where(true, 1.0, random.random(len(candidates)) < 0.4).astype(np.float32)
    told = Evidence((*evidence.names, "group"), np.column_stack([evidence.values, same]))
    joint = estimate(told, candidates, left_once=True, right_once=True)
    found = joint.probability(told)
    assert found[true].mean() > 0.9
    assert found[~true & (same == 1)].mean() < 0.05
