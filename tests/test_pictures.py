"""Every kind of picture is read as people see it; every bad one is refused with its own reason."""

import os
import struct
import threading
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

import badfiles
from badfiles import FILES, encoded, noise, png, png_chunk
from tuwen import pictures, signatures
from tuwen.errors import PictureError

RED, WHITE = (255, 0, 0), (255, 255, 255)


def read(data: bytes, **options) -> Image.Image:
    """The picture in some bytes, as people see it."""
    return pictures.upright_rgb(pictures.load_bytes(data, "a picture", **options))


def scene(width=120, height=80):
    """A picture with large shapes, that survives compression."""
    image = Image.new("RGB", (width, height), (30, 90, 160))
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.1, height * 0.2, width * 0.5, height * 0.9), fill=(240, 200, 40))
    draw.rectangle((width * 0.6, height * 0.1, width * 0.9, height * 0.4), fill=(200, 30, 30))
    return image


@pytest.mark.parametrize("bad", [bad for bad in FILES if bad.suffix], ids=lambda bad: bad.name)
def test_each_bad_file_is_refused_with_its_own_reason(bad, tmp_path):
    path = tmp_path / f"x{bad.suffix}"
    bad.make(path)
    with pytest.raises(PictureError) as caught:
        pictures.load(path, size=32)
    assert caught.value.code == bad.code
    assert str(path) in str(caught.value)


def test_every_code_is_met_in_the_zoo():
    assert {bad.code for bad in FILES} >= {
        *("empty", "truncated", "damaged", "too-large", "not-a-picture", "unsupported-format"),
        *("not-a-file", "broken-link", "link-loop", "not-readable"),
    }


def test_no_file_is_missing(tmp_path):
    with pytest.raises(PictureError, match="is not there") as caught:
        pictures.load(tmp_path / "gone.jpg")
    assert caught.value.code == "missing"


def test_a_file_below_a_file_is_missing(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(PictureError) as caught:
        pictures.load(tmp_path / "a.jpg" / "b.jpg")
    assert caught.value.code == "missing"


@pytest.mark.parametrize("name", ["a\0b.jpg", "x" * 300 + ".jpg"])
def test_an_impossible_path_is_refused(tmp_path, name):
    with pytest.raises(PictureError) as caught:
        pictures.load(tmp_path / name)
    assert caught.value.code == "bad-path"


def test_a_refused_permission_is_not_readable(tmp_path, monkeypatch):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PictureError, match="permissions") as caught:
        pictures.load(path)
    assert caught.value.code == "not-readable"


def test_a_pipe_that_takes_a_files_place_does_not_block(tmp_path, monkeypatch):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    status = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(Path, "stat", lambda self, **_: status)
    with pytest.raises(PictureError) as caught:
        pictures.read(path)
    assert caught.value.code == "not-a-file"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_each_format_is_read(kind):
    image = read(encoded(kind, scene()))
    assert image.mode == "RGB"
    difference = np.abs(np.asarray(image, float) - np.asarray(scene(), float)).mean()
    assert difference < 6


def test_heif_is_read_or_said_to_need_its_extra():
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 99
    with pytest.raises(PictureError) as caught:
        pictures.load_bytes(data, "photo.heic")
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        assert caught.value.code == "unsupported-format"
        assert "tuwen[heif]" in str(caught.value)
    else:
        assert caught.value.code in ("damaged", "truncated")


def test_the_name_says_nothing_about_the_format(tmp_path):
    scene().save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert pictures.load(tmp_path / "a.jpg").size == (120, 80)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    upright = scene()
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        image = read(encoded(kind, stored, exif=exif))
        assert image.size == upright.size, kind
        assert np.abs(np.asarray(image, float) - np.asarray(upright, float)).mean() < 6, kind
        again = pictures.upright_rgb(image)
        assert again.tobytes() == image.tobytes()


def test_a_broken_exif_block_does_not_refuse_the_picture():
    data = encoded("JPEG", scene(), exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xee" * 60)
    assert read(data).size == (120, 80)


def test_an_exif_block_that_claims_a_billion_values_is_passed_over():
    directory = struct.pack("<H", 1) + struct.pack("<HHII", 0x0112, 3, 1_000_000_000, 8) + b"\0" * 4
    data = encoded("JPEG", scene(), exif=b"Exif\0\0II*\0\x08\0\0\0" + directory)
    assert read(data).size == (120, 80)


def test_text_in_a_png_is_no_bomb_unless_it_is_one():
    assert read(encoded("PNG", scene(), pnginfo=badfiles.with_metadata_block())).size == (120, 80)


def test_cmyk_has_its_colours():
    image = read(encoded("JPEG", Image.new("RGB", (32, 32), RED).convert("CMYK"), quality=95))
    assert np.abs(np.asarray(image, int)[16, 16] - RED).max() < 12


def test_cmyk_decoded_small_has_its_colours():
    big = Image.new("RGB", (1024, 1024), RED).convert("CMYK")
    image = read(encoded("JPEG", big, quality=95), size=32)
    assert image.size == (128, 128)
    assert np.abs(np.asarray(image, int)[16, 16] - RED).max() < 12


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_greys_keep_their_brightness(kind):
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16)[None].repeat(8, axis=0)
    image = read(encoded(kind, Image.fromarray(ramp)))
    assert np.asarray(image)[0, :, 0].tolist() == list(range(256))


