"""Pictures for headlines over HTTP: a library is made ready once and asked many times."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from tuwen.serve.answers import Answer, Refused
from tuwen.serve.schemas import Id, Model, Words
from tuwen.serve.service import Opened, Shared

router = APIRouter(tags=["ask"])


class Headline(Model):
    """What a picture is looked for."""

    id: Id | None = None
    text: Annotated[Words, StringConstraints(min_length=1)]
    label: Words = Field(default="", description="The class of the news: only pictures of it.")


class Headlines(Model):
    """Headlines that need pictures."""

    headlines: list[Headline] = Field(min_length=1, max_length=200)
    k: int = Field(default=5, ge=1, le=100)
    mode: Literal["fused", "paper"] = "fused"
    where: Words | None = None


class Why(Answer):
    """What one ranking said of a choice."""

    name: str
    place: int
    share: float


class Choice(Answer):
    """A picture for a headline."""

    id: str
    rank: int
    score: float
    name: str
    text: str
    label: str
    shared: list[str] = Field(description="Words that headline and text have in common.")
    why: list[Why]
    thumbnail: str | None = None


class Illustrated(Answer):
    """Pictures for one headline."""

    query: str
    fits: bool | None = None
    probability: float | None = None
    choices: list[Choice]


class Illustrations(Answer):
    """Pictures for headlines."""

    answers: list[Illustrated]
    refused: list[Refused]


@router.post("/collections/{collection}/illustrate", response_model=Illustrations, summary="Illustrate")
async def illustrate(collection: str, opened: Opened, service: Shared, asked: Headlines) -> dict[str, Any]:
    """The pictures that go with headlines, and why: texts, pictures and both spaces ranked together.

    The first request after a change makes the library ready, which takes a while.
    """
    listed = [(each.id or str(n), each.text, each.label) for n, each in enumerate(asked.headlines)]
    how = {"mode": asked.mode, "k": asked.k, "where": asked.where}
    answers, refusals = await service.ask(service.libraries.ask, collection, opened, listed, how)
    return {
        "answers": [
            {
                "query": answer.query.id,
                "fits": answer.fits,
                "probability": answer.probability,
                "choices": [_shown(service, collection, choice) for choice in answer.choices],
            }
            for answer in answers
        ],
        "refused": [{"item": each.item, "code": each.code, "reason": each.reason} for each in refusals],
    }


def _shown(service: Any, collection: str, choice: Any) -> dict[str, Any]:
    shown = {
        "id": choice.id,
        "kind": "image",
        "rank": choice.rank,
        "score": round(choice.score, 6),
        "name": re.split(r"[\\/]", choice.picture)[-1],
        "text": choice.text,
        "label": choice.label,
        "shared": list(choice.shared),
        "why": [{"name": each.name, "place": each.place, "share": each.share} for each in choice.reasons],
    }
    found: dict[str, Any] = service.links(collection, shown)
    return found
