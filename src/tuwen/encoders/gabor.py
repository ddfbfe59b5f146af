"""Gabor: the energy of texture by scale and direction (Manjunath & Ma, 1996), by scikit-image and SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders._descriptor import Descriptor, at_least, grey, needed
from tuwen.errors import InputError

_FINEST = 0.25  # cycles a pixel
_REACH = 3  # deviations of the Gaussian that a kernel holds


@dataclass(kw_only=True, eq=False)
class Gabor(Descriptor):
    """Texture: how strong, and how uneven, structure of each scale and direction is over the picture.

    The picture is squashed to a square and its luma filtered with complex Gabor kernels of one octave,
    0.25, 0.125, ... cycles a pixel, that do not answer to plain brightness.

    Attributes:
        side: Of the square, in pixels.
        scales: How many octaves.
        orientations: Directions within 180 degrees, counterclockwise from waves that run to the right.
    """

    runtime = "scikit-image"

    extra: ClassVar[str] = "classic"

    side: int = 128
    scales: int = 4
    orientations: int = 6

    def describe(self, rgb: Array) -> Array:
        """Mean and deviation of the magnitude, scale by scale from the finest, direction by direction."""
        from scipy import fft

        pad = self._margin
        spectrum = fft.fft2(np.pad(grey(rgb).astype(np.float32) / 255, pad, mode="symmetric"))
        made = []
        for transfer in self._bank:
            answer = np.abs(fft.ifft2(spectrum * transfer))[pad : pad + self.side, pad : pad + self.side]
            made += [answer.mean(), answer.std()]
        return np.asarray(made, dtype=np.float32)

    @cached_property
    def _bank(self) -> Array:
        """The transfer functions of the kernels, (scales * orientations, n, n) complex64."""
        gabor_kernel = needed("skimage.filters", "gabor", "scikit-image").gabor_kernel
        side = self.side + 2 * self._margin
        bank = np.empty((self.scales * self.orientations, side, side), dtype=np.complex64)
        for place in range(len(bank)):
            scale, turn = divmod(place, self.orientations)
            # rows run downwards, hence the minus
            kernel = gabor_kernel(
                _FINEST / 2**scale, theta=-np.pi * turn / self.orientations, bandwidth=1, n_stds=_REACH
            )
            envelope = np.abs(kernel)
            kernel -= envelope * (kernel.sum() / envelope.sum())  # plain brightness gives nothing
            padded = np.zeros((side, side), dtype=complex)
            padded[: kernel.shape[0], : kernel.shape[1]] = kernel
            shift = (-(kernel.shape[0] // 2), -(kernel.shape[1] // 2))
            bank[place] = np.fft.fft2(np.roll(padded, shift, axis=(0, 1)))
        return bank

    def _check_options(self) -> None:
        at_least(1, scales=self.scales, orientations=self.orientations)
        at_least(16, side=self.side)
        # the Gaussian of an octave wide filter has a deviation of 0.56 wavelengths
        self._margin = int(np.ceil(_REACH * 0.57 * 2 ** (self.scales - 1) / _FINEST))
        if self._margin > self.side:
            raise InputError(
                f"scales={self.scales} are too coarse for side={self.side}; take fewer, or a larger side"
            )
        self.image_size = self.side

    def _width(self) -> int:
        return 2 * self.scales * self.orientations
