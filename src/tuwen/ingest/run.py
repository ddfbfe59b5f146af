"""One run over a source: pictures are prepared ahead in threads, decided on in order, and committed."""

from __future__ import annotations

import csv
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tuwen.arrays import Modality
from tuwen.data import Source
from tuwen.errors import CollectionError, InputError
from tuwen.files import replacing
from tuwen.ingest.batch import COMMIT_ITEMS, Batch
from tuwen.ingest.deciding import Decider, Tally
from tuwen.ingest.known import DUPLICATE, Known
from tuwen.ingest.preparing import Prepared, prepare
from tuwen.records import Record, Refusal

if TYPE_CHECKING:
    from tuwen.collection import Collection

Progress = Callable[[int, int | None], None]
"""Called with the number of records done and, when known, of all records."""

Vanished = Literal["mark", "delete", "keep"]
AHEAD = 2  # batches of pictures prepared ahead of the encoder
AHEAD_BYTES = 1 << 26  # encoded pictures and prepared pixels that may wait; some wait however large they are
WINDOW = 4096  # records, most of which have no picture, that may wait behind a slow one
_PROGRESS_SECONDS = 0.1


@dataclass(kw_only=True)
class Report:
    """What a run did.

    Attributes:
        images: Counts of pictures.
        texts: Counts of texts.
        left_out: Pictures and texts that were not taken because the encoder knows the other side only.
        cut: New texts that were longer than the encoder reads.
        refused: Inputs that this run put into the ledger.
        still_refused: Inputs that were in the ledger before and have not changed.
        seconds: How long it took.
        ledger: A CSV file with every refused input and its reason; None when there is none.
    """

    images: Tally = field(default_factory=Tally)
    texts: Tally = field(default_factory=Tally)
    left_out: dict[Modality, int] = field(default_factory=dict)
    cut: int = 0
    refused: int = 0
    still_refused: int = 0
    seconds: float = 0.0
    ledger: Path | None = None

    @property
    def added(self) -> int:
        """New pictures and texts."""
        return self.images.added + self.texts.added

    @property
    def updated(self) -> int:
        """Pictures and texts whose content or data changed."""
        return self.images.updated + self.texts.updated

    @property
    def unchanged(self) -> int:
        """Pictures and texts that were there already."""
        return self.images.unchanged + self.texts.unchanged

    @property
    def moved(self) -> int:
        """Pictures found again under another path."""
        return self.images.moved

    @property
    def missing(self) -> int:
        """Pictures and texts of the source that it no longer has."""
        return self.images.missing + self.texts.missing

    @property
    def duplicates(self) -> int:
        """Pictures with the same bytes as a stored one; stored once."""
        return self.images.duplicates

    @property
    def images_per_second(self) -> float:
        """New and changed pictures a second, from file to searchable."""
        return (self.images.added + self.images.updated) / max(self.seconds, 1e-9)


def ingest(
    collection: Collection,
    source: Source,
    *,
    retry: bool = False,
    progress: Progress | None = None,
    vanished: Vanished = "mark",
    batch_size: int = COMMIT_ITEMS,
) -> Report:
    """Bring a collection up to date with a source.

    A file with the same path, size and time is not opened, one with the same bytes not encoded again.
    What has been committed stays, however the run ends; the next run goes on from there.

    Args:
        collection: Where to.
        source: Where from.
        retry: Open only what was refused before.
        progress: Called with records done and their total when that is known.
        vanished: What to do with items that the source no longer has: mark them as missing (they come
            back when the file does), delete them, or keep them as they are.
        batch_size: Items a commit at most; commits come every two to ten seconds.

    Raises:
        CollectionError: The disk is full or the folder cannot be written.
        Locked: Another process is writing.
        InputError: The source as a whole cannot be read.
    """
    if vanished not in ("mark", "delete", "keep"):
        raise InputError(f"vanished is {vanished!r}; it must be 'mark', 'delete' or 'keep'")
    total = source.count_hint if progress is not None else None
    with collection.writing():
        run = _Run(collection, retry, batch_size)
        run.take(_read(source), progress, total)
        if not retry:
            run.decider.close(str(source.path), vanished)
        return run.finish()


def ingest_records(
    collection: Collection, records: Iterable[Record | Refusal], progress: Progress | None = None
) -> Report:
    """Add records that a program made; nothing is looked for that might be missing among them."""
    with collection.writing():
        run = _Run(collection, retry=False, batch_size=COMMIT_ITEMS)
        run.take(records, progress, None)
        return run.finish()


def _read(source: Source) -> Iterator[Record | Refusal]:
    """The records of a source; when it breaks off, the run must not take the rest for vanished."""
    try:
        yield from source.records()
    except OSError as error:
        raise InputError(
            f"{source.path} cannot be read to its end ({error.strerror or error}); what was read is stored"
        ) from error


