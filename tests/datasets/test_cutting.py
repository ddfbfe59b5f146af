"""Cuts depend on the seed alone, keep the texts of an image together, and use every image once."""

import numpy as np
import pytest

from tuwen.datasets.cutting import cut, hold_out, joined, shuffled
from tuwen.datasets.pairs import Pairs, paired
from tuwen.errors import InputError


def pairs(count=20, labels=None):
    """Pairs whose features say which row they are; each image has two texts."""
    rows = np.repeat(np.arange(count), 2)
    return Pairs(
        images=np.arange(count, dtype=float)[:, None] * np.ones(3),
        texts=rows[:, None] * np.ones(2),
        image_ids=tuple(f"p{row}" for row in range(count)),
        text_ids=tuple(f"p{row}#{number}" for row in range(count) for number in (0, 1)),
        image_of_text=rows,
        labels=labels,
    )


def test_the_order_is_the_same_everywhere():
    # written down once: another value here would change every drawn split
    assert shuffled(10, 0).tolist() == [3, 2, 1, 8, 6, 0, 7, 4, 5, 9]
    assert shuffled(10, 1).tolist() != shuffled(10, 0).tolist()


def test_every_image_is_in_one_part_with_all_its_texts():
    train, val, test = cut(pairs(), (12, 3, 5), seed=4)
    assert [len(part.image_ids) for part in (train, val, test)] == [12, 3, 5]
    assert sorted(train.image_ids + val.image_ids + test.image_ids) == sorted(pairs().image_ids)
    for part in (train, val, test):
        assert len(part.text_ids) == 2 * len(part.image_ids)
        np.testing.assert_array_equal(part.images[part.image_of_text, 0], part.texts[:, 0])


@pytest.mark.parametrize("sizes", [(15, 6), (0, 5)])
def test_parts_that_do_not_fit_are_refused(sizes):
    with pytest.raises(InputError, match=r"20 images cannot be cut"):
        cut(pairs(), sizes, seed=0)


def test_a_share_is_held_out():
    kept, held = hold_out(pairs(), 0.2, seed=1)
    assert (len(kept.image_ids), len(held.image_ids)) == (16, 4)
    again = hold_out(pairs(), 0.2, seed=1)[1]
    assert held.image_ids == again.image_ids
    assert held.image_ids != hold_out(pairs(), 0.2, seed=2)[1].image_ids


def test_a_stratified_share_is_of_each_class():
    labels = np.repeat([0, 1, 2], [10, 6, 4])
    kept, held = hold_out(pairs(labels=labels), 0.5, seed=3, stratified=True)
    assert np.bincount(held.labels).tolist() == [5, 3, 2]
    assert np.bincount(kept.labels).tolist() == [5, 3, 2]
    assert not set(kept.image_ids) & set(held.image_ids)


def test_a_class_of_one_is_not_split():
    kept, held = hold_out(pairs(labels=np.array([0] * 19 + [1])), 0.3, seed=0, stratified=True)
    assert 1 in kept.labels
    assert 1 not in held.labels


@pytest.mark.parametrize(
    ("share", "labels", "said"),
    [
        (0, None, "share is 0"),
        (1.2, None, "share is 1.2"),
        (0.2, None, "needs labels"),
        (0.2, np.ones((20, 2), dtype=int), "one class an image"),
        (0.01, np.repeat([0, 1], 10), "choose another share"),
    ],
)
def test_what_cannot_be_held_out_is_said(share, labels, said):
    with pytest.raises(InputError, match=said):
        hold_out(pairs(labels=labels), share, seed=0, stratified=True)


def test_one_image_cannot_be_cut():
    with pytest.raises(InputError, match="two are needed"):
        hold_out(pairs(1), 0.5, seed=0)
    with pytest.raises(InputError, match="seed is -1"):
        shuffled(3, -1)


def test_parts_are_joined_again():
    train, test = hold_out(pairs(labels=np.arange(20)), 0.25, seed=0)
    whole = joined(train, test)
    order = [int(name[1:]) for name in whole.image_ids]
    np.testing.assert_array_equal(whole.images[:, 0], order)
    np.testing.assert_array_equal(whole.labels, order)
    np.testing.assert_array_equal(whole.images[whole.image_of_text, 0], whole.texts[:, 0])


def test_parts_of_other_widths_are_not_joined():
    one, other = paired(np.ones((2, 3)), np.ones((2, 2))), paired(np.ones((2, 4)), np.ones((2, 2)))
    with pytest.raises(InputError, match=r"images of the parts are \(2, 3\), \(2, 4\)"):
        joined(one, other)
    with pytest.raises(InputError, match="labels of the parts"):
        joined(one, paired(np.ones((2, 3)), np.ones((2, 2)), np.arange(2)))
