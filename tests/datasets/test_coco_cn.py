"""COCO-CN: captions written by people, a translated test part, and the layout of Chinese-CLIP."""

import pytest

from tiny_captions import names, write_chinese_clip, write_list, write_tokens, write_vectors
from tuwen.datasets.coco_cn import CocoCN

PARTS = {"train": names("train", 3), "val": names("val", 2), "test": names("test", 2)}
EVERY = [name for part in PARTS.values() for name in part]


@pytest.fixture
def folder(tmp_path):
    """The files of the authors; images have one caption each, the translated ones five."""
    write_tokens(tmp_path / "imageid.human-written-caption.txt", EVERY, end="", captions=1)
    write_tokens(tmp_path / "imageid.manually-translated-caption.txt", PARTS["test"], end="")
    for part, images in PARTS.items():
        write_list(tmp_path / f"coco-cn_{part}.txt", images)
    write_vectors(tmp_path / "features.npz", EVERY)
    return tmp_path


def test_images_have_the_captions_that_people_wrote(folder):
    splits = CocoCN(folder).load()
    assert splits.split == "official"
    assert [len(part.captions) for part in (splits.train, splits.val, splits.test)] == [3, 2, 2]
    assert splits.test.captions == ("test-0 caption 0", "test-1 caption 0")


def test_the_translated_test_part_has_five_captions_an_image(folder):
    splits = CocoCN(folder).load("translated")
    assert len(splits.test.captions) == 10 and len(splits.train.captions) == 3


def test_the_layout_of_chinese_clip_is_read(tmp_path):
    for part, key, images in (("train", 0, [1, 2]), ("valid", 10, [3]), ("test", 20, [4])):
        write_chinese_clip(tmp_path, part, images, [(key + i, f"图{i}", [i]) for i in images])
    write_vectors(tmp_path / "features.npz", ["1", "2", "3", "4"], ["1", "2", "13", "24"])
    splits = CocoCN(tmp_path).load()
    assert splits.split == "official" and splits.test.captions == ("图4",)
    assert splits.val.texts[:, 0].tolist() == [2] and splits.train.texts[:, 0].tolist() == [0, 1]
