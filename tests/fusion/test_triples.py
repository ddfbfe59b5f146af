"""Questions and answers from pairs."""

import numpy as np
import pytest

from tuwen.datasets import Pairs
from tuwen.errors import InputError
from tuwen.fusion.triples import given, of_pairs

rng = np.random.default_rng(0)


def pairs(image_of_text, images=None, labels=None, matches=None):
    rows = np.asarray(image_of_text)
    n = int(rows.max()) + 1 if images is None else images
    return Pairs(
        images=rng.normal(size=(n, 4)).astype(np.float32),
        texts=rng.normal(size=(len(rows), 4)).astype(np.float32),
        image_ids=tuple(f"p{row}" for row in range(n)),
        text_ids=tuple(f"t{row}" for row in range(len(rows))),
        image_of_text=rows,
        labels=labels,
        matches=matches,
    )


def right(triples, row):
    """The items that answer a question."""
    found = set(np.flatnonzero(triples.item_group == triples.group[row]).tolist())
    return found - {int(triples.own[row])}


def test_the_other_texts_of_a_picture_answer():
    of = pairs([0, 0, 1, 2, 2, 2])
    found = of_pairs(of, "text")
    assert len(found) == 5  # picture 1 has one text, which nothing answers
    np.testing.assert_array_equal(found.texts, of.texts[[0, 1, 3, 4, 5]])
    answers = [
        [of.texts.tolist().index(found.items[one].tolist()) for one in right(found, row)] for row in range(5)
    ]
    assert [sorted(one) for one in answers] == [[1], [0], [4, 5], [3, 5], [3, 4]]


def test_the_other_pictures_of_a_class_answer():
    found = of_pairs(pairs([0, 1, 2, 3], labels=np.array(["a", "b", "a", ""])), "image")
    assert [right(found, row) for row in range(len(found))] == [{2}, {0}]
    np.testing.assert_array_equal(found.own, [0, 2])


def test_the_other_pictures_of_a_text_answer():
    matches = np.array([[0, 0], [0, 1], [1, 2]])
    found = of_pairs(pairs([0, 2], images=3, matches=matches), "image")
    assert [right(found, row) for row in range(len(found))] == [{1}, {0}]


@pytest.mark.parametrize(("kind", "word"), [("text", "two texts or more"), ("image", "with two pictures")])
def test_pairs_that_hold_no_answer_are_refused(kind, word):
    with pytest.raises(InputError, match=word):
        of_pairs(pairs([0, 1, 2]), kind)


def test_sides_of_two_spaces_are_refused():
    one = pairs([0, 0])
    wide = Pairs(
        images=np.ones((1, 5)), texts=one.texts, image_ids=("p",), text_ids=one.text_ids,
        image_of_text=one.image_of_text,
    )  # fmt: skip
    with pytest.raises(InputError, match="one space"):
        of_pairs(wide, "text")


def test_an_answer_is_drawn_among_all_but_the_questions_own():
    found = of_pairs(pairs([0, 0, 1, 1, 1, 2, 2, 2, 2]), "text")
    seen = [set() for _ in range(len(found))]
    random = np.random.default_rng(0)
    for _ in range(100):
        for row, item in enumerate(found.answers(random)):
            seen[row].add(int(item))
    assert seen == [right(found, row) for row in range(len(found))]
    row = np.array([2, 0, 2])
    plain = given(np.ones((3, 4)), np.ones((3, 4)), np.eye(3, 4), row)
    assert plain.answers(random).tolist() == [2, 0, 2]


def test_no_picture_and_no_answer_is_in_two_parts():
    found = of_pairs(pairs(np.repeat(np.arange(20), 3)), "text")
    parts = found.cut(0.2, seed=1)
    assert [len(part) for part in parts] == [36, 12, 12]
    assert sum(len(part.items) for part in parts) == 60
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not set(parts[one].unit) & set(parts[other].unit)
        assert not set(map(bytes, parts[one].items)) & set(map(bytes, parts[other].items))
    for part in parts:
        assert all(len(right(part, row)) == 2 for row in range(len(part)))
        np.testing.assert_array_equal(part.items[part.own], part.texts)
