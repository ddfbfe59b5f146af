"""Rules for codes that are made from both modalities."""

import numpy as np
import pytest

from tuwen import methods
from tuwen.errors import InputError, MissingExtra


@pytest.fixture(params=[name for name, family in methods.names().items() if "hash" in family])
def hasher(request):
    """Each hashing method, fitted on sixty pairs of three classes."""
    try:
        found = methods.find(request.param)
    except MissingExtra as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = np.eye(3)[labels] @ rng.normal(size=(3, 16)) * 3 + rng.normal(size=(60, 16))
    small = {"bits": 8, "epochs": 3, "device": "cpu"}
    hasher = found(**{name: value for name, value in small.items() if name in found().params})
    if hasher.takes_sets:
        pytest.skip("takes sets")
    return hasher.fit(images, images + 1, labels), images.astype(np.float32), labels


def test_items_of_both_modalities_have_a_code(hasher):
    method, images, labels = hasher
    if not method.fuses:
        with pytest.raises(InputError, match="each modality on its own"):
            method.database_codes(images, images)
        return
    codes = method.database_codes(images, images + 1)
    assert codes.shape == (60, 1)
    assert codes.dtype == np.uint8
    signs = np.where(np.unpackbits(codes, axis=1), 1, -1)
    same = labels[:, None] == labels[None]
    assert (signs @ signs.T)[same].mean() > (signs @ signs.T)[~same].mean()
    with pytest.raises(InputError, match="60 rows but texts has 59"):
        method.database_codes(images, images[:59])


def test_learnt_codes_are_packed_one_a_training_pair(hasher):
    method, _, _ = hasher
    if "training_codes_" in method.state:
        assert method.training_codes_.shape == (60, 1)
        assert method.training_codes_.dtype == np.uint8
