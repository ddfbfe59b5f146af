"""Tags as a table or JSON, and into the metadata of a collection, where filters see them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tuwen import tables
from tuwen.errors import InputError
from tuwen.files import replacing
from tuwen.tag.run import Tagged

if TYPE_CHECKING:
    from tuwen.collection import Collection

FORMS = (".csv", ".json", ".jsonl")
BLOCK = 4096  # rows rewritten at a time


def rows(tagged: Tagged) -> Iterator[dict[str, Any]]:
    """A dict a tag: `id`, `rank` from 1, `tag`, `probability`; a picture without tags has one of None."""
    for identifier, tags in zip(tagged.ids, tagged.tags, strict=True):
        for rank, (name, probability) in enumerate(tags, 1):
            yield {"id": identifier, "rank": rank, "tag": name, "probability": round(probability, 4)}
        if not tags:
            yield {"id": identifier, "rank": None, "tag": None, "probability": None}


def items(tagged: Tagged) -> Iterator[dict[str, Any]]:
    """A dict a picture: `id`, `path`, `tags` with their `name` and `probability`."""
    for identifier, path, tags in zip(tagged.ids, tagged.paths, tagged.tags, strict=True):
        named = [{"name": name, "probability": round(probability, 4)} for name, probability in tags]
        yield {"id": identifier, "path": path, "tags": named}


def write(tagged: Tagged, path: str | Path) -> None:
    """Write `rows` as .csv, or `items` as .json or .jsonl, in one step.

    Raises:
        InputError: The name ends otherwise.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMS:
        raise InputError(f"{path} does not end with {', '.join(FORMS)}; name a file that does")
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        if path.suffix.lower() == ".csv":
            writer = csv.DictWriter(stream, ("id", "rank", "tag", "probability"), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows(tagged))
        elif path.suffix.lower() == ".json":
            json.dump(list(items(tagged)), stream, ensure_ascii=False, indent=1)
            stream.write("\n")
        else:
            stream.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items(tagged))


def check_key(key: str) -> None:
    """Whether tags may be kept under a key.

    Raises:
        InputError: It is empty, or a filter would take it for a column.
    """
    if not key.strip():
        raise InputError("the key is empty; name one, such as tag")
    if key in tables.FILTER_COLUMNS:
        raise InputError(f"{key} is a column that every collection has; name another key, such as tag")


def keep(collection: Collection, tagged: Tagged, key: str) -> int:
    """Write tags into the pictures' metadata, all or none; how many pictures got some.

    One label is a text; several, or a label with those above it, are a list. `KEY_probability` is that of the
    first. A picture without tags loses the key, so that tags of an earlier run do not stay.

    Args:
        collection: That was tagged.
        tagged: From `run.tag`.
        key: Name in the metadata.

    Raises:
        InputError: The key is no name, or that of a column.
    """
    check_key(key)
    listed = tagged.many or tagged.vocabulary.deep
    found: dict[str, dict[str, Any]] = {}
    for identifier, tags in zip(tagged.ids, tagged.tags, strict=True):
        names = [name for name, _ in tags]
        value = (names or None) if listed else names[0] if names else None
        found[identifier] = {key: value, f"{key}_probability": round(tags[0][1], 4) if tags else None}
    with collection.store.transaction() as transaction:
        columns = transaction.dataset("images").schema.names
        for start in range(0, len(tagged.ids), BLOCK):
            some = tagged.ids[start : start + BLOCK]
            held = collection.store.view.by_ids("images", some, columns).select(columns)
            metadata = tables.read_metadata(held["metadata"].to_pylist())
            changed = [
                known | found[identifier]
                for identifier, known in zip(held["id"].to_pylist(), metadata, strict=True)
            ]
            texts = [
                tables.metadata_json({name: value for name, value in row.items() if value is not None})
                for row in changed
            ]
            column = pa.ExtensionArray.from_storage(pa.json_(), pa.array(texts, pa.string()))
            transaction.replace(
                "images", held.set_column(held.schema.get_field_index("metadata"), "metadata", column)
            )
        transaction.learn_keys({key, f"{key}_probability"})
    return sum(1 for tags in tagged.tags if tags)
