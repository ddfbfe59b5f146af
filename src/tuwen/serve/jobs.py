"""Items that were sent, from the moment they are accepted until they can be found."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tuwen.files import content_hash, read_json, write_json
from tuwen.records import Picture, Record, Refusal, Text
from tuwen.serve.shelf import uploads_of

if TYPE_CHECKING:
    from tuwen.collection import Collection

State = Literal["queued", "running", "done", "failed"]
KEPT = 1000  # jobs that are done and still told of


@dataclass(kw_only=True)
class Job:
    """Some records on their way into a collection.

    Attributes:
        id: Of the job.
        collection: Its name.
        records: As `record_of` reads them.
        refused: Inputs that were not taken, with their reasons.
        state: Where it is.
        done: Records that have been read.
        error: What went wrong, when it failed.
    """

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    collection: str
    records: list[dict[str, Any]]
    refused: list[dict[str, str]] = field(default_factory=list)
    state: State = "queued"
    done: int = 0
    created: str = field(default_factory=lambda: _now())
    finished: str | None = None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As clients see it."""
        return {
            "id": self.id,
            "collection": self.collection,
            "state": self.state,
            "records": len(self.records),
            "done": self.done,
            "items": [
                {"kind": kind, "id": item["id"]}
                for record in self.records
                for kind, items in (("image", record["images"]), ("text", record["texts"]))
                for item in items
                if not item.get("gone")
            ],
            "refused": self.refused,
            "created": self.created,
            "finished": self.finished,
            "error": self.error,
        }

    @property
    def keys(self) -> set[tuple[str, str]]:
        """Kind and id of each item."""
        return {
            (kind, item["id"])
            for record in self.records
            for kind in ("images", "texts")
            for item in record[kind]
        }

    def end(self, state: State, error: str | None = None) -> None:
        """Say how it ended."""
        self.state, self.error, self.finished = state, error, _now()


def journal(collection: Collection) -> Path:
    """The folder of jobs that were accepted and are not in the tables yet."""
    return uploads_of(collection) / "jobs"


def write(collection: Collection, job: Job) -> None:
    """Note a job on disk: from then on it is not lost, whatever happens to the process."""
    folder = journal(collection)
    folder.mkdir(parents=True, exist_ok=True)
    listed = {"id": job.id, "records": job.records, "refused": job.refused, "created": job.created}
    write_json(folder / f"{job.id}.json", listed)


def forget(collection: Collection, job: Job) -> None:
    """Take a job off the disk: the tables hold it."""
    (journal(collection) / f"{job.id}.json").unlink(missing_ok=True)


def left(collection: Collection, name: str) -> list[Job]:
    """Jobs that an earlier process had accepted and not finished, oldest first."""
    folder = journal(collection)
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    return sorted((Job(collection=name, **read_json(file)) for file in files), key=lambda job: job.created)


def with_ids(record: dict[str, Any]) -> dict[str, Any]:
    """The record with an id for each item: its own, else one made of its content.

    So a job that is done a second time, after a crash, finds what it did.
    """
    for item in record["images"]:
        item["id"] = item["id"] or Path(item["path"]).stem
    owner = record["entity"] or next((item["id"] for item in record["images"]), "")
    for item in record["texts"]:
        item["id"] = item["id"] or content_hash(f"{owner}\0{item['text']}".encode())[:24]
    return record


def records_of(collection: Collection, job: Job) -> Iterator[Record | Refusal]:
    """What ingest takes: the records of a job, and what was refused before, for the ledger."""
    source = str(uploads_of(collection))
    for number, refusal in enumerate(job.refused):
        item = f"{source}/{job.id}/{number}-{refusal['item']}"
        yield Refusal(item=item, code=refusal["code"], reason=refusal["reason"], source=source)
    for number, record in enumerate(job.records):
        job.done = number + 1
        yield Record(
            entity=record["entity"],
            images=tuple(
                Picture(path=item["path"], id=item["id"], name=item["name"]) for item in record["images"]
            ),
            texts=tuple(Text(text=item["text"], id=item["id"]) for item in record["texts"]),
            label=record["label"],
            metadata=record["metadata"],
            origin=f"{job.id}:{number}",
            source=source,
        )


def add_refusals(collection: Collection, jobs: list[Job], lines: list[dict[str, Any]]) -> None:
    """Give each job the lines of the ledger that are about its records.

    Args:
        collection: Where the jobs went.
        jobs: Those written together.
        lines: `item`, `code` and `reason` of the ledger.
    """
    source = str(uploads_of(collection))
    listed = {line["item"]: line for line in lines if line["code"] != "duplicate"}
    for job in jobs:
        for number, record in enumerate(job.records):
            for item in record["images"]:
                if (line := listed.get(item["path"])) is not None:
                    reason = line["reason"].replace(item["path"], item["name"])
                    job.refused.append({"item": item["name"], "code": line["code"], "reason": reason})
            place = f"{job.id}:{number}"
            # a text that says nothing to the encoder is named beside its source, any other inside it
            line = listed.get(f"{source}/{place}") or listed.get(f"{Path(source).parent}/{place}")
            if line is not None:
                reason = line["reason"].replace(f"{place}: ", "")
                job.refused.append({"item": f"record {number}", "code": line["code"], "reason": reason})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
