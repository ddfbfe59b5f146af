"""Pairs that somebody decided on, and true pairs, read from files; what contradicts itself is listed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tuwen.data.rows import Rows
from tuwen.errors import InputError
from tuwen.records import Refusal
from tuwen.resolve.base import Candidates, Labels, Side, Truth
from tuwen.resolve.blocking import LABEL, values_of
from tuwen.resolve.review import read_decisions

_LEFT, _RIGHT = ("left", "left_id"), ("right", "right_id")
_MATCH = ("match", "decision", "label", "is_match")
_YES = re.compile(r"1(\.0)?|true|yes|y|match|same|accept(ed)?|是|对|匹配", re.IGNORECASE)
_NO = re.compile(r"0(\.0)?|false|no|n|no[- ]match|different|reject(ed)?|否|不是|错|不匹配", re.IGNORECASE)
ID, ENTITY = "id", "entity"

Decision = tuple[str, str, bool]


def read_labels(path: Path) -> tuple[list[Decision], list[Refusal]]:
    """Decisions of a file that the review page exported, or of a table with columns left, right and match.

    Without a column `match` all pairs are matches. An empty cell is no decision.

    Raises:
        InputError: The file is not there, or has no such columns.
    """
    if not path.is_file():
        raise InputError(
            f"{path} is not there; give a table of left,right,match or the decisions of a review"
        )
    if path.suffix.lower() == ".json":
        decisions = read_decisions(path)
        return list(decisions), decisions.refusals
    rows = Rows(path)
    left, right = (_column(rows.columns, names, path) for names in (_LEFT, _RIGHT))
    match = next((name for name in rows.columns if name.strip().lower() in _MATCH), None)
    found: list[Decision] = []
    refusals = []
    for number, values in rows.read():
        place = f"{path.name}:{number}"
        if not isinstance(values, dict):
            refusals.append(Refusal(item=place, code=values.code, reason=f"{place}: {values.reason}"))
            continue
        one, two = (_name(values.get(column)) for column in (left, right))
        said = _name(values.get(match)) if match else "yes"
        if not one or not two or not said:
            continue
        if _YES.fullmatch(said) or _NO.fullmatch(said):
            found.append((one, two, bool(_YES.fullmatch(said))))
        else:
            reason = f"{place}: {said!r} is neither yes nor no; write 1 or 0"
            refusals.append(Refusal(item=place, code="bad-label", reason=reason))
    return found, refusals


def to_labels(decisions: Iterable[Decision], left: Side, right: Side | None = None) -> Labels:
    """Decisions as rows of the sides.

    A pair with two different answers counts for neither; ids that are not there are left out. Both are
    listed. Within one side the order of the two ids does not matter.
    """
    other = left if right is None else right
    rows = [{name: row for row, name in enumerate(side.ids)} for side in (left, other)]
    answers: dict[tuple[int, int], set[bool]] = {}
    refusals = []
    for one, two, match in decisions:
        absent = [name for name, known in zip((one, two), rows, strict=True) if name not in known]
        if absent:
            reason = f"the label of {one} and {two} names {absent[0]}, which is not there"
            refusals.append(Refusal(item=f"{one} {two}", code="unknown-id", reason=reason))
            continue
        pair = rows[0][one], rows[1][two]
        if right is None:
            pair = min(pair), max(pair)
        if right is None and pair[0] == pair[1]:
            reason = f"the label of {one} with itself says nothing"
            refusals.append(Refusal(item=f"{one} {two}", code="same-item", reason=reason))
            continue
        answers.setdefault(pair, set()).add(match)
    for i, j in [pair for pair, given in answers.items() if len(given) == 2]:
        one, two = left.ids[i], other.ids[j]
        reason = f"{one} and {two} are labelled both as a match and as none; neither is used"
        refusals.append(Refusal(item=f"{one} {two}", code="contradiction", reason=reason))
        del answers[i, j]
    pairs = sorted(answers)
    places = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    said = np.array([answers[pair] == {True} for pair in pairs], dtype=bool)
    return Labels(places[:, 0], places[:, 1], said, refusals)


def with_implied(labels: Labels, candidates: Candidates, *, left_once: bool, right_once: bool) -> Labels:
    """The labels, and what follows from them where an item has one partner at most.

    All other candidates of an item with a labelled match are then no matches. They are as hard as
    candidates are, which pairs somebody picked at random are not, and as many beside a match: so
    probabilities suit the candidates. Where items of both sides have one partner at most, those of the
    left are gone by; both together would make matches look twice as rare.

    Args:
        labels: Pairs that somebody decided on, all of them candidates.
        candidates: All pairs.
        left_once: Whether a left item has one partner at most.
        right_once: The same for right items.
    """
    known = candidates.rows_of(labels.left, labels.right)
    follows = np.zeros(len(candidates), dtype=bool)
    if left_once:
        follows = np.isin(candidates.left, labels.left[labels.match])
    elif right_once:
        follows = np.isin(candidates.right, labels.right[labels.match])
    follows[known] = False
    return Labels(
        np.concatenate([labels.left, candidates.left[follows]]),
        np.concatenate([labels.right, candidates.right[follows]]),
        np.concatenate([labels.match, np.zeros(int(follows.sum()), dtype=bool)]),
        labels.contradictions,
    )


def read_truth(what: str, left: Side, right: Side | None = None) -> tuple[Truth, list[Refusal]]:
    """All true pairs: of a file of pairs, or of what both sides have in common.

    Args:
        what: A file with columns left and right (rows whose `match` says no are left out); or a column
            whose equal values mean one entity; or `id`, `entity` or `label`.
        left: One side.
        right: The other; None for one side.

    Raises:
        InputError: The file cannot be read.
        UnknownName: There is no such column.
    """
    if Path(what).is_file():
        decisions, refusals = read_labels(Path(what))
        found = to_labels(decisions, left, right)
        true = zip(found.left[found.match].tolist(), found.right[found.match].tolist(), strict=True)
        return Truth.of(true, same=right is None), [*refusals, *found.contradictions]
    one, two = (_entities(what, side) for side in (left, left if right is None else right))
    return Truth.of_entities(one, two, same=right is None), []


def _entities(what: str, side: Side) -> Sequence[str | None]:
    if what in side.columns:
        return [None if value is None else str(value) for value in side.columns[what]]
    if what == ID:
        return side.ids
    if what == ENTITY and side.entities:
        return side.entities
    return [None if value is None else str(value) for value in values_of(side, what or LABEL)]


def _column(columns: Sequence[str], names: Sequence[str], path: Path) -> str:
    for name in columns:
        if name.strip().lower() in names:
            return name
    raise InputError(f"{path} has no column {names[0]}; it has {', '.join(columns)}")


def _name(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()
