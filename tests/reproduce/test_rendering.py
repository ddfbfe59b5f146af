"""Sections, pages and flat rows."""

import re

import pytest

from tuwen.reproduce.audit import audit
from tuwen.reproduce.lines import reproduce
from tuwen.reproduce.published import load, names
from tuwen.reproduce.rendering import audit_page, flat, page, sections


@pytest.fixture
def found(made, pairs, tmp_path):
    """The made table, run on made pairs."""
    return reproduce(made(), tmp_path / "runs", files={"": pairs}, apart=False)


def test_a_row_that_cannot_be_run_shows_all_that_is_printed_and_what_it_needs(found):
    (section,) = sections(found)
    row = section.rows[-1]
    assert (row["method"], row["published"], row["ours"]) == ("Oracle", "99.0 / 99.0 / 99.0", "needs …")
    assert section.notes[int(row["why"].strip("[]")) - 1].startswith("needs the method oracle")


def test_figures_have_as_many_decimals_as_the_table_and_the_spread_of_draws(found):
    (section,) = sections(found)
    assert re.fullmatch(r"\d\d\.\d( ±\d+\.\d)?", section.rows[0]["ours"])
    assert re.fullmatch(r"[+-]\d+\.\d", section.rows[0]["difference"])


def test_a_row_that_nobody_asked_for_is_not_run(made, pairs, tmp_path):
    some = reproduce(made(), tmp_path / "some", files={"": pairs}, wanted=["cca"], apart=False)
    (section,) = sections(some)
    row = next(row for row in section.rows if row["method"] == "SM")
    assert (row["published"], row["ours"]) == ("70.0 / 71.0 / 75.0", "not run")


def test_every_large_difference_has_a_note(found):
    (section,) = sections(found)
    for row in section.rows:
        if row["difference"] and abs(float(row["difference"])) > 2.0:
            assert row["why"], row


def test_a_page_has_machine_date_command_and_every_row(found):
    text = page(found, "tuwen reproduce 009-1")
    assert "Made by `tuwen reproduce 009-1` with tuwen " in text
    assert found.about["date"] in text
    assert all(f"| {row.printed} |" in text for row in found.table.rows)


def test_flat_rows_are_one_a_line_with_numbers(found):
    rows = flat(found)
    assert len(rows) == 9
    assert rows[0]["published"] == 36.0
    assert rows[-1]["ours"] is None
    assert rows[-1]["lacks"]


@pytest.mark.parametrize("name", names())
def test_every_table_has_a_page_even_where_nothing_can_be_run(name, tmp_path):
    text = page(reproduce(load(name), tmp_path, data_root=tmp_path), f"tuwen reproduce {name}")
    assert "Nothing was run" in text
    assert all(f"| {row.printed} |" in text for row in load(name).rows)
    assert all(row.values[0] in text for row in load(name).rows)
    assert "## Errata" in text


def test_the_page_of_the_audit_has_every_finding():
    found = audit([load(name) for name in names()])
    text = audit_page(found)
    assert text.count("\n- ") == len(found) + 1  # one kind finds none
