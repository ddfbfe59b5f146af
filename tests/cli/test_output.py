import csv
import io
import json
import sys

import pytest

from tuwen.cli import _output


def test_a_caption_cannot_steer_the_terminal(capsys):
    hostile = "a\x1b[31mred\x07\r\nb\x9b2J\u202egnp.exe\ttab"
    assert _output.clean(hostile) == "a\ufffd[31mred\ufffd b\ufffd2J\ufffdgnp.exe tab"
    _output.emit([{"text": hostile}], "table", columns=("text",))
    assert "\x1b" not in capsys.readouterr().out


def test_markup_in_a_caption_is_text(capsys):
    _output.emit([{"text": "[red]a[/red] [/nothing]"}], "table", columns=("text",))
    assert "[red]a[/red] [/nothing]" in capsys.readouterr().out


def test_csv_and_json_keep_every_character(capsys):
    row = {"text": 'a "quoted", line\nbreak 中文', "metadata": {"标签": [1, None]}}
    _output.emit([row], "csv")
    (cells,) = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert cells["text"] == row["text"] and json.loads(cells["metadata"]) == row["metadata"]
    _output.emit([row], "jsonl")
    assert json.loads(capsys.readouterr().out) == row


def test_rows_with_different_names_share_one_header(capsys):
    _output.emit([{"a": 1}, {"b": 2}], "csv")
    assert capsys.readouterr().out == "a,b\n1,\n,2\n"


@pytest.mark.parametrize("style", ["json", "jsonl", "csv"])
def test_no_rows_are_an_empty_answer(capsys, style):
    _output.emit([], style, columns=("a", "b"))
    assert capsys.readouterr().out == {"json": "[]\n", "jsonl": "", "csv": "a,b\n"}[style]


def test_json_for_a_stream_without_chinese_is_escaped_not_lost(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    monkeypatch.setattr(sys, "stdout", stream)
    _output.emit([{"text": "中文"}], "jsonl")
    stream.flush()
    assert json.loads(stream.buffer.getvalue()) == {"text": "中文"}


def test_facts_are_lines_for_people_and_an_object_for_programs(capsys):
    values = {"images": 3, "its_texts": ["a", "b"], "megabytes": 1.5}
    _output.facts(values, "table")
    assert capsys.readouterr().out == "images     3\nits texts  a, b\nmegabytes  1.5\n"
    _output.facts(values, "jsonl")
    assert json.loads(capsys.readouterr().out) == values
