"""What to do with each record of a run: new, changed, moved, a duplicate, refused, or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuwen.arrays import Array, Modality
from tuwen.data.lines import is_text
from tuwen.files import content_hash
from tuwen.ingest.batch import Batch
from tuwen.ingest.known import DUPLICATE, Entry, Known, Line, digest
from tuwen.ingest.naming import image_id, text_id
from tuwen.ingest.preparing import Prepared, is_there
from tuwen.records import Picture, Record, Refusal, Text


@dataclass
class Tally:
    """Counts of one kind of item in a run."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    moved: int = 0
    missing: int = 0
    deleted: int = 0
    duplicates: int = 0


class Decider:
    """Compares records with what is known and writes the difference into a batch.

    Args:
        known: What the collection holds; kept up to date.
        batch: Where changes go.
        prepare: Prepares a picture of a record now, though its bytes seemed known.
    """

    def __init__(self, known: Known, batch: Batch, prepare: Callable[[Record, int], Prepared]) -> None:
        self._known = known
        self._batch = batch
        self._prepare = prepare
        self.images = Tally()
        self.texts = Tally()
        self.refused = 0
        self.still_refused = 0
        self.records = 0
        # pictures of this run by the path their record gave; rows may name one again
        self._met: dict[str, Entry | None] = {}
        # entities whose picture is stored under another entity
        self._aliases: dict[str, str] = {}
        self._numbers: dict[Modality, dict[str, int]] = {"image": {}, "text": {}}
        self._listed: set[str] = set()
        self._gone: dict[str, bool] = {}

    def was_refused(self, record: Record) -> bool:
        """Whether something of the record stands in the ledger."""
        ledger = self._known.ledger
        names = [os.path.abspath(p.path) if p.data is None else p.path for p in record.images]  # noqa: PTH100
        lines = [ledger.get(name) for name in (*names, _place(record))]
        return any(line is not None and line.code != DUPLICATE for line in lines)

    def take(self, record: Record, prepared: list[Prepared | None]) -> None:
        """Decide on a record whose pictures are prepared; None stands for one met before in this run."""
        self.records += 1
        owner = None
        for place, (picture, made) in enumerate(zip(record.images, prepared, strict=True)):
            if made is not None:
                self._met[picture.path] = self._image(record, place, made)
            owner = owner or self._met.get(picture.path)
        if owner is not None and record.entity and owner.entity != record.entity:
            self._aliases[record.entity] = owner.entity
        entity = owner.entity if owner is not None else self._aliases.get(record.entity or "", record.entity)
        if entity is None and record.images:
            entity = Path(record.images[0].path).stem  # its picture was refused; its texts stay together
        for text in record.texts:
            self._text(record, text, entity)

    def refuse(self, refusal: Refusal) -> None:
        """List a refused input, once."""
        line = self._known.ledger.get(refusal.item)
        if refusal.item in self._listed:
            return  # a row may have two faults; its first is enough
        self._listed.add(refusal.item)
        if line is not None and (line.code, line.size, line.mtime_ns) == (
            refusal.code, refusal.size, refusal.mtime_ns,
        ):  # fmt: skip
            self.still_refused += 1
            return
        self._note(refusal)
        self.refused += 1

    def close(self, source: str, vanished: str) -> None:
        """After all records of a source: see to items it no longer has, and to lines that are done with."""
        tallies: dict[Modality, Tally] = {"image": self.images, "text": self.texts}
        for kind, tally in tallies.items():
            for entry in (self._known.images if kind == "image" else self._known.texts).values():
                if entry.seen or entry.source != source or (entry.path and os.path.lexists(entry.path)):
                    continue
                if vanished == "delete":
                    tally.deleted += 1
                    self._batch.remove(kind, entry.id)
                    continue
                tally.missing += 1
                if vanished == "mark" and not entry.missing:
                    self._batch.change(kind, entry.id, missing=True)
        done = (item for item, line in self._known.ledger.items() if line.source == source)
        self._batch.forgive(item for item in done if item not in self._listed)

    def _note(self, refusal: Refusal) -> None:
        self._batch.refuse(refusal)
        self._known.ledger[refusal.item] = Line(
            refusal.code, refusal.source, refusal.size, refusal.mtime_ns, refusal.hash
        )

    def _image(self, record: Record, place: int, made: Prepared) -> Entry | None:
        """The stored picture that a prepared one is or becomes; None when it is refused."""
        entry, twin = self._known.by_path.get(made.path), self._known.by_hash.get(made.hash)
        if made.refusal is not None:
            self.refuse(made.refusal)
            if entry is not None:
                entry.seen = True  # its file is there, if broken; the stored picture stays
            return entry
        if made.known and made.hash not in self._known.by_hash:
            line = self._known.ledger.get(made.path)
            if line is not None and line.hash == made.hash and line.code != DUPLICATE:
                self._listed.add(made.path)
                self.still_refused += 1
                if entry is not None:
                    entry.seen = True
                return entry
        self._forgive(made.path)
        if entry is not None and entry.hash == made.hash:
            return self._same(record, entry, made)
        if twin is not None and twin is not entry:
            if entry is not None:  # another picture's bytes have taken this one's place
                self._known.drop_image(entry)
                self._batch.remove("image", entry.id)
                self.images.deleted += 1
            return self._elsewhere(record, twin, made)
        if made.pixels is None:  # the bytes were known when a thread looked, but no longer
            made = self._prepare(record, place)
            if made.pixels is None:
                return self._image(record, place, made) if made.refusal is not None else entry
        if entry is not None:
            return self._changed(record, record.images[place], entry, made)
        return self._new(record, record.images[place], made)

    def _same(self, record: Record, entry: Entry, made: Prepared) -> Entry:
        changes: dict[str, Any] = {}
        if entry.missing:
            changes["missing"] = entry.missing = False
        if made.mtime_ns != entry.mtime_ns:
            changes |= {"size": made.size, "mtime_ns": made.mtime_ns}
        known = self._known_of(record, entry, record.entity)
        changes |= self._adopted(record, entry)
        entry.seen = True
        if changes or known:
            self._batch.change("image", entry.id, **changes, **known)
        self._count(self.images, updated=bool(known))
        return entry

    def _known_of(self, record: Record, entry: Entry, entity: str | None) -> dict[str, Any]:
        """What the record says anew about an item: label and metadata; of its own source also the entity.

        A source that says nothing takes nothing back, and the first that says something is believed.
        """
        changes: dict[str, Any] = {}
        own = entry.source == record.source
        if entry.seen:
            return changes
        details = digest(record.label, record.metadata)
        if details and details != entry.details and (own or not entry.details):
            entry.details = details
            changes |= {"label": record.label, "metadata": record.metadata}
        if own and entity is not None and entity != entry.entity:
            changes["entity"] = entry.entity = entity
        return changes

    def _adopted(self, record: Record, entry: Entry) -> dict[str, Any]:
        """An item whose source is gone belongs to the source it is met in: the table was renamed."""
        if entry.source == record.source or not self._is_gone(entry.source):
            return {}
        entry.source = record.source
        return {"source": record.source, "origin": record.origin}

    def _is_gone(self, source: str) -> bool:
        if source not in self._gone:
            self._gone[source] = bool(source) and not os.path.lexists(source)
        return self._gone[source]

    def _is_taken(self, entry: Entry, record: Record) -> bool:
        """Whether an id a record gives is that of something else."""
        return entry.seen or (entry.source != record.source and not self._is_gone(entry.source))

    def _elsewhere(self, record: Record, twin: Entry, made: Prepared) -> Entry:
        """The same bytes are stored under another path: the file was moved, or there are two."""
        if not twin.seen and not is_there(twin.path):
            self._known.change_image(twin, path=made.path, hash=made.hash)
            twin.size, twin.mtime_ns, twin.source = made.size, made.mtime_ns, record.source
            twin.seen, twin.missing = True, False
            self._batch.change(
                "image", twin.id, path=made.path, size=made.size, mtime_ns=made.mtime_ns,
                source=record.source, origin=record.origin, missing=False,
            )  # fmt: skip
            self.images.moved += 1
            return twin
        self.images.duplicates += 1
        self._listed.add(made.path)
        line = self._known.ledger.get(made.path)
        if line is None or (line.code, line.hash, line.mtime_ns) != (DUPLICATE, made.hash, made.mtime_ns):
            self._note(
                Refusal(
                    item=made.path,
                    code=DUPLICATE,
                    reason=f"the same bytes are stored as image {twin.id!r} ({twin.path})",
                    source=record.source,
                    size=made.size,
                    mtime_ns=made.mtime_ns,
                    hash=made.hash,
                )
            )
        return twin

    def _changed(self, record: Record, picture: Picture, entry: Entry, made: Prepared) -> Entry:
        self._known.change_image(entry, path=made.path, hash=made.hash)
        entry.size, entry.mtime_ns, entry.source = made.size, made.mtime_ns, record.source
        entry.details, entry.seen, entry.missing = digest(record.label, record.metadata), True, False
        entry.entity = record.entity or entry.entity
        self._batch.add_image(_image_columns(entry, record, picture, made), _pixels(made), replaces=True)
        self.images.updated += 1
        return entry

    def _new(self, record: Record, picture: Picture, made: Prepared) -> Entry | None:
        if picture.id is not None and (other := self._known.images.get(picture.id)) is not None:
            if self._is_taken(other, record):
                self.refuse(_id_twice("image", made.path, picture.id, other, record.source))
                return None
            return self._changed(record, picture, other, made)
        identifier = picture.id or image_id(
            made.path, record.source, self._known.images, self._numbers["image"]
        )
        first = next((e for p in record.images if (e := self._met.get(p.path)) is not None), None)
        entry = Entry(
            identifier, record.entity or (first.entity if first is not None else identifier), record.source,
            made.hash, digest(record.label, record.metadata), made.path, made.size, made.mtime_ns, seen=True,
        )  # fmt: skip
        self._known.add_image(entry)
        self._batch.add_image(_image_columns(entry, record, picture, made), _pixels(made))
        self.images.added += 1
        return entry

    def _text(self, record: Record, text: Text, entity: str | None) -> None:
        if not text.text.strip() or not is_text(text.text):
            code, reason = "bad-encoding", "the text holds half a character (a lone surrogate)"
            if not text.text.strip():
                code, reason = "empty-row", "the text is empty"
            self.refuse(_refusal_of(record, code, reason))
            return
        hash = content_hash(text.text.encode())
        if text.id is None:
            entry = self._known.text_like(entity or record.source, hash)
        else:
            entry = self._known.texts.get(text.id)
            same = entry is not None and entry.hash == hash and not entry.seen
            if entry is not None and not same and self._is_taken(entry, record):
                self.refuse(_id_twice("text", _place(record), text.id, entry, record.source))
                return
        if self._known.ledger:  # in most runs nothing was refused, and a place takes time to say
            self._forgive(_place(record))
        if entry is not None and entry.hash == hash:
            self._same_text(record, entry, entity)
            return
        identifier = text.id or text_id(record, entity, self._known.texts, self._numbers["text"])
        # nobody asks for content or details of a text that the run has met: a million of them take room
        made = Entry(identifier, entity or identifier, record.source, hash="", details="", seen=True)
        columns = {
            "id": identifier, "entity": made.entity, "text": text.text, "source": record.source,
            "origin": record.origin, "hash": hash, "label": record.label, "metadata": record.metadata,
        }  # fmt: skip
        self._batch.add_text(columns, replaces=entry is not None)
        self._known.add_text(made)
        if entry is not None:
            entry.seen = True  # its old content is no longer to be found
            self.texts.updated += 1
        else:
            self.texts.added += 1

    def _same_text(self, record: Record, entry: Entry, entity: str | None) -> None:
        changes = self._known_of(record, entry, entity)
        updated = bool(changes)
        changes |= self._adopted(record, entry)
        entry.seen = True
        if entry.missing:
            changes["missing"] = entry.missing = False
        if changes:
            self._batch.change("text", entry.id, **changes)
        self._count(self.texts, updated=updated)

    def _forgive(self, item: str) -> None:
        line = self._known.ledger.get(item)
        if line is not None and line.code != DUPLICATE and item not in self._listed:
            del self._known.ledger[item]
            self._batch.forgive([item])

    @staticmethod
    def _count(tally: Tally, *, updated: bool) -> None:
        if updated:
            tally.updated += 1
        else:
            tally.unchanged += 1


