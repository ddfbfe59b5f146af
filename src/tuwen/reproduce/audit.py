"""What can be checked in the printed tables without any data: sums, orders, rows that repeat each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from tuwen.metrics import Guessing, by_labels, mean_ap
from tuwen.reproduce.published import Column, Row, Table

Kind = Literal["average", "order", "reference", "repeated", "reversed", "dip", "chance"]
#: What each kind of finding is, in one sentence. Only the first three are errors by themselves.
KINDS: dict[Kind, str] = {
    "average": "a printed average is not the mean of the values beside it, beyond rounding",
    "order": "a recall falls where more places count",
    "reference": "a method has one reference number here and another in another table",
    "repeated": "two rows share most of their values",
    "reversed": "of two tables with the same methods, all columns of one method stand against the others",
    "dip": "a value lies more than a point below those for fewer and for more bits",
    "chance": "a printed mAP is no better than guessing, or within 0.006 of it",
}
#: Printed values up to this much above guessing count as chance: rankings of 200 items scatter by 0.002.
NEAR = 0.006
_SHARED = 0.6


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        table: Name of the table.
        kind: What was looked for.
        row: Name of the method as printed.
        column: Name of the column, or the columns concerned.
        printed: What is printed.
        computed: What it is compared with.
        says: The finding in one sentence.
    """

    table: str
    kind: Kind
    row: str
    column: str
    printed: str
    computed: str
    says: str


def audit(tables: Sequence[Table]) -> list[Finding]:
    """Everything that was found in some tables, by kind and table; needs no data."""
    checks: tuple[Callable[[Table], Iterator[Finding]], ...] = (_averages, _orders, _repeated, _dips, _chance)
    found = [finding for check in checks for table in tables for finding in check(table)]
    found += [*_references(tables), *_reversed(tables)]
    order, places = list(KINDS), [table.name for table in tables]
    return sorted(found, key=lambda one: (order.index(one.kind), places.index(one.table)))


def chance(table: Table) -> float | None:
    """The mAP@all that guessing gets, as a share; None where sizes of classes are not known."""
    if table.classes is None:
        return None
    queries, items = (
        np.repeat(np.arange(len(counts)), counts) for counts in (table.classes.queries, table.classes.items)
    )
    guessing = Guessing(len(queries), len(items))
    return float(mean_ap(guessing, by_labels(queries, items)).value)


def r_sum(table: Table, row: Row) -> float | None:
    """The sum of all recalls of a row; None for other tables."""
    if not all(column.metric.startswith("hit@") for column in table.columns):
        return None
    return round(sum(map(float, row.values)), table.decimals)


def _averages(table: Table) -> Iterator[Finding]:
    half = 0.5 * 10.0**-table.decimals
    for row in table.rows:
        for column in table.columns:
            if column.direction != "mean":
                continue
            parts = [other for other in table.columns if _beside(other, column)]
            mean = sum(table.value(row, other) for other in parts) / len(parts)
            if abs(mean - table.value(row, column)) > half * 1.001:
                printed = row.values[table.columns.index(column)]
                computed = f"{mean:.{table.decimals + 1}f}"
                says = f"printed {printed}, but the mean of the values beside it is {computed}"
                yield Finding(table.name, "average", row.printed, column.name, printed, computed, says)


def _beside(other: Column, mean: Column) -> bool:
    same = (other.group, other.bits, other.metric) == (mean.group, mean.bits, mean.metric)
    return same and other.direction != "mean"


def _places(column: Column) -> int:
    """K of Recall@K; 0 for others."""
    return int(column.metric.partition("@")[2] or 0)


def _orders(table: Table) -> Iterator[Finding]:
    for row in table.rows:
        for one, other in combinations(filter(_places, table.columns), 2):
            if one.direction != other.direction:
                continue
            few, many = sorted((one, other), key=_places)
            a, b = table.value(row, few), table.value(row, many)
            if a > b:
                says = f"{few.name} is {a}, above {b} of {many.name}"
                yield Finding(table.name, "order", row.printed, many.name, str(b), str(a), says)


def _references(tables: Sequence[Table]) -> Iterator[Finding]:
    seen: dict[tuple[str, str], dict[int, str]] = {}
    for table in tables:
        paper = table.name.partition("-")[0]
        for row in table.rows:
            places = seen.setdefault((paper, row.printed), {})
            if places and row.reference not in places:
                number, where = next(iter(places.items()))
                says = f"cited as {row.reference} here and as {number} in table {where}"
                yield Finding(table.name, "reference", row.printed, "", str(row.reference), str(number), says)
            places.setdefault(row.reference, table.name)


def _repeated(table: Table) -> Iterator[Finding]:
    for one, other in combinations(table.rows, 2):
        same = [
            column.name
            for column, a, b in zip(table.columns, one.values, other.values, strict=True)
            if a == b and column.direction != "mean"
        ]
        count = sum(column.direction != "mean" for column in table.columns)
        if count > 2 and len(same) >= _SHARED * count:
            columns, numbers = ", ".join(same), f"{len(same)} of {count}"
            says = f"{numbers} values are those of {other.printed}: {columns}"
            yield Finding(table.name, "repeated", one.printed, columns, numbers, other.printed, says)


def _reversed(tables: Sequence[Table]) -> Iterator[Finding]:
    for one, other in combinations([table for table in tables if r_sum(table, table.rows[0])], 2):
        there = {row.printed: row for row in other.rows}
        both = [row for row in one.rows if row.printed in there]
        above = {
            row.printed: sum(
                one.value(row, column) > other.value(there[row.printed], column) for column in one.columns
            )
            for row in both
        }
        for name, count in above.items():
            rest = [value for row, value in above.items() if row != name]
            half = len(one.columns) / 2
            if count == 0 and rest and min(rest) >= half:
                says = (
                    f"all {len(one.columns)} figures lie below those of table {other.name}; of every other "
                    f"method in both tables at least {min(rest)} lie above"
                )
                yield Finding(one.name, "reversed", name, "", "0", str(min(rest)), says)


def _dips(table: Table) -> Iterator[Finding]:
    for row in table.rows:
        for direction in ("i2t", "t2i"):
            coded = [column for column in table.columns if column.bits and column.direction == direction]
            coded.sort(key=lambda column: column.bits)
            for few, middle, many in zip(coded, coded[1:], coded[2:], strict=False):
                a, b, c = (table.value(row, column) for column in (few, middle, many))
                if b < min(a, c) - 0.01 * table.scale:
                    says = f"{b} at {middle.bits} bits, but {a} at {few.bits} and {c} at {many.bits}"
                    yield Finding(table.name, "dip", row.printed, middle.name, str(b), f"{a}, {c}", says)


def _chance(table: Table) -> Iterator[Finding]:
    level = chance(table)
    if level is None:
        return
    for row in table.rows:
        for column in table.columns:
            value = table.value(row, column) / table.scale
            if column.direction != "mean" and column.metric == "map" and value <= level + NEAR:
                shown = f"{level * table.scale:.{table.decimals}f}"
                printed = row.values[table.columns.index(column)]
                says = f"printed {printed}; guessing gets {shown}"
                yield Finding(table.name, "chance", row.printed, column.name, printed, shown, says)