class _Run:
    """One run: threads prepare pictures ahead, the main thread decides, encodes and commits in order."""

    def __init__(self, collection: Collection, retry: bool, batch_size: int) -> None:
        self._began = time.monotonic()
        self._collection = collection
        self._retry = retry
        self._known = Known(collection.store.view)
        self._batch = Batch(collection, batch_size)
        self.decider = Decider(self._known, self._batch, self._prepare_now)
        self._claimed: set[str] = set()
        self._cut = collection.encoder.cut
        self._left_out: Counter[Modality] = Counter()
        self._threads = os.cpu_count() or 1
        self._ahead = AHEAD * collection.encoder.batch_size

    def take(self, records: Iterable[Record | Refusal], progress: Progress | None, total: int | None) -> None:
        """Run through all records."""
        told, done = 0.0, 0
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="prepare")
        try:
            for done, (record, prepared) in enumerate(self._in_order(pool, self._encodable(records)), 1):
                if isinstance(record, Refusal):
                    self.decider.refuse(record)
                else:
                    self.decider.take(record, prepared)
                if self._batch.full:
                    self._batch.commit()
                if progress is not None and time.monotonic() - told > _PROGRESS_SECONDS:
                    told = time.monotonic()
                    progress(done, max(total, done) if total is not None else None)
            if progress is not None:
                progress(done, done)
        except InputError:
            self._batch.commit()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def finish(self) -> Report:
        """Commit the rest, write the ledger for people, and say what was done."""
        self._batch.commit()
        decider, speechless = self.decider, len(self._batch.speechless)
        return Report(
            images=decider.images,
            texts=replace(decider.texts, added=decider.texts.added - speechless),
            left_out=dict(self._left_out),
            cut=self._collection.encoder.cut - self._cut,
            refused=decider.refused + speechless,
            still_refused=decider.still_refused,
            ledger=write_ledger(self._collection),
            seconds=time.monotonic() - self._began,
        )

    def _encodable(self, records: Iterable[Record | Refusal]) -> Iterator[Record | Refusal]:
        """The records without what the encoder knows nothing of: `hog` has no use for captions."""
        known = self._collection.encoder.modalities
        for record in records:
            if isinstance(record, Record):
                if record.images and "image" not in known:
                    self._left_out["image"] += len(record.images)
                    record = replace(record, images=())
                if record.texts and "text" not in known:
                    self._left_out["text"] += len(record.texts)
                    record = replace(record, texts=())
            yield record

    def _in_order(
        self, pool: ThreadPoolExecutor, records: Iterable[Record | Refusal]
    ) -> Iterator[tuple[Record | Refusal, list[Prepared | None]]]:
        """Each record with its prepared pictures, in the order of the source, prepared ahead in threads.

        How far ahead is bounded in pictures and in records, and so is memory.
        """
        window: deque[tuple[Record | Refusal, list[Future[Prepared] | None]]] = deque()
        ahead = held = 0

        def oldest() -> tuple[Record | Refusal, list[Prepared | None]]:
            record, futures = window.popleft()
            return record, [future.result() if future is not None else None for future in futures]

        def full() -> bool:
            crowded = held > AHEAD_BYTES and ahead > self._threads
            return crowded or ahead > self._ahead or len(window) > WINDOW

        broken: InputError | None = None
        try:
            for record in records:
                futures = self._submit(pool, record)
                if futures is None:
                    continue
                window.append((record, futures))
                ahead += len(futures)
                held += self._weigh(record)
                while window and (full() or not window[0][1]):
                    ahead -= len(window[0][1])
                    held -= self._weigh(window[0][0])
                    yield oldest()
        except InputError as error:
            broken = error  # the source broke off; what it gave before is whole
        while window:
            yield oldest()
        if broken is not None:
            raise broken

    def _weigh(self, record: Record | Refusal) -> int:
        """Bytes that a record's pictures take, encoded and prepared."""
        if isinstance(record, Refusal):
            return 0
        pixels = 3 * self._collection.encoder.image_size**2
        return sum(len(picture.data or b"") + pixels for picture in record.images)

    def _submit(
        self, pool: ThreadPoolExecutor, record: Record | Refusal
    ) -> list[Future[Prepared] | None] | None:
        """Begin to prepare a record's pictures; None when the run has nothing to do with it."""
        if isinstance(record, Refusal):
            return []
        if self._retry and not self.decider.was_refused(record):
            return None
        futures: list[Future[Prepared] | None] = []
        for picture in record.images:
            if picture.path in self._claimed:
                futures.append(None)  # rows may name the same picture again
            else:
                self._claimed.add(picture.path)
                futures.append(
                    pool.submit(
                        prepare,
                        picture,
                        record.source,
                        self._known,
                        self._collection.encoder,
                        retry=self._retry,
                    )
                )
        return futures

    def _prepare_now(self, record: Record, place: int) -> Prepared:
        return prepare(record.images[place], record.source, self._known, self._collection.encoder, retry=True)


def write_ledger(collection: Collection) -> Path | None:
    """Write `ledger.csv` into the collection's folder, for people; the truth is in its table.

    Returns:
        The file, or None when nothing was refused.

    Raises:
        CollectionError: The file cannot be written.
    """
    path = collection.path / "ledger.csv"
    columns = ["item", "code", "reason", "source", "time"]
    listed = collection.store.view.scan("ledger", columns, f"code != '{DUPLICATE}'")
    try:
        if listed.num_rows == 0:
            path.unlink(missing_ok=True)
            return None
        # with a mark, or spreadsheet programs show Chinese as garbage
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            for row in listed.select(columns).to_pylist():
                writer.writerow([row[name] for name in columns])
    except OSError as error:
        raise CollectionError(
            f"{path} cannot be written ({error.strerror}); the collection itself is"
        ) from error
    return path
