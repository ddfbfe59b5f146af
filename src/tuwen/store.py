"""The durable truth of a collection: Lance tables behind one atomic commit point.

A collection is a folder. `collection.json` says what it is, `head.json` which version of each table is
in force. A batch writes to the tables first and then replaces `head.json`: readers, who open the
versions named there, see all of the batch or nothing, and a killed writer leaves only versions that
nobody names, which the next writer rolls back.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tuwen import tables
from tuwen.errors import CollectionError, Damaged, InputError, Locked, unknown
from tuwen.files import read_json, write_json
from tuwen.head import LEARNED, Head, Identity, read_head, read_identity, stamp, write_head, write_identity
from tuwen.tables import TABLES, Table
from tuwen.transaction import Transaction
from tuwen.view import View

LOCK_SECONDS = 60.0
SILENT_SECONDS = 1.0  # of waiting for another writer, before that is said

_log = logging.getLogger(__name__)
KEEP = timedelta(hours=1)  # for so long a reader may go on with what was in force before


class Store:
    """A collection's folder: open it, read a consistent view, write in transactions."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()  # stays the same collection when the process changes its folder
        self.identity = read_identity(self.path)
        self._seen = self._look()
        self._lock = FileLock(self.path / "write.lock")
        self._writer: int | None = None

    @classmethod
    def create(cls, path: Path, identity: Identity, more: Callable[[Path], None] = lambda _: None) -> Store:
        """Make an empty collection in a new or empty folder.

        Args:
            path: The folder.
            identity: What it is.
            more: Writes what else belongs into the folder.

        Raises:
            CollectionError: There is something there already, or the folder cannot be written.
        """
        import lance

        path = path.absolute()  # Lance takes what stands before a colon for a protocol
        _check_free(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            with FileLock(path / "write.lock").acquire(timeout=LOCK_SECONDS):
                _check_free(path)  # another process may have been faster
                for table in TABLES:
                    shutil.rmtree(path / f"{table}.lance", ignore_errors=True)
                versions: dict[str, int] = {}
                for table in TABLES:
                    empty = tables.schema(table, identity.width, identity.dtype).empty_table()
                    versions[table] = lance.write_dataset(empty, str(path / f"{table}.lance")).version
                write_head(path, Head(0, 0, versions, dict.fromkeys(TABLES, 0)))
                more(path)
                # last: a folder without it is not a collection, so a killed creation leaves none
                write_identity(path, identity)
        except Timeout as error:
            raise Locked(f"another process is making {path}; try again") from error
        except OSError as error:
            raise _write_error(path, error) from error
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open a collection for reading; writing begins with `transaction`.

        Raises:
            CollectionError: There is no collection, or a newer tuwen wrote it.
            Damaged: Its files are not what was written.
        """
        try:
            return cls(path)
        except (OSError, ValueError) as error:
            raise Damaged(
                f"{path} cannot be opened ({error}); restore it from a copy or a snapshot"
            ) from error

    @property
    def view(self) -> View:
        """The newest commit, the same object until there is a newer one."""
        # one name holds both, so that threads never see the view of one commit with the stamp of another
        seen, view = self._seen
        if stamp(self.path) == seen:
            return view
        self._check_same()
        self._seen = self._look()
        return self._seen[1]

    @contextmanager
    def transaction(self, wait: float = LOCK_SECONDS) -> Iterator[Transaction]:
        """Write: everything done in the block becomes visible at its end, or nothing does.

        Writers queue for `wait` seconds.

        Raises:
            Locked: Another process was still writing after that.
            CollectionError: The disk is full or the folder cannot be written.
        """
        with self._locked(wait):
            if self._writer == threading.get_ident():
                raise CollectionError("this thread is in a transaction already; finish that one first")
            self._check_same()
            try:
                transaction = Transaction(self.path, self._recover())
                self._writer = threading.get_ident()
                try:
                    yield transaction
                    if transaction.changed or transaction.head != read_head(self.path):
                        write_head(self.path, transaction.result())
                except BaseException:
                    self._recover()
                    raise
                finally:
                    self._writer = None
            except OSError as error:
                raise _write_error(self.path, error) from error

    @contextmanager
    def writing(self, wait: float = LOCK_SECONDS) -> Iterator[None]:
        """Keep other writers out over several transactions.

        Raises:
            Locked: Another process was still writing after `wait` seconds.
            CollectionError: The folder cannot be written.
        """
        with self._locked(wait):
            yield

    def _locked(self, wait: float) -> AbstractContextManager[Any]:
        try:
            try:
                return self._lock.acquire(timeout=min(wait, SILENT_SECONDS))
            except Timeout:
                if wait <= SILENT_SECONDS:
                    raise
                _log.warning("another process is writing to %s; waiting for it", self.path)
                return self._lock.acquire(timeout=wait - SILENT_SECONDS)
        except Timeout as error:
            raise Locked(
                f"another process has been writing to {self.path} for {wait:.0f} s; try again"
            ) from error
        except OSError as error:
            raise _write_error(self.path, error) from error

    def snapshot(self, name: str) -> None:
        """Keep the present state under a name, safe from `compact`.

        Raises:
            InputError: The name is taken or has other characters than letters, digits, `-`, `_` and `.`.
        """
        if not name or not all(letter.isalnum() or letter in "-_." for letter in name):
            raise InputError(f"snapshot name {name!r} may have only letters, digits, '-', '_' and '.'")
        with self.transaction() as transaction:
            kept = self.snapshots()
            if name in kept:
                raise InputError(f"there is a snapshot named {name!r} already; choose another name")
            kept[name] = asdict(transaction.head) | {"time": datetime.now(UTC).isoformat(timespec="seconds")}
            write_json(self.path / "snapshots.json", kept)

    def drop_snapshot(self, name: str) -> None:
        """Forget a snapshot; `compact` then frees what only it held.

        Raises:
            UnknownName: There is no such snapshot.
        """
        with self.transaction():
            kept = self.snapshots()
            if name not in kept:
                raise unknown("snapshot", name, kept)
            del kept[name]
            write_json(self.path / "snapshots.json", kept)

    def snapshots(self) -> dict[str, dict[str, Any]]:
        """Names of the snapshots with what they hold."""
        path = self.path / "snapshots.json"
        found = read_json(path) if path.exists() else {}
        if not isinstance(found, dict) or not all(
            isinstance(kept, dict) and "versions" in kept for kept in found.values()
        ):
            raise Damaged(f"{path} does not list snapshots; restore it from a copy")
        return found

    def roll_back(self, name: str) -> None:
        """Make a snapshot the present state again; what came after it stays in the history until `compact`.

        Raises:
            UnknownName: There is no such snapshot.
        """
        with self.transaction() as transaction:
            kept = self.snapshots()
            if name not in kept:
                raise unknown("snapshot", name, kept)
            old = kept[name]
            for table in TABLES:
                transaction.restore(table, old["versions"][table])
            transaction.learn_keys(old["metadata_keys"])
            transaction.moved_rows()

    def compact(self, keep: timedelta = KEEP) -> dict[str, int]:
        """Join small files, drop deleted rows, and free what neither readers nor snapshots need.

        Args:
            keep: For how long what was replaced stays readable, so that a reader can end what it does.

        Returns:
            `bytes_removed` and `files` (data files left).
        """
        removed, files = 0, 0
        with self.writing():
            with self.transaction() as transaction:
                for table in TABLES:
                    if transaction.join_files(table) and table != "ledger":
                        transaction.moved_rows()
            for table in TABLES:
                dataset = self.view.dataset(table)
                if old := self._replaced(dataset, table, keep):
                    removed += dataset.cleanup_old_versions(versions=old).bytes_removed
                files += len(dataset.get_fragments())
        return {"bytes_removed": removed, "files": files}

    def _replaced(self, dataset: Any, table: Table, keep: timedelta) -> list[int]:
        """Versions of a table that were replaced longer ago than `keep` and that no snapshot names."""
        kept = {snapshot["versions"][table] for snapshot in self.snapshots().values()}
        versions = sorted(dataset.versions(), key=lambda version: int(version["version"]))
        limit = datetime.now() - keep  # Lance tells times in the zone of the machine, without naming it
        return [
            old["version"]
            for old, new in pairwise(versions)
            if new["timestamp"] <= limit and old["version"] not in kept
        ]

    def destroy(self) -> None:
        """Remove the whole folder."""
        shutil.rmtree(self.path)

    def _check_same(self) -> None:
        """Refuse a folder in which another collection has been made meanwhile."""
        if read_identity(self.path) != self.identity:
            raise CollectionError(f"{self.path} is another collection now; open it again")

    def _look(self) -> tuple[tuple[int, int, int], View]:
        """The stamp of the newest commit, and its view."""
        seen = stamp(self.path)  # before the head: a commit in between is then noticed
        return seen, View(self.path, read_head(self.path))

    def _recover(self) -> Head:
        """The head, after taking back what a killed writer had written but not committed."""
        import lance

        head = read_head(self.path)
        for leftover in self.path.glob(".*.tmp"):
            leftover.unlink(missing_ok=True)
        versions = dict(head.versions)
        for table in TABLES:
            try:
                latest = lance.dataset(str(self.path / f"{table}.lance"))
            except ValueError as error:
                raise Damaged(f"{self.path / table}.lance is missing; restore it from a copy") from error
            if latest.version != versions[table]:
                latest.checkout_version(versions[table]).restore()  # type: ignore[no-untyped-call]
                versions[table] = lance.dataset(str(self.path / f"{table}.lance")).version
        if versions != head.versions:
            head = replace(head, versions=versions, sequence=head.sequence + 1)
            write_head(self.path, head)
        return head


def _check_free(path: Path) -> None:
    """Raise unless the path is new, an empty folder, or what a killed creation left: tables without rows."""
    if not path.exists():
        return
    ours = {"head.json", "write.lock", LEARNED, *(f"{table}.lance" for table in TABLES)}
    if (
        not path.is_dir()
        or any(entry.name not in ours and not entry.name.endswith(".tmp") for entry in path.iterdir())
        or any(path.glob("*.lance/data/*"))
    ):
        raise CollectionError(f"{path} is there already and is not an empty folder; choose another path")


def _write_error(path: Path, error: OSError) -> CollectionError:
    import errno

    text = str(error)
    if error.errno == errno.ENOSPC or "No space left" in text:
        return CollectionError(f"the disk of {path} is full; free some space and run the command again")
    if isinstance(error, PermissionError) or error.errno in (errno.EROFS, errno.EACCES):
        return CollectionError(f"{path} cannot be written (read-only folder or no permission)")
    return CollectionError(f"{path} cannot be written: {text}")
