from dataclasses import replace

import numpy as np
import pytest

from tuwen.illustrate import verdict
from tuwen.illustrate.verdict import Fit, learn

NONE = np.empty(0, dtype=np.int64)


def without(library, name):
    """The library without the items of a class."""
    kept = [row for row, label in enumerate(library.classes) if label != name]
    return library.part(kept)


def test_a_headline_of_a_class_that_is_not_there_fits_less(paired):
    rest = without(paired, "sports")
    fit = learn(rest)
    assert fit.by_class and fit.calibration.cutoff.area > 0.9

    def asked(name):
        rows = [row for row, label in enumerate(paired.classes) if label == name]
        return np.mean(
            [fit.judge(rest, {"text": paired.vectors["text"][row]}, NONE).probability for row in rows]
        )

    assert asked("economy") > 0.9 > 0.3 > asked("sports")


def test_what_it_learned_is_kept_as_json(paired):
    fit = learn(paired)
    again = Fit.from_json(fit.to_json())
    vectors = {"text": paired.vectors["text"][3]}
    assert again.judge(paired, vectors, np.array([3])) == fit.judge(paired, vectors, np.array([3]))
    assert fit.judge(paired, {}, NONE) is None


def test_where_the_pairs_tell_nothing_nothing_is_said(paired, monkeypatch):
    rng = np.random.default_rng(2)
    noise = replace(
        paired,
        classes=[""] * 300,
        vectors={name: rng.normal(size=(300, 4)) for name in ("cross-text", "cross-image")},
    )
    assert learn(noise) is None
    monkeypatch.setattr(verdict, "BARELY", 0.0)
    assert learn(noise).calibration.cutoff.area == pytest.approx(0.5, abs=0.1)


def test_few_pairs_teach_nothing(five):
    assert learn(five) is None
