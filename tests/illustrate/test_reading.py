from datetime import date, timedelta
from pathlib import Path

import pytest

from tuwen.errors import InputError
from tuwen.illustrate.reading import read_queries, read_used, span

TODAY = date(2026, 5, 20)


def test_a_row_is_a_headline_with_its_draft_and_class(tmp_path, tiny_pictures):
    table = tmp_path / "headlines.csv"
    table.write_text(
        f"id,headline,image,class\na,今日开幕,{tiny_pictures}/red-0.png,sports\nb,Second,,\nc,,,\n",
        encoding="utf-8",
    )
    queries, refusals = read_queries(table)
    assert [(q.id, q.text, q.label) for q in queries] == [("a", "今日开幕", "sports"), ("b", "Second", "")]
    assert queries[0].picture == tiny_pictures / "red-0.png" and queries[1].picture is None
    assert len(refusals) == 1 and "headlines.csv" in refusals[0].item


def test_lines_are_numbered_and_pictures_named_by_their_files(tmp_path, tiny_pictures):
    lines = tmp_path / "headlines.txt"
    lines.write_text("First\nSecond\n", encoding="utf-8")
    assert [(q.id, q.text) for q in read_queries(lines)[0]] == [("1", "First"), ("2", "Second")]
    pictures, _ = read_queries(tiny_pictures)
    assert len(pictures) == 16 and pictures[0].id == "black-0.png" and pictures[0].text == ""


def used(tmp_path, library, text):
    path = tmp_path / "used.csv"
    path.write_text(text, encoding="utf-8")
    return read_used(path, library, TODAY)


def test_pictures_are_known_by_id_by_file_and_by_path(tmp_path, five):
    text = "date,id\n2026-05-01,p0\n2026/5/2,p1.png\n20260503,/pictures/p2.png\n2026年5月4日,C:\\x\\p3.png\n"
    days, refusals = used(tmp_path, five, text)
    assert days == {f"p{row}": date(2026, 5, row + 1) for row in range(4)} and refusals == []


def test_the_last_day_counts_and_no_day_is_today(tmp_path, five):
    days, _ = used(tmp_path, five, "p0,2026-05-03 10:00\np0,2026-05-01\np1\n")
    assert days == {"p0": date(2026, 5, 3), "p1": TODAY}


def test_lines_that_say_nothing_are_named(tmp_path, five):
    days, refusals = used(tmp_path, five, "id\tday\np9\t2026-05-01\np0\tyesterday\np1\t2026-05-02\n")
    assert days == {"p1": date(2026, 5, 2)}
    assert [(refusal.item, refusal.code) for refusal in refusals] == [
        ("used.csv:2", "unknown-id"), ("used.csv:3", "bad-date"),
    ]  # fmt: skip


def test_a_table_that_names_no_pictures_is_refused(tmp_path, five):
    with pytest.raises(InputError, match="call one id"):
        used(tmp_path, five, "when,date\nx,2026-05-01\n")
    assert used(tmp_path, five, "") == ({}, [])
    with pytest.raises(InputError, match="is not there"):
        read_used(Path(tmp_path / "no.csv"), five, TODAY)


@pytest.mark.parametrize(
    ("text", "days"), [("30d", 30), ("2w", 14), ("6m", 180), ("1y", 365), ("7", 7), ("3 天", 3)]
)
def test_lengths_of_time(text, days):
    assert span(text) == timedelta(days=days)


def test_what_is_no_length_of_time_is_refused():
    with pytest.raises(InputError, match="30d"):
        span("soon")
