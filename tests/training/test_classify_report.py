"""Figures of a classifier on items held out."""

import numpy as np
import pytest

from tuwen.files import read_json
from tuwen.training.classify_report import figures, write_report

FOUND = figures(["a", "b", "c"], np.array([0, 0, 1]), np.eye(3)[[0, 1, 1]])


def test_figures_are_those_of_the_definition():
    assert FOUND["accuracy"] == pytest.approx(2 / 3) and FOUND["chance"] == pytest.approx(2 / 3)
    assert FOUND["balanced"] == pytest.approx((1 / 2 + 1) / 2)
    a, b, c = FOUND["labels"]
    assert (a["precision"], a["recall"], a["f1"]) == (1, 0.5, pytest.approx(2 / 3))
    assert (b["precision"], b["recall"]) == (0.5, 1)
    assert c["precision"] is None and c["recall"] is None and c["f1"] is None


def test_the_report_has_a_row_a_class_and_says_what_chose_the_epoch(tmp_path):
    course = {
        "step": 4,
        "seconds": 1.0,
        "best_epoch": 1,
        "stopped": "",
        "curve": {"loss": [2.0, 1.0], "validation": [0.5, 0.75]},
    }
    task = {"text": "bert", "classes": ["a", "b|c"], "items": 3, "held out": 3}
    plan = {"batch_size": 2, "accumulate": 1, "epochs": 2, "seed": 0}
    found = FOUND | {"labels": [row | {"label": "b|c"} for row in FOUND["labels"][:1]]}
    write_report(tmp_path, {"task": task, "course": course, "plan": plan}, found)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| b&#124;c | 2 | 1.0000 | 0.5000 | 0.6667 |" in text and "a little hopeful" in text
    assert read_json(tmp_path / "run.json")["evaluation"]["accuracy"] == pytest.approx(2 / 3)
