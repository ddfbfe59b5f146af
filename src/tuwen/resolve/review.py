"""A page on which a person says which pairs match, and the decisions that it exports, read back."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from tuwen import pictures
from tuwen.errors import InputError, PictureError
from tuwen.files import replacing
from tuwen.markup import LOOKS, Language, digest, escape
from tuwen.records import Picture, Refusal
from tuwen.resolve.review_words import WORDS

SIDE = 320
"""Longest side of a thumbnail, in pixels."""

_FOLDER = Path(__file__).parent
_YES = frozenset({"match", "yes", "true", "1"})
_NO = frozenset({"no match", "no", "false", "0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A pair to be looked at.

    Args:
        left: Id of the left item.
        left_content: Its text, or its picture: a file, undecoded bytes, or decoded.
        right: Id of the right item.
        right_content: As `left_content`.
        score: How close they are.
        probability: That they are of one entity, where that is known.
        reasons: Name, value and weight of each evidence; a weight above 0 speaks for the pair. A value may
            be NaN: nothing is known.
        decided: Whether it was kept.
    """

    left: str
    left_content: str | Picture | Image.Image
    right: str
    right_content: str | Picture | Image.Image
    score: float
    probability: float | None = None
    reasons: Sequence[tuple[str, float, float]] = ()
    decided: bool = False


class Decisions(list[tuple[str, str, bool]]):
    """Left id, right id and whether they match, each pair once.

    Attributes:
        refusals: Lines that could not be used and pairs with two answers, and why.
    """

    def __init__(
        self, decisions: Iterable[tuple[str, str, bool]] = (), refusals: Iterable[Refusal] = ()
    ) -> None:
        super().__init__(decisions)
        self.refusals = list(refusals)


def write_review(
    path: Path, rows: Iterable[Row], *, language: Language | None = None, title: str = "tuwen resolve"
) -> None:
    """Write `page` to a file, in one step."""
    text = page(rows, language=language, title=title)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def page(rows: Iterable[Row], *, language: Language | None = None, title: str = "tuwen resolve") -> str:
    """One HTML page with everything inside, for a browser without a network.

    Args:
        rows: The pairs; the page orders them by score, and can do so otherwise.
        language: Of the labels at first; None takes Chinese when a text has Chinese in it. The reader can
            switch.
        title: Heading of the page.
    """
    data = review_data(rows)
    if language is None:
        written = "".join(item.get("text", "") for side in data["items"].values() for item in side.values())
        language = "zh" if re.search(r"[\u3400-\u9fff]", written) else "en"
    style, script = LOOKS + _part("review.css"), _part("review.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src {digest(style)}; script-src {digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    filled = {
        "lang": "zh-CN" if language == "zh" else "en",
        "policy": policy,
        "title": escape(title),
        "style": style,
        "script": script,
        "data": _json(data),
        "words": _json(WORDS),
        language: " checked",
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled.get(found[1], ""), _part("review.html"))


def review_data(rows: Iterable[Row]) -> dict[str, Any]:
    """What the page shows, as JSON values; each item stands in it once, however many pairs it is in.

    Returns:
        `items` by side and id, each `{"text"}`, `{"picture"}` (a data URI) or `{"lost"}`; `pairs`, each
        `{left, right, score, probability, reasons, kept}`; `key`, which tells this set of pairs from others.
    """
    items: dict[str, dict[str, Any]] = {"left": {}, "right": {}}
    pairs = []
    digest = hashlib.sha256()
    for row in rows:
        for side, name, content in (
            ("left", row.left, row.left_content),
            ("right", row.right, row.right_content),
        ):
            if name not in items[side]:
                items[side][name] = _shown(content)
        digest.update(json.dumps([row.left, row.right]).encode())
        pairs.append(
            {
                "left": row.left,
                "right": row.right,
                "score": _number(row.score),
                "probability": None if row.probability is None else _number(row.probability),
                "reasons": [[name, _number(value), _number(weight)] for name, value, weight in row.reasons],
                "kept": bool(row.decided),
            }
        )
    return {"key": digest.hexdigest()[:16], "items": items, "pairs": pairs}


