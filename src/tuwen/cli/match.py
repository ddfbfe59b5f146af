"""`tuwen match`: the best items for each of many queries."""

from __future__ import annotations

import csv
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _sources
from tuwen.errors import InputError

if TYPE_CHECKING:
    from tuwen.features import Features
    from tuwen.results import Matched


@click.command(
    epilog="Example:  tuwen match photos captions.csv -k 5 -o result.csv",
    short_help="Find the best items for each of many queries.",
)
@_options.collection
@click.argument("queries", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--for",
    "wanted",
    type=click.Choice(["images", "texts"]),
    default="images",
    help="What to look for.  [default: images]",
)
@click.option(
    "--from",
    "given",
    type=click.Choice(["images", "texts"]),
    help="What the queries are.  [default: the other side]",
)
@click.option("--query-column", metavar="NAME", help="Column of the queries.  [default: text, or image]")
@click.option(
    "--id-column",
    metavar="NAME",
    help="Column of their ids.  [default: text_id, image_id or id, else numbers]",
)
@_options.count(5, "How many items a query.  [default: 5]")
@click.option("--probability", is_flag=True, help="Add a column: softmax of the scores over all items.")
@click.option(
    "--temperature",
    type=click.FloatRange(min=0, min_open=True),
    default=0.01,
    metavar="T",
    help="Temperature of that softmax.  [default: 0.01]",
)
@click.option("--approximate", is_flag=True, help="Ask the index instead of comparing everything.")
@click.option(
    "--both", is_flag=True, help="Write the mirror too: the best queries for each item, to NAME-mirror.csv."
)
@click.option(
    "--pairs",
    type=click.Choice(["mutual", "optimal"]),
    help="One to one, no item twice: those that are each other's best, or as many pairs as can be with the "
    "largest sum of scores. One row a pair, whatever -k says.",
)
@_options.rerank
@click.option("-o", "--output", type=_options.OUTPUT, help="The CSV file to write.  [default: stdout]")
def command(
    collection: Path,
    queries: Path,
    wanted: str,
    given: str | None,
    query_column: str | None,
    id_column: str | None,
    both: bool,
    pairs: str | None,
    output: Path | None,
    **how: Any,
) -> None:
    """Find the best items for each of many queries, exactly, and write them as CSV.

    QUERIES is a CSV, TSV, JSONL or Parquet file, a text file with one query a line, a folder of pictures,
    vectors that `tuwen encode` wrote, or - for CSV or lines from stdin. The columns of the answer are
    text_id, similarity_ranking, result_image_id, score, and the mirror of them for pictures.
    """
    if both and output is None:
        raise click.UsageError("--both writes two files; say where with -o FILE")
    if pairs and (both or any(how[name] for name in ("probability", "approximate", "rerank"))):
        raise click.UsageError(
            "--pairs goes by the scores of all; leave out --both, --probability, --approximate and --rerank"
        )
    second = output.with_name(f"{output.stem}-mirror{output.suffix}") if output and both else None
    _options.spare(output, queries)
    _options.spare(second, queries)
    kind = _options.kind(wanted)
    query_kind = _options.kind(given) if given else _options.other(kind)
    opened = _options.opened(collection)
    if not opened.count(kind) and opened.count(other := _options.other(kind)):
        raise InputError(
            f"{collection} has no {kind}s to find, only {other}s; look for those with --for {other}s, "
            "and say what the queries are with --from"
        )
    with _sources.spooled(queries) as path:
        features = _read(path, opened, query_kind, query_column, id_column)
        if how["rerank"] is not None:
            how["contents"] = _contents(path, features, query_column, id_column)
    if not features.ids:
        raise InputError(
            f"{queries} has no {query_kind}s to ask with; say what the queries are with --from, "
            "and what to look for with --for"
        )
    if pairs is not None:
        found, mirror = _paired(opened, features, kind, pairs), None
    else:
        found, mirror = opened.match(
            features.vectors, kind=kind, query_kind=query_kind, query_ids=features.ids, both=both, **how
        )
    _write(output, found, query_kind, kind)
    if output is not None:
        _output.note(f"{len(features.ids):,} × {_output.counted(opened.count(kind), kind)}: {output}")
    if pairs is not None:
        _output.note(f"{sum(map(len, found.item_ids)):,} of {len(features.ids):,} found a partner")
    if mirror is not None and second is not None:
        _write(second, mirror, kind, query_kind)
        _output.note(f"mirror: {second}")
    if found.rerank_ms is not None:
        _output.note(f"reranked in {found.rerank_ms:.1f} ms a query")
    _sources.tell_unscored(found.unscored)
    _sources.tell_refusals(features.refusals)


def _read(path: Path, opened: Any, kind: Any, query_column: str | None, id_column: str | None) -> Features:
    from tuwen.data import open_source
    from tuwen.features import encode_source, read_features

    if path.suffix.lower() == ".npz":
        return read_features(path, kind, opened.encoder.fingerprint)
    source = open_source(path, **_columns(kind, query_column, id_column))
    with _progress.bar("encoding") as report:
        return encode_source(source, opened.encoder, kind, report)


def _columns(kind: str, query_column: str | None, id_column: str | None) -> dict[str, Any]:
    return {"id_column": id_column, f"{kind}_column": query_column}


def _contents(path: Path, features: Features, query_column: str | None, id_column: str | None) -> list[Any]:
    """What was asked with, in the order of the vectors: reranking reads it again."""
    from dataclasses import replace

    from tuwen.data import open_source
    from tuwen.features import items_of

    if path.suffix.lower() == ".npz":
        raise click.UsageError("--rerank reads the queries themselves; give texts or pictures, not vectors")
    source = open_source(path, **_columns(features.kind, query_column, id_column))
    spare = replace(features, refusals=[], links=[])
    found = dict(items_of(source, spare))
    return [found[name] for name in features.ids]


def _paired(opened: Any, features: Features, kind: Any, how: Any) -> Matched:
    """At most one item a query, no item twice."""
    import numpy as np

    from tuwen.one_to_one import pair
    from tuwen.results import Matched

    items: list[list[str]] = [[] for _ in features.ids]
    scores = np.zeros((len(items), 1), dtype=np.float32)
    for row, item, score in pair(opened, features.vectors, kind, how):
        items[row], scores[row, 0] = [item], score
    return Matched(query_ids=features.ids, item_ids=items, scores=scores)


def _write(output: Path | None, found: Matched, query_kind: str, kind: str) -> None:
    from tuwen.files import replacing

    names = [f"{query_kind}_id", "similarity_ranking", f"result_{kind}_id", "score"]
    second = found.rerank_scores
    if second is not None:
        names.append("rerank_score")
    if found.probabilities is not None:
        names.append("probability")
    with replacing(output) if output is not None else nullcontext() as temporary:
        stream = temporary.open("w", encoding="utf-8", newline="") if temporary is not None else sys.stdout
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        numbers = (number for number, items in enumerate(found.item_ids) for _ in items)
        for number, (query, place, item, score, probability) in zip(numbers, found.rows(), strict=True):
            row: list[Any] = [query, place, item, f"{score:.6f}"]
            if second is not None:
                again = float(second[number, place - 1])
                row.append("" if again != again else f"{again:.6f}")
            writer.writerow(row if probability is None else [*row, f"{probability:.6g}"])
        if temporary is not None:
            stream.close()
