"""`tuwen reproduce`."""

import json

import pytest


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder of data sets that is empty."""
    monkeypatch.setenv("TUWEN_DATA", str(tmp_path / "none"))
    return tmp_path


def test_without_a_table_all_are_listed(tuwen, nowhere):
    done = tuwen("reproduce", "--format", "jsonl")
    assert done.code == 0
    assert [row["table"] for row in done.rows] == [
        *("002-1", "002-2", "002-3"),
        *("003-5", "003-6", "003-7", "003-8", "003-9", "003-10"),
    ]
    assert all(row["here"] == 0 and row["needs"] for row in done.rows)
    assert "0 of 7" in tuwen("reproduce", "--format", "table").out


def test_the_audit_needs_no_data(tuwen, nowhere):
    done = tuwen("reproduce", "--audit", "--format", "jsonl")
    assert sum(row["kind"] == "average" for row in done.rows) == 9
    table = tuwen("reproduce", "003-6", "--audit", "--format", "table").out
    assert "JRL: printed 59.2, but the mean of the values beside it is 59.35" in table
    assert "order: a recall falls" in table


@pytest.mark.parametrize("style", ["table", "markdown", "csv", "json", "jsonl"])
def test_rows_that_need_something_are_printed_in_every_format(tuwen, nowhere, style):
    done = tuwen("reproduce", "003-9", "--format", style)
    assert done.code == 0
    assert "Dual-Path" in done.out
    assert "coco needs" in done.out


def test_a_page_is_written(tuwen, nowhere):
    done = tuwen("reproduce", "003-6", "--markdown", nowhere / "page.md", "--format", "json")
    assert done.code == 0
    assert (nowhere / "page.md").read_text(encoding="utf-8").startswith("# Table 003-6: mAP on NUS-WIDE")
    assert len(json.loads(done.out)) == 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("003-77",), "did you mean '003-7'"),
        (("002-1", "--features", "cnn=absent.npz"), "absent.npz is not there"),
        (("-o", "runs"), "name a TABLE"),
    ],
)
def test_wrong_usage_is_named(tuwen, nowhere, arguments, message):
    done = tuwen("reproduce", *arguments)
    assert done.code in (1, 2)
    assert message in done.err


def test_features_for_a_block_that_is_not_there(tuwen, nowhere):
    (nowhere / "mine.npz").write_bytes(b"")
    done = tuwen("reproduce", "002-1", "--features", f"vgg={nowhere / 'mine.npz'}")
    assert done.code == 1
    assert "no block of table 002-1 named 'vgg'" in done.err
