"""What a Boltzmann machine's inference and energy must satisfy."""

from itertools import product

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.arrays import MODALITIES
from tuwen.errors import InputError

DBM = methods.find("dbm")
SMALL = {"dim": 3, "hidden": 4, "epochs": 3, "device": "cpu", "learning_rate": 0.01}


@pytest.fixture
def fitted(classes):
    """A small machine with weights far from zero, and some visible units as it takes them."""
    method = DBM(**SMALL).fit(*classes[:2])
    generator = torch.Generator().manual_seed(0)
    for values in method.net_.parameters():
        values.data = torch.randn(values.shape, generator=generator) / 2
    known = {"image": torch.randn(1, 12, generator=generator), "text": torch.randn(1, 9, generator=generator)}
    return method, known


def test_probabilities_follow_from_the_energy(fitted):
    """Each hidden unit's is the sigmoid of what the energy falls by when it turns on."""
    method, known = fitted
    state = method._inferred(known)
    with torch.no_grad():
        for modality, place in product(MODALITIES, range(4)):
            hidden = {name: values.clone() for name, values in state.hidden.items()}
            energies = []
            for value in (0.0, 1.0):
                hidden[modality][0, place] = value
                energies.append(method._energy(state._replace(hidden=hidden)))
            path = method.net_[modality]
            found = path.hidden(known[modality], state.top, state.times[modality])[0, place]
            torch.testing.assert_close(torch.sigmoid(energies[0] - energies[1])[0], found)


def test_mean_field_ends_where_nothing_changes(fitted):
    method, known = fitted
    method.rounds = 300
    state = method._inferred(known)
    torch.testing.assert_close(method._top(state.hidden), state.top)
    alone = method._inferred({"image": known["image"]})
    told = method._told(alone.hidden["text"], "text", alone.times)
    torch.testing.assert_close(told, alone.visible["text"], atol=1e-4, rtol=1e-4)


def test_codes_have_no_mean_over_the_training_items(classes):
    method = DBM(**SMALL, validation=0.0).fit(*classes[:2])
    for features, modality in zip(classes[:2], MODALITIES, strict=True):
        np.testing.assert_allclose(method._transform(features, modality).mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("texts", ["binary", "counts"])
def test_texts_may_be_bits_or_counts(classes, texts):
    images, values, labels = classes
    words = np.clip(np.round(values + 2), 0, 1 if texts == "binary" else 9)
    method = DBM(**SMALL | {"epochs": 30, "dim": 8, "hidden": 16}, texts=texts).fit(images, words)
    state = method._inferred({"image": torch.zeros(2, 12)})
    told = state.visible["text"]
    if texts == "binary":
        assert ((told > 0) & (told < 1)).all()
    else:
        torch.testing.assert_close(told.sum(dim=1), torch.full((2,), float(method.net_["top"]["words"])))
    scores, same = method.similarity(images, words), labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean()


def test_texts_of_another_kind_are_refused(classes):
    with pytest.raises(InputError, match="texts='counts' takes counts, none below 0"):
        DBM(**SMALL, texts="counts").fit(*classes[:2])
    with pytest.raises(InputError, match="texts='binary' takes values from 0 to 1"):
        DBM(**SMALL, texts="binary").fit(classes[0], np.abs(classes[1]))
    with pytest.raises(InputError, match="texts is 'words'"):
        DBM(texts="words")
    with pytest.raises(InputError, match="rounds is 0"):
        DBM(rounds=0)
