"""What of a table can be run here: a cell for each figure, or what it needs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tuwen import datasets, methods
from tuwen.bench.runs import Cell
from tuwen.errors import InputError, TuwenError, unknown
from tuwen.methods import Hasher, Method
from tuwen.reproduce.published import Column, Group, Row, Setup, Table


@dataclass(frozen=True)
class Place:
    """One row of a table in one of our set-ups, on the columns of one block and one number of bits.

    Attributes:
        row: The row.
        setup: The set-up.
        columns: The columns that its cells fill.
        cells: What is run, one for each draw of the split; empty where something is missing.
        needs: What is missing of the data, where it is to be had; empty where nothing is.
        lacks: What is missing of the method; empty where nothing is.
        left_out: Nobody asked for this row.
    """

    row: Row
    setup: Setup
    columns: tuple[Column, ...]
    cells: tuple[Cell, ...] = ()
    needs: str = ""
    lacks: str = ""
    left_out: bool = False


@dataclass
class _Known:
    """What has been looked up: whether data are there, by what was asked for."""

    data_root: Path | None
    files: Mapping[str, Path]
    wanted: Sequence[str] = ()
    lacking: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def source(self, setup: Setup, group: str) -> tuple[str, str, str]:
        """Data, split and features: those of the set-up, or a file that was given for the block."""
        if group in self.files:
            return str(self.files[group]), setup.split, ""
        return setup.data, setup.split, setup.features

    def data(self, setup: Setup, group: Group) -> str:
        """What is missing of the data, or nothing."""
        asked = self.source(setup, group.name)
        if asked not in self.lacking:
            self.lacking[asked] = self._look(asked, setup, group)
        return self.lacking[asked]

    def _look(self, asked: tuple[str, str, str], setup: Setup, group: Group) -> str:
        data, split, features = asked
        given = group.name in self.files
        if not given and (data not in datasets.names() or features not in datasets.find(data).variants):
            return group.needs
        try:
            datasets.load(data, split, features, seed=setup.data_seeds[0], data_root=self.data_root)
        except TuwenError as error:
            return " ".join(str(error).split())
        return ""


def plan(
    table: Table,
    *,
    data_root: Path | None = None,
    files: Mapping[str, Path] | None = None,
    wanted: Sequence[str] = (),
) -> list[Place]:
    """Every row of a table in every set-up of ours, with what is run or what it needs.

    Args:
        table: What to run.
        data_root: The folder that holds a folder for each benchmark; see `datasets.root`.
        files: Features of one's own for a block of the table, by its name: files of pairs.
        wanted: Our names of the methods to run; all when empty.

    Raises:
        UnknownName: There is no such block, or no such method in the table.
    """
    there = [row.method for row in table.rows]
    for method in wanted:
        if method not in there:
            raise unknown(f"method in table {table.name}", method, there)
    groups = {group.name: group for group in table.groups}
    for name in files or {}:
        if name not in groups:
            raise unknown(f"block of table {table.name}", name, groups)
    known = _Known(data_root, files or {}, wanted)
    return [
        place
        for setup in table.setups
        for name in setup.groups
        for row in table.rows
        for place in _places(table, setup, groups[name], row, known)
    ]


def _places(table: Table, setup: Setup, group: Group, row: Row, known: _Known) -> Iterator[Place]:
    columns = [column for column in table.columns if column.group == group.name]
    by_bits = [
        tuple(column for column in columns if column.bits == bits)
        for bits in dict.fromkeys(column.bits for column in columns)
    ]
    if setup.only and row.method not in setup.methods and row.method in methods.names():
        return
    method, lacks = _method(row)
    if method is not None and not _codes_so(method, setup):
        return
    needs = known.data(setup, group)
    if needs or method is None:
        yield Place(row, setup, tuple(columns), needs=needs, lacks=lacks)
        return
    if known.wanted and row.method not in known.wanted:
        yield Place(row, setup, tuple(columns), left_out=True)
        return
    for some in by_bits:
        cells = tuple(
            _cell(method, row.method, setup, some, known.source(setup, group.name), s)
            for s in setup.data_seeds
        )
        yield Place(row, setup, some, cells)


def _method(row: Row) -> tuple[type[Method] | None, str]:
    """The class of a row's method, or what it lacks."""
    if row.method not in methods.names():
        code = f"its authors' code: {row.code}" if row.code else "we know of no code of its authors"
        return None, f"{row.method}, a method that this version does not have ({code})"
    try:
        return methods.find(row.method), ""
    except TuwenError as error:
        return None, " ".join(str(error).split())


def _codes_so(method: type[Method], setup: Setup) -> bool:
    """Whether a method codes a database as the set-up asks."""
    if setup.codes == "vectors":
        return not issubclass(method, Hasher)
    if not issubclass(method, Hasher):
        return False
    return {"modality": True, "fused": method.fuses, "training": method.learns_codes}[setup.codes]


def _cell(
    method: type[Method],
    name: str,
    setup: Setup,
    columns: tuple[Column, ...],
    source: tuple[str, str, str],
    seed: int,
) -> Cell:
    told = setup.methods.get(name, {})
    given = dict(told.get("params", {}))
    if columns[0].bits:
        given["bits"] = columns[0].bits
    options = dict(told.get("options", {}))
    known = inspect.signature(method.similarity).parameters
    if lost := [option for option in options if option not in known]:
        raise InputError(f"set-up {setup.name} gives {name} the option {lost[0]}, which it does not have")
    data, split, features = source
    return Cell(
        data=data,
        split=split,
        features=features,
        data_seed=seed,
        method=name,
        # a bad value fails its own run, with its reason
        params=method().params | given | {"seed": seed},
        database=setup.database,
        codes=setup.codes,
        options=options,
        metrics=tuple(dict.fromkeys(column.metric for column in columns)),
    )
