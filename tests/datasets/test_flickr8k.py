"""Flickr8k: its three layouts, and the real files where they are at hand."""

import pytest

from tiny_captions import names, write_karpathy, write_list, write_table, write_tokens, write_vectors
from tuwen.datasets import open_dataset
from tuwen.datasets.flickr8k import Flickr8k

PARTS = {"train": names("train", 3), "val": names("val", 2), "test": names("test", 2)}


def tables(folder):
    for part, images in PARTS.items():
        write_table(folder / f"{part}.csv", images)


def karpathy(folder):
    write_karpathy(folder / "dataset_flickr8k.json", PARTS)


def tokens(folder):
    write_tokens(folder / "Flickr8k.token.txt", [name for part in PARTS.values() for name in part])
    for part, word in (("train", "train"), ("val", "dev"), ("test", "test")):
        write_list(folder / f"Flickr_8k.{word}Images.txt", PARTS[part], end=".jpg")


@pytest.mark.parametrize("write", [tables, karpathy, tokens])
def test_each_layout_gives_the_same_parts(tmp_path, write):
    write(tmp_path)
    write_vectors(tmp_path / "features.npz", [name for part in PARTS.values() for name in part])
    splits = Flickr8k(tmp_path).load("official", "encoded")
    for part, images in PARTS.items():
        found = getattr(splits, part)
        assert list(found.image_ids) == images
        assert len(found.captions) == 5 * len(images)
        assert found.captions[-1].endswith(f"{images[-1]} caption 4")
    assert splits.test.images[:, 0].tolist() == [5, 6]


def test_the_real_files_have_five_captions_an_image(data_folder):
    if not (data_folder / "flickr8k" / "train.csv").is_file():
        pytest.skip("no flickr8k in the folder of test data")
    splits = open_dataset("flickr8k", data_folder).load("development", "mobilenetv2")
    sizes = [(len(part.image_ids), len(part.captions)) for part in (splits.train, splits.val, splits.test)]
    assert sizes == [(5000, 25000), (1000, 5000), (1000, 5000)]
    assert splits.train.images.shape == (5000, 1280) and 0 < splits.train.images.max() < 255 * 0.0236
    assert not set(splits.train.image_ids) & set(splits.val.image_ids)
    whole = set(splits.train.image_ids) | set(splits.val.image_ids)
    assert len(whole) == 6000 and not whole & set(splits.test.image_ids)
    assert splits.test.captions[1] == "Two girls play on a skateboard in a courtyard ."
    assert splits.test.image_of_text.tolist() == [row // 5 for row in range(5000)]
