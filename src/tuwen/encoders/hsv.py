"""HSV: histograms of hue, saturation and value (Swain & Ballard, 1991), and moments of colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image

from tuwen.arrays import Array
from tuwen.encoders._descriptor import Descriptor, at_least, whole_numbers


@dataclass(kw_only=True, eq=False)
class Hsv(Descriptor):
    """Colours: which share of the picture has which hue, saturation and brightness together.

    A joint histogram; with `levels` also one of each cell of finer and finer grids, so that it counts
    where the colours are (the pyramid of Lazebnik et al., 2006, without its weights).

    Attributes:
        bins: Of hue, saturation and value: `8-3-3` gives 72 numbers, `16-4-4` 256.
        levels: 1 for the whole picture; 2 adds the cells of a 2 x 2 grid, 3 those of 4 x 4, ...
            The histograms of a level sum to one.
        moments: Append mean, deviation and the cube root of the third moment of each channel, of the
            whole picture (Stricker & Orengo, 1995), 9 numbers, each channel from 0 to 1.
        root: Take square roots of the shares: cosines then are the Bhattacharyya coefficient, and
            large plain areas count for less.
    """

    square: ClassVar[bool] = False
    image_size = 256

    bins: str = "8-3-3"
    levels: int = 1
    moments: bool = False
    root: bool = False

    def describe(self, rgb: Array) -> Array:
        """Level by level, cells row by row; hue, then saturation, then value runs slowest."""
        pixels = np.asarray(Image.fromarray(rgb).convert("HSV"))
        codes = np.zeros(pixels.shape[:2], dtype=np.intp)
        for channel, count in enumerate(self._bins):
            codes = codes * count + pixels[..., channel].astype(np.intp) * count // 256
        shares = np.concatenate(
            [
                np.bincount(cell.ravel(), minlength=self._colours) / (codes.size)
                for level in range(self.levels)
                for cell in _cells(codes, 2**level)
            ]
        )
        parts = [np.sqrt(shares) if self.root else shares]
        if self.moments:
            parts.append(_moments(pixels))
        return np.concatenate(parts).astype(np.float32)

    def _check_options(self) -> None:
        at_least(1, levels=self.levels)
        self._bins = whole_numbers("bins", self.bins, 3)
        self._colours = int(np.prod(self._bins))

    def _width(self) -> int:
        cells = int(4**self.levels - 1) // 3
        return self._colours * cells + (9 if self.moments else 0)


def _cells(values: Array, count: int) -> list[Array]:
    """The cells of a grid of count x count, row by row; some are empty where a side is shorter."""
    return [cell for row in np.array_split(values, count) for cell in np.array_split(row, count, axis=1)]


def _moments(pixels: Array) -> Array:
    """Mean, deviation and cube root of the third central moment of each channel, 9 numbers."""
    values = pixels.reshape(-1, 3) / 255
    mean = values.mean(axis=0)
    away = values - mean
    return np.concatenate([mean, np.sqrt((away**2).mean(axis=0)), np.cbrt((away**3).mean(axis=0))])
