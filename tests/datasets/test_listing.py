"""Benchmarks in rows, and whether they load."""

import pytest

from tiny_captions import names, write_table, write_vectors
from tuwen import datasets
from tuwen.datasets import listing
from tuwen.errors import UnknownName

PARTS = {"train": names("train", 3), "val": names("val", 2), "test": names("test", 2)}


@pytest.fixture
def root(tmp_path):
    """A folder of data sets with Flickr8k in it."""
    (tmp_path / "flickr8k").mkdir()
    for part, images in PARTS.items():
        write_table(tmp_path / "flickr8k" / f"{part}.csv", images)
    every = [name for part in PARTS.values() for name in part]
    write_vectors(tmp_path / "flickr8k" / "features.npz", every)
    return tmp_path


@pytest.mark.parametrize("name", datasets.names())
def test_every_benchmark_says_all_about_itself(name, tmp_path):
    row = listing.about(name, tmp_path)
    assert row["dataset"] == name and row["there"] is False
    for words in ("title", "citation", "licence", "source"):
        assert len(row[words].strip()) > 2
    assert row["relevance"] in ("class", "pair") and row["languages"] and row["splits"] and row["features"]
    assert all(line.strip() for told in (row["splits"], row["features"]) for line in told.values())


def test_files_that_are_there_are_seen(root):
    assert listing.about("flickr8k", root)["there"] and listing.about("flickr8k_cn", root)["there"]


def test_a_check_counts_what_it_loads(root):
    official, development = listing.check(["flickr8k"], root)
    assert official["train"] == [3, 15] and official["val"] == [2, 10] and official["test"] == [2, 10]
    assert official["database"] is None and (official["image_width"], official["text_width"]) == (2, None)
    assert set(official["files"]) == {"train.csv", "val.csv", "test.csv", "features.npz"}
    # three images cannot spare a thousand
    assert development["faulty"] and "has 3 training images" in development["problem"]


def test_what_is_not_there_is_no_fault(root):
    (row,) = listing.check(["muge"], root)
    assert row["problem"].startswith(f"no files in {root / 'muge'}. train, valid") and "faulty" not in row
    (root / "flickr8k" / "test.csv").unlink()
    official = next(iter(listing.check(["flickr8k"], root)))
    assert "needs test.csv" in official["problem"] and "faulty" not in official


def test_a_broken_file_is_a_fault_and_the_rest_goes_on(root):
    (root / "flickr8k" / "features.npz").write_bytes(b"broken")
    rows = list(listing.check(["flickr8k", "coco"], root))
    assert [row.get("faulty", False) for row in rows] == [True, True, False]
    assert "features.npz is not an .npz file" in rows[0]["problem"]


def test_a_wrong_name_is_said_before_anything_is_read(root):
    with pytest.raises(UnknownName, match="did you mean 'flickr8k'"):
        next(listing.check(["flickr8k", "flickr8"], root))
    with pytest.raises(UnknownName):
        listing.about("nix", root)


def test_all_are_checked_when_none_is_named(root):
    checked = [row["dataset"] for row in listing.check((), root)]
    assert tuple(dict.fromkeys(checked)) == datasets.names()
