"""What bytes are, by how they begin and end: pictures we read, pictures we do not, bombs, and no pictures."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Literal

MAX_SCANS = 100  # of a JPEG; a progressive one has some ten
MAX_PARTS = 1 << 18  # chunks of a PNG, strips or tiles of a TIFF
MAX_RLE_PIXELS = 4_000_000  # of a BMP in run lengths, which Pillow decodes in Python

_PICTURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\0\0\1\0", "an icon file"),
    (b"\0\0\2\0", "a cursor file"),
    (b"DDS ", "a DDS texture"),
    (b"qoif", "a QOI picture"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"#?RADIANCE", "a Radiance picture"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile"),
    (b"gimp xcf", "a GIMP file"),
    (b"FUJIFILM", "a camera raw file"),
    (b"IIRO", "a camera raw file"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\0\5\x16\7", "a macOS resource file"),
)
# of the above, those that hold no picture at all
_NO_PICTURES = ("archive", "program", "video", "resource", "sound")


def picture(data: bytes) -> str | None:
    """The picture format these bytes begin like: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIF, or None."""
    for start, name in _PICTURES:
        if data.startswith(start):
            return name
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124):
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        length = min(int.from_bytes(data[:4], "big"), 256)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, length, 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & _HEIF_BRANDS:
            return "HEIF"
    return None


def refusal(data: bytes, name: str) -> tuple[str, str]:
    """Code and message for bytes that are no picture we read."""
    if not data:
        return "empty", f"{name} has no bytes"
    other = _other(data)
    if other is not None:
        code = "not-a-picture" if other.endswith(_NO_PICTURES) else "unsupported-format"
        return code, f"{name} is {other}, not a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIF picture"
    if not data.strip(b"\0"):
        return "damaged", f"{name} holds nothing but zero bytes, as after a failed copy; restore it"
    if len(data) < 12 and any(start.startswith(data) for start, _ in _PICTURES):
        return "truncated", f"{name} ends after {len(data)} bytes; copy or download it again"
    return "not-a-picture", f"{name} is {_words(data)}, not a picture"


def _other(data: bytes) -> str | None:
    for start, name in _OTHERS:
        if data.startswith(start):
            return name
    if data[4:8] == b"ftyp":
        return "a video"
    if data[:4] == b"RIFF":
        return "a sound" if data[8:12] == b"WAVE" else "a video" if data[8:12] == b"AVI " else None
    if data[:1] == b"P" and data[1:2] in b"123456" and data[2:3].isspace():
        return "a PNM picture"
    if b"<svg" in data[:1024].lower():
        return "an SVG drawing"
    return None


def _words(data: bytes) -> str:
    """Names bytes that hold no picture: a page, a pointer, text, or something unknown."""
    head = data[:4096]
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer (run `git lfs pull` for the real file)"
    lower = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if lower.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page (an error page saved under a picture's name?)"
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return "text" if controls == 0 else "of no known format"


def bomb(kind: str, data: bytes) -> str | None:
    """What makes a small file take minutes or gigabytes to decode, in words, or None.

    Each scan of a JPEG, however short, is a pass over all of its pixels; each chunk of a PNG and each
    strip of a TIFF is handled one by one.
    """
    if kind == "JPEG" and data.count(_SCAN) > MAX_SCANS and _scans(data) > MAX_SCANS:
        return f"a JPEG of more than {MAX_SCANS} scans"
    if kind == "PNG" and next(islice(_chunks(data), MAX_PARTS, None), None) is not None:
        return f"a PNG of more than {MAX_PARTS:,} chunks"
    if kind == "TIFF" and _pieces(data) > MAX_PARTS:
        return f"a TIFF of more than {MAX_PARTS:,} pieces"
    if kind == "BMP" and len(data) >= 54 and data[14] >= 40 and data[30:34] in (b"\1\0\0\0", b"\2\0\0\0"):
        width, height = struct.unpack_from("<ii", data, 18)
        if max(abs(width * height), len(data) // 2) > MAX_RLE_PIXELS:
            return f"a BMP in run lengths of more than {MAX_RLE_PIXELS // 1_000_000} megapixels"
    return None


_SCAN = b"\xff\xda"
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")  # those a segment follows, and the end of the picture
_OFFSETS = frozenset((273, 279, 324, 325))  # where the strips or tiles of a TIFF are, and how long


def _scans(data: bytes) -> int:
    """Scans of a JPEG, counted up to one more than are allowed; those of a preview inside it are none."""
    at, found = 2, 0
    while found <= MAX_SCANS and (marker := _MARKER.search(data, at)) is not None:
        sign = data[marker.end() - 1]
        if sign == 0xD9:
            break
        found += sign == _SCAN[1]
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return found


def _pieces(data: bytes) -> int:
    """Strips or tiles that a TIFF says its first picture has."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    entry, length = (f"{order}HHQ8x", 20) if big else (f"{order}HHI4x", 12)
    try:
        (start,) = struct.unpack_from(f"{order}Q" if big else f"{order}I", data, 8 if big else 4)
        (count,) = struct.unpack_from(f"{order}Q" if big else f"{order}H", data, start)
        first = start + (8 if big else 2)
        entries = data[first : first + min(count, 1 << 16) * length]
        whole = entries[: len(entries) // length * length]
        return max((many for tag, _, many in struct.iter_unpack(entry, whole) if tag in _OFFSETS), default=0)
    except (struct.error, OverflowError):
        return 0  # whoever decodes it says what is wrong


def is_zero_sided(kind: str, data: bytes) -> bool:
    """Whether the header gives a width or height of 0, which Pillow reports as an unknown format."""
    fields: dict[str, tuple[int, int, Literal["little", "big"]]] = {
        "PNG": (16, 4, "big"),
        "GIF": (6, 2, "little"),
        "BMP": (18, 4, "little"),
    }
    if kind not in fields:
        return False
    start, length, order = fields[kind]
    if len(data) < start + 2 * length or (kind == "BMP" and data[14] == 12):
        return False
    sides = (data[start : start + length], data[start + length : start + 2 * length])
    return any(int.from_bytes(side, order) == 0 for side in sides)


def is_cut(kind: str, data: bytes) -> bool:
    """Whether the bytes lack the end that a whole file of this format has."""
    if kind == "JPEG":
        return b"\xff\xd9" not in data[-4096:]
    if kind == "PNG":
        return png_fault(data) == "truncated"
    if kind == "GIF":
        return b"\x3b" not in data[-16:]
    if kind == "WebP":
        return len(data) < int.from_bytes(data[4:8], "little") + 8
    if kind == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    if kind in ("AVIF", "HEIF"):
        return any(end > len(data) for end in _boxes(data))
    return False


def png_fault(data: bytes) -> str | None:
    """`truncated`, a fault in words, or None: walks the chunks and checks those that make the picture."""
    for at, end in _chunks(data):
        name = data[at + 4 : at + 8]
        if end > len(data):
            return "truncated"
        critical = name[:1].isupper()
        if critical and zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return f"{name.decode('ascii', 'replace')} chunk fails its checksum"
        if name == b"IEND":
            return None
    return "truncated"


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each chunk of a PNG begins and ends."""
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield at, end
        at = end


def _boxes(data: bytes) -> Iterator[int]:
    """Where each top-level box of an AVIF or HEIF file ends."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        end = len(data) if length == 0 else at + max(length, 8)
        yield end
        at = end
