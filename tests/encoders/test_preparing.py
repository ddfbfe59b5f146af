"""Pictures are prepared beside the encoder, whoever asks, and each is refused alone."""

import threading

import numpy as np
import pytest
from PIL import Image

from badfiles import encoded, noise
from tiny import TinyEncoder
from tuwen.data import open_source
from tuwen.encoders.base import Encoder
from tuwen.errors import InputError, NotFittedError, PictureError
from tuwen.features import encode_source
from tuwen.records import Picture


class Slow(TinyEncoder):
    """Its first batch is not encoded before a picture of the second is prepared."""

    def __init__(self):
        super().__init__()
        self.batch_size = 4
        self.prepared, self.later, self.waited = 0, threading.Event(), []

    def prepare(self, image):
        self.prepared += 1
        if self.prepared > 4:
            self.later.set()
        return super().prepare(image)

    def _encode_images(self, prepared):
        self.waited.append(self.later.wait(10))
        return super()._encode_images(prepared)


@pytest.fixture
def folder(tmp_path):
    for number in range(10):
        noise(seed=number).save(tmp_path / f"{number}.png")
    return tmp_path


def test_pictures_are_prepared_while_the_encoder_works(folder):
    for encode in (
        lambda encoder: encoder.encode_images(sorted(folder.iterdir())),
        lambda encoder: encode_source(open_source(folder), encoder, "image").vectors,
    ):
        encoder = Slow()
        wanted = TinyEncoder().encode_images(sorted(folder.iterdir()))
        np.testing.assert_allclose(encode(encoder), wanted, atol=1e-6)
        assert encoder.waited == [True] * 3


def test_paths_pictures_and_bytes_are_one(folder):
    path = folder / "3.png"
    with Image.open(path) as image:
        sources = [path, str(path), image, Picture(path="x", data=path.read_bytes()), Picture(path=str(path))]
        rows = TinyEncoder().encode_images(sources)
    np.testing.assert_allclose(rows, np.tile(rows[0], (5, 1)), atol=1e-6)


def test_no_pictures_give_no_rows(tiny_encoder):
    assert tiny_encoder.encode_images([]).shape == (0, tiny_encoder.width)


def test_a_picture_that_cannot_be_decoded_is_an_error_of_its_own(folder, tiny_encoder):
    (folder / "5.png").write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"5\.png") as caught:
        tiny_encoder.encode_images(sorted(folder.iterdir()))
    assert caught.value.code == "not-a-picture"
    made = [prepared for _, prepared in tiny_encoder.prepare_ahead(sorted(folder.iterdir()))]
    assert [isinstance(one, PictureError) for one in made] == [number == 5 for number in range(10)]


def test_a_picture_too_large_for_memory_is_refused(tiny_pictures, monkeypatch):
    def fail(self, image):
        raise MemoryError

    monkeypatch.setattr(TinyEncoder, "prepare", fail)
    with pytest.raises(PictureError, match="does not fit into memory") as caught:
        TinyEncoder().encode_images([tiny_pictures / "red-0.png"])
    assert caught.value.code == "too-large"


@pytest.mark.parametrize("error", [NotFittedError("not yet"), InputError("no images")])
def test_an_encoder_that_cannot_be_used_is_no_fault_of_the_picture(tiny_pictures, monkeypatch, error):
    def fail(self, image):
        raise error

    monkeypatch.setattr(TinyEncoder, "prepare", fail)
    with pytest.raises(type(error)):
        list(TinyEncoder().prepare_ahead([tiny_pictures / "red-0.png"]))


def test_a_large_jpeg_is_prepared_as_if_decoded_whole():
    class Plain(Encoder):
        image_size = 32

    image = noise(seed=4).convert("RGB").resize((401, 303), Image.Resampling.BICUBIC)
    data = encoded("JPEG", image, quality=92)
    ours = Plain().prepare(Picture(path="x", data=data)).astype(int)
    theirs = np.asarray(Plain().prepare(image)).astype(int)
    assert ours.shape == (32, 32, 3)
    assert np.abs(ours - theirs).mean() < 2
