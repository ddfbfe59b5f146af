"""CLIP's ResNet (Radford et al., 2021): three convolutions first, blurred steps, attention to pool."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tuwen.encoders.networks.openai_vit import layers
from tuwen.encoders.networks.tensors import Tensors
from tuwen.errors import InputError


class ModifiedResNet(nn.Module):
    """Normalised pixels (n, 3, size, size) to features (n, width).

    Args:
        checkpoint: Tensors by name, of which those of `visual.*` are used, all of them.
        source: What they were read from, for messages.

    Attributes:
        size: Side of the pictures, pixels.
        width: Columns of the features.
        head_count: Attention heads of the pooling, 64 wide each.
    """

    def __init__(self, checkpoint: Mapping[str, Tensor], source: str) -> None:
        super().__init__()
        names = {name: tensor for name, tensor in checkpoint.items() if name.startswith("visual.")}
        tensors = Tensors(names, source, "ResNet of CLIP")
        self.stem = nn.ModuleList(
            tensors.convolution(f"visual.conv{at}", f"visual.bn{at}", stride=2 if at == 1 else 1)
            for at in (1, 2, 3)
        )
        self.blocks = nn.Sequential(
            *(
                _Block(tensors, f"visual.layer{stage}.{at}", stride=2 if stage > 1 and at == 0 else 1)
                for stage in (1, 2, 3, 4)
                for at in range(layers(names, f"visual.layer{stage}."))
            )
        )
        self.pool = _AttentionPool(tensors)
        tensors.finish()
        self.size, self.width, self.head_count = 32 * self.pool.side, self.pool.width, self.pool.head_count

    def forward(self, pixels: Tensor) -> Tensor:
        """Features (n, width)."""
        x = pixels
        for convolution in self.stem:
            x = F.relu(convolution(x))
        features: Tensor = self.pool(self.blocks(F.avg_pool2d(x, 2)))
        return features


class _Block(nn.Module):
    """A bottleneck that averages before it takes steps, so that nothing is skipped."""

    def __init__(self, tensors: Tensors, name: str, *, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = tensors.convolution(f"{name}.conv1", f"{name}.bn1")
        self.conv2 = tensors.convolution(f"{name}.conv2", f"{name}.bn2")
        self.conv3 = tensors.convolution(f"{name}.conv3", f"{name}.bn3")
        direct = f"{name}.downsample.0.weight" in tensors
        self.direct = tensors.convolution(f"{name}.downsample.0", f"{name}.downsample.1") if direct else None

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.conv2(F.relu(self.conv1(x))))
        if self.stride > 1:
            y = F.avg_pool2d(y, self.stride)
        if self.direct is not None:
            x = self.direct(F.avg_pool2d(x, self.stride) if self.stride > 1 else x)
        return F.relu(self.conv3(y) + x)


class _AttentionPool(nn.Module):
    """The mean of all places asks all places: attention with one query."""

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()
        positions = tensors.take("visual.attnpool.positional_embedding", None, None)
        inner = positions.shape[1]
        self.side = math.isqrt(len(positions) - 1)
        if self.side**2 != len(positions) - 1:
            raise InputError(
                f"{tensors.source} pools over {len(positions)} positions; one more than a square is needed"
            )
        self.head_count = max(1, inner // 64)
        self.positions = nn.Parameter(positions, requires_grad=False)
        self.query, self.key, self.value, self.out = (
            tensors.linear(f"visual.attnpool.{part}_proj", inner) for part in "qkvc"
        )
        self.width = self.out.out_features

    def forward(self, x: Tensor) -> Tensor:
        places = x.flatten(2).transpose(1, 2)  # (n, places, inner)
        tokens = torch.cat([places.mean(dim=1, keepdim=True), places], dim=1) + self.positions

        def split(values: Tensor) -> Tensor:
            return values.unflatten(-1, (self.head_count, -1)).transpose(1, 2)

        found = F.scaled_dot_product_attention(
            split(self.query(tokens[:, :1])), split(self.key(tokens)), split(self.value(tokens))
        )
        pooled: Tensor = self.out(found.transpose(1, 2).flatten(2))
        return pooled[:, 0]
