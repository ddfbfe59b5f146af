"""Which decoders each variant has."""

import pytest

from tuwen import methods
from tuwen.errors import InputError

SMALL = {"dim": 4, "hidden": 8, "epochs": 3, "device": "cpu"}
DECODERS = {
    "own": {"image_to_image", "text_to_text"},
    "other": {"image_to_text", "text_to_image"},
    "both": {"image_to_image", "image_to_text", "text_to_image", "text_to_text"},
}


@pytest.mark.parametrize("decode", DECODERS)
def test_each_variant_decodes_what_it_says(classes, decode):
    method = methods.find("corr_ae")(**SMALL, decode=decode).fit(*classes)
    assert {name for name in method.net_ if "_to_" in name} == DECODERS[decode]


def test_other_variants_are_refused():
    with pytest.raises(InputError, match="decode is 'all'"):
        methods.find("corr_ae")(decode="all")


def test_the_loss_falls(classes):
    method = methods.find("corr_ae")(**SMALL | {"epochs": 20}, validation=0.0).fit(*classes)
    assert method.curve_["loss"][-1] < method.curve_["loss"][0]
