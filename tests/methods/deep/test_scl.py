"""SCL needs no labels."""

import numpy as np

from tuwen import methods

SMALL = {"dim": 8, "hidden": 16, "epochs": 60, "device": "cpu", "learning_rate": 0.01}


def test_pairs_find_each_other_without_labels(classes):
    images, texts, _ = classes
    scores = methods.find("scl")(**SMALL, validation=0.0).fit(images, texts).similarity(images, texts)
    assert (scores.argmax(axis=1) == np.arange(90)).mean() > 0.3  # chance is 0.01
