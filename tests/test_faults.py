"""kill -9 while indexing: what was committed stays, nothing is half there, the next run goes on."""

import csv
import os
import shutil
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


def run(job, collection, source, *last):
    return subprocess.run(
        [sys.executable, WORKER, job, collection, source, *map(str, last)], capture_output=True, text=True
    )


def contents(path):
    """All that a collection holds, by id, and its refusals; it must be sound."""
    collection = Collection.open(path, encoder=TinyEncoder())
    assert collection.verify() == []
    view, held = collection.store.view, {}
    for table in ("images", "texts"):
        names = [name for name in view.names(table) if name != "added"]
        for row in view.scan(table, names).drop_columns(["_rowid"]).to_pylist():
            held[table, row["id"]] = row
    refused = view.scan("ledger", ["item", "code"]).drop_columns(["_rowid"]).to_pylist()
    return held, refused


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, source):
    """What a run that nobody interrupts makes of the source: its folder, contents and steps."""
    path = tmp_path_factory.mktemp("undisturbed") / "c"
    done = run("index", path, source)
    assert done.returncode == 0, done.stderr
    held, refused = contents(path)
    assert len(held) == 2 * PICTURES - 1 and len(refused) == 1
    return path, (held, refused), int(done.stdout)


@pytest.mark.parametrize("part", [0.03, 0.3, 0.55, 0.9])
def test_a_killed_run_leaves_whole_batches_and_the_next_goes_on(part, source, undisturbed, tmp_path):
    _, whole, steps = undisturbed
    path = tmp_path / "c"
    assert run("index", path, source, int(part * steps)).returncode == -signal.SIGKILL

    if (path / "collection.json").is_file():  # else it was killed while it was made
        held, _ = contents(path)
        images = {row["entity"] for (table, _), row in held.items() if table == "images"}
        texts = {row["entity"] for (table, _), row in held.items() if table == "texts"}
        assert images == texts - {"p050"}
        assert held.items() <= whole[0].items()

    resumed = run("index", path, source)
    assert resumed.returncode == 0, resumed.stderr
    assert contents(path) == whole


def test_changes_that_were_killed_can_be_made_again(source, undisturbed, tmp_path):
    changed, killed = tmp_path / "changed", tmp_path / "killed"
    for path in (changed, killed):
        shutil.copytree(undisturbed[0], path)
    done = run("change", changed, source)
    assert done.returncode == 0, done.stderr
    whole = contents(changed)
    assert ("images", "p004") not in whole[0] and whole[0]["texts", "p003"]["label"] is None

    for part in (0.9, 0.6, 0.3):
        assert run("change", killed, source, int(part * int(done.stdout))).returncode == -signal.SIGKILL
        contents(killed)
    resumed = run("change", killed, source)
    assert resumed.returncode == 0, resumed.stderr
    assert contents(killed) == whole
