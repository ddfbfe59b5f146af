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

RECIPE = 3  # rises whenever the same library begins to teach other weights or another verdict
NEAR = 0.5  # what rankings by the question's own kind weigh beside `through`
MOST = 10_000  # items that are ranked
QUERIES = 400  # of the library's own headlines, at most
FOLDS = 4
ALIKE = 10  # pictures most like the true one that count as right too
_OTHERS = 500  # wrong pictures looked at for each headline
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Learned:
    """Weights of rankings, and how good they are on headlines that they were not learned from.

    Attributes:
        weights: By ranking, of scores in standard deviations; they sum to 1.
        mrr: Mean reciprocal rank of the true pictures: of the fused order, `fused`, of rankings that all
            count alike, `alike`, and of each ranking alone.
        queries: Headlines they were learned from.
    """

    weights: dict[str, float]
    mrr: dict[str, float]
    queries: int

    def weigh(self, names: Sequence[str], kind: Modality) -> dict[str, float]:
        """The weights of the rankings of one question.

        Those that compare what is asked with its own kind cannot be learned, as a headline's own item has
        no such score when its text is taken out: they share half the weight of `through`, which speaks of
        the same neighbours. A draft picture stands in the place of the neighbours' pictures, and counts as
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


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """One headline of the library, asked as if its own text were not there.

    Attributes:
        values: (m, s) standard scores of some pictures in each ranking; those that are right first.
        right: How many are right; the first is the headline's own.
        ranks: (s,) place of its own picture in each ranking.
    """

    values: Array
    right: int
    all_values: Array


def learn_weights(library: Library, spaces: Spaces, names: Sequence[str]) -> Learned | None:
    """Weights under which the pictures that the library has for its own headlines come first.

    A headline is asked with its own text taken out. Right are its own picture and the ten most like it.
    The weights maximise the likelihood of the right ones among others drawn at random (a softmax over
    pictures, that is a conditional logistic regression), none below zero. What the library's own pairs
    taught is taught anew without the headlines that are asked. Of a library of more than 10,000 items, so
    many are drawn.

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
    cases: list[_Case] = []
    folds: list[int] = []
    for fold in range(FOLDS):
        asked = chosen[fold_of == fold]
        own = _refitted(library, spaces, np.setdiff1d(pairs, asked))
        for row in asked.tolist():
            case = _case(library, own, row, names, rng)
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
    library: Library, vectors: dict[str, Array], row: int, names: Sequence[str], rng: Any
) -> _Case | None:
    from dataclasses import replace

    sides = {"text": "text", "cross": "cross-text", "own": "own-text"}
    asked = Asked(
        kind="image",
        vectors={name: vectors[side][row] for name, side in sides.items() if side in vectors},
        hidden_text=row,
    )
    candidates = library.has("image")
    found = {
        signal.name: standard(signal.scores)
        for signal in rankings(replace(library, vectors=vectors), asked, candidates)
    }
    if not found:
        return None
    empty = np.zeros(len(library), dtype=np.float32)
    values = np.stack([found.get(name, empty) for name in names], axis=1)
    right = [row]
    if "image" in vectors:
        likeness = np.where(candidates, vectors["image"] @ vectors["image"][row], -np.inf)
        likeness[row] = -np.inf
        right += np.argsort(-likeness, kind="stable")[:ALIKE].tolist()
    others = np.setdiff1d(np.flatnonzero(candidates), right)
    drawn = rng.choice(others, min(_OTHERS, len(others)), replace=False)
    everything = np.concatenate([[row], np.setdiff1d(np.flatnonzero(candidates), [row])])
    return _Case(values[np.concatenate([right, drawn]).astype(np.int64)], len(right), values[everything])


def _weigh(cases: list[_Case], folds: Array, names: Sequence[str]) -> Learned:
    reciprocal: dict[str, list[float]] = {name: [] for name in (*names, "alike", "fused")}
    for fold in range(FOLDS):
        held = [case for case, of in zip(cases, folds, strict=True) if of == fold]
        weights = _fitted([case for case, of in zip(cases, folds, strict=True) if of != fold], len(names))
        for case in held:
            for place, name in enumerate(names):
                reciprocal[name].append(_reciprocal(case.all_values[:, place]))
            reciprocal["alike"].append(_reciprocal(case.all_values.sum(axis=1)))
            reciprocal["fused"].append(_reciprocal(case.all_values @ weights))
    weights = _fitted(cases, len(names))
    total = float(weights.sum()) or 1.0
    return Learned(
        {name: round(float(weight) / total, 4) for name, weight in zip(names, weights, strict=True)},
        {name: round(float(np.mean(values)), 4) for name, values in reciprocal.items()},
        len(cases),
    )


def _fitted(cases: list[_Case], count: int) -> Array:
    """Weights, none below zero, under which right pictures are likeliest among those looked at."""
    from scipy.optimize import minimize

    def loss(weights: Array) -> tuple[float, Array]:
        total, slope = _RIDGE * float(weights @ weights), 2 * _RIDGE * weights
        for case in cases:
            scores = case.values @ weights
            top = scores.max()
            parts = np.exp(scores - top)
            chances = parts / parts.sum()
            right = case.values[: case.right].mean(axis=0)
            total += (top + float(np.log(parts.sum())) - float(right @ weights)) / len(cases)
            slope = slope + (chances @ case.values - right) / len(cases)
        return total, slope

    start = np.full(count, 0.1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * count)
    return np.asarray(found.x)


def _reciprocal(scores: Array) -> float:
    """Reciprocal rank of the first item; among equal scores, the middle one."""
    better, equal = int((scores > scores[0]).sum()), int((scores == scores[0]).sum())
    return 1 / (better + (equal + 1) / 2)
