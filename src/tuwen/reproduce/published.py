"""The tables as they are printed, from the data files beside this one; figures and facts only."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tuwen.bench.runs import Codes, Database
from tuwen.errors import Damaged, unknown
from tuwen.files import read_json

_FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True, kw_only=True)
class Column:
    """What one column of a table holds.

    Attributes:
        printed: Its head.
        direction: Images asking texts, texts asking images, or the mean of both.
        metric: As `metrics.named` takes it.
        bits: Of hash codes; 0 for others.
        group: Which features, in tables that have several blocks.
    """

    printed: str
    direction: Literal["i2t", "t2i", "mean"]
    metric: str
    bits: int = 0
    group: str = ""

    @property
    def name(self) -> str:
        """What tells it from the other columns: `cnn i2t`, `t2i 16`, `i2t hit@5`."""
        metric = "" if self.metric == "map" else self.metric
        return " ".join(filter(None, (self.group, self.direction, str(self.bits or ""), metric)))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method of a table.

    Attributes:
        printed: Its name there.
        reference: The number it is cited with.
        method: What we call it, whether this version has it or not.
        values: As printed, in the order of the columns.
        code: Where its authors' code, and weights where it needs them, are to be had; empty where we know
            of none.
    """

    printed: str
    reference: int
    method: str
    values: tuple[str, ...]
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A block of columns on the same features.

    Attributes:
        name: As columns name it.
        printed: Its head; empty where a table is one block.
        needs: What it takes to run it, and where that is to be had.
    """

    name: str
    printed: str
    needs: str


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A way in which we run the methods of some blocks.

    Attributes:
        name: Short.
        says: What it is, in one sentence.
        groups: The blocks that it runs.
        data: Of the benchmark.
        split: How that is cut.
        features: Which features.
        data_seeds: Draws of the split; figures are their means.
        codes: How items of the database are coded.
        database: What is searched.
        compares: The features are the paper's, as near as they can be had; otherwise no difference is taken.
        methods: `params` that are not defaults and `options` of `similarity`, by method.
        only: Runs the methods that `methods` names and no other.
    """

    name: str
    says: str
    groups: tuple[str, ...]
    data: str
    split: str
    features: str
    data_seeds: tuple[int, ...]
    codes: Codes
    database: Database
    compares: bool
    methods: dict[str, dict[str, Any]] = field(default_factory=dict)
    only: bool = False


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why figures differ; it holds for the rows, columns and set-ups it names, all where it names none.

    Attributes:
        kind: One word: `chance`, `misprint`, `codes`, `features`, `settings`, `unestablished`.
        says: One sentence.
        rows: Names of methods as printed.
        columns: Names of columns.
        setups: Names of set-ups.
    """

    kind: str
    says: str
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    setups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Erratum:
    """What is wrong in a table.

    Attributes:
        rows: Names of methods as printed; all where empty.
        columns: Names of columns; all where empty.
        what: What is printed and what should be.
        evidence: How we know.
        status: `verified` by computation or in a source that was read, or `recalled` from memory.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    what: str
    evidence: str
    status: Literal["verified", "recalled"]


@dataclass(frozen=True, kw_only=True)
class Classes:
    """Pairs of each class, from which the chance level follows.

    Attributes:
        queries: Of those that ask.
        items: Of the database.
        says: Of what.
    """

    queries: tuple[int, ...]
    items: tuple[int, ...]
    says: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A published table and how we run it.

    Attributes:
        name: `002-1` is table 1 of paper 002.
        paper: Which paper.
        title: What is in the table.
        unit: Figures are shares of 1, or percent.
        decimals: How many are printed.
        published: The protocol, as far as the paper tells it or its figures show.
        columns: Its columns.
        rows: Its rows.
        groups: Its blocks.
        setups: Our set-ups.
        reasons: Why figures differ.
        errata: What is wrong in it.
        classes: Sizes of classes, where they are known.
    """

    name: str
    paper: str
    title: str
    unit: Literal["share", "percent"]
    decimals: int
    published: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    groups: tuple[Group, ...]
    setups: tuple[Setup, ...]
    reasons: tuple[Reason, ...]
    errata: tuple[Erratum, ...]
    classes: Classes | None = None

    @property
    def scale(self) -> float:
        """What a figure between 0 and 1 is multiplied with to stand in this table."""
        return 100.0 if self.unit == "percent" else 1.0

    def value(self, row: Row, column: Column) -> float:
        """A figure as printed, as a number in the unit of the table."""
        return float(row.values[self.columns.index(column)])


@cache
def names() -> tuple[str, ...]:
    """The tables there are, in the order of the papers."""
    stems = (path.stem for path in _FOLDER.glob("*.json"))
    return tuple(sorted(stems, key=lambda stem: tuple(map(int, stem.split("-")))))


@cache
def load(name: str) -> Table:
    """A table by its name.

    Raises:
        UnknownName: There is no such table.
    """
    if name not in names():
        raise unknown("table", name, names())
    return read(_FOLDER / f"{name}.json")


def read(path: Path) -> Table:
    """A table from a file.

    Raises:
        Damaged: The file does not hold one; says where it fails.
    """
    told = read_json(path)
    try:
        parts: dict[str, Any] = {
            "columns": Column,
            "rows": Row,
            "groups": Group,
            "setups": Setup,
            "reasons": Reason,
            "errata": Erratum,
        }
        for part, kind in parts.items():
            told[part] = tuple(kind(**_tuples(entry)) for entry in told[part])
        if "classes" in told:
            told["classes"] = Classes(**_tuples(told["classes"]))
        table = Table(**told)
    except (AttributeError, KeyError, TypeError) as error:
        raise Damaged(f"{path} does not hold a table of figures ({error})") from error
    _check(table, path)
    return table


def _tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}


def _check(table: Table, path: Path) -> None:
    """Rows are as long as the columns are many, and everything that is named is there."""
    columns = {column.name for column in table.columns}
    rows = {row.printed for row in table.rows}
    setups = {setup.name for setup in table.setups}
    groups = {group.name for group in table.groups}
    short = [row.printed for row in table.rows if len(row.values) != len(table.columns)]
    if short:
        raise Damaged(f"{path}: {short[0]} has not as many values as there are columns")
    if len(columns) != len(table.columns) or len(rows) != len(table.rows):
        raise Damaged(f"{path} names a row or a column twice")
    named: list[tuple[tuple[str, ...], set[str]]] = [((column.group,), groups) for column in table.columns]
    named += [(setup.groups, groups) for setup in table.setups]
    named += [pair for note in table.errata for pair in ((note.rows, rows), (note.columns, columns))]
    for reason in table.reasons:
        named += [(reason.rows, rows), (reason.columns, columns), (reason.setups, setups)]
    lost = [name for some, known in named for name in some if name not in known]
    if lost:
        raise Damaged(f"{path} names {lost[0]!r}, which is not in the table")
