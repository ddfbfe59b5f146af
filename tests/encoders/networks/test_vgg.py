"""VGG networks compute what a plain sequence of layers does, up to the layer that is asked for."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from tiny_networks import vgg_state  # noqa: E402
from tuwen.encoders.networks import vgg  # noqa: E402
from tuwen.encoders.networks.tensors import Tensors  # noqa: E402
from tuwen.errors import InputError  # noqa: E402

BLOCKS = ((4,), (6,), (8, 8))


def made(state, layer="fc7"):
    return vgg.VGG(Tensors(state, "weights.pth", "vgg"), layer).eval()


def plain(state, *, normed):
    """The convolutional part as torchvision builds it, and the layers up to fc6 and fc7."""
    steps, channels = [], 3
    for block in BLOCKS:
        for width in block:
            steps.append(nn.Conv2d(channels, width, 3, padding=1))
            if normed:
                steps.append(nn.BatchNorm2d(width))
            steps.append(nn.ReLU())
            channels = width
        steps.append(nn.MaxPool2d(2))
    classifier = [nn.Linear(32, 10), nn.ReLU(), nn.Dropout(), nn.Linear(10, 11), nn.ReLU()]
    model = nn.ModuleDict(
        {"features": nn.Sequential(*steps), "classifier": nn.Sequential(*classifier)}
    ).eval()
    model.load_state_dict(
        {name: values for name, values in state.items() if not name.startswith("classifier.6")}
    )
    return model


@pytest.fixture
def pixels():
    return torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("normed", [False, True])
def test_every_layer_is_that_of_the_plain_sequence(normed, pixels):
    state = vgg_state(BLOCKS, normed=normed)
    reference = plain(state, normed=normed)
    with torch.no_grad():
        maps = reference["features"](pixels)
        for layer, expected in [
            ("conv5", maps.mean(dim=(2, 3))),
            ("fc6", reference["classifier"][:2](maps.flatten(1))),
            ("fc7", reference["classifier"](maps.flatten(1))),
        ]:
            network = made(state, layer)
            torch.testing.assert_close(network(pixels), expected, atol=1e-5, rtol=1e-5)
            assert network.width == expected.shape[1]
            assert network.image_size == 16


def test_wide_layers_are_taken_after_their_relu(pixels):
    assert float(made(vgg_state())(pixels).min()) == 0


def test_parts_are_the_places_of_the_last_map_before_its_pooling(pixels):
    network = made(vgg_state())
    assert network.parts(pixels).shape == (2, 4 * 4, 8)
    torch.testing.assert_close(network.parts(pixels)[:, 6], network.grid(pixels)[:, :, 1, 2])


def test_the_layout_of_timm_gives_the_same(pixels):
    state = vgg_state()
    other = {name: values for name, values in state.items() if name.startswith("features")}
    other["pre_logits.fc1.weight"] = state["classifier.0.weight"].reshape(10, 8, 2, 2)
    other["pre_logits.fc2.weight"] = state["classifier.3.weight"].reshape(11, 10, 1, 1)
    other["head.fc.weight"] = state["classifier.6.weight"]
    for old, new in (("classifier.0", "pre_logits.fc1"), ("classifier.3", "pre_logits.fc2")):
        other[f"{new}.bias"] = state[f"{old}.bias"]
    torch.testing.assert_close(made(vgg.from_timm(other))(pixels), made(state)(pixels))


@pytest.mark.parametrize(
    ("counts", "name"),
    [
        ((1, 1, 2, 2, 2), "vgg11"),
        ((2, 2, 2, 2, 2), "vgg13"),
        ((2, 2, 3, 3, 3), "vgg16"),
        ((2, 2, 4, 4, 4), "vgg19"),
    ],
)
@pytest.mark.parametrize("normed", [False, True])
def test_the_depth_is_read_from_the_numbers_of_the_layers(counts, name, normed):
    state = vgg_state([(4,) * count for count in counts], side=1, normed=normed)
    assert made(state).architecture == name + "_bn" * normed


def test_conv5_needs_no_classifier(pixels):
    state = vgg_state(classifier=False)
    torch.testing.assert_close(made(state, "conv5")(pixels), made(vgg_state(), "conv5")(pixels))


@pytest.mark.parametrize("number", [0, 6, 8])
def test_a_missing_convolution_is_named(number):
    state = vgg_state()
    del state[f"features.{number}.weight"]
    with pytest.raises(InputError, match=r"features\.\d+"):
        made(state)


def test_weights_without_the_layer_say_what_is_there():
    with pytest.raises(InputError, match="layer=conv5"):
        made(vgg_state(classifier=False))
