"""Sources as they were given: which columns of a table make the text, which others were named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Modality
from tuwen.data.columns import ENTITY, ID, IMAGE, IMAGE_ID, LABEL, TEXT_ID, values_of
from tuwen.data.rows import Rows
from tuwen.errors import InputError, unknown

_TABLES = frozenset((".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet"))
_COLUMN_OPTIONS = ("id_column", "image_column", "label_column")
# what people write into a cell that should be empty
_MISSING = re.compile("-*|[?]|n/?a|nan|null|none|unknown|tbd|无|暂无|未知|不详|空|待定")
_NUMBER = re.compile(r"[-+]?[\d.,]+%?")
_SAMPLE = 50  # records that tell what columns hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A source, and how it is to be read.

    Attributes:
        path: Anything that `tuwen index` reads, or the folder of a collection.
        kind: `image` or `text`; None takes what there is.
        text_columns: Tables: weight by column of the texts; None takes the columns with usual names, or
            else all that hold words.
        options: Further arguments of `data.open_source`.
    """

    path: Path
    kind: Modality | None = None
    text_columns: Mapping[str, float] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def fitted_to(givens: Sequence[Given]) -> list[Given]:
    """The sources, each without the columns that were named for both and that only the other one has.

    Raises:
        UnknownName: A named column is in no table that it was named for.
    """
    tables = [_columns(given) for given in givens]
    wanted = [_named(given) for given in givens]
    for name in dict.fromkeys(name for names in wanted for name in names):
        asked = [table for table, names in zip(tables, wanted, strict=True) if table and name in names]
        if asked and not any(name in table for table in asked):
            raise unknown("column", name, [column for table in asked for column in table])
    return [_without(given, table) if table else given for given, table in zip(givens, tables, strict=True)]


def check_columns(names: Mapping[str, float], known: Sequence[str]) -> None:
    """Refuse text columns that a table lacks, or weights that are no weights.

    Raises:
        UnknownName: There is no such column.
        InputError: A weight is not above zero.
    """
    for name, weight in names.items():
        if name not in known:
            raise unknown("column", name, known)
        if not 0 < weight < np.inf:
            raise InputError(f"the weight of column {name!r} is {weight}; it must be a number above 0")


def wordy(path: Path, options: Mapping[str, Any]) -> list[str]:
    """The columns of a table that hold words rather than numbers, without ids and the like."""
    if path.suffix.lower() not in _TABLES:
        return []
    rows = Rows(path, options.get("encoding"))
    named = {options.get(f"{part}_column") for part in ("id", "image", "label")}
    apart = {*ID, *IMAGE, *IMAGE_ID, *TEXT_ID, *ENTITY, *LABEL}
    sample = [values for _, values in islice(rows.read(), _SAMPLE) if isinstance(values, dict)]

    def is_wordy(name: str) -> bool:
        written = [present(values.get(name)) for values in sample]
        words = [value for value in written if isinstance(value, str) and not _NUMBER.fullmatch(value)]
        return bool(words) and 2 * len(words) > sum(value is not None for value in written)

    free = [name for name in rows.columns if name not in named and name.strip().lower() not in apart]
    return [name for name in free if is_wordy(name)]


def present(value: Any) -> Any:
    """A cell's value; None when it is empty or says that nothing is known."""
    if isinstance(value, list | tuple):
        kept = [str(part).strip() for part in values_of(value) if present(part) is not None]
        return " ".join(kept) or None
    if isinstance(value, str):
        text = value.strip()
        return None if _MISSING.fullmatch(text.casefold()) else text
    return value


def _columns(given: Given) -> tuple[str, ...]:
    """The columns of a table; none of anything else."""
    if given.path.suffix.lower() not in _TABLES or not given.path.is_file():
        return ()
    try:
        return Rows(given.path, given.options.get("encoding")).columns
    except InputError:  # opening it will say what is wrong
        return ()


def _named(given: Given) -> set[str]:
    """Every column that was named; several of pictures are parted by commas."""
    written = [given.options.get(option) for option in _COLUMN_OPTIONS]
    return {part.strip() for names in written if names for part in names.split(",")} | set(
        given.text_columns or ()
    )


def _without(given: Given, columns: Sequence[str]) -> Given:
    kept = {
        name: value
        for name, value in given.options.items()
        if name not in _COLUMN_OPTIONS or all(part.strip() in columns for part in value.split(","))
    }
    weights = {name: weight for name, weight in (given.text_columns or {}).items() if name in columns}
    return replace(given, options=kept, text_columns=weights or None)
