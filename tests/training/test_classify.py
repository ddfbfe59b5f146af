"""The task of classes: its loss, what it holds out, and the layer that is saved."""

import numpy as np
import pytest
import torch
from torch import nn

from tuwen.errors import InputError
from tuwen.training.classify import SCALE, ClassifyPictures, ClassifyTexts


class Ids:
    """Token ids that are their rows."""

    def take(self, rows):
        return np.asarray(rows)[:, None], np.ones((len(rows), 1), dtype=np.int64)


class Text:
    """A network that knows four texts by their corner."""

    width = 4

    def __init__(self):
        self.network = nn.Module()
        self.network.forward = lambda ids, mask: torch.eye(4)[ids[:, 0]]


def made(dropout=0.0, held=(0, 1)):
    about = {"text": "tiny"}
    more = {"classes": ["a", "b"], "numbers": np.array([0, 1, 0, 1]), "held": np.array(held, dtype=np.int64)}
    return ClassifyTexts(Text(), Ids(), Ids(), **more, dropout=dropout, about=about)


def test_the_loss_is_the_mean_cross_entropy():
    task = made()
    nn.init.zeros_(task.head.weight)
    nn.init.zeros_(task.head.bias)
    value = task.loss(task.load(np.arange(4), (0,)), 0.0)
    assert float(value.detach()) == pytest.approx(np.log(2))
    assert task.validate() == 0.5


def test_without_anything_held_out_there_is_no_figure():
    assert np.isnan(made(held=()).validate())


def test_a_checkpoint_goes_on_only_with_the_same_classes_and_dropout():
    about = made(dropout=0.25).about
    assert about["classes"] == ["a", "b"] and about["dropout"] == 0.25 and about["items"] == 4


def test_dropout_is_a_share():
    with pytest.raises(InputError, match=r"dropout is 1\.5"):
        made(dropout=1.5)


class Pixels:
    """Pictures of which those of odd rows cannot be decoded."""

    class recipe:  # noqa: N801
        size = 4

    def take(self, rows):
        good = np.flatnonzero(np.asarray(rows) % 2 == 0)
        return np.full((len(good), 4, 4, 3), 200, np.uint8), good


class Image:
    """A network whose feature is twice the mean of each channel."""

    width = 3
    network = nn.Module()

    class recipe:  # noqa: N801
        size = 4

    def features(self, pixels):
        return 2 * pixels.mean(dim=(2, 3))


@pytest.fixture
def pictures():
    more = {"classes": ["a", "b"], "numbers": np.array([0, 1, 0, 1]), "held": np.array([0, 1])}
    return ClassifyPictures(Image(), Pixels(), Pixels(), **more, dropout=0.0, about={})


def test_pictures_that_cannot_be_decoded_drop_out_of_a_batch(pictures):
    pixels, cuts, truth = pictures.load(np.arange(4), (0,))
    assert (len(pixels), len(cuts), truth.tolist()) == (2, 2, [0, 0])
    nothing = pictures.load(np.array([1, 3]), (0,))
    assert float(pictures.loss(nothing, 0.0).detach()) == 0


def test_features_of_pictures_have_one_length_and_the_saved_layer_fits_unit_rows(pictures):
    features = pictures.features(torch.full((1, 4, 4, 3), 7, dtype=torch.uint8))
    assert float(features.norm()) == pytest.approx(SCALE)
    weights, bias = pictures.layer()
    scores = (features / SCALE).numpy() @ weights + bias
    np.testing.assert_allclose(scores, pictures.head(features).detach().numpy(), rtol=1e-5)
