"""A zoo of bad inputs, each with the reason it must be listed with; for tests and for the fault benchmark."""

import base64
import json
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin


@dataclass(frozen=True)
class Bad:
    """One kind of bad input: what it is called, the code it must get, and how to make it.

    `make` gets the path to write to, and writes the input there.
    """

    name: str
    code: str
    make: Callable[[Path], None]
    suffix: str = ".jpg"


def noise(width: int = 96, height: int = 64, seed: int = 0) -> Image.Image:
    """A picture that does not compress away, so that there is something to cut off."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def encoded(kind: str, image: Image.Image | None = None, **options) -> bytes:
    """A picture's bytes in a format."""
    stream = BytesIO()
    (image or noise()).save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    """A PNG chunk with its right checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, pixels: bytes, *extra: bytes) -> bytes:
    """A PNG with a header that says what one likes."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = b"".join((header, *extra, png_chunk(b"IDAT", pixels), png_chunk(b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + body


def _bytes(data: Callable[[], bytes] | bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data if isinstance(data, bytes) else data()) and None


def _cut(kind: str, share: float = 0.5) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        data = encoded(kind)
        path.write_bytes(data[: int(len(data) * share)])

    return make


def _png_with_flipped_bit() -> bytes:
    data = bytearray(encoded("PNG"))
    data[len(data) // 2] ^= 1
    return bytes(data)


def _png_with_text_bomb() -> bytes:
    text = b"Comment\0\0" + zlib.compress(b"x" * (8 << 20))
    return png(4, 4, zlib.compress(b"\0" * 20), png_chunk(b"zTXt", text))


def _jpeg_of(width: int, height: int) -> bytes:
    data = bytearray(encoded("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _tiff_of(width: int, height: int) -> bytes:
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 64)]
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + body + struct.pack("<I", 0) + b"\0" * 64


def _tiff_with_bad_directory() -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 3) + b"\xff" * 36


def _webp_of_16384() -> bytes:
    side = (16383).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + side + side
    picture = encoded("WEBP")[12:]
    return b"RIFF" + struct.pack("<I", 4 + len(body) + len(picture)) + b"WEBP" + body + picture


