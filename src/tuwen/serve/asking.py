"""Questions: search in words, pictures and items; what is similar; what is there twice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from tuwen.duplicates import duplicates as find_duplicates
from tuwen.errors import InputError, UnknownName
from tuwen.query import Part, parse_query
from tuwen.query import Query as Question
from tuwen.serve import shelf, uploads
from tuwen.serve.answers import Found, Groups
from tuwen.serve.problems import Problem
from tuwen.serve.schemas import MAX_K, MAX_OFFSET, Asked, Id, Kind, QueryPart, Search, Where, Words
from tuwen.serve.service import Opened, Service, Shared, no_item, page

A = TypeVar("A", bound=Asked)
M = TypeVar("M", bound=BaseModel)
router = APIRouter(tags=["ask"])
_PLAIN = ("min_score", "where", "hybrid", "group", "diversity", "exact", "codes", "depth", "rerank_weight")


@router.get("/collections/{collection}/search", response_model=Found, summary="Search by words")
async def search_words(
    collection: str,
    opened: Opened,
    service: Shared,
    request: Request,
    q: Annotated[Words, Query(description="Words; `-word` is not wanted.", examples=["海边的狗"])],
    kind: Kind = "image",
    k: Annotated[int, Query(ge=1, le=MAX_K)] = 10,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
    where: Where | None = None,
    min_score: Annotated[float | None, Query(ge=-1, le=1, allow_inf_nan=False)] = None,
    hybrid: bool = False,
) -> dict[str, Any]:
    """Search by words in the address; POST takes every option."""
    asked = Search(query=q, kind=kind, k=k, offset=offset, where=where, min_score=min_score, hybrid=hybrid)
    return await _answer(collection, opened, service, request, asked, [])


@router.post("/collections/{collection}/search", response_model=Found, summary="Search")
async def search(
    collection: str, opened: Opened, service: Shared, request: Request, asked: Search
) -> dict[str, Any]:
    """Search by words, items and pictures, several of them with weights; negative weights exclude."""
    return await _answer(collection, opened, service, request, asked, [])


@router.post("/collections/{collection}/search/upload", response_model=Found, summary="Search by pictures")
async def search_upload(
    collection: str,
    opened: Opened,
    service: Shared,
    request: Request,
    files: Annotated[list[UploadFile], File(description="Pictures to ask with.")],
    search: Annotated[
        str,
        Form(
            description="A search as JSON; without parts that name uploads, every file is one.",
            max_length=1 << 18,
        ),
    ] = "{}",
) -> dict[str, Any]:
    """Search by pictures that are sent as files, with anything else a search may have."""
    asked, sent = await with_files(Search, "search", search, files)
    return await _answer(collection, opened, service, request, asked, sent)


def of_form(model: type[M], name: str, text: str) -> M:
    """What a field of a form says as JSON.

    Raises:
        Problem: 422 when it is not what the model asks for.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Problem(422, "invalid", f"{name}: {place}: {first['msg']}") from error


async def with_files(
    model: type[A], name: str, text: str, files: list[UploadFile]
) -> tuple[A, list[tuple[bytes, str]]]:
    """A question that came as a field of a form, and the files beside it as bytes and names.

    Raises:
        Problem: 422 when a field is wrong or there are too many files.
    """
    asked = of_form(model, name, text)
    if len(files) > 16:
        raise Problem(422, "invalid", "at most 16 files in one search")
    if not any(part.upload is not None for part in asked.parts):
        asked.parts += [QueryPart(upload=number) for number in range(len(files))]
    return asked, [(await file.read(), file.filename or "picture") for file in files]


async def _answer(
    name: str, opened: Any, service: Service, request: Request, asked: Search, sent: list[tuple[bytes, str]]
) -> dict[str, Any]:
    if service.settings.log_queries:
        request.scope["tuwen.asked"] = asked.query or ""
    options: dict[str, Any] = {option: getattr(asked, option) for option in _PLAIN}
    options["rerank"] = second_stage(service, asked.rerank)

    def work() -> Any:
        question = question_of(opened, asked, sent, service.settings.megapixels)
        return opened.search(question, kind=asked.kind, k=asked.k, offset=asked.offset, **options)

    results = await service.ask(work)
    hits, after = service.shown(name, results), asked.offset + asked.k
    return {
        "query": results.query,
        "kind": results.kind,
        "fits": results.fits,
        "probability": results.probability,
        "seconds": round(results.seconds, 6),
        "rerank_ms": results.rerank_ms,
        "unscored": [{"item": each.item, "code": each.code} for each in results.unscored],
        "total": opened.count(asked.kind),
        "offset": asked.offset,
        "next_offset": after if len(hits) == asked.k and after <= MAX_OFFSET else None,
        "hits": hits,
    }


