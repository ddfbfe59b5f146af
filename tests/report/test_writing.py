import csv
import json
import re
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tuwen.bench.tuning import Choice, Tried
from tuwen.errors import UnknownName
from tuwen.files import write_json
from tuwen.report import text, write


def test_every_style_has_the_figures(runs):
    figure = runs[1].figures["i2t/map"]
    assert f"{figure:.3f}" in text(runs, "table", colour=False, width=120)
    assert f"**{figure:.3f}**" in text(runs, "markdown")
    rows = list(csv.DictReader(text(runs, "csv").splitlines()))
    assert len(rows) == 6
    (row,) = [row for row in rows if row["method"] == "scm" and row["direction"] == "i2t"]
    assert float(row["map"]) == figure
    assert json.loads(row["params"]) == {"seed": 0, "ridge": 0.5}
    (line,) = [
        told
        for told in map(json.loads, text(runs, "jsonl").splitlines())
        if (told["method"], told["direction"]) == ("scm", "i2t")
    ]
    assert line["map"] == figure
    assert line["map_low"] < figure < line["map_high"]
    assert line["map_chance"] == 0.12
    (table,) = json.loads(text(runs, "json"))
    assert table["rows"][0]["figures"]["i2t/map"]["value"] == figure
    assert table["rows"][0]["runs"][0]["figures"]["i2t/map"] == figure


def test_a_row_tells_how_many_labels_were_made_wrong(make):
    (row, _) = csv.DictReader(text([make("mrl", noise=0.4, text_encoder="tfidf")], "csv").splitlines())
    assert (float(row["noise"]), row["text_encoder"]) == (0.4, "tfidf")


def test_an_unknown_style_is_refused(runs):
    with pytest.raises(UnknownName, match="markdown"):
        text(runs, "markdwon")


def test_everything_is_written(runs, tmp_path):
    pytest.importorskip("matplotlib")
    page = write(runs, tmp_path / "deep" / "folder")
    assert page == tmp_path / "deep" / "folder" / "report.html"
    assert sorted(path.name for path in page.parent.iterdir()) == [
        *("bars.png", "bars.svg", "curves.png", "curves.svg"),
        *("report.html", "report.md", "results.csv", "results.json"),
    ]
    for name in ("bars", "curves"):
        ElementTree.parse(page.with_name(f"{name}.svg"))
        assert f"({name}.svg)" in page.with_name("report.md").read_text(encoding="utf-8")


def test_drawings_of_several_tables_are_numbered(make, tmp_path):
    pytest.importorskip("matplotlib")
    write([make("cca"), make("cca", part="val")], tmp_path)
    assert {path.name for path in tmp_path.glob("*.svg")} == {
        *("bars-1.svg", "bars-2.svg", "curves-1.svg", "curves-2.svg")
    }


def test_without_matplotlib_the_rest_is_written_and_says_so(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = write(runs, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("report.html", "report.md", "results.csv", "results.json")
    }
    for name in ("report.html", "report.md"):
        assert "pip install" in page.with_name(name).read_text(encoding="utf-8")


def test_the_page_says_where_and_how(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    write(runs, tmp_path, command="tuwen bench --data wikipedia")
    for name in ("report.html", "report.md"):
        told = (tmp_path / name).read_text(encoding="utf-8")
        assert "tuwen bench --data wikipedia" in told
        assert "AMD EPYC" in told
        assert "0123456789ab" in told


def test_what_was_tried_on_validation_is_shown(make, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    run = make("cca", tuned=2, params={"ridge": 0.5})
    tried = (
        Tried({"ridge": 0.5}, {"i2t/map": 0.41, "t2i/map": 0.33}, 0.37, 0.01, ("a",)),
        Tried({"ridge": 9.0}, {}, None, 0.0, ("b",), "<no way>"),
    )
    choice = Choice("cca", "vectors", "map", {"ridge": 0.5}, tried, 231, 1942, (run.cell.key,))
    other = replace(choice, method="other", keys=("none of these",))
    write_json(tmp_path / "choices.json", [plain(choice), plain(other)])
    write([run], tmp_path)
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| **ridge=0.5** | 0.410 | 0.330 | 0.370 ±.010 |" in markdown
    assert r"failed: \<no way\>" in markdown
    assert "best of 2 on the validation part" in markdown
    assert "231 validation pairs" in markdown
    assert "other" not in markdown
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>ridge=0.5</b>" in page
    assert "&lt;no way&gt;" in page


def plain(choice):
    return vars_of(choice) | {"tried": [vars_of(one) for one in choice.tried]}


def vars_of(value):
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def test_written_again_the_page_is_the_same(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    pages = [write(runs, tmp_path).read_text(encoding="utf-8") for _ in range(2)]
    assert pages[0] == pages[1]
    assert re.search(r"<h2>wikipedia", pages[0])
