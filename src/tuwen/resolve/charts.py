"""Charts of an evaluation: precision against recall, figures by threshold, calibration."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array
from tuwen.report.plots import Drawing, Line, Panel, lines
from tuwen.resolve.curves import Calibration, PairCurve

_POINTS = 400  # of a drawn line: more cannot be told apart


def precision_recall(curve: PairCurve, chosen: tuple[float, float] | None = None) -> Drawing:
    """Precision against recall, over all thresholds.

    Args:
        curve: At least one point.
        chosen: Recall and precision of what was decided, marked by a cross of lines.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    some = _some(len(curve.kept))
    drawn = [Line("all thresholds", curve.recall[some], curve.precision[some])]
    if chosen is not None:
        recall, precision = chosen
        drawn.append(Line("decided", np.array([recall, recall, 0.0]), np.array([0.0, precision, precision])))
    return lines([Panel("", drawn)], x="recall", y="precision")


def by_threshold(curve: PairCurve, chosen: float | None = None) -> Drawing:
    """Precision, recall and F1 against the threshold.

    Args:
        curve: At least one point.
        chosen: The threshold that was used, marked by a line.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    some = _some(len(curve.kept))
    drawn = [
        Line(name, curve.thresholds[some], values[some])
        for name, values in (("precision", curve.precision), ("recall", curve.recall), ("F1", curve.f1))
    ]
    if chosen is not None:
        drawn.append(Line("used", np.array([chosen, chosen]), np.array([0.0, 1.0])))
    return lines([Panel("", drawn)], x="threshold", y="")


def calibrated(calibration: Calibration) -> Drawing:
    """The share of true pairs against the probability that was given, with 95 % intervals of the share.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    even = np.array([0.0, 1.0])
    drawn = [
        Line("measured", calibration.predicted, calibration.observed),
        Line("95 % interval", calibration.predicted, calibration.low),
        Line("95 % interval", calibration.predicted, calibration.high),
        Line("ideal", even, even),
    ]
    return lines([Panel("", drawn)], x="probability", y="share of true pairs")


def _some(points: int) -> Array:
    """Which points of a curve are drawn: all of a short one; of a long one the first are closer together."""
    if points <= _POINTS:
        return np.arange(points)
    spread = np.concatenate([np.linspace(0, points - 1, _POINTS), np.geomspace(1, points, _POINTS) - 1])
    return np.unique(spread.round().astype(np.intp))
