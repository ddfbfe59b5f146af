"""The layouts of known data sets: Chinese-CLIP, COCO captions, Flickr token files, lines of text."""

import base64
import json

import pytest

from badfiles import encoded
from tuwen.data.chinese_clip import ChineseClipSource
from tuwen.data.coco import CocoSource
from tuwen.data.flickr_token import FlickrTokenSource
from tuwen.data.text_lines import TextLinesSource
from tuwen.errors import InputError
from tuwen.records import Refusal

PNG = encoded("PNG")


def split(records):
    """Records and refusal codes by place."""
    records = list(records)
    good = [record for record in records if not isinstance(record, Refusal)]
    bad = {r.item.rpartition("/")[2]: r.code for r in records if isinstance(r, Refusal)}
    return good, bad


@pytest.fixture
def chinese_clip(tmp_path):
    """A split with good and bad lines; one text has two images, one has none."""
    plain, safe = base64.b64encode(PNG).decode(), base64.urlsafe_b64encode(PNG).decode().rstrip("=")
    (tmp_path / "valid_imgs.tsv").write_text(
        f"1001\t{plain}\n1002\t{safe}\n1003\t!!!\nno tab\n", encoding="utf-8"
    )
    rows = [
        {"text_id": 1, "text": "一只狗", "image_ids": [1001]},
        {"text_id": 2, "text": "两张图", "image_ids": [1001, 1002]},
        {"text_id": 3, "text": "没有图", "image_ids": []},
        {"text_id": 4, "text": " "},
        {"text_id": 5},
    ]
    lines = [*(json.dumps(row, ensure_ascii=False) for row in rows), "{"]
    (tmp_path / "valid_texts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_chinese_clip_ties_texts_to_pictures_by_id(chinese_clip):
    good, bad = split(ChineseClipSource(chinese_clip).records())
    assert [(r.entity, r.images[0].id, r.images[0].data) for r in good[:2]] == [
        ("1001", "1001", PNG),
        ("1002", "1002", PNG),
    ]
    assert [(r.entity, r.texts[0].id, r.texts[0].text) for r in good[2:]] == [
        ("1001", "1", "一只狗"),
        ("1001", "2", "两张图"),
        (None, "3", "没有图"),
    ]
    assert good[3].metadata == {"image_ids": ["1001", "1002"]}
    assert bad == {
        "valid_imgs.tsv:3": "bad-base64",
        "valid_imgs.tsv:4": "ragged-row",
        "valid_texts.jsonl:4": "empty-row",
        "valid_texts.jsonl:5": "bad-json",
        "valid_texts.jsonl:6": "bad-json",
    }


@pytest.mark.parametrize("name", ["valid_imgs.tsv", "valid_texts.jsonl"])
def test_one_file_of_chinese_clip_means_its_split(chinese_clip, name):
    (chinese_clip / "train_texts.jsonl").write_text('{"text": "x"}\n', encoding="utf-8")
    source = ChineseClipSource(chinese_clip / name)
    assert "train" not in source.describe()
    assert len(split(source.records())[0]) == 5
    assert ChineseClipSource(chinese_clip).count_hint == 10


def test_a_folder_without_the_layout_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"_imgs\.tsv"):
        ChineseClipSource(tmp_path)


@pytest.fixture
def coco(tmp_path):
    """A captions file beside its annotations folder's neighbour `val2017`."""
    (tmp_path / "annotations").mkdir()
    (tmp_path / "val2017").mkdir()
    for name in ("000009.jpg", "000025.jpg"):
        (tmp_path / "val2017" / name).write_bytes(b"x")
    content = {
        "images": [
            {"id": 9, "file_name": "000009.jpg"},
            {"id": 25, "file_name": "000025.jpg"},
            {"id": 30},
        ],
        "annotations": [
            {"id": 661, "image_id": 9, "caption": "A dog. "},
            {"id": 662, "image_id": 9, "caption": "一只狗"},
            {"id": 663, "image_id": 9},
            {"id": 664, "image_id": 404, "caption": "lost"},
        ],
    }
    path = tmp_path / "annotations" / "captions_val2017.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_coco_finds_its_pictures_and_keeps_its_ids(coco):
    source = CocoSource(coco)
    good, bad = split(source.records())
    assert [(r.entity, r.images[0].id, r.images[0].file.parent.name) for r in good] == [
        ("9", "9", "val2017"),
        ("25", "25", "val2017"),
    ]
    assert [(text.id, text.text) for text in good[0].texts] == [("661", "A dog."), ("662", "一只狗")]
    assert good[1].texts == ()
    assert bad == {
        "captions_val2017.json#annotations[3]": "bad-text",
        "captions_val2017.json#images[3]": "bad-path",
        "captions_val2017.json#image_id=404": "unknown-image",
    }
    assert "3 images, 4 captions" in source.describe()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not readable JSON"),
        ("[]", 'no list "images"'),
        ('{"images": []}', 'no list "annotations"'),
        ('{"images": [], "annotations": [{"bbox": []}]}', "no captions"),
    ],
)
def test_other_json_is_refused_as_coco(tmp_path, content, words):
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        CocoSource(tmp_path / "x.json")


def test_flickr_lines_about_one_picture_are_one_record(tmp_path):
    (tmp_path / "Flicker8k_Dataset").mkdir()
    for name in ("1_a.jpg", "2_b.jpg"):
        (tmp_path / "Flicker8k_Dataset" / name).write_bytes(b"x")
    lines = "1_a.jpg#0\tA dog .\n1_a.jpg#1\tA cat .\n2_b.jpg#0\tA bird\nnonsense\n2_b.jpg#1\t\n"
    path = tmp_path / "Flickr8k.token.txt"
    path.write_text(lines, encoding="utf-8")
    good, bad = split(FlickrTokenSource(path).records())
    assert [(r.entity, [(t.id, t.text) for t in r.texts]) for r in good] == [
        ("1_a", [("1_a#0", "A dog ."), ("1_a#1", "A cat .")]),
        ("2_b", [("2_b#0", "A bird")]),
    ]
    assert good[0].images[0].path == str(tmp_path / "Flicker8k_Dataset" / "1_a.jpg")
    assert bad == {"Flickr8k.token.txt:4": "bad-row", "Flickr8k.token.txt:5": "empty-row"}


def test_chinese_flickr_lines_are_read_in_their_encoding(tmp_path):
    path = tmp_path / "flickr8kzhc.caption.txt"
    path.write_bytes("1_a.jpg#zhc#0 一只 狗\n1_a.jpg#zhc#1 两只狗\n".encode("gb18030"))
    (record,) = FlickrTokenSource(path).records()
    assert [(t.id, t.text) for t in record.texts] == [("1_a#zhc#0", "一只 狗"), ("1_a#zhc#1", "两只狗")]


def test_each_line_of_a_text_file_is_a_text(tmp_path):
    path = tmp_path / "queries.txt"
    path.write_text("一只狗\n\n  a dog \nzero\0byte\n", encoding="utf-8")
    good, bad = split(TextLinesSource(path).records())
    assert [(r.texts[0].text, r.texts[0].id, r.origin) for r in good] == [
        ("一只狗", None, "queries.txt:1"),
        ("a dog", None, "queries.txt:3"),
    ]
    assert bad == {"queries.txt:4": "nul-byte"}
