"""Pictures for headlines over HTTP: a library is made ready once and asked many times."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from tuwen.serve import shelf
from tuwen.serve.answers import Answer, Refused
from tuwen.serve.schemas import Id, Model, Where, Words
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
    reach: int = Field(default=50, ge=1, le=1000, description="Length of both lists with `paper`.")
    fuse: Literal["learned", "reciprocal-rank", "weighted"] = Field(
        default="learned", description="How rankings become one."
    )
    guess: bool = Field(default=False, description="Keep to the class that a headline without one has.")
    where: Where | None = Field(default=None, description="Only pictures that pass this filter.")


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
    first_for: str = Field(default="", description="An earlier headline that has it in first place.")
    alike: list[str] = Field(default=[], description="Pictures that look the same, passed over for it.")
    thumbnail: str | None = None


class Illustrated(Answer):
    """Pictures for one headline."""

    query: str
    label: str = Field(default="", description="The class that the pictures were kept to.")
    label_probability: float | None = Field(default=None, description="Of that class, when it was guessed.")
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
    how = {name: getattr(asked, name) for name in ("mode", "k", "reach", "guess", "where")}

    def work() -> dict[str, Any]:
        answers, refusals = service.libraries.ask(collection, opened, listed, how | {"fusing": asked.fuse})
        refused = [{"item": each.item, "code": each.code, "reason": each.reason} for each in refusals]
        shown = [_answer(answer) | {"choices": choices(answer)} for answer in answers]
        return {"answers": shown, "refused": refused}

    def choices(answer: Any) -> list[dict[str, Any]]:
        return [service.links(collection, _choice(opened, choice)) for choice in answer.choices]

    return await service.ask_long(work)


def _answer(answer: Any) -> dict[str, Any]:
    return {
        "query": answer.query.id,
        "label": answer.label,
        "label_probability": answer.label_probability,
        "fits": answer.fits,
        "probability": answer.probability,
    }


def _choice(opened: Any, choice: Any) -> dict[str, Any]:
    return {
        "id": choice.id,
        "kind": "image",
        "rank": choice.rank,
        "score": round(choice.score, 6),
        "name": shelf.file_name(opened, choice.id, choice.picture),
        "text": choice.text,
        "label": choice.label,
        "shared": list(choice.shared),
        "why": [{"name": each.name, "place": each.place, "share": each.share} for each in choice.reasons],
        "first_for": choice.first_for,
        "alike": list(choice.alike),
    }
