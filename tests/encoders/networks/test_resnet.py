"""Residual networks compute what torchvision's and transformers' do, and refuse what is not whole."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402, N812

from tiny_networks import resnet_state  # noqa: E402
from tuwen.encoders.networks import resnet  # noqa: E402
from tuwen.encoders.networks.tensors import Tensors  # noqa: E402
from tuwen.errors import InputError  # noqa: E402

KINDS = [
    {"kind": "basic"},
    {"kind": "bottleneck", "depths": (1, 2, 1, 1)},
    {"kind": "bottleneck", "widths": (16, 32, 48, 64), "groups": 4},
]


def made(state, **options):
    return resnet.ResNet(Tensors(state, "weights.pth", "resnet"), **options).eval()


def plain(state, pixels, *, stride_first=False):
    """The definition written out, with batch normalisation as it is."""

    def step(maps, conv, norm, stride):
        weight = state[f"{conv}.weight"]
        maps = F.conv2d(
            maps, weight, None, stride, weight.shape[-1] // 2, groups=maps.shape[1] // weight.shape[1]
        )
        parts = (state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(maps, *parts)

    maps = F.max_pool2d(F.relu(step(pixels, "conv1", "bn1", 2)), 3, 2, 1)
    for stage in range(1, 5):
        block = 0
        while f"layer{stage}.{block}.conv1.weight" in state:
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            count = 3 if f"{name}.conv3.weight" in state else 2
            halving = 1 if count == 2 or stride_first else 2
            found = maps
            for place in range(1, count + 1):
                found = step(
                    found, f"{name}.conv{place}", f"{name}.bn{place}", stride if place == halving else 1
                )
                found = F.relu(found) if place < count else found
            if f"{name}.downsample.0.weight" in state:
                maps = step(maps, f"{name}.downsample.0", f"{name}.downsample.1", stride)
            maps = F.relu(found + maps)
            block += 1
    return maps


@pytest.fixture
def pixels():
    return torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("options", KINDS, ids=["basic", "bottleneck", "groups"])
def test_features_are_those_of_the_plain_definition(options, pixels):
    state = resnet_state(**options)
    maps = plain(state, pixels)
    network = made(state)
    rounding = 1e-5 * float(maps.max())
    torch.testing.assert_close(network.grid(pixels), maps, atol=rounding, rtol=0)
    torch.testing.assert_close(network(pixels), maps.mean(dim=(2, 3)), atol=rounding, rtol=0)
    assert network.width == maps.shape[1]


def test_the_stride_may_stand_in_the_first_convolution(pixels):
    state = resnet_state("bottleneck")
    expected = plain(state, pixels, stride_first=True)
    rounding = 1e-5 * float(expected.max())
    torch.testing.assert_close(made(state, stride_first=True).grid(pixels), expected, atol=rounding, rtol=0)
    assert not torch.allclose(made(state).grid(pixels), expected, atol=1e-2)


def test_parts_are_the_places_of_the_last_map_row_by_row(pixels):
    network = made(resnet_state())
    parts, grid = network.parts(pixels), network.grid(pixels)
    assert parts.shape == (2, 2 * 3, 32)
    torch.testing.assert_close(parts[:, 4], grid[:, :, 1, 1])


@pytest.mark.parametrize("kind", ["basic", "bottleneck"])
def test_the_layout_of_transformers_gives_the_same(kind, pixels):
    transformers = pytest.importorskip("transformers")
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[2, 1, 1, 1], layer_type=kind
    )
    torch.manual_seed(3)
    model = transformers.ResNetForImageClassification(config).eval()
    with torch.no_grad():
        for name, values in model.named_buffers():
            if "running" in name:
                values.add_(0.3 * torch.rand_like(values))
        expected = model.resnet(pixels).pooler_output.flatten(1)
        found = made(resnet.from_transformers(model.state_dict()))(pixels)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "depths", "name"),
    [
        ("basic", (2, 2, 2, 2), "resnet18"),
        ("basic", (3, 4, 6, 3), "resnet34"),
        ("bottleneck", (3, 4, 6, 3), "resnet50"),
        ("bottleneck", (3, 4, 23, 3), "resnet101"),
        ("bottleneck", (3, 8, 36, 3), "resnet152"),
        ("basic", (1, 2, 3, 4), "resnet"),
    ],
)
def test_the_depth_is_read_from_the_tensors(kind, depths, name):
    widths = (8, 8, 8, 8) if kind == "basic" else (32, 32, 32, 32)
    assert made(resnet_state(kind, depths, widths)).architecture == name


def test_grouped_and_wide_ones_are_not_called_by_the_plain_name():
    assert made(resnet_state("bottleneck", (3, 4, 6, 3), (16, 32, 48, 64), groups=4)).architecture == "resnet"


@pytest.mark.parametrize(
    "name",
    [
        "conv1.weight",
        "bn1.running_var",
        "layer1.1.bn2.weight",
        "layer2.0.downsample.0.weight",
        "layer4.0.conv1.weight",
    ],
)
def test_a_missing_tensor_is_named(name):
    state = resnet_state()
    del state[name]
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        made(state)


def test_a_shape_that_does_not_fit_is_named_with_both():
    state = resnet_state()
    state["layer2.0.conv1.weight"] = torch.zeros(16, 9, 3, 3)
    with pytest.raises(InputError, match=r"layer2\.0\.conv1\.weight is 16 x 9 x 3 x 3, any x 8 x any x any"):
        made(state)


def test_tensors_without_a_place_are_another_architecture():
    state = resnet_state() | {"layer1.0.se.fc1.weight": torch.zeros(4, 8, 1, 1)}
    with pytest.raises(InputError, match="no place for"):
        made(state)


def test_a_deep_stem_is_refused_by_name():
    state = resnet_state()
    state["conv1.0.weight"] = state.pop("conv1.weight")
    with pytest.raises(InputError, match="deep stem"):
        made(state)


def test_values_that_are_no_numbers_are_refused():
    state = resnet_state()
    state["layer3.0.conv2.weight"][0, 0, 0, 0] = float("nan")
    with pytest.raises(InputError, match="NaN"):
        made(state)