def _place(record: Record) -> str:
    """Where a record stands, as the ledger names it: the absolute path of the file, and the line."""
    source = Path(record.source)
    folder = source if source.is_dir() else source.parent
    return os.path.normpath(folder / record.origin) if record.origin else record.source


def _refusal_of(record: Record, code: str, reason: str) -> Refusal:
    return Refusal(item=_place(record), code=code, reason=f"{record.origin}: {reason}", source=record.source)


def _id_twice(kind: str, item: str, identifier: str, other: Entry, source: str) -> Refusal:
    where = (
        "stands twice" if other.source == source else f"is that of an item from {other.source or 'elsewhere'}"
    )
    reason = f"the id {identifier!r} {where}; give each {kind} an id of its own"
    return Refusal(item=item, code="duplicate-id", reason=reason, source=source)


def _image_columns(entry: Entry, record: Record, picture: Picture, made: Prepared) -> dict[str, Any]:
    return {
        "id": entry.id, "entity": entry.entity, "path": made.path, "source": record.source,
        "origin": picture.name or record.origin, "hash": made.hash, "size": made.size,
        "mtime_ns": made.mtime_ns, "label": record.label, "metadata": record.metadata, "phash": made.phash,
        "width_px": made.width_px, "height_px": made.height_px, "thumbnail": made.thumbnail,
    }  # fmt: skip


def _pixels(made: Prepared) -> Array:
    if made.pixels is None:
        raise ValueError(f"{made.path} was not prepared")
    return made.pixels
