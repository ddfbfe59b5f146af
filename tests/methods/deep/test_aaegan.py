"""Classes that training has not seen."""

from tuwen import methods
from tuwen.methods.validation import both_ways

SMALL = {"dim": 8, "hidden": 32, "epochs": 40, "device": "cpu", "learning_rate": 0.01}


def test_pairs_of_a_class_that_was_not_seen_find_each_other(classes):
    images, texts, labels = classes
    seen = labels != 2
    method = methods.find("aaegan")(**SMALL, validation=0.0).fit(images[seen], texts[seen], labels[seen])
    found = both_ways(method.similarity(images[~seen], texts[~seen]), None)
    guessed = sum(1 / rank for rank in range(1, 31)) / 30
    assert found > 2 * guessed


def test_classes_are_kept_for_training_alone(classes):
    method = methods.find("aaegan")(**SMALL | {"epochs": 2}).fit(*classes)
    assert not hasattr(method, "_meanings")
