"""A table of features: columns `image_0`, `image_1`, ... become one array, others stay as they are."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator
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
    lines = _lines(path)
    header = [column.strip() for column in next(lines, (1, []))[1]]
    groups, plain = _places(path, header)
    numbers = {name: array("d") for name in groups}
    words: dict[str, list[str]] = {name: [] for name in plain}
    count = 0
    for line, row in lines:
        if len(row) != len(header):
            raise Damaged(f"{path}, line {line} has {len(row)} cells but the header has {len(header)}")
        for name, places in groups.items():
            try:
                numbers[name].extend([float(row[place]) for place in places])
            except ValueError:
                raise _no_number(path, line, header, row, places) from None
        for name, place in plain.items():
            words[name].append(row[place].strip())
        count += 1
    if not count:
        raise InputError(
            f"{path} has no lines below a header; columns such as image_0, text_0, label are needed"
        )
    matrices = {name: np.array(values).reshape(count, -1) for name, values in numbers.items()}
    return matrices | {name: np.array(values, dtype=np.str_) for name, values in words.items()}


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and cells of lines that are not empty."""
    mark = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=mark)
            yield from ((reader.line_num, row) for row in reader if row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Damaged(f"{path} is not a readable table in UTF-8 ({error})") from error


def _places(path: Path, header: list[str]) -> tuple[dict[str, list[int]], dict[str, int]]:
    """Where the columns of each matrix stand, by their numbers; and where each other column does."""
    groups: dict[str, list[tuple[int, int]]] = {}
    plain: dict[str, int] = {}
    for place, column in enumerate(header):
        found = _NUMBERED.match(column)
        name = found["name"].rstrip("_.-[") if found else column
        if found:
            groups.setdefault(name, []).append((int(found["number"]), place))
        elif plain.setdefault(name, place) != place:
            raise InputError(f"{path} has two columns {name}; rename one")
    for name, members in groups.items():
        if name in plain:
            raise InputError(f"{path} has a column {name} and numbered columns {name}_0 ...; rename one")
        if len({number for number, _ in members}) < len(members):
            raise InputError(f"{path} has two columns of {name} with one number; rename one")
    return {name: [place for _, place in sorted(members)] for name, members in groups.items()}, plain


def _no_number(path: Path, line: int, header: list[str], row: list[str], places: list[int]) -> Damaged:
    for place in places:
        try:
            float(row[place])
        except ValueError:
            return Damaged(f"{path}, line {line}: {header[place]} is {row[place]!r}, which is no number")
    raise AssertionError("all cells are numbers")
