"""What a server answers, as the objects that a collection answers with; what is sent to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen.arrays import Modality
from tuwen.errors import InputError, ServiceError, UnknownName
from tuwen.records import Refusal
from tuwen.results import Hit, Item, Results

if TYPE_CHECKING:
    import httpx2

    from tuwen.heat import Heat

PARCEL_FILES = 100  # pictures that are sent in one request
PARCEL_BYTES = 16 << 20  # of them, well below what a server takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Records on their way into a collection.

    Attributes:
        id: Of the job.
        state: `queued`, `running`, `done` or `failed`.
        items: Kind and id of what was sent.
        refused: What was not taken, and why.
        error: Why it failed.
    """

    id: str
    state: str
    items: tuple[tuple[Modality, str], ...] = ()
    refused: tuple[Refusal, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The best items for one of many queries.

    Attributes:
        query: Its id.
        items: Ids and scores, best first.
        error: Why there is none.
    """

    query: str
    items: tuple[tuple[str, float], ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A collection of a server.

    Attributes:
        name: In addresses.
        images: How many there are.
        texts: How many there are.
        encoder: Its name.
        metadata: Names that filters may use.
        writable: Whether it takes changes.
    """

    name: str
    images: int
    texts: int
    encoder: str | None = None
    metadata: tuple[str, ...] = field(default=())
    writable: bool = True


def error(response: httpx2.Response) -> Exception:
    """What a problem of the server is here."""
    try:
        problem = response.json()
        detail, fields = str(problem["detail"]), problem.get("fields") or []
    except (ValueError, KeyError, TypeError):
        status = f"{response.status_code} {response.reason_phrase}".strip()
        return ServiceError(
            response.status_code, f"{status}, and not from tuwen; are the address and the proxy right?"
        )
    detail += "".join(f"; {each['field']}: {each['reason']}" for each in fields)
    if response.status_code == 404:
        return UnknownName(detail)
    if response.status_code in (400, 413, 422):
        return InputError(detail)
    return ServiceError(response.status_code, detail, problem.get("request_id", ""))


def picture(given: Any) -> tuple[str, bytes]:
    """Name and bytes of a picture that is a path or bytes."""
    if isinstance(given, bytes):
        return "picture", given
    path = Path(given)
    return path.name, path.read_bytes()


def parcels(
    named: Iterable[tuple[str, Any]], block: int, how: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Many queries as requests of bounded size: what is sent, and the ids of the queries in it.

    Texts and pictures go apart, and in the order in which they were given.
    """
    names: list[str] = []
    texts: list[dict[str, str]] = []
    files: list[tuple[str, tuple[str, bytes]]] = []
    size = 0

    def sent() -> tuple[dict[str, Any], list[str]]:
        if texts:
            return {"json": {"queries": texts, **how}}, names
        return {"files": files, "data": {"match": json.dumps(how)}}, names

    for name, query in named:
        file = None if isinstance(query, str) else picture(query)
        size += 0 if file is None else len(file[1])
        full = len(texts) >= block or len(files) >= PARCEL_FILES or size > PARCEL_BYTES
        if names and (full or (file is None) != bool(texts)):
            yield sent()
            names, texts, files, size = [], [], [], 0 if file is None else len(file[1])
        names.append(name)
        if file is None:
            texts.append({"id": name, "text": query})
        else:
            files.append(("files", file))
    if names:
        yield sent()


def record(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it is sent."""
    made = dict(record)
    made["texts"] = [{"text": each} if isinstance(each, str) else each for each in record.get("texts", ())]
    made["images"] = []
    for each in record.get("images", ()):
        image = dict(each) if isinstance(each, Mapping) else {"data": each}
        name, data = picture(image["data"])
        image["data"] = base64.b64encode(data).decode()
        made["images"].append({"name": name} | image)
    return made


def item(found: Mapping[str, Any]) -> Item:
    """An item; its path is the name of its file only."""
    return _made(Item, found, path=found["name"])  # type: ignore[no-any-return]


def holding(found: Mapping[str, Any]) -> Holding:
    """A collection of the server."""
    return _made(Holding, found, metadata=tuple(found["metadata"]))  # type: ignore[no-any-return]


def _made(kind: type[Any], found: Mapping[str, Any], **more: Any) -> Any:
    """An object of the fields that it has, from an answer that may have more."""
    values = {**found, **more}
    return kind(**{name: values[name] for name in kind.__dataclass_fields__ if name in values})


def results(found: Mapping[str, Any]) -> Results:
    """The hits of a search."""
    hits = tuple(_made(Hit, hit, path=hit["name"]) for hit in found["hits"])
    unscored = tuple(Refusal(item=each["item"], code=each["code"], reason="") for each in found["unscored"])
    return _made(Results, found, hits=hits, unscored=unscored)  # type: ignore[no-any-return]


def heat(found: Mapping[str, Any]) -> Heat:
    """Which parts of a picture count."""
    import numpy as np

    from tuwen.heat import Heat

    values = np.array(found["values"], dtype=np.float32) * np.float32(found["strength"])
    return Heat(values=values, how=found["how"], score=found["score"])


def job(found: Mapping[str, Any]) -> Job:
    """A job."""
    items = tuple((item["kind"], item["id"]) for item in found["items"])
    refused = tuple(Refusal(**line) for line in found["refused"])
    return _made(Job, found, items=items, refused=refused)  # type: ignore[no-any-return]
