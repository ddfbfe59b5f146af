"""The built-in encoder: defined for every input, independent of batching, intact, and bilingual."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tuwen.encoders.mini import WEIGHTS, Mini, normalise, tokens
from tuwen.errors import Damaged, InputError
from tuwen.files import checksum


@pytest.fixture(scope="module")
def mini() -> Mini:
    return Mini()


def scene(seed: int, size: tuple[int, int] = (120, 90)) -> Image.Image:
    """A picture of coloured discs."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(int(v) for v in rng.integers(0, 256, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y, r = (int(v) for v in rng.integers(5, 60, 3))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
    return image


def test_vectors_are_unit_rows_of_one_width(mini: Mini) -> None:
    images = mini.encode_images([scene(1), scene(2)])
    texts = mini.encode_texts(["a dog", "一只狗", "a 狗 running 在雪地里"])
    assert images.shape == (2, mini.width)
    assert texts.shape == (3, mini.width)
    assert images.dtype == texts.dtype == np.float32
    for vectors in (images, texts):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_items_give_no_rows(mini: Mini) -> None:
    assert mini.encode_texts([]).shape == (0, mini.width)
    assert mini.encode_images([]).shape == (0, mini.width)
    assert mini.encode_prepared(np.empty((0, 224, 224, 3), dtype=np.uint8)).shape == (0, mini.width)


def test_a_batch_gives_what_single_items_give(mini: Mini) -> None:
    pictures = [scene(seed) for seed in range(5)]
    texts = ["two dogs run", "孩子在玩水", "", "a man on a bike", "雪"]
    together = mini.encode_images(pictures)
    apart = np.concatenate([mini.encode_images([picture]) for picture in pictures])
    np.testing.assert_allclose(together, apart, atol=2e-5)
    together = mini.encode_texts(texts)
    apart = np.concatenate([mini.encode_texts([text]) for text in texts])
    np.testing.assert_allclose(together, apart, atol=2e-6)


@pytest.mark.parametrize("text", ["", "   ", "\u3000\n\t", "\u0000", "\ud800", "ⵣⵣⵣ", "a" * 100_000])
def test_odd_texts_are_defined(mini: Mini, text: str) -> None:
    vector = mini.encode_texts([text])
    assert np.isfinite(vector).all()
    np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-5)


def test_blank_texts_are_all_the_empty_text(mini: Mini) -> None:
    empty, blank = mini.encode_texts(["", " \n\u3000"])
    np.testing.assert_array_equal(empty, blank)


def test_a_path_stays_text(mini: Mini, tmp_path: Path) -> None:
    path = tmp_path / "dog.png"
    scene(3).save(path)
    as_text = mini.encode([str(path), "https://example.org/dog.png"], "text")
    assert as_text.shape == (2, mini.width)
    assert not np.allclose(as_text[0], mini.encode_images([path])[0], atol=1e-3)


def test_a_file_and_its_picture_agree(mini: Mini, tmp_path: Path) -> None:
    path = tmp_path / "scene.png"
    scene(4).save(path)
    np.testing.assert_allclose(mini.encode_images([path]), mini.encode_images([scene(4)]), atol=1e-6)


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P", "CMYK", "1", "I;16"])
def test_every_picture_mode_is_accepted(mini: Mini, mode: str) -> None:
    picture = Image.new("I;16", (40, 30), 9000) if mode == "I;16" else scene(5).convert(mode)
    vector = mini.encode_images([picture])
    assert np.isfinite(vector).all()


def test_one_pixel_and_a_long_strip_are_accepted(mini: Mini) -> None:
    vectors = mini.encode_images([Image.new("RGB", (1, 1), "red"), Image.new("RGB", (2000, 3), "blue")])
    assert np.isfinite(vectors).all()


def test_what_is_not_a_text_is_refused(mini: Mini) -> None:
    with pytest.raises(InputError):
        mini.encode_texts("one string")
    with pytest.raises(InputError):
        mini.encode([Path("dog.png")], "text")


def test_width_forms_case_and_accents_do_not_matter(mini: Mini) -> None:
    assert normalise("  Ａ\u3000Café\n DOG ") == "a cafe dog"
    plain, odd = mini.encode_texts(["a dog in a cafe", "Ａ  DOG in a CAFÉ"])
    np.testing.assert_array_equal(plain, odd)


def test_tokens_of_both_languages() -> None:
    assert list(tokens("小狗跑")) == ["小", "狗", "跑", "小狗", "狗跑", "小狗跑"]
    assert list(tokens("a Dog")) == ["a", "~<a>", "dog", "a dog", *_pieces("<dog>")]
    assert list(tokens("dog狗")) == ["dog", *_pieces("<dog>"), "狗"]


def _pieces(word: str) -> list[str]:
    return ["~" + word[i : i + n] for n in (3, 4, 5) for i in range(len(word) - n + 1)]


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("a dog", "一只狗", "a man in a suit"),
        ("一个孩子在游泳", "a child is swimming", "一只狗在雪地里"),
        ("a man riding a bicycle", "一个男人骑自行车", "two dogs playing in the snow"),
        ("a girl on the beach", "沙滩上的女孩", "一个足球运动员"),
    ],
)
def test_the_languages_share_a_space(mini: Mini, one: str, same: str, other: str) -> None:
    a, b, c = mini.encode_texts([one, same, other])
    assert a @ b > max(a @ c, b @ c) + 0.1


def test_the_shipped_files_are_small_and_whole() -> None:
    config = json.loads((WEIGHTS / "config.json").read_text(encoding="utf-8"))
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 16 * 2**20
    for name, digest in config["sha256"].items():
        assert checksum(WEIGHTS / name) == digest
        assert (WEIGHTS / name).stat().st_size == config["bytes"][name]


def test_a_changed_weight_file_is_refused(tmp_path: Path) -> None:
    for path in WEIGHTS.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "text.npz").write_bytes((tmp_path / "text.npz").read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged, match=r"text\.npz"):
        Mini(tmp_path).encode_texts(["a dog"])
