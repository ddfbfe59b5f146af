"""What tells the paper's ACMR from the released code."""

import numpy as np
import pytest

from tuwen import methods
from tuwen.errors import InputError

ACMR = methods.find("acmr")
SMALL = {"dim": 8, "hidden": 16, "epochs": 4, "device": "cpu", "learning_rate": 0.01}


def start(variant, classes):
    """Weights before training."""
    return (
        ACMR(**SMALL | {"epochs": 1, "learning_rate": 0.0}, variant=variant).fit(*classes).state["weights_"]
    )


def test_the_released_classifier_keeps_its_random_start(classes):
    before = start("released", classes)["classifier.weight"]
    after = ACMR(**SMALL, variant="released").fit(*classes).state["weights_"]["classifier.weight"]
    np.testing.assert_array_equal(after, before)


def test_the_classifier_of_the_paper_learns(classes):
    before = start("paper", classes)["classifier.weight"]
    after = ACMR(**SMALL).fit(*classes).state["weights_"]["classifier.weight"]
    assert np.abs(after - before).max() > 1e-3


def test_only_in_the_paper_the_critic_moves_the_towers(classes):
    alone = {"telling": 0.0, "triplets": 0.0, "validation": 0.0}
    before = start("paper", classes)["image.0.weight"]
    released = ACMR(**SMALL, **alone, variant="released").fit(*classes).state["weights_"]["image.0.weight"]
    paper = ACMR(**SMALL, **alone).fit(*classes).state["weights_"]["image.0.weight"]
    np.testing.assert_allclose(released, before, atol=1e-3)  # weight decay apart
    assert np.abs(paper - before).max() > 1e-3


@pytest.mark.parametrize("name", ["acmr", "ucal"])
def test_vectors_are_those_that_training_compared(name, classes):
    images, texts, labels = classes
    method = methods.find(name)(**SMALL).fit(images, texts, labels)
    vectors = method._transform(images * 100, "image")
    assert np.abs(vectors).max() <= 1  # tanh of the last layer


def test_other_variants_are_refused():
    with pytest.raises(InputError, match="variant is 'tf'"):
        ACMR(variant="tf")
