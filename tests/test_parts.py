"""Patches of pictures and words of texts of a source."""

import numpy as np
import pytest
from PIL import Image

from tuwen.data import open_source
from tuwen.encoders.base import Encoder
from tuwen.errors import InputError, TextError
from tuwen.parts import encode_parts, kinds_of_parts, text_parts


class Letters(Encoder):
    """Four corners of a picture, letters of a text as numbers from 1."""

    name, width, fingerprint, batch_size, image_size = "letters", 2, "letters", 2, 4

    def patch_tokens(self, images):
        pixels = [self.prepare(image).astype(np.float32) for image in images]
        return np.stack([one[::3, ::3].reshape(4, 3) for one in pixels])

    def token_states(self, texts):
        if "bad" in texts:
            raise TextError("odd", "bad is no text")
        longest = max(map(len, texts))
        codes = np.array([[ord(x) - 96 for x in text.ljust(longest, "`")] for text in texts])
        return np.repeat(codes[..., None] * 30000.0 + 1, 2, axis=2), (codes > 0).astype(int)


class Plain(Encoder):
    """Knows no parts."""

    name, width, fingerprint = "plain", 2, "plain"


@pytest.fixture
def source(tmp_path):
    for name, colour in (("a", "red"), ("b", "blue")):
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    rows = ["image,text", "a.png,abc", "b.png,b", "broken.png,bad", "a.png,ab"]
    (tmp_path / "pairs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return open_source(tmp_path / "pairs.csv")


def test_words_of_shorter_texts_end_in_zeros_and_refused_ones_are_listed(source):
    found = encode_parts(source, Letters(), "text")
    assert found.ids == ["1", "2", "4"]
    assert found.vectors.shape == (3, 3, 2)
    assert found.vectors.dtype == np.float16
    np.testing.assert_array_equal(found.vectors.any(axis=2), [[1, 1, 1], [1, 0, 0], [1, 1, 0]])
    assert [refusal.item for refusal in found.refusals] == ["3"]


def test_values_beyond_float16_become_its_largest(source):
    assert np.isfinite(encode_parts(source, Letters(), "text").vectors).all()


def test_patches_of_pictures_come_once_each_and_broken_ones_are_listed(source):
    told = []
    found = encode_parts(source, Letters(), "image", lambda done, total: told.append((done, total)))
    assert found.ids == ["a", "b"]
    np.testing.assert_array_equal(found.vectors[1], [[0, 0, 255]] * 4)
    assert [refusal.code for refusal in found.refusals] == ["not-a-picture"]
    assert told[-1][0] == 2


def test_who_knows_no_parts_says_who_does(source):
    assert kinds_of_parts(Letters()) == ["image", "text"]
    assert kinds_of_parts(Plain()) == []
    with pytest.raises(InputError, match="plain gives no parts of texts"):
        encode_parts(source, Plain(), "text")


def test_texts_alone(source):
    assert text_parts(["a", "bcd", "b"], Letters()).shape == (3, 3, 2)
    assert text_parts([], Letters()).shape == (0, 0, 0)
