"""Many questions at once, answered line by line as they are found."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse

from tuwen.errors import TuwenError
from tuwen.serve import problems
from tuwen.serve.asking import vector_of
from tuwen.serve.problems import Problem
from tuwen.serve.schemas import Match, MatchQuery
from tuwen.serve.service import Opened, Service, Shared

router = APIRouter(tags=["ask"])
BLOCK = 64  # queries that are answered together; a client that goes is noticed between blocks
_LINE = {"query": "q1", "hits": [{"rank": 1, "id": "harbour", "score": 0.31, "probability": None}]}


@router.post(
    "/collections/{collection}/match",
    summary="Match many queries",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A line of JSON a query, in their order; the last line has `done`.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}, "example": json.dumps(_LINE)}},
        }
    },
)
async def match(opened: Opened, service: Shared, request: Request, asked: Match) -> StreamingResponse:
    """The k best items for each of many queries, streamed as lines of JSON.

    A query that cannot be answered has `error` in its line and the rest goes on. A stream without the
    last line was broken off.
    """
    first = await service.ask(
        _block, opened, asked, 0
    )  # what is wrong with all of it has a status of its own
    lines = _lines(opened, service, request, asked, first)
    return StreamingResponse(lines, media_type="application/x-ndjson")


async def _lines(
    opened: Any, service: Service, request: Request, asked: Match, found: list[dict[str, Any]]
) -> AsyncIterator[str]:
    count = len(asked.queries)
    for start in range(0, count, BLOCK):
        if await request.is_disconnected():
            return
        if start:
            try:
                found = await service.ask(_block, opened, asked, start)
            except Exception as error:
                problem = error if isinstance(error, Problem) else problems.of(error, service.shelf.names)
                problem_id = problems.request_id(request)
                body = problems.body(problem.status_code, problem.code, str(problem.detail), problem_id)
                yield json.dumps({"error": body}) + "\n"
                return
        yield "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in found)
    yield json.dumps({"done": count}) + "\n"


def _block(opened: Any, asked: Match, start: int) -> list[dict[str, Any]]:
    """The lines of some queries."""
    queries = asked.queries[start : start + BLOCK]
    names = [query.id or str(start + number) for number, query in enumerate(queries)]
    vectors, faults = _vectors(opened, queries)
    good = [row for row in range(len(queries)) if row not in faults]
    lines: list[dict[str, Any]] = [
        {"query": name, "error": faults.get(row)} for row, name in enumerate(names)
    ]
    if good and opened.count(asked.kind):
        found, _ = opened.match(
            np.stack([vectors[row] for row in good]),
            kind=asked.kind,
            query_ids=[str(row) for row in good],
            k=asked.k,
            probability=asked.probability,
            temperature=asked.temperature,
            approximate=asked.approximate,
        )
        for row in good:
            lines[row] = {"query": names[row], "hits": []}
        for query, place, item, score, share in found.rows():
            hit = {"rank": place, "id": item, "score": round(score, 6), "probability": share}
            lines[int(query)]["hits"].append(hit)
    elif good:
        for row in good:
            lines[row] = {"query": names[row], "hits": []}
    return lines


def _vectors(opened: Any, queries: list[MatchQuery]) -> tuple[dict[int, Any], dict[int, dict[str, str]]]:
    """Vectors by row, and by row why there is none."""
    vectors: dict[int, Any] = {}
    faults: dict[int, dict[str, str]] = {}
    texts = []
    for row, query in enumerate(queries):
        if (query.text is None) == (query.item is None):
            faults[row] = {"code": "bad-input", "detail": "give a text or an item"}
        elif query.item is not None:
            try:
                vectors[row] = vector_of(opened, query.item.kind, query.item.id)
            except Problem as problem:
                faults[row] = {"code": problem.code, "detail": str(problem.detail)}
        else:
            texts.append(row)
    for row, vector in zip(texts, _encoded(opened, [queries[row].text or "" for row in texts]), strict=True):
        if isinstance(vector, str):
            faults[row] = {"code": "bad-input", "detail": vector}
        elif not vector.any():
            faults[row] = {"code": "featureless", "detail": "the text says nothing to the encoder"}
        else:
            vectors[row] = vector
    return vectors, faults


def _encoded(opened: Any, texts: list[str]) -> list[Any]:
    """A vector a text, or the reason why there is none."""
    if not texts:
        return []
    try:
        return list(opened.encoder.encode_texts(texts))
    except TuwenError as error:
        if len(texts) == 1:
            return [str(error)]
    return [made for text in texts for made in _encoded(opened, [text])]
