"""The linear probe: what it learns, which strength it takes, what it keeps."""

import numpy as np
import pytest

from tuwen import classes
from tuwen.classes.probe import GRID, Probe
from tuwen.errors import Damaged, InputError
from tuwen.saved import read, write


@pytest.fixture
def clouds():
    """Sixty vectors around three corners, and the names of the corners."""
    random = np.random.default_rng(3)
    names = np.repeat(["鸟", "cat", "dog"], 20)
    corners = np.repeat(np.eye(3, 6), 20, axis=0)
    return (corners + random.normal(0, 0.15, (60, 6))).astype(np.float32), names.tolist()


def test_corners_are_told_apart(clouds):
    vectors, names = clouds
    probe = Probe().fit(vectors[::2], names[::2])
    assert probe.classes_ == ["cat", "dog", "鸟"]
    assert probe.predict(vectors[1::2]) == names[1::2]
    np.testing.assert_allclose(probe.probabilities(vectors).sum(axis=1), 1, atol=1e-6)


def test_the_mean_and_the_scale_of_vectors_change_nothing(clouds):
    vectors, names = clouds
    one = Probe(strength=0.1).fit(vectors, names).probabilities(vectors)
    other = Probe(strength=0.1).fit(7 * vectors + 5, names).probabilities(7 * vectors + 5)
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_labels_by_lot_choose_the_smallest_strength(clouds):
    vectors, names = clouds
    lot = np.random.default_rng(1).permutation(names).tolist()
    assert Probe().fit(vectors, lot).strength_ == GRID[0]
    assert Probe().fit(vectors, names).strength_ > GRID[1]


def test_of_two_classes_the_sides_are_right():
    vectors = np.array([[1.0, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]])
    probe = Probe().fit(vectors, ["b", "b", "a", "a"])
    rows = probe.probabilities(np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert rows[0, 1] > rows[0, 0]
    np.testing.assert_allclose(rows[1], [0.5, 0.5], atol=1e-3)


def test_one_example_a_class_is_enough():
    probe = Probe().fit(np.eye(3), ["a", "b", "c"])
    assert probe.predict(np.eye(3)) == ["a", "b", "c"]


def test_equal_vectors_tell_nothing_apart():
    rows = Probe().fit(np.ones((4, 3)), ["a", "b", "a", "b"]).probabilities(np.ones((1, 3)))
    np.testing.assert_allclose(rows, [[0.5, 0.5]], atol=1e-6)


def test_what_is_kept_answers_the_same(clouds, tmp_path):
    vectors, names = clouds
    probe = Probe(seed=4).fit(vectors, names)
    probe.save(tmp_path / "kept")
    again = classes.load(tmp_path / "kept")
    assert isinstance(again, Probe) and again.seed == 4
    assert (again.probabilities(vectors) == probe.probabilities(vectors)).all()


def test_weights_of_another_width_are_damaged(clouds, tmp_path):
    vectors, names = clouds
    Probe().fit(vectors, names).save(tmp_path)
    saved = read(tmp_path, "classes")
    saved.state["bias_"] = saved.state["bias_"][:2]
    write(tmp_path, saved, "classes")
    with pytest.raises(Damaged, match="shapes"):
        classes.load(tmp_path)


def test_a_strength_of_zero_is_refused():
    with pytest.raises(InputError, match="strength is 0"):
        Probe(strength=0)
