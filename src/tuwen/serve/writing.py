"""All changes of a collection, in one thread and in order, while others search."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout

from tuwen.errors import Locked, TuwenError
from tuwen.serve import jobs, shelf
from tuwen.serve.jobs import Job
from tuwen.serve.problems import busy
from tuwen.tables import TABLE_OF

if TYPE_CHECKING:
    from tuwen.arrays import Modality
    from tuwen.collection import Collection

T = TypeVar("T")
WAITING = 1000  # changes that may wait
TOGETHER = 2000  # records of waiting jobs that are written in one go
FEW = 200  # new items from which on indexes are made ready again; at least a tenth of what there is

_log = logging.getLogger("tuwen.serve")


class Writer:
    """The one thread that changes a collection.

    Jobs are noted on disk when they are accepted, so that even a killed process loses none; those that
    wait are written together, since each run looks at all that is known.
    """

    def __init__(self, collection: Collection, name: str) -> None:
        self.collection, self.name = collection, name
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[Job | tuple[Callable[[], Any], Future[Any]]] = deque()
        self._changed = threading.Condition()
        self._files = (
            threading.Lock()
        )  # pictures come and go between a job's files and its place in the queue
        # of the process, not of a thread: the one that starts need not be the one that stops
        self._lock = FileLock(jobs.journal(collection) / "server.lock", thread_local=False)
        self._closing = False
        self._fresh = 0
        self._thread = threading.Thread(target=self._work, name=f"write {name}", daemon=True)

    def start(self) -> None:
        """Begin, with the jobs that an earlier process left.

        Raises:
            Locked: Another server takes changes of the collection.
        """
        folder = jobs.journal(self.collection)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise Locked(
                f"another server takes changes of {self.collection.path}; start this one with --read-only"
            ) from error
        for job in jobs.left(self.collection, self.name):
            if job.id not in self._jobs:
                self._jobs[job.id] = job
                self._waiting.append(job)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether changes are taken."""
        return self._thread.is_alive() and not self._closing

    @property
    def waiting(self) -> int:
        """Changes that wait."""
        return len(self._waiting)

    def add(self, records: list[dict[str, Any]], refused: list[dict[str, str]]) -> Job:
        """Accept records; when this returns they are on disk and will be found soon.

        Args:
            records: `entity`, `label`, `metadata`, `texts` (`id`, `text`) and `images` (`id`, `name`,
                `data`) of each.
            refused: What was not taken before: `item`, `code`, `reason`.

        Raises:
            Problem: Too many changes wait, or the server is stopping.
        """
        self._check_room()
        with self._files:
            for item in (item for record in records for item in record["images"]):
                item["path"] = str(shelf.keep(self.collection, item.pop("data")))
            job = Job(
                collection=self.name, records=[jobs.with_ids(each) for each in records], refused=refused
            )
            jobs.write(self.collection, job)
            with self._changed:
                self._jobs[job.id] = job
                self._trim()
                self._waiting.append(job)
                self._changed.notify_all()
        return job

    def call(self, function: Callable[[], T]) -> Future[T]:
        """Have something done in the writing thread, after what waits already.

        Raises:
            Problem: Too many changes wait, or the server is stopping.
        """
        future: Future[T] = Future()
        with self._changed:
            self._check_room()
            self._waiting.append((function, future))
            self._changed.notify_all()
        return future

    def delete(self, kind: Modality, ids: list[str]) -> int:
        """Remove items and the pictures that were sent for them; called in the writing thread.

        Returns:
            How many there were.
        """
        paths = shelf.paths_of(self.collection, ids) if kind == "image" else set()
        count = self.collection.delete(kind, ids)
        self._release(paths)
        return count

    def job(self, identifier: str) -> Job | None:
        """A job by its id."""
        with self._changed:
            return self._jobs.get(identifier)

    def wait(self, job: Job, seconds: float) -> None:
        """Wait for a job to end, for so many seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: job.finished is not None, seconds)

    def listed(self) -> list[Job]:
        """The jobs, newest first."""
        with self._changed:
            return list(reversed(self._jobs.values()))

    def close(self) -> None:
        """Finish what waits and stop."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._lock.release()

    def _check_room(self) -> None:
        if self._closing:
            raise busy("the server is stopping; ask again when it is back", 10)
        if len(self._waiting) >= WAITING:
            raise busy("too many changes wait; try again", 5)

    def _trim(self) -> None:
        ended = [key for key, job in self._jobs.items() if job.finished]
        for identifier in ended[: max(len(ended) - jobs.KEPT, 0)]:
            del self._jobs[identifier]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                first = self._waiting.popleft()
                together = self._together(first) if isinstance(first, Job) else []
            if isinstance(first, Job):
                self._write(together)
            elif first[1].set_running_or_notify_cancel():
                self._call(*first)
            if not self._waiting:
                self._make_ready()

    def _together(self, first: Job) -> list[Job]:
        """The jobs that are written with the first: those next to it that speak of other items."""
        found, count, items = [first], len(first.records), first.keys
        while self._waiting and isinstance(job := self._waiting[0], Job):
            count += len(job.records)
            if count > TOGETHER or items & job.keys:
                break
            items |= job.keys
            found.append(job)
            self._waiting.popleft()
        return found

    def _call(self, function: Callable[[], Any], future: Future[Any]) -> None:
        try:
            future.set_result(function())
        except Exception as error:  # it is raised to whoever waits for the future
            future.set_exception(error)

    def _write(self, together: list[Job]) -> None:
        for job in together:
            job.state = "running"
        error = None
        try:
            self._store(together)
        except Exception as fault:  # the thread goes on; the jobs stay on disk and are tried again at a start
            if len(together) > 1:  # one of them may spoil the rest
                for job in together:
                    self._write([job])
                return
            _log.exception("writing to %s failed", self.name)
            text = str(fault).replace(str(self.collection.path), self.name)
            error = text if isinstance(fault, TuwenError) else "a fault of the server"
        with self._changed:
            for job in together:
                job.end("done" if error is None else "failed", error)
            self._changed.notify_all()

    def _store(self, together: list[Job]) -> None:
        from tuwen.ingest import ingest_records

        sent = [item for job in together for record in job.records for item in record["images"]]
        before = shelf.paths_of(self.collection, [item["id"] for item in sent])
        made = (record for job in together for record in jobs.records_of(self.collection, job))
        report = ingest_records(self.collection, made)
        self._fresh += report.added + report.updated
        view = self.collection.store.view
        jobs.add_refusals(
            self.collection, together, view.scan("ledger", ["item", "code", "reason"]).to_pylist()
        )
        # the same bytes may be stored already, under another id
        hashes = [Path(item["path"]).stem for item in sent]
        stored = view.by_ids("images", hashes, ["id", "hash"], column="hash").to_pylist()
        by_hash = {row["hash"]: row["id"] for row in stored}
        for item, content in zip(sent, hashes, strict=True):
            item["id"] = by_hash.get(content, item["id"])
        texts = [item for job in together for record in job.records for item in record["texts"]]
        kinds: tuple[tuple[Modality, list[dict[str, Any]]], ...] = (("image", sent), ("text", texts))
        for kind, listed in kinds:
            table = TABLE_OF[kind]
            found = set(view.by_ids(table, [item["id"] for item in listed], ["id"])["id"].to_pylist())
            for item in listed:
                item["gone"] = item["id"] not in found
        self._release(before | {item["path"] for item in sent})
        for job in together:
            jobs.forget(self.collection, job)

    def _release(self, paths: set[str]) -> None:
        """Remove files that nothing stored and nothing waiting names."""
        with self._files, self._changed:
            queued = [job for job in self._waiting if isinstance(job, Job)]
            wanted = {item["path"] for job in queued for each in job.records for item in each["images"]}
            shelf.release(self.collection, paths - wanted)

    def _make_ready(self) -> None:
        """Bring words, saved indexes and the cutoff up to date when much has changed."""
        if self._closing:
            return
        there = self.collection.count("image") + self.collection.count("text")
        if self._fresh < max(FEW, there // 10):
            return
        self._fresh = 0
        try:
            self.collection.finish()
        except Exception:  # answers stay right without it, only slower
            _log.exception("making %s ready failed", self.name)
