"""What all hand-made features of pictures have in common."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest
from PIL import Image

from tuwen import encoders
from tuwen.encoders._descriptor import needed, sized, whole_numbers
from tuwen.errors import InputError, MissingExtra, PictureError, UnknownName
from tuwen.records import Picture

FAMILIES = ("gabor", "gist", "hog", "hsv", "lbp", "shape")
NEEDS = {"gabor": "skimage", "hog": "skimage", "lbp": "skimage", "shape": "cv2"}
# every option away from its default, small enough to be fast
OTHER = {
    "gabor": "gabor,side=64,scales=2,orientations=4",
    "gist": "gist,side=32,orientations=8-8-4,blocks=2,colour=true",
    "hog": "hog,side=64,cells=4,orientations=6,block=1",
    "hsv": "hsv,bins=16-4-4,levels=2,moments=true,root=true",
    "lbp": "lbp,radii=1-3,turn=false,grid=2,root=true",
    "shape": "shape,directions=36,weight=1.0",
}
# 20 filters of 4 cells in 3 colours, and so on
WIDTHS = {"gabor": 16, "gist": 240, "hog": 96, "hsv": 256 * 5 + 9, "lbp": 4 * (59 + 555), "shape": 50}
SPECS = [*FAMILIES, *OTHER.values()]


def made(spec):
    family = spec.partition(",")[0]
    if family in NEEDS:
        pytest.importorskip(NEEDS[family])
    return encoders.load(spec)


def picture(seed=0, size=(90, 60)):
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 9, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("spec", SPECS)
def test_a_picture_becomes_a_unit_row_of_the_stated_width(spec):
    encoder = made(spec)
    vectors = encoder.encode([picture(0), picture(1)], "image")
    assert vectors.shape == (2, encoder.width)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] < 0.9999


@pytest.mark.parametrize("family", FAMILIES)
def test_options_set_the_width(family):
    assert made(OTHER[family]).width == WIDTHS[family]


@pytest.mark.parametrize("spec", SPECS)
def test_equal_pictures_have_equal_vectors_in_any_batch_and_thread(spec):
    encoder = made(spec)
    alone = encoder.encode([picture(0)], "image")[0]
    batch = encoder.encode([picture(number % 3) for number in range(7)], "image")
    assert np.array_equal(batch[[0, 3, 6]], np.stack([alone] * 3))
    with ThreadPoolExecutor(4) as threads:
        rows = np.stack(list(threads.map(encoder.prepare, [picture(number % 3) for number in range(8)])))
    assert np.array_equal(encoder.encode_prepared(rows)[[0, 3, 6]], np.stack([alone] * 3))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_name_leads_to_the_same_encoder_again(family):
    plain, other = made(family), made(OTHER[family])
    assert (plain.name, other.name) == (family, OTHER[family])
    again = type(other)(**{field.name: getattr(other, field.name) for field in fields(other)})
    assert again.fingerprint == other.fingerprint != plain.fingerprint


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (400, 1), (1, 400)])
def test_the_smallest_and_thinnest_pictures_are_described(spec, size):
    row = made(spec).prepare(Image.effect_noise(size, 80))
    assert np.isfinite(row).all()


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("tone", ["black", "white", (90, 140, 30)])
def test_one_flat_tone_is_described_without_a_warning(spec, tone):
    row = made(spec).prepare(Image.new("RGB", (64, 48), tone))
    assert np.isfinite(row).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_file_its_bytes_and_its_record_are_one_picture(family, tmp_path):
    encoder, path = made(family), tmp_path / "picture.png"
    picture().save(path)
    whole = encoder.prepare(picture())
    for source in (path, str(path), Picture(path=str(path)), Picture(path="x.png", data=path.read_bytes())):
        assert np.array_equal(encoder.prepare(source), whole)


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_refused(family):
    with pytest.raises(InputError, match="does not encode text"):
        made(family).encode(["a dog"], "text")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_broken_file_is_a_picture_error(family, tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"no picture")
    with pytest.raises(PictureError):
        made(family).prepare(path)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("gabor,scales=0", "scales must be at least 1, got 0"),
        ("gabor,side=32,scales=6", "too coarse"),
        ("gist,orientations=8-x", "such as 8-8-8; got '8-x'"),
        ("gist,orientations=0-8", "whole numbers from 1"),
        ("gist,blocks=300", "blocks must be at most side"),
        ("hog,side=100", "multiple of cells"),
        ("hog,block=9", "block must be at most cells"),
        ("hsv,bins=8-3", "bins must be 3 whole numbers"),
        ("hsv,levels=0", "levels must be at least 1"),
        ("lbp,radii=40", "at most 16"),
        ("shape,weight=-1", "weight must be at least 0"),
        ("shape,weight=nan", "weight must be at least 0"),
    ],
)
def test_impossible_options_are_named(spec, says):
    with pytest.raises(InputError, match=says):
        encoders.load(spec)


def test_an_option_that_does_not_exist_is_named():
    with pytest.raises(UnknownName, match="no option named 'cell'; did you mean 'cells'"):
        encoders.load("hog,cell=8")


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtra, match=r"shape needs OpenCV; .*tuwen\[classic\]"):
        needed("cv2", "shape", "OpenCV")


@pytest.mark.parametrize(
    ("size", "square", "made_size"),
    [((800, 400), False, (100, 50)), ((80, 40), False, (80, 40)), ((80, 40), True, (100, 100))],
)
def test_pictures_are_shrunk_in_their_shape_or_squashed(size, square, made_size):
    assert sized(Image.new("RGB", size), 100, square=square).size == made_size


def test_numbers_are_joined_by_a_dash():
    assert whole_numbers("bins", "8-3-12") == (8, 3, 12)
