"""Items whose tags are known: from a table of ids and labels, or from what a collection says of its items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen import tables
from tuwen.data.columns import ID, IMAGE, IMAGE_ID, LABEL
from tuwen.data.lines import Fault
from tuwen.data.rows import Rows
from tuwen.errors import InputError, unknown
from tuwen.records import Refusal
from tuwen.tag.vocabulary import Vocabulary

if TYPE_CHECKING:
    from tuwen.collection import Collection

_TAGS = (*LABEL, "labels", "tag", "tags", "classes")
_SPLIT = "|"


@dataclass
class Known:
    """Labels of items.

    Attributes:
        labels: Names by id, at least one each.
        refusals: What was left out, and why.
    """

    labels: dict[str, tuple[str, ...]]
    refusals: list[Refusal] = field(default_factory=list)

    def within(self, vocabulary: Vocabulary, *, many: bool) -> dict[str, tuple[int, ...]]:
        """Places of the labels in a vocabulary, of each line from the top down the lowest alone.

        What does not go is refused: labels that the vocabulary lacks, each once, and, unless an item may
        have `many`, items of two labels.
        """
        found: dict[str, tuple[int, ...]] = {}
        strange: Counter[str] = Counter()
        for identifier, names in self.labels.items():
            places = {name: vocabulary.place(name) for name in names}
            strange.update(name for name, place in places.items() if place is None)
            lowest = _lowest([place for place in places.values() if place is not None], vocabulary)
            if len(lowest) > 1 and not many:
                self._contradict(identifier, [vocabulary.labels[place].name for place in lowest])
            elif lowest:
                found[identifier] = lowest
        for name, count in sorted(strange.items()):
            hint = str(unknown("label", name, vocabulary.names))
            items = f"{count:,} items bear it" if count > 1 else "an item bears it"
            self.refusals.append(Refusal(item=name, code="unknown-label", reason=f"{hint} ({items})"))
        return found

    def _contradict(self, identifier: str, names: list[str]) -> None:
        listed = " and ".join(map(repr, names))
        reason = (
            f"{identifier}: {listed} contradict each other; an item has one label unless several are asked"
        )
        self.refusals.append(Refusal(item=identifier, code="contradiction", reason=reason))


def read_known(collection: Collection, source: str) -> Known:
    """What is known of a collection's pictures.

    Args:
        collection: Whose pictures.
        source: A table with a column of ids (or of picture names, whose stem is the id) and one of labels,
            or `label`, or a key of metadata; a list there, or `a|b`, is several labels.

    Raises:
        InputError: There is no such source, or it has no labelled item.
    """
    known = _of_table(collection, Path(source)) if Path(source).is_file() else _of_items(collection, source)
    if not known.labels:
        first = f"; the first of {len(known.refusals)} left out: {known.refusals[0].reason}"
        raise InputError(f"{source} has no labelled picture{first if known.refusals else ''}")
    return known


def _of_items(collection: Collection, key: str) -> Known:
    view = collection.store.view
    keys = view.head.metadata_keys
    if key != "label" and key not in keys:
        raise unknown("file, nor metadata key,", key, {"label", *keys})
    found: dict[str, tuple[str, ...]] = {}
    refusals = []
    for batch in view.batches("images", ["id", "label", "metadata"]):
        columns = batch.to_pydict()
        held = tables.read_metadata(columns["metadata"]) if key != "label" else [{}] * len(batch)
        for identifier, label, more in zip(columns["id"], columns["label"], held, strict=True):
            value = label if key == "label" else more.get(key)
            try:
                names = _names(value)
            except InputError as error:
                refusals.append(
                    Refusal(item=identifier, code="bad-label", reason=f"{identifier}: {key} {error}")
                )
                continue
            if names:
                found[identifier] = names
    return Known(found, refusals)


def _of_table(collection: Collection, path: Path) -> Known:
    rows = Rows(path)
    id_column = _column(rows.columns, (*ID, *IMAGE_ID, *IMAGE), "ids", path)
    label_column = _column(rows.columns, _TAGS, "labels", path)
    there = set(collection.ids("image"))
    found: dict[str, dict[str, None]] = {}
    refusals = []

    def refuse(number: int, code: str, reason: str) -> None:
        place = f"{path.name}:{number}"
        refusals.append(Refusal(item=place, code=code, reason=f"{place}: {reason}", source=str(path)))

    for number, row in rows.read():
        if isinstance(row, Fault):
            refuse(number, row.code, row.reason)
            continue
        written = str(row.get(id_column) or "").strip()
        identifier = next((one for one in (written, Path(written).stem) if one in there), None)
        if identifier is None:
            refuse(number, "unknown-id", f"the collection has no picture {written!r}")
            continue
        try:
            names = _names(row.get(label_column))
        except InputError as error:
            refuse(number, "bad-label", f"its label {error}")
            continue
        if not names:
            refuse(number, "empty", f"{identifier} has no label")
        elif set(names) <= set(found.get(identifier, ())):
            refuse(number, "duplicate", f"{identifier} has the label {names[0]!r} already")
        else:
            found.setdefault(identifier, {}).update(dict.fromkeys(names))
    return Known({identifier: tuple(names) for identifier, names in found.items()}, refusals)


def _lowest(places: Sequence[int], vocabulary: Vocabulary) -> tuple[int, ...]:
    """Places without those above others of them."""
    above = {one for place in places for one in vocabulary.chain(place)[1:]}
    return tuple(dict.fromkeys(place for place in places if place not in above))


def _column(columns: Sequence[str], usual: Sequence[str], what: str, path: Path) -> str:
    by_name = {column.lower(): column for column in columns}
    found = next((by_name[name] for name in usual if name in by_name), None)
    if found is None:
        raise InputError(
            f"{path} has no column of {what} among {', '.join(columns)}; name one {' or '.join(usual[:3])}"
        )
    return found


def _names(value: Any) -> tuple[str, ...]:
    """The labels that a value names: a text, `a|b`, a list of texts; numbers are names too."""
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(dict.fromkeys(name for one in value for name in _names(one)))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"is a {type(value).__name__}; a text or a list of texts is needed")
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return tuple(dict.fromkeys(_parts(text)))


def _parts(text: str) -> Iterator[str]:
    return (" ".join(part.split()) for part in text.split(_SPLIT) if part.strip())
