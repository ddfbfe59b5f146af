import re

from tuwen.report.grouping import tables
from tuwen.report.markdown import escaped, markdown


def cells_of(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_rows_and_heads_have_as_many_cells(runs, make, fail):
    found = cells_of(markdown(tables([*runs, fail(make("jrl"))])))
    assert len(found) == 2 + 4 + 1
    assert len({len(cells) for cells in found}) == 1


def test_there_is_no_column_of_settings_where_none_differs(make, fail):
    found = cells_of(markdown(tables([make("cca"), make("pls"), fail(make("jrl"))])))
    assert "changed settings" not in found[0]
    assert len({len(cells) for cells in found}) == 1


def test_a_row_tells_all(runs):
    row = cells_of(markdown(tables(runs)))[2]
    figures = runs[1].figures
    assert row[:2] == ["a", "scm"]
    assert row[3] == "1"
    assert row[4].startswith(f"**{figures['i2t/map']:.3f}** ±.0")
    assert row[4].endswith("<sup>bc</sup>")
    assert row[6].startswith(f"**{(figures['i2t/map'] + figures['t2i/map']) / 2:.3f}**")
    assert row[7:] == ["1.25", "0.004", "210", "ridge=0.5"]


def test_what_failed_has_its_reason_in_its_row(runs, make, fail):
    row = cells_of(markdown(tables([*runs, fail(make("jrl"), "a | b")])))[-2]
    assert row[1] == "jrl"
    assert row[4] == r"**failed**: a \| b"


def test_text_is_no_markup():
    assert escaped("a|b*c*_d_<e>`f`[g]\nh") == r"a\|b\*c\*\_d\_\<e\>\`f\`\[g\] h"
