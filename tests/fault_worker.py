"""Indexes a source with the tiny encoder and kills itself on the way; a program for test_faults.py.

Usage: fault_worker.py COLLECTION SOURCE [MOMENT NUMBER]
"""

import os
import signal
import sys
from pathlib import Path

from tiny import TinyEncoder
from tuwen import store
from tuwen.collection import Collection
from tuwen.data import open_source
from tuwen.ingest import ingest

ITEMS = 16  # a commit: many small ones, so that there is much to interrupt


def die_at(moment: str, number: int) -> None:
    """Arrange for kill -9 at the `number`-th time that something is about to happen, or just happened."""
    owner, name = {
        "before-append": (store.Transaction, "append"),
        "after-append": (store.Transaction, "append"),
        "before-commit": (store, "write_head"),
        "after-commit": (store, "write_head"),
        "before-identity": (store, "write_identity"),
    }[moment]
    original = getattr(owner, name)
    calls = 0

    def mortal(*arguments):
        nonlocal calls
        calls += 1
        if calls == number and moment.startswith("before"):
            os.kill(os.getpid(), signal.SIGKILL)
        original(*arguments)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, mortal)


def main() -> None:
    """Index, and die if told to."""
    path, source, *fate = sys.argv[1:]
    if fate:
        die_at(fate[0], int(fate[1]))
    encoder = TinyEncoder()
    if (Path(path) / "collection.json").is_file():
        collection = Collection.open(path, encoder=encoder)
    else:
        collection = Collection.create(path, encoder=encoder)
    ingest(collection, open_source(source), batch_size=ITEMS)


if __name__ == "__main__":
    main()
