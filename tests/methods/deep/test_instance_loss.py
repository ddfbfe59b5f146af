"""What becomes of the classifier of instances."""

import numpy as np

from tuwen import methods

SMALL = {"dim": 8, "hidden": 16, "epochs": 100, "device": "cpu", "learning_rate": 0.01}


def test_the_rows_of_training_pairs_are_not_kept(classes, tmp_path):
    method = methods.find("instance_loss")(**SMALL).fit(*classes)
    assert not [name for name in method.state["weights_"] if "instances" in name]


def test_training_pairs_find_each_other(classes):
    images, texts, _ = classes
    method = methods.find("instance_loss")(**SMALL, validation=0.0).fit(images, texts)
    scores = method.similarity(images, texts)
    assert (scores.argmax(axis=1) == np.arange(90)).mean() > 0.5
