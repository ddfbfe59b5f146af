"""VGG networks of any depth, with or without batch normalisation, from torchvision's or timm's layout."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tuwen.encoders.networks.tensors import Tensors
from tuwen.errors import InputError

#: Convolutions between two poolings.
KNOWN: dict[tuple[int, ...], str] = {
    (1, 1, 2, 2, 2): "vgg11",
    (2, 2, 2, 2, 2): "vgg13",
    (2, 2, 3, 3, 3): "vgg16",
    (2, 2, 4, 4, 4): "vgg19",
}
LAYERS = ("fc7", "fc6", "conv5")
_CONVOLUTION = re.compile(r"features\.(\d+)\.weight")


class VGG(nn.Module):
    """Simonyan and Zisserman, "Very Deep Convolutional Networks" (2015), up to a named layer.

    `fc6` and `fc7` are the two wide layers after their ReLU, as the retrieval papers use them; `conv5` is
    the mean over the last feature map, after its pooling. Depth follows from the numbering of the layers.

    Args:
        tensors: The checkpoint in torchvision's names (`features.0.weight`, `classifier.0.weight`).
        layer: `fc7`, `fc6` or `conv5`.
    """

    def __init__(self, tensors: Tensors, layer: str) -> None:
        super().__init__()
        self.layer = layer
        numbers = _convolutions(tensors)
        channels, steps, depths = 3, [], [0]
        for place, number in enumerate(numbers):
            norm = f"features.{number + 1}"
            normed = f"{norm}.running_mean" in tensors
            steps += [
                tensors.convolution(f"features.{number}", norm if normed else None, channels=channels),
                nn.ReLU(),
            ]
            channels = steps[-2].out_channels
            depths[-1] += 1
            # a pooling leaves a gap of one in the numbers
            next_number = number + (3 if normed else 2)
            if place + 1 == len(numbers) or numbers[place + 1] > next_number:
                steps.append(nn.MaxPool2d(2))
                depths.append(0)
                next_number += 1
            if place + 1 < len(numbers) and numbers[place + 1] != next_number:
                tensors.take(f"features.{next_number}.weight")  # says that it is missing
        self.features = nn.Sequential(*steps)
        self.normed = "features.1.running_mean" in tensors
        name = KNOWN.get(tuple(depths[:-1]), "vgg")
        self.architecture = name + "_bn" * self.normed
        self.side = 7
        if "classifier.0.weight" in tensors:
            self.side = math.isqrt(tensors.shape("classifier.0.weight")[-1] // channels)
        self.image_size = self.side * 2 ** len(depths[:-1])
        if layer != "conv5" and "classifier.0.weight" not in tensors:
            raise InputError(f"{tensors.source} has no classifier, so no {layer}; ask for layer=conv5")
        flat = channels * self.side**2
        self.fc6 = tensors.linear("classifier.0", flat) if layer != "conv5" else None
        self.fc7 = (
            tensors.linear("classifier.3", self.fc6.out_features) if self.fc6 and layer == "fc7" else None
        )
        tensors.finish(["classifier.", "avgpool."])
        last = self.fc7 or self.fc6
        self.width = last.out_features if last is not None else channels

    def grid(self, pixels: Tensor) -> Tensor:
        """The last feature map before its pooling, (n, channels, size / 16, size / 16)."""
        return self.features[:-1](pixels)

    def parts(self, pixels: Tensor) -> Tensor:
        """The last feature map as a row a place, left to right, top to bottom: (n, places, channels)."""
        return self.grid(pixels).flatten(2).transpose(1, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        """Features of the layer, (n, width), of normalised pixels (n, 3, size, size)."""
        maps = self.features(pixels)
        if self.fc6 is None:
            return maps.mean(dim=(2, 3))
        hidden = torch.relu(self.fc6(maps.flatten(1)))
        return hidden if self.fc7 is None else torch.relu(self.fc7(hidden))


def looks_like(names: Mapping[str, Tensor]) -> bool:
    """Whether the tensors are named as torchvision or timm name a vgg's."""
    return "features.0.weight" in names and names["features.0.weight"].dim() == 4


def from_timm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of timm under torchvision's names: its wide layers are convolutions over the whole map."""
    renamed = {}
    for name, tensor in state.items():
        for old, new in (("pre_logits.fc1.", "classifier.0."), ("pre_logits.fc2.", "classifier.3.")):
            if name.startswith(old):
                name = new + name.removeprefix(old)
                tensor = tensor.flatten(1) if tensor.dim() == 4 else tensor
        renamed[re.sub(r"^head\.fc\.", "classifier.6.", name)] = tensor
    return renamed


def _convolutions(tensors: Tensors) -> list[int]:
    """Numbers of the convolutions, ascending."""
    found = (_CONVOLUTION.fullmatch(name) for name in tensors.left())
    numbers = sorted(int(match[1]) for match in found if match and len(tensors.shape(match[0])) == 4)
    if not numbers or numbers[0] != 0:
        raise InputError(f"{tensors.source} is no whole vgg: features.0.weight is missing")
    return numbers
