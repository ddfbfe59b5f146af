"""Two kinds of pairs, told apart without labels."""

import numpy as np
import pytest

from tiny_sides import noisy
from tuwen.errors import InputError
from tuwen.resolve.base import Evidence
from tuwen.resolve.blocking import block
from tuwen.resolve.mixture import estimate
from tuwen.resolve.scoring import score


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


def test_duplicates_within_one_side_are_told_from_others():
    from tiny_sides import side

    random = np.random.default_rng(0)
    base = random.normal(size=(300, 16))
    copies = base[:60] + 0.2 * random.normal(size=(60, 16))
    both = side(np.concatenate([base, copies]), kind="image", ids=[str(row) for row in range(360)])
    candidates = block(both, neighbours=10).candidates
    evidence = score(both, None, candidates)
    joint = estimate(evidence, candidates, left_once=True, right_once=True)
    true = candidates.right == candidates.left + 300
    found = joint.probability(evidence)
    assert joint.matches == pytest.approx(60, abs=20)
    assert found[true].mean() > 0.9
    assert found[~true].mean() < 0.01


def test_rivals_count_only_where_there_is_one_partner_at_most():
    evidence, candidates = of(*noisy(200))

    def used(**once):
        joint = estimate(evidence, candidates, **once)
        return {name for name, weight in zip(joint.names, joint.weights, strict=True) if weight > 0}

    assert used(left_once=True, right_once=True) & {"lead for left", "lead for right"}
    assert not used(left_once=False, right_once=True) & {"lead for left", "rank for left"}
    assert not used(left_once=False, right_once=False) & {"lead for right", "rank for right", "lead for left"}


def test_a_third_copy_is_found_too():
    from tiny_sides import side

    random = np.random.default_rng(0)
    base = random.normal(size=(300, 16))
    copies = [base[:30] + 0.1 * random.normal(size=(30, 16)) for _ in range(2)]
    both = side(np.concatenate([base, *copies]), kind="image", ids=[str(row) for row in range(360)])
    candidates = block(both, neighbours=10).candidates
    evidence = score(both, None, candidates)
    found = estimate(evidence, candidates, left_once=False, right_once=False).probability(evidence)
    entity = np.concatenate([np.arange(300), np.arange(30), np.arange(30)])
    true = entity[candidates.left] == entity[candidates.right]
    assert (found[true] > 0.5).mean() > 0.9
    assert (found[~true] > 0.5).mean() < 0.01


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
