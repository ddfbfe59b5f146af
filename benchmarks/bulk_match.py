"""Bulk match, top 5 both ways, exact: ours beside the product alone, numpy, faiss and one query at a time.

python benchmarks/bulk_match.py --json --queries 5000 --items 50000 --width 1024
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable

import numpy as np

from common import PeakMemory, median, print_result, say, significant
from tuwen.arrays import unit_rows
from tuwen.matching import top_both
from tuwen.matching.product import product


def vectors(count: int, width: int, centres: np.ndarray, seed: int, gap: np.ndarray) -> np.ndarray:
    """Unit rows around shared centres, shifted as the two sides of a dual encoder are."""
    rng = np.random.default_rng(seed)
    near = centres[rng.integers(0, len(centres), count)]
    return unit_rows(near + 0.8 * rng.standard_normal((count, width), dtype=np.float32) + gap)


def product_alone(queries: np.ndarray, items: np.ndarray, threads: int) -> None:
    """Our kernel on our tiles; the scores are overwritten, never read."""
    starts = iter(range(0, len(items), 1024))
    lock = threading.Lock()

    def work(multiply: Callable[[np.ndarray, np.ndarray, np.ndarray], None]) -> None:
        buffer = np.empty(512 * 1024, dtype=np.float32)
        while True:
            with lock:
                start = next(starts, None)
            if start is None:
                return
            block = items[start : start + 1024]
            for row in range(0, len(queries), 512):
                part = queries[row : row + 512]
                out = buffer[: len(part) * len(block)].reshape(len(part), len(block))
                multiply(part, block, out)

    workers = [threading.Thread(target=work, args=(product(),)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def numpy_way(queries: np.ndarray, items: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    scores = queries @ items.T
    forward = np.argpartition(-scores, k, axis=1)[:, :k]
    backward = np.argpartition(-scores, k, axis=0)[:k].T
    sorted_forward = np.argsort(-np.take_along_axis(scores, forward, 1), axis=1)
    sorted_backward = np.argsort(-np.take_along_axis(scores.T, backward, 1), axis=1)
    return np.take_along_axis(forward, sorted_forward, 1), np.take_along_axis(backward, sorted_backward, 1)


def faiss_way(queries: np.ndarray, items: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    import faiss

    found = []
    for asked, searched in ((queries, items), (items, queries)):
        index = faiss.IndexFlatIP(searched.shape[1])
        index.add(searched)
        found.append(index.search(asked, k)[1])
    return found[0], found[1]


def one_at_a_time(queries: np.ndarray, items: np.ndarray, k: int) -> None:
    """As Chinese-CLIP's evaluation does: per query, a list of all (id, score), sorted in Python; one way."""
    names = list(range(len(items)))
    for query in queries:
        pairs = []
        for start in range(0, len(items), 32768):
            scores = query[None] @ items[start : start + 32768].T
            pairs.extend(zip(names[start : start + 32768], scores[0].tolist(), strict=True))
        sorted(pairs, key=lambda pair: pair[1], reverse=True)[:k]


def agreement(found: np.ndarray, true: np.ndarray) -> float:
    return float(
        np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found.tolist(), true.tolist(), strict=True)])
    )


def timed(call: Callable[[], object]) -> tuple[float, float, object]:
    """Wall seconds, processor seconds of all threads, and the result."""
    wall, processor = time.perf_counter(), time.process_time()
    result = call()
    return time.perf_counter() - wall, time.process_time() - processor, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--queries", type=int, default=5000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=7, help="runs of ours and of the product, alternating")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-peers", action="store_true", help="ours and the product alone")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((2000, options.width), dtype=np.float32)
    gap = 0.6 * rng.standard_normal(options.width, dtype=np.float32)
    queries = vectors(options.queries, options.width, centres, 1, gap)
    items = vectors(options.items, options.width, centres, 2, -gap)
    k = 5

    runs: dict[str, list[tuple[float, float]]] = {"ours": [], "product_alone": [], "numpy_product_alone": []}
    ours = None
    with PeakMemory() as memory:
        base = memory.mb
        for turn in range(options.rounds):
            say(f"round {turn + 1} of {options.rounds}")
            wall, processor, ours = timed(lambda: top_both(queries, items, k, threads=options.threads))
            runs["ours"].append((wall, processor))
            runs["product_alone"].append(timed(lambda: product_alone(queries, items, options.threads))[:2])
        peak = memory.mb - base
    assert ours is not None
    numpy_result = None
    for _ in range(options.rounds):
        runs["numpy_product_alone"].append(
            timed(lambda: [queries @ items[i : i + 10_000].T for i in range(0, options.items, 10_000)])[:2]
        )
    result: dict[str, object] = {
        "benchmark": "bulk_match",
        "queries": options.queries,
        "items": options.items,
        "width": options.width,
        "k": k,
        "threads": options.threads,
        "limit_seconds": 4.0,
        "limit_ratio": 1.4,
    }
    seconds = {name: median([wall for wall, _ in found]) for name, found in runs.items()}
    result["seconds"] = seconds
    result["fastest_seconds"] = {
        name: significant(min(wall for wall, _ in found)) for name, found in runs.items()
    }
    result["processor_seconds"] = {name: median([used for _, used in found]) for name, found in runs.items()}
    result["our_peak_memory_mb"] = round(peak, 1)
    if not options.no_peers:
        say("numpy, faiss, one query at a time")
        seconds["numpy"], _, numpy_result = timed(lambda: numpy_way(queries, items, k))
        seconds["faiss_flat_twice"], _, faiss_result = timed(lambda: faiss_way(queries, items, k))
        few = min(100, options.queries)
        wall, _, _ = timed(lambda: one_at_a_time(queries[:few], items, k))
        seconds["one_query_at_a_time_one_way_extrapolated"] = wall * options.queries / few
        result["one_query_at_a_time_per_second"] = significant(few / wall)
        result["agreement_with_exact"] = {
            "ours": [
                agreement(ours.items.indices, numpy_result[0]),
                agreement(ours.queries.indices, numpy_result[1]),
            ],
            "faiss": [
                agreement(faiss_result[0], numpy_result[0]),
                agreement(faiss_result[1], numpy_result[1]),
            ],
        }
    result["seconds"] = {name: significant(value) for name, value in seconds.items()}
    result["ratio_to_ours"] = {
        name: significant(value / seconds["ours"]) for name, value in seconds.items() if name != "ours"
    }
    result["ours_to_product_alone"] = significant(seconds["ours"] / seconds["product_alone"])
    print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