def test_big_endian_16_bit_greys_keep_their_brightness():
    values = np.array([[0, 65535]], dtype=">u2")
    image = pictures.upright_rgb(Image.frombytes("I;16B", (2, 1), values.tobytes()))
    assert np.asarray(image)[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([0.0, 25700.0, 65535.0], [0, 100, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([np.nan, 0.5, 1.0], [0, 128, 255]),
    ],
)
def test_float_greys_are_scaled_from_the_range_they_use(values, expected):
    image = Image.fromarray(np.array([values], dtype=np.float32))
    assert np.asarray(read(encoded("TIFF", image)))[0, :, 0].tolist() == expected


def test_32_bit_greys_are_scaled():
    image = Image.fromarray(np.array([[0, 65535]], dtype=np.int32))
    assert np.asarray(pictures.upright_rgb(image))[0, :, 0].tolist() == [0, 255]


def test_one_bit_pictures_are_black_and_white():
    image = Image.new("1", (4, 4), 1)
    image.putpixel((0, 0), 0)
    seen = read(encoded("PNG", image))
    assert seen.getpixel((0, 0)) == (0, 0, 0)
    assert seen.getpixel((3, 3)) == WHITE


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white(mode):
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 255))
    image.putpixel((0, 0), (0, 0, 0, 0))
    assert read(encoded("PNG", image.convert(mode))).getpixel((0, 0)) == WHITE


def test_transparent_palette_colours_are_white():
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((0, 0), 0)
    for transparency in (0, b"\0\xff"):
        seen = read(encoded("PNG", image, transparency=transparency))
        assert seen.getpixel((0, 0)) == WHITE
        assert seen.getpixel((3, 3)) == RED


def test_a_transparent_colour_of_a_true_colour_png_is_white():
    image = Image.new("RGB", (4, 4), RED)
    image.putpixel((0, 0), (1, 2, 3))
    assert read(encoded("PNG", image, transparency=(1, 2, 3))).getpixel((0, 0)) == WHITE


def test_lab_becomes_rgb():
    lab = ImageCms.applyTransform(
        Image.new("RGB", (8, 8), RED),
        ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"),
    )
    assert np.abs(np.asarray(read(encoded("TIFF", lab)), int)[0, 0] - RED).max() < 8


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_give_their_first_frame(kind):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, (0, 255, 0), (0, 0, 255))]
    data = encoded(kind, frames[0], save_all=True, append_images=frames[1:])
    assert np.abs(np.asarray(read(data), int)[8, 8] - RED).max() < 8


def test_the_first_page_of_a_tiff_is_taken():
    pages = [Image.new("RGB", (16, 16), colour) for colour in (RED, WHITE)]
    assert read(encoded("TIFF", pages[0], save_all=True, append_images=pages[1:])).getpixel((1, 1)) == RED


def test_the_first_picture_of_a_stereo_file_is_taken():
    pages = [Image.new("RGB", (16, 16), colour) for colour in (RED, WHITE)]
    data = encoded("MPO", pages[0], save_all=True, append_images=pages[1:], quality=95)
    assert np.abs(np.asarray(read(data), int)[8, 8] - RED).max() < 8


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_extreme_shapes_are_read(size):
    assert read(encoded("PNG", Image.new("RGB", size, RED)), size=32).size == size


def test_a_progressive_jpeg_with_trailing_bytes_is_read():
    assert read(encoded("JPEG", scene(), progressive=True) + b"\0" * 500).size == (120, 80)


def test_a_large_jpeg_is_decoded_small_and_knows_its_size():
    image = pictures.load_bytes(encoded("JPEG", scene(2000, 1200)), "x", size=100)
    assert image.info["full_size"] == (2000, 1200)
    assert 200 <= min(image.size) <= 400


def test_decoding_small_gives_nearly_the_same_pixels():
    data = encoded("JPEG", scene(2000, 1200), quality=90)
    small, full = (read(data, size=size).resize((100, 100), Image.Resampling.BICUBIC) for size in (100, 0))
    assert np.abs(np.asarray(small, float) - np.asarray(full, float)).mean() < 1


def test_a_picture_at_the_pixel_bound_is_read(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 120 * 80)
    assert read(encoded("PNG", scene())).size == (120, 80)
    with pytest.raises(PictureError, match="megapixels"):
        read(encoded("PNG", scene(121)))


def test_no_pixel_of_a_bomb_is_decoded(monkeypatch):
    def load(self):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    with pytest.raises(PictureError, match="60000 x 60000"):
        pictures.load_bytes(png(60_000, 60_000, b""), "bomb")


def test_warnings_of_the_decoder_stay_inside():
    broken = b"II*\0\x08\0\0\0" + struct.pack("<H", 400) + b"\x01" * 30
    data = encoded("JPEG", scene(), exif=b"Exif\0\0" + broken)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            read(data)
    assert caught == []


