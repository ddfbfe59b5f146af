"""Mean average precision of many queries, beside the plainest correct numpy, ranx and torchmetrics.

    python benchmarks/metrics_speed.py [--queries 10000] [--items 100000] [--quick] [--json]

Data: random 64-bit codes and positive float32 scores, ten classes drawn at random. Peers are timed over the
first of the same queries and told per query; where they compute the same figure, the largest difference is
told. ranx and torchmetrics are asked only where they are installed.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import common
from tuwen.metrics import Codes, by_labels, mean_ap

CLASSES = 10
LIMIT_S = 60.0  # codes, expected ties, everything
LIMIT_MB = 1000.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    n, m = (200, 5000) if arguments.quick else (arguments.queries, arguments.items)
    random = np.random.default_rng(0)
    queries, items = (random.integers(0, 256, (rows, 8), dtype=np.uint8) for rows in (n, m))
    labels = random.integers(0, CLASSES, n), random.integers(0, CLASSES, m)
    codes = from_codes(queries, items, *labels)
    result = {
        "benchmark": "metrics_speed",
        "queries": n,
        "items": m,
        "codes": codes,
        "scores": from_scores(random, *labels),
        "limit": {"codes_s": LIMIT_S, "codes_mb": LIMIT_MB},
        "met": None if arguments.quick else codes["seconds"] <= LIMIT_S and codes["more_mb"] <= LIMIT_MB,
        "data": " ".join(__doc__.split("Data: ")[1].split()),
    }
    common.print_result(result, as_json=arguments.json)


def from_codes(queries: np.ndarray, items: np.ndarray, asked: np.ndarray, held: np.ndarray) -> dict[str, Any]:
    """All queries by their codes, with expected ties; some by numpy, the same way and with stable ties."""
    common.say(f"{len(queries):,} queries, {len(items):,} codes")
    before = common.resident_mb()
    with common.PeakMemory() as peak:
        start = time.perf_counter()
        whole = mean_ap(Codes(queries, items), by_labels(asked, held))
        seconds = time.perf_counter() - start
    some = slice(0, 20)
    distances = [np.bitwise_count(code ^ items).sum(axis=1) for code in queries[some]]
    plain = [
        plain_expected(-row.astype(int), held == own) for row, own in zip(distances, asked, strict=False)
    ]
    stable = mean_ap(Codes(queries[some], items), by_labels(asked[some], held), ties="stable")
    in_order = [
        plain_stable(-row.astype(int), held == own) for row, own in zip(distances, asked, strict=False)
    ]

    def numpy(turn: int, way: Callable[[np.ndarray, np.ndarray], float]) -> float:
        return way(-np.bitwise_count(queries[turn] ^ items).sum(axis=1).astype(int), held == asked[turn])

    return {
        "seconds": common.significant(seconds),
        "more_mb": round(peak.mb - before, 1),
        "map": round(whole.mean, 6),
        "ms_a_query": {
            "ours": common.significant(1e3 * seconds / len(queries)),
            "numpy_expected": milliseconds(lambda turn: numpy(turn, plain_expected)),
            "numpy_stable": milliseconds(lambda turn: numpy(turn, plain_stable)),
        },
        "largest_difference": {
            "numpy_expected": float(np.abs(whole.values[some] - plain).max()),
            "numpy_stable": float(np.abs(stable.values - in_order).max()),
        },
    }


def from_scores(random: np.random.Generator, asked: np.ndarray, held: np.ndarray) -> dict[str, Any]:
    """Float scores of some queries; peers get the same rows."""
    asked = asked[:200]
    common.say(f"{len(asked):,} queries, {len(held):,} float scores each")
    # above 0: torchmetrics counts true items of other scores as false
    scores = np.exp(random.standard_normal((len(asked), len(held)), dtype=np.float32))
    start = time.perf_counter()
    ours = mean_ap(scores, by_labels(asked, held))
    seconds = time.perf_counter() - start
    peers: dict[str, Any] = {"numpy_stable": lambda turn: plain_stable(scores[turn], held == asked[turn])}
    skipped = {}
    for name, make in (("ranx", ranx), ("torchmetrics", torchmetrics)):
        try:
            peers[name] = make(scores, asked, held)
        except ImportError:
            skipped[name] = "not installed"
    figures: dict[str, Any] = {"ours": common.significant(1e3 * seconds / len(asked))}
    differences = {}
    for name, ask in peers.items():
        common.say(f"asking {name}")
        figures[name] = milliseconds(ask)
        differences[name] = max(abs(ours.values[turn] - ask(turn)) for turn in range(3))
    return {"ms_a_query": figures, "largest_difference": differences, "skipped": skipped}


def plain_stable(scores: np.ndarray, true: np.ndarray) -> float:
    """Average precision of the items in order of score, equal ones in that of the database."""
    ranked = true[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked].mean())


def plain_expected(scores: np.ndarray, true: np.ndarray) -> float:
    """The mean over all orders of equal scores, group by group and place by place."""
    total, above, true_above = 0.0, 0, 0
    for score in np.unique(scores)[::-1]:
        tied = scores == score
        size, hits = int(tied.sum()), int(true[tied].sum())
        earlier = np.arange(size) * (hits - 1) / max(size - 1, 1)
        total += hits / size * ((true_above + 1 + earlier) / (above + 1 + np.arange(size))).sum()
        above, true_above = above + size, true_above + hits
    return total / true.sum()


def ranx(scores: np.ndarray, asked: np.ndarray, held: np.ndarray) -> Callable[[int], float]:
    """One query by ranx; the dictionaries that it reads are made beforehand and not timed."""
    library = importlib.import_module("ranx")
    names = [str(item) for item in range(len(held))]

    def made(turn: int) -> tuple[Any, Any]:
        true = np.flatnonzero(held == asked[turn])
        run = library.Run({"q": dict(zip(names, scores[turn].tolist(), strict=True))})
        return library.Qrels({"q": {names[item]: 1 for item in true}}), run

    inputs = [made(turn) for turn in range(3)]
    return lambda turn: float(library.evaluate(*inputs[turn % 3], "map"))


def torchmetrics(scores: np.ndarray, asked: np.ndarray, held: np.ndarray) -> Callable[[int], float]:
    """One query by torchmetrics."""
    torch = importlib.import_module("torch")
    library = importlib.import_module("torchmetrics.functional.retrieval")
    rows, true = torch.from_numpy(scores), torch.from_numpy(held[None] == asked[:3, None])
    return lambda turn: float(library.retrieval_average_precision(rows[turn % 3], true[turn % 3]))


def milliseconds(ask: Callable[[int], object]) -> float:
    """Median of a few queries, milliseconds."""
    return common.significant(1e3 * float(np.median(common.times(ask, 9))))


if __name__ == "__main__":
    main()
