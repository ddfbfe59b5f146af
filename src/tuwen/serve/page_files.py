"""The files of the page: read once when the server starts, and only those are ever served."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tuwen.files import content_hash
from tuwen.serve.problems import Problem

FOLDER = Path(__file__).parent / "page"
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}


def router(folder: Path = FOLDER) -> APIRouter:
    """Routes of the page: `/` is its `index.html`, everything else stands at `/page/NAME`.

    Args:
        folder: Where its files lie, themselves or in folders; without one `/` says that there is no page.
    """
    files = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.suffix in MEDIA and path.is_file():
            data = path.read_bytes()
            files[path.relative_to(folder).as_posix()] = (data, MEDIA[path.suffix], content_hash(data))
    routes = APIRouter(include_in_schema=False)

    def answer(name: str, request: Request) -> Response:
        if name not in files:
            raise Problem(404, "no-page", "there is nothing at this address; the API is at /api/v1")
        data, media, digest = files[name]
        headers = {"ETag": f'"{digest}"', "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=media, headers=headers)

    @routes.get("/")
    async def index(request: Request) -> Response:
        return answer("index.html", request)

    @routes.get("/page/{name:path}")
    async def file(name: str, request: Request) -> Response:
        return answer(name, request)

    return routes
