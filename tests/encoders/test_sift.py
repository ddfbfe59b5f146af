"""SIFT visual words: learned, counted, saved; pictures without keypoints and pictures that are none."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("cv2")

from tuwen import encoders
from tuwen.encoders.sift import Sift, _Sample
from tuwen.errors import InputError, NotFittedError
from tuwen.records import Picture

PLAIN = Image.new("RGB", (80, 60), "white")


def picture(seed, size=(160, 120)):
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def pictures():
    return [picture(seed) for seed in range(6)]


@pytest.fixture(scope="module")
def fitted(pictures):
    return Sift(words=20).fit(pictures)


def test_a_row_holds_the_shares_of_the_words(fitted, pictures):
    rows = fitted.encode_images(pictures, unit=False)
    assert rows.shape == (6, 20)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    counts = rows[0] * len(fitted.descriptors(pictures[0]))
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-4)


def test_a_descriptor_counts_for_its_nearest_word(fitted, pictures):
    points = fitted._points(fitted.descriptors(pictures[0]))
    distances = ((points[:, None] - fitted.vocabulary_) ** 2).sum(axis=2)
    expected = np.bincount(distances.argmin(axis=1), minlength=20) / len(points)
    np.testing.assert_allclose(fitted.prepare(pictures[0]), expected, atol=1e-6)


def test_a_picture_without_keypoints_is_a_row_of_zeros(fitted):
    assert not fitted.encode_images([PLAIN]).any()


def test_it_does_not_encode_before_it_is_fitted():
    with pytest.raises(NotFittedError, match="sift must be fitted first"):
        Sift().encode([PLAIN], "image")


def test_the_same_pictures_and_seed_give_the_same_space(fitted, pictures):
    again = Sift(words=20).fit(pictures)
    assert again.fingerprint == fitted.fingerprint
    assert Sift(words=20, seed=1).fit(pictures).fingerprint != fitted.fingerprint


def test_equal_pictures_have_equal_vectors_in_any_batch(fitted, pictures):
    alone = fitted.encode_images([pictures[2]])[0]
    assert np.array_equal(fitted.encode_images(pictures)[2], alone)


def test_it_is_saved_and_opened_with_the_same_vectors(fitted, pictures, tmp_path):
    fitted.save(tmp_path / "sift")
    opened = encoders.load(str(tmp_path / "sift"))
    assert opened.fingerprint == fitted.fingerprint
    assert np.array_equal(opened.encode_images(pictures), fitted.encode_images(pictures))


def test_pictures_that_cannot_be_read_are_listed_and_the_rest_is_learned(pictures, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 not much more")
    items = [pictures[0], broken, Picture(path=str(tmp_path / "gone.jpg")), *pictures[1:]]
    encoder = Sift(words=20).fit(items)
    assert [(refusal.item, refusal.code) for refusal in encoder.refusals] == [
        (str(broken), "truncated"),
        (str(tmp_path / "gone.jpg"), "missing"),
    ]
    assert encoder.fingerprint == Sift(words=20).fit(pictures).fingerprint


def test_too_few_descriptors_for_the_words_are_counted_in_the_message(pictures, tmp_path):
    with pytest.raises(InputError, match=r"5000 words need .* but 1 pictures have \d+; add pictures"):
        Sift(words=5000).fit(pictures[:1])
    with pytest.raises(InputError, match="2 pictures have 0; 1 could not be read"):
        Sift(words=5).fit([PLAIN, tmp_path / "gone.jpg"])


def test_equal_descriptors_count_once_for_the_vocabulary():
    flat = Sift(words=20, dense=True)
    with pytest.raises(InputError, match="have 1; add pictures"):
        flat.fit([PLAIN])


def test_rare_words_weigh_more_with_idf(pictures):
    encoder = Sift(words=40, idf=True).fit([picture(seed, (60, 40)) for seed in range(6)])
    having = np.array([encoder.prepare(picture(seed, (60, 40))) > 0 for seed in range(6)]).sum(axis=0)
    np.testing.assert_allclose(encoder.weights_, np.log(7 / (1 + having)) + 1, rtol=1e-5)


def test_rootsift_rows_have_length_one():
    raw = np.array([[1, 3] * 64, [0] * 128], dtype=np.uint8)
    points = Sift()._points(raw)
    np.testing.assert_allclose((points**2).sum(axis=1), [1, 0], atol=1e-6)
    np.testing.assert_allclose(points[0, 1] / points[0, 0], np.sqrt(3), rtol=1e-5)
    assert np.array_equal(Sift(rootsift=False)._points(raw), raw)


def test_the_dense_grid_has_a_descriptor_a_step():
    encoder = Sift(dense=True, step=10, patch=20)
    assert encoder.descriptors(picture(0, (100, 60))).shape == (9 * 5, 128)
    assert encoder.descriptors(picture(0, (19, 60))).shape == (0, 128)


def test_dense_words_describe_a_picture(pictures):
    encoder = Sift(words=10, dense=True).fit(pictures[:2])
    assert encoder.prepare(pictures[0]).sum() == pytest.approx(1, abs=1e-5)


def test_large_pictures_are_shrunk_and_keypoints_are_bounded():
    large = picture(0, (1600, 1200))
    assert len(Sift(keypoints=30).descriptors(large)) <= 40  # one point may have several directions
    half = Sift(keypoints=0, side=240).descriptors(large)
    assert np.array_equal(half, Sift(keypoints=0, side=240).descriptors(large))


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 3)])
def test_the_thinnest_pictures_have_no_descriptors(size):
    for dense in (False, True):
        assert Sift(dense=dense).descriptors(Image.effect_noise(size, 80)).shape == (0, 128)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"words": 1}, "words must be at least 2"),
        ({"words": 200, "sample": 100}, "sample must be at least words"),
        ({"step": 0}, "step must be at least 1"),
        ({"patch": 4}, "patch must be at least 8"),
    ],
)
def test_impossible_options_are_named(options, says):
    with pytest.raises(InputError, match=says):
        Sift(**options)


def test_options_come_from_the_name():
    encoder = encoders.load("sift,words=128,dense=true,rootsift=false")
    assert (encoder.words, encoder.dense, encoder.rootsift) == (128, True, False)


def test_the_sample_is_even_bounded_and_in_order():
    sample = _Sample(100, seed=0)
    for start in range(0, 250):
        sample.add(np.full((20, 128), start, dtype=np.uint8))
        assert sum(map(len, sample._rows)) <= 220
    kept = sample.take()[:, 0]
    assert len(kept) == 100
    assert (np.diff(kept.astype(int)) >= 0).all()
    assert 100 < kept.mean() < 150  # 124.5 when even
