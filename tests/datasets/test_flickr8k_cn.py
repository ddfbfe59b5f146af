"""Flickr8k-CN: tables beside the English captions, and its authors' files."""

import pytest

from tiny_captions import names, write_list, write_table, write_tokens, write_vectors
from tuwen.datasets import open_dataset
from tuwen.datasets.flickr8k_cn import Flickr8kCN

PARTS = {"train": names("train", 3), "val": names("val", 2), "test": names("test", 2)}
EVERY = [name for part in PARTS.values() for name in part]


@pytest.fixture
def own(tmp_path):
    """The files of the authors."""
    folder = tmp_path / "flickr8k_cn"
    folder.mkdir()
    write_tokens(folder / "flickr8kzhc.caption.txt", EVERY, tag="#zhc", mark=" ")
    write_tokens(folder / "flickr8kzhmtest.captions.txt", PARTS["test"], tag="#zhm", mark=" ")
    for part, images in PARTS.items():
        write_list(folder / f"flickr8k{part}.txt", images)
    write_vectors(folder / "features.npz", EVERY)
    return folder


def test_the_folder_of_the_english_captions_will_do(tmp_path):
    (tmp_path / "flickr8k").mkdir()
    for part, images in PARTS.items():
        write_table(tmp_path / "flickr8k" / f"{part}.csv", images)
    write_vectors(tmp_path / "flickr8k" / "features.npz", EVERY)
    splits = open_dataset("flickr8k_cn", tmp_path).load()
    assert splits.split == "official" and splits.test.captions[0] == "zh test-0 caption 0"
    assert len(splits.train.captions) == 15


def test_captions_are_those_that_people_wrote(own):
    splits = Flickr8kCN(own).load()
    assert splits.split == "official" and splits.test.text_ids[0] == "test-0#zhc#0"
    assert [len(part.captions) for part in (splits.train, splits.val, splits.test)] == [15, 10, 10]


def test_translated_captions_are_a_test_of_their_own(own):
    splits = Flickr8kCN(own).load("translated")
    assert splits.test.text_ids[0] == "test-0#zhm#0" and splits.train.text_ids[0] == "train-0#zhc#0"
    assert "flickr8kzhmtest.captions.txt" in splits.files


def test_the_real_files_have_five_chinese_captions_an_image(data_folder):
    if not (data_folder / "flickr8k" / "train.csv").is_file():
        pytest.skip("no flickr8k in the folder of test data")
    splits = open_dataset("flickr8k_cn", data_folder).load("development")
    assert (len(splits.train.captions), len(splits.val.captions), len(splits.test.captions)) == (
        25000,
        5000,
        5000,
    )
    assert splits.test.captions[0] == "在玩滑板的两个女孩。"
