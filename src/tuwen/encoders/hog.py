"""HOG: histograms of oriented gradients (Dalal & Triggs, 2005), by scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders._descriptor import Descriptor, at_least, needed
from tuwen.errors import InputError


@dataclass(kw_only=True, eq=False)
class Hog(Descriptor):
    """Outlines: where in the picture edges of which direction are; good for layout and silhouettes.

    The picture is squashed to a square of cells. Each cell counts the directions of its gradients,
    without sign, in the colour channel where they are steepest; blocks of neighbouring cells are
    normalised together (L2 with clipping at 0.2).

    Attributes:
        side: Of the square, in pixels; a multiple of `cells`.
        cells: Cells a side.
        orientations: Directions within 180 degrees.
        block: Cells a side of a block.
    """

    runtime = "scikit-image"

    extra: ClassVar[str] = "classic"

    side: int = 128
    cells: int = 8
    orientations: int = 9
    block: int = 2

    def describe(self, rgb: Array) -> Array:
        """Blocks from top left to bottom right, each cell by cell, each direction by direction."""
        hog = needed("skimage.feature", "hog", "scikit-image").hog
        pixels = self.side // self.cells
        made = hog(
            rgb,
            orientations=self.orientations,
            pixels_per_cell=(pixels, pixels),
            cells_per_block=(self.block, self.block),
            block_norm="L2-Hys",
            channel_axis=-1,
        )
        return np.asarray(made, dtype=np.float32)

    def _check_options(self) -> None:
        at_least(1, cells=self.cells, orientations=self.orientations, block=self.block)
        at_least(2 * self.cells, side=self.side)
        if self.side % self.cells:
            raise InputError(f"side must be a multiple of cells, got side={self.side}, cells={self.cells}")
        if self.block > self.cells:
            raise InputError(f"block must be at most cells, got block={self.block}, cells={self.cells}")
        self.image_size = self.side

    def _width(self) -> int:
        return (self.cells - self.block + 1) ** 2 * self.block**2 * self.orientations
