"""Runs as a bench leaves them, with figures that the tests choose."""

import numpy as np
import pytest

from tuwen.bench.runs import Cell, Run

PROTOCOL = "mAP@all over relevant; true: same label; ties: expected; 40 queries, 0 without true items skipped"


def make_run(method="cca", level=0.5, *, seed=0, spread=0.05, queries=40, **cell):
    """A run whose values lie around a level, on the same queries for every method.

    Hard queries are hard for all; `spread` is what a method has of its own.
    """
    params = {"seed": seed, **cell.pop("params", {})}
    made = Cell(data=cell.pop("data", "wikipedia"), method=method, params=params, **cell)
    hard = np.random.default_rng(1).normal(0, 0.1, queries)
    own = np.random.default_rng(abs(hash_of(method)) + seed).normal(0, spread, (2, queries))
    values, figures = {}, {}
    for place, direction in enumerate(("i2t", "t2i")):
        for metric in made.metrics:
            values[f"{direction}/{metric}"] = np.clip(level - 0.1 * place + hard + own[place], 0, 1)
            figures[f"{direction}/{metric}"] = float(values[f"{direction}/{metric}"].mean())
    recall = np.linspace(0.02, 1, 20)
    curve = np.stack([level * (1.2 - recall), recall])
    return Run(
        cell=made,
        files={"features.mat": "0123456789abcdef" * 4},
        sizes={"train": 2173, "queries": queries, "items": 693, "d_image": 128, "d_text": 10},
        protocols={key: PROTOCOL for key in figures},
        figures=figures,
        chance={key: 0.12 for key in figures},
        values=values,
        curves={"i2t": curve, "t2i": curve * [[0.8], [1]]},
        fit_seconds=1.25,
        code_seconds=0.004,
        peak_mb=210.4,
        about={"date": "2026-11-21", "processor": "AMD EPYC", "cores": 2, "tuwen": "0.1.0"},
    )


def hash_of(name):
    """A number of a name that does not change between processes."""
    return sum(ord(sign) * 31**place for place, sign in enumerate(name))


@pytest.fixture
def make():
    """`make_run`."""
    return make_run


@pytest.fixture
def fail():
    """Turns a run into the same cell, failed."""
    return lambda run, reason="memory ran out": Run(cell=run.cell, error=reason)


@pytest.fixture
def runs():
    """Three methods, the second better than the others."""
    return [make_run("cca", 0.3), make_run("scm", 0.5, params={"ridge": 0.5}), make_run("pls", 0.3)]
