"""Which cells a comparison is made of: methods, widths, seeds, and how the database is coded."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tuwen import datasets, methods
from tuwen.bench import loading
from tuwen.bench.runs import Cell, Codes, Database
from tuwen.bench.settings import check_options
from tuwen.bench.twostage import second_of
from tuwen.datasets.zero_shot import below
from tuwen.errors import InputError, MissingExtra, unknown
from tuwen.methods import Hasher
from tuwen.metrics import named
from tuwen.rerank import DEPTH, check

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Known:
    """What decides about cells: how the data is cut, by name, and what it has."""

    split: str
    features: str
    by_class: bool
    own_database: bool
    drawn: bool

    def database(self, codes: Codes) -> Database:
        """What is searched: hash codes search the training pairs, or the data set's own database."""
        if codes == "vectors" or not self.by_class:
            return "part"
        return "database" if self.own_database and codes != "training" else "train"


def plan(
    data: str,
    wanted: Sequence[str],
    *,
    split: str = "",
    features: str = "",
    bits: Sequence[int] = (),
    repeat: int = 1,
    settings: Settings | None = None,
    options: Mapping[str, Mapping[str, str]] | None = None,
    codes: Sequence[Codes] | None = None,
    metrics: Sequence[str] = ("map",),
    ties: str = "expected",
    empty: str = "skip",
    part: Literal["test", "val"] = "test",
    database: Database | None = None,
    noise: float = 0.0,
    text_encoder: str = "",
    rerank: str = "",
    depth: int = DEPTH,
    data_root: Path | None = None,
) -> list[Cell]:
    """The cells that compare methods on a data set.

    Vectors and scores are measured among the items of the scored part. Hash codes search the training pairs,
    or the data set's own database, as hashing papers do; where a method can code items from both of
    their modalities, or has learned codes of the training pairs, there are cells for these too. Where true is
    what was paired with the query, everything is measured among the items of the scored part.

    Args:
        data: The name of a benchmark, or a file of pairs.
        wanted: Names of methods, families, `all`, or patterns such as `*cca`.
        split: How to cut the data; its default when empty.
        features: Which features; the default when empty.
        bits: Widths of hash codes; each method's own when none are given.
        repeat: Runs with seeds 0 ... repeat - 1, of methods and of splits that are drawn.
        settings: Parameters by method, for those that are not the default.
        options: Of scoring by method, such as `{"cmcp": {"mode": "transductive"}}`.
        codes: Only these kinds of codes of the database; all that a method has when None.
        metrics: As `metrics.named` takes them; the first decides what is better.
        ties: As `metrics.measure` takes it.
        empty: The same.
        part: What is scored.
        database: What is searched; as above when None.
        noise: Share of the training labels that are made wrong on purpose.
        text_encoder: What encodes captions where the data has no features of texts.
        rerank: A second stage, for a further cell of each that is searched in the scored part: a method,
            perhaps with parameters (`matching_head,epochs=5`), or the folder of a fitted one.
        depth: How many items of each query it scores.
        data_root: The folder that holds a folder for each benchmark.

    Raises:
        UnknownName: There is no such data set, split, method, parameter or metric.
        InputError: Nothing is asked for, or what is asked for cannot go together.
    """
    settings, options = settings or {}, options or {}
    names = chosen(wanted)
    if repeat < 1:
        raise InputError(f"repeat is {repeat}; it must be at least 1")
    if not 0 <= noise < 1:
        raise InputError(f"noise is {noise}; it is a share from 0 to below 1")
    if not metrics:
        raise InputError("metrics is empty; name one at least, such as map")
    for metric in metrics:
        named(metric)
    for asked in {*settings, *options} - set(names):
        raise InputError(f"{asked} has settings but is not among the methods: {', '.join(names)}")
    check_options(options)
    known = _look(data, split, features, repeat, data_root)
    cells = []
    for name in names:
        for params in _widths(name, bits, settings.get(name, {})):
            for kind in _codes(name, codes, by_class=known.by_class, unseen=below(known.split) is not None):
                cells += [
                    Cell(
                        data=data,
                        split=known.split,
                        features=known.features,
                        data_seed=seed if known.drawn else 0,
                        method=name,
                        params={**params, "seed": seed + params.get("seed", 0)},
                        part=part,
                        database=database or known.database(kind),
                        codes=kind,
                        options=dict(options.get(name, {})),
                        metrics=tuple(metrics),
                        ties=ties,
                        empty=empty,
                        noise=noise,
                        text_encoder=text_encoder,
                    )
                    for seed in range(repeat)
                ]
    if rerank:
        second_of({"rerank": rerank}, 0)  # what it refuses is said before anything runs
        check(depth, None)
        again = {"rerank": rerank, "depth": str(depth)}
        cells += [replace(cell, options=cell.options | again) for cell in cells if cell.database == "part"]
    if absent := [kind for kind in codes or () if kind not in {cell.codes for cell in cells}]:
        raise InputError(
            f"nothing to run for codes {', '.join(absent)}: none of {', '.join(names)} has them here; "
            "leave them out, or name a hash method that has"
        )
    return cells


def chosen(wanted: Sequence[str]) -> list[str]:
    """Names of methods from names, families, `all` and patterns, each once, in the order asked for.

    Raises:
        UnknownName: One fits no method.
        InputError: None are asked for.
    """
    families = methods.names()
    found: list[str] = []
    for word in wanted:
        fitting = [
            name
            for name, family in families.items()
            if word in ("all", name, family) or fnmatch.fnmatchcase(name, word)
        ]
        if not fitting:
            raise unknown("method", word, [*families, *families.values(), "all"])
        found += fitting
    if not found:
        raise InputError("no method is named; name some, such as cca,scm, or a family, or all")
    return list(dict.fromkeys(found))


def _look(data: str, split: str, features: str, repeat: int, data_root: Path | None) -> _Known:
    """Read the data once: what is not there, or cannot be used, is said before anything runs."""
    splits = datasets.load(data, split, features, data_root=data_root)
    drawn = False
    if repeat > 1:
        again = datasets.load(data, split, features, seed=1, data_root=data_root)
        drawn = again.test.image_ids != splits.test.image_ids
    return _Known(
        splits.split,
        splits.features,
        by_class=loading.told_by_class(data, splits),
        own_database=splits.database is not None,
        drawn=drawn,
    )


def _widths(name: str, bits: Sequence[int], given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All parameters of a method, once for each width of codes.

    Values are not judged here: a bad one fails its own cell, with its reason, and the others go on.
    """
    try:
        kind = methods.find(name)
    except MissingExtra:
        yield dict(given)
        return
    usual = kind().params
    for field in given:
        if field not in usual:
            raise unknown(f"parameter of {name}", field, usual)
    params = usual | dict(given)
    if bits and issubclass(kind, Hasher):
        if "bits" in given:
            raise InputError(f"bits of {name} are given twice: for all methods, and for it alone")
        for width in dict.fromkeys(bits):
            yield params | {"bits": width}
    else:
        yield params


def _codes(name: str, codes: Sequence[Codes] | None, *, by_class: bool, unseen: bool) -> list[Codes]:
    """The kinds of codes that a method is run with; training has coded no pair of `unseen` classes."""
    try:
        kind = methods.find(name)
    except MissingExtra:
        return ["vectors"]
    if not issubclass(kind, Hasher):
        return ["vectors"]
    known: list[Codes] = ["modality"]
    if by_class and kind.fuses:
        known.append("fused")
    if by_class and kind.learns_codes and not unseen:
        known.append("training")
    return [code for code in known if codes is None or code in codes]
