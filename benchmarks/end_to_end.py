"""A question in words, answered from a stored collection: opening, the first answer and the ones after.

Collections of synthetic vectors of `mini`'s width (clusters of unit vectors, as real ones lie) are stored,
opened in a fresh process and asked in words. Beside it stand Lance's own scan of the same table and a
plain numpy product, each with the same encoded question.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import common
import tuwen
from tuwen import Collection, encoders, tables
from tuwen.arrays import unit_rows

LIMIT = {"end_to_end_p50_ms": 8.0, "open_1000000_s": 2.0}
BLOCK = 65_536
QUESTIONS = [
    "海滩上的狗",
    "a dog on the beach",
    "穿红衣服的孩子",
    "two men play football",
    "雪山和湖",
    "a red car",
]


def vectors(count: int, width: int) -> np.ndarray:
    """Unit vectors in 1,000 clusters, (count, width) float16."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(1000, width)).astype(np.float32)
    made = np.empty((count, width), dtype=np.float16)
    for start in range(0, count, BLOCK):
        some = min(BLOCK, count - start)
        rows = centres[rng.integers(0, 1000, some)]
        rows = rows + 0.8 * rng.normal(size=(some, width)).astype(np.float32)
        made[start : start + some] = unit_rows(rows)
    return made


def build(folder: Path, count: int) -> dict[str, float]:
    """Store the vectors and make ready; seconds for both."""
    collection = Collection.create(folder, encoder="mini")
    rows = vectors(count, collection.width)
    start = time.perf_counter()
    collection.add_vectors("image", [f"i{i}" for i in range(count)], rows)
    stored = time.perf_counter()
    collection.finish()
    return {
        "store_s": common.significant(stored - start),
        "index_s": common.significant(time.perf_counter() - stored),
    }


def ask(folder: Path) -> dict[str, Any]:
    """Open and ask; runs in a process of its own."""
    encoders.load("mini").encode_texts(["warm"])
    start = time.perf_counter()
    collection = tuwen.open(folder)
    opened = time.perf_counter()
    collection.search(QUESTIONS[0])
    first = time.perf_counter()
    spent = common.times(lambda i: collection.search(f"{QUESTIONS[i % 6]} {i}"), 200)
    width = collection.width
    queries = collection.encoder.encode_texts([f"{QUESTIONS[i % 6]} {i}" for i in range(200)])
    view = collection.store.view
    ready = collection.indexes.get(view, "images")
    inside = common.times(lambda i: ready.search(queries[i][None], 10), 200)
    dataset = view.dataset("images")
    nearest = {"column": "vector", "k": 10, "metric": "dot", "use_index": False}

    def scan(i: int) -> None:
        dataset.to_table(columns=["id"], nearest={**nearest, "q": queries[i].astype(np.float16)})

    lance = common.times(scan, 5, warm=1)
    rows = tables.matrix(view.scan("images", ["vector"])["vector"]).astype(np.float32).reshape(-1, width)
    plain = common.times(lambda i: np.argpartition(-(rows @ queries[i]), 10)[:10], 10)
    return {
        "open_s": common.significant(opened - start),
        "open_and_first_answer_s": common.significant(first - start),
        "end_to_end": common.percentiles(spent),
        "in_the_index": common.percentiles(inside),
        "peers": {"lance_scan": common.percentiles(lance), "numpy": common.percentiles(plain)},
        "memory_mb": common.resident_mb(),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="20,000 vectors only")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        print(json.dumps(ask(options.ask)))
        return
    ours: dict[str, Any] = {}
    peers: dict[str, Any] = {}
    for size in [20_000] if options.quick else options.sizes:
        common.say(f"{size:,} vectors")
        with tempfile.TemporaryDirectory() as folder:
            built = build(Path(folder) / "collection", size)
            command = [sys.executable, __file__, "--ask", str(Path(folder) / "collection")]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        peers[str(size)] = found.pop("peers")
        ours[str(size)] = built | found
    ratios = {
        size: common.significant(peers[size]["numpy"]["p50_ms"] / ours[size]["end_to_end"]["p50_ms"])
        for size in ours
    }
    result = {
        "name": "end_to_end",
        "ours": ours,
        "peers": peers,
        "limit": LIMIT,
        "ratios": {"numpy_over_ours": ratios},
    }
    common.print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
