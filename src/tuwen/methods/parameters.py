"""What every number among the parameters of a method must be, whatever it means."""

from __future__ import annotations

import math
from dataclasses import Field
from typing import Any, ClassVar, Protocol

from tuwen.errors import InputError


class _Parameters(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def check_numbers(method: _Parameters) -> None:
    """Refuse weights and shares that are not finite or below 0, such seeds, and less than one iteration.

    Solvers take such values without a word and give codes that mean nothing. What other counts may be each
    method says itself.

    Raises:
        InputError: One is such a number.
    """
    for name in method.__dataclass_fields__:
        value = getattr(method, name)
        least = 1 if name == "iterations" else 0
        if not isinstance(value, float) and name not in ("iterations", "seed"):
            continue
        if not math.isfinite(value) or value < least:
            raise InputError(f"{name} is {value}; it must be a finite number, at least {least}")
