"""LBP: local binary patterns (Ojala, Pietikäinen & Mäenpää, 2002), by scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders._descriptor import Descriptor, at_least, grey, needed, whole_numbers
from tuwen.errors import InputError


@dataclass(kw_only=True, eq=False)
class Lbp(Descriptor):
    """Texture: how often which small pattern of lighter and darker neighbours occurs.

    Each pixel is compared with points on circles around it; uniform patterns (at most two changes
    around the circle) have a bin each, the others share one. The shares of each radius sum to one.

    Attributes:
        radii: Of the circles in pixels; a circle of radius r has 8 r points, at most 24.
        turn: Take patterns that are turns of each other for the same: 10 + 18 + 26 numbers for
            `1-2-3`; without it 59 for radius 1, 243 for 2, 555 for 3.
        grid: Cells a side; each has its own histograms.
        root: Take square roots of the shares.
    """

    extra: ClassVar[str] = "classic"
    square: ClassVar[bool] = False
    image_size = 256
    runtime = "scikit-image"

    radii: str = "1-2-3"
    turn: bool = True
    grid: int = 1
    root: bool = False

    def describe(self, rgb: Array) -> Array:
        """Radius by radius, cells row by row."""
        local_binary_pattern = needed("skimage.feature", "lbp", "scikit-image").local_binary_pattern
        luma, parts = grey(rgb), []
        for radius, points, bins in self._circles:
            codes = local_binary_pattern(luma, points, radius, "uniform" if self.turn else "nri_uniform")
            for row in np.array_split(codes.astype(np.intp), self.grid):
                for cell in np.array_split(row, self.grid, axis=1):
                    parts.append(np.bincount(cell.ravel(), minlength=bins) / codes.size)
        shares = np.concatenate(parts)
        return np.asarray(np.sqrt(shares) if self.root else shares, dtype=np.float32)

    def _check_options(self) -> None:
        at_least(1, grid=self.grid)
        radii = whole_numbers("radii", self.radii)
        if max(radii) > 16:
            raise InputError(f"radii must be at most 16 pixels, got {self.radii}")
        points = [min(8 * radius, 24) for radius in radii]
        bins = [n + 2 if self.turn else n * (n - 1) + 3 for n in points]
        self._circles = list(zip(radii, points, bins, strict=True))

    def _width(self) -> int:
        return self.grid**2 * sum(bins for _, _, bins in self._circles)
