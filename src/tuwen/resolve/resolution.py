"""What resolving finds: candidates, probabilities, decisions, clusters, and how it came to them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tuwen.arrays import Array
from tuwen.records import Refusal
from tuwen.resolve.base import Candidates, Evidence, Labels, Side, Truth
from tuwen.resolve.blocking import Blocked
from tuwen.resolve.cluster_figures import ClusterFigures
from tuwen.resolve.deciding import How, decide
from tuwen.resolve.evaluating import Evaluation
from tuwen.resolve.joining import Joint
from tuwen.resolve.page import Step
from tuwen.resolve.scoring import places_among
from tuwen.resolve.threshold import Threshold

#: Name and value of what came of a step.
Facts = list[tuple[str, object]]


@dataclass(slots=True, kw_only=True, eq=False)
class Resolution:
    """What `resolve` found.

    Attributes:
        left: The first side.
        right: The second; None when the first was compared with itself.
        blocked: The candidates.
        evidence: Of each candidate.
        joint: The model behind the probabilities; None where there are too few pairs for one.
        score: (m,) what was decided by: the probability, or the similarity where there is none.
        kept: (k,) places of the candidates that match, rising.
        clusters: (n,) cluster of each item: left rows, then right rows.
        how: How was decided.
        threshold: What a pair had to reach; None for nothing.
        chosen: How the threshold was chosen for a precision, if it was.
        labels: Pairs that somebody decided on.
        truth: All true pairs, if they are known.
        evaluation: Against the truth.
        figures: Of the clusters, against the truth.
        steps: What was done, in order.
        refusals: What could not be used, and why.
        notes: What else the user should know.
        encoder: Its name; empty when vectors were given.
    """

    left: Side
    right: Side | None
    blocked: Blocked
    evidence: Evidence
    score: Array
    how: How
    threshold: float | None
    labels: Labels
    joint: Joint | None = None
    kept: Array = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    clusters: Array = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    chosen: Threshold | None = None
    truth: Truth | None = None
    evaluation: Evaluation | None = None
    figures: ClusterFigures | None = None
    steps: list[Step] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    encoder: str = ""

    @property
    def candidates(self) -> Candidates:
        """The pairs that were looked at."""
        return self.blocked.candidates

    @property
    def other(self) -> Side:
        """The second side, or the first again."""
        return self.left if self.right is None else self.right

    def matches(self, pairs: Candidates | Labels, scores: Array, threshold: float | None) -> Array:
        """Places of the pairs that match, decided in the way of this run.

        Args:
            pairs: Candidates, or pairs that somebody decided on.
            scores: (m,) of them.
            threshold: What a pair must reach; None keeps all that can match together.
        """
        shape, same = self.candidates.shape, self.candidates.same
        return decide(
            pairs.left, pairs.right, scores, how=self.how, threshold=threshold, shape=shape, same=same
        )

    @property
    def empty(self) -> list[Side]:
        """The sides without a single item that could be used, for which nothing can match."""
        return [side for side in (self.left, self.right) if side is not None and not len(side)]

    @property
    def ranks(self) -> Array:
        """(m,) place of each candidate among those of its left item, from 1; equal scores share a place."""
        return places_among(self.candidates.left, self.score)

    @property
    def unmatched(self) -> dict[str, Array]:
        """Rows that match nothing, by `left` and `right`; within one side by `left` alone."""
        left, right = self.candidates.left[self.kept], self.candidates.right[self.kept]
        if self.right is None:
            return {"left": np.setdiff1d(np.arange(len(self.left)), np.concatenate([left, right]))}
        return {
            "left": np.setdiff1d(np.arange(len(self.left)), left),
            "right": np.setdiff1d(np.arange(len(self.right)), right),
        }
