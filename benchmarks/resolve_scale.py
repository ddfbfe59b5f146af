"""Resolving 100,000 items against 100,000: minutes, pairs a second, memory, and what is found.

Made vectors: each entity has a direction in a space of few dimensions that all share, as embeddings have; an
item is that with noise of its own. A tenth of the items of either side has no partner. Nothing is labelled.
The steps are those of `tuwen resolve`, in this process; memory is what they take beyond the vectors.

    python benchmarks/resolve_scale.py --json
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from common import PeakMemory, print_result, resident_mb, say, significant
from tuwen.arrays import unit_rows
from tuwen.resolve.base import Side, Truth
from tuwen.resolve.run import resolve

WIDTH, INNER = 256, 64
NOISE = 0.9  # of an item, beside its entity's direction of length one
ALONE = 0.1


def sides(size: int) -> tuple[Side, Side, Truth]:
    """Two sides in different orders, and which rows belong together."""
    random = np.random.default_rng(0)
    mixing = random.standard_normal((INNER, WIDTH)).astype(np.float32) / np.sqrt(INNER)
    paired = round(size * (1 - ALONE))
    entities = unit_rows(random.standard_normal((2 * size - paired, INNER)))
    rows = np.arange(size), np.concatenate([np.arange(paired), np.arange(size, 2 * size - paired)])
    made, places = [], []
    for name, kind, own in (("pictures", "image", rows[0]), ("texts", "text", rows[1])):
        order = random.permutation(size)
        noise = NOISE / np.sqrt(INNER) * random.standard_normal((size, INNER)).astype(np.float32)
        vectors = unit_rows((entities[own[order]] + noise) @ mixing)
        ids = [f"{name}-{row}" for row in range(size)]
        # the words say nothing: only the vectors tell which belong together
        contents = [""] * size
        made.append(Side(name=name, kind=kind, ids=ids, contents=contents, vectors=vectors))  # type: ignore[arg-type]
        place = np.full(2 * size - paired, -1)
        place[own[order]] = np.arange(size)
        places.append(place[:paired])
    return made[0], made[1], Truth.of(zip(*(place.tolist() for place in places), strict=True))


def measure(size: int, neighbours: int) -> dict[str, Any]:
    left, right, truth = sides(size)
    before = resident_mb()
    began = time.perf_counter()
    with PeakMemory() as peak:
        found = resolve(left, right, truth=truth, neighbours=neighbours)
    seconds = time.perf_counter() - began
    assert found.evaluation is not None and found.figures is not None
    pairs, blocking = found.evaluation.pairs, found.evaluation.blocking
    return {
        "minutes": significant(seconds / 60),
        "all_pairs_per_s": significant(blocking.pairs / seconds),
        "candidates": blocking.candidates,
        "candidates_per_s": significant(blocking.candidates / seconds),
        "peak_mb_beyond_vectors": round(peak.mb - before),
        "vectors_mb": round((left.vectors.nbytes + right.vectors.nbytes) / 2**20),
        "seconds": {step.name: significant(step.seconds) for step in found.steps},
        "true_pairs_kept_by_blocking": significant(blocking.pair_completeness),
        "share_of_pairs_looked_at": significant(1 - blocking.reduction_ratio),
        "precision": significant(pairs.precision),
        "recall": significant(pairs.recall),
        "f1": significant(pairs.f1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="2,000 against 2,000")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000], help="items a side")
    parser.add_argument("--neighbours", type=int, default=20)
    options = parser.parse_args()
    sizes = [2000] if options.quick else options.sizes
    result: dict[str, Any] = {"benchmark": "resolve_scale", "neighbours": options.neighbours, "width": WIDTH}
    result["items_a_side"] = {}
    for size in sizes:
        say(f"{size:,} against {size:,}")
        result["items_a_side"][str(size)] = measure(size, options.neighbours)
    print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
