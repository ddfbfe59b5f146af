"""Many questions at once, answered line by line as they are found."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import StreamingResponse

from tuwen.arrays import Modality
from tuwen.errors import PictureError, TuwenError
from tuwen.one_to_one import pair
from tuwen.serve import problems, shelf, uploads
from tuwen.serve.asking import of_form, second_stage, vector_of
from tuwen.serve.items import MAX_FILES
from tuwen.serve.problems import Problem
from tuwen.serve.schemas import Match, MatchOptions, MatchPictures, MatchQuery
from tuwen.serve.service import Opened, Service, Shared
from tuwen.tables import TABLE_OF

router = APIRouter(tags=["ask"])
BLOCK = 64  # queries that are answered together; a client that goes is noticed between blocks
PICTURES = 8  # the same of pictures, which take longer
_LINE = {"query": "q1", "hits": [{"rank": 1, "id": "harbour", "score": 0.31, "probability": None}]}
_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A line of JSON a query, in their order; then a `pair` each where pairs were asked "
        "for; the last line has `done`.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}, "example": json.dumps(_LINE)}},
    }
}
Fault = dict[str, str]


@dataclass
class Queries:
    """What is asked, and what has come of it.

    Attributes:
        names: (n,) of the queries in the answer.
        encode: Gives vectors by place of some queries, named by a slice, and why others have none.
        how: How they are answered.
        block: Queries that are answered together.
        given: What the queries are, for a second stage.
        content: The text or the picture of a query, by its number, for a second stage.
        stage: The folder of the second stage.
        vectors: By number of the query, kept where pairs are asked for.
    """

    names: Sequence[str]
    encode: Callable[[slice], tuple[dict[int, Any], dict[int, Fault]]]
    how: MatchOptions
    block: int = BLOCK
    given: Modality = "text"
    content: Callable[[int], Any] = lambda number: None
    stage: Path | None = None
    vectors: dict[int, Any] = field(default_factory=dict)


@router.post(
    "/collections/{collection}/match",
    summary="Match many queries",
    response_class=StreamingResponse,
    responses=_LINES,
)
async def match(opened: Opened, service: Shared, request: Request, asked: Match) -> StreamingResponse:
    """The k best items for each of many queries, streamed as lines of JSON.

    A query that cannot be answered has `error` in its line and the rest goes on. A stream without the
    last line was broken off.
    """
    names = [query.id or str(number) for number, query in enumerate(asked.queries)]
    made = Queries(
        names,
        lambda part: _vectors(opened, asked.queries[part], texts_only=asked.rerank is not None),
        asked,
        content=lambda number: asked.queries[number].text,
    )
    return await _streamed(opened, service, request, made)


@router.post(
    "/collections/{collection}/match/upload",
    summary="Match many pictures",
    response_class=StreamingResponse,
    responses=_LINES,
)
async def match_upload(
    opened: Opened,
    service: Shared,
    request: Request,
    files: Annotated[list[UploadFile], File(description="Pictures, each a query named as its file.")],
    match: Annotated[
        str, Form(description="`kind`, `k`, `pairs` and the others as JSON.", max_length=4096)
    ] = "{}",
) -> StreamingResponse:
    """The k best items, texts unless told otherwise, for each of many pictures that are sent as files.

    A picture that cannot be read has `error` in its line and the rest goes on.
    """
    asked = of_form(MatchPictures, "match", match)
    if len(files) > MAX_FILES:
        raise Problem(422, "invalid", f"at most {MAX_FILES} files at once")
    sent = [(await file.read(), uploads.plain_name(file.filename or "picture")) for file in files]
    megapixels = service.settings.megapixels
    names = [name for _, name in sent]
    made = Queries(
        names,
        lambda part: _seen(opened, sent[part], megapixels),
        asked,
        PICTURES,
        "image",
        lambda number: uploads.open_picture(*sent[number], megapixels),
    )
    return await _streamed(opened, service, request, made)


async def _streamed(opened: Any, service: Service, request: Request, asked: Queries) -> StreamingResponse:
    if (stage := second_stage(service, asked.how.rerank)) is not None:
        asked.stage, asked.block = stage, PICTURES
    # what is wrong with all of it has a status of its own
    first = await service.ask(_block, opened, asked, 0)
    lines = _lines(opened, service, request, asked, first)
    return StreamingResponse(lines, media_type="application/x-ndjson")


async def _lines(
    opened: Any, service: Service, request: Request, asked: Queries, found: list[dict[str, Any]]
) -> AsyncIterator[str]:
    count = len(asked.names)
    try:
        for start in range(0, count, asked.block):
            if await request.is_disconnected():
                return
            if start:
                found = await service.ask(_block, opened, asked, start)
            yield _text(found)
        if asked.how.pairs is not None:
            yield _text(await service.ask_long(_paired, opened, asked))
    except Exception as error:
        problem = error if isinstance(error, Problem) else problems.of(error, service.shelf.names)
        problem_id = problems.request_id(request)
        body = problems.body(problem.status_code, problem.code, str(problem.detail), problem_id)
        yield _text([{"error": body}])
        return
    yield _text([{"done": count}])


def _text(lines: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _block(opened: Any, asked: Queries, start: int) -> list[dict[str, Any]]:
    """The lines of some queries."""
    part, how = slice(start, start + asked.block), asked.how
    names = asked.names[part]
    vectors, faults = asked.encode(part)
    good = sorted(vectors)
    lines: list[dict[str, Any]] = [
        {"query": name, "hits": []} if row in vectors else {"query": name, "error": faults.get(row)}
        for row, name in enumerate(names)
    ]
    if how.pairs is not None:
        asked.vectors |= {start + row: vectors[row] for row in good}
    if good and opened.count(how.kind):
        found, _ = opened.match(
            np.stack([vectors[row] for row in good]),
            kind=how.kind,
            query_ids=[str(row) for row in good],
            k=how.k,
            probability=how.probability,
            temperature=how.temperature,
            approximate=how.approximate,
            query_kind=asked.given,
            rerank=asked.stage,
            depth=how.depth,
            rerank_weight=how.rerank_weight,
            contents=None if asked.stage is None else [asked.content(start + row) for row in good],
        )
        second = found.rerank_scores
        more = _details(opened, how, {item for items in found.item_ids for item in items})
        for query, place, item, score, share in found.rows():
            hit = {"rank": place, "id": item, "score": round(score, 6), "probability": share}
            if second is not None:
                hit["rerank_score"] = _number(second[good.index(int(query)), place - 1])
            lines[int(query)]["hits"].append(hit | more.get(item, {}))
    return lines


def _details(opened: Any, how: MatchOptions, ids: set[str]) -> dict[str, dict[str, Any]]:
    """What items are called and say, by id; nothing where that was not asked for."""
    if not how.details:
        return {}
    columns = ["id", "path", "origin", *(["text"] if how.kind == "text" else [])]
    rows = opened.store.view.by_ids(TABLE_OF[how.kind], sorted(ids), columns).to_pylist()
    return {
        row["id"]: {"name": shelf.name_of(row["path"], row["origin"]), "text": row.get("text")}
        for row in rows
    }


def _paired(opened: Any, asked: Queries) -> list[dict[str, Any]]:
    """A line a pair, by the numbers of the queries, which two of one name do not share."""
    numbers = sorted(asked.vectors)
    if not numbers or asked.how.pairs is None:
        return []
    made = pair(opened, np.stack([asked.vectors[n] for n in numbers]), asked.how.kind, asked.how.pairs)
    more = _details(opened, asked.how, {each.id for each in made})
    return [
        {
            "pair": {
                "number": numbers[each.row],
                "query": asked.names[numbers[each.row]],
                "id": each.id,
                "score": round(each.score, 6),
                **more.get(each.id, {}),
            }
        }
        for each in made
    ]


def _number(score: float) -> float | None:
    """A score as JSON has it; what could not be judged has none."""
    return round(float(score), 6) if np.isfinite(score) else None


def _vectors(
    opened: Any, queries: Sequence[MatchQuery], *, texts_only: bool
) -> tuple[dict[int, Any], dict[int, Fault]]:
    """Vectors by row, and by row why there is none."""
    vectors: dict[int, Any] = {}
    faults: dict[int, Fault] = {}
    texts = []
    for row, query in enumerate(queries):
        if (query.text is None) == (query.item is None):
            faults[row] = {"code": "bad-input", "detail": "give a text or an item"}
        elif query.item is not None and texts_only:
            faults[row] = {"code": "bad-input", "detail": "a second stage reads texts: an item has none here"}
        elif query.item is not None:
            try:
                vectors[row] = vector_of(opened, query.item.kind, query.item.id)
            except Problem as problem:
                faults[row] = {"code": problem.code, "detail": str(problem.detail)}
        else:
            texts.append(row)
    made = _encoded(opened.encoder.encode_texts, [queries[row].text or "" for row in texts]) if texts else []
    _sort(zip(texts, made, strict=True), "text", vectors, faults)
    return vectors, faults


def _seen(
    opened: Any, sent: Sequence[tuple[bytes, str]], megapixels: int
) -> tuple[dict[int, Any], dict[int, Fault]]:
    """Vectors of pictures by row, and by row why there is none; decoded here, a block at a time."""
    vectors: dict[int, Any] = {}
    faults: dict[int, Fault] = {}
    pictures: dict[int, Any] = {}
    for row, (data, name) in enumerate(sent):
        try:
            pictures[row] = uploads.open_picture(data, name, megapixels, opened.encoder.image_size)
        except PictureError as error:
            faults[row] = {"code": error.code, "detail": str(error)}
    made = _encoded(opened.encoder.encode_images, list(pictures.values())) if pictures else []
    _sort(zip(pictures, made, strict=True), "picture", vectors, faults)
    return vectors, faults


def _sort(made: Any, what: str, vectors: dict[int, Any], faults: dict[int, Fault]) -> None:
    """Put what came of each row to the vectors or to the faults."""
    for row, vector in made:
        if isinstance(vector, str):
            faults[row] = {"code": "bad-input", "detail": vector}
        elif not vector.any():
            faults[row] = {"code": "featureless", "detail": f"the {what} says nothing to the encoder"}
        else:
            vectors[row] = vector


def _encoded(encode: Callable[[list[Any]], Any], contents: list[Any]) -> list[Any]:
    """A vector each, or the reason why there is none."""
    try:
        return list(encode(contents))
    except TuwenError as error:
        if len(contents) == 1:
            return [str(error)]
    return [made for content in contents for made in _encoded(encode, [content])]
