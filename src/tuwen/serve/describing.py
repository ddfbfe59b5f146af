"""What OpenAPI says beside the types: an example of everything, and which scope an operation needs."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from tuwen.serve.answers import ProblemBody
from tuwen.serve.guard import scope_of

PROBLEM = ProblemBody.__name__

PARAMETERS: dict[str, Any] = {
    "collection": "photos",
    "kind": "image",
    "to": "text",
    "id": "harbour",
    "job": "8d1f0c2a9b7e4f63",
    "q": "海边的狗",
    "k": 5,
    "offset": 0,
    "limit": 100,
    "where": "year >= 2020",
    "min_score": 0.2,
    "hybrid": False,
    "wait": 10,
    "side": 320,
    "distance": 6,
    "min_cosine": 0.85,
}
"""An example of each parameter, by its name."""

_ITEM = {
    "id": "harbour",
    "kind": "image",
    "text": None,
    "name": "harbour.jpg",
    "entity": "harbour",
    "label": "boats",
    "metadata": {"year": 2024},
    "missing": False,
    "picture": "/api/v1/collections/photos/pictures/harbour",
    "thumbnail": "/api/v1/collections/photos/thumbnails/harbour",
}
_COLLECTION = {
    "name": "photos",
    "images": 8000,
    "texts": 40000,
    "encoder": "mini",
    "modalities": ["image", "text"],
    "width": 256,
    "codes": 0,
    "metadata": ["year"],
    "rerankers": [],
    "writable": True,
}
_REFUSED = {"item": "broken.jpg", "code": "truncated", "reason": "broken.jpg is a JPEG that ends too early"}
_JOB = {
    "id": "8d1f0c2a9b7e4f63",
    "collection": "photos",
    "state": "done",
    "records": 2,
    "done": 2,
    "items": [{"kind": "image", "id": "harbour"}, {"kind": "text", "id": "note-1"}],
    "refused": [_REFUSED],
    "created": "2026-11-21T06:00:00.000+00:00",
    "finished": "2026-11-21T06:00:00.420+00:00",
    "error": None,
}
_DECISION = {"left": "photo-1", "right": "record-7", "match": True}
_PAGE = {"total": 1, "offset": 0, "next_offset": None}

EXAMPLES: dict[str, Any] = {
    "Body_add_pictures": {"files": ["harbour.jpg"], "text": "a red boat", "metadata": '{"year": 2024}'},
    "Body_heat_upload": {
        "files": ["boat.jpg"],
        "heat": '{"parts": [{"upload": 0}], "item": {"kind": "image", "id": "harbour"}}',
    },
    "Body_match_upload": {"files": ["boat.jpg", "dog.jpg"], "match": '{"k": 3}'},
    "Body_search_upload": {
        "files": ["boat.jpg"],
        "search": '{"parts": [{"upload": 0}, {"text": "at night", "weight": 0.5}], "k": 5}',
    },
    "Collection": _COLLECTION,
    "Collections": {"collections": [_COLLECTION]},
    "Decisions": {
        **_PAGE,
        "matches": 1,
        "decisions": [{**_DECISION, "time": "2026-11-21T06:00:00+00:00"}],
    },
    "Found": {
        "query": "海边的狗 -人",
        "kind": "image",
        "fits": True,
        "probability": 0.93,
        "seconds": 0.004,
        "rerank_ms": None,
        "unscored": [],
        "total": 8000,
        "offset": 0,
        "next_offset": 1,
        "hits": [{**_ITEM, "rank": 1, "score": 0.3125, "rerank_score": None}],
    },
    "Groups": {
        **_PAGE,
        "groups": [
            {
                "exact": False,
                "members": [
                    {"id": "harbour", "name": "harbour.jpg", "text": "", "bits": 0, "stored": True},
                    {
                        "id": "harbour-small",
                        "name": "harbour-small.jpg",
                        "text": "",
                        "bits": 3,
                        "stored": True,
                    },
                ],
            }
        ],
    },
    "Headlines": {"headlines": [{"id": "h1", "text": "台风登陆，渔船回港", "label": ""}], "k": 3},
    "Health": {"status": "ready"},
    "Ids": {"ids": ["harbour", "note-1"]},
    "Illustrations": {
        "answers": [
            {
                "query": "h1",
                "fits": True,
                "probability": 0.8,
                "choices": [
                    {
                        "id": "harbour",
                        "rank": 1,
                        "score": 0.0325,
                        "name": "harbour.jpg",
                        "text": "渔船在港口",
                        "label": "",
                        "shared": ["渔船"],
                        "why": [{"name": "words", "place": 1, "share": 0.5}],
                        "thumbnail": "/api/v1/collections/photos/thumbnails/harbour",
                    }
                ],
            }
        ],
        "refused": [],
    },
    "Item": _ITEM,
    "Items": {**_PAGE, "items": [_ITEM]},
    "Job": _JOB,
    "Jobs": {"jobs": [_JOB]},
    "Ledger": {**_PAGE, "lines": [{**_REFUSED, "time": "2026-11-21T06:00:00+00:00"}]},
    "Login": {"token": "tw_0123456789ab_0123456789abcdefghijABCDEFGHIJ-_0123456789a"},
    "NewDecisions": {"decisions": [_DECISION]},
    "Overview": {
        "counts": {"image": 8000, "text": 40000},
        "missing": {"image": 0, "text": 0},
        "labels": {"image": {"boats": 120}, "text": {}},
        "refused": {"truncated": 1},
    },
    "Plane": {"explained": 0.18, "places": [{"id": "harbour", "label": "boats", "x": 0.25, "y": -0.5}]},
    PROBLEM: {
        "type": "about:blank",
        "title": "Not there",
        "status": 404,
        "code": "no-item",
        "detail": "there is no image with this id",
        "request_id": "28e2706b0f740a75",
    },
    "Removed": {"removed": 2},
    "Session": {"needs_token": True, "scopes": ["read"], "version": "0.1.0"},
    "Wanted": {"kind": "image", "ids": ["harbour"], "pictures": True},
}
"""An example of what is sent and answered, by the name of its schema; some schemas bring their own."""


def name_of(route: APIRoute) -> str:
    """The name of an operation: short, for programs that are made of the description."""
    return route.name


def describe(app: FastAPI) -> None:
    """Complete the description that an application gives of itself."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        schema = made()
        parts = schema.setdefault("components", {})
        parts.setdefault("securitySchemes", {})["token"] = {
            "type": "http",
            "scheme": "bearer",
            "description": "Made by `tuwen token add`.",
        }
        schemas = parts.setdefault("schemas", {})
        schemas[PROBLEM] = ProblemBody.model_json_schema()
        for name, part in schemas.items():
            if name in EXAMPLES:
                part.setdefault("examples", [EXAMPLES[name]])
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                scope = scope_of(method.upper(), path)
                operation["security"] = [{"token": [scope]}] if scope else []
                for parameter in operation.get("parameters", ()):
                    if parameter["name"] in PARAMETERS:
                        parameter.setdefault("example", PARAMETERS[parameter["name"]])
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
