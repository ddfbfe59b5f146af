"""Every kind of bad file and row among good ones: each must be listed with its own reason, and cost no time.

Beside it a plain loop as people write it, `Image.open(path).convert("RGB")` in a `try`: what it reads
without a word, where it hangs, and how many kinds its exceptions tell apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import common
from tuwen import encoders
from tuwen.collection import Collection
from tuwen.data import open_source
from tuwen.ingest import Report, ingest

TESTS = Path(__file__).resolve().parents[1] / "tests"
HANG_SECONDS = 3.0


def make_good(folder: Path, count: int) -> None:
    """Write good pictures into a folder."""
    random = np.random.default_rng(11)
    for number in range(count):
        coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC)
        picture.save(folder / f"good {number:04}.jpg", quality=85)


def run(source: Path, path: Path) -> tuple[Report, dict[str, str], Collection]:
    """Index a source into a new collection; the report and the codes in its ledger."""
    collection = Collection.create(path, encoder="mini")
    report = ingest(collection, open_source(source))
    lines = collection.store.view.scan("ledger", ["item", "code"]).to_pylist()
    return report, {line["item"]: line["code"] for line in lines}, collection


def compare(wanted: Mapping[str, str], listed: Mapping[str, str]) -> dict[str, Any]:
    """How many bad inputs are listed with the code they should have."""
    right = sum(listed.get(item) == code for item, code in wanted.items())
    wrong = {
        Path(item).name: [wanted.get(item), listed.get(item)]
        for item in {*wanted, *listed}
        if wanted.get(item) != listed.get(item)
    }
    return {"bad": len(wanted), "listed_with_the_right_reason": right, "wrong": wrong}


def plain_loop(paths: Mapping[str, str]) -> dict[str, Any]:
    """What a plain loop makes of the same files."""
    seen: dict[str, str] = {}

    def read(path: str) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with Image.open(path) as picture:
                    picture.convert("RGB")
            seen[path] = "read"
        except Exception as error:  # as people write it
            seen[path] = type(error).__name__

    hung = 0
    for path in paths:
        thread = threading.Thread(target=read, args=(path,), daemon=True)
        thread.start()
        thread.join(HANG_SECONDS)
        hung += thread.is_alive()
    return {
        "read_without_a_word": sum(result == "read" for result in seen.values()),
        "hangs_for_ever": hung,
        "reasons_told_apart": len({result for result in seen.values() if result != "read"}),
    }


def files(good: int, work: Path) -> dict[str, Any]:
    """A folder of good and bad files, and the good ones alone."""
    from badfiles import write_files

    encoders.load("mini").encode_texts(["warm"])
    folder = work / "photos"
    folder.mkdir()
    make_good(folder, good)
    alone, _, _ = run(folder, work / "alone")
    wanted = {path: bad.code for path, bad in write_files(folder).items()}
    mixed, listed, collection = run(folder, work / "mixed")
    again = ingest(collection, open_source(folder))
    result = compare(wanted, listed)
    passes = result["bad"] == result["listed_with_the_right_reason"] == len(listed) >= 40
    existing = {path: code for path, code in wanted.items() if Path(path).is_symlink() or Path(path).exists()}
    return {
        **result,
        "reasons_told_apart": len(set(wanted.values())),
        "good_stored": collection.count("image"),
        "good_alone_s": common.significant(alone.seconds),
        "good_and_bad_s": common.significant(mixed.seconds),
        "again_s": common.significant(again.seconds),
        "again_still_refused": again.still_refused,
        "passes": bool(passes and collection.count("image") == good and again.still_refused == len(wanted)),
        "plain_loop": plain_loop(existing),
    }


def rows(work: Path) -> dict[str, Any]:
    """Tables with good and bad rows."""
    from badfiles import write_json_lines, write_table

    result = {}
    for name, write in (("csv", write_table), ("jsonl", write_json_lines)):
        folder = work / name
        folder.mkdir()
        wanted = write(folder)
        _, listed, _ = run(folder / f"rows.{name}", work / f"{name}-collection")
        found = compare(wanted, listed)
        result[name] = {
            **found,
            "passes": found["bad"] == found["listed_with_the_right_reason"] == len(listed),
        }
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="few good files, to see that it runs")
    parser.add_argument("--good", type=int, default=1000, metavar="N", help="good files among the bad")
    wanted = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as work:
        result = {
            "name": "bad_files",
            "files": files(50 if wanted.quick else wanted.good, Path(work)),
            "rows": rows(Path(work)),
            "seconds": common.significant(time.perf_counter() - began),
        }
    common.print_result(result, as_json=wanted.json)


if __name__ == "__main__":
    main()
