"""The two stages of CMDN."""

import numpy as np

from tuwen import methods

SMALL = {"dim": 8, "hidden": 16, "epochs": 4, "device": "cpu", "learning_rate": 0.01, "validation": 0.0}


def test_the_second_stage_does_not_move_the_first(classes):
    def weights(**options):
        return methods.find("cmdn")(**SMALL, **options).fit(*classes).state["weights_"]

    plain, other = weights(), weights(correspondence=9.0, telling=0.0)
    for name, values in plain.items():
        if name.startswith(("image_separate", "text_shared", "image_joined", "text_parts")):
            np.testing.assert_array_equal(values, other[name])
    assert np.abs(plain["image.0.weight"] - other["image.0.weight"]).max() > 1e-3
