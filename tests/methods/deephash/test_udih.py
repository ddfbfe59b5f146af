"""UDIH's missing partners."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.errors import InputError
from tuwen.methods.network import Batch, Network

UDIH = methods.find("udih")
SMALL = {"bits": 16, "hidden": 16, "batch_size": 30, "epochs": 15, "learning_rate": 0.01, "device": "cpu"}


@pytest.fixture
def partial(classes):
    """The pairs of `classes`, every fourth without its text and every fourth without its image."""
    images, texts, labels = (part.copy() for part in classes)
    images[1::4], texts[3::4] = 0, 0
    return images, texts, labels


def test_missing_rows_are_told_from_the_other_side(classes, partial, monkeypatch):
    seen = []
    fit = Network._fit
    monkeypatch.setattr(Network, "_fit", lambda self, *parts: seen.extend(parts) or fit(self, *parts))
    UDIH(**SMALL).fit(*partial)
    for made, given, true in zip(seen, partial[:2], classes, strict=False):
        missing = ~given.any(axis=1)
        np.testing.assert_array_equal(made[~missing], given[~missing])
        mean = given[~missing].mean(axis=0)
        error = ((made - true)[missing] ** 2).mean()
        assert error < 0.5 * ((mean - true)[missing] ** 2).mean()


def test_codes_of_a_class_are_nearer_without_labels_and_many_partners(classes, partial):
    method = UDIH(**SMALL, validation=0.0).fit(*partial[:2])
    images, texts, labels = classes
    scores, same = method.similarity(images, texts), labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean() + 3


def test_a_missing_side_does_not_choose_the_epoch(partial, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        "tuwen.methods.network.both_ways", lambda scores, _: sizes.append(scores.shape) or 0.0
    )
    images, texts, labels = partial
    UDIH(**SMALL | {"epochs": 1}).fit(*partial, validation=(images[:8], texts[:8], labels[:8]))
    assert sizes == [(4, 4)]


def test_what_is_given_is_left_as_it_was(partial):
    before = partial[0].copy()
    UDIH(**SMALL | {"epochs": 1}).fit(*partial)
    np.testing.assert_array_equal(partial[0], before)


def test_distances_from_what_was_filled_in_count_less():
    method = UDIH(bits=8, margin=1.0, trust=0.4)
    method._known = torch.tensor([[True, True], [True, False]])  # the second text was filled in
    u, v = torch.tensor([[9.0] * 8, [-9.0] * 8]), torch.tensor([[-9.0] * 8, [9.0] * 8])
    # each pair lies 8 apart, and by 0 from the other pair
    batch = Batch(torch.eye(2), torch.eye(2), torch.zeros(2, 0), torch.arange(2), 0.0)
    texts, images = (1 + 8 + 1 + 0.4 * 8) / 2, (1 + 8 + 1 + 0.4 * 8) / 2
    assert float(method._loss(u, v, batch)) == pytest.approx(texts + images, rel=1e-2)


def test_only_the_nearest_of_a_batch_are_alike():
    torch.manual_seed(0)
    x, y = torch.randn(9, 4), torch.randn(9, 3)
    alike = UDIH(neighbours=3)._alike(x, y)
    assert ((alike > 0).sum(dim=1) == 3).all()
    assert (alike.argmax(dim=1) == torch.arange(9)).all()


def test_pairs_of_which_too_few_are_complete_are_refused(classes):
    images, texts, _ = (part.copy() for part in classes)
    images[1:] = 0
    with pytest.raises(InputError, match="only 1 of 90 pairs have both sides"):
        UDIH(**SMALL).fit(images, texts)
