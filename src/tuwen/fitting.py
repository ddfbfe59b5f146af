"""Fit a method on a user's own pairs, say what it learned, keep it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import learned, methods, metrics, own_pairs
from tuwen.arrays import MODALITIES, Array, unit_rows
from tuwen.datasets import Pairs
from tuwen.datasets.cutting import hold_out
from tuwen.encoders import Encoder
from tuwen.encoders.opening.spec import convert
from tuwen.errors import InputError, unknown
from tuwen.methods import Coder, Method
from tuwen.own_pairs import Given, Progress
from tuwen.records import Refusal
from tuwen.saved import check_free, replacing_folder

ENOUGH = 200  # pictures, from which on some are held out
SHARE = 0.1  # of the pictures that are held out
MOST = 1000  # of them
LEAST = 4  # pairs; fewer have nothing to learn from
FIGURES = ("map", "hit@1", "hit@5", "hit@10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What came of a fit.

    Attributes:
        name: Of the method.
        method: Fitted on all pairs.
        folder: Where it lies.
        images: How many were learned from.
        texts: The same.
        seconds: That the last fit took.
        held_out: Pictures that the figures are of; 0 when there was no check.
        figures: A row for each direction and way to score, with its figures.
        relevant: What `map` counts as true.
        indexes: Whether `tuwen index --method` takes it.
        encoders: Of images and texts; empty names where they are unknown.
        refusals: What was left out, and why.
        notes: What else the user should know.
    """

    name: str
    method: Method
    folder: Path
    images: int
    texts: int
    seconds: float
    held_out: int
    figures: tuple[dict[str, Any], ...]
    relevant: str
    indexes: bool
    encoders: tuple[str, str]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


def make(name: str, settings: dict[str, str]) -> Method:
    """A method with parameters as they are written on the command line.

    Raises:
        UnknownName: There is no such method or parameter.
        InputError: A value is not of its parameter's type, or out of range.
    """
    kind = methods.find(name)
    known = kind().params
    for key in settings:
        if key not in known:
            raise unknown(f"parameter of {name}", key, known)
    return kind(**convert(settings, kind))


def fit(
    name: str,
    spec: str,
    folder: str | Path,
    *,
    settings: dict[str, str] | None = None,
    image_encoder: str | Encoder | None = None,
    text_encoder: str | Encoder | None = None,
    labels: str | None = None,
    check: bool = True,
    progress: Progress = lambda step, done, total: None,
    **columns: Any,
) -> Fit:
    """Fit a method on pairs and write it to a folder.

    With 200 pictures or more, a tenth is held out first, to say how well a fit on the others finds the
    partners of what it has not seen; then it is fitted on all.

    Args:
        name: Of the method.
        spec: The pairs; see `own_pairs.read`.
        folder: Where the method is kept; a new or empty folder, or an earlier fit, which is replaced.
        settings: Parameters of the method, as texts.
        image_encoder: What encodes pictures, of pairs that are pictures and texts.
        text_encoder: The same for texts.
        labels: The column, or array, of classes.
        check: Whether to hold some out.
        progress: Follows what is being done.
        columns: Further arguments of `data.open_source`.

    Raises:
        UnknownName: There is no such method or parameter.
        InputError: The pairs cannot be learned from; says why and what to do.
    """
    method, folder = make(name, settings or {}), Path(folder)
    check_free(folder, "method.json")
    given = own_pairs.read(
        spec,
        image_encoder=image_encoder,
        text_encoder=text_encoder,
        labels=labels,
        parts=method.takes_sets,
        progress=progress,
        **columns,
    )
    given = _usable(given, method, name)
    pairs, figures, held_out = given.pairs, list[dict[str, Any]](), 0
    if check and len(pairs.image_ids) >= ENOUGH:
        progress(f"checking {name} on pairs held out", 0, None)
        rest, held = hold_out(pairs, min(SHARE, MOST / len(pairs.image_ids)), method.seed)
        _learn(fresh := type(method)(**method.params), rest)
        plain = _one_space(given) and not method.takes_sets
        figures, held_out = measure(name, fresh, held, plain=plain), len(held.image_ids)
    progress(f"fitting {name}", 0, None)
    start = time.perf_counter()
    _learn(method, pairs)
    seconds = time.perf_counter() - start
    given = _keep(folder, method, given)
    return Fit(
        name=name,
        method=method,
        folder=folder,
        images=len(pairs.image_ids),
        texts=len(pairs.text_ids),
        seconds=seconds,
        held_out=held_out,
        figures=tuple(figures),
        relevant=_relevant(pairs),
        indexes=isinstance(method, Coder) and len(given.sides) == 2,
        encoders=tuple(given.sides[kind].name if kind in given.sides else "" for kind in MODALITIES),  # type: ignore[arg-type]
        refusals=tuple(given.refusals),
        notes=tuple(given.notes),
    )


