"""All steps in a row: prepare, block, score, join, decide, cluster, evaluate."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import overload

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders import Encoder
from tuwen.errors import InputError
from tuwen.records import Refusal
from tuwen.rerank import Reranker
from tuwen.resolve.base import Candidates, Labels, Side, Truth
from tuwen.resolve.blocking import NEIGHBOURS, Blocked, block
from tuwen.resolve.cluster_figures import cluster_figures
from tuwen.resolve.clustering import How as HowClustered
from tuwen.resolve.clustering import clusters
from tuwen.resolve.comparing import shared_columns
from tuwen.resolve.deciding import How
from tuwen.resolve.evaluating import evaluate
from tuwen.resolve.given import Given
from tuwen.resolve.joining import Joint
from tuwen.resolve.labels import Decision, read_labels, read_truth, to_labels
from tuwen.resolve.page import Step
from tuwen.resolve.preparing import Prepared, Progress, prepare
from tuwen.resolve.rating import of_model, rate
from tuwen.resolve.reranking import DEPTH, rerank_candidates
from tuwen.resolve.resolution import Facts, Resolution
from tuwen.resolve.scoring import SIMILARITY, score
from tuwen.resolve.settling import Aim, choose, decided

Source = Given | Side | str | Path


def resolve(
    left: Source,
    right: Source | None = None,
    *,
    encoder: str | Encoder | None = None,
    method: str | Path | None = None,
    neighbours: int = NEIGHBOURS,
    keys: Sequence[str] = (),
    within: str | None = None,
    approximate: bool | None = None,
    compare: Sequence[str] | None = None,
    rerank: str | Path | Reranker | None = None,
    depth: int = DEPTH,
    labels: str | Path | Iterable[Decision] | None = None,
    truth: str | Path | Truth | None = None,
    model: Joint | str | Path | None = None,
    how: How | None = None,
    threshold: float | None = None,
    target_precision: float | None = None,
    best_f1: bool = False,
    cluster: HowClustered = "components",
    progress: Progress = lambda step, done, total: None,
) -> Resolution:
    """Find which items of two sources, or of one, are of the same entity.

    Args:
        left: A path that `tuwen index` reads, a collection, or a `Side`.
        right: The other; None compares the pictures of the first with its texts, or it with itself.
        encoder: As for `prepare`.
        method: A folder that `tuwen fit` wrote, for its common space.
        neighbours: As for `block`, like `keys`, `within` and `approximate`.
        keys: Columns whose equal values make candidates.
        within: A column that both items of a pair must agree on.
        approximate: Whether to ask an index for neighbours.
        compare: Columns that are evidence; None takes all that both sides have, but the truth's.
        rerank: What scores the nearest candidates again, as `rerank.load` takes it.
        depth: Candidates an item that it scores.
        labels: Pairs that were decided on, or a file of them; they are learned from, and kept to.
        truth: As `labels.read_truth` takes it, or all true pairs: only for evaluation.
        model: What an earlier run learned; labels are then only kept to.
        how: As for `decide`; None is one-to-one between two sides, and by threshold within one.
        threshold: What a probability must reach; None takes that of the model, or 0.5.
        target_precision: Choose the threshold for this share of true pairs among those kept.
        best_f1: Choose the threshold of the largest F1 that the probabilities let expect.
        cluster: As for `clusters`.
        progress: Follows the steps.

    Raises:
        InputError: A source, a column or a number cannot be used.
    """
    steps: list[Step] = []
    with _timed(steps, "prepare") as facts:
        prepared = prepare(_given(left), _given(right), encoder=encoder, method=method, progress=progress)
        facts += _of_sides(prepared)
    one, two = prepared.left, prepared.right
    how = how or ("threshold" if two is None else "one-to-one")
    known, refused = _labels(labels, one, two)
    true, more = _truth(truth, one, two)
    with _timed(steps, "block") as facts:
        ways = {"neighbours": neighbours, "keys": keys, "within": within, "approximate": approximate}
        blocked = _with_labelled(block(one, two, **ways, progress=progress), known)  # type: ignore[arg-type]
        facts += _of_blocking(blocked, true)
    with _timed(steps, "score") as facts:
        second, unread = None, list[Refusal]()
        if rerank is not None:
            second, unread = rerank_candidates(
                one, two, blocked.candidates, rerank, depth=depth, progress=progress
            )
        columns = _compared(compare, one, two, truth)
        evidence = score(one, two, blocked.candidates, compare=columns, second=second, progress=progress)
        facts.append(("evidence", ", ".join(evidence.names)))
    found = Resolution(
        left=one,
        right=two,
        blocked=blocked,
        evidence=evidence,
        score=np.nan_to_num(evidence[SIMILARITY].astype(np.float64), nan=-1.0),
        how=how,
        threshold=threshold,
        labels=known,
        truth=true,
        steps=steps,
        refusals=[*one.refusals, *(two.refusals if two is not None else []), *refused, *more, *unread],
        notes=list(prepared.notes),
        encoder=prepared.encoder.name if prepared.encoder is not None else "",
    )
    found.notes += _notes(found)
    aim: Aim | None = "f1" if best_f1 else target_precision
    if best_f1 and target_precision is not None:
        raise InputError("give a target precision or ask for the best F1, not both")
    _finish(found, model, threshold, aim, cluster, progress)
    return found


def _finish(
    found: Resolution,
    model: Joint | str | Path | None,
    threshold: float | None,
    aim: Aim | None,
    cluster: HowClustered,
    progress: Progress,
) -> None:
    """From evidence to clusters, and the figures."""
    with _timed(found.steps, "join") as facts:
        progress("joining evidence", 0, None)
        learned = rate(found, model)
        facts += of_model(found)
    with _timed(found.steps, "decide") as facts:
        progress("deciding", 0, None)
        choose(found, learned, threshold, aim)
        found.kept = decided(found)
        facts += [("way", found.how), ("kept", len(found.kept))]
        if found.threshold is not None:
            facts.append(("threshold", found.threshold))
        facts += [(f"{side} alone", len(rows)) for side, rows in found.unmatched.items()]
    with _timed(found.steps, "cluster") as facts:
        progress("clustering", 0, None)
        found.clusters = _clusters(found, cluster)
        sizes = np.bincount(found.clusters) if len(found.clusters) else np.zeros(1, dtype=int)
        facts += [("way", cluster), ("clusters", int((sizes > 0).sum()))]
        facts += [("clusters of two or more", int((sizes > 1).sum())), ("largest", int(sizes.max()))]
    if found.truth is not None:
        with _timed(found.steps, "evaluate") as facts:
            progress("evaluating", 0, None)
            _evaluate(found, found.truth)
            facts.append(("true pairs", len(found.truth)))


@contextmanager
def _timed(steps: list[Step], name: str) -> Iterator[Facts]:
    began, facts = time.perf_counter(), Facts()
    yield facts
    steps.append(Step(name, time.perf_counter() - began, facts))


@overload
def _given(source: Source) -> Given | Side: ...
@overload
def _given(source: None) -> None: ...
def _given(source: Source | None) -> Given | Side | None:
    return Given(path=Path(source).expanduser()) if isinstance(source, str | Path) else source


def _of_sides(prepared: Prepared) -> Facts:
    facts: Facts = []
    for name, side in (("left items", prepared.left), ("right items", prepared.right)):
        if side is not None:
            facts.append((name if prepared.right is not None else "items", len(side)))
            if side.refusals:
                facts.append(("refused", len(side.refusals)))
    return facts


def _of_blocking(blocked: Blocked, truth: Truth | None) -> Facts:
    facts: Facts = [*blocked.sizes.items(), ("candidates", len(blocked.candidates))]
    facts += [("all pairs", blocked.candidates.total), ("reduction ratio", blocked.reduction)]
    if truth is not None and len(truth):
        facts.append(("pair completeness", blocked.completeness(truth)))
    return facts


def _labels(
    labels: str | Path | Iterable[Decision] | None, left: Side, right: Side | None
) -> tuple[Labels, list[Refusal]]:
    refused: list[Refusal] = []
    decisions: Iterable[Decision] = ()
    if isinstance(labels, str | Path):
        decisions, refused = read_labels(Path(labels))
    elif labels is not None:
        decisions = labels
    known = to_labels(decisions, left, right)
    return known, [*refused, *known.contradictions]


def _truth(
    truth: str | Path | Truth | None, left: Side, right: Side | None
) -> tuple[Truth | None, list[Refusal]]:
    if truth is None or isinstance(truth, Truth):
        return truth, []
    return read_truth(str(truth), left, right)


def _with_labelled(blocked: Blocked, labels: Labels) -> Blocked:
    """The candidates and the pairs that were decided on, whether blocking reached them or not."""
    if not len(labels):
        return blocked
    old = blocked.candidates
    both = Candidates.of(
        np.concatenate([old.left, labels.left]),
        np.concatenate([old.right, labels.right]),
        old.shape,
        same=old.same,
    )
    missed = old.rows_of(labels.left, labels.right) < 0
    added = np.sort(both.rows_of(labels.left[missed], labels.right[missed]))
    sizes = {**blocked.sizes, "labelled only": len(added)} if len(added) else blocked.sizes
    return replace(blocked, candidates=both, sizes=sizes, added=added)


def _compared(
    compare: Sequence[str] | None, left: Side, right: Side | None, truth: str | Path | Truth | None
) -> Sequence[str] | None:
    """The columns that are evidence: never the truth; none by default where one file is both sides."""
    aside = [str(truth)] if isinstance(truth, str | Path) else []
    if compare is not None:
        if set(aside) & set(compare):
            raise InputError(f"column {aside[0]!r} is the truth; it cannot be evidence too")
        return compare
    if right is not None and left.name == right.name:
        return ()  # a row would agree with itself in every column
    return shared_columns(left, left if right is None else right, without=aside)


def _notes(found: Resolution) -> list[str]:
    notes = [f"{side.name} has no {side.kind} that can be used; nothing can match" for side in found.empty]
    if crowded := found.blocked.crowded:
        shown = ", ".join(crowded[:3])
        notes.append(f"too common to block on: {len(crowded)} values, such as {shown}")
    return notes


def _clusters(found: Resolution, how: HowClustered) -> Array:
    candidates = found.candidates
    n, m = candidates.shape
    offset = 0 if candidates.same else n
    nodes = n if candidates.same else n + m
    some = found.kept if how == "components" else np.arange(len(candidates))
    return clusters(
        candidates.left[some],
        candidates.right[some] + offset,
        np.clip(found.score[some], 0, 1),
        nodes,
        how,
        kept=None if how == "components" else found.kept,
        n_left=None if candidates.same else n,
    )


def _evaluate(found: Resolution, truth: Truth) -> None:
    candidates = found.candidates
    n, m = candidates.shape
    calibrated = found.joint is not None and len(candidates) > 0
    classes = None
    if found.left.labels and found.other.labels:
        classes = (found.left.labels, found.other.labels)
    found.evaluation = evaluate(
        found.kept,
        candidates,
        truth,
        score=found.score,
        probability=found.score if calibrated else None,
        eligible=found.matches(candidates, found.score, None),
        classes=classes,
    )
    offset, nodes = (0, n) if candidates.same else (n, n + m)
    true = clusters(truth.left, truth.right + offset, np.ones(len(truth)), nodes)
    found.figures = cluster_figures(found.clusters, true)
    if len(found.labels):
        found.notes.append(
            f"{len(found.labels)} labelled pairs are kept to, so figures against the truth flatter by them"
        )
