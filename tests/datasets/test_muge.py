"""MUGE: a text may be true for several images; valid is scored where test has no answers."""

import numpy as np
import pytest

from tiny_captions import write_chinese_clip, write_vectors
from tuwen.datasets.muge import Muge
from tuwen.errors import Damaged, InputError

TRAIN = [(1, "红裙子", [1, 2]), (2, "狗粮", [3]), (3, "手机壳", [4, 5]), (4, "雨伞", [6])]


@pytest.fixture
def folder(tmp_path):
    """Six images to learn from, three in valid; test has no answers."""
    write_chinese_clip(tmp_path, "train", range(1, 7), TRAIN)
    write_chinese_clip(tmp_path, "valid", [11, 12, 13], [(5, "连衣裙", [13, 11]), (6, "猫粮", [11])])
    write_chinese_clip(tmp_path, "test", [21], [(7, "帽子", [])])
    write_vectors(tmp_path / "features.npz", ["1", "2", "3", "4", "5", "6", "11", "12", "13", "21"])
    return tmp_path


def test_valid_is_scored_and_every_true_image_counts(folder):
    splits = Muge(folder).load()
    assert splits.split == "valid" and splits.val is None
    assert splits.test.relevance.tolist() == [[0, 2], [0, 0], [1, 0]]
    assert splits.test.image_ids == ("11", "12", "13")  # 12 answers nothing and stays in the way
    assert splits.test.images[:, 0].tolist() == [6, 7, 8]


def test_a_text_of_several_images_is_learned_with_each(folder):
    train = Muge(folder).load().train
    assert len(train.captions) == 4 and len(train.relevance) == 6


def test_no_text_stands_in_train_and_val(folder, monkeypatch):
    cut = Muge.cuts["development"]._replace(held=2)
    monkeypatch.setattr(Muge, "cuts", {**Muge.cuts, "development": cut})
    for seed in range(8):
        splits = Muge(folder).load("development", seed=seed)
        assert len(splits.val.image_ids) == 2 and len(splits.train.image_ids) == 4
        assert not set(splits.train.text_ids) & set(splits.val.text_ids)
        for part in (splits.train, splits.val):
            true = {text_id: set(map(str, images)) for text_id, _, images in TRAIN}
            for text, image in part.relevance.tolist():
                assert part.image_ids[image] in true[int(part.text_ids[text])]


def test_a_cut_that_leaves_no_text_is_refused(tmp_path, monkeypatch):
    write_chinese_clip(tmp_path, "train", [1, 2], [(1, "红裙子", [1, 2])])
    write_chinese_clip(tmp_path, "valid", [3], [(2, "狗粮", [3])])
    write_vectors(tmp_path / "features.npz", ["1", "2", "3"])
    cut = Muge.cuts["development"]._replace(held=1)
    monkeypatch.setattr(Muge, "cuts", {"development": cut})
    monkeypatch.setattr(Muge, "splits", {"development": ""})
    with pytest.raises(InputError, match="no text is left to learn from"):
        Muge(tmp_path).load()


def test_a_test_part_without_answers_says_so(folder):
    with pytest.raises(Damaged, match="without its answers"):
        Muge(folder).load("official")


def test_vectors_of_texts_go_with_their_texts(folder):
    ids = ["1", "2", "3", "4", "5", "6", "11", "12", "13"]
    write_vectors(folder / "clip.npz", ids, ["6", "5", "4", "3", "2", "1"])
    splits = Muge(folder).load("", str(folder / "clip.npz"))
    assert splits.test.texts[:, 0].tolist() == [1, 0]
    images, texts, _ = splits.train.aligned
    assert images[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert np.array_equal(texts[:, 0], [5, 5, 4, 3, 3, 2])
