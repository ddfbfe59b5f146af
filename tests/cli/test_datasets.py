"""`tuwen datasets`: the list, all about one, and the check."""

import csv
import json

import pytest

from tiny_captions import names, write_table, write_vectors
from tuwen import cli, datasets

PARTS = {"train": names("train", 3), "val": names("val", 2), "test": names("test", 2)}


@pytest.fixture
def root(tmp_path):
    """A folder of data sets with Flickr8k in it."""
    folder = tmp_path / "data" / "flickr8k"
    folder.mkdir(parents=True)
    for part, images in PARTS.items():
        write_table(folder / f"{part}.csv", images)
    write_vectors(folder / "features.npz", [name for part in PARTS.values() for name in part])
    return folder.parent


def test_every_benchmark_is_listed(tuwen, root):
    rows = tuwen("datasets", "--data-root", root).rows
    assert [row["dataset"] for row in rows] == list(datasets.names())
    there = {row["dataset"] for row in rows if row["there"]}
    assert there == {"flickr8k", "flickr8k_cn"}
    lines = tuwen("datasets", "--data-root", root, "--format", "csv").out.splitlines()
    assert len(list(csv.DictReader(lines))) == len(datasets.names())


def test_the_folder_of_data_sets_may_stand_in_the_environment(tuwen, root, monkeypatch):
    monkeypatch.setenv("TUWEN_DATA", str(root))
    assert tuwen("datasets", "flickr8k").rows[0]["there"]


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_has_a_line_each(tuwen, root, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    done = tuwen("datasets", "--data-root", root, "--format", "table")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= width and len(lines) == 1 + len(datasets.names())
    (line,) = (line for line in lines if line.startswith("flickr8k "))
    assert line.split()[:6] == ["flickr8k", "Flickr8k", "partner", "en", "yes", "official"]
    assert "tuwen datasets NAME" in done.err


def test_all_about_one_is_told(tuwen, root, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = tuwen("datasets", "muge", "--data-root", root.relative_to(root.parent), "--format", "table").out
    assert max(map(len, out.splitlines())) <= 80
    out = " ".join(out.split())
    for words in ("MUGE", "Tianchi", "what it was paired with", "no files there", "development", "encoded"):
        assert words in out
    (row,) = json.loads(tuwen("datasets", "muge", "--format", "json").out)
    assert row["splits"] == datasets.find("muge").splits


def test_the_check_gives_sizes_and_reasons(tuwen, root):
    (root / "flickr8k" / "test.csv").unlink()
    done = tuwen("datasets", "flickr8k", "--check", "--data-root", root, "--format", "table")
    assert "flickr8k official: flickr8k needs test.csv, which is not in" in done.err
    assert "Flickr8k_text.zip" not in done.err  # how to get all is not asked where most is there
    write_table(root / "flickr8k" / "test.csv", PARTS["test"])
    done = tuwen("datasets", "flickr8k", "--check", "--data-root", root, "--format", "table")
    assert "3:15  2:10  2:10       2" in done.out


def test_a_fault_ends_with_code_1(tuwen, root):
    assert tuwen("datasets", "--check", "coco", "--data-root", root).code == 0
    (root / "flickr8k" / "features.npz").write_bytes(b"broken")
    done = tuwen("datasets", "--check", "flickr8k", "--data-root", root)
    assert done.code == 1 and done.rows[0]["faulty"]


def test_without_names_only_what_is_there_is_checked(tuwen, root):
    rows = tuwen("datasets", "--check", "--data-root", root).rows
    assert {row["dataset"] for row in rows} == {"flickr8k", "flickr8k_cn"}
    done = tuwen("datasets", "--check", "--data-root", root / "no", "--format", "table")
    assert done.out == "" and "None is there." in done.err


def test_a_wrong_name_gets_a_suggestion(tuwen):
    done = tuwen("datasets", "flickr8", "--check")
    assert done.code == 1 and "did you mean 'flickr8k'" in done.err


def test_a_section_may_name_a_command_that_is_not_there(tuwen, monkeypatch):
    monkeypatch.setattr(cli, "_SECTIONS", {**cli._SECTIONS, "More": ("nothing",)})
    assert tuwen("--help").code == 0
    assert "nothing" not in cli.tuwen.list_commands(None)
