"""Runs for programs: a row a run and direction, full precision, every setting; tables as nested values."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tuwen.bench.runs import DIRECTIONS
from tuwen.report.grouping import Row, Table, tables
from tuwen.report.scores import Score, smaller_wins
from tuwen.report.words import protocols, title

_Record = dict[str, Any]


def records(found: Sequence[Table]) -> list[_Record]:
    """A record for each run and direction."""
    return [
        _record(table, row, index, direction)
        for table in found
        for row in table.rows
        for index in range(len(row.runs))
        for direction in DIRECTIONS
    ]


def as_csv(found: Sequence[Table]) -> str:
    """Records with a heading; a figure has a column for itself, its interval and its chance level."""
    rows = records(found)
    names = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return stream.getvalue()


def as_jsonl(found: Sequence[Table]) -> str:
    """Records, one JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in records(found))


def as_json(found: Sequence[Table]) -> str:
    """Tables with rows and pairs."""
    return json.dumps([nested(table) for table in found], ensure_ascii=False, indent=2, default=str) + "\n"


def nested(table: Table) -> _Record:
    """A table as plain values; what is not a number is null."""
    cell = table.cell
    names = ("data", "split", "features", "part", "database", "codes", "metrics", "ties", "empty")
    return {
        "title": title(table),
        **{name: getattr(cell, name) for name in names},
        "sizes": next((run.sizes for run in table.runs if run.sizes), {}),
        "files": next((run.files for run in table.runs if run.files), {}),
        "protocols": protocols(table),
        "chance": {key: _finite(value) for key, value in table.chance.items()},
        "rows": [_nested_row(row) for row in table.rows],
        "pairs": [
            asdict(pair)
            | {"one": table.rows[pair.one].letter, "other": table.rows[pair.other].letter}
            | {"significant": pair.significant}
            for pair in table.pairs
        ],
    }


def _nested_row(row: Row) -> _Record:
    told: _Record = {"letter": row.letter, "method": row.method, "width": row.width, "settings": row.settings}
    if row.error:
        told["error"] = row.error
    else:
        told["figures"] = {key: _figure(score) for key, score in row.scores.items()}
        told |= {"fit_seconds": row.fit_seconds, "code_seconds": row.code_seconds, "peak_mb": row.peak_mb}
    told["runs"] = [
        {
            "key": run.cell.key,
            "params": run.cell.params,
            "options": run.cell.options,
            "data_seed": run.cell.data_seed,
            "figures": {key: _finite(value) for key, value in run.figures.items()},
            "notes": list(run.notes),
            "about": run.about,
        }
        for run in row.runs
    ]
    return told


def _record(table: Table, row: Row, index: int, direction: str) -> _Record:
    run = row.runs[index]
    cell = run.cell
    names = (
        "data",
        "split",
        "features",
        "text_encoder",
        "data_seed",
        "noise",
        "part",
        "database",
        "codes",
        "method",
    )
    told: _Record = {name: getattr(cell, name) for name in names}
    told |= {"width": row.width, "seed": cell.params.get("seed"), "direction": direction}
    alone = row if len(row.runs) == 1 else _alone(table, row, index)
    for metric in cell.metrics:
        key = f"{direction}/{metric}"
        score = alone.scores.get(key)
        told[metric] = _finite(run.figures.get(key))
        if not smaller_wins(key):
            told[f"{metric}_low"] = _finite(score.low) if score else None
            told[f"{metric}_high"] = _finite(score.high) if score else None
        told[f"{metric}_chance"] = _finite(run.chance.get(key))
    told |= {"fit_seconds": run.fit_seconds, "code_seconds": run.code_seconds, "peak_mb": run.peak_mb}
    told |= {"params": cell.params, "options": cell.options, "ties": cell.ties, "empty": cell.empty}
    told["protocol"] = run.protocols.get(f"{direction}/{table.metric}", "")
    return told | {"sizes": run.sizes, "error": run.error, "notes": list(run.notes), "about": run.about}


def _alone(table: Table, row: Row, index: int) -> Row:
    """One of several repeats as a row of its own, for its own interval."""
    if row.error:
        return row
    (only,) = tables([row.runs[index]])
    return only.rows[0]


def _figure(score: Score) -> _Record:
    return {name: _finite(value) for name, value in asdict(score).items()}


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
