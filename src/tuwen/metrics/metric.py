"""What a figure is: a value of each query, computed from groups of equal score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.groups import Groups


@dataclass(frozen=True)
class Figure(ABC):
    """What a number stands for.

    Attributes:
        summary: How the values of the queries become one.
        can_be_zero: Zero is the worst value there is; not so for a rank.
    """

    summary: ClassVar[Literal["mean", "median"]] = "mean"
    can_be_zero: ClassVar[bool] = True

    @property
    @abstractmethod
    def title(self) -> str:
        """How the figure is called in a protocol."""


@dataclass(frozen=True)
class Metric(Figure):
    """A figure of a ranking."""

    @abstractmethod
    def of(self, groups: Groups) -> Array:
        """The figure of each query, (n,); of those without a true item it may be any number."""


def check_k(k: int | None) -> None:
    """Complain of places that are not at least 1; None stands for all."""
    if k is not None and k < 1:
        raise InputError(f"k is {k}; it must be at least 1")
