"""Routes of pictures: an item's own and a small one, by id only."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from tuwen.serve.schemas import Id
from tuwen.serve.service import Opened, Shared
from tuwen.serve.showing import SIDES, Shown, picture

router = APIRouter(tags=["pictures"])
_IMAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "It has not changed."},
}


@router.get(
    "/collections/{collection}/pictures/{id:whole}",
    response_class=Response,
    responses=_IMAGE,
    summary="A picture",
)
async def get_picture(opened: Opened, service: Shared, request: Request, id: Id) -> Response:
    """The picture of an item, as it was stored."""
    return _answer(request, await service.ask(picture, opened, id, service.settings))


@router.get(
    "/collections/{collection}/thumbnails/{id:whole}",
    response_class=Response,
    responses=_IMAGE,
    summary="A thumbnail",
)
async def get_thumbnail(
    opened: Opened,
    service: Shared,
    request: Request,
    id: Id,
    side: Annotated[
        int, Query(ge=1, le=SIDES[-1], description=f"Pixels, rounded up to one of {SIDES}.")
    ] = 320,
) -> Response:
    """A small JPEG of the picture of an item."""
    rounded = next(each for each in SIDES if each >= side)
    return _answer(request, await service.ask(service.thumbnails.get, opened, id, rounded))


def _answer(request: Request, shown: Shown) -> Response:
    tag = f'"{shown.tag}"'
    # it may be shown again without asking for a minute, and after that only if it has not changed
    headers = {"ETag": tag, "Cache-Control": "private, max-age=60"}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(shown.data, media_type=shown.media, headers=headers)
