"""What benchmarks of captions share: which files are read, cuts, folds, features by a path."""

import numpy as np
import pytest

from tiny_captions import names, rows_of, write_karpathy, write_precomputed, write_table, write_vectors
from tuwen.datasets.coco import Coco
from tuwen.datasets.flickr8k import Flickr8k
from tuwen.datasets.flickr30k import Flickr30k
from tuwen.errors import Damaged, InputError, Unavailable, UnknownName

PARTS = {"train": names("train", 6), "val": names("val", 2), "test": names("test", 5)}
EVERY = [name for part in PARTS.values() for name in part]


@pytest.fixture
def flickr8k(tmp_path):
    """Tables and encoded features; no MobileNet features."""
    for part, images in PARTS.items():
        write_table(tmp_path / f"{part}.csv", images)
    write_vectors(tmp_path / "features.npz", EVERY)
    return Flickr8k(tmp_path)


@pytest.fixture
def coco(tmp_path):
    """Regions in the precomputed layout, and nothing else."""
    for part, images in zip(("train", "dev", "testall"), PARTS.values(), strict=True):
        write_precomputed(tmp_path, part, images, rows_of(len(images), 1))
    return Coco(tmp_path)


def test_what_is_left_open_becomes_what_is_there(flickr8k, tmp_path):
    assert flickr8k.choice() == ("official", "encoded")
    (tmp_path / "test.csv").unlink()
    assert flickr8k.choice() == ("development", "encoded")
    assert flickr8k.choice("official", "mobilenetv2") == ("official", "mobilenetv2")
    assert flickr8k.choice("", "other.npz") == ("development", "other.npz")


def test_the_first_of_all_is_the_default_where_nothing_is_there(tmp_path):
    assert Flickr8k(tmp_path / "no").choice() == ("official", "mobilenetv2")
    assert not Flickr8k(tmp_path / "no").present()


def test_present_means_that_a_split_can_be_read(flickr8k, tmp_path):
    assert flickr8k.present()
    (tmp_path / "features.npz").unlink()
    assert not flickr8k.present()


def test_parts_come_with_their_features_and_captions(flickr8k):
    splits = flickr8k.load()
    assert (splits.dataset, splits.split, splits.features) == ("flickr8k", "official", "encoded")
    assert [len(part.image_ids) for part in (splits.train, splits.val, splits.test)] == [6, 2, 5]
    assert splits.val.images[:, 0].tolist() == [6, 7] and splits.val.texts is None
    assert splits.val.captions[:2] == ("en val-0 caption 0", "en val-0 caption 1")
    assert splits.val.image_of_text.tolist() == [0] * 5 + [1] * 5 and splits.val.matches is None
    assert set(splits.files) == {"train.csv", "val.csv", "test.csv", "features.npz"}
    assert all(len(checksum) == 64 for checksum in splits.files.values()) and splits.notes == ()


def test_a_part_may_have_a_file_of_features_of_its_own(flickr8k, tmp_path):
    texts = [str(number) for number in range(1, 2 * 10 + 1)]  # the table holds both languages
    write_vectors(tmp_path / "val.npz", ["val-1", "val-0"], texts)
    val = flickr8k.load().val
    assert val.images[:, 0].tolist() == [1, 0]
    assert val.texts[:, 0].tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]


def test_features_may_be_named_by_their_path(flickr8k, tmp_path):
    (tmp_path / "other").mkdir()
    write_vectors(tmp_path / "other" / "clip.npz", EVERY[::-1])
    path = str(tmp_path / "other" / "clip.npz")
    splits = flickr8k.load("", path)
    assert splits.features == path and splits.val.images[:, 0].tolist() == [6, 5]
    assert "other/clip.npz" in splits.files
    with pytest.raises(Unavailable, match=r"no\.npz is not there"):
        flickr8k.load("", "no.npz")


def test_a_missing_part_names_the_split_that_is_there(flickr8k, tmp_path):
    (tmp_path / "test.csv").unlink()
    with pytest.raises(Unavailable, match=r"needs test\.csv.* --split development"):
        flickr8k.load("official")


def test_missing_features_say_how_to_make_them(flickr8k, tmp_path):
    (tmp_path / "features.npz").unlink()
    with pytest.raises(Unavailable, match=r"train\.npz or features\.npz is not in .*tuwen encode"):
        flickr8k.load("official", "encoded")


def test_wrong_names_are_refused(flickr8k):
    with pytest.raises(UnknownName, match="split of flickr8k named 'offical'; did you mean 'official'"):
        flickr8k.load("offical")
    with pytest.raises(UnknownName, match="features of flickr8k named 'encodet'"):
        flickr8k.load("official", "encodet")


def test_images_are_held_out_by_the_seed(flickr8k, monkeypatch):
    cut = Flickr8k.cuts["development"]._replace(held=2)
    monkeypatch.setattr(Flickr8k, "cuts", {**Flickr8k.cuts, "development": cut})
    splits = flickr8k.load("development")
    assert sorted(splits.train.image_ids + splits.val.image_ids) == PARTS["train"]
    assert list(splits.test.image_ids) == PARTS["val"] and len(splits.val.captions) == 10
    assert splits.notes == ("val is drawn from the training images by seed 0",)
    drawn = {flickr8k.load("development", seed=seed).val.image_ids for seed in range(4)}
    assert len(drawn) > 1 and splits.val.image_ids == flickr8k.load("development").val.image_ids


def test_too_few_images_to_hold_out_are_refused(flickr8k):
    with pytest.raises(InputError, match="has 6 training images, but split 'development' holds out 1000"):
        flickr8k.load("development")


def test_the_seed_picks_a_fold(coco):
    folds = [coco.load("karpathy-1k", seed=seed).test.image_ids for seed in range(6)]
    assert folds == [("0",), ("1",), ("2",), ("3",), ("4",), ("0",)]
    notes = coco.load("karpathy-1k", seed=3).notes
    assert notes == ("fold 4 of 5, picked by the seed; published figures are means over all 5",)


def test_test_images_that_do_not_fall_into_folds_are_refused(coco, tmp_path):
    write_precomputed(tmp_path, "testall", names("test", 4), rows_of(4, 1))
    with pytest.raises(Damaged, match="4 test images cannot be cut into 5 folds"):
        coco.load("karpathy-1k")


def test_layouts_go_with_their_features(coco, tmp_path):
    assert coco.choice() == ("karpathy-5k", "regions-mean")
    with pytest.raises(Unavailable, match=r"needs dataset_coco\.json"):
        coco.load("", "encoded")
    write_karpathy(tmp_path / "dataset_coco.json", {**PARTS, "restval": ["x"]})
    write_vectors(tmp_path / "features.npz", [*EVERY, "x"])
    assert coco.load("", "encoded").train.image_ids == (*PARTS["train"], "x")


def test_regions_are_kept_as_sets(tmp_path):
    for part, images in zip(("train", "dev", "test"), PARTS.values(), strict=True):
        write_precomputed(tmp_path, part, images, np.ones((len(images), 3, 4), np.float32))
    splits = Flickr30k(tmp_path).load("", "regions")
    assert splits.test.images.shape == (5, 3, 4)
    assert set(splits.files) >= {"train_ims.npy", "test_caps.txt"}
    assert Flickr30k(tmp_path).load("", "regions-mean").test.images.shape == (5, 4)
