"""GIST: the shape of a scene (Oliva & Torralba, 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders._descriptor import Descriptor, at_least, whole_numbers
from tuwen.errors import InputError

_MARGIN = 32  # pixels of mirrored picture around it, so that opposite borders do not meet in the FFT
_PREFILTER_MARGIN = 5
_CUTOFF = 4  # cycles per picture below which the prefilter takes brightness and contrast away


@dataclass(kw_only=True, eq=False)
class Gist(Descriptor):
    """The layout of a scene: how much structure of each scale and direction each part of it has.

    The picture, squashed to a square (the authors crop), stretched to its full range of brightness and
    with local contrast evened out, passes through a bank of Gabor-like filters; a feature is the mean
    magnitude of one filter's answer in one cell of a grid. Filters, constants and numbers are those of
    the authors' own code, which has the cells of a grid column by column.

    Attributes:
        side: Of the square, in pixels.
        orientations: Directions at each scale, from fine to coarse. `8-8-8-8` gives the usual 512
            numbers, `8-8-4` on `side=32` with `colour=true` the 960 of Douze et al. (2009).
        blocks: Cells of the grid a side.
        colour: Describe red, green and blue apart instead of their mean.
    """

    runtime = "SciPy"

    side: int = 256
    orientations: str = "8-8-8-8"
    blocks: int = 4
    colour: bool = False

    def describe(self, rgb: Array) -> Array:
        """Channel by channel, filter by filter from fine to coarse, cells row by row."""
        pixels = rgb.astype(np.float32)
        channels = pixels.transpose(2, 0, 1) if self.colour else pixels.mean(axis=2)[None]
        return np.concatenate([self._channel(channel) for channel in channels])

    def _channel(self, channel: Array) -> Array:
        from scipy import fft

        low, high = float(channel.min()), float(channel.max())
        if low == high:
            return np.zeros(sum(self._filters) * self.blocks**2, dtype=np.float32)
        even = prefilter((channel - low) * np.float32(255 / (high - low)))
        spectrum = fft.fft2(np.pad(even, _MARGIN, mode="symmetric"))
        inner = slice(_MARGIN, _MARGIN + self.side)
        edges = np.linspace(0, self.side, self.blocks + 1).astype(int)
        made = [
            _block_means(np.abs(fft.ifft2(spectrum * transfer))[inner, inner], edges)
            for transfer in self._bank
        ]
        return np.concatenate(made).astype(np.float32)

    def _check_options(self) -> None:
        at_least(1, blocks=self.blocks)
        at_least(16, side=self.side)
        if self.blocks > self.side:
            raise InputError(f"blocks must be at most side, got blocks={self.blocks}, side={self.side}")
        self.image_size = self.side
        self._filters = whole_numbers("orientations", self.orientations)

    def _width(self) -> int:
        return sum(self._filters) * self.blocks**2 * (3 if self.colour else 1)

    @cached_property
    def _bank(self) -> Array:
        """The filters, made at first use."""
        return gabor_bank(self.side + 2 * _MARGIN, self._filters)


def prefilter(channel: Array) -> Array:
    """Even out brightness and local contrast of a square picture (n, n) of 0..255, in float32.

    The logarithm minus its low frequencies, divided by the local deviation plus 0.2.
    """
    from scipy import fft

    side = len(channel) + 2 * _PREFILTER_MARGIN
    side += side % 2
    after = side - len(channel) - _PREFILTER_MARGIN
    padded = np.pad(np.log(channel + 1), (_PREFILTER_MARGIN, after), mode="symmetric")
    frequency = fft.fftfreq(side, 1 / side)
    width = _CUTOFF / np.sqrt(np.log(2))  # the Gaussian falls to a half at the cutoff
    gaussian = np.exp(-(frequency[:, None] ** 2 + frequency**2) / width**2).astype(np.float32)
    sharp = padded - fft.ifft2(fft.fft2(padded) * gaussian).real
    deviation = np.sqrt(np.abs(fft.ifft2(fft.fft2(sharp**2) * gaussian)))
    inner = slice(_PREFILTER_MARGIN, _PREFILTER_MARGIN + len(channel))
    return np.asarray((sharp / (0.2 + deviation))[inner, inner], dtype=np.float32)


def gabor_bank(side: int, orientations: tuple[int, ...]) -> Array:
    """Transfer functions over the frequencies of an FFT, (filters, side, side) float32.

    Scale s answers to 0.3 / 1.85^s cycles a pixel. Each filter has one lobe, on one side of the origin:
    its answer is complex, and the magnitude is the local amplitude, whatever the phase. Direction j of n
    is of waves that run at an angle of 180 j / n degrees, counterclockwise from the right.
    """
    frequency = np.fft.fftfreq(side)
    radius = np.hypot(frequency[:, None], frequency)
    angle = np.arctan2(frequency[:, None], np.broadcast_to(frequency, (side, side)))
    bank = []
    for scale, count in enumerate(orientations):
        ring = np.exp(-3.5 * (radius / (0.3 / 1.85**scale) - 1) ** 2)
        for turn in range(count):
            # rows run downwards, hence the plus
            away = (angle + np.pi * turn / count + np.pi) % (2 * np.pi) - np.pi
            bank.append(ring * np.exp(-2 * np.pi * (16 * count**2 / 32**2) * away**2))
    return np.asarray(bank, dtype=np.float32)


def _block_means(values: Array, edges: Array) -> Array:
    """Means over the cells of a grid with these edges both ways, row by row."""
    sums = np.add.reduceat(np.add.reduceat(values, edges[:-1], axis=0), edges[:-1], axis=1)
    sizes = np.diff(edges)
    return np.asarray(sums / (sizes[:, None] * sizes)).ravel()