def read_decisions(path: Path) -> Decisions:
    """Read what the page exported as CSV or JSON; files of several people may be put into one.

    A CSV file has the columns `left`, `right` and `decision` (`match` or `no match`); JSON has a list
    `decisions` of objects with `left`, `right` and `match`. What cannot be used is listed in `refusals`, and
    so are pairs with two answers, of which neither is taken.

    Raises:
        InputError: There is no such file, or it is not such a CSV or JSON file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read as text ({error}); give a file the review page exported"
        ) from None
    entries = _from_json(path, text) if text.lstrip().startswith(("{", "[")) else _from_csv(path, text)
    answers: dict[tuple[str, str], bool] = {}
    refusals: list[Refusal] = []
    torn: set[tuple[str, str]] = set()
    for place, left, right, said in entries:
        answer = _answer(said)
        if answer is None or not (isinstance(left, str) and isinstance(right, str) and left and right):
            got = f"left {left!r}, right {right!r}, decision {said!r}"
            reason = f"{place}: {got}; two ids and an answer are needed"
            refusals.append(Refusal(item=place, code="not-a-decision", reason=reason, source=str(path)))
        elif answers.setdefault((left, right), answer) != answer:
            torn.add((left, right))
    for left, right in sorted(torn):
        reason = f"{left!r} and {right!r} are said to match and not to match; neither is taken"
        refusals.append(
            Refusal(item=f"{left} {right}", code="contradiction", reason=reason, source=str(path))
        )
    return Decisions(((*pair, yes) for pair, yes in answers.items() if pair not in torn), refusals)


Entries = Iterable[tuple[str, Any, Any, Any]]


def _from_csv(path: Path, text: str) -> Entries:
    lines = csv.DictReader(io.StringIO(text, newline=""))
    missing = {"left", "right", "decision"} - set(lines.fieldnames or ())
    if missing:
        raise InputError(
            f"{path} has no column {', '.join(sorted(missing))}; give a file the review page exported, with "
            "left, right and decision"
        )
    try:
        for line in lines:
            yield f"{path.name}:{lines.line_num}", line["left"], line["right"], line["decision"]
    except csv.Error as error:
        raise InputError(f"{path} is not CSV from line {lines.line_num} on ({error})") from None


def _from_json(path: Path, text: str) -> Entries:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is not JSON ({error}); give a file the review page exported") from None
    found = value.get("decisions") if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise InputError(f"{path} has no list of decisions; give a file the review page exported")
    for number, one in enumerate(found, 1):
        entry = one if isinstance(one, dict) else {}
        yield f"{path.name} decision {number}", entry.get("left"), entry.get("right"), entry.get("match")


def _answer(said: object) -> bool | None:
    if isinstance(said, bool):
        return said
    word = said.strip().lower() if isinstance(said, str) else ""
    return True if word in _YES else False if word in _NO else None


def _shown(content: str | Picture | Image.Image) -> dict[str, Any]:
    if isinstance(content, str):
        return {"text": content}
    try:
        if isinstance(content, Picture):
            content = (
                pictures.load(Path(content.path), size=SIDE)
                if content.data is None
                else pictures.load_bytes(content.data, content.path, size=SIDE)
            )
        small = pictures.thumbnail(content, side=SIDE)
    except (PictureError, OSError) as error:
        return {"lost": str(error)}
    return {"picture": "data:image/jpeg;base64," + base64.b64encode(small).decode()}


def _number(value: float) -> float | None:
    """Six significant digits; None for what JSON has no number for."""
    return float(f"{float(value):.6g}") if math.isfinite(value) else None


def _json(value: Any) -> str:
    """JSON that can stand in a script element: no `<` that could end it, nothing beyond ASCII."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
