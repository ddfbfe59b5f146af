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


def test_an_image_with_several_texts_is_one_class(classes, monkeypatch):
    images, texts, _ = classes
    told = []
    kind = methods.find("instance_loss")
    monkeypatch.setattr(
        kind, "_finish", lambda self, *_: told.append((self._instances, self.net_["instances"]))
    )
    kind(**SMALL | {"epochs": 1}, validation=0.0).fit(np.repeat(images[:10], 3, axis=0), texts[:30])
    assert told[0][0].tolist() == np.repeat(np.arange(10), 3).tolist()
    assert told[0][1].num_embeddings == 10
