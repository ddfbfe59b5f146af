from dataclasses import replace

import pytest

from tuwen.report import write
from tuwen.report.curves import keep, training
from tuwen.report.grouping import tables
from tuwen.report.page import page
from tuwen.report.pictures import drawn

pytest.importorskip("matplotlib")

COURSE = {"loss": [3.0, 2.0, 1.5], "validation": [0.2, 0.4, 0.3], "epoch": 2, "stopped": ""}
RINGS = "the epoch that was kept"


def test_loss_and_validation_have_a_panel_each_and_the_kept_epoch_a_ring():
    svg = training({"acmr": COURSE, "dscmr": COURSE | {"epoch": 3}}, "wikipedia").svg
    for word in ("loss", "mAP of both directions, validation", "acmr", "dscmr", RINGS, "wikipedia"):
        assert f">{word}</text>" in svg


def test_without_validation_there_is_one_panel_and_without_a_kept_epoch_no_ring():
    svg = training({"acmr": COURSE | {"validation": [], "epoch": 0}}).svg
    assert ">loss</text>" in svg
    assert "validation" not in svg
    assert RINGS not in svg


def test_what_knows_no_epochs_is_not_drawn(tmp_path, make):
    assert training({"cca": {}}) is None
    assert not keep(tmp_path, "cca", {})
    assert not list(tmp_path.iterdir())
    (table,) = tables([make("cca")])
    assert "training" not in drawn(table)


def test_a_report_shows_the_networks_among_its_methods(make, tmp_path):
    runs = [make("cca", 0.3), replace(make("acmr", 0.5), course=COURSE)]
    write(runs, tmp_path)
    svg = (tmp_path / "training.svg").read_text(encoding="utf-8")
    assert ">acmr</text>" in svg
    assert ">cca</text>" not in svg
    assert "(training.svg)" in (tmp_path / "report.md").read_text(encoding="utf-8")
    (table,) = tables(runs)
    told = page([table], [{"training": drawn(table)["training"].inline}])
    assert '<tspan class="zh">被采用的轮次</tspan>' in told
    assert '<tspan class="zh">损失</tspan>' in told


def test_curves_of_many_networks_are_those_of_the_best(make):
    runs = [replace(make(f"m{place:02}", 0.9 - place / 50), course=COURSE) for place in range(14)]
    (table,) = tables(runs)
    svg = drawn(table)["training"].svg
    assert "the best 12 of 14" in svg
    assert ">m12<" not in svg


def test_a_fitted_method_gets_its_own(tmp_path):
    assert keep(tmp_path, "acmr", COURSE)
    assert {path.name for path in tmp_path.iterdir()} == {"training.svg", "training.png"}
