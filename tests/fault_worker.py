"""Does a job on a collection and kills itself at a chosen step; a program for test_faults.py.

Usage: fault_worker.py JOB COLLECTION SOURCE [STEP]

A step is the moment before or after something that changes what is on disk. Without STEP the job is done
to its end, and the number of its steps is printed.
"""

import os
import signal
import sys
from pathlib import Path

from tiny import TinyEncoder
from tuwen import store
from tuwen.collection import Collection
from tuwen.data import open_source
from tuwen.errors import InputError
from tuwen.ingest import ingest

ITEMS = 16  # a commit: many small ones, so that there is much to interrupt
CHANGES = (
    (store.Transaction, "append"),
    (store.Transaction, "delete"),
    (store.Transaction, "index_text"),
    (store.Transaction, "join_files"),
    (store, "write_head"),
    (store, "write_identity"),
    (store, "write_json"),
    (os, "fsync"),
    (Path, "replace"),
)


class Steps:
    """Counts the moments around all that changes the disk, and ends the process at one of them."""

    def __init__(self, last: int) -> None:
        self.count, self._last = 0, last
        for owner, name in CHANGES:
            setattr(owner, name, self._around(getattr(owner, name)))

    def _around(self, original):
        def mortal(*arguments, **options):
            self._step()
            result = original(*arguments, **options)
            self._step()
            return result

        return mortal

    def _step(self) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def index(path: str, source: str) -> None:
    """Make the collection if need be, bring it up to date, make it ready."""
    encoder = TinyEncoder()
    there = (Path(path) / "collection.json").is_file()
    collection = (Collection.open if there else Collection.create)(path, encoder=encoder)
    ingest(collection, open_source(source), batch_size=ITEMS)
    collection.finish()


def change(path: str, _: str) -> None:
    """Delete, update, name a state and join files in a collection that is there."""
    collection = Collection.open(path, encoder=TinyEncoder())
    collection.delete("image", ["p000", "p001"])
    collection.delete("text", ["p000", "p001"])
    collection.update("image", "p002", label="changed", metadata={"seen": True})
    try:
        collection.snapshot("before")
    except InputError:  # the run before this one came so far
        assert "before" in collection.store.snapshots()
    collection.update("text", "p003", label="later")
    collection.compact()
    collection.roll_back("before")
    collection.delete("image", ["p004"])
    collection.delete("text", ["p004"])
    collection.compact()


def main() -> None:
    """Do the job, and die if told to."""
    job, path, source, *last = sys.argv[1:]
    steps = Steps(int(last[0]) if last else 0)
    {"index": index, "change": change}[job](path, source)
    print(steps.count)


if __name__ == "__main__":
    main()
