"""What the printed tables say against themselves."""

import pytest

from tuwen.reproduce.audit import audit, chance, r_sum
from tuwen.reproduce.published import load, names

#: Averages that are wrong, worked out by hand: table, method, column, printed, mean of the two.
AVERAGES = {
    ("002-1", "ACMR", "shallow mean", 0.1306, 0.13075),
    ("002-1", "CCA", "cnn mean", 0.1337, 0.13665),
    ("002-1", "CMCP", "cnn mean", 0.3447, 0.34455),
    ("002-1", "CCA", "cnn+sif mean", 0.1010, 0.10995),
    ("002-2", "HSNN", "shallow mean", 0.0783, 0.0788),
    ("002-2", "CDPAE", "shallow mean", 0.1197, 0.11425),
    ("002-3", "HSNN", "cnn mean", 0.4011, 0.3561),
    ("002-3", "CDPAE", "cnn mean", 0.1105, 0.1150),
    ("003-6", "JRL", "mean", 59.2, 59.35),
}


@pytest.fixture(scope="module")
def found():
    """Findings in all tables."""
    return audit([load(name) for name in names()])


def of(found, kind):
    return [finding for finding in found if finding.kind == kind]


def test_exactly_the_wrong_averages_are_found(found):
    seen = {
        (one.table, one.row, one.column, float(one.printed), float(one.computed))
        for one in of(found, "average")
    }
    assert seen == AVERAGES


def test_exactly_these_other_errors_are_found(found):
    places = {(one.kind, one.table, one.row) for one in found if one.kind not in ("average", "chance", "dip")}
    assert places == {
        ("reference", "003-6", "DSCMR"),
        ("repeated", "003-9", "VSRN"),
        ("reversed", "003-9", "Dual-Path"),
    }
    assert {(one.table, one.row, one.column) for one in of(found, "dip")} == {
        ("003-8", "ADAH", "i2t 32"),
        ("003-8", "TSDH", "t2i 32"),
    }


def test_shallow_features_of_the_first_table_are_at_chance_except_acmr(found):
    rows = {one.row for one in of(found, "chance") if one.table == "002-1" and "shallow" in one.column}
    assert rows == {"CCA", "HSNN", "JFSSL", "CMCP", "JRL", "CDPAE"}


def test_every_wrong_average_is_among_the_errata(found):
    for one in of(found, "average"):
        errata = load(one.table).errata
        assert any(one.row in note.rows and one.column in note.columns for note in errata), one


def test_rounding_either_way_is_no_error(made):
    rows = [{"printed": "A", "reference": 1, "method": "a", "values": ["40.0", "41.1", v]} for v in ("40.5",)]
    rows += [{**rows[0], "printed": "B", "values": ["40.0", "41.1", "40.6"]}]
    rows += [{**rows[0], "printed": "C", "values": ["40.0", "41.1", "40.7"]}]
    table = made(rows=rows, reasons=[])
    assert [one.row for one in audit([table]) if one.kind == "average"] == ["C"]


def test_a_recall_that_falls_with_more_places_is_found(made):
    columns = [{"printed": f"R@{k}", "direction": "i2t", "metric": f"hit@{k}"} for k in (1, 5, 10)]
    rows = [{"printed": "A", "reference": 1, "method": "a", "values": ["50.0", "49.0", "60.0"]}]
    table = made(columns=columns, rows=rows, reasons=[])
    (one,) = (one for one in audit([table]) if one.kind == "order")
    assert (one.column, one.printed, one.computed) == ("i2t hit@5", "49.0", "50.0")
    assert r_sum(table, table.rows[0]) == 159.0


def test_chance_is_the_closed_form_of_few_items(made):
    """Two items, one true: first or second with equal odds, 3/4; guessing is right on average."""
    table = made(classes={"queries": [1, 1], "items": [1, 1], "says": "two pairs"})
    assert chance(table) == pytest.approx(0.75)


def test_sums_of_recalls_are_for_tables_of_recalls():
    table = load("003-10")
    scan = next(row for row in table.rows if row.printed == "SCAN")
    assert r_sum(table, scan) == pytest.approx(465.0)
    assert r_sum(load("003-5"), load("003-5").rows[0]) is None
