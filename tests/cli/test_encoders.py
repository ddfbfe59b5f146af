"""`tuwen encoders`: the list, and the table for this machine."""

import csv
import json

import pytest

from tuwen import encoder_table, encoders

ROW = {
    "encoder": "models/a", "spec": "models/a", "languages": ["zh"], "width": 512, "parameters": 188_000_000,
    "encodes": ["image", "text"], "memory_mb": 1234, "images_s": 15.3, "texts_s": 60.0, "query_ms": 12.0,
    "start_s": 0.5, "runtime": "onnxruntime int8",
}  # fmt: skip
HAND = {**ROW, "encoder": "hog", "spec": "hog", "languages": [], "parameters": 0, "runtime": "scikit-image"}
HAND = {key: value for key, value in HAND.items() if key not in ("texts_s", "query_ms")}
BAD = {"encoder": "x", "spec": "x", "problem": "x needs torch"}
RECALL = {"text_to_image": [10.0, 50.0, 62.5], "image_to_text": [1.0, 2.0, 3.0],
          "pairs": {"images": 2, "texts": 2}}  # fmt: skip


@pytest.fixture
def asked(monkeypatch):
    """What the measurement was asked for; it gives a good row, one without texts, and a bad one."""
    calls = []

    def measure(specs, *, pairs, seconds, progress):
        calls.append((list(specs), pairs, seconds))
        return iter([{**ROW, **(RECALL if pairs else {})}, HAND, BAD])

    monkeypatch.setattr(encoder_table, "measure", measure)
    return calls


def test_every_encoder_is_listed_with_what_it_needs(tuwen):
    rows = {row["encoder"]: row for row in tuwen("encoders").rows}
    assert set(encoders.names()) <= set(rows)
    assert rows["mini"] == {
        "encoder": "mini", "encodes": "both", "languages": "en zh", "needs": "", "extra": "",
        "about": rows["mini"]["about"],
    }  # fmt: skip
    assert rows["tfidf"]["needs"] == "fitting" and rows["tfidf"]["encodes"] == "texts"
    assert rows["hog"]["extra"] == "classic" and rows["clip"]["extra"] == "clip"
    assert all(row["about"] for row in rows.values())


def test_known_models_are_listed_and_those_that_are_there_need_nothing(tuwen, tmp_path, monkeypatch):
    monkeypatch.setenv("TUWEN_MODELS", str(tmp_path))
    (tmp_path / "OFA-Sys" / "chinese-clip-rn50").mkdir(parents=True)
    rows = {row["encoder"]: row for row in tuwen("encoders").rows}
    assert rows["cn-clip-rn50"]["needs"] == "" and rows["cn-clip-vit-b-16"]["needs"] == "a download"


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_has_a_line_each(tuwen, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    done = tuwen("encoders", "--format", "table")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= width
    assert len([line for line in lines if line.startswith("mini ")]) == 1
    named = [line.split()[0] for line in lines if line.strip() and not line.startswith("encoder")]
    assert set(encoders.names()) <= set(named)
    assert "tuwen encoders --measure" in done.err


def test_measured_rows_are_printed_in_every_form(tuwen, asked):
    rows = tuwen("encoders", "--measure", "models/a", "hog", "x").rows
    assert rows == [ROW, HAND, BAD] and asked[0][0] == ["models/a", "hog", "x"]
    assert json.loads(tuwen("encoders", "--measure", "--format", "json").out) == [ROW, HAND, BAD]
    lines = list(csv.DictReader(tuwen("encoders", "--measure", "--format", "csv").out.splitlines()))
    assert lines[0]["images_s"] == "15.3" and lines[2]["problem"] == "x needs torch"


@pytest.mark.parametrize("width", [80, 120])
def test_the_measured_table_fits(tuwen, asked, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    done = tuwen("encoders", "--measure", "--format", "table")
    assert max(map(len, done.out.splitlines())) <= width
    head, first, second = done.out.splitlines()[:3]
    assert " ".join(head.split()) == "encoder lang width params MB img/s txt/s ms/query runtime"
    assert first.split()[:8] == ["models/a", "zh", "512", "188", "M", "1,234", "15.3", "60"]
    assert second.split()[:4] == ["hog", "512", "1,234", "15.3"]
    assert "x: x needs torch" in done.err


def test_what_is_ready_is_measured_when_nothing_is_named(tuwen, asked, monkeypatch):
    monkeypatch.setattr(encoder_table, "default_specs", lambda: ["mini", "hsv"])
    tuwen("encoders", "--measure", "--seconds", "0.5")
    assert asked == [(["mini", "hsv"], None, 0.5)]


def test_a_name_twice_is_measured_once(tuwen, asked):
    tuwen("encoders", "--measure", "mini", "mini")
    assert asked[0][0] == ["mini"]


def test_pairs_give_recall_and_the_page_is_written(tuwen, asked, tiny_pictures, tmp_path):
    table = tmp_path / "c.csv"
    table.write_text(f"image,text\n{tiny_pictures / 'red-0.png'},red\n")
    done = tuwen(
        "encoders", "--measure", "a", "--pairs", table, "--markdown", tmp_path / "t.md", "--format", "table"
    )
    assert "10.0 / 50.0 / 62.5" in done.out and "c.csv: 1 picture, 1 text" in done.err
    assert asked[0][1].links == [(0, 0)]
    page = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert (
        "| models/a | 10.0 / 50.0 / 62.5 | 1.0 / 2.0 / 3.0 |" in page and str(tmp_path / "t.md") in done.err
    )


def test_pairs_without_texts_say_so(tuwen, asked, tiny_pictures):
    done = tuwen("encoders", "--measure", "a", "--pairs", tiny_pictures)
    assert "16 pictures, 0 texts; without texts no R@k" in done.err


@pytest.mark.parametrize("arguments", [["mini"], ["--markdown", "t.md"], ["--pairs", "x"]])
def test_measuring_must_be_asked_for(tuwen, arguments):
    failed = tuwen("encoders", *arguments)
    assert failed.code == 2 and "add --measure" in failed.err


def test_a_missing_source_of_pairs_is_an_error_before_the_work(tuwen, asked, tmp_path):
    failed = tuwen("encoders", "--measure", "mini", "--pairs", tmp_path / "no.csv")
    assert failed.code == 1 and "no.csv is not there" in failed.err and not asked


def test_what_was_measured_before_a_stop_is_printed(tuwen, monkeypatch):
    def measure(*_, **__):
        yield ROW
        raise KeyboardInterrupt

    monkeypatch.setattr(encoder_table, "measure", measure)
    done = tuwen("encoders", "--measure", "a", "b", "c")
    assert done.rows == [ROW] and "Stopped after 1 of 3 encoders." in done.err
