"""Pictures from files and bytes: what is read, what is refused and why, upright RGB, perceptual hash."""

from __future__ import annotations

import errno
import os
import stat
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile, features

from tuwen import pixels, signatures
from tuwen.arrays import Array
from tuwen.errors import PictureError

MAX_PIXELS = 200_000_000
MAX_BYTES = 1 << 30
MAX_EXIF = 1 << 20

# Only these are opened: Pillow's other readers start programs (EPS) or are rarely looked after.
_READERS = {
    "JPEG": ("PIL.JpegImagePlugin", "jpeg_factory"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIF": ("pillow_heif", "HeifImageFile"),
}
# what Pillow's readers raise on bytes that are not well formed
_BROKEN = (
    SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OSError, RuntimeError,
    ArithmeticError, AttributeError, struct.error,
)  # fmt: skip
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112


def load(path: Path, *, size: int = 0) -> Image.Image:
    """Read and decode a picture file.

    Args:
        path: The file.
        size: Side in pixels the picture is needed at; a JPEG far larger is decoded at a fraction of its
            size, and `pixels.resized` brings it to the side. 0 decodes every pixel.

    Raises:
        PictureError: It is not a whole picture of a known format; `code` says why.
    """
    return load_bytes(read(path)[0], str(path), size=size)


def read(path: Path) -> tuple[bytes, os.stat_result]:
    """The bytes of a regular file and its status at that moment; never waits on a pipe or a device.

    Raises:
        PictureError: There is no file, it is no regular file, or it cannot be read.
    """
    try:
        # opening a device can have effects, and a pipe would wait for a writer: look before, do not wait
        _regular(path, path.stat())
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as stream:
            status = os.fstat(handle)
            _regular(path, status)
            return stream.read(), status
    except (OSError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(*_cannot_read(path, error)) from error


def load_bytes(data: bytes, name: str, *, size: int = 0, most: int | None = None) -> Image.Image:
    """Decode a picture from its encoded bytes; `name` stands for it in messages.

    Animations give their first frame. `info["full_size"]` of the result is its width and height as
    stored, whatever it was decoded at. More than `most` pixels, `MAX_PIXELS` when None, are refused before
    any is decoded.

    Raises:
        PictureError: The bytes are not a whole picture of a known format; `code` says why.
    """
    kind = signatures.picture(data)
    if kind is None:
        raise PictureError(*signatures.refusal(data, name))
    with _quiet():
        image = _open(kind, data, name)
        width, height = image.size
        most = MAX_PIXELS if most is None else most
        if width * height > most:
            raise PictureError(
                "too-large",
                f"{name} is {width} x {height} pixels, more than {most // 1_000_000} megapixels; "
                "make it smaller first",
            )
        if kind == "PNG":
            _check_png(data, name)
        image.info["full_size"] = (width, height)
        if size:
            pixels.reduce(image, size)
        try:
            return pixels.decoded(image, data)
        except (MemoryError, Image.DecompressionBombError) as error:
            raise PictureError("too-large", f"{name} does not fit into memory ({error})") from error
        except _BROKEN as error:
            raise _broken(kind, data, name, error) from error


def upright_rgb(image: Image.Image) -> Image.Image:
    """The picture as people see it, in RGB: turned as its EXIF says, on white where it is transparent.

    16-bit greys are scaled from 0..65535; 32-bit and float greys from their own range, unless they
    lie in 0..1, 0..255 or 0..65535. Done twice, it changes nothing more.
    """
    with _quiet():
        turn = _TURNS.get(_orientation(image))
        if image.mode != "RGB" or "transparency" in image.info:
            image = _rgb(image)
        if turn is not None:
            image = pixels.turned(image, turn)
    return image


def perceptual_hash(image: Image.Image) -> int:
    """A 64-bit hash that stays nearly the same when a picture is scaled, recompressed or toned.

    The signs of the 8 x 8 lowest frequencies of a 32 x 32 grey version, against their median
    (pHash). Pictures are near-duplicates when few bits differ, say 6.
    """
    grey = image.convert("L").resize((32, 32), Image.Resampling.BOX)
    spectrum = _COSINES @ np.asarray(grey, dtype=np.float64) @ _COSINES.T
    # rounded, so that the noise of arithmetic does not decide the bits of a flat picture
    low = np.round(spectrum.ravel(), 6)
    ordered = np.sort(low)  # half the price of np.median
    bits = np.packbits(low > (ordered[31] + ordered[32]) / 2)
    return int.from_bytes(bits.tobytes(), "big")


def thumbnail(image: Image.Image, *, side: int = 160) -> bytes:
    """A small JPEG of the picture, at most `side` pixels wide and high."""
    small = upright_rgb(image)
    scale = side / max(small.size)
    if scale < 1:
        width, height = (max(1, round(length * scale)) for length in small.size)
        small = small.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    stream = BytesIO()
    small.save(stream, "JPEG", quality=80)
    return stream.getvalue()


def _cosines() -> Array:
    """The first 8 rows of the 32-point DCT-II, (8, 32)."""
    k, n = np.arange(8)[:, None], np.arange(32)[None, :]
    return np.asarray(np.cos(np.pi * k * (2 * n + 1) / 64))


_COSINES = _cosines()


def _regular(path: Path, status: os.stat_result) -> None:
    mode = status.st_mode
    if not stat.S_ISREG(mode):
        kinds: list[tuple[Callable[[int], bool], str]] = [
            (stat.S_ISDIR, "a folder"),
            (stat.S_ISFIFO, "a pipe"),
            (stat.S_ISSOCK, "a socket"),
        ]
        kind = next((word for test, word in kinds if test(mode)), "a device")
        raise PictureError("not-a-file", f"{path} is {kind}, not a file")
    if status.st_size > MAX_BYTES:
        raise PictureError(
            "too-large", f"{path} has {status.st_size:,} bytes; pictures up to {MAX_BYTES:,} are read"
        )


def _cannot_read(path: Path, error: Exception) -> tuple[str, str]:
    """Code and message for a file that could not be opened or read."""
    if isinstance(error, ValueError):
        return "bad-path", f"{str(path)!r} is not a possible path ({error})"
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ELOOP:
        return "link-loop", f"{path} is a link that leads back to itself"
    if number == errno.ENOENT and path.is_symlink():
        return "broken-link", f"{path} is a link to {os.readlink(path)}, which is not there"  # noqa: PTH115
    if number in (errno.ENOENT, errno.ENOTDIR):
        return "missing", f"{path} is not there"
    if number == errno.ENAMETOOLONG:
        return "bad-path", f"{str(path)[:80]}... is longer than a path may be"
    if number in (errno.EACCES, errno.EPERM):
        return "not-readable", f"{path} may not be read by this user; change its permissions"
    if number == errno.ENXIO:
        return "not-a-file", f"{path} is a pipe or a device, not a file"
    reason = error.strerror if isinstance(error, OSError) else error
    return "not-readable", f"{path} cannot be read ({reason})"


def _open(kind: str, data: bytes, name: str) -> ImageFile.ImageFile:
    """The picture with its header read and no pixel decoded."""
    module, reader = _READERS[kind]
    if (kind == "AVIF" and not features.check("avif")) or (kind == "HEIF" and find_spec(module) is None):
        extra = "; install it with: pip install 'tuwen[heif]'" if kind == "HEIF" else ""
        raise PictureError("unsupported-format", f"{name} is {kind}, which is not supported here{extra}")
    if signatures.is_zero_sided(kind, data):
        raise PictureError("empty", f"{name} is a {kind} of no width or no height: it has no pixels")
    if (bomb := signatures.bomb(kind, data)) is not None:
        raise PictureError("too-large", f"{name} is {bomb}; save it anew with another program")
    try:
        # not Image.open: its own pixel bound is a global that warns, and it would try other formats
        image: ImageFile.ImageFile = getattr(import_module(module), reader)(BytesIO(data))
    except Image.DecompressionBombError as error:
        raise PictureError("too-large", f"{name} has too many pixels ({error})") from error
    except _BROKEN as error:
        raise _broken(kind, data, name, error) from error
    if 0 in image.size:
        raise PictureError("empty", f"{name} is {image.size[0]} x {image.size[1]}: it has no pixels")
    return image


def _check_png(data: bytes, name: str) -> None:
    """Check what Pillow leaves out: the checksums of a PNG's pixel data, and that it has an end."""
    fault = signatures.png_fault(data)
    if fault == "truncated":
        raise PictureError(fault, f"{name} is a PNG that ends too early; copy or download it again")
    if fault is not None:
        raise PictureError("damaged", f"{name} is a PNG whose {fault}; restore it from a copy")


def _broken(kind: str, data: bytes, name: str, error: Exception) -> PictureError:
    """The error for bytes that begin like a picture but cannot be decoded."""
    words = str(error).lower()
    if "too large" in words and kind == "PNG":
        return PictureError("too-large", f"{name} holds compressed text that unpacks to too much ({error})")
    if "truncated" in words or "end of file" in words or signatures.is_cut(kind, data):
        return PictureError("truncated", f"{name} is a {kind} that ends too early; copy or download it again")
    return PictureError("damaged", f"{name} is a damaged {kind} ({str(error)[:120]}); restore it from a copy")


def _orientation(image: Image.Image) -> int:
    try:
        if len(image.info.get("exif", b"")) > MAX_EXIF:
            return 1  # a PNG may say that it has millions of orientations
        return int(image.getexif().get(_ORIENTATION, 1))
    except _BROKEN:
        return 1  # a broken EXIF block says nothing about the pixels, which are whole


def _rgb(image: Image.Image) -> Image.Image:
    mode = image.mode
    if mode in ("I", "F") or mode.startswith("I;16"):
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if mode == "LAB":
        return _from_lab(image)
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")


def _eight_bits(grey: Array) -> Array:
    """Grey values of any range as uint8, (h, w)."""
    if grey.dtype.kind == "u" and grey.dtype.itemsize == 2:
        return np.asarray((grey.astype(np.uint32) + 128) // 257, dtype=np.uint8)
    values = np.nan_to_num(grey.astype(np.float64), posinf=0, neginf=0)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:
        values = (values - low) / max(high - low, 1e-12)
    else:
        values = values / (1 if high <= 1 and grey.dtype.kind == "f" else 255 if high <= 255 else 65535)
    return np.asarray(np.round(values * 255), dtype=np.uint8)


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    turned: Any = ImageCms.applyTransform(image, ImageCms.buildTransform(lab, srgb, "LAB", "RGB"))
    return turned if isinstance(turned, Image.Image) else image.convert("L").convert("RGB")


_quiet_lock = threading.Lock()
_quiet_state: dict[str, Any] = {"depth": 0, "outer": None}


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings from Pillow about odd files, which are none of the caller's business.

    `warnings.catch_warnings` is not safe in threads: the first thread in sets the filter for all, the
    last one out takes it away.
    """
    with _quiet_lock:
        if _quiet_state["depth"] == 0:
            _quiet_state["outer"] = warnings.catch_warnings()
            _quiet_state["outer"].__enter__()
            warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif)\b")
        _quiet_state["depth"] += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_state["depth"] -= 1
            if _quiet_state["depth"] == 0:
                _quiet_state["outer"].__exit__(None, None, None)
