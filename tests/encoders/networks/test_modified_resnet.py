"""CLIP's ResNet with its normalisations folded in, against the plain network."""

import pytest

torch = pytest.importorskip("torch")

import plain_clip as plain  # noqa: E402
from tuwen.encoders.networks.modified_resnet import ModifiedResNet  # noqa: E402
from tuwen.errors import InputError  # noqa: E402


def checkpoint(**options):
    """A plain network and its tensors as they stand in a checkpoint."""
    model = plain.settle(plain.ResNet(**options))
    return model, {f"visual.{name}": values for name, values in model.state_dict().items()}


@pytest.mark.parametrize("options", [{}, {"size": 96, "blocks": (2, 1, 2, 1)}, {"width": 16, "out": 32}])
def test_it_gives_what_the_plain_network_gives(options):
    model, tensors = checkpoint(**options)
    network = ModifiedResNet(tensors, "x.pt").eval()
    pixels = torch.randn(2, 3, network.size, network.size)
    with torch.inference_mode():
        expected, found = model(pixels), network(pixels)
    assert (network.size, network.width) == (options.get("size", 64), options.get("out", 24))
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_the_one_that_was_published_is_recognised():
    model, tensors = checkpoint(size=224, width=64, blocks=(3, 4, 6, 3), out=1024)
    network = ModifiedResNet(tensors, "x.pt")
    assert (network.size, network.width, network.head_count) == (224, 1024, 32)
    assert len(network.blocks) == 16
    del model


def test_a_missing_or_a_further_tensor_is_named():
    _, tensors = checkpoint()
    with pytest.raises(InputError, match=r"visual\.layer2\.0\.bn1\.weight"):
        ModifiedResNet({k: v for k, v in tensors.items() if k != "visual.layer2.0.bn1.weight"}, "x.pt")
    with pytest.raises(InputError, match=r"visual\.extra"):
        ModifiedResNet(tensors | {"visual.extra": torch.ones(1)}, "x.pt")