def second_stage(service: Service, name: str | None) -> Path | None:
    """The folder of a second stage, by the name that the server was given for it.

    Raises:
        Problem: 400 when there is none of this name.
    """
    if name is not None and name not in service.settings.rerankers:
        raise Problem(400, "bad-input", "the server has no second stage of this name")
    return None if name is None else service.settings.rerankers[name]


def question_of(opened: Any, asked: Asked, sent: list[tuple[bytes, str]], megapixels: int) -> Question:
    """The query of a request; runs in a thread, for pictures are decoded here."""
    parts: list[Part] = list(parse_query(asked.query).parts) if asked.query else []
    size = opened.encoder.image_size if opened.store.identity.encoder else 0
    for number, part in enumerate(asked.parts):
        given = [name for name in ("text", "item", "image", "upload") if getattr(part, name) is not None]
        if len(given) != 1:
            raise InputError(f"part {number} needs exactly one of text, item, image and upload; got {given}")
        if part.text is not None:
            parts.append(Part(text=part.text, weight=part.weight))
        elif part.item is not None:
            vector = vector_of(opened, part.item.kind, part.item.id)
            parts.append(Part(vector=vector, weight=part.weight))
        else:
            if part.image is not None:
                data, name = uploads.from_base64(part.image, "image"), "image"
            elif part.upload is not None and part.upload < len(sent):
                data, name = sent[part.upload]
            else:
                raise InputError(f"part {number} names upload {part.upload}, but {len(sent)} files were sent")
            picture = uploads.open_picture(data, name, megapixels, size)
            parts.append(Part(image=picture, weight=part.weight))
    if not parts:
        raise InputError("the query is empty; give some words, a picture or both")
    return Question(parts=tuple(parts))


def vector_of(opened: Any, kind: Kind, identifier: str) -> Any:
    """The vector of a stored item.

    Raises:
        Problem: 404 when there is none.
    """
    try:
        return opened.vectors(kind, [identifier])[0]
    except UnknownName as error:
        raise no_item(kind) from error


@router.get(
    "/collections/{collection}/similar/{kind}/{id:whole}", response_model=Found, summary="More like this"
)
async def similar(
    collection: str,
    opened: Opened,
    service: Shared,
    kind: Kind,
    id: Id,
    to: Annotated[Kind | None, Query(description="What to look for; the same kind when not given.")] = None,
    k: Annotated[int, Query(ge=1, le=MAX_K)] = 10,
) -> dict[str, Any]:
    """The items most like a stored one, of its kind or of the other."""

    def work() -> Any:
        vector_of(opened, kind, id)
        return opened.similar(kind, id, to=to, k=k)

    results = await service.ask(work)
    return {
        "query": results.query,
        "kind": results.kind,
        "seconds": round(results.seconds, 6),
        "total": opened.count(results.kind),
        "hits": service.shown(collection, results),
    }


@router.get("/collections/{collection}/duplicates", response_model=Groups, summary="What is there twice")
async def duplicates(
    opened: Opened,
    service: Shared,
    kind: Kind = "image",
    distance: Annotated[int, Query(ge=0, le=11, description="Bits of 64 that may differ.")] = 6,
    min_cosine: Annotated[float, Query(ge=-1, le=1, allow_inf_nan=False)] = 0.85,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_K)] = 100,
) -> dict[str, Any]:
    """Groups of copies and of pictures that look alike, or of texts with the same words."""
    key = ("duplicates", kind, distance, min_cosine)
    groups = await service.ask_long(
        lambda: service.once(opened, key, lambda: find_duplicates(opened, kind, distance, min_cosine))
    )
    shown = groups[offset : offset + limit]
    return {
        "total": len(groups),
        "offset": offset,
        "next_offset": page(len(groups), offset, len(shown)),
        "groups": await service.ask(lambda: [_group(opened, group) for group in shown]),
    }


def _group(opened: Any, group: Any) -> dict[str, Any]:
    """A group as clients see it; runs in a thread, for names are looked up."""
    members = [
        {
            "id": member.id,
            "name": shelf.file_name(opened, member.id, member.path),
            "text": member.text,
            "bits": member.bits,
            "stored": member.stored,
        }
        for member in group.members
    ]
    return {"exact": group.exact, "members": members}
