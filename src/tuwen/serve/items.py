"""Items: looked at, listed, added, changed, removed; jobs that add them; the ledger of refusals."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tuwen.errors import UnknownName
from tuwen.serve import taking
from tuwen.serve.answers import Item, Items, Job, Jobs, Ledger, Removed
from tuwen.serve.guard import API
from tuwen.serve.problems import Problem
from tuwen.serve.schemas import MAX_K, Changes, Id, Ids, Kind, NewRecords, Where, Words
from tuwen.serve.service import Opened, Service, Shared, no_item, page
from tuwen.serve.shelf import place_of

router = APIRouter(tags=["items"])
MAX_WAIT = 60.0
MAX_FILES = 200
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]
Wait = Annotated[float, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for the job to end.")]
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The items can be found now.", "model": Job},
    202: {"description": "The items are safe on disk and will be found soon; see the job.", "model": Job},
}


@router.get("/collections/{collection}/items", response_model=Items, summary="List items")
async def list_items(
    collection: str,
    opened: Opened,
    service: Shared,
    kind: Kind = "image",
    where: Where | None = None,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_K)] = 100,
) -> dict[str, Any]:
    """A page of the items of a kind, all or those that a filter keeps; `total` counts those."""
    found, total = await service.ask(opened.page, kind, where, offset=offset, limit=limit)
    return {
        "total": total,
        "offset": offset,
        "next_offset": page(total, offset, len(found)),
        "items": service.shown(collection, found),
    }


@router.post(
    "/collections/{collection}/items",
    response_model=Job,
    status_code=202,
    responses=_ACCEPTED,
    summary="Add records",
)
async def add_items(
    collection: str, opened: Opened, service: Shared, sent: NewRecords, wait: Wait = 0.0
) -> Response:
    """Add pictures and texts. What cannot be read is listed as refused and the rest goes on.

    The answer comes when everything is safe on disk; 202 when it cannot be found yet.
    """
    records, refused = await service.ask(taking.taken, opened, sent.records, service.settings.megapixels)
    return await _accept(collection, service, records, refused, wait)


@router.post(
    "/collections/{collection}/pictures",
    response_model=Job,
    status_code=202,
    responses=_ACCEPTED,
    summary="Add pictures as files",
)
async def add_pictures(
    collection: str,
    opened: Opened,
    service: Shared,
    files: Annotated[list[UploadFile], File(description="Pictures.")],
    text: Annotated[str | None, Form(description="A text about each of them.", max_length=4000)] = None,
    label: Annotated[str | None, Form(max_length=500)] = None,
    metadata: Annotated[
        str, Form(description="JSON values by name, for each of them.", max_length=16384)
    ] = "{}",
    wait: Wait = 0.0,
) -> Response:
    """Add pictures that are sent as files."""
    if len(files) > MAX_FILES:
        raise Problem(422, "invalid", f"at most {MAX_FILES} files at once")
    shared = taking.shared(text, label, metadata)
    pictures = [(await file.read(), file.filename or "picture") for file in files]

    def work() -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
        records: list[dict[str, Any]] = []
        refused: list[dict[str, str]] = []
        for data, name in pictures:
            taken = taking.picture(opened, None, name, data, service.settings.megapixels, refused)
            if taken is not None:
                texts = [{"id": each.id, "text": each.text} for each in shared.texts]
                known = {"label": shared.label, "metadata": shared.metadata}
                records.append({"entity": None, "images": [taken], "texts": texts, **known})
        return records, refused

    records, refused = await service.ask(work)
    return await _accept(collection, service, records, refused, wait)


async def _accept(
    name: str,
    service: Service,
    records: list[dict[str, Any]],
    refused: list[dict[str, str]],
    wait: float,
) -> Response:
    writer = service.writers[name]
    job = await service.ask(writer.add, records, refused)
    if wait:
        await service.aside(writer.wait, job, wait)
    status = 200 if job.state == "done" else 202
    made = Job.model_validate(job.to_dict())
    headers = {"Location": f"{API}/collections/{name}/jobs/{job.id}"}
    return JSONResponse(made.model_dump(), status, headers)


@router.get("/collections/{collection}/jobs", response_model=Jobs, summary="List jobs")
async def list_jobs(
    collection: str, opened: Opened, service: Shared, limit: Annotated[int, Query(ge=1, le=MAX_K)] = 100
) -> dict[str, Any]:
    """What was sent lately and where it is, newest first."""
    return {"jobs": [job.to_dict() for job in service.writers[collection].listed()[:limit]]}


@router.get("/collections/{collection}/jobs/{job}", response_model=Job, summary="A job")
async def get_job(
    collection: str, opened: Opened, service: Shared, job: Words, wait: Wait = 0.0
) -> dict[str, Any]:
    """Where a job is: how much is done, what was refused and why."""
    writer = service.writers[collection]
    found = writer.job(job)
    if found is None:
        raise Problem(404, "no-job", "there is no job with this id; those done long ago are forgotten")
    if wait and found.finished is None:
        await service.aside(writer.wait, found, wait)
    return found.to_dict()


@router.get("/collections/{collection}/items/{kind}/{id:whole}", response_model=Item, summary="An item")
async def get_item(collection: str, opened: Opened, service: Shared, kind: Kind, id: Id) -> dict[str, Any]:
    """One item with what is known of it."""
    try:
        found = await service.ask(opened.get, kind, id)
    except UnknownName as error:
        raise no_item(kind) from error
    return service.shown(collection, [found])[0]


@router.patch(
    "/collections/{collection}/items/{kind}/{id:whole}", response_model=Item, summary="Change an item"
)
async def update_item(
    collection: str, opened: Opened, service: Shared, kind: Kind, id: Id, changes: Changes
) -> dict[str, Any]:
    """Change what is known of an item: its label, its entity, its metadata; the words of a text.

    Its file stays as it is: when that is indexed again, what its source says counts again.
    """
    values = changes.model_dump(exclude_unset=True)
    for name in ("entity", "text"):
        if values.get(name, "") is None:
            raise Problem(422, "invalid", f"{name} cannot be taken away; give another")

    def work() -> Any:
        try:
            opened.update(kind, id, **values)
            return opened.get(kind, id)
        except UnknownName as error:
            raise no_item(kind) from error

    found = await service.change(collection, work)
    return service.shown(collection, [found])[0]


@router.delete("/collections/{collection}/items/{kind}/{id:whole}", status_code=204, summary="Remove an item")
async def delete_item(collection: str, opened: Opened, service: Shared, kind: Kind, id: Id) -> Response:
    """Remove an item, and its picture when it was sent to this server.

    A file that was indexed stays where it is; indexing its source again brings the item back.
    """
    removed = await service.change(collection, lambda: service.writers[collection].delete(kind, [id]))
    if not removed:
        raise no_item(kind)
    return Response(status_code=204)


@router.post("/collections/{collection}/remove/{kind}", response_model=Removed, summary="Remove items")
async def delete_items(
    collection: str, opened: Opened, service: Shared, kind: Kind, sent: Ids
) -> dict[str, int]:
    """Remove several items; unknown ids are passed over."""
    ids = list(dict.fromkeys(sent.ids))
    return {
        "removed": await service.change(collection, lambda: service.writers[collection].delete(kind, ids))
    }


@router.get("/collections/{collection}/ledger", response_model=Ledger, summary="What was refused")
async def ledger(
    opened: Opened,
    service: Shared,
    request: Request,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_K)] = 100,
) -> dict[str, Any]:
    """Inputs that were not taken, with their reasons, newest first."""

    def work() -> list[dict[str, Any]]:
        columns = ["item", "code", "reason", "source", "time"]
        lines = opened.store.view.scan("ledger", columns, "code != 'duplicate'").to_pylist()
        return sorted(lines, key=lambda line: line["time"], reverse=True)

    lines = await service.ask(work)
    shown = [_line(line) for line in lines[offset : offset + limit]]
    after = page(len(lines), offset, len(shown))
    return {"total": len(lines), "offset": offset, "next_offset": after, "lines": shown}


def _line(line: dict[str, Any]) -> dict[str, Any]:
    """A line of the ledger without where things lie on the server."""
    item = place_of(line["item"], line["source"])
    reason = line["reason"].replace(line["item"], item)
    if line["source"]:
        reason = reason.replace(line["source"], place_of(line["source"], ""))
    time = line["time"].isoformat(timespec="seconds") if line["time"] is not None else None
    return {"item": item, "code": line["code"], "reason": reason, "time": time}