def test_warnings_are_quiet_in_many_threads_and_come_back():
    data = encoded("JPEG", scene(), exif=b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 400) + b"\x01" * 30)
    before = list(warnings.filters)
    threads = [threading.Thread(target=lambda: [read(data) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


def test_programs_are_never_started_for_a_picture(monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(PictureError) as caught:
        pictures.load_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage", "x")
    assert caught.value.code == "unsupported-format"


def test_the_hash_stays_when_a_picture_is_scaled_and_recompressed():
    original = pictures.perceptual_hash(scene(600, 400))
    smaller = read(encoded("JPEG", scene(600, 400).resize((150, 100)), quality=50))
    assert (original ^ pictures.perceptual_hash(smaller)).bit_count() <= 4


def test_hashes_of_different_pictures_differ():
    hashes = [pictures.perceptual_hash(noise(seed=seed)) for seed in range(6)]
    assert min((a ^ b).bit_count() for a in hashes for b in hashes if a != b) > 12
    assert all(0 <= value < 2**64 for value in hashes)


def test_flat_pictures_of_any_colour_have_one_hash():
    hashes = {pictures.perceptual_hash(Image.new("RGB", (50, 50), c)) for c in ("red", "white", "grey")}
    assert len(hashes) == 1


def test_a_thumbnail_is_a_small_upright_jpeg():
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = pictures.load_bytes(encoded("JPEG", scene(400, 200), exif=exif), "x")
    with Image.open(BytesIO(pictures.thumbnail(stored, side=100))) as small:
        assert (small.format, small.size) == ("JPEG", (50, 100))


def test_a_thumbnail_of_a_thin_picture_has_pixels():
    with Image.open(BytesIO(pictures.thumbnail(Image.new("RGB", (1, 5000))))) as small:
        assert small.size == (1, 160)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xdb", "JPEG"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIF"),
        (b"BM are my initials, and this is a text", None),
        (b"RIFF\0\0\0\0WAVE", None),
    ],
)
def test_formats_are_told_by_their_first_bytes(data, kind):
    assert signatures.picture(data) == kind


def tiff_in_strips(count):
    """A TIFF one pixel wide that lists a strip a row, all of them the same byte."""
    entries = [
        (256, 4, 1, 1), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, count, 12), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, count, 12 + 4 * count),
    ]  # fmt: skip
    lists = struct.pack("<I", 8) * count + struct.pack("<I", 1) * count
    start = b"II*\0" + struct.pack("<I", 12 + len(lists)) + b"\0\0\0\0" + lists
    return start + struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *each) for each in entries)


def bmp_in_runs(width, height, runs):
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    start = 54 + 1024
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + header + bytes(1024) + runs


def jpeg_of_scans(extra):
    """A progressive JPEG whose last scan, of some fifty bytes, stands there many times more."""
    whole = encoded("JPEG", progressive=True)[:-2]
    return whole + whole[whole.rindex(b"\xff\xda") :] * extra + b"\xff\xd9"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (jpeg_of_scans(100), "more than 100 scans"),
        (encoded("PNG")[:33] + png_chunk(b"tIME", bytes(7)) * 262_145, "more than 262,144 chunks"),
        (tiff_in_strips(262_145), "more than 262,144 pieces"),
        (bmp_in_runs(7000, 7000, b"\1\0\0\0" * 7000), "run lengths of more than 4 megapixels"),
        (bmp_in_runs(9, 9, bytes(8_000_002)), "run lengths of more than 4 megapixels"),
    ],
    ids=["scans", "chunks", "strips", "runs", "ends"],
)
def test_a_small_file_that_takes_long_to_decode_is_a_bomb(data, words):
    with pytest.raises(PictureError, match=words) as raised:
        pictures.load_bytes(data, "a")
    assert raised.value.code == "too-large"


def test_what_is_large_in_good_order_is_no_bomb():
    assert pictures.load_bytes(jpeg_of_scans(20), "a").size == pictures.load_bytes(encoded("JPEG"), "a").size
    film = encoded("JPEG") + b"\xff\xda" * 200  # phones put a film behind the picture
    assert signatures.bomb("JPEG", film) is None
    preview = encoded("JPEG", exif=b"Exif\0\0" + b"\xff\xda" * 200 + b"\xff\xd9")
    assert signatures.bomb("JPEG", preview) is None
    assert pictures.load_bytes(tiff_in_strips(50), "a").size == (1, 50)
    assert pictures.load_bytes(bmp_in_runs(4, 2, b"\4\0\0\0\4\0\0\1"), "a").size == (4, 2)
    assert signatures.bomb("TIFF", b"II*\0") is None


def test_an_exif_block_of_megabytes_turns_nothing():
    exif = b"II*\0" + struct.pack("<IHHHII", 8, 1, 274, 3, 1, 6) + bytes(1 << 20)
    data = encoded("PNG")
    large = pictures.load_bytes(data[:33] + png_chunk(b"eXIf", exif) + data[33:], "a")
    assert pictures.upright_rgb(large).size == large.size
