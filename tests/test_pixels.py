"""Pictures decoded at a fraction and resized are those decoded whole; faster ones are nearly the same."""

import copy
import sys
import threading
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

from badfiles import FILES, encoded, noise
from tuwen import pictures, pixels
from tuwen.errors import PictureError

TURNS = range(1, 9)
BICUBIC, BILINEAR = Image.Resampling.BICUBIC, Image.Resampling.BILINEAR


@pytest.fixture
def fast(monkeypatch):
    """What the extra installs, in use."""
    pytest.importorskip("simplejpeg")
    pytest.importorskip("cykooz_resizer")
    monkeypatch.setenv("TUWEN_FAST", "1")


@pytest.fixture
def plain(monkeypatch):
    """Nothing but Pillow."""
    monkeypatch.setenv("TUWEN_FAST", "0")


def photograph(width, height):
    """A picture with edges and gradients to the last row and column."""
    small = noise(seed=3).convert("RGB").resize((12, 9), BICUBIC)
    image = small.resize((width, height), BICUBIC)
    draw = ImageDraw.Draw(image)
    for place in range(8):
        x, y = place * width // 8, place * height // 8
        draw.rectangle((x, y, x + width // 12, y + height // 12), fill=(30 * place, 255 - 30 * place, 90))
        draw.line((0, y, width, height - y), fill=(200, 20 * place, 40), width=max(2, width // 60))
    return image


def jpeg(image, **options):
    return encoded("JPEG", image, **{"quality": 92, **options})


def read(data, size=0):
    return pictures.upright_rgb(pictures.load_bytes(data, "a picture", size=size))


def difference(one, other):
    return np.abs(np.asarray(one, int) - np.asarray(other, int)).mean()


def test_pixels_that_need_no_fraction_are_exactly_pillows(plain):
    data = jpeg(photograph(500, 375))
    with Image.open(BytesIO(data)) as image:
        theirs = image.convert("RGB").resize((224, 224), BICUBIC)
    assert pixels.resized(read(data, 224), (224, 224)).tobytes() == theirs.tobytes()


@pytest.mark.parametrize("side", [(897, 673), (900, 675), (1203, 901), (1440, 1083)])
def test_a_fraction_is_right_to_a_part_of_a_pixel(plain, side):
    data = jpeg(photograph(*side))
    small = read(data, 64)
    assert small.size < side
    whole = read(data).resize((64, 64), BICUBIC)
    assert difference(pixels.resized(small, (64, 64)), whole) < 0.5
    # without regard to the sides that were rounded up
    assert difference(small.resize((64, 64), BICUBIC), whole) > difference(
        pixels.resized(small, (64, 64)), whole
    )


@pytest.mark.parametrize("turn", TURNS)
def test_turned_pictures_are_right_to_a_part_of_a_pixel(plain, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    data = jpeg(photograph(601, 451), exif=exif)
    small, whole = read(data, 48), read(data)
    assert small.size in ((301, 226), (226, 301))
    assert difference(pixels.resized(small, (48, 48)), whole.resize((48, 48), BICUBIC)) < 0.6
    assert pictures.upright_rgb(small).tobytes() == small.tobytes()


def test_a_picture_is_decoded_at_three_times_the_side_or_more(plain):
    for width, height, size in [(4000, 3000, 224), (1343, 1343, 224), (5376, 5376, 224), (700, 3000, 224)]:
        with Image.new("RGB", (width, height)) as image:
            small = read(jpeg(image), size)
        assert min(small.size) >= min(3 * size, min(width, height))
        assert min(small.size) < 6 * size or min(width, height) == min(small.size)


def test_what_was_cut_out_of_a_reduced_picture_is_all_there_is(plain):
    small = read(jpeg(photograph(601, 451)), 48)
    assert pixels.extent(small) == (0, 0, 300.5, 225.5)
    part = small.crop((0, 0, 100, 100))
    assert pixels.extent(part) == (0, 0, 100, 100)
    assert pixels.extent(pixels.resized(small, (301, 226))) == (0, 0, 301, 226)


def test_a_picture_that_has_the_size_stays_as_it_is(plain):
    image = photograph(64, 64)
    assert pixels.resized(image, (64, 64)) is image


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}])
@pytest.mark.parametrize("size", [0, 48])
def test_the_fast_decoder_gives_the_same_pixels(fast, monkeypatch, options, size):
    for image in (photograph(601, 451), photograph(601, 451).convert("L"), photograph(3, 2)):
        data = jpeg(image, **options)
        ours = pictures.load_bytes(data, "x", size=size)
        monkeypatch.setenv("TUWEN_FAST", "0")
        theirs = pictures.load_bytes(data, "x", size=size)
        monkeypatch.setenv("TUWEN_FAST", "1")
        assert (ours.mode, ours.size) == (theirs.mode, theirs.size)
        assert ours.tobytes() == theirs.tobytes()
        assert {k: v for k, v in ours.info.items() if k != "exif"} == {
            k: v for k, v in theirs.info.items() if k != "exif"
        }


@pytest.mark.parametrize("source", [(500, 375), (320, 200), (100, 80), (225, 224), (224, 301), (2, 2)])
@pytest.mark.parametrize("resample", [BICUBIC, BILINEAR])
def test_the_fast_resizer_is_within_a_level_or_two(fast, source, resample):
    image = photograph(*source)
    ours = np.asarray(pixels.resized(image, (224, 224), resample), int)
    theirs = np.asarray(image.resize((224, 224), resample), int)
    assert np.abs(ours - theirs).max() <= 2
    assert np.abs(ours - theirs).mean() <= 0.1


def test_the_fast_resizer_keeps_to_the_part_of_a_pixel(fast, monkeypatch):
    small = read(jpeg(photograph(601, 451)), 48)
    ours = pixels.resized(small, (48, 48))
    monkeypatch.setenv("TUWEN_FAST", "0")
    assert difference(ours, pixels.resized(small, (48, 48))) < 0.05


@pytest.mark.parametrize(
    "bad", [bad for bad in FILES if bad.suffix in (".jpg", ".jpeg")], ids=lambda b: b.name
)
def test_the_fast_decoder_refuses_what_pillow_refuses(fast, bad, tmp_path):
    bad.make(tmp_path / "x.jpg")
    with pytest.raises(PictureError) as caught:
        pictures.load(tmp_path / "x.jpg", size=32)
    assert caught.value.code == bad.code


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_cut_files_have_one_fate_with_and_without_the_fast_decoder(fast, monkeypatch, keep, options):
    data = jpeg(photograph(300, 200), **options)
    fates = []
    for setting in ("1", "0"):
        monkeypatch.setenv("TUWEN_FAST", setting)
        try:
            fates.append(pictures.load_bytes(data[: int(len(data) * keep)], "x").tobytes())
        except PictureError as error:
            fates.append(error.code)
    assert fates[0] == fates[1]


def test_damaged_bytes_have_one_fate_with_and_without_the_fast_decoder(fast, monkeypatch):
    random, whole = np.random.default_rng(5), bytearray(jpeg(photograph(200, 150)))
    for _ in range(20):
        data = bytearray(whole)
        for place in random.integers(20, len(data), 5):
            data[place] = random.integers(0, 256)
        fates = []
        for setting in ("1", "0"):
            monkeypatch.setenv("TUWEN_FAST", setting)
            try:
                fates.append(pictures.load_bytes(bytes(data), "x").tobytes())
            except PictureError as error:
                fates.append(error.code)
        assert fates[0] == fates[1]


def test_cmyk_and_large_pictures_are_left_to_pillow(fast, monkeypatch):
    monkeypatch.setattr("simplejpeg.decode_jpeg", None)
    monkeypatch.setattr("cykooz_resizer.Resizer", None)
    assert read(jpeg(photograph(64, 64).convert("CMYK"))).size == (64, 64)
    monkeypatch.setattr(pixels, "FAST_PIXELS", 100)
    assert pixels.resized(read(jpeg(photograph(64, 64))), (8, 8)).size == (8, 8)


def test_without_the_extra_pillow_does_it(monkeypatch):
    monkeypatch.setenv("TUWEN_FAST", "1")
    monkeypatch.setitem(sys.modules, "simplejpeg", None)  # importing it fails
    monkeypatch.setitem(sys.modules, "cykooz_resizer", None)
    pixels._there.cache_clear()
    try:
        image = photograph(90, 70)
        assert pixels.resized(image, (32, 32)).tobytes() == image.resize((32, 32), BICUBIC).tobytes()
        assert read(jpeg(image)).size == (90, 70)
    finally:
        pixels._there.cache_clear()


def test_threads_resize_beside_each_other(fast):
    image = photograph(300, 200)
    wanted, wrong = pixels.resized(image, (64, 64)).tobytes(), []

    def work():
        for _ in range(20):
            if pixels.resized(image, (64, 64)).tobytes() != wanted:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_pixels_that_wait_are_given_to_pillow_when_it_needs_them(fast):
    image = pictures.load_bytes(jpeg(photograph(60, 40)), "x")
    assert isinstance(image, pixels.Pending) and image.waiting is not None
    wanted = np.array(image)
    assert image.waiting is not None  # an array needs no Pillow
    assert image.copy().tobytes() == image.tobytes() == wanted.tobytes()
    assert image.crop((1, 2, 9, 9)).getpixel((0, 0)) == tuple(wanted[2, 1])
    assert image.waiting is None


def test_a_picture_that_was_drawn_on_is_resized_as_drawn(fast):
    image = pictures.load_bytes(jpeg(photograph(60, 40)), "x")
    before = np.asarray(image)
    kept = before.copy()
    image.paste((0, 0, 0), (0, 0, 60, 40))
    assert not np.asarray(pixels.resized(image, (8, 8))).any()
    assert not np.asarray(image).any()
    np.testing.assert_array_equal(before, kept)


@pytest.mark.parametrize(
    "use",
    [
        lambda image: image.convert("L"),
        lambda image: image.rotate(90),
        lambda image: image.resize((9, 9)),
        lambda image: image.reduce(2),
        lambda image: image.getpixel((3, 4)),
        lambda image: image.load()[3, 4],
        lambda image: image.histogram(),
        lambda image: image.getbbox(),
        lambda image: image.split()[0],
        lambda image: encoded("PNG", image),
        lambda image: copy.deepcopy(image),
        lambda image: pictures.perceptual_hash(image),
        lambda image: pictures.thumbnail(image),
    ],
)
def test_pillow_does_all_it_can_with_pixels_that_wait(fast, use):
    data = jpeg(photograph(60, 40))
    with Image.open(BytesIO(data)) as plain:
        plain.load()
        ours, theirs = use(pictures.load_bytes(data, "x")), use(plain.copy())
    if isinstance(theirs, Image.Image):
        ours, theirs = ours.tobytes(), theirs.tobytes()
    assert ours == theirs
