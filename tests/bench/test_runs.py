import json
from dataclasses import replace

import numpy as np
import pytest

from tuwen.bench.runs import Cell, Run, read_run
from tuwen.errors import Damaged

CELL = Cell(data="mine.npz", method="cca", params={"dim": 7, "seed": 0}, metrics=("map", "recall@5"))


@pytest.fixture
def run():
    """A run with something in every field."""
    return Run(
        cell=CELL,
        files={"mine.npz": "abc"},
        sizes={"train": 3},
        protocols={"i2t/map": "mAP@all"},
        figures={"i2t/map": 0.5},
        chance={"i2t/map": 0.1},
        values={"i2t/map": np.array([0.25, np.nan, 0.75])},
        curves={"i2t": np.array([[1.0, 0.5], [0.5, 1.0]])},
        course={"loss": [2.0, 1.0], "validation": [0.1, 0.2], "epoch": 2, "stopped": ""},
        fit_seconds=1.5,
        peak_mb=64.0,
        notes=("odd",),
        about={"tuwen": "1"},
    )


@pytest.mark.parametrize(
    "change",
    [
        {"params": {"dim": 8, "seed": 0}},
        {"part": "val"},
        {"codes": "fused"},
        {"metrics": ("map",)},
        {"options": {"mode": "transductive"}},
        {"text_encoder": "bow"},
        {"tuned": 3},
    ],
)
def test_every_field_tells_cells_apart(change):
    assert replace(CELL, **change).key != CELL.key


def test_the_order_of_parameters_does_not():
    assert replace(CELL, params={"seed": 0, "dim": 7}).key == CELL.key


def test_a_run_is_read_as_it_was_written(run, tmp_path):
    run.write(tmp_path)
    found = read_run(tmp_path)
    np.testing.assert_array_equal(found.values["i2t/map"], run.values["i2t/map"])
    np.testing.assert_array_equal(found.curves["i2t"], run.curves["i2t"])
    bare = {"values": {}, "curves": {}}
    assert replace(found, **bare) == replace(run, **bare)


def test_a_folder_without_both_files_is_no_run(run, tmp_path):
    run.write(tmp_path)
    (tmp_path / "values.npz").unlink()
    with pytest.raises(Damaged, match="holds no whole run"):
        read_run(tmp_path)


def test_values_of_another_run_are_refused(run, tmp_path):
    replace(run, values={"i2t/map": np.zeros(3)}).write(tmp_path / "other")
    run.write(tmp_path)
    (tmp_path / "other" / "values.npz").replace(tmp_path / "values.npz")
    with pytest.raises(Damaged, match=r"not of the run that run.json describes"):
        read_run(tmp_path)


@pytest.mark.parametrize("change", [{"format": 99}, {"cell": {}}, {"unheard": 1}])
def test_what_this_version_does_not_know_is_refused(run, tmp_path, change):
    run.write(tmp_path)
    told = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    (tmp_path / "run.json").write_text(json.dumps(told | change), encoding="utf-8")
    with pytest.raises(Damaged, match="does not describe a run"):
        read_run(tmp_path)
