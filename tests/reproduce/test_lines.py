"""Published figures beside ours."""

import numpy as np
import pytest

from tuwen.bench.runs import Run
from tuwen.reproduce.lines import beside, reproduce
from tuwen.reproduce.planning import plan


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that keeps runs."""
    return tmp_path_factory.mktemp("runs")


def fake(cell, i2t, t2i):
    """A run that gave these figures."""
    figures = {"i2t/map": i2t, "t2i/map": t2i}
    return Run(cell=cell, figures=figures, protocols=dict.fromkeys(figures, "mAP@all"), chance=figures)


def answered(made, pairs, values, **changed):
    """The made table with runs that gave `values` for CCA and SM, one pair of figures a draw."""
    table = made(**changed)
    places = plan(table, files={"": pairs})
    runs = {
        cell.key: fake(cell, *pair)
        for place in places
        if place.cells
        for cell, pair in zip(place.cells, values[place.row.printed], strict=True)
    }
    found = beside(table, places, runs)
    return {(line.row, line.column): line for line in found.lines}


def test_figures_are_means_over_draws_in_the_unit_of_the_table(made, pairs):
    values = {"CCA": [(0.50, 0.60), (0.54, 0.60)], "SM": [(0.70, 0.71), (0.70, 0.71)]}
    line = answered(made, pairs, values)["CCA", "i2t"]
    assert (line.ours, line.spread) == (pytest.approx(52.0), pytest.approx(2.0))
    assert line.difference == pytest.approx(16.0)
    assert answered(made, pairs, values)["CCA", "mean"].ours == pytest.approx(56.0)


def test_a_large_difference_has_the_reason_that_fits_and_a_small_one_none(made, pairs):
    values = {"CCA": [(0.50, 0.60)] * 2, "SM": [(0.71, 0.65), (0.71, 0.65)]}
    lines = answered(made, pairs, values)
    assert lines["CCA", "i2t"].reason.kind == "chance"  # 36.0 is within 0.6 of guessing among 3 classes of 8
    assert lines["SM", "i2t"].reason is None
    assert lines["SM", "t2i"].reason.says == "other features"
    assert lines["SM", "mean"].reason.kind == "unestablished"


def test_other_features_are_never_compared(made, pairs):
    table = made()
    (setup,) = table.setups
    told = {name: getattr(setup, name) for name in setup.__dataclass_fields__} | {"compares": False}
    values = {"CCA": [(0.50, 0.60)] * 2, "SM": [(0.1, 0.1)] * 2}
    line = answered(made, pairs, values, setups=[told])["SM", "i2t"]
    assert (line.ours, line.difference, line.reason) == (pytest.approx(10.0), None, None)


def test_a_failed_run_is_listed_with_its_reason_and_the_others_go_on(made, pairs):
    table = made()
    places = plan(table, files={"": pairs})
    cca, sm, _ = places
    runs = {cell.key: Run(cell=cell, error="not enough memory") for cell in cca.cells}
    runs |= {cell.key: fake(cell, 0.5, 0.5) for cell in sm.cells}
    lines = beside(table, places, runs).lines
    assert {line.error for line in lines if line.row == "CCA"} == {"not enough memory"}
    assert all(line.ours == 50.0 for line in lines if line.row == "SM")
    assert all(line.lacks for line in lines if line.row == "Oracle")


def test_a_made_table_is_run_and_the_second_time_nothing_runs_again(made, pairs, folder):
    first = reproduce(made(), folder, files={"": pairs}, apart=False)
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("run.json")}
    assert len(kept) == 4  # two methods, two draws
    again = reproduce(made(), folder, files={"": pairs}, apart=False)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("run.json")} == kept
    figures = [line.ours for line in first.lines if line.ours is not None]
    assert figures == [line.ours for line in again.lines if line.ours is not None]
    assert len(figures) == 6
    assert np.mean(figures) > 60  # three classes that are easy to tell; guessing gets 36


def test_wikipedia_gives_the_published_row_of_scm(data_folder, tmp_path):
    """The real table, one row and one width: what table 7 prints as HSCM, with codes of one modality."""
    from dataclasses import replace

    from tuwen.reproduce.published import load

    if not (data_folder / "wikipedia" / "raw_features.mat").is_file():
        pytest.skip("no Wikipedia features in the test data")
    table = load("003-7")
    columns = tuple(column for column in table.columns if column.bits == 16)
    row = next(row for row in table.rows if row.printed == "HSCM")
    values = tuple(v for v, column in zip(row.values, table.columns, strict=True) if column.bits == 16)
    small = replace(
        table,
        columns=columns,
        rows=(replace(row, values=values),),
        setups=table.setups[:1],
        reasons=(),
        errata=(),
    )
    found = reproduce(small, tmp_path, data_root=data_folder, apart=False)
    assert [line.column for line in found.lines] == ["i2t 16", "t2i 16"]
    assert all(abs(line.difference) < 1.0 and line.reason is None for line in found.lines)
    assert "own modality" in found.lines[0].protocol
