"""DJSRH needs no labels."""

from tuwen import methods


def test_codes_of_a_class_are_nearer_without_labels(classes):
    images, texts, labels = classes
    method = methods.find("djsrh")(bits=16, hidden=16, epochs=20, device="cpu").fit(images, texts)
    scores, same = method.similarity(images, texts), labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean() + 4
