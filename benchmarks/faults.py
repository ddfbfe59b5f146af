"""kill -9 while indexing, at random moments: what is left, and does the next run finish the work?

An undisturbed `tuwen index` says what a collection must hold in the end. Then the same command is killed
at random moments, each time on a new collection. After each kill the collection must open and verify,
hold everything that a reader saw committed before the kill, hold each picture together with its text,
and after the command is run again it must equal the undisturbed one.
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
LATEST = 0.98  # of the undisturbed time; later the command may be done before it is killed
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


def kill_after(path: Path, source: Path, seconds: float) -> dict[str, int]:
    """Kill the command after so many seconds; what a reader saw committed just before."""
    began = time.perf_counter()
    process = start(path, source)
    seen: dict[str, int] = {}
    while (left := seconds - (time.perf_counter() - began)) > 0 and process.poll() is None:
        seen = committed(path) or seen
        time.sleep(min(0.01, left))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return seen


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
    """Kill, check, go on, compare: `count` times."""
    random = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        source_folder = folder / "source"
        source_folder.mkdir()
        common.say(f"making {pictures:,} pictures")
        source = make_source(source_folder, pictures)
        whole_path = folder / "undisturbed"
        seconds = finish(whole_path, source)
        whole = held(whole_path)
        common.say(f"undisturbed: {seconds:.1f} s, {len(whole):,} rows")
        runs = []
        for number in range(count):
            moment = float(random.uniform(0, LATEST)) * seconds
            path = folder / f"killed-{number}"
            seen = kill_after(path, source, moment)
            faults = check(path, seen, whole)
            resumed = finish(path, source)
            faults += [f"after going on: {fault}" for fault in differences(held(path), whole)]
            faults += [f"after going on: {fault}" for fault in Collection.open(path).verify()]
            common.say(
                f"kill {number + 1}: at {moment:.1f} s, {seen.get('images', 0)} pictures seen; {faults}"
            )
            runs.append(
                {
                    "at_s": round(moment, 2),
                    "seen_images": seen.get("images", 0),
                    "resumed_s": round(resumed, 1),
                    "faults": faults,
                }
            )
    good = sum(not run["faults"] for run in runs)
    return {
        "kills": count,
        "pictures": pictures,
        "seed": SEED,
        "undisturbed_s": common.significant(seconds),
        "kills_before_the_first_commit": sum(not run["seen_images"] for run in runs),
        "without_a_fault": good,
        "limit": count,
        "passes": good == count,
        "faults": sorted({fault for run in runs for fault in run["faults"]})[:10],
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
