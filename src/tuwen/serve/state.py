"""How the server is and what it holds: collections, health, metrics, sessions."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tuwen import __version__
from tuwen.overview import overview, plane
from tuwen.serve.answers import Collection, Collections, Health, Overview, Plane, Session
from tuwen.serve.guard import COOKIE, Guard, client_of
from tuwen.serve.schemas import Kind, Login
from tuwen.serve.service import Opened, Service, Shared

router = APIRouter(tags=["state"])
SESSION_SECONDS = 30 * 24 * 3600


@router.get("/collections", response_model=Collections, summary="List collections")
async def list_collections(service: Shared) -> dict[str, Any]:
    """The collections that are served."""
    names = list(service.shelf.collections)
    return {"collections": await service.ask(lambda: [_described(service, name) for name in names])}


@router.get("/collections/{collection}", response_model=Collection, summary="A collection")
async def get_collection(collection: str, opened: Opened, service: Shared) -> dict[str, Any]:
    """What a collection is and how much it holds."""
    return await service.ask(_described, service, collection)


@router.get("/collections/{collection}/overview", response_model=Overview, summary="What it is made of")
async def get_overview(opened: Opened, service: Shared) -> dict[str, Any]:
    """Counts by kind and class, and of what was refused."""
    found = await service.ask_long(lambda: service.once(opened, ("overview",), lambda: overview(opened)))
    labels = {kind: dict(islice(counted.items(), 200)) for kind, counted in found.labels.items()}
    return {"counts": found.counts, "missing": found.missing, "labels": labels, "refused": found.refused}


@router.get("/collections/{collection}/plane", response_model=Plane, summary="Its space on a plane")
async def get_plane(
    opened: Opened,
    service: Shared,
    kind: Kind = "image",
    limit: Annotated[int, Query(ge=1, le=5000)] = 2000,
) -> dict[str, Any]:
    """Some items where their vectors lie, along the two directions in which they differ most."""
    key = ("plane", kind, limit)
    found = await service.ask_long(lambda: service.once(opened, key, lambda: plane(opened, kind, limit)))
    places = [
        {"id": identifier, "label": label, "x": round(x, 4), "y": round(y, 4)}
        for identifier, label, (x, y) in zip(found.ids, found.labels, found.places.tolist(), strict=True)
    ]
    return {"explained": found.explained, "places": places}


def _described(service: Service, name: str) -> dict[str, Any]:
    collection = service.shelf.get(name)
    identity, view = collection.store.identity, collection.store.view
    return {
        "name": name,
        "images": view.count("images"),
        "texts": view.count("texts"),
        "encoder": identity.encoder.replace("\\", "/").rsplit("/", 1)[-1] or None,
        "modalities": sorted(collection.encoder.modalities) if identity.encoder else [],
        "width": identity.width,
        "codes": identity.codes,
        "metadata": list(view.head.metadata_keys),
        "rerankers": list(service.settings.rerankers),
        "writable": not service.settings.read_only,
    }


@router.get("/health/live", response_model=Health, summary="Is it alive?")
async def live() -> dict[str, str]:
    """Answers as long as the process does; restart it when this fails."""
    return {"status": "live"}


@router.get(
    "/health/ready",
    response_model=Health,
    responses={503: {"description": "It is stopping, or cannot write.", "model": Health}},
    summary="Is it ready?",
)
async def ready(service: Shared) -> JSONResponse:
    """Whether questions are answered and changes taken; send no requests while this fails."""
    status = "ready" if service.ready else "stopping"
    return JSONResponse({"status": status}, 200 if service.ready else 503)


@router.get("/metrics", response_class=PlainTextResponse, summary="Metrics for Prometheus")
async def metrics(service: Shared) -> PlainTextResponse:
    """Requests, times and sizes in the text form of Prometheus."""
    gauges: list[tuple[str, str, dict[str, str], float]] = [
        ("tuwen_requests_running", "Requests that are answered now.", {}, service.metrics.running),
        (
            "tuwen_engine_pending",
            "Engine calls that run or wait.",
            {},
            service.engine.pending + service.long.pending,
        ),
    ]
    counted = await service.ask(
        lambda: {
            name: (each.count("image"), each.count("text"))
            for name, each in service.shelf.collections.items()
        }
    )
    words = "Items of a collection."
    for name, (images, texts) in counted.items():
        gauges.append(("tuwen_items", words, {"collection": name, "kind": "image"}, images))
        gauges.append(("tuwen_items", words, {"collection": name, "kind": "text"}, texts))
    for name, writer in service.writers.items():
        gauges.append(("tuwen_changes_waiting", "Changes that wait.", {"collection": name}, writer.waiting))
    return PlainTextResponse(
        service.metrics.text(gauges), media_type="text/plain; version=0.0.4; charset=utf-8"
    )


@router.get("/session", response_model=Session, summary="What may I do?")
async def get_session(request: Request, service: Shared) -> dict[str, Any]:
    """Whether a token is needed, and what the one that was given allows."""
    guard: Guard = request.app.state.guard
    return _session(service, await guard.scopes(request.scope))


@router.post("/session", response_model=Session, summary="Sign in")
async def sign_in(request: Request, service: Shared, login: Login) -> Response:
    """Keep a token in a cookie that scripts cannot read and other sites cannot send."""
    guard: Guard = request.app.state.guard
    token = await guard.known(login.token, client_of(request.scope))
    made = JSONResponse(_session(service, token.scopes))
    # what was checked, and of a form without signs that mean something in a header
    made.set_cookie(
        COOKIE,
        login.token,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return made


@router.delete("/session", status_code=204, summary="Sign out")
async def sign_out() -> Response:
    """Forget the cookie."""
    made = Response(status_code=204)
    made.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
    return made


def _session(service: Service, scopes: Any) -> dict[str, Any]:
    allowed = [scope for scope in scopes if scope == "read" or not service.settings.read_only]
    return {"needs_token": service.settings.needs_token, "scopes": allowed, "version": __version__}
