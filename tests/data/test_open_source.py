"""What a path is decides how it is read."""

import json
import os

import pytest

from badfiles import noise
from tuwen.data import KINDS, open_source
from tuwen.errors import InputError, UnknownName


@pytest.fixture
def files(tmp_path):
    """A file of each kind."""
    noise().save(tmp_path / "a.png")
    contents = {
        "t.csv": "image,text\na.png,x\n",
        "t.tsv": "image\ttext\na.png\tx\n",
        "t.jsonl": '{"text": "x"}\n',
        "list.json": '[{"text": "x"}]',
        "captions_val.json": json.dumps(
            {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "caption": "x"}]}
        ),
        "flickr.token": "a.png#0\tx\n",
        "flickr.txt": "a.png#zhm#0 x\n",
        "captions.txt": "image,caption\na.png,x\n",
        "queries.txt": "one\ntwo\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "val_texts.jsonl").write_text('{"text": "x"}\n', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (".", "folder"),
        ("a.png", "folder"),
        ("t.csv", "table"),
        ("t.tsv", "table"),
        ("t.jsonl", "table"),
        ("list.json", "table"),
        ("captions.txt", "table"),
        ("captions_val.json", "coco"),
        ("flickr.token", "flickr-token"),
        ("flickr.txt", "flickr-token"),
        ("queries.txt", "text-lines"),
        ("clip", "chinese-clip"),
        ("clip/val_texts.jsonl", "chinese-clip"),
    ],
)
def test_the_kind_is_found(files, name, kind):
    source = open_source(files / name)
    assert source.kind == kind
    assert kind in KINDS
    assert source.path.is_absolute()
    assert str(source.path) in source.describe()
    assert source.count_hint is None or source.count_hint > 0
    assert list(source.records())


def test_a_kind_can_be_named(files):
    assert open_source(files / "flickr.txt", kind="text-lines").kind == "text-lines"


def test_an_unknown_kind_is_refused(files):
    with pytest.raises(UnknownName, match="did you mean 'folder'"):
        open_source(files, kind="folders")


def test_a_folder_is_no_table(files):
    with pytest.raises(InputError, match="is a folder"):
        open_source(files, kind="table")


def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    assert open_source(tmp_path / "t.csv").kind == "folder"
    with pytest.raises(InputError, match="is not a file"):
        open_source(tmp_path / "t.csv", kind="table")


def test_a_path_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not there"):
        open_source(tmp_path / "gone")


def test_columns_and_patterns_are_passed_on(files):
    assert open_source(files / "t.csv", text_column="image", image_column="text").columns.text == ("image",)
    assert "not *.jpg" in open_source(files, pattern="!*.jpg").describe()


def test_a_relative_path_is_made_absolute(files, monkeypatch):
    monkeypatch.chdir(files)
    (record,) = open_source("t.csv").records()
    assert record.images[0].path == str(files / "a.png")
