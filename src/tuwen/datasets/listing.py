"""Every benchmark in a row: what it is, whether its files are there, and whether they can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tuwen.datasets import find, names, open_dataset
from tuwen.datasets.base import Dataset
from tuwen.datasets.pairs import Pairs
from tuwen.errors import TuwenError, Unavailable


def about(name: str, data_root: Path | None = None) -> dict[str, Any]:
    """All that a benchmark says of itself, and whether its files are there; reads none of them.

    Args:
        name: Of the benchmark.
        data_root: The folder that holds a folder for each; see `datasets.root`.

    Raises:
        UnknownName: No benchmark has this name.
    """
    dataset = open_dataset(name, data_root)
    return {
        "dataset": name,
        "title": dataset.info.title,
        "there": dataset.present(),
        "relevance": dataset.info.relevance,
        "languages": list(dataset.info.languages),
        "splits": dataset.splits,
        "features": dataset.variants,
        "citation": dataset.info.citation,
        "licence": dataset.info.licence,
        "source": dataset.info.source,
        "folder": str(dataset.folder),
    }


def check(wanted: Iterable[str] = (), data_root: Path | None = None) -> Iterator[dict[str, Any]]:
    """Load each split of benchmarks, one after the other; what cannot be loaded says why.

    Args:
        wanted: Names; all benchmarks when empty.
        data_root: The folder that holds a folder for each; see `datasets.root`.

    Yields:
        A row a split: images and texts of each part, widths, checksums and notes; or a problem, with
        `faulty` where files are there but wrong; or a row without split where no files are there.

    Raises:
        UnknownName: No benchmark has one of these names.
    """
    chosen = tuple(wanted) or names()
    for name in chosen:
        find(name)
    for name in chosen:
        dataset = open_dataset(name, data_root)
        if not dataset.present():
            yield {"dataset": name, "problem": f"no files in {dataset.folder}. {dataset.info.source}"}
            continue
        for split in dataset.splits:
            yield _check(dataset, split)


def _check(dataset: Dataset, split: str) -> dict[str, Any]:
    row: dict[str, Any] = {"dataset": dataset.name, "split": split}
    try:
        found = dataset.load(split)
    except Unavailable as error:
        return row | {"problem": str(error)}
    except (TuwenError, OSError, MemoryError) as error:
        return row | {"problem": str(error) or type(error).__name__, "faulty": True}
    parts = {"train": found.train, "val": found.val, "test": found.test, "database": found.database}
    row["features"] = found.features
    for part, pairs in parts.items():
        row[part] = None if pairs is None else [len(pairs.image_ids), len(pairs.text_ids)]
    return row | {
        "image_width": _width(found.train, "images"),
        "text_width": _width(found.train, "texts"),
        "files": found.files,
        "notes": list(found.notes),
    }


def _width(pairs: Pairs, side: str) -> int | None:
    """How many numbers a vector has; None where there are captions alone."""
    vectors = pairs.images if side == "images" else pairs.texts
    return None if vectors is None else int(vectors.shape[-1])
