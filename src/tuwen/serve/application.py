"""The application: routes inside, guards around them, the outermost layer last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from tuwen import __version__
from tuwen.errors import TuwenError
from tuwen.serve import (
    asking,
    describing,
    exporting,
    heating,
    illustrating,
    items,
    judging,
    matching,
    page_files,
    problems,
    shown,
    state,
)
from tuwen.serve.bodies import Bodies
from tuwen.serve.guard import API, Guard
from tuwen.serve.outer import Outer
from tuwen.serve.problems import Problem
from tuwen.serve.service import Service
from tuwen.serve.settings import Settings

if TYPE_CHECKING:
    from tuwen.collection import Collection

_METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE"]
_DETAILS: dict[int | str, str] = {
    400: "The request is wrong",
    401: "A token is needed, or it is wrong",
    403: "The token does not allow it",
    404: "There is no such thing",
    408: "The body came too slowly",
    409: "It cannot be done as things are",
    413: "The body is too large",
    422: "A field is wrong, or a picture cannot be read",
    429: "Too many requests",
    503: "Busy; see Retry-After",
    504: "It took too long",
    "default": "Any other problem",
}
# with `model` FastAPI would say that they come as application/json
_PROBLEM = {"content": {problems.MEDIA: {"schema": {"$ref": f"#/components/schemas/{describing.PROBLEM}"}}}}


def application(collections: Mapping[str, Collection], settings: Settings) -> ASGIApp:
    """The ASGI application over some collections.

    Args:
        collections: By the names that addresses use.
        settings: What the server allows.

    Raises:
        InputError: A name cannot stand in an address.
    """
    return around(Service(collections, settings))


def around(service: Service) -> ASGIApp:
    """The application over a service, which it starts unless that was done."""
    settings = service.settings
    app = _routes(service)
    guarded: ASGIApp = Bodies(app, settings)
    guard = Guard(guarded, settings, service.tokens, service.metrics)
    app.state.service, app.state.guard = service, guard
    guarded = guard
    if settings.origins:
        guarded = CORSMiddleware(
            guarded,
            allow_origins=settings.origins,
            allow_methods=_METHODS,
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=["X-Request-Id", "Location", "ETag", "Retry-After"],
        )
    return Outer(guarded, settings, service.metrics)


def _routes(service: Service) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(service.start)
        yield
        await asyncio.to_thread(service.stop)

    app = FastAPI(
        title="tuwen",
        version=__version__,
        summary="Search pictures with words and words with pictures, in Chinese and English.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    api = APIRouter(
        prefix=API,
        responses={status: {"description": text, **_PROBLEM} for status, text in _DETAILS.items()},
        generate_unique_id_function=describing.name_of,
    )
    for part in (state, asking, heating, matching, illustrating, judging, items, shown, exporting):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(page_files.router())
    _add_handlers(app, service)
    describing.describe(app)
    return app


def _add_handlers(app: FastAPI, service: Service) -> None:
    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return problems.response(problems.of_http(error), problems.request_id(request))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        problem = Problem(422, "invalid", "a field of the request is wrong; see fields")
        return problems.response(problem, problems.request_id(request), fields=problems.invalid(error))

    @app.exception_handler(Exception)  # raised again after that, so that the outermost layer logs it
    @app.exception_handler(TuwenError)
    async def refused(request: Request, error: Exception) -> Response:
        return problems.response(problems.of(error, service.shelf.names), problems.request_id(request))
