"""What the routes share: collections, their writers, the engine's threads, settings, counts."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import quote
from weakref import WeakSet

from fastapi import Depends
from PIL import Image
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request

from tuwen.errors import TuwenError
from tuwen.serve import shelf
from tuwen.serve.engine import Engine
from tuwen.serve.guard import API
from tuwen.serve.libraries import Libraries
from tuwen.serve.metrics import Metrics
from tuwen.serve.problems import Problem, busy
from tuwen.serve.settings import Settings
from tuwen.serve.shelf import Shelf
from tuwen.serve.showing import Thumbnails
from tuwen.serve.tokens import Tokens
from tuwen.serve.writing import Writer
from tuwen.tables import TABLE_OF

if TYPE_CHECKING:
    from tuwen.collection import Collection

T = TypeVar("T")
REMEMBERED = 16  # answers that are long in the making: duplicates, overviews, planes
WAITS = 32  # requests that wait for a job to end
LONG, LONG_WAITING = 2, 16  # calls at a time that look at a whole collection; those that may wait


class _Whole(PathConvertor):
    """The rest of an address, as `path`, lines and all: names of files may hold them, and so ids."""

    regex = r"[\s\S]*"


register_url_convertor("whole", _Whole())


class Service:
    """A server's parts; made once, used by every request."""

    def __init__(self, collections: Mapping[str, Collection], settings: Settings) -> None:
        self.settings = settings
        self.shelf = Shelf(collections)
        self.engine = Engine(settings.workers, settings.waiting, settings.answer_seconds)
        self.long = Engine(LONG, LONG_WAITING, settings.answer_seconds)
        self.metrics = Metrics()
        self.libraries = Libraries(list(self.shelf.collections))
        self.thumbnails = Thumbnails(settings)
        self.tokens = Tokens(settings.tokens) if settings.tokens is not None else None
        self.writers = {name: Writer(each, name) for name, each in self.shelf.collections.items()}
        self.stopping = self._started = False
        self._remembered: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._lock = threading.Lock()
        self.exports: WeakSet[SpooledTemporaryFile[bytes]] = WeakSet()  # that are sent
        self._waits = ThreadPoolExecutor(WAITS, thread_name_prefix="wait")

    def start(self) -> None:
        """Load what the first question would wait for, and take up what an earlier process left.

        Done again, it does nothing.

        Raises:
            TuwenError: An encoder or a second stage cannot be loaded, or another server takes changes of a
                collection.
        """
        if self._started:
            return
        self._started = True
        for name, collection in self.shelf.collections.items():
            view = collection.store.view
            for table in TABLE_OF.values():
                collection.indexes.get(view, table)
            if collection.store.identity.encoder:
                _warm(collection)
                for folder in self.settings.rerankers.values():
                    collection.stage(folder)
            if not self.settings.read_only:
                self.writers[name].start()

    def stop(self) -> None:
        """Finish what was accepted; done again, it does nothing."""
        if self.stopping:
            return
        self.stopping = True
        for writer in self.writers.values():
            if writer.alive:
                writer.close()
        self._waits.shutdown(wait=False, cancel_futures=True)
        self.engine.close()
        self.long.close()

    @property
    def ready(self) -> bool:
        """Whether questions are answered and changes taken."""
        alive = self.settings.read_only or all(writer.alive for writer in self.writers.values())
        return alive and not self.stopping

    async def ask(self, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Call the engine in one of its threads."""
        return await self.engine.run(function, *arguments, **options)

    async def ask_long(self, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Call what may take minutes in a thread of its own, so that searches find theirs free."""
        return await self.long.run(function, *arguments, **options)

    def once(self, collection: Collection, key: tuple[Any, ...], function: Callable[[], T]) -> T:
        """What a function returns, remembered while the collection stays as it is; runs in a thread."""
        now = (str(collection.path), collection.store.view.head.sequence, *key)
        with self._lock:
            if now in self._remembered:
                self._remembered.move_to_end(now)
                found: T = self._remembered[now]
                return found
        made = function()
        with self._lock:
            self._remembered[now] = made
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return made

    async def aside(self, function: Callable[..., None], *arguments: Any) -> None:
        """Wait for something without taking one of the engine's threads."""
        await asyncio.get_running_loop().run_in_executor(self._waits, functools.partial(function, *arguments))

    async def change(self, name: str, function: Callable[[], T]) -> T:
        """Change a collection in its writing thread.

        Raises:
            Problem: 503 when it could not begin in time; then nothing was changed.
        """
        future = self.writers[name].call(function)
        waiting = asyncio.wrap_future(future)
        while True:
            try:
                return await asyncio.wait_for(asyncio.shield(waiting), self.settings.answer_seconds)
            except TimeoutError:
                if future.cancel():
                    raise busy("changes before this one take long; try again", 10) from None

    def links(self, name: str, found: dict[str, Any]) -> dict[str, Any]:
        """An item with the addresses of its pictures."""
        if found["kind"] == "image":
            place = f"{API}/collections/{quote(name, safe='')}"
            identifier = quote(found["id"], safe="", errors="replace")
            found["picture"] = f"{place}/pictures/{identifier}"
            found["thumbnail"] = f"{place}/thumbnails/{identifier}"
        return found

    def shown(self, name: str, items: Any) -> list[dict[str, Any]]:
        """Items or hits as clients see them."""
        return [self.links(name, shelf.public(item)) for item in items]


def _warm(collection: Collection) -> None:
    """Ask something, since much is loaded with the first question."""
    known = collection.encoder.modalities
    for kind, question in (("text", "a"), ("image", Image.new("RGB", (64, 64), "grey"))):
        if kind in known:
            with suppress(TuwenError):  # a fitted encoder may know none of it
                collection.search(question, k=1)


def _service(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


def _opened(collection: str, request: Request) -> Collection:
    return _service(request).shelf.get(collection)


Shared = Annotated[Service, Depends(_service)]
"""The service, as a parameter of a route."""

Opened = Annotated[Any, Depends(_opened)]
"""The collection that an address names, as a parameter of a route."""


def page(total: int, offset: int, count: int) -> int | None:
    """The offset of the page after one that begins at `offset` and has `count` things."""
    return offset + count if count and offset + count < total else None


def no_item(kind: str) -> Problem:
    """The problem of an id that nothing has."""
    return Problem(404, "no-item", f"there is no {kind} with this id")
