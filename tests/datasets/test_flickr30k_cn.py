"""Flickr30k-CN: its authors' folders of tagged words, and the layout of Chinese-CLIP."""

from tiny_captions import write_chinese_clip, write_list, write_vectors
from tuwen.datasets.flickr30k_cn import Flickr30kCN

FOLDERS = ("flickr30kzhbbosontrain", "flickr30kzhbbosonval", "flickr30kzhmbosontest")


def test_tagged_words_become_captions(tmp_path):
    for number, name in enumerate(FOLDERS):
        write_list(tmp_path / name / "ImageSets" / f"{name}.txt", [f"100{number}"])
        texts = tmp_path / name / "TextData"
        texts.mkdir()
        lines = [f"100{number}#{row} 一只:mq 狗:n {row}:m\n" for row in range(5)]
        (texts / f"seg.{name}.caption.txt").write_text("".join(lines), encoding="utf-8")
    write_vectors(tmp_path / "features.npz", ["1000", "1001", "1002"])
    splits = Flickr30kCN(tmp_path).load()
    assert splits.test.captions == tuple(f"一只狗{row}" for row in range(5))
    assert splits.test.text_ids[1] == "1002#1" and splits.val.images[:, 0].tolist() == [1]


def test_the_layout_of_chinese_clip_is_read(tmp_path):
    for part, image in (("train", 1), ("valid", 2), ("test", 3)):
        texts = [(10 * image + row, f"图{image} {row}", [image]) for row in range(5)]
        write_chinese_clip(tmp_path, part, [image], texts)
    write_vectors(tmp_path / "features.npz", ["1", "2", "3"])
    splits = Flickr30kCN(tmp_path).load()
    assert splits.val.text_ids == ("20", "21", "22", "23", "24")
    assert splits.test.images[:, 0].tolist() == [2]
