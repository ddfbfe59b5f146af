"""How pictures are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import get_args

import numpy as np

from tuwen.errors import InputError, unknown
from tuwen.illustrate.base import SIGNALS, Mode
from tuwen.illustrate.fusing import Fusing


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How pictures are chosen.

    Attributes:
        mode: `fused`, or `paper`: nearest pictures that stand among the nearest texts too.
        k: How many choices a question.
        reach: R of the paper, the length of both lists.
        fusing: How rankings become one order: by `reciprocal-rank`; `weighted` sums of scores; or such sums
            with weights `learned` from the library's own pairs, alike where there are fewer than 200.
        weights: By ranking; those not named count 1, or as they were learned. 0 leaves one out.
        guess: Keep to the class that the headline most probably has, where none is given.
        where: A filter of a collection, over what may be an answer.
        used: Day on which a picture was last used, by id.
        lately: How long ago that still matters.
        today: From which day that is counted.
        skip_used: Leave out what was used lately instead of marking it.
    """

    mode: Mode = "fused"
    k: int = 5
    reach: int = 50
    fusing: Fusing = "learned"
    weights: Mapping[str, float] = field(default_factory=dict)
    guess: bool = False
    where: str | None = None
    used: Mapping[str, date] = field(default_factory=dict)
    lately: timedelta = timedelta(days=30)
    today: date = field(default_factory=date.today)
    skip_used: bool = False

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise unknown("mode", self.mode, get_args(Mode))
        if self.fusing not in get_args(Fusing):
            raise unknown("way to fuse", self.fusing, get_args(Fusing))
        for name, weight in self.weights.items():
            if name not in SIGNALS:
                raise unknown("ranking", name, SIGNALS)
            if not np.isfinite(weight) or weight < 0:
                raise InputError(f"the weight of {name} is {weight}; it must be 0 or more")
        if self.k < 1 or self.reach < 1:
            raise InputError(f"k is {self.k} and reach {self.reach}; both must be at least 1")
