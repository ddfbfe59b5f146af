"""Serves a collection with the tiny encoder; a program that test_killing.py kills.

Usage: serve_worker.py COLLECTION; prints the address.
"""

import sys
from pathlib import Path

from tiny import TinyEncoder
from tuwen.collection import Collection
from tuwen.serve import running
from tuwen.serve.settings import Settings


def main() -> None:
    """Open or make the collection and serve it."""
    path = Path(sys.argv[1])
    encoder = TinyEncoder()
    there = (path / "collection.json").is_file()
    collection = (Collection.open if there else Collection.create)(path, encoder=encoder)
    settings = Settings(port=0, rate=0, cache=path.parent / "cache")
    running.run({"tiny": collection}, settings, lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
