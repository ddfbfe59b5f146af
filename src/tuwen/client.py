"""A server of `tuwen serve`, asked from Python."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from tuwen import client_answers
from tuwen.arrays import Modality
from tuwen.client_answers import Answer, Holding, Job
from tuwen.errors import InputError, MissingExtra, ServiceError
from tuwen.records import Refusal
from tuwen.results import Item, Results

if TYPE_CHECKING:
    import httpx2

    from tuwen.heat import Heat

API = "/api/v1"
TRIES = 4  # of a request that the server was too busy for


class Client:
    """Asks a server of `tuwen serve`.

    Args:
        url: Where it is, such as `http://127.0.0.1:8000`.
        collection: The collection to ask; may be left out where there is only one.
        token: Made by `tuwen token add`; needed unless the server is on this machine.
        seconds: To wait for an answer.

    A request that the server is too busy for is tried again after the time it names.
    """

    def __init__(
        self, url: str, collection: str | None = None, *, token: str | None = None, seconds: float = 60.0
    ) -> None:
        try:
            import httpx2
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "the client needs httpx2; install it with: pip install 'tuwen[serve]'"
            ) from error
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=seconds)
        self._collection = collection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    @property
    def collection(self) -> str:
        """The name of the collection that is asked.

        Raises:
            InputError: None was named and the server has several, or none.
        """
        if self._collection is None:
            names = [each.name for each in self.collections()]
            if len(names) != 1:
                raise InputError(f"the server has {len(names)} collections ({', '.join(names)}); name one")
            self._collection = names[0]
        return self._collection

    def collections(self) -> list[Holding]:
        """The collections of the server."""
        return [client_answers.holding(each) for each in self._get("/collections")["collections"]]

    def ready(self) -> bool:
        """Whether the server answers questions and takes changes."""
        return bool(self._http.get(f"{API}/health/ready").is_success)

    def search(
        self,
        query: str | Path | bytes | Sequence[Mapping[str, Any]],
        *,
        kind: Modality = "image",
        k: int = 10,
        **options: Any,
    ) -> Results:
        """The items nearest to a query; see `Collection.search`.

        Args:
            query: Words; a picture as a path or its bytes; or several parts, each with a `weight` and one
                of `text`, `item` (`kind` and `id`) and `image` (a path or bytes).
            kind: What to look for.
            k: How many.
            options: `offset`, `min_score`, `where`, `hybrid`, `group`, `diversity`, `exact`, `codes`,
                `rerank` (a name that the server gives), `depth`, `rerank_weight`.

        Raises:
            InputError: The query or an option is wrong.
        """
        found = self._asked("search", query, {"kind": kind, "k": k, **options})
        return client_answers.results(found)

    def heat(
        self,
        identifier: str,
        query: str | Path | bytes | Sequence[Mapping[str, Any]],
        *,
        how: str = "auto",
    ) -> Heat:
        """Which parts of a stored picture count for a question; see `tuwen.heat.heat`.

        Args:
            identifier: Of the picture.
            query: As for `search`.
            how: `occlusion`, `patches`, or `auto`.

        Returns:
            Its values are shares of its strength, none below zero.

        Raises:
            UnknownName: There is no such picture, or its file is gone.
            InputError: The query is wrong, or the collection's encoder has no such heat map.
        """
        return client_answers.heat(self._asked("heat", query, {"item": identifier, "how": how}))

    def similar(self, kind: Modality, identifier: str, *, to: Modality | None = None, k: int = 10) -> Results:
        """The items most like a stored one; see `Collection.similar`.

        Raises:
            UnknownName: There is no such item.
        """
        asked = {"k": k} | ({"to": to} if to else {})
        return client_answers.results(self._get(f"{self._place}/similar/{kind}/{_quoted(identifier)}", asked))

    def match(
        self,
        queries: Iterable[str | Path | bytes] | Mapping[str, str | Path | bytes],
        *,
        kind: Modality = "image",
        k: int = 5,
        block: int = 1000,
        approximate: bool = False,
        rerank: str | None = None,
        depth: int = 100,
    ) -> Iterator[Answer]:
        """The k best items for each of many queries, one after the other as they are found.

        Args:
            queries: Texts, or pictures as paths or bytes; or these by id, else numbers are the ids.
            kind: What to look for.
            k: How many for each.
            block: Texts that are sent at a time; pictures go in parcels of 16 MB.
            approximate: Ask the server's index instead of comparing with every item.
            rerank: The name of a second stage that the server has; it scores the first hits again.
            depth: How many hits it scores.

        Raises:
            InputError: The server has no such second stage.
            ServiceError: The server broke off.
        """
        named = (
            queries.items() if isinstance(queries, Mapping) else ((str(n), q) for n, q in enumerate(queries))
        )
        how = {"kind": kind, "k": k, "approximate": approximate, "rerank": rerank, "depth": depth}
        for sent, names in client_answers.parcels(named, block, how):
            place = "match/upload" if "files" in sent else "match"
            for name, answer in zip(names, self._matched(place, sent), strict=True):
                yield replace(answer, query=name)

    def _matched(self, place: str, sent: Mapping[str, Any]) -> Iterator[Answer]:
        with self._http.stream("POST", f"{API}{self._place}/{place}", **sent) as response:
            if not response.is_success:
                response.read()
                raise client_answers.error(response)
            for line in map(json.loads, response.iter_lines()):
                if "done" in line:
                    return
                if "query" not in line:
                    raise ServiceError(line["error"]["status"], line["error"]["detail"])
                items = tuple((hit["id"], hit["score"]) for hit in line.get("hits", ()))
                fault = line["error"]["detail"] if line.get("error") else None
                yield Answer(query=line["query"], items=items, error=fault)
        raise ServiceError(0, "the server broke off before all queries were answered")

    def get(self, kind: Modality, identifier: str) -> Item:
        """One item.

        Raises:
            UnknownName: There is no such item.
        """
        return client_answers.item(self._get(f"{self._place}/items/{kind}/{_quoted(identifier)}"))

    def items(self, kind: Modality, where: str | None = None) -> Iterator[Item]:
        """All items of a kind, or those that a filter keeps."""
        asked: dict[str, Any] = {"kind": kind, "limit": 500} | ({"where": where} if where else {})
        yield from map(client_answers.item, self._pages(f"{self._place}/items", asked, "items"))

    def ledger(self) -> Iterator[Refusal]:
        """Inputs that the collection refused, newest first."""
        for line in self._pages(f"{self._place}/ledger", {"limit": 500}, "lines"):
            yield Refusal(item=line["item"], code=line["code"], reason=line["reason"])

    def duplicates(self, kind: Modality = "image", *, distance: int = 6) -> list[list[str]]:
        """Ids of items that are the same, a list a group, largest first."""
        asked = {"kind": kind, "distance": distance, "limit": 500}
        groups = self._pages(f"{self._place}/duplicates", asked, "groups")
        return [[member["id"] for member in group["members"]] for group in groups]

    def add(self, records: Sequence[Mapping[str, Any]], *, wait: float = 60.0) -> Job:
        """Add records; when this returns they are safe on the server.

        Args:
            records: Each with `texts` (strings, or mappings of `id` and `text`), `images` (paths or bytes,
                or mappings of `id`, `name` and `data`), `entity`, `label`, `metadata`.
            wait: Seconds to wait until they can be found, 60 at most.
        """
        sent = [client_answers.record(record) for record in records]
        return client_answers.job(
            self._post(f"{self._place}/items", params={"wait": wait}, json={"records": sent})
        )

    def job(self, identifier: str, *, wait: float = 0.0) -> Job:
        """Where a job is, after waiting for its end for so many seconds at most.

        Raises:
            UnknownName: There is no such job.
        """
        return client_answers.job(self._get(f"{self._place}/jobs/{_quoted(identifier)}", {"wait": wait}))

    def update(self, kind: Modality, identifier: str, **values: Any) -> Item:
        """Change what is known of an item; values as for `Collection.update`.

        Raises:
            UnknownName: There is no such item.
        """
        path = f"{self._place}/items/{kind}/{_quoted(identifier)}"
        return client_answers.item(self._send("PATCH", path, json=values).json())

    def delete(self, kind: Modality, ids: Sequence[str]) -> int:
        """Remove items; unknown ids are passed over. Returns how many were removed."""
        if isinstance(ids, str):
            raise InputError(f"ids is the string {ids!r}; give a list of ids")
        found = self._post(f"{self._place}/remove/{kind}", json={"ids": list(ids)})
        return int(found["removed"])

    def picture(self, identifier: str) -> bytes:
        """The picture of an item, as it was stored.

        Raises:
            UnknownName: There is no such item, or its file is gone.
        """
        return bytes(self._send("GET", f"{self._place}/pictures/{_quoted(identifier)}").content)

    def thumbnail(self, identifier: str, side: int = 320) -> bytes:
        """A small JPEG of an item's picture, about `side` pixels wide or high.

        Raises:
            UnknownName: There is no such item, or its file is gone.
        """
        path = f"{self._place}/thumbnails/{_quoted(identifier)}"
        return bytes(self._send("GET", path, params={"side": side}).content)

    def _asked(self, what: str, query: Any, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question of words or of parts; pictures go along as files."""
        if isinstance(query, str):
            return self._post(f"{self._place}/{what}", json={"query": query, **asked})
        files: list[tuple[str, tuple[str, bytes]]] = []
        parts: list[dict[str, Any]]
        parts = [{"image": query}] if isinstance(query, Path | bytes) else [dict(each) for each in query]
        for part in parts:
            if "image" in part:
                part["upload"] = len(files)
                files.append(("files", client_answers.picture(part.pop("image"))))
        asked = {"parts": parts, **asked}
        if not files:
            return self._post(f"{self._place}/{what}", json=asked)
        return self._post(f"{self._place}/{what}/upload", files=files, data={what: json.dumps(asked)})

    @property
    def _place(self) -> str:
        return f"/collections/{_quoted(self.collection)}"

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return dict(self._send("GET", path, params=params).json())

    def _post(self, path: str, **sent: Any) -> dict[str, Any]:
        return dict(self._send("POST", path, **sent).json())

    def _pages(self, path: str, asked: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
        offset: int | None = 0
        while offset is not None:
            page = self._get(path, {**asked, "offset": offset})
            yield from page[name]
            offset = page["next_offset"]

    def _send(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        """Send a request, and again when the server is too busy for it.

        What changes something may be sent again too: ids make it the same change.
        """
        import httpx2

        for turn in range(TRIES):
            try:
                response = self._http.request(method, f"{API}{path}", **sent)
            except httpx2.HTTPError as error:
                raise ServiceError(0, f"{self._http.base_url} does not answer ({error})") from error
            if response.is_success:
                return response
            if response.status_code not in (429, 503) or turn == TRIES - 1:
                break
            time.sleep(min(float(response.headers.get("retry-after", 1)), 10))
        raise client_answers.error(response)


def _quoted(name: str) -> str:
    return quote(name, safe="")
