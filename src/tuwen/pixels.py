"""Pixels of opened pictures: JPEGs decoded at a fraction, resizing in step with it; faster with `fast`.

Without the extra `fast` every pixel is Pillow's. With it, decoding gives the same pixels sooner, and
resizing differs from Pillow by 0.003 levels of 255 on average in photographs, 0.09 in noise; `TUWEN_FAST=0`
turns it off.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from tuwen.arrays import Array

#: A JPEG is decoded at a half, a quarter or an eighth as long as it stays so many times as large as
#: needed: the mean difference from decoding it whole is then at most 0.2 of 255 for photographs.
NEAR = 3
#: Larger pictures are left to Pillow, which needs less memory and lets other threads run meanwhile.
FAST_PIXELS = 1 << 22

Box = tuple[float, float, float, float]

_FILTERS = {Image.Resampling.BICUBIC: "catmull_rom", Image.Resampling.BILINEAR: "bilinear"}
_threads = threading.local()


class Pending(Image.Image):
    """An RGB picture that Pillow gets the pixels of when it first needs them.

    Copying them to Pillow's own memory and back costs as much as decoding; most pictures are only
    resized, and then made an array.

    Args:
        pixels: (height, width, 3) uint8.
    """

    def __init__(self, pixels: Array) -> None:
        super().__init__()
        self._mode = "RGB"
        self._size = (pixels.shape[1], pixels.shape[0])
        self._pixels = pixels
        self._pixels.flags.writeable = False

    @property
    def waiting(self) -> Array | None:
        """The pixels, unless Pillow has them, and may have changed them."""
        return self._pixels if self._im is None else None

    def load(self) -> Any:
        """Give Pillow the pixels; everything that it does to a picture begins with this."""
        if self._im is None:
            self.im = Image.fromarray(self._pixels).im
        return super().load()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return self._pixels.__array_interface__ if self._im is None else super().__array_interface__


def fast() -> bool:
    """Whether what the extra `fast` installs may be used."""
    return os.environ.get("TUWEN_FAST", "1") != "0"


def reduce(image: ImageFile.ImageFile, size: int) -> None:
    """Let a JPEG that is far larger than `size` pixels a side be decoded at a fraction.

    The decoder rounds the sides up, so that the last row and column may stand for less than a pixel:
    `resized` needs to know by how much, or the picture would be shifted and blurred.
    """
    # None keeps the colour space: a draft to RGB would turn an Adobe CMYK picture wrong
    made = image.draft(None, (NEAR * size, NEAR * size))
    if made is not None:
        image.info["extent"] = tuple(float(side) for side in made[1])


def decoded(image: ImageFile.ImageFile, data: bytes) -> Image.Image:
    """The picture with all its pixels, from its opened file and that file's bytes.

    Raises:
        Exception: Whatever Pillow raises on bytes that are not well formed.
    """
    made = _decoded_fast(image, data) if image.format in ("JPEG", "MPO") and fast() else None
    if made is None:
        image.load()
        return image
    return made


def extent(image: Image.Image) -> Box:
    """The part of the pixels that the picture covers: left, top, right, bottom.

    All of them, but for a picture decoded at a fraction whose sides were rounded up.
    """
    width, height = image.size
    found: Box | None = image.info.get("extent")
    if found is not None:
        left, top, right, bottom = found
        # of this very picture, not of one that it was cut out of
        if (
            left >= 0
            and right <= width < right - left + 1
            and top >= 0
            and bottom <= height < bottom - top + 1
        ):
            return found
    return (0.0, 0.0, float(width), float(height))


def turned(image: Image.Image, turn: Image.Transpose) -> Image.Image:
    """The picture turned, with what it covers."""
    width, height = image.size
    left, top, right, bottom = extent(image)
    if turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180):
        left, right = width - right, width - left
    if turn in (Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180):
        top, bottom = height - bottom, height - top
    if turn in (Image.Transpose.ROTATE_90, Image.Transpose.TRANSVERSE):
        left, right = width - right, width - left
    if turn in (Image.Transpose.ROTATE_270, Image.Transpose.TRANSVERSE):
        top, bottom = height - bottom, height - top
    sideways = turn not in (
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.ROTATE_180,
    )
    made = image.transpose(turn)
    made.info.clear()  # it would ask to be turned again
    made.info["extent"] = (top, left, bottom, right) if sideways else (left, top, right, bottom)
    return made


def resized(
    image: Image.Image,
    size: tuple[int, int],
    resample: Image.Resampling = Image.Resampling.BICUBIC,
    *,
    reducing_gap: float | None = None,
) -> Image.Image:
    """A picture squashed or stretched to `size`, (width, height), with antialiasing.

    As `Image.resize`, but right to the fraction of a pixel for a picture decoded at a fraction.
    """
    box = extent(image)
    if box == (0, 0, *size):
        return image
    made = None
    small = image.width * image.height <= FAST_PIXELS
    if image.mode == "RGB" and resample in _FILTERS and reducing_gap is None and small and fast():
        made = _resized_fast(image, size, box, _FILTERS[resample])
    if made is None:
        made = image.resize(size, resample, box=box, reducing_gap=reducing_gap)
        made.info.pop("extent", None)
    return made


def _decoded_fast(image: ImageFile.ImageFile, data: bytes) -> Image.Image | None:
    """The same pixels from simplejpeg, or None: then Pillow decodes, or says what is wrong."""
    width, height = image.size
    if image.mode not in ("RGB", "L") or width * height > FAST_PIXELS or not _there("simplejpeg"):
        return None
    import simplejpeg

    # the smallest fraction that reaches these sides; whole pictures are asked for without them, as tiny
    # ones reach theirs at seven eighths too
    whole = image.info.get("full_size", image.size) == image.size
    sides = {} if whole else {"min_width": width, "min_height": height}
    try:
        # strict: a file with anything odd in it is Pillow's to judge
        pixels = simplejpeg.decode_jpeg(data, "RGB" if image.mode == "RGB" else "GRAY", strict=True, **sides)
    except (ValueError, RuntimeError, MemoryError):
        return None
    if pixels.shape[:2] != (height, width):
        return None
    if image.mode == "RGB":
        made: Image.Image = Pending(pixels)
    else:
        made = Image.frombuffer("L", image.size, pixels, "raw", "L", 0, 1)
    made.info = image.info
    return made


def _resized_fast(image: Image.Image, size: tuple[int, int], box: Box, name: str) -> Image.Image | None:
    """Resized by cykooz-resizer, or None when it is not installed.

    First across and then down, each rounded to 8 bits, as Pillow does it: in one step it goes down
    first, and the mean difference is fifty times as large.
    """
    if not _there("cykooz_resizer"):
        return None
    from cykooz_resizer import CropBox, ImageData, PixelType, ResizeAlg, ResizeOptions

    left, top, right, bottom = box
    across = CropBox(left, 0, right - left, image.height)
    down = CropBox(0, top, size[0], bottom - top)
    waiting = image.waiting if isinstance(image, Pending) else None
    data = image.tobytes() if waiting is None else waiting.tobytes()
    made = ImageData(image.width, image.height, PixelType.U8x3, data)
    # the plain-bytes interface: the other one reads Pillow's memory by a layout that Pillow may change
    resizer, kind = _resizer(name)
    for crop, width, height in ((across, size[0], image.height), (down, *size)):
        target = ImageData(width, height, PixelType.U8x3)
        options = ResizeOptions(resize_alg=ResizeAlg.convolution(kind), use_alpha=False, crop_box=crop)
        resizer.resize(made, target, options)
        made = target
    return Pending(np.frombuffer(made.get_buffer(), dtype=np.uint8).reshape(size[1], size[0], 3))


def _resizer(name: str) -> tuple[Any, Any]:
    """The resizer of this thread, as one cannot serve two at a time, and its filter of this name."""
    from cykooz_resizer import FilterType, Resizer

    if not hasattr(_threads, "resizer"):
        _threads.resizer = Resizer()
    return _threads.resizer, FilterType[name]


@cache
def _there(module: str) -> bool:
    """Whether a module of the extra is installed, and fits this Python and numpy."""
    try:
        import_module(module)
    except ImportError:
        return False
    return True
