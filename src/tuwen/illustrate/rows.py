"""Answers as rows of plain values, for tables, JSON and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuwen.illustrate.base import Answer, Choice
from tuwen.records import Refusal


def rows(answers: Sequence[Answer], refusals: Sequence[Refusal] = ()) -> list[dict[str, Any]]:
    """A row a choice; a question without any, or that could not be asked, has a row that says so."""
    made: list[dict[str, Any]] = []
    for answer in answers:
        about = {
            "query": answer.query.id,
            "headline": answer.query.text,
            "asked_class": answer.label or None,
            "class_probability": answer.label_probability,
            "fits": answer.fits,
            "probability": answer.probability,
        }
        made += [about | _row(choice) for choice in answer.choices]
        if not answer.choices:
            made.append(about | {"rank": None, "id": None, "marks": f"no fitting {thing(answer)}"})
    made += [
        {"query": refusal.item, "rank": None, "id": None, "marks": refusal.reason} for refusal in refusals
    ]
    return made


def thing(answer: Answer) -> str:
    """What was looked for."""
    return "picture" if answer.query.text else "text"


def _row(choice: Choice) -> dict[str, Any]:
    marks = []
    if choice.itself:
        marks.append("the very picture")
    if choice.used is not None:
        marks.append(f"used on {choice.used}")
    if choice.first_for:
        marks.append(f"first for {choice.first_for} too")
    return {
        "rank": choice.rank,
        "id": choice.id,
        "score": round(choice.score, 6),
        "class": choice.label,
        "picture": choice.picture,
        "text": choice.text,
        "why": ", ".join(f"{reason.name} {reason.place}" for reason in choice.reasons),
        "shared": list(choice.shared),
        "marks": "; ".join(marks),
        "itself": choice.itself,
        "used": choice.used.isoformat() if choice.used is not None else None,
        "first_for": choice.first_for or None,
        "looks_alike": list(choice.alike),
        "reasons": [
            {"ranking": r.name, "place": r.place, "score": round(r.score, 6), "share": round(r.share, 4)}
            for r in choice.reasons
        ],
    }
