"""Pictures that are sent: bounded in bytes and pixels, of the formats that are read, and nothing besides."""

from __future__ import annotations

import base64
import binascii
import re

from PIL import Image

from tuwen import pictures, signatures
from tuwen.errors import PictureError

MEDIA = {
    "JPEG": "image/jpeg", "PNG": "image/png", "WebP": "image/webp", "GIF": "image/gif",
    "BMP": "image/bmp", "TIFF": "image/tiff", "AVIF": "image/avif", "HEIF": "image/heif",
}  # fmt: skip
"""Content types by the format's name."""

ENDINGS = {kind: "." + media.removeprefix("image/").replace("jpeg", "jpg") for kind, media in MEDIA.items()}
"""Endings of file names by the format's name."""

_HEAD, _TAIL = 4096, 1 << 16  # bytes of a file in which other kinds of files begin or end
_MARKUP = re.compile(rb"<script|<html|<!doctype|<\?php|<svg[\s>]|<iframe|%pdf-|^#!/", re.IGNORECASE)
_ZIP_END = b"PK\x05\x06"


def open_picture(data: bytes, name: str, megapixels: int, size: int = 0) -> Image.Image:
    """Decode a picture that was sent.

    Args:
        data: The encoded picture.
        name: What it is called in messages.
        megapixels: How large it may be; looked at before anything is decoded.
        size: Side in pixels that it is needed at; see `pictures.load_bytes`.

    Raises:
        PictureError: It is no whole picture, too large, or something else as well.
    """
    name = plain_name(name)
    other = also(data)
    if other is not None:
        raise PictureError("polyglot", f"{name} is a picture and {other} at once; save the picture anew")
    return pictures.load_bytes(data, name, size=size, most=megapixels * 1_000_000)


def also(data: bytes) -> str | None:
    """What else the bytes of a picture are; None when they are a picture only.

    Such files pass for a picture here and for a page, a program or an archive elsewhere.
    """
    if signatures.picture(data) is None:
        return None  # whoever decodes it says what it is
    for part in (data[:_HEAD], data[-_TAIL:]):
        if (found := _MARKUP.search(part)) is not None:
            word = found[0].lower()
            return "a PDF document" if word == b"%pdf-" else "a page or a script"
    at = data.rfind(_ZIP_END, max(0, len(data) - _TAIL))
    if at >= 0 and len(data) - at >= 22:
        comment = int.from_bytes(data[at + 20 : at + 22], "little")
        if at + 22 + comment == len(data):
            return "a ZIP archive"
    return None


def from_base64(text: str, name: str) -> bytes:
    """The bytes that a text of base64 stands for; a `data:` address in front is taken off.

    Raises:
        PictureError: It is not base64.
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("not-base64", f"{name} is not base64 ({error})") from error


def plain_name(name: str) -> str:
    """The last part of a file's name as a client gave it, without signs that steer anything."""
    last = re.split(r"[\\/]", name)[-1]
    return re.sub(r"[^\w .()+-]", "_", last).strip(" .")[:100] or "picture"
