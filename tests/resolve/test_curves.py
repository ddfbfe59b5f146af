import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.resolve.curves import calibration, pair_curve, wilson


def test_the_last_point_of_a_curve_is_what_is_kept_without_a_threshold():
    random = np.random.default_rng(0)
    scores, true = random.random(50), random.random(50) < 0.4
    curve = pair_curve(scores, true, 30)
    assert (curve.kept[-1], curve.right[-1]) == (50, true.sum())
    assert (np.diff(curve.thresholds) < 0).all()


def test_calibration_compares_means_of_bins_with_shares():
    probability = np.array([0.1, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8, 0.8])
    true = np.array([0, 0, 0, 1, 1, 1, 1, 0], dtype=bool)
    found = calibration(probability, true, bins=2)
    assert found.predicted.tolist() == pytest.approx([0.1, 0.8])
    assert found.observed.tolist() == [0.25, 0.75]
    assert found.counts.tolist() == [4, 4]
    assert found.error == pytest.approx(0.1)
    assert found.brier == pytest.approx(((3 * 0.1**2 + 0.9**2) + (3 * 0.2**2 + 0.8**2)) / 8)


def test_bins_without_pairs_are_left_out():
    found = calibration(np.array([0.02, 0.03, 0.97, 1.0]), np.array([False, False, True, True]))
    assert found.counts.tolist() == [2, 2]
    assert found.observed.tolist() == [0.0, 1.0]


def test_the_interval_of_a_share_is_wilsons():
    low, high = wilson(np.array([0, 5]), np.array([10, 10]))
    assert low.tolist() == pytest.approx([0, 0.2366], abs=1e-4)
    assert high.tolist() == pytest.approx([0.2775, 0.7634], abs=1e-4)


def test_probabilities_are_from_0_to_1():
    with pytest.raises(InputError, match="probabilities from 0 to 1"):
        calibration(np.array([2.0]), np.array([True]))
