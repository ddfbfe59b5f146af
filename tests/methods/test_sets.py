"""What networks on sets share: images kept once, blocks, attention."""

import numpy as np
import pytest
import torch

from tuwen.errors import InputError
from tuwen.methods import sets
from tuwen.methods.deep.gpo import GPO
from tuwen.methods.network import Batch
from tuwen.methods.pairwise.scan import SCAN

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(20, 3, 6)).astype(np.float32)
TEXTS = np.repeat(IMAGES, 2, axis=0)[:, :2] + 0.1 * rng.normal(size=(40, 2, 6)).astype(np.float32)
OWN = np.repeat(np.arange(20), 2)
SMALL = {"dim": 8, "epochs": 3, "learning_rate": 0.01, "device": "cpu", "batch_size": 16}


@pytest.mark.parametrize("kind", [SCAN, GPO])
def test_an_image_kept_once_teaches_the_same_as_its_copies(kind):
    once = kind(**SMALL, validation=0.0)
    once._hinge = lambda scores, batch: sets.hardest_triplet(scores, 0.2)  # who is no partner, as in copies
    copies = kind(**SMALL, validation=0.0)
    copies._hinge = once._hinge
    once.fit(IMAGES, TEXTS, image_of_text=OWN)
    copies.fit(IMAGES[OWN], TEXTS)
    np.testing.assert_allclose(once.similarity(IMAGES, TEXTS), copies.similarity(IMAGES, TEXTS), atol=0.01)


def test_texts_of_one_image_are_no_wrong_partners():
    method = SCAN(**SMALL)
    method._image_of_text = np.array([0, 0, 1])
    batch = Batch(*torch.zeros(3, 3, 1), rows=torch.arange(3), progress=1.0)
    scores = torch.tensor([[0.5, 9.0, 0.4], [9.0, 0.5, 0.1], [0.2, 0.1, 0.5]])
    wanted = [0.1 + 0, 0 + 0, 0 + 0.1]  # texts asked by images, and images by texts; 9 counts nowhere
    assert float(method._hinge(scores, batch)) == pytest.approx(sum(wanted) / 3, abs=1e-6)


def test_no_image_is_on_both_sides_of_the_validation():
    method = SCAN(**SMALL, validation=0.25)
    method._validation, method._image_of_text = None, OWN
    (images, texts, _), chosen = method._parts(IMAGES, TEXTS, np.zeros((40, 0)))
    assert len(texts) == len(method._image_of_text) == 30
    assert chosen[0].shape == (5, 3, 6)
    learned = images[np.unique(method._image_of_text)]
    assert not (chosen[0][:, None] == learned[None]).all(axis=(2, 3)).any()


@pytest.mark.parametrize(
    ("rows", "message"), [([0], "one row number for each"), ([20] * 40, "there are 20 images")]
)
def test_rows_that_name_no_image_are_refused(rows, message):
    with pytest.raises(InputError, match=message):
        SCAN(**SMALL).fit(IMAGES, TEXTS, image_of_text=np.array(rows))


def test_padding_goes_to_the_end_and_the_words_ignore_it():
    torch.manual_seed(0)
    words = sets.Words(3, 4)
    told = torch.randn(1, 2, 3)
    apart = torch.zeros(1, 5, 3)
    apart[0, [1, 3]] = told[0]
    torch.testing.assert_close(sets.packed_first(apart)[:, :2], told)
    torch.testing.assert_close(words(apart)[:, :2], words(told))
    assert not words(apart)[:, 2:].any()


def test_attention_is_that_of_the_paper():
    queries, contexts = torch.randn(2, 3, 4), torch.randn(1, 5, 4)
    queries, contexts = sets.unit(queries), sets.unit(contexts)
    attention, agreement = sets.attend(queries, contexts, 4.0)
    for m in range(2):
        cosines = np.array([[float(q @ c) for c in contexts[0]] for q in queries[m]])
        clipped = np.where(cosines > 0, cosines, 0.1 * cosines)
        scaled = np.exp(4 * clipped / np.linalg.norm(clipped, axis=0))
        np.testing.assert_allclose(agreement[0, m], cosines, atol=1e-6)
        np.testing.assert_allclose(
            attention[0, m], scaled / scaled.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-6
        )
