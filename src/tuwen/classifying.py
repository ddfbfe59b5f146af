"""Classes of a user's own texts: a classifier learned from a labelled file, and asked (`tuwen classify`)."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import classes
from tuwen.arrays import Array
from tuwen.classes import Classifier
from tuwen.classes.scores import Scored, score
from tuwen.classes.titles import Reason, Titles
from tuwen.data import open_source
from tuwen.errors import InputError
from tuwen.files import replacing
from tuwen.records import Record, Refusal
from tuwen.saved import check_free
from tuwen.training.labelled import Labelled, read_labelled

SHARE = 0.1  # of the texts that are held out
FORMS = (".csv", ".jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What came of a fit.

    Attributes:
        classifier: Fitted on all texts, but for those of a test file.
        texts: How many it learned from.
        seconds: That the last fit took.
        scored: How it does on texts that it did not see; None when none were held out.
        refusals: What was left out, and why.
        notes: What else the user should know.
    """

    classifier: Titles
    texts: int
    seconds: float
    scored: Scored | None
    refusals: list[Refusal]
    notes: list[str]


@dataclass(slots=True, kw_only=True)
class Classified:
    """Texts with their classes.

    Attributes:
        classes: Names of the columns of `probabilities`.
        ids: (n,) where each text stands, or its id.
        texts: (n,)
        labels: (n,) the class that the file gives, or None.
        probabilities: (n, c).
        reasons: (n,) n-grams that spoke for the class given; empty when they were not asked for.
        scored: Of the texts whose class is known; None when there is none.
        refusals: What was left out, and why.
    """

    classes: list[str]
    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    probabilities: Array = field(default_factory=lambda: np.zeros((0, 0)))
    reasons: list[list[Reason]] = field(default_factory=list)
    scored: Scored | None = None
    refusals: list[Refusal] = field(default_factory=list)

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row a text: id, text, class, probability; its own label where one is known; why, if asked."""
        best = self.probabilities.argmax(axis=1) if self.texts else []
        labelled = any(label is not None for label in self.labels)
        for row, column in enumerate(best):
            found: dict[str, Any] = {
                "id": self.ids[row],
                "text": self.texts[row],
                "class": self.classes[column],
                "probability": round(float(self.probabilities[row, column]), 4),
            }
            if labelled:
                found["label"] = self.labels[row]
            if self.reasons:
                found["why"] = " ".join(f"{ngram}:{weight:.2f}" for ngram, weight in self.reasons[row])
            yield found


def learn(
    source: str | Path,
    folder: str | Path,
    *,
    test: str | Path | None = None,
    share: float = SHARE,
    labels: str | None = None,
    text_column: str | None = None,
    longest: int = 3,
    seed: int = 0,
) -> Learned:
    """Fit `Titles` on labelled texts, measure it on others, and keep it.

    Texts that stand with two classes, without one, or empty, are left out and listed.

    Args:
        source: A table with a column of texts and one of classes.
        folder: Where the classifier is written.
        test: A file of the same kind that it is measured on; texts of it that are in `source` too are not
            learned from.
        share: Of the texts of each class that are held out for measuring, where there is no `test`; 0 for
            none. The classifier kept has learned from them all.
        labels: The column of classes; found by usual names when None.
        text_column: The column of texts.
        longest: Most characters in an n-gram.
        seed: Of what is held out.

    Raises:
        InputError: Fewer than two classes are left, or `folder` holds something else.
    """
    folder = Path(folder)
    check_free(folder, "classes.json")
    if not 0 <= share < 1:
        raise InputError(f"share is {share}; it must be from 0 to below 1")
    columns: dict[str, Any] = {"text_column": text_column} if text_column else {}
    given = read_labelled(source, "texts", labels=labels, **columns)
    refusals, notes = list(given.refusals), list(given.notes)
    scored = None
    if test is not None:
        held = read_labelled(test, "texts", labels=labels, **columns)
        refusals += held.refusals
        seen = set(map(str, held.items))
        kept = np.array([row for row, text in enumerate(given.items) if text not in seen], dtype=np.int64)
        if len(kept) < len(given.items):
            notes.append(f"{len(given.items) - len(kept):,} texts stand in {test} too; not learned from")
        given = given.take(kept)
    elif share:
        part, held = given.split(share, seed)
        if held.items:
            scored = _scored(_fitted(part, longest, seed), held)
    start = time.perf_counter()
    classifier = _fitted(given, longest, seed)
    seconds = time.perf_counter() - start
    if test is not None:
        scored = _scored(classifier, held)
    classifier.save(folder)
    return Learned(
        classifier=classifier,
        texts=len(given.items),
        seconds=seconds,
        scored=scored,
        refusals=refusals,
        notes=notes,
    )


def classify(
    source: str | Path,
    classifier: Classifier[Any] | str | Path,
    *,
    labels: str | None = None,
    text_column: str | None = None,
    why: int = 0,
) -> Classified:
    """Give each text of a source its most probable class.

    Args:
        source: A table, or a text file with a text a line.
        classifier: A fitted classifier of texts, or the folder of one.
        labels: Column of classes to measure against; found by usual names when None.
        text_column: The column of texts.
        why: N-grams to tell for each text; only `Titles` knows.

    Raises:
        InputError: The classifier takes vectors, or cannot say why; there is no text.
    """
    asked = classifier if isinstance(classifier, Classifier) else classes.load(classifier)
    if asked.takes != "texts":
        raise InputError(f"{asked.name()} classifies vectors, not texts; use `tuwen tag` for collections")
    if why and not isinstance(asked, Titles):
        raise InputError(f"{asked.name()} cannot say why; only titles can")
    found = Classified(classes=asked.classes_)
    columns: dict[str, Any] = {"text_column": text_column} if text_column else {}
    for record in open_source(source, label_column=labels, **columns).records():
        if not isinstance(record, Record):
            found.refusals.append(record)
            continue
        for text in record.texts:
            if not text.text.strip():
                reason = f"{record.origin}: the text is empty"
                found.refusals.append(Refusal(item=record.origin, code="empty", reason=reason))
                continue
            found.ids.append(text.id or record.entity or record.origin)
            found.texts.append(text.text)
            found.labels.append(record.label)
    if not found.texts:
        raise InputError(f"{source} has no texts; name their column with --text-column")
    found.probabilities = asked.probabilities(found.texts)
    if isinstance(asked, Titles) and why:
        found.reasons = asked.reasons(found.texts, most=why)
    known = [row for row, label in enumerate(found.labels) if label]
    if known:
        truth = [str(found.labels[row]) for row in known]
        found.scored = score(found.probabilities[known], asked.classes_, truth)
    return found


def write(found: Classified, path: str | Path) -> None:
    """Write `Classified.rows` as .csv or .jsonl, in one step.

    Raises:
        InputError: The name ends otherwise.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMS:
        raise InputError(f"{path} does not end with {' or '.join(FORMS)}; name a file that does")
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        rows = list(found.rows())
        if path.suffix.lower() == ".csv":
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _fitted(given: Labelled, longest: int, seed: int) -> Titles:
    return Titles(longest=longest, seed=seed).fit([str(item) for item in given.items], given.labels)


def _scored(classifier: Titles, held: Labelled) -> Scored:
    texts = [str(item) for item in held.items]
    return score(classifier.probabilities(texts), classifier.classes_, held.labels)
