"""The space of SDML is fixed beforehand."""

import numpy as np
import pytest

from tuwen import methods
from tuwen.errors import InputError

SMALL = {"dim": 6, "hidden": 8, "epochs": 3, "device": "cpu", "learning_rate": 0.01}


def weights(method):
    return method.state["weights_"]


def test_the_space_is_orthonormal_and_not_learned(classes):
    first = weights(methods.find("sdml")(**SMALL).fit(*classes))["space.weight"]
    longer = weights(methods.find("sdml")(**SMALL | {"epochs": 6}).fit(*classes))["space.weight"]
    np.testing.assert_allclose(first @ first.T, np.eye(3), atol=1e-5)
    np.testing.assert_array_equal(first, longer)


def test_images_learn_the_same_whatever_the_texts_are(classes):
    images, texts, labels = classes
    alone = {"validation": 0.0}
    one = weights(methods.find("sdml")(**SMALL, **alone).fit(images, texts, labels))
    other = weights(methods.find("sdml")(**SMALL, **alone).fit(images, texts[::-1].copy(), labels))
    np.testing.assert_allclose(one["image.0.weight"], other["image.0.weight"], atol=1e-6)


def test_fewer_dimensions_than_classes_are_refused(classes):
    with pytest.raises(InputError, match="dim is 2, but there are 3 classes"):
        methods.find("sdml")(**SMALL | {"dim": 2}).fit(*classes)
