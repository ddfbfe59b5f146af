"""A table of features: columns `image_0`, `image_1`, ... become one array, others stay as they are."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged, InputError

_NUMBERED = re.compile(r"(?P<name>.*?\D)[_.\-\[]?(?P<number>\d+)\]?$")


def read_columns(path: Path) -> dict[str, Array]:
    """Arrays of a .csv or .tsv file with a header: matrices (n, d) of numbered columns, texts (n,).

    Raises:
        Damaged: It is not UTF-8, a line has too few or too many cells, or a numbered column a cell that is
            no number.
        InputError: It has no header or no lines.
    """
    mark = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [row for row in csv.reader(stream, delimiter=mark) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Damaged(f"{path} is not a readable table in UTF-8 ({error})") from error
    if len(lines) < 2:
        raise InputError(
            f"{path} has no lines below a header; columns such as image_0, text_0, label are needed"
        )
    header, *rows = lines
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise Damaged(f"{path}, line {number} has {len(row)} cells but the header has {len(header)}")
    groups: dict[str, list[tuple[int, int]]] = {}
    arrays: dict[str, Array] = {}
    for place, column in enumerate(header):
        found = _NUMBERED.match(column.strip())
        if found:
            groups.setdefault(found["name"].rstrip("_.-["), []).append((int(found["number"]), place))
        else:
            arrays[column.strip()] = np.array([row[place].strip() for row in rows], dtype=np.str_)
    for name, members in groups.items():
        if name in arrays:
            raise InputError(f"{path} has a column {name} and numbered columns {name}_0 ...; rename one")
        places = [place for _, place in sorted(members)]
        arrays[name] = np.column_stack([_numbers(path, header[place], place, rows) for place in places])
    return arrays


def _numbers(path: Path, column: str, place: int, rows: list[list[str]]) -> Array:
    try:
        return np.array([row[place] for row in rows], dtype=np.float64)
    except ValueError:
        for number, row in enumerate(rows, start=2):
            try:
                float(row[place])
            except ValueError:
                raise Damaged(
                    f"{path}, line {number}: {column} is {row[place]!r}, which is no number"
                ) from None
        raise
