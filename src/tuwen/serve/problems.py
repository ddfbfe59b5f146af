"""Errors as `application/problem+json` (RFC 9457): what is wrong and what to do, never a stack trace."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tuwen.errors import CollectionError, Damaged, InputError, Locked, PictureError, TuwenError

MEDIA = "application/problem+json"
_TITLES = {
    400: "The request is wrong",
    401: "A token is needed",
    403: "Not allowed",
    404: "Not there",
    405: "Not this method",
    408: "Too slow",
    409: "Not possible as things are",
    413: "Too large",
    414: "Too long",
    415: "Of the wrong kind",
    421: "Asked under another name",
    422: "Cannot be read",
    429: "Too many requests",
    431: "Too long",
    500: "A fault of the server",
    503: "Busy",
    504: "It took too long",
    507: "It cannot be kept",
}
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
_log = logging.getLogger("tuwen.serve")


class Problem(HTTPException):
    """A request that cannot be answered, with a short word for programs."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, detail, dict(headers) if headers else None)
        self.code = code


def busy(detail: str, seconds: int = 1) -> Problem:
    """Come again later."""
    return Problem(503, "busy", detail, headers={"Retry-After": str(seconds)})


def body(status: int, code: str, detail: str, request_id: str, **more: Any) -> dict[str, Any]:
    """The members of a problem."""
    title = _TITLES.get(status, "It cannot be done")
    problem = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
    return problem | {"request_id": request_id} | more


def response(problem: Problem, request_id: str, **more: Any) -> Response:
    """A problem as an answer."""
    made = body(problem.status_code, problem.code, str(problem.detail), request_id, **more)
    # what was sent may hold half a character, which UTF-8 has no form for
    content = json.dumps(made, ensure_ascii=True).encode()
    return Response(content, problem.status_code, problem.headers, MEDIA)


def of(error: Exception, names: Mapping[str, str]) -> Problem:
    """The problem that an error of the engine is for a client.

    Args:
        error: What was raised.
        names: What stands for a path in messages, by path.
    """
    text = str(error)
    for path, name in names.items():
        text = text.replace(path, name)
    if isinstance(error, PictureError):
        return Problem(422, error.code, text)
    if isinstance(error, InputError):
        return Problem(400, "bad-input", text)
    if isinstance(error, Locked):
        return busy("another process is writing to the collection; try again", 5)
    if isinstance(error, Damaged):
        return Problem(500, "damaged", "the collection cannot be read; its keeper should verify it")
    if isinstance(error, CollectionError | TuwenError):
        return Problem(409, "not-possible", text)
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return Problem(507, "cannot-write", "the server cannot write: its disk is full or read-only")
    if isinstance(error, MemoryError):
        return busy("not enough memory for this; ask for less at once", 5)
    return Problem(500, "fault", "something went wrong in the server; tell its keeper the request id")


def request_id(request: Request) -> str:
    """The id that the guard gave the request."""
    return str(request.scope.get("tuwen.id", ""))


def of_http(error: HTTPException) -> Problem:
    """An error that the framework raised, as a problem."""
    if isinstance(error, Problem):
        return error
    words = {404: "there is nothing at this address", 405: "this address does not take the method"}
    detail = words.get(error.status_code, str(error.detail))
    return Problem(error.status_code, f"http-{error.status_code}", detail, headers=error.headers)


def invalid(error: RequestValidationError) -> list[dict[str, str]]:
    """Which fields are wrong and why, without what was sent."""
    found = []
    for fault in error.errors()[:20]:
        place = ".".join(str(step) for step in fault["loc"])
        found.append({"field": place[:200], "reason": str(fault["msg"])[:400]})
    return found
