"""Pairs as they are trained on: one picture with its texts, held out whole, decoded once or each time."""

import numpy as np
import pytest

from tiny_training import write_pairs
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.errors import InputError
from tuwen.records import Picture
from tuwen.training import material
from tuwen.training.material import Ids, Material, Pixels
from tuwen.training.text_networks import vocabulary

RECIPE = Recipe(size=8)


def made(count, labels=None):
    return Material(
        pictures=[Picture(path=f"{row}.png") for row in range(count)],
        texts=[f"text {row // 2}-{row % 2}" for row in range(2 * count)],
        texts_of=[np.array([2 * row, 2 * row + 1]) for row in range(count)],
        labels=labels or [""] * count,
    )


def test_a_picture_that_several_rows_name_is_one_with_several_texts(tmp_path):
    found = material.read(write_pairs(tmp_path, 3))
    assert len(found.pictures) == 3
    assert [list(rows) for rows in found.texts_of] == [[0, 1], [2, 3], [4, 5]]
    assert found.texts[2:4] == ["a green picture number 1", "绿色的图1"]
    assert found.labels == ["red", "green", "blue"]


def test_rows_that_are_broken_are_listed_and_the_rest_is_read(tmp_path):
    found = material.read(write_pairs(tmp_path, 3, extra=[("https://example.org/a.png", "far away", "red")]))
    assert len(found.pictures) == 3
    assert [refusal.code for refusal in found.refusals] == ["remote"]


def test_a_source_without_texts_is_no_pairs(tmp_path):
    write_pairs(tmp_path, 2)
    with pytest.raises(InputError, match="no record with a picture and a text"):
        material.read(tmp_path)


def test_whole_pictures_are_held_out_and_texts_go_with_them():
    rest, held = made(40).held_out(0.1, seed=0)
    assert (len(rest.pictures), len(held.pictures)) == (36, 4)
    assert not {one.path for one in rest.pictures} & {one.path for one in held.pictures}
    for one, rows in zip(held.pictures, held.texts_of, strict=True):
        number = one.path.removesuffix(".png")
        assert [held.texts[row] for row in rows] == [f"text {number}-0", f"text {number}-1"]
    again = made(40).held_out(0.1, seed=0)[1]
    assert [one.path for one in again.pictures] == [one.path for one in held.pictures]


def test_nothing_is_held_out_of_a_few():
    rest, held = made(12).held_out(0.5, seed=0)
    assert (len(rest.pictures), len(held.pictures)) == (12, 0)


def test_classes_count_only_when_every_picture_has_one_and_they_differ():
    assert made(3, ["a", "b", "a"]).classes.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert made(3, ["a", "", "a"]).classes is None
    assert made(3, ["a", "a", "a"]).classes is None


def test_pixels_are_the_same_held_in_memory_or_decoded_each_time(tmp_path):
    found = material.read(write_pairs(tmp_path, 5))
    rows = np.array([3, 0])
    held = Pixels(found.pictures, RECIPE, budget=1 << 20).take(rows)
    late = Pixels(found.pictures, RECIPE, budget=0).take(rows)
    assert held[0].shape == (2, 8, 8, 3)
    np.testing.assert_array_equal(held[0], late[0])
    np.testing.assert_array_equal(held[1], late[1])


@pytest.mark.parametrize("budget", [0, 1 << 20])
def test_a_picture_that_cannot_be_decoded_costs_only_itself(tmp_path, budget):
    found = material.read(write_pairs(tmp_path, 4))
    (tmp_path / "2.png").write_bytes(b"no picture")
    pixels = Pixels(found.pictures, RECIPE, budget=budget)
    taken, good = pixels.take(np.array([1, 2, 3]))
    assert good.tolist() == [0, 2]
    assert len(taken) == 2
    assert list(pixels.bad) == [2]
    assert pixels.drop_bad().tolist() == [0, 1, 3]
    assert pixels.take(np.array([2]))[1].tolist() == [0]  # the former fourth


def test_a_text_that_is_too_long_is_cut_and_counted():
    from tuwen.encoders.inputs.tokens import Tokens

    texts = ["a b", "a " * 50, ""]
    tokens = Tokens(vocabulary(texts, 100).to_str(), Recipe(size=0, context=6, lower=False))
    found = Ids.of(tokens, texts)
    assert found.cut == 1
    assert found.mask.sum(axis=1).tolist() == [4, 6, 2]
    ids, mask = found.take(np.array([0, 2]))
    assert ids.shape == mask.shape == (2, 4)
