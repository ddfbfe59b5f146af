"""Captions in the layouts that benchmarks come in."""

import json

import pytest

from tiny_captions import (
    caption,
    names,
    write_chinese_clip,
    write_karpathy,
    write_list,
    write_precomputed,
    write_table,
    write_tokens,
)
from tuwen.datasets.layouts import (
    read_chinese_clip,
    read_karpathy,
    read_precomputed,
    read_table,
    read_tokens,
)
from tuwen.errors import Damaged


def texts(listed):
    return [found.text for found in listed.captions]


def test_a_table_gives_one_language(tmp_path):
    write_table(tmp_path / "train.csv", ["a", "b"])
    listed = read_table(tmp_path / "train.csv", "zh")
    assert listed.images == ("a", "b")
    assert texts(listed) == [f"zh {caption(image, number)}" for image in "ab" for number in range(5)]
    assert [found.id for found in listed.captions[4:6]] == ["a#zh#4", "b#zh#0"]
    # the number is that of the row in the whole file, in which English stands first
    assert [found.number for found in listed.captions[:2]] == [6, 7] and listed.texts_in_file == 20
    assert listed.matches.tolist() == [[row, row // 5] for row in range(10)]


def test_rows_of_an_image_may_stand_apart(tmp_path):
    (tmp_path / "t.csv").write_text("image,language,caption\nx/a.jpg,en,1\nb.jpg,en,2\nx/a.jpg,en,3\n")
    listed = read_table(tmp_path / "t.csv", "en")
    assert listed.matches.tolist() == [[0, 0], [1, 1], [2, 0]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("image,caption\na.jpg,x\n", "no column language"),
        ("image,language,caption\na.jpg,zh,x\n", "none in language 'en'"),
        ("image,language,caption\na.jpg,en,x\na.jpg,en, \n", "empty captions: 1, 'a#en#1'"),
        ("image,language,caption\na.jpg,en,x, y\n", "line 2: it has other cells"),
        ("image,language,caption\na.jpg,en\n", "line 2: it has other cells"),
        ("image,language,caption\n,en,x\n", "images without a name: 1, ''"),
        (b"image,language,caption\na.jpg,en,\xff\n", "not a CSV file in UTF-8"),
    ],
)
def test_a_bad_table_is_refused(tmp_path, content, reason):
    (tmp_path / "t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(Damaged, match=reason):
        read_table(tmp_path / "t.csv", "en")


def test_karpathys_file_gives_parts_and_other_names_of_images(tmp_path):
    parts = {"train": ["a"], "restval": ["b"], "test": ["c"]}
    write_karpathy(tmp_path / "d.json", parts, coco=True)
    listed = read_karpathy(tmp_path / "d.json", ("train", "restval"))
    assert listed.images == ("a", "b") and listed.texts_in_file == 15
    assert listed.aliases["b"] == ("b.jpg", "1001")
    assert [found.id for found in listed.captions] == [str(number) for number in range(10)]
    assert texts(listed)[9] == "b caption 4"  # without the space and line end around it


def test_captions_beyond_five_are_left_out_and_said(tmp_path):
    write_karpathy(tmp_path / "d.json", {"test": ["a", "b"]}, captions=7)
    listed = read_karpathy(tmp_path / "d.json", ("test",))
    assert len(listed.captions) == 10
    assert listed.notes == ("test: 4 captions beyond five of an image are left out",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[1]", 'no list "images"'),
        ('{"images": [{"filename": "a.jpg", "split": "test"}]}', "image 1: it has no 'sentences'"),
        ('{"images": [{"filename": "a.jpg", "split": "test", "sentences": []}]}', "lists 1 images and 0 cap"),
        ('{"images": []}', "lists 0 images"),
        ("{", "not readable JSON"),
    ],
)
def test_a_bad_karpathy_file_is_refused(tmp_path, content, reason):
    (tmp_path / "d.json").write_text(content)
    with pytest.raises(Damaged, match=reason):
        read_karpathy(tmp_path / "d.json", ("test",))


def test_an_image_without_captions_is_refused(tmp_path):
    write_karpathy(tmp_path / "d.json", {"test": ["a", "b"]})
    loaded = json.loads((tmp_path / "d.json").read_text())
    loaded["images"][1]["sentences"] = []
    (tmp_path / "d.json").write_text(json.dumps(loaded))
    with pytest.raises(Damaged, match="images without a caption: 1, 'b'"):
        read_karpathy(tmp_path / "d.json", ("test",))


def test_token_files_give_the_listed_images_in_the_order_of_the_list(tmp_path):
    write_tokens(tmp_path / "t.txt", names("x", 4), tag="#zhc", mark=" ")
    write_list(tmp_path / "list.txt", ["x-2", "x-1"], end=".jpg")
    listed = read_tokens(tmp_path / "t.txt", tmp_path / "list.txt")
    assert listed.images == ("x-2", "x-1")
    # captions in the order of their file; the pairs say whose they are
    assert texts(listed)[0] == "x-1 caption 0" and listed.captions[0].id == "x-1#zhc#0"
    assert listed.matches.tolist() == [[row, 1 - row // 5] for row in range(10)]


def test_tagged_words_are_joined(tmp_path):
    (tmp_path / "t.txt").write_text("1#0 一只:mq 狗:n ：:wm 跑\n", encoding="utf-8")
    write_list(tmp_path / "list.txt", ["1"])
    listed = read_tokens(tmp_path / "t.txt", tmp_path / "list.txt", tagged=True)
    assert texts(listed) == ["一只狗：跑"]


@pytest.mark.parametrize(
    ("lines", "wanted", "reason"),
    [
        ("a.jpg#0\tx\nno caption here\n", "a", "line 2: it is not an image's name"),
        ("a.jpg#0\tx\na.jpg#0\ty\n", "a", "caption names that stand twice: 1, 'a#0'"),
        ("a.jpg#0\tx\na.jpg#1\n", "a", "empty captions: 1, 'a#1'"),
        ("a.jpg#0\tx\n", "a\nb\nc\nd\ne", "images without a caption: 4, 'b', 'c', 'd', ..."),
        ("a.jpg#0\tx\n", "a\na", "image names that stand twice: 1, 'a'"),
        ("", "a", "lists 1 images and 0 captions"),
    ],
)
def test_bad_token_files_are_refused(tmp_path, lines, wanted, reason):
    (tmp_path / "t.txt").write_text(lines)
    (tmp_path / "list.txt").write_text(wanted)
    with pytest.raises(Damaged, match=reason):
        read_tokens(tmp_path / "t.txt", tmp_path / "list.txt")


def test_precomputed_captions_come_in_fives(tmp_path):
    write_precomputed(tmp_path, "dev", ["a", "b"], [0])
    listed = read_precomputed(tmp_path / "dev_caps.txt")
    assert listed.images == ("0", "1") and texts(listed)[7] == "b caption 2"
    assert listed.matches.tolist() == [[row, row // 5] for row in range(10)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("1\n2\n3\n4\n5\n6\n", "has 6 lines, which is no multiple of five"),
        # a line that is lost would slide all that follow to other images
        ("1\n2\n\n4\n5\n", "empty captions: 1, '2'"),
        ("\n", "no multiple of five"),
    ],
)
def test_bad_precomputed_captions_are_refused(tmp_path, content, reason):
    (tmp_path / "c.txt").write_text(content)
    with pytest.raises(Damaged, match=reason):
        read_precomputed(tmp_path / "c.txt")


def test_a_text_of_chinese_clip_may_have_several_images(tmp_path):
    write_chinese_clip(tmp_path, "valid", [7, 8, 9], [(1, "红裙子", [8, 7]), (2, "狗粮", [8])])
    listed = read_chinese_clip(tmp_path / "valid_texts.jsonl", tmp_path / "valid_imgs.tsv")
    assert listed.images == ("7", "8", "9")  # one that answers nothing stays in the way
    assert listed.matches.tolist() == [[0, 1], [0, 0], [1, 1]]
    assert [found.id for found in listed.captions] == ["1", "2"]


@pytest.mark.parametrize(
    ("images", "texts", "reason"),
    [
        ("1\tAAAA\n2\tA!AA\n", '{"text_id": 1, "text": "x", "image_ids": [1]}', "line 2: .* is not base64"),
        ("1\tAAAAA\n", '{"text_id": 1, "text": "x", "image_ids": [1]}', "line 1: .* is not base64"),
        ("1\n", '{"text_id": 1, "text": "x", "image_ids": [1]}', "line 1: it is not an id, a tab"),
        ("1\tAAAA\n1\tAAAA\n", '{"text_id": 1, "text": "x", "image_ids": [1]}', "images?.* twice: 1, '1'"),
        ("1\tAAAA\n", '{"text_id": 1, "text": " ", "image_ids": [1]}', "empty captions: 1, '1'"),
        ("1\tAAAA\n", '{"text_id": 1, "text": "x", "image_ids": [5]}', "images that are not there: 1, '5'"),
        ("1\tAAAA\n", '{"text_id": 1, "text": "x", "image_ids": []}', "without its answers"),
        ("1\tAAAA\n", '{"text_id": 1, "text": "x"}', "line 1: .* are needed"),
        ("1\tAAAA\n", "[1]", "line 1: it is not an object"),
        ("1\tAAAA\n", "{", "line 1: it is not JSON"),
    ],
)
def test_bad_files_of_chinese_clip_are_refused(tmp_path, images, texts, reason):
    (tmp_path / "x_imgs.tsv").write_text(images)
    (tmp_path / "x_texts.jsonl").write_text(texts)
    with pytest.raises(Damaged, match=reason):
        read_chinese_clip(tmp_path / "x_texts.jsonl", tmp_path / "x_imgs.tsv")


def test_text_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "c.txt").write_bytes("狗\n猫\n鸟\n鱼\n马\n".encode("gb18030"))
    with pytest.raises(Damaged, match="UTF-8"):
        read_precomputed(tmp_path / "c.txt")
    with pytest.raises(Damaged, match="UTF-8"):
        read_tokens(tmp_path / "c.txt", tmp_path / "c.txt")
