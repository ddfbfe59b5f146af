"""Which tables there are, and what of each can be run here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuwen import methods
from tuwen.reproduce.planning import plan
from tuwen.reproduce.published import Setup, Table


@dataclass(frozen=True)
class Holding:
    """What of a table can be run here.

    Attributes:
        table: Its name.
        title: What is in it.
        methods: Rows that it has.
        here: Rows of which something can be run.
        runs: Runs that this takes.
        needs: What the others need, each once, shortly: `features`, names of methods.
    """

    table: str
    title: str
    methods: int
    here: int
    runs: int
    needs: tuple[str, ...]


def holding(
    table: Table, *, data_root: Path | None = None, files: Mapping[str, Path] | None = None
) -> Holding:
    """Look up what of a table can be run here.

    Args:
        table: From `published.load`.
        data_root: The folder that holds a folder for each benchmark.
        files: Features of one's own, by block.

    Raises:
        UnknownName: `files` names a block that the table does not have.
    """
    places = plan(table, data_root=data_root, files=files)
    here = {place.row.printed for place in places if place.cells}
    lacking = {place.setup.name for place in places if place.needs}
    features = {_features(setup) for setup in table.setups if setup.name in lacking}
    absent = sorted({row.method for row in table.rows} - set(methods.names()))
    needs = [f"data: {', '.join(sorted(features))}"] if features else []
    needs += [f"methods: {', '.join(absent)}"] if absent else []
    cells = {cell.key for place in places for cell in place.cells}
    return Holding(table.name, table.title, len(table.rows), len(here), len(cells), tuple(needs))


def _features(setup: Setup) -> str:
    return " ".join(filter(None, (setup.data, setup.features)))