def measure(name: str, method: Method, pairs: Pairs, *, plain: bool) -> list[dict[str, Any]]:
    """How a fitted method ranks the partners of pairs it has not seen, both ways, beside chance.

    Args:
        name: How the rows are called.
        method: Fitted on others.
        pairs: Their labels say what is true for `map`, when every image has one.
        plain: Score by the cosines of the features too: both sides are of one space.
    """
    images, texts = pairs.features
    scores = {name: method.similarity(images, texts)}
    if plain:
        scores["encoder alone"] = unit_rows(images) @ unit_rows(texts).T
    n, m = len(images), len(texts)
    of_text, of_image = pairs.relevance.T
    rows = []
    for direction, turned in (("image to text", False), ("text to image", True)):
        matches = np.column_stack([of_text, of_image] if turned else [of_image, of_text])
        queries, items = (m, n) if turned else (n, m)
        paired = metrics.by_pairs(matches, queries=queries, items=items)
        classes = paired
        if pairs.labels is not None and pairs.text_labels is not None and _relevant(pairs) != "pair":
            sides = (pairs.text_labels, pairs.labels) if turned else (pairs.labels, pairs.text_labels)
            classes = metrics.by_labels(*sides)
        ways: dict[str, Any] = {way: values.T if turned else values for way, values in scores.items()}
        ways["chance"] = metrics.Guessing(queries, items)
        for way, values in ways.items():
            row: dict[str, Any] = {"direction": direction, "scores": way}
            (row["map"],) = (
                found.value for found in metrics.measure(values, classes, [metrics.named("map")])
            )
            wanted = [metrics.named(figure) for figure in FIGURES[1:]]
            found = metrics.measure(values, paired, wanted)
            row |= {figure: one.value for figure, one in zip(FIGURES[1:], found, strict=True)}
            rows.append(row)
    return rows


def _relevant(pairs: Pairs) -> str:
    if pairs.labels is None or (pairs.labels.dtype.kind in "US" and (pairs.labels == "").any()):
        return "pair"
    if pairs.labels.ndim == 2 and not np.isin(pairs.labels, (0, 1)).all():
        return "pair"
    return "class"


def _usable(given: Given, method: Method, name: str) -> Given:
    """The pairs a method can learn from."""
    pairs = given.pairs
    if method.needs_labels:
        if pairs.labels is None:
            raise InputError(
                f"{name} learns from classes, and the pairs have none: name their column with --labels "
                "(labels=), or choose a method that needs none (tuwen methods --no-labels)"
            )
        if pairs.labels.dtype.kind in "US" and (bare := pairs.labels == "").any():
            lost = [
                Refusal(
                    item=pairs.image_ids[row],
                    code="no-label",
                    reason=f"image {pairs.image_ids[row]} has no class",
                )
                for row in np.flatnonzero(bare)
            ]
            pairs = pairs.take(np.flatnonzero(~bare))
            given = replace(given, pairs=pairs, refusals=[*given.refusals, *lost])
    if len(pairs.text_ids) < LEAST:
        raise InputError(
            f"there are {len(pairs.text_ids)} pairs; {name} needs more to learn from: {LEAST} at least"
        )
    return given


def _learn(method: Method, pairs: Pairs) -> None:
    if method.takes_sets and "image_of_text" in signature(method.fit).parameters and pairs.matches is None:
        # sets are large: an image stands once, not once for every text
        (images, texts), labels = pairs.features, pairs.text_labels
        method.fit(images, texts, _numbers(labels), image_of_text=pairs.image_of_text)  # type: ignore[call-arg]
        return
    images, texts, labels = pairs.aligned
    method.fit(images, texts, _numbers(labels))


def _numbers(labels: Array | None) -> Array | None:
    """Class numbers without gaps, or multi-hot as it is."""
    if labels is None or labels.ndim == 2:
        return labels
    if labels.dtype.kind in "US" and (labels == "").any():
        return None
    return np.unique(labels, return_inverse=True)[1]


def _one_space(given: Given) -> bool:
    """Whether both sides are vectors of one encoder, so that they compare before anything is learned."""
    return (
        len({(side.fingerprint, side.width) for side in given.sides.values()}) == 1 and len(given.sides) == 2
    )


def _keep(folder: Path, method: Method, given: Given) -> Given:
    """Write all of it beside, then let it take its place at once."""
    from tuwen.report import curves  # reports know benchmarks, which know this file

    with replacing_folder(folder) as made:
        for kind, encoder in given.fitted.items():
            encoder.save(made / kind)
        learned.write(made, method, given.sides)
        curves.keep(made, type(method).__module__.rpartition(".")[2], method.course)
    return given
