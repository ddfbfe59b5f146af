"""The tables as they are printed."""

import pytest

from tuwen.errors import Damaged, UnknownName
from tuwen.metrics import named
from tuwen.reproduce.published import load, names

#: Rows and columns, counted in the papers.
SHAPES = {
    "002-1": (7, 9),
    "002-2": (7, 9),
    "002-3": (7, 9),
    "003-5": (11, 3),
    "003-6": (10, 3),
    "003-7": (8, 6),
    "003-8": (9, 6),
    "003-9": (10, 6),
    "003-10": (11, 6),
}


def test_every_table_of_both_papers_is_there_in_order():
    assert names() == tuple(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_tables_have_their_rows_and_columns(name):
    table = load(name)
    assert (len(table.rows), len(table.columns)) == SHAPES[name]
    assert table.name == name


@pytest.mark.parametrize("name", SHAPES)
def test_values_are_figures_of_the_unit_with_the_decimals_that_are_printed(name):
    table = load(name)
    top = 100 if table.unit == "percent" else 1
    for row in table.rows:
        assert all(0 < float(value) < top for value in row.values)
        assert all(len(value.partition(".")[2]) == table.decimals for value in row.values)


@pytest.mark.parametrize("name", SHAPES)
def test_every_metric_is_one_we_measure_and_every_block_says_what_it_needs(name):
    table = load(name)
    for column in table.columns:
        assert named(column.metric).title
    assert all(len(group.needs) > 20 for group in table.groups)
    assert all(erratum.status in ("verified", "recalled") and erratum.evidence for erratum in table.errata)


def test_set_ups_never_mix_kinds_of_codes():
    """Hash codes of a database made in different ways stand in set-ups of their own, which have one kind."""
    setups = load("003-7").setups
    assert [setup.codes for setup in setups] == ["modality", "fused", "training", "modality"]
    assert {setup.database for setup in setups} == {"train"}


def test_a_value_of_the_papers_is_where_it_belongs():
    table = load("003-7")
    row = next(row for row in table.rows if row.printed == "CMFH")
    column = next(column for column in table.columns if column.name == "t2i 16")
    assert table.value(row, column) == 44.84


def test_an_unknown_table_is_suggested():
    with pytest.raises(UnknownName, match="did you mean '003-7'"):
        load("03-7")


@pytest.mark.parametrize(
    ("part", "entry", "message"),
    [
        ("rows", {"printed": "A", "reference": 1, "method": "a", "values": ["1.0"]}, "A has not as many"),
        ("reasons", {"kind": "chance", "says": "so", "rows": ["Nobody"]}, "names 'Nobody'"),
        ("errata", {"rows": []}, "does not hold a table"),
    ],
)
def test_a_broken_file_is_named(made, part, entry, message):
    with pytest.raises(Damaged, match=message):
        made(**{part: [entry]})
