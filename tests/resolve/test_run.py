"""All steps in a row."""

import numpy as np
import pytest

from tiny import COLOURS
from tiny_sides import noisy, side
from tuwen.errors import InputError
from tuwen.resolve.base import Truth
from tuwen.resolve.joining import Joint
from tuwen.resolve.preparing import rows_of
from tuwen.resolve.run import resolve

EVERY = Truth.of((row, row) for row in range(120))


def names_of(found):
    candidates = found.candidates
    return [
        (found.left.ids[i], found.other.ids[j])
        for i, j in zip(candidates.left[found.kept], candidates.right[found.kept], strict=True)
    ]


def some_labels(left, right, count):
    """The true pair of each of the first items, and a wrong one."""
    return [
        (left.ids[row], right.ids[other], row == other)
        for row in range(count)
        for other in (row, (row + 1) % len(right))
    ]


def test_every_step_is_told_in_order_with_its_time():
    found = resolve(*noisy(120), truth=EVERY)
    names = ["prepare", "block", "score", "join", "decide", "cluster", "evaluate"]
    assert [step.name for step in found.steps] == names
    assert all(step.seconds >= 0 and step.facts for step in found.steps)
    assert dict(found.steps[0].facts) == {"left items": 120, "right items": 120}


def test_without_labels_matches_are_found_and_probabilities_named_estimates():
    found = resolve(*noisy(120), truth=EVERY)
    assert found.joint.origin == "mixture"
    assert found.evaluation.pairs.f1 > 0.95
    assert found.figures.b3_f1 > 0.95
    assert any("estimates" in note for note in found.notes)


def test_with_labels_probabilities_are_learned():
    left, right = noisy(120)
    found = resolve(left, right, labels=some_labels(left, right, 40), truth=EVERY)
    assert found.joint.origin == "labels"
    assert found.evaluation.pairs.f1 > 0.95
    assert not any("estimates" in note for note in found.notes)


def test_no_match_is_an_answer():
    left, right = noisy(120)
    found = resolve(rows_of(left, np.arange(80)), rows_of(right, np.arange(40, 120)))
    alone = {side: len(rows) for side, rows in found.unmatched.items()}
    assert alone == {"left": 80 - len(found.kept), "right": 80 - len(found.kept)}
    assert 30 <= len(found.kept) <= 50
    assert dict(found.steps[4].facts)["left alone"] == alone["left"]


def test_a_decided_pair_that_blocking_missed_is_a_candidate():
    left, right = noisy(120)
    found = resolve(left, right, neighbours=1, labels=[("n000", "n099", True)])
    assert ("n000", "n099") in names_of(found)


def test_a_list_of_known_matches_is_enough_for_calibrated_probabilities():
    left, right = noisy(300, noise=0.7)
    known = [(name, name, True) for name in left.ids[:100]]
    found = resolve(left, right, labels=known)
    assert found.joint.origin == "labels"
    new = found.candidates.left >= 100
    true = found.candidates.left == found.candidates.right
    assert found.score[new].sum() == pytest.approx(true[new].sum(), rel=0.1)


def test_a_label_that_blocking_missed_is_not_learned_from():
    left, right = noisy(120)
    known = [(name, name, True) for name in left.ids[:40]]
    plain = resolve(left, right, labels=known)
    odd = resolve(
        left, right, labels=[*known, *((f"n{row:03}", f"n{row + 50:03}", True) for row in (60, 61))]
    )
    assert len(odd.blocked.added) == 2
    assert odd.joint.matches == plain.joint.matches == 40


def test_labels_that_cannot_be_used_are_listed():
    left, right = noisy(120)
    torn = [("n000", "n000", True), ("n000", "n000", False), ("n001", "zz", True)]
    found = resolve(left, right, labels=torn)
    assert [refusal.code for refusal in found.refusals] == ["unknown-id", "contradiction"]
    assert len(found.labels) == 0


def test_a_model_of_one_run_serves_the_next(tmp_path):
    left, right = noisy(120)
    first = resolve(left, right, labels=some_labels(left, right, 40), threshold=0.3)
    first.joint.save(tmp_path / "model.json")
    other_left, other_right = noisy(120, seed=5)
    found = resolve(other_left, other_right, model=tmp_path / "model.json", truth=EVERY)
    assert found.threshold == 0.3
    assert found.evaluation.pairs.f1 > 0.95
    assert isinstance(Joint.load(tmp_path / "model.json").threshold, float)


def test_a_handful_of_items_goes_by_similarity():
    left, right = noisy(3)
    found = resolve(left, right)
    assert found.joint is None
    assert names_of(found) == [("n000", "n000"), ("n001", "n001"), ("n002", "n002")]
    assert any("too few for probabilities" in note for note in found.notes)


def test_an_empty_side_matches_nothing_and_is_named():
    left, right = noisy(20)
    empty = rows_of(right, np.arange(0))
    found = resolve(left, empty, truth=Truth.of([]))
    assert (len(found.kept), len(found.unmatched["left"])) == (0, 20)
    assert any("nothing can match" in note for note in found.notes)
    assert found.evaluation.pairs.fp == 0


def test_duplicates_within_one_side_make_clusters():
    random = np.random.default_rng(0)
    base = random.normal(size=(40, 16))
    rows = np.concatenate([base, base[:10] + 0.05 * random.normal(size=(10, 16)), base[:5]])
    both = side(
        rows, ids=[f"i{row}" for row in range(55)], contents=[f"words {row % 40}" for row in range(55)]
    )
    entities = [str(row if row < 40 else (row - 40 if row < 50 else row - 50)) for row in range(55)]
    truth = Truth.of_entities(entities, entities, same=True)
    found = resolve(both, truth=truth)
    assert found.how == "threshold"
    assert found.evaluation.pairs.recall == 1.0
    assert found.clusters[0] == found.clusters[40] == found.clusters[50]


def test_strict_clusters_take_all_evidence():
    found = resolve(*noisy(120), how="threshold", cluster="strict")
    assert dict(found.steps[5].facts)["way"] == "strict"
    assert len(found.clusters) == 240


def test_the_truth_is_no_evidence():
    left, right = noisy(120)
    numbers = {"sku": list(range(120)), "year": [row % 7 for row in range(120)]}
    left.columns |= numbers
    right.columns |= numbers
    found = resolve(left, right, truth="sku")
    assert "year" in found.evidence.names
    assert "sku" not in found.evidence.names
    with pytest.raises(InputError, match="'sku' is the truth"):
        resolve(left, right, truth="sku", compare=["sku"])


def test_a_file_against_itself_compares_no_columns():
    left, right = noisy(120)
    left.name = right.name = "one.csv"
    left.columns = right.columns = {"year": list(range(120))}
    assert "year" not in resolve(left, right).evidence.names
    assert "year" in resolve(left, right, compare=["year"]).evidence.names


def test_pictures_and_records_are_read_encoded_and_matched(tiny_pictures, tmp_path, tiny_encoder):
    file = tmp_path / "records.csv"
    rows = [f"{name}-0,a {name} picture" for name in COLOURS]
    file.write_text("\n".join(["id,title", *rows, "red-0,twice", "none,"]) + "\n", encoding="utf-8")
    found = resolve(tiny_pictures, file, encoder=tiny_encoder, how="one-to-many", truth="id")
    assert {left.split("-")[0] for left, _ in names_of(found)} <= set(COLOURS)
    assert all(left.split("-")[0] == right.split("-")[0] for left, right in names_of(found))
    assert sorted(refusal.code for refusal in found.refusals) == ["duplicate-id", "empty-row"]
    assert found.encoder == "tiny"
