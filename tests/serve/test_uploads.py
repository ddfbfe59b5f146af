"""Pictures that are sent: only pictures, and of bounded size."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from serving import COLLECTION, asked, picture, problem
from tuwen.errors import PictureError
from tuwen.serve import uploads

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def archive():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("a.html", "<p>")
    return stream.getvalue()


def png_of(width, height):
    """A PNG of a few bytes that says it is huge."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + chunk(b"IEND", b"")
    )


def with_comment(words):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG", comment=words)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_pictures_are_pictures_only(kind):
    data = picture(kind=kind)
    assert uploads.also(data) is None
    assert uploads.open_picture(data, "a", 1).size == (24, 18)


@pytest.mark.parametrize(
    ("data", "other"),
    [
        (picture() + archive(), "a ZIP archive"),
        (picture(kind="JPEG") + b"<html><script>alert(1)</script>", "a page or a script"),
        (picture(kind="GIF") + b"<?php system($_GET[0]); ?>", "a page or a script"),
        (with_comment(b"<ScRiPt>alert(1)</script>"), "a page or a script"),
        (with_comment(b"%PDF-1.4"), "a PDF document"),
        (picture(kind="BMP") + SVG, "a page or a script"),
    ],
)
def test_what_is_also_something_else_is_refused(data, other):
    assert uploads.also(data) == other
    with pytest.raises(PictureError, match="at once") as raised:
        uploads.open_picture(data, "a.png", 1)
    assert raised.value.code == "polyglot"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (SVG, "unsupported-format"),
        (b"\xef\xbb\xbf  " + SVG, "unsupported-format"),
        (archive(), "not-a-picture"),
        (b"%PDF-1.4 ...", "unsupported-format"),
        (b"<html></html>", "not-a-picture"),
        (b"%!PS-Adobe", "unsupported-format"),
        (b"", "empty"),
        (picture()[:-20], "truncated"),
        (png_of(60_000, 60_000), "too-large"),
        (png_of(2_000, 2_000), "too-large"),
    ],
)
def test_what_is_no_picture_in_bounds_is_refused_with_a_reason(data, code):
    with pytest.raises(PictureError) as raised:
        uploads.open_picture(data, "a.png", 1)
    assert raised.value.code == code


def test_a_bomb_is_refused_before_anything_is_decoded(client):
    """3.6 gigapixels in 200 bytes would be 10 GB of memory."""
    sent = client.post(f"{COLLECTION}/search/upload", files={"files": ("a.png", png_of(60_000, 60_000))})
    problem(sent, 422, "too-large")


def test_a_server_sets_how_large_a_picture_may_be(tiny_collection, tmp_path):
    file = {"files": ("a.png", picture(size=(1200, 1000)))}
    with asked(tiny_collection, tmp_path, megapixels=1) as client:
        problem(client.post(f"{COLLECTION}/search/upload", files=file), 422, "too-large")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\海 滩.png", "海 滩.png"),
        ("a\r\nSet-Cookie: x", "a__Set-Cookie_ x"),
        ("..", "picture"),
        ("x" * 500, "x" * 100),
        ("<img src=x>", "_img src_x_"),
    ],
)
def test_names_of_files_lose_what_steers(name, plain):
    assert uploads.plain_name(name) == plain


def test_a_data_address_is_its_base64():
    assert uploads.from_base64("data:image/png;base64,QUJD", "a") == b"ABC"
    with pytest.raises(PictureError, match="not base64"):
        uploads.from_base64("QUJ", "a")
