"""What was found as rows."""

import numpy as np
import pytest

from tiny_sides import noisy, side
from tuwen.resolve.joining import sigmoid
from tuwen.resolve.preparing import rows_of
from tuwen.resolve.rows import (
    cluster_rows,
    pair_rows,
    probability_name,
    reason_texts,
    reasons,
    refusal_rows,
    weights,
)
from tuwen.resolve.run import resolve


@pytest.fixture(scope="module")
def found():
    left, right = noisy(120)
    return resolve(rows_of(left, np.arange(100)), rows_of(right, np.arange(20, 120)))


def test_matches_come_first_the_surest_before_the_others(found):
    rows = list(pair_rows(found))
    matches = [row for row in rows if row["left_id"] and row["right_id"]]
    assert rows[: len(matches)] == matches
    sure = [row["estimated_probability"] for row in matches]
    assert sure == sorted(sure, reverse=True)
    assert {row["rank"] for row in matches} >= {1}


def test_every_item_is_in_a_row_also_without_a_match(found):
    rows = list(pair_rows(found))
    assert {row["left_id"] for row in rows} - {None} == set(found.left.ids)
    assert {row["right_id"] for row in rows} - {None} == set(found.right.ids)


def test_an_item_without_a_match_says_what_was_best(found):
    alone = next(row for row in pair_rows(found) if row["right_id"] is None)
    assert alone["reason"].startswith("best is n")
    assert f"{alone['estimated_probability']:.3f}"[:4] in alone["reason"]
    assert alone["rank"] is None


def test_an_item_whose_best_is_taken_says_so():
    vectors = np.eye(4)[:, :3]
    left = side([vectors[0], vectors[1], vectors[0] + 0.2 * vectors[2]], ids=["a", "b", "c"])
    right = side([vectors[0], vectors[1]], ids=["p", "q"])
    rows = list(pair_rows(resolve(left, right, how="mutual")))
    (alone,) = [row for row in rows if row["right_id"] is None]
    assert (alone["left_id"], alone["reason"]) == ("c", "best is p, which does not go with mutual")


def test_an_item_that_meets_nothing_says_so():
    left, right = side([[1, 0], [0, 0]], ids=["a", "b"]), side([[1, 0]], ids=["p"])
    (alone,) = [row for row in pair_rows(resolve(left, right)) if row["right_id"] is None]
    assert alone["reason"] == "no candidate"


def test_within_one_side_an_item_alone_stands_once():
    rows = list(pair_rows(resolve(side(np.eye(3), ids=["a", "b", "c"]), threshold=0.5)))
    assert sum(row["left_id"] == "a" and row["right_id"] is None for row in rows) <= 1
    best = {row["left_id"]: row["reason"] for row in rows if row["right_id"] is None}
    assert all(f"best is {name}" not in text for name, text in best.items())


def test_reasons_add_up_to_the_odds(found):
    place = int(found.kept[0])
    total = sum(share for _, _, share in reasons(found, place)) + found.joint.bias
    assert sigmoid(np.array([total]))[0] == pytest.approx(found.score[place], abs=1e-6)


def test_ranks_are_told_as_places(found):
    told = {name: value for name, value, _ in reasons(found, int(found.kept[0]))}
    assert told["rank for left"] == 1
    assert all("lead for" in text for text in reason_texts(found, found.kept[:3]))


def test_a_pair_that_was_decided_on_says_so():
    left, right = noisy(30)
    rows = list(pair_rows(resolve(left, right, labels=[("n000", "n001", True)])))
    (row,) = [row for row in rows if (row["left_id"], row["right_id"]) == ("n000", "n001")]
    assert row["reason"].startswith("labelled; ")
    others = [row for row in rows if row["left_id"] and row["right_id"] and row["left_id"] != "n000"]
    assert not any("labelled" in row["reason"] for row in others)


def test_only_learned_probabilities_are_called_so():
    left, right = noisy(120)
    labels = [(left.ids[i], right.ids[j], i == j) for i in range(20) for j in range(20)]
    assert probability_name(resolve(left, right, labels=labels)) == "probability"
    assert probability_name(resolve(left, right)) == "estimated_probability"


def test_clusters_list_every_item_with_its_content(found):
    rows = list(cluster_rows(found))
    assert len(rows) == 200
    numbers = [row["cluster"] for row in rows]
    assert numbers == sorted(numbers)
    assert {row["content"] for row in rows if row["side"] == "right"} == {"y"}
    pair = [row for row in rows if row["cluster"] == rows[0]["cluster"]]
    assert all(row["size"] == len(pair) for row in pair)


def test_weights_are_told_by_name(found):
    assert set(weights(found)) == set(found.evidence.names)
    assert weights(resolve(*noisy(3))) == {}


def test_what_was_left_out_is_a_row():
    left, right = noisy(20)
    found = resolve(left, right, labels=[("zz", "n000", True)])
    (row,) = refusal_rows(found)
    assert (row["code"], row["item"]) == ("unknown-id", "zz n000")
