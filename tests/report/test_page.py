import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tuwen.report.grouping import tables
from tuwen.report.page import about, page
from tuwen.report.pictures import drawn

HOSTILE = "<script>alert('1')</script>\"><img src=x onerror=alert(2)> & \x1b[31m\x00 </style>"


class Elements(HTMLParser):
    """Collects tags with their attributes, cells and the visible text; complains of what is not closed."""

    VOID = frozenset({"meta", "input", "img", "br", "link"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def shown(runs, **how):
    found = tables(runs)
    return page(found, how.pop("drawings", [{}] * len(found)), about=about(found), **how)


def cells(text):
    """Sort values of the figures, a list a row."""
    body = re.search(r"<tbody>(.*?)</tbody>", text, re.DOTALL)[1]
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [re.findall(r'<td data-value="([^"]*)"', row) for row in rows]


def test_figures_are_those_of_the_runs(runs):
    values = cells(shown(runs))
    figures = runs[1].figures
    both = [figures["i2t/map"], figures["t2i/map"]]
    assert [float(value) for value in values[0]] == [*both, sum(both) / 2]
    assert sorted(float(row[0]) for row in values) == sorted(run.figures["i2t/map"] for run in runs)


def test_nothing_is_loaded_from_elsewhere(runs):
    pytest.importorskip("matplotlib")
    found = tables(runs)
    text = page(found, [{k: v.inline for k, v in drawn(table).items()} for table in found])
    elements = Elements(text)
    assert "http" not in text.replace("http-equiv", "")
    assert not [tag for tag, _ in elements.tags if tag in ("link", "iframe", "object", "img", "form")]
    assert not [told for _, told in elements.tags if "src" in told]
    assert all(told["xlink:href"].startswith("#") for told in elements.all("use"))


def test_the_policy_allows_the_one_script_by_its_hash(runs):
    text = shown(runs)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [told["content"] for told in Elements(text).all("meta") if "http-equiv" in told]
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_ids_of_drawings_do_not_meet(make):
    pytest.importorskip("matplotlib")
    found = tables([make("cca"), make("cca", part="val")])
    drawings = {k: v.inline for k, v in drawn(found[0]).items()}
    text = page(found, [drawings, drawings])
    ids = [told["id"] for _, told in Elements(text).tags if "id" in told]
    assert len(ids) > 100
    assert len(set(ids)) == len(ids)
    for name in re.findall(r'(?:url\(|xlink:href=")#([\w-]+)', text):
        assert name in ids


def test_data_is_never_markup(make, fail):
    run = replace(
        make(HOSTILE, data=HOSTILE, params={HOSTILE: HOSTILE}, options={HOSTILE: HOSTILE}),
        notes=(HOSTILE,),
        files={HOSTILE: HOSTILE},
        protocols={"i2t/map": HOSTILE},
        about={"processor": HOSTILE, "date": HOSTILE},
    )
    other = replace(make("cca", 0.1, data=HOSTILE), files=run.files)
    drawings = {}
    found = tables([run, other, fail(make("pls", data=HOSTILE), HOSTILE)])
    try:
        import matplotlib  # noqa: F401

        drawings = {k: v.inline for k, v in drawn(found[0]).items()}
    except ImportError:
        pass
    text = page(found, [drawings], about=about(found, HOSTILE), missing=HOSTILE)
    elements = Elements(text)
    assert len(elements.all("script")) == 1
    assert elements.all("img") == []
    assert not [told for _, told in elements.tags if any(name.startswith("on") for name in told)]
    assert not set(text) & {"\x1b", "\x00"}
    assert "<script>alert('1')</script>" in elements.text


def test_both_languages_are_there_and_one_is_shown(runs):
    text = shown(runs)
    assert text.count('class="en"') == text.count('class="zh"') > 10
    languages = [told for told in Elements(text).all("input") if told["name"] == "language"]
    assert [("checked" in told, told["id"]) for told in languages] == [(True, "en"), (False, "zh")]


def test_words_of_drawings_are_translated(runs):
    text = page(tables(runs), [{"curves": "<svg><text>recall</text><text>cca</text></svg>"}])
    assert '<text><tspan class="en">recall</tspan><tspan class="zh">召回率</tspan></text>' in text
    assert "<text>cca</text>" in text


def test_who_beats_whom_is_a_matrix_each_direction(runs):
    text = shown(runs)
    assert text.count('class="matrix"') == 2
    assert text.count('class="win"') == text.count('class="lose"') == 4
    assert "<sup>bc</sup>" in text
    (table,) = tables(runs)
    pair = table.pairs[0]
    names = [f"{table.rows[row].letter} {table.rows[row].method}" for row in (pair.one, pair.other)]
    assert f"{names[0]} − {names[1]}: {pair.difference:+.4f}" in text


def test_a_row_that_failed_shows_why_and_is_not_sorted(runs, make, fail):
    text = shown([*runs, fail(make("jrl"))])
    assert len(cells(text)) == 3
    assert re.search(r'<tbody><tr><th.*jrl.*class="failure".*memory ran out', text, re.DOTALL)


def test_every_row_has_as_many_columns(runs, make, fail):
    metrics = ("map", "hit@1")
    for some in (
        [*runs, fail(make("jrl"))],
        [make("cca"), fail(make("jrl"))],
        [make("cca", metrics=metrics), make("pls", metrics=metrics)],
        [make("itq", codes="modality", params={"bits": bits}) for bits in (16, 32)],
    ):
        for table in re.findall(r'<table class="sortable.*?</table>', shown(some), re.DOTALL):
            widths = {
                sum(int((re.search(r'colspan="(\d+)"', cell) or [0, 1])[1]) for cell in found)
                for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)
                if (found := re.findall(r"<t[hd][^>]*>", row))
            }
            assert len(widths) == 1
            assert table.count("<tfoot>") <= 1


def test_machines_that_differ_stand_side_by_side(make):
    runs = [make("cca", 0.9), replace(make("pls", 0.1), about={"processor": "Apple M4"})]
    assert ("processor", "AMD EPYC, Apple M4") in about(tables(runs))
