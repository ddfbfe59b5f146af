"""How much each ranking should count, learned from the library's own pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.illustrate.base import Library
from tuwen.illustrate.fusing import standard
from tuwen.illustrate.signals import Asked, rankings
from tuwen.illustrate.spaces import FEWEST, Spaces, coded, learn

RECIPE = 4  # rises whenever the same library begins to teach other weights or another verdict
NEAR = 1.0  # what rankings by the question's own kind weigh beside `through`
MOST = 10_000  # items that are ranked
QUERIES = 400  # of the library's own headlines, at most
FOLDS = 4
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Learned:
    """Weights of rankings, and how good they are on headlines that they were not learned from.

    Attributes:
        weights: By ranking, of scores in standard deviations; they sum to 1.
        mrr: Mean reciprocal rank of the true pictures among all that nothing was learned from: of the fused
            order, `fused`, of rankings that all count alike, `alike`, and of each ranking alone.
        queries: Headlines they were learned from.
    """

    weights: dict[str, float]
    mrr: dict[str, float]
    queries: int

    def weigh(self, names: Sequence[str], kind: Modality) -> dict[str, float]:
        """The weights of the rankings of one question.

        Those that compare what is asked with its own kind cannot be learned, as a headline's own item has
        no such score when its text is taken out: they share the weight of `through`, which speaks of the same
        neighbours. A draft picture stands in the place of the neighbours' pictures, and counts as
        they do.

        Args:
            names: Of the rankings.
            kind: What is looked for.
        """
        through = self.weights.get("through", 1.0)
        near, far = ("text", "image") if kind == "image" else ("image", "text")
        alike = [name for name in names if name in (near, "triples")]
        return self.weights | {far: through} | {name: NEAR * through / len(alike) for name in alike}

    def to_json(self) -> dict[str, Any]:
        """For `from_json`."""
        return {"weights": self.weights, "mrr": self.mrr, "queries": self.queries}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(dict(value["weights"]), dict(value["mrr"]), int(value["queries"]))


def learn_weights(library: Library, spaces: Spaces, names: Sequence[str]) -> Learned | None:
    """Weights under which the pictures that the library has for its own headlines come first.

    A headline is asked with its own text taken out. The weights maximise the likelihood of its own picture
    (a softmax over pictures, that is a conditional logistic regression), none below zero. What the library's
    own pairs taught is taught anew without a quarter of the headlines that are asked, and only pictures of
    that quarter are answers: one that has taught would stand nearer to its text than it should. Of a library
    of more than 10,000 items, so many are drawn.

    Args:
        library: With vectors.
        spaces: What they are of.
        names: Rankings to weigh; those that a headline alone can ask.

    Returns:
        None when there are fewer than 200 pairs.
    """
    rng = np.random.default_rng(0)
    if len(library) > MOST:
        library = library.part(np.sort(rng.choice(len(library), MOST, replace=False)))
    pairs = np.flatnonzero(library.has("image") & library.has("text"))
    if len(pairs) < FEWEST:
        return None
    chosen = np.sort(rng.choice(pairs, min(QUERIES, len(pairs)), replace=False))
    fold_of = rng.permutation(len(chosen)) % FOLDS
    cases: list[Array] = []
    folds: list[int] = []
    for fold in range(FOLDS):
        asked = chosen[fold_of == fold]
        own = _refitted(library, spaces, np.setdiff1d(pairs, asked))
        for row in asked.tolist():
            case = _case(library, own, row, names, asked)
            if case is not None:
                cases.append(case)
                folds.append(fold)
    if not cases:
        return None
    return _weigh(cases, np.array(folds), names)


def _refitted(library: Library, spaces: Spaces, pairs: Array) -> dict[str, Array]:
    """The library's vectors, with those of its own space learned from some of the pairs only."""
    if spaces.own is None:
        return library.vectors
    images, texts = library.vectors["image"], library.vectors["text"]
    usable = pairs[images[pairs].any(axis=1) & texts[pairs].any(axis=1)]
    method = learn(images[usable], texts[usable])
    return library.vectors | {
        "own-image": coded(method, images, "image"),
        "own-text": coded(method, texts, "text"),
    }


def _case(
    library: Library, vectors: dict[str, Array], row: int, names: Sequence[str], among: Array
) -> Array | None:
    """Standard scores (m, s) of the pictures of some rows in each ranking, the row's own first.

    The row's headline is asked as if its own text were not there.
    """
    from dataclasses import replace

    sides = {"text": "text", "cross": "cross-text", "own": "own-text"}
    asked = Asked(
        kind="image",
        vectors={name: vectors[side][row] for name, side in sides.items() if side in vectors},
        hidden_text=row,
    )
    candidates = np.zeros(len(library), dtype=bool)
    candidates[among] = True
    found = {
        signal.name: standard(signal.scores)
        for signal in rankings(replace(library, vectors=vectors), asked, candidates)
    }
    if not found:
        return None
    empty = np.zeros(len(library), dtype=np.float32)
    values = np.stack([found.get(name, empty) for name in names], axis=1)
    return np.asarray(values[np.concatenate([[row], among[among != row]])])


def _weigh(cases: list[Array], folds: Array, names: Sequence[str]) -> Learned:
    reciprocal: dict[str, list[float]] = {name: [] for name in (*names, "alike", "fused")}
    for fold in range(FOLDS):
        held = [case for case, of in zip(cases, folds, strict=True) if of == fold]
        weights = _fitted([case for case, of in zip(cases, folds, strict=True) if of != fold], len(names))
        for case in held:
            for place, name in enumerate(names):
                reciprocal[name].append(_reciprocal(case[:, place]))
            reciprocal["alike"].append(_reciprocal(case.sum(axis=1)))
            reciprocal["fused"].append(_reciprocal(case @ weights))
    weights = _fitted(cases, len(names))
    total = float(weights.sum()) or 1.0
    return Learned(
        {name: round(float(weight) / total, 4) for name, weight in zip(names, weights, strict=True)},
        {name: round(float(np.mean(values)), 4) for name, values in reciprocal.items()},
        len(cases),
    )


def _fitted(cases: list[Array], count: int) -> Array:
    """Weights, none below zero, under which the first picture of each case is likeliest."""
    from scipy.optimize import minimize

    def loss(weights: Array) -> tuple[float, Array]:
        total, slope = _RIDGE * float(weights @ weights), 2 * _RIDGE * weights
        for case in cases:
            scores = case @ weights
            top = scores.max()
            parts = np.exp(scores - top)
            chances = parts / parts.sum()
            total += (top + float(np.log(parts.sum())) - float(scores[0])) / len(cases)
            slope = slope + (chances @ case - case[0]) / len(cases)
        return total, slope

    start = np.full(count, 0.1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * count)
    return np.asarray(found.x)


def _reciprocal(scores: Array) -> float:
    """Reciprocal rank of the first item; among equal scores, the middle one."""
    better, equal = int((scores > scores[0]).sum()), int((scores == scores[0]).sum())
    return 1 / (better + (equal + 1) / 2)
