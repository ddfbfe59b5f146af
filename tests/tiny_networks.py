"""State dicts of tiny picture networks in the names of torchvision and timm, scaled to keep signals alive."""

import math

import torch

WIDTHS = (8, 16, 24, 32)


class Values:
    """Random tensors by name, the same for the same seed."""

    def __init__(self, seed=0):
        self.random = torch.Generator().manual_seed(seed)
        self.state = {}

    def normal(self, name, *shape, spread=0.1, mean=0.0):
        self.state[name] = mean + spread * torch.randn(*shape, generator=self.random)

    def weight(self, name, *shape, gain=2.0):
        self.normal(name, *shape, spread=math.sqrt(gain / math.prod(shape[1:])))

    def linear(self, name, rows, columns):
        self.weight(f"{name}.weight", rows, columns, gain=1.0)
        self.normal(f"{name}.bias", rows)

    def norm(self, name, width):
        self.normal(f"{name}.weight", width, mean=1.0)
        self.normal(f"{name}.bias", width)

    def batch_norm(self, name, width):
        self.norm(name, width)
        self.normal(f"{name}.running_mean", width)
        self.state[f"{name}.running_var"] = 0.5 + torch.rand(width, generator=self.random)
        self.state[f"{name}.num_batches_tracked"] = torch.tensor(7)


def resnet_state(kind="basic", depths=(2, 1, 1, 1), widths=WIDTHS, groups=1, classes=5, seed=0):
    """A resnet in torchvision's names; bottlenecks are a quarter as wide inside, or half with groups."""
    made = Values(seed)
    channels = 8
    made.weight("conv1.weight", channels, 3, 7, 7)
    made.batch_norm("bn1", channels)
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        for block in range(depth):
            name = f"layer{stage}.{block}"
            inner = width if kind == "basic" else width // (2 if groups > 1 else 4)
            shapes = [(inner, channels, 3, 3), (inner, inner, 3, 3)]
            if kind == "bottleneck":
                shapes = [(inner, channels, 1, 1), (inner, inner // groups, 3, 3), (width, inner, 1, 1)]
            for place, shape in enumerate(shapes, start=1):
                made.weight(f"{name}.conv{place}.weight", *shape)
                made.batch_norm(f"{name}.bn{place}", shape[0])
            if channels != width or (stage > 1 and block == 0):
                made.weight(f"{name}.downsample.0.weight", width, channels, 1, 1, gain=1.0)
                made.batch_norm(f"{name}.downsample.1", width)
            channels = width
    made.linear("fc", classes, channels)
    return made.state


def vgg_state(blocks=((4,), (6,), (8, 8)), *, side=2, wide=10, normed=False, classifier=True, seed=0):
    """A vgg in torchvision's names: `blocks` are the widths of the convolutions between poolings."""
    made = Values(seed)
    number, channels = 0, 3
    for block in blocks:
        for width in block:
            made.weight(f"features.{number}.weight", width, channels, 3, 3)
            made.normal(f"features.{number}.bias", width)
            if normed:
                made.batch_norm(f"features.{number + 1}", width)
            number, channels = number + (3 if normed else 2), width
        number += 1
    if classifier:
        made.linear("classifier.0", wide, channels * side * side)
        made.linear("classifier.3", wide + 1, wide)
        made.linear("classifier.6", 5, wide + 1)
    return made.state


def vit_state(width=64, depth=2, patch=8, side=3, first=1, seed=0):
    """A vit in timm's names, for pictures of `side` patches a side."""
    made = Values(seed)
    made.normal("cls_token", 1, 1, width, spread=0.5)
    made.normal("pos_embed", 1, first + side * side, width, spread=0.5)
    made.weight("patch_embed.proj.weight", width, 3, patch, patch, gain=1.0)
    made.normal("patch_embed.proj.bias", width)
    for block in range(depth):
        made.norm(f"blocks.{block}.norm1", width)
        made.linear(f"blocks.{block}.attn.qkv", 3 * width, width)
        made.linear(f"blocks.{block}.attn.proj", width, width)
        made.norm(f"blocks.{block}.norm2", width)
        made.linear(f"blocks.{block}.mlp.fc1", 4 * width, width)
        made.linear(f"blocks.{block}.mlp.fc2", width, 4 * width)
    made.norm("norm", width)
    made.linear("head", 5, width)
    return made.state
