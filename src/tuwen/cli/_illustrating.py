"""What `tuwen illustrate` is told, as what the library understands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _output, _progress
from tuwen.errors import InputError

if TYPE_CHECKING:
    from tuwen.classes import TextClassifier
    from tuwen.collection import Collection
    from tuwen.illustrate.base import Answer, Query
    from tuwen.illustrate.options import Options
    from tuwen.illustrate.run import Illustrator
    from tuwen.records import Refusal
    from tuwen.triples.base import Extractor


def queries(path: Path | None, how: dict[str, Any]) -> tuple[list[Query], list[Refusal]]:
    """What is asked, of a file or of the options, and what could not be read."""
    from dataclasses import replace

    from tuwen.illustrate.base import Query
    from tuwen.illustrate.reading import named, read_queries

    headlines, pictures, label = how["headlines"], how["pictures"], how["label"]
    if path is not None and (headlines or pictures):
        raise click.UsageError("give --file, or --headline and --picture; not both in one run")
    if headlines and pictures and len(headlines) != len(pictures):
        raise click.UsageError(
            f"{len(headlines)} headlines and {len(pictures)} pictures: give each headline its draft picture, "
            "in the same order, or ask for the texts of pictures in a run of their own"
        )
    if path is not None:
        columns = {name: how[name] for name in ("text_column", "id_column", "label_column")}
        read, refusals = read_queries(path, **columns)
        return [replace(query, label=query.label or label) for query in read], refusals
    if headlines:
        drafts = pictures or [None] * len(headlines)
        numbered = enumerate(zip(headlines, drafts, strict=True), start=1)
        return [Query(id=str(n), text=text, picture=draft, label=label) for n, (text, draft) in numbered], []
    return [Query(id=name, picture=file, label=label) for name, file in named(pictures)], []


def illustrator(collection: Collection, how: dict[str, Any]) -> Illustrator:
    """The library made ready as the options say."""
    from tuwen.illustrate import spaces
    from tuwen.illustrate.run import Illustrator

    with _progress.bar("preparing the library") as report:
        return Illustrator(
            collection,
            text=how["text"] or spaces.TEXT,
            image=how["image"] or spaces.COLLECTION,
            cross=how["cross"] or spaces.COLLECTION,
            own=how["own"],
            triples=_extractor(how["triples"]),
            classifier=_classifier(how["classifier"]),
            progress=lambda step, done, total: report(done, total),
        )


def _extractor(name: str | None) -> Extractor | None:
    if name is None:
        return None
    from tuwen.triples.given import Recorded
    from tuwen.triples.rules import Rules

    return Rules() if name == "rules" else Recorded.open(name)


def _classifier(name: str | None) -> TextClassifier | None:
    from tuwen import classes
    from tuwen.classes import TextClassifier

    if name in (None, "library", "none"):
        return None
    found = classes.load(Path(name))
    if not isinstance(found, TextClassifier):
        raise InputError(f"{name} classifies vectors, not headlines; fit one on texts")
    return found


def chosen(found: Illustrator, used: Path | None, how: dict[str, Any]) -> tuple[Options, list[Refusal]]:
    """How pictures are chosen, and lines of --used that say nothing."""
    from datetime import date

    from tuwen.illustrate.options import Options
    from tuwen.illustrate.reading import read_used, span

    today = date.today()
    days, unread = read_used(used, found.library, today) if used is not None else ({}, [])
    guess = how["classifier"] not in (None, "none")
    if how["classifier"] is None and how["mode"] == "paper":
        guess = len(set(found.library.classes) - {""}) > 1
    options = Options(
        **{name: how[name] for name in ("mode", "k", "reach", "fusing", "where", "skip_used")},
        weights=_weights(how["weights"]),
        guess=guess,
        used=days,
        lately=span(how["lately"]),
        today=today,
    )
    return options, unread


def _weights(given: Sequence[str]) -> dict[str, float]:
    made = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            made[name.strip()] = float(value)
        except ValueError as error:
            raise click.UsageError(f"--weight {text} is no weight; write NAME=W, such as text=0.5") from error
    return made


def without_own(queries: list[Query], found: Illustrator) -> list[Query]:
    """The same questions, each without the library's item of its id."""
    from dataclasses import replace

    known = set(found.library.ids)
    return [replace(query, leave_out=query.id if query.id in known else "") for query in queries]


def verdicts(answers: Sequence[Answer]) -> None:
    """Say on stderr which questions nothing fits."""
    from tuwen.illustrate.rows import thing

    for answer in answers:
        looked_for = thing(answer)
        if not answer.choices:
            _output.note(f"{answer.query.id}: no fitting {looked_for}")
        elif answer.fits is False:
            _output.note(f"{answer.query.id}: no fitting {looked_for}; these are only the nearest")


def tell_used(refusals: Sequence[Refusal]) -> None:
    """Say on stderr which lines of --used were passed over."""
    if refusals:
        _output.note(f"{_output.counted(len(refusals), 'line')} of --used passed over:")
        for refusal in refusals[:3]:
            _output.note(_output.clean(f"  {refusal.reason}"))


def measure(found: Illustrator, what: str, style: str) -> None:
    """Print how good the library's rankings are."""
    from tuwen.illustrate import measured

    if what == "agreement":
        rows = [row.to_dict() for row in measured.agreements(found.library)]
        _output.emit(rows, style, columns=("class", "r", "items", "ahr", "chance", "lift"))
        return
    _output.emit(measured.by_ranking(found), style, columns=("ranking", "weight", "mrr"))
    fit = found.fits()
    if fit is None:
        _output.note("The library cannot teach when nothing fits.")
        return
    cutoff = fit.calibration.cutoff
    _output.note(
        f"When nothing fits: told from {' and '.join(fit.scales)}, area under the curve {cutoff.area:.3f}; "
        f"{cutoff.false_accepts:.1%} of headlines without a fitting picture pass, {cutoff.false_rejects:.1%} "
        "of those with one are not said to have one for sure."
    )
