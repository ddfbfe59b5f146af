"""kill -9 while indexing, at random moments: what is left, and does the next run finish the work?

An undisturbed `tuwen index` says what a collection must hold in the end. Then the same command is killed
at random moments, and started again until it is done or killed again. After each kill the collection must
open and verify, hold everything that a reader saw committed before the kill, and each picture together
with its text; when the work is done at last, it must equal the undisturbed one.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import common
from tuwen.collection import Collection
from tuwen.errors import TuwenError

SEED = 20
LATEST = 0.4  # of the undisturbed time: a collection is killed about five times before it is done
# rows whose values tell of the run, not of the source
OF_THE_RUN = ("added", "check", "vector", "_rowid")


def make_source(folder: Path, count: int) -> Path:
    """A table of small distinct pictures, each with one text."""
    random = np.random.default_rng(SEED)
    table = folder / "captions.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "text"])
        for number in range(count):
            coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
            name = f"p{number:05}.jpg"
            Image.fromarray(coarse).resize((128, 96), Image.Resampling.BICUBIC).save(
                folder / name, quality=85
            )
            writer.writerow([name, f"picture number {number} 第{number}张图片"])
    return table


def start(path: Path, source: Path) -> subprocess.Popen[bytes]:
    """Begin to index in a process of its own."""
    command = [sys.executable, "-m", "tuwen", "index", str(path), str(source)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(path: Path, source: Path) -> float:
    """Index to the end; seconds."""
    began = time.perf_counter()
    process = start(path, source)
    _, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"tuwen index failed: {errors.decode(errors='replace')[-500:]}")
    return time.perf_counter() - began


def committed(path: Path) -> dict[str, int]:
    """Rows that a reader sees, by table; nothing before the collection is there."""
    if not (path / "collection.json").is_file():
        return {}
    try:
        counts: dict[str, int] = json.loads((path / "head.json").read_text(encoding="utf-8"))["counts"]
    except FileNotFoundError:  # between the unlink and the link where a rename is not atomic: a fault
        return {"head.json was gone": 1}
    return counts


def kill_after(path: Path, source: Path, seconds: float) -> tuple[bool, dict[str, int]]:
    """Kill the command after so many seconds: whether it was still running, and what a reader saw before."""
    began = time.perf_counter()
    process = start(path, source)
    seen: dict[str, int] = committed(path)
    while (left := seconds - (time.perf_counter() - began)) > 0 and process.poll() is None:
        seen = committed(path) or seen
        time.sleep(min(0.01, left))
    killed = process.poll() is None
    if killed:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return killed, seen


def held(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Every row of a collection by table and id."""
    view = Collection.open(path).store.view
    rows = {}
    for table in ("images", "texts"):
        found = view.scan(table, view.names(table))
        for row in found.to_pylist():
            rows[table, row["id"]] = row
    return rows


def differences(ours: dict[Any, dict[str, Any]], theirs: dict[Any, dict[str, Any]]) -> list[str]:
    """What is not the same in two collections of one source."""
    found = []
    if ours.keys() != theirs.keys():
        found.append(f"{len(ours.keys() ^ theirs.keys())} ids are in one only")
    common_keys = ours.keys() & theirs.keys()
    for key in common_keys:
        one, other = ({k: v for k, v in rows[key].items() if k not in OF_THE_RUN} for rows in (ours, theirs))
        if one != other:
            found.append(f"{key} differs")
    if common_keys:
        vectors = [np.asarray([rows[key]["vector"] for key in common_keys], float) for rows in (ours, theirs)]
        # the same picture in another batch may round another way in the last bit of float16
        largest = float(np.abs(vectors[0] - vectors[1]).max())
        if largest > 1e-3:
            found.append(f"vectors differ by {largest:.4f}")
    return found


def check(path: Path, seen: dict[str, int], whole: dict[Any, dict[str, Any]]) -> list[str]:
    """What is wrong with a collection after a kill; nothing is wrong with one that was not yet made."""
    if not (path / "collection.json").is_file():
        return ["a reader saw rows, and there is no collection"] if seen else []
    try:
        collection = Collection.open(path)
        faults = collection.verify()
        rows = held(path)
    except TuwenError as error:
        return [f"does not open: {error}"]
    counts = {table: sum(1 for name, _ in rows if name == table) for table in ("images", "texts")}
    faults += [
        f"{table}: {seen[table]} were seen, {counts[table]} are left"
        for table in counts
        if counts[table] < seen.get(table, 0)
    ]
    if "head.json was gone" in seen:
        faults.append("head.json was not there for a moment")
    entities = [{row["entity"] for (name, _), row in rows.items() if name == table} for table in counts]
    if entities[0] != entities[1]:
        faults.append(f"{len(entities[0] ^ entities[1])} pictures without their text, or the other way")
    present = {key: whole[key] for key in rows if key in whole}
    return faults + differences(rows, present)


def kills(count: int, pictures: int) -> dict[str, Any]:
    """Kill, check and go on, collection after collection, until there were `count` kills."""
    random = np.random.default_rng(SEED)
    after_kill: list[list[str]] = []
    at_the_end: list[list[str]] = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        (folder / "source").mkdir()
        common.say(f"making {pictures:,} pictures")
        source = make_source(folder / "source", pictures)
        seconds = finish(folder / "undisturbed", source)
        whole = held(folder / "undisturbed")
        common.say(f"undisturbed: {seconds:.1f} s, {len(whole):,} rows")
        while len(after_kill) < count:
            path = folder / f"killed-{len(at_the_end)}"
            running = True
            while running and len(after_kill) < count:
                running, seen = kill_after(path, source, float(random.uniform(0, LATEST)) * seconds)
                if running:
                    after_kill.append(check(path, seen, whole))
                    shown = (
                        f"{seen.get('images', 0):,} pictures were seen; faults: {after_kill[-1] or 'none'}"
                    )
                    common.say(f"kill {len(after_kill)}: {shown}")
            finish(path, source)
            at_the_end.append(differences(held(path), whole) + Collection.open(path).verify())
            common.say(f"gone on to the end; faults: {at_the_end[-1] or 'none'}")
    good, equal = (sum(not found for found in runs) for runs in (after_kill, at_the_end))
    return {
        "kills": count,
        "pictures": pictures,
        "seed": SEED,
        "undisturbed_s": common.significant(seconds),
        "without_a_fault": good,
        "limit": count,
        "collections": len(at_the_end),
        "equal_to_the_undisturbed_one": equal,
        "passes": good == count and equal == len(at_the_end),
        "faults": sorted({fault for found in after_kill + at_the_end for fault in found})[:10],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--kills", type=int, default=20, metavar="N")
    parser.add_argument("--pictures", type=int, default=5000, metavar="N")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.kills, wanted.pictures = 3, 500
    result = {"name": "faults", **kills(wanted.kills, wanted.pictures)}
    common.print_result(result, as_json=wanted.json)


if __name__ == "__main__":
    main()
