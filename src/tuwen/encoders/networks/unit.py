"""Towers as they are exported: pixels or token ids in, rows of length one out."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from tuwen.encoders.inputs.recipe import Recipe


class Pictures(nn.Module):
    """A picture tower with its normalisation: (n, size, size, 3) uint8 to (n, width).

    The normalisation is part of the graph: bytes are a quarter of the floats to move, and no caller
    can forget it.
    """

    def __init__(self, tower: nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self.tower = tower
        # black and white as the recipe makes them; what lies between is on the line through both
        ends = recipe.normalise(np.array([0, 255], dtype=np.uint8).reshape(2, 1, 1, 1).repeat(3, axis=3))
        black, white = torch.from_numpy(ends.astype(np.float64)).reshape(2, 1, 3, 1, 1)
        self.register_buffer("factor", ((white - black) / 255).float())
        self.register_buffer("offset", black.float())

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Vectors of pixels as pictures have them."""
        values = pixels.permute(0, 3, 1, 2).to(torch.float32) * self.factor + self.offset
        return nn.functional.normalize(self.tower(values), dim=-1)


class Texts(nn.Module):
    """A text tower: ids and mask (n, t) int64 to (n, width)."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Vectors of token ids."""
        return nn.functional.normalize(self.tower(ids, mask), dim=-1)