def _gif_of(width: int, height: int) -> bytes:
    data = bytearray(encoded("GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    at = data.index(b"\x2c", 13 + 3 * 256)
    data[at + 5 : at + 9] = struct.pack("<HH", width, height)
    return bytes(data)


def _bmp_of(width: int, height: int) -> bytes:
    data = bytearray(encoded("BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def _broken_webp() -> bytes:
    data = bytearray(encoded("WEBP"))
    data[20:60] = b"\xa5" * 40
    return bytes(data)


def _archive() -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "a")
    return stream.getvalue()


def _socket(path: Path) -> None:
    # a socket's path may have about 100 characters, a test folder's is often longer
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _unreadable(path: Path) -> None:
    if os.geteuid() == 0:  # the superuser may read anything but memory that is not there
        path.symlink_to("/proc/self/mem")
    else:
        path.write_bytes(encoded("JPEG"))
        path.chmod(0)


def _sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.write(b"\xff\xd8\xff\xe0")
        stream.truncate(2 << 30)


def _folder(path: Path) -> None:
    path.mkdir()


FILES: tuple[Bad, ...] = (
    Bad("no bytes", "empty", _bytes(lambda: b"")),
    Bad("cut JPEG", "truncated", _cut("JPEG")),
    Bad("JPEG without its last bytes", "truncated", _cut("JPEG", 0.97)),
    Bad("JPEG cut in its header", "truncated", _bytes(lambda: encoded("JPEG")[:60])),
    Bad("cut PNG", "truncated", _cut("PNG"), ".png"),
    Bad("PNG without its end", "truncated", _bytes(lambda: encoded("PNG")[:-12]), ".png"),
    Bad("PNG of five bytes", "truncated", _bytes(b"\x89PNG\r"), ".png"),
    Bad("cut GIF", "truncated", _cut("GIF"), ".gif"),
    Bad("cut WebP", "truncated", _cut("WEBP"), ".webp"),
    Bad("cut BMP", "truncated", _cut("BMP"), ".bmp"),
    Bad("cut TIFF", "truncated", _cut("TIFF"), ".tif"),
    Bad("cut AVIF", "truncated", _cut("AVIF"), ".avif"),
    Bad("text with a picture's name", "not-a-picture", _bytes("这不是图片。\n".encode())),
    Bad("web page", "not-a-picture", _bytes(b"<!DOCTYPE html><html><h1>404 Not Found</h1></html>")),
    Bad("Git LFS pointer", "not-a-picture", _bytes(b"version https://git-lfs.github.com/spec/v1\n")),
    Bad("ZIP archive", "not-a-picture", _bytes(_archive)),
    Bad("video", "not-a-picture", _bytes(b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\1" * 64)),
    Bad("random bytes", "not-a-picture", _bytes(np.random.default_rng(5).bytes(999))),
    Bad("nothing but zeros", "damaged", _bytes(b"\0" * 4096)),
    Bad("PNG with a flipped bit", "damaged", _bytes(_png_with_flipped_bit), ".png"),
    Bad("PNG with broken compression", "damaged", _bytes(lambda: png(8, 8, b"not zlib at all")), ".png"),
    Bad("JPEG of garbage", "damaged", _bytes(b"\xff\xd8\xff\xe0\0\x10" + b"\x07" * 500 + b"\xff\xd9")),
    Bad("WebP of garbage", "damaged", _bytes(_broken_webp), ".webp"),
    Bad("TIFF with a broken directory", "damaged", _bytes(_tiff_with_bad_directory), ".tif"),
    Bad("PNG of no width", "empty", _bytes(lambda: png(0, 9, zlib.compress(b""))), ".png"),
    Bad("GIF of no height", "empty", _bytes(lambda: _gif_of(9, 0)), ".gif"),
    Bad("BMP of no width", "empty", _bytes(lambda: _bmp_of(0, 9)), ".bmp"),
    Bad("PNG bomb", "too-large", _bytes(lambda: png(60_000, 60_000, zlib.compress(b"\0" * 9999))), ".png"),
    Bad("JPEG bomb", "too-large", _bytes(lambda: _jpeg_of(65_000, 65_000))),
    Bad("GIF bomb", "too-large", _bytes(lambda: _gif_of(65_000, 65_000)), ".gif"),
    Bad("WebP bomb", "too-large", _bytes(_webp_of_16384), ".webp"),
    Bad("BMP bomb", "too-large", _bytes(lambda: _bmp_of(90_000, 90_000)), ".bmp"),
    Bad("TIFF bomb", "too-large", _bytes(lambda: _tiff_of(400_000, 400_000)), ".tif"),
    Bad("PNG text bomb", "too-large", _bytes(_png_with_text_bomb), ".png"),
    Bad("file of 2 GiB", "too-large", _sparse),
    Bad("PDF document", "unsupported-format", _bytes(b"%PDF-1.7\n1 0 obj\n")),
    Bad("PostScript", "unsupported-format", _bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n"), ".eps"),
    Bad("SVG drawing", "unsupported-format", _bytes(b'<svg xmlns="http://www.w3.org/2000/svg"/>'), ".svg"),
    Bad("Photoshop file", "unsupported-format", _bytes(b"8BPS\0\1" + b"\0" * 40), ".psd"),
    Bad("JPEG 2000", "unsupported-format", _bytes(lambda: encoded("JPEG2000")), ".jp2"),
    Bad("JPEG XL", "unsupported-format", _bytes(b"\0\0\0\x0cJXL \r\n\x87\n"), ".jxl"),
    Bad("icon", "unsupported-format", _bytes(lambda: encoded("ICO")), ".ico"),
    Bad("folder with a picture's name", "not-a-file", _folder),
    Bad("pipe", "not-a-file", lambda path: os.mkfifo(path)),
    Bad("socket", "not-a-file", _socket),
    Bad("link to a device", "not-a-file", lambda path: path.symlink_to("/dev/zero")),
    Bad("link to nothing", "broken-link", lambda path: path.symlink_to("gone.jpg")),
    Bad("link to itself", "link-loop", lambda path: path.symlink_to(path.name)),
    Bad("no permission", "not-readable", _unreadable),
)  # fmt: skip


def write_files(folder: Path) -> dict[str, Bad]:
    """Write every bad file into a folder; the kind by path, as the ledger names it."""
    written = {}
    for number, bad in enumerate(FILES):
        path = folder / f"bad {number:02} {bad.name.replace(' ', '-')}{bad.suffix}"
        bad.make(path)
        written[str(path)] = bad
    name = os.fsencode(folder) + "/坏名字.jpg".encode("gb18030")
    Path(os.fsdecode(name)).write_bytes(encoded("JPEG", noise(seed=77)))
    written[f"{folder}/坏名字.jpg"] = Bad("name that is not UTF-8", "bad-path", _folder)
    return written


def write_table(folder: Path) -> dict[str, str]:
    """Write `rows.csv` with good and bad rows; the code by place, as the ledger names it.

    Rows point at `good.png`, which is written too.
    """
    noise(seed=1).save(folder / "good.png")
    noise(seed=2).save(folder / "fine.png")
    lines: list[tuple[bytes, str | None]] = [
        (b"id,image,text,year", None),
        (b"1,good.png,a good row,2001", None),
        (b"2,good.png", "ragged-row"),
        (b"3,good.png,too,many,cells", "ragged-row"),
        (b'4,good.png,"a quote that never closes,2001', "unclosed-quote"),
        (b"5,good.png,zero\0byte,2001", "nul-byte"),
        (b"6,good.png,\xff\xfe broken,2001", "bad-encoding"),
        (b"7,,,2001", "empty-row"),
        (b"8,https://example.org/a.jpg,,2001", "remote"),
        (b'9,"data:image/png;base64,!!!!",,2001', "bad-base64"),
        (b"1,fine.png,,2002", None),
        ("10,good.png,最后一行,2003".encode(), None),
    ]
    path = folder / "rows.csv"
    path.write_bytes(b"\n".join(line for line, _ in lines))
    expected = {f"{path}:{number}": code for number, (_, code) in enumerate(lines, 1) if code}
    expected[str(folder / "fine.png")] = "duplicate-id"
    return expected


def write_json_lines(folder: Path) -> dict[str, str]:
    """Write `rows.jsonl` with good and bad rows; the code by place."""
    picture = base64.b64encode(encoded("PNG", noise(seed=3))).decode()
    lines: list[tuple[str, str | None]] = [
        (json.dumps({"image": f"data:image/png;base64,{picture}", "text": ["一", "二"]}), None),
        ('{"text": "cut', "bad-json"),
        ('["a", "list"]', "bad-json"),
        ('{"text": {"en": "a"}}', "bad-text"),
        ('{"text": "half a character \\ud83d"}', "bad-encoding"),
        ('{"image": 17}', "bad-path"),
        ('{"year": 1999}', "empty-row"),
        ('{"image": "gone.png"}', None),
        ('{"text": "the last one"}', None),
    ]
    path = folder / "rows.jsonl"
    path.write_text("\n".join(line for line, _ in lines), encoding="utf-8")
    expected = {f"{path}:{number}": code for number, (_, code) in enumerate(lines, 1) if code}
    expected[str(folder / "gone.png")] = "missing"
    return expected


def with_metadata_block() -> PngImagePlugin.PngInfo:
    """A PNG text block of a size that is fine."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 1000, zip=True)
    return info
