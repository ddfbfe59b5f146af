"""What every number among the parameters of a method must be, whatever it means."""

from __future__ import annotations

import math
from dataclasses import Field
from typing import Any, ClassVar, Protocol

from tuwen.errors import InputError


class _Parameters(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def check_numbers(method: _Parameters) -> None:
    """Refuse numbers that are not finite or below 0, and less than one iteration.

    Solvers take such values without a word and give codes that mean nothing. A default that lies below 0
    stands for something, and passes.

    Raises:
        InputError: One is such a number.
    """
    for name, field in method.__dataclass_fields__.items():
        value = getattr(method, name, None)
        if isinstance(value, bool) or not isinstance(value, int | float) or value == field.default:
            continue
        least = 1 if name == "iterations" else 0
        if not math.isfinite(value) or value < least:
            raise InputError(f"{name} is {value}; it must be a finite number, at least {least}")
