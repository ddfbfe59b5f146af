"""What people decided about pairs of items, kept with the collection for `tuwen resolve --labels`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from tuwen.files import read_json, write_json
from tuwen.serve.answers import Answer
from tuwen.serve.problems import Problem
from tuwen.serve.schemas import MAX_K, Id, Model
from tuwen.serve.service import Opened, Shared, page

if TYPE_CHECKING:
    from tuwen.collection import Collection

router = APIRouter(tags=["resolve"])
FILE = "decisions.json"
MOST = 200_000  # pairs that are kept


class Decision(Model):
    """Whether two items are of the same entity; null takes an earlier answer back."""

    left: Id = Field(examples=["photo-1"])
    right: Id = Field(examples=["record-7"])
    match: bool | None


class NewDecisions(Model):
    """Answers of a person."""

    decisions: list[Decision] = Field(min_length=1, max_length=10_000)


class Kept(Answer):
    """An answer that was given."""

    left: str
    right: str
    match: bool
    time: str | None = None


class Decisions(Answer):
    """A page of answers, in the order in which they were first given."""

    total: int
    matches: int
    offset: int = 0
    next_offset: int | None = None
    decisions: list[Kept]


@router.get(
    "/collections/{collection}/resolve/decisions", response_model=Decisions, summary="What was decided"
)
async def list_decisions(
    opened: Opened,
    service: Shared,
    offset: Annotated[int, Query(ge=0, le=MOST)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_K)] = 100,
) -> dict[str, Any]:
    """What people decided about pairs."""
    kept = list((await service.ask(read, opened)).values())
    return _answer(kept, offset, limit)


@router.post("/collections/{collection}/resolve/decisions", response_model=Decisions, summary="Decide")
async def decide(collection: str, opened: Opened, service: Shared, sent: NewDecisions) -> dict[str, Any]:
    """Keep answers; a later one about the same pair takes the place of an earlier one.

    They lie in `decisions.json` in the collection's folder, which `tuwen resolve --labels` reads.
    """
    kept = await service.change(collection, lambda: keep(opened, sent.decisions))
    return _answer(list(kept.values()), 0, 0)


def _answer(kept: list[dict[str, Any]], offset: int, limit: int) -> dict[str, Any]:
    shown = kept[offset : offset + limit]
    return {
        "total": len(kept),
        "matches": sum(each["match"] for each in kept),
        "offset": offset,
        "next_offset": page(len(kept), offset, len(shown)),
        "decisions": shown,
    }


def read(collection: Collection) -> dict[tuple[str, str], dict[str, Any]]:
    """The answers by pair."""
    file = _file(collection)
    found = read_json(file)["decisions"] if file.is_file() else []
    return {(each["left"], each["right"]): each for each in found}


def keep(collection: Collection, decisions: list[Decision]) -> dict[tuple[str, str], dict[str, Any]]:
    """Add answers, synced to disk in one step; all there are then. Called in the writing thread.

    Raises:
        Problem: There would be too many.
    """
    kept, now = read(collection), datetime.now(UTC).isoformat(timespec="seconds")
    for each in decisions:
        if each.match is None:
            kept.pop((each.left, each.right), None)
        else:
            kept[each.left, each.right] = each.model_dump() | {"time": now}
    if len(kept) > MOST:
        raise Problem(409, "too-many", f"at most {MOST:,} decisions are kept; use them and begin anew")
    write_json(_file(collection), {"decisions": list(kept.values())})
    return kept


def _file(collection: Collection) -> Path:
    return collection.path / FILE
