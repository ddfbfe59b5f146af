"""The memory of ELRCMR."""

import numpy as np

from tuwen import methods

SMALL = {"dim": 8, "hidden": 16, "epochs": 30, "device": "cpu", "learning_rate": 0.01}


def test_the_running_means_are_not_kept(classes):
    method = methods.find("elrcmr")(**SMALL).fit(*classes)
    assert not hasattr(method, "_early")


def test_memory_keeps_wrong_labels_from_being_learned_by_heart(classes):
    images, texts, labels = classes
    rng = np.random.default_rng(0)
    wrong = np.where(rng.random(90) < 0.4, rng.integers(0, 3, 90), labels)

    def learned_by_heart(memory):
        method = methods.find("elrcmr")(**SMALL, memory=memory, validation=0.0).fit(images, texts, wrong)
        vectors = method.transform(images, "image")
        unit = method.state["weights_"]["prototypes.weight"]
        guessed = (vectors @ unit.T).argmax(axis=1)
        return (guessed == wrong)[wrong != labels].mean()

    assert learned_by_heart(3.0) < learned_by_heart(0.0)
