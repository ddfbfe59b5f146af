"""kill -9 while indexing: what was committed stays, nothing is half there, the next run goes on."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiny import COLOURS, TinyEncoder
from tuwen.collection import Collection

WORKER = Path(__file__).with_name("fault_worker.py")
PICTURES = 120

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A table of 120 pictures, one of them broken, with a text each."""
    folder = tmp_path_factory.mktemp("source")
    random = np.random.default_rng(3)
    names = list(COLOURS)
    with (folder / "captions.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "text"])
        for number in range(PICTURES):
            colour = names[number % len(names)]
            pixels = np.full((12, 16, 3), COLOURS[colour][1], dtype=np.uint8)
            pixels[:4, :4] = random.integers(0, 256, (4, 4, 3))
            Image.fromarray(pixels).save(folder / f"p{number:03}.png")
            writer.writerow([f"p{number:03}.png", f"{colour} number {number}"])
    (folder / "p050.png").write_bytes(b"not a picture")
    return folder / "captions.csv"


def run(collection, source, *fate):
    return subprocess.run(
        [sys.executable, WORKER, collection, source, *map(str, fate)], capture_output=True, text=True
    )


def contents(path):
    """All that a collection holds, by id, and its refusals."""
    collection = Collection.open(path, encoder=TinyEncoder())
    view, held = collection.store.view, {}
    for table in ("images", "texts"):
        names = [name for name in view.names(table) if name != "added"]
        for row in view.scan(table, names).drop_columns(["_rowid"]).to_pylist():
            held[table, row["id"]] = row
    refused = view.scan("ledger", ["item", "code"]).drop_columns(["_rowid"]).to_pylist()
    return held, refused


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, source):
    """What a run that nobody interrupts makes of the source."""
    path = tmp_path_factory.mktemp("undisturbed") / "c"
    done = run(path, source)
    assert done.returncode == 0, done.stderr
    held, refused = contents(path)
    assert len(held) == 2 * PICTURES - 1 and len(refused) == 1
    return held, refused


@pytest.mark.parametrize(
    ("moment", "number"),
    [("before-append", 6), ("after-append", 5), ("before-commit", 5), ("after-commit", 4)],
)
def test_a_killed_run_leaves_whole_batches_and_the_next_goes_on(
    moment, number, source, undisturbed, tmp_path
):
    path = tmp_path / "c"
    assert run(path, source, moment, number).returncode == -signal.SIGKILL

    held, _ = contents(path)
    images = {row["entity"] for (table, _), row in held.items() if table == "images"}
    texts = {row["entity"] for (table, _), row in held.items() if table == "texts"}
    assert 0 < len(images) < PICTURES - 1
    assert images == texts - {"p050"}
    assert held.items() <= undisturbed[0].items()
    assert Collection.open(path, encoder=TinyEncoder()).verify() == []

    resumed = run(path, source)
    assert resumed.returncode == 0, resumed.stderr
    assert contents(path) == undisturbed
    assert Collection.open(path, encoder=TinyEncoder()).verify() == []


def test_a_creation_that_was_killed_does_not_stand_in_the_way(source, undisturbed, tmp_path):
    path = tmp_path / "c"
    assert run(path, source, "before-identity", 1).returncode == -signal.SIGKILL
    resumed = run(path, source)
    assert resumed.returncode == 0, resumed.stderr
    assert contents(path) == undisturbed
