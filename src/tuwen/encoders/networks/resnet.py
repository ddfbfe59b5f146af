"""Residual networks: one compact definition for the layouts of torchvision, timm and transformers."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tuwen.encoders.networks.tensors import Tensors
from tuwen.errors import InputError

#: Blocks of each stage by name; bottleneck blocks have three convolutions, basic ones two.
KNOWN: dict[tuple[str, tuple[int, ...]], str] = {
    ("basic", (2, 2, 2, 2)): "resnet18",
    ("basic", (3, 4, 6, 3)): "resnet34",
    ("bottleneck", (3, 4, 6, 3)): "resnet50",
    ("bottleneck", (3, 4, 23, 3)): "resnet101",
    ("bottleneck", (3, 8, 36, 3)): "resnet152",
}
LAYERS = ("pooled",)
_STAGE = re.compile(
    r"(?:resnet\.)?encoder\.stages\.(\d+)\.layers\.(\d+)\.(layer\.(\d+)|shortcut)\.(\w+)\.(\w+)"
)
_STEM = re.compile(r"(?:resnet\.)?embedder\.embedder\.(convolution|normalization)\.(\w+)")


class ResNet(nn.Module):
    """He et al., "Deep Residual Learning for Image Recognition" (2016), up to the pooled features.

    Made from a state dict in torchvision's names; widths, depths and groups follow from the shapes, so
    ResNet18 to 152, ResNeXt and Wide ResNet are all this class. Batch normalisation is folded in.

    Args:
        tensors: The checkpoint.
        stride_first: Bottlenecks halve the size in their first convolution, as in the paper and Caffe;
            False in their second, as torchvision and nearly all others do ("v1.5").
    """

    def __init__(self, tensors: Tensors, *, stride_first: bool = False) -> None:
        super().__init__()
        if "conv1.0.weight" in tensors:
            raise InputError(
                f"{tensors.source} is a resnet with a deep stem (resnet-d), which is not known here"
            )
        self.stem = tensors.convolution("conv1", "bn1", stride=2, channels=3)
        if self.stem.kernel_size != (7, 7):
            raise InputError(
                f"{tensors.source} has a stem of {self.stem.kernel_size}, no plain resnet's 7 x 7"
            )
        self.pool = nn.MaxPool2d(3, 2, 1)
        channels = self.stem.out_channels
        stages, depths = [], []
        for stage in range(1, 5):
            blocks: list[_Block] = []
            while not blocks or f"layer{stage}.{len(blocks)}.conv1.weight" in tensors:
                stride = 2 if stage > 1 and not blocks else 1
                name = f"layer{stage}.{len(blocks)}"
                blocks.append(_Block(tensors, name, channels, stride, stride_first))
                channels = blocks[-1].width
            stages.append(nn.Sequential(*blocks))
            depths.append(len(blocks))
        tensors.finish(["fc."])
        self.stages = nn.Sequential(*stages)
        self.width = channels
        kind = "bottleneck" if "layer1.0.conv3.weight" in tensors else "basic"
        plain = not any(block.groups > 1 for block in self.modules() if isinstance(block, _Block))
        plain = plain and self.stages[0][0].inner == self.stem.out_channels
        self.architecture = KNOWN.get((kind, tuple(depths)), "resnet") if plain else "resnet"

    def grid(self, pixels: Tensor) -> Tensor:
        """The last feature map, (n, width, size / 32, size / 32)."""
        return self.stages(self.pool(torch.relu(self.stem(pixels))))

    def parts(self, pixels: Tensor) -> Tensor:
        """The last feature map as a row a place, left to right, top to bottom: (n, places, width)."""
        return self.grid(pixels).flatten(2).transpose(1, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        """The mean over the last feature map, (n, width), of normalised pixels (n, 3, size, size)."""
        return self.grid(pixels).mean(dim=(2, 3))


class _Block(nn.Module):
    """Two or three convolutions beside a shortcut."""

    def __init__(self, tensors: Tensors, name: str, channels: int, stride: int, stride_first: bool) -> None:
        super().__init__()
        deep = f"{name}.conv3.weight" in tensors
        early = stride_first or not deep
        first = tensors.convolution(
            f"{name}.conv1", f"{name}.bn1", stride=stride if early else 1, channels=channels
        )
        self.inner = first.out_channels
        # a grouped convolution sees only its group's channels: resnext
        self.groups = self.inner // max(1, (tensors.shape(f"{name}.conv2.weight") or (0, self.inner))[1])
        second = tensors.convolution(
            f"{name}.conv2",
            f"{name}.bn2",
            stride=1 if early else stride,
            groups=self.groups,
            channels=self.inner,
        )
        steps = [first, nn.ReLU(), second]
        if deep:
            third = tensors.convolution(f"{name}.conv3", f"{name}.bn3", channels=second.out_channels)
            steps += [nn.ReLU(), third]
        self.steps = nn.Sequential(*steps)
        self.width: int = steps[-1].out_channels
        self.shortcut: nn.Module = nn.Identity()
        if f"{name}.downsample.0.weight" in tensors:
            self.shortcut = tensors.convolution(
                f"{name}.downsample.0", f"{name}.downsample.1", stride=stride, channels=channels
            )
        elif stride != 1 or channels != self.width:
            tensors.take(f"{name}.downsample.0.weight")  # says that it is missing

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, width, h / stride, w / stride)."""
        return torch.relu(self.steps(maps) + self.shortcut(maps))


def looks_like(names: Mapping[str, Tensor]) -> bool:
    """Whether the tensors are named as torchvision names a resnet's."""
    return "layer1.0.conv1.weight" in names


def from_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A transformers ResNet's tensors under torchvision's names; others keep theirs."""
    return {_renamed(name): tensor for name, tensor in state.items()}


def _renamed(name: str) -> str:
    if found := _STEM.fullmatch(name):
        return f"{'conv1' if found[1] == 'convolution' else 'bn1'}.{found[2]}"
    if found := _STAGE.fullmatch(name):
        block = f"layer{int(found[1]) + 1}.{found[2]}"
        normal = found[5] == "normalization"
        if found[4] is None:
            return f"{block}.downsample.{int(normal)}.{found[6]}"
        return f"{block}.{'bn' if normal else 'conv'}{int(found[4]) + 1}.{found[6]}"
    return re.sub(r"^classifier\.1\.", "fc.", name)
