"""Numbers that no parameter may have."""

from dataclasses import dataclass

import numpy as np
import pytest

from tuwen import methods
from tuwen.errors import InputError
from tuwen.methods.parameters import check_numbers

ROWS = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("method,name", [("cca", "ridge"), ("cmfh", "regression"), ("kcca", "spread")])
def test_weights_are_finite_and_not_below_zero(method, name, value):
    with pytest.raises(InputError, match=f"{name}.* {value}"):
        methods.find(method)(**{name: value}).fit(ROWS, ROWS)


def test_at_least_one_iteration_is_made():
    with pytest.raises(InputError, match="iterations is 0; it must be a finite number, at least 1"):
        methods.find("rgcca")(dim=2, iterations=0).fit(ROWS, ROWS)


def test_a_seed_is_not_below_zero():
    with pytest.raises(InputError, match="seed is -1"):
        methods.find("cca")(dim=2, seed=-1).fit(ROWS, ROWS)


def test_counts_are_left_to_the_method():
    @dataclass
    class Odd:
        neighbours: int = -1

    check_numbers(Odd())
