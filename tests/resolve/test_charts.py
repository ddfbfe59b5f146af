import re

import numpy as np
import pytest

from tuwen.resolve import charts
from tuwen.resolve.curves import calibration, pair_curve

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def curve():
    """Ten thousand points."""
    random = np.random.default_rng(0)
    return pair_curve(random.random(10_000), random.random(10_000) < 0.3, 4000)


def longest(svg):
    """Points of the longest line."""
    return max(len(re.findall("[ML]", path)) for path in re.findall(r' d="([^"]*)"', svg))


def test_a_long_curve_is_drawn_with_few_points(curve):
    assert longest(charts.precision_recall(curve).svg) <= 800
    assert len(charts._some(10_000)) > 400
    assert charts._some(10_000)[[0, -1]].tolist() == [0, 9_999]
    assert charts._some(3).tolist() == [0, 1, 2]


def test_charts_name_what_they_show(curve):
    told = charts.precision_recall(curve, (0.5, 0.3)).svg
    assert all(f">{word}</text>" in told for word in ("recall", "precision", "decided"))
    told = charts.by_threshold(curve, 0.5).svg
    assert all(f">{word}</text>" in told for word in ("threshold", "precision", "recall", "F1", "used"))


def test_the_chart_of_probabilities_has_a_line_to_hold_them_against():
    told = charts.calibrated(calibration(np.array([0.1, 0.9]), np.array([False, True]))).svg
    assert all(f">{word}</text>" in told for word in ("probability", "measured", "95 % interval", "ideal"))
