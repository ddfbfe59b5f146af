"""What methods on sets do with odd input: each learns from it or refuses it by name."""

import re

import numpy as np
import pytest

from tuwen import methods
from tuwen.errors import InputError, MissingExtra

SMALL = {"dim": 4, "hidden": 8, "epochs": 2, "learning_rate": 0.01, "device": "cpu", "sim_dim": 3}


def _sets():
    for name, family in methods.names().items():
        if family in ("deep", "pairwise"):
            try:
                found = methods.find(name)
            except MissingExtra:
                continue
            if found.takes_sets:
                yield name


NAMES = list(_sets())


def small(name, **more):
    """A method that is quick."""
    found = methods.find(name)
    return found(**{field: value for field, value in (SMALL | more).items() if field in found().params})


def pairs():
    """Twelve images of three regions, and texts of two words, 5 wide."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(12, 3, 5)).astype(np.float32)
    return images, (images[:, :2] + 0.1 * rng.normal(size=(12, 2, 5))).astype(np.float32)


def odd(case):
    """Input that a user may well have, by its name."""
    images, texts = pairs()
    holes = (np.arange(12) % 3 > 0)[:, None, None]
    return {
        "one part": (images[:, :1], texts[:, :1]),
        "some empty sets": (images * holes, texts * holes[::-1]),
        "nothing but padding": (images * 0, texts),
        "the same row again and again": (images[np.arange(12) % 2], texts[np.arange(12) % 2]),
        "one column": (images[..., :1], texts[..., :1]),
        "huge values": (images * 1e12, texts * 1e12),
        "tiny values": (images * 1e-12, texts * 1e-12),
        "two pairs": (images[:2], texts[:2]),
        "one pair": (images[:1], texts[:1]),
        "no parts": (images[:, :0], texts),
    }[case]


CASES = [
    *("one part", "some empty sets", "nothing but padding", "the same row again and again", "one column"),
    *("huge values", "tiny values", "two pairs", "one pair", "no parts"),
]


@pytest.mark.parametrize("name", NAMES)
def test_odd_sets_are_learnt_from_or_refused_by_name(name):
    for case in CASES:
        images, texts = odd(case)
        network = small(name)
        try:
            network.fit(images, texts)
        except InputError as error:
            assert case in ("one pair", "no parts"), case
            assert re.search(r"images|texts", str(error))
            continue
        assert np.isfinite(network.similarity(images, texts)).all(), case


@pytest.mark.parametrize("name", NAMES)
def test_three_pairs_are_one_batch_of_three(name):
    images, texts = pairs()
    network = small(name, batch_size=2, validation=0.0).fit(images[:3], texts[:3])
    assert len(network.curve_["loss"]) == 2
    assert np.isfinite(network.similarity(images, texts)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_that_is_no_number_is_told_with_its_step(name):
    network = small(name, validation=0.0)
    network._step = lambda batch: next(network.net_.parameters()).sum() * np.nan
    with pytest.raises(InputError, match="the loss is nan at step 1 of epoch 1; lower learning_rate"):
        network.fit(*pairs())


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_another_architecture_are_refused(name, tmp_path):
    fitted = small(name, validation=0.0).fit(*pairs())
    with pytest.raises(InputError, match="of another architecture"):
        small(name, dim=6).restore(dict(fitted.state))
