"""Classes that training has not seen."""

import numpy as np
import pytest

from tuwen.datasets import load
from tuwen.datasets.zero_shot import below
from tuwen.errors import InputError, UnknownName

RNG = np.random.default_rng(0)
IMAGES, TEXTS = RNG.random((60, 4)), RNG.random((60, 3))
NAMES = np.array(["cat", "dog", "fox", "hen", "owl"])[np.arange(60) % 5]


@pytest.fixture
def file(tmp_path):
    """A function that writes pairs with labels, and gives the path."""

    def write(labels, **more):
        np.savez(tmp_path / "a.npz", images=IMAGES, texts=TEXTS, labels=labels, **more)
        return str(tmp_path / "a.npz")

    return write


def test_a_half_is_learned_from_and_the_other_scored(file):
    found = load(file(NAMES), "zero-shot-60/20/20", seed=2)
    assert found.split == "zero-shot-60/20/20"
    for part, numbers in ((found.train, {0, 1, 2}), (found.val, {0, 1, 2}), (found.test, {3, 4})):
        assert set(part.labels.tolist()) <= numbers
    assert set(found.train.labels.tolist()) == {0, 1, 2}  # no gap
    assert set(found.database.labels.tolist()) == {3, 4}
    plain = load(file(NAMES), "60/20/20", seed=2)
    for part, whole in (
        (found.train, plain.train),
        (found.val, plain.val),
        (found.test, plain.test),
        (found.database, plain.train),
    ):
        classes = [part.classes[number] for number in part.labels]
        of = dict(zip(whole.image_ids, whole.labels, strict=True))
        assert classes == [whole.classes[of[name]] for name in part.image_ids]
    together = len(found.train.image_ids) + len(found.database.image_ids)
    assert together == len(plain.train.image_ids)


def test_the_seed_draws_the_classes(file):
    path = file(NAMES)
    seen = {load(path, "zero-shot", seed=seed).train.classes[:3] for seed in range(6)}
    assert len(seen) > 1
    assert load(path, "zero-shot", seed=3).train.classes == load(path, "zero-shot", seed=3).train.classes


def test_images_of_both_halves_are_left_out(file):
    labels = np.eye(4, dtype=int)[np.arange(60) % 4]
    labels[::3] |= np.roll(labels[::3], 1, axis=1)
    labels[1::5] |= np.roll(labels[1::5], 2, axis=1)
    found, plain = (load(file(labels), split, seed=1) for split in ("zero-shot", "80/20"))
    assert found.train.labels.shape[1] == found.test.labels.shape[1] == 2
    assert found.train.labels.any(axis=1).all()
    left = [note for note in found.notes if "at once are left out" in note]
    gone = int(left[0].split()[0])
    kept = len(found.train.image_ids) + len(found.database.image_ids)
    in_train = len(plain.train.image_ids) - kept
    assert 0 < in_train <= gone
    assert not set(found.train.classes) & set(found.test.classes)


def test_a_class_of_one_image_may_be_seen_or_not(file):
    labels = np.where(np.arange(60) == 7, 5, np.arange(60) % 5)
    for seed in range(4):
        try:
            found = load(file(labels), "zero-shot", seed=seed)
        except InputError as error:
            assert "no image left" in str(error)
            continue
        assert set(found.train.labels.tolist()) <= {0, 1, 2}


def test_what_cannot_be_cut_so_is_refused(tmp_path, file):
    with pytest.raises(InputError, match="one class alone"):
        load(file(np.zeros(60, dtype=int)), "zero-shot")
    with pytest.raises(UnknownName, match="no split of a file named 'half'"):
        load(file(NAMES), "zero-shot-half")
    np.savez(tmp_path / "b.npz", images=IMAGES, texts=TEXTS)
    with pytest.raises(InputError, match="has no classes"):
        load(str(tmp_path / "b.npz"), "zero-shot")
    labels = np.array([0, 1, 0, 0])
    np.savez(tmp_path / "c.npz", I_tr=IMAGES[:2], T_tr=TEXTS[:2], L_tr=labels[:2], I_te=IMAGES[2:4],
             T_te=TEXTS[2:4], L_te=labels[2:])  # fmt: skip
    told = []
    for seed in range(6):
        try:
            load(str(tmp_path / "c.npz"), "zero-shot", seed=seed)
        except InputError as error:
            told.append(str(error))
    assert told and all("no image left to score" in line for line in told)


@pytest.mark.parametrize(
    ("split", "rest"), [("zero-shot", ""), ("zero-shot-corr-ae", "corr-ae"), ("official", None), ("", None)]
)
def test_the_split_below_is_named_behind_a_dash(split, rest):
    assert below(split) == rest
