"""The base of hand-made features of pictures: a fixed recipe from pixels to a row, nothing learned."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from tuwen.arrays import Array
from tuwen.encoders.base import Encoder, Source, opened
from tuwen.errors import InputError, MissingExtra
from tuwen.pixels import resized


@dataclass(kw_only=True, eq=False)
class Descriptor(Encoder):
    """Describes a picture by a fixed recipe; options are dataclass fields.

    The whole feature is made by `prepare`, which callers run in threads beside the decoding, so nothing
    is left for `_encode_images`. A picture that shows nothing to a recipe (one flat tone has no edges)
    gives a row of zeros.

    Attributes:
        recipe: A number that rises whenever the same options begin to give other vectors.
        square: Whether pictures are squashed to a square; else they keep their shape and are shrunk
            until the longer side is `image_size`.
    """

    recipe: ClassVar[int] = 1
    square: ClassVar[bool] = True
    modalities = frozenset({"image"})
    runtime = "NumPy"

    def __post_init__(self) -> None:
        family = type(self).__module__.rpartition(".")[2]
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        changed = {field.name for field in fields(self) if given[field.name] != field.default}
        self.name = ",".join([family, *(f"{key}={_word(given[key])}" for key in given if key in changed)])
        self.fingerprint = ",".join(
            [f"{family}-{self.recipe}", *(f"{key}={_word(value)}" for key, value in given.items())]
        )
        self._check_options()
        self.width = self._width()

    def prepare(self, image: Source) -> Array:
        """The feature of one picture, (width,) float32.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        return self.describe(np.asarray(sized(image, self.image_size, square=self.square)))

    @abstractmethod
    def describe(self, rgb: Array) -> Array:
        """The feature of upright RGB pixels of the right size, (h, w, 3) uint8, as (width,) float32."""

    @abstractmethod
    def _check_options(self) -> None:
        """Raise InputError where options make no sense; set what follows from them."""

    @abstractmethod
    def _width(self) -> int:
        """Columns of the vectors."""

    def _encode_images(self, pixels: Array) -> Array:
        return pixels


def sized(image: Source, side: int, *, square: bool) -> Image.Image:
    """A picture, upright, RGB, squashed to `side` x `side`, or shrunk until its longer side is `side`.

    A picture that keeps its shape is never enlarged; one that is far longer than wide keeps one pixel.

    Raises:
        PictureError: It cannot be decoded.
    """
    picture = opened(image, side)
    if square:
        size = (side, side)
    else:
        scale = min(1.0, side / max(picture.size))
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return resized(picture, size, Image.Resampling.BILINEAR, reducing_gap=3.0)


def grey(rgb: Array) -> Array:
    """Luma of RGB pixels (h, w, 3) uint8 (ITU-R 601), (h, w) uint8."""
    return np.asarray(Image.fromarray(rgb).convert("L"))


def needed(module: str, family: str, package: str) -> Any:
    """Import a module that a family needs, at the time it is used.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"{family} needs {package}; install it with: pip install 'tuwen[classic]'"
        ) from error


def whole_numbers(option: str, value: str, count: int | None = None) -> tuple[int, ...]:
    """An option such as `8-8-4` as numbers of at least 1.

    Raises:
        InputError: It is not so many whole numbers joined by `-`.
    """
    parts = str(value).split("-")
    numbers = tuple(int(part) for part in parts if part.isascii() and part.isdigit())
    if len(numbers) != len(parts) or min(numbers) < 1 or (count is not None and len(numbers) != count):
        many = f"{count} " if count else ""
        raise InputError(f"{option} must be {many}whole numbers from 1 joined by '-', such as "
                         f"{'-'.join(['8'] * (count or 3))}; got {value!r}")  # fmt: skip
    return numbers


def at_least(least: float, **options: float) -> None:
    """Check that options are not smaller than `least`.

    Raises:
        InputError: One is.
    """
    for option, value in options.items():
        if not value >= least:
            raise InputError(f"{option} must be at least {least}, got {value}")


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
