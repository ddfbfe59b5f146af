"""What was found as files: pairs and clusters as CSV, JSON or Parquet, the review page, the report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from tuwen.errors import InputError
from tuwen.files import replacing, write_json
from tuwen.resolve import page, review
from tuwen.resolve.resolution import Resolution
from tuwen.resolve.rows import (
    Row,
    cluster_rows,
    pair_rows,
    probability_name,
    reasons,
    refusal_rows,
    weights,
)

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
_TYPES = {
    **dict.fromkeys(("probability", "estimated_probability", "similarity"), "float64"),
    **dict.fromkeys(("rank", "cluster", "size"), "int64"),
}
REVIEWED = 500  # pairs on a review page; every picture is on it


def check(path: Path) -> None:
    """Refuse a file of a form that cannot be written.

    Raises:
        InputError: The suffix is not known.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path} cannot be written; its name must end in one of {', '.join(SUFFIXES)}")


def write_rows(path: Path, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """Write rows in the form that the suffix says, in one step; a value that a row lacks is empty.

    Raises:
        InputError: The suffix is not known.
    """
    check(path)
    whole = ({name: row.get(name) for name in columns} for row in rows)
    with replacing(path) as temporary:
        _WRITERS[path.suffix.lower()](temporary, whole, columns)


def write_pairs(path: str | Path, found: Resolution) -> None:
    """Write `pair_rows`; as JSON with clusters, steps and refusals around them."""
    path = Path(path)
    names = ["left_id", "right_id", probability_name(found), "similarity", "rank", "cluster", "reason"]
    if path.suffix.lower() != ".json":
        write_rows(path, pair_rows(found), names)
        return
    rows = [{name: row.get(name) for name in names} for row in pair_rows(found)]
    alone = [row["left_id"] is None or row["right_id"] is None for row in rows]
    steps = [(step.name, round(step.seconds, 3), list(step.facts)) for step in found.steps]
    write_json(
        path,
        {
            "matches": [row for row, single in zip(rows, alone, strict=True) if not single],
            "unmatched": [row for row, single in zip(rows, alone, strict=True) if single],
            "clusters": list(cluster_rows(found)),
            "refused": list(refusal_rows(found)),
            "how": found.how,
            "threshold": found.threshold,
            "weights": weights(found),
            "steps": [{"step": name, "seconds": took, "facts": facts} for name, took, facts in steps],
            "notes": found.notes,
        },
    )


def write_clusters(path: str | Path, found: Resolution) -> None:
    """Write `cluster_rows`."""
    write_rows(Path(path), cluster_rows(found), ["cluster", "size", "side", "id", "content"])


def write_refusals(path: str | Path, found: Resolution) -> None:
    """Write `refusal_rows`."""
    write_rows(Path(path), refusal_rows(found), ["item", "code", "reason", "source"])


def write_review(path: str | Path, found: Resolution, *, most: int = REVIEWED) -> int:
    """Write the page on which a person decides, and say how many pairs are on it.

    They are kept pairs and the best of those that were not; those nearest to the threshold first, since
    an answer says most there.
    """
    kept = np.zeros(len(found.candidates), dtype=bool)
    kept[found.kept] = True
    some = np.flatnonzero(kept | (found.ranks == 1))
    middle = found.threshold
    if middle is None:
        middle = float(np.median(found.score[some])) if len(some) else 0.0
    chosen = some[np.argsort(np.abs(found.score[some] - middle), kind="stable")][:most]
    rows = (_review_row(found, place, bool(kept[place])) for place in chosen.tolist())
    review.write_review(Path(path), rows)
    return len(chosen)


def write_report(path: str | Path, found: Resolution) -> None:
    """Write the report page: steps, timings, figures, charts, and what was left out."""
    from tuwen import __version__

    about = [("tuwen", __version__), ("date", date.today().isoformat()), ("left", found.left.name)]
    about += [("right", found.right.name)] if found.right is not None else []
    about += [("encoder", found.encoder)] if found.encoder else []
    about += [(f"weight of {name}", f"{value:.2f}") for name, value in weights(found).items()]
    about += [("note", note) for note in found.notes]
    about += [(refusal.code, refusal.reason) for refusal in found.refusals]
    page.write_report(
        Path(path),
        found.steps,
        evaluation=found.evaluation,
        clusters=found.figures,
        threshold=found.chosen,
        used=found.threshold,
        about=about,
    )


def _review_row(found: Resolution, place: int, decided: bool) -> review.Row:
    left, right = int(found.candidates.left[place]), int(found.candidates.right[place])
    return review.Row(
        left=found.left.ids[left],
        left_content=found.left.contents[left],
        right=found.other.ids[right],
        right_content=found.other.contents[right],
        score=float(found.score[place]),
        probability=float(found.score[place]) if probability_name(found) == "probability" else None,
        reasons=reasons(found, place),
        decided=decided,
    )


def _write_csv(path: Path, rows: Iterable[Row], columns: Sequence[str], mark: str = ",") -> None:
    # with a byte order mark, or spreadsheet programs show Chinese as garbage
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=mark, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row[name] for name in columns] for row in rows)


def _write_jsonl(path: Path, rows: Iterable[Row], columns: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_json(path: Path, rows: Iterable[Row], columns: Sequence[str]) -> None:
    path.write_text(json.dumps(list(rows), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _write_parquet(path: Path, rows: Iterable[Row], columns: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = list(rows)
    # said, since a column of nothing but empty cells would have a type of its own
    types = {name: getattr(pa, _TYPES.get(name, "string"))() for name in columns}
    arrays = {name: pa.array([row[name] for row in made], types[name]) for name in columns}
    pq.write_table(pa.table(arrays), path)


_WRITERS: dict[str, Callable[[Path, Iterable[Row], Sequence[str]], None]] = {
    ".csv": _write_csv,
    ".tsv": lambda path, rows, columns: _write_csv(path, rows, columns, "\t"),
    ".json": _write_json,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
