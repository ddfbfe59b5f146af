"""Networks for pictures: random or stored ones, and that what is saved encodes as what was trained."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tuwen import encoders
from tuwen.encoders.networks.resnet import from_transformers
from tuwen.errors import InputError
from tuwen.training import image_networks

RANDOM = (
    "resnet18,width=4,size=32",
    "resnet50,width=4,size=32",
    "vit,size=16,width=16,layers=1,heads=2,patch=8",
)


def pixels(size):
    return np.random.default_rng(0).integers(0, 256, (3, size, size, 3), dtype=np.uint8)


def features(made, values):
    with torch.no_grad():
        return made.features(torch.from_numpy(values).permute(0, 3, 1, 2).float()).numpy()


@pytest.mark.parametrize("spec", RANDOM)
def test_what_is_saved_encodes_as_what_was_trained(tmp_path, spec):
    torch.manual_seed(0)
    made = image_networks.make(spec)
    made.network.train()
    with torch.no_grad():  # norms that have seen something
        made.features(torch.rand(4, 3, made.recipe.size, made.recipe.size) * 255)
    made.network.eval()
    made.save(tmp_path)
    opened = encoders.load(str(tmp_path))
    assert opened.recipe == made.recipe
    assert opened.width == made.width
    values = pixels(made.recipe.size)
    found = opened.encode_prepared(values, unit=False)
    np.testing.assert_allclose(found, features(made, values), atol=1e-4 * np.abs(found).max())


def test_a_saved_network_is_trained_on_from_where_it_was(tmp_path):
    first = image_networks.make(RANDOM[0])
    first.network.eval()
    first.save(tmp_path)
    second = image_networks.make(str(tmp_path))
    assert all(one.requires_grad for one in second.network.parameters())
    second.network.eval()
    values = pixels(32)
    np.testing.assert_allclose(features(second, values), features(first, values), atol=1e-5)


def test_a_file_in_the_names_of_torchvision_is_read(tmp_path):
    first = image_networks.make(RANDOM[0])
    first.network.eval()
    names = from_transformers(first.network.model.state_dict())
    save_file({name: tensor.clone() for name, tensor in names.items()}, tmp_path / "resnet.safetensors")
    second = image_networks.make(str(tmp_path / "resnet.safetensors"), size=32)
    second.network.eval()
    assert second.recipe.fit == "crop"
    np.testing.assert_allclose(features(second, pixels(32)), features(first, pixels(32)), atol=1e-5)


def test_room_around_grows_both_the_square_and_what_is_scaled_to():
    recipe = image_networks.make(RANDOM[0]).recipe
    grown = image_networks.larger(recipe, 1 / 8)
    assert (grown.size, grown.edge or grown.size) == (36, 36)


@pytest.mark.parametrize(
    ("spec", "size", "said"),
    [
        ("resnet18", 16, "pictures of 32 pixels at least"),
        ("vit,patch=16", 40, "no multiple of the patch of 16"),
        ("resnet18,layers=3", 0, "no option named 'layers'"),
        ("resnet19", 0, "no encoder named 'resnet19'"),
    ],
)
def test_what_cannot_be_made_is_refused(spec, size, said):
    with pytest.raises(InputError, match=said):
        image_networks.make(spec, size=size)


def test_an_encoder_of_both_sides_is_refused():
    with pytest.raises(InputError):
        image_networks.make("mini")
