"""Changes to the tables that become visible together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tuwen.head import Head
from tuwen.records import Refusal
from tuwen.tables import Table
from tuwen.view import conditions, has_text_index


class Transaction:
    """Changes that become visible together when the block of `Store.transaction` ends well."""

    def __init__(self, path: Path, head: Head) -> None:
        import lance

        self._lance = lance
        self._path = path
        self.head = head
        self._open: dict[Table, Any] = {}

    def dataset(self, table: Table) -> Any:
        """The table as this transaction sees it, its own changes included."""
        if table not in self._open:
            self._open[table] = self._lance.dataset(str(self._path / f"{table}.lance"))
        return self._open[table]

    def append(self, table: Table, rows: pa.Table) -> None:
        """Add rows; the caller has made sure that their ids are new."""
        if rows.num_rows:
            self._open[table] = self._lance.write_dataset(rows, self.dataset(table), mode="append")

    def delete(self, table: Table, ids: Iterable[str], column: str = "id") -> int:
        """Remove the rows with these ids; how many there were."""
        dataset = self.dataset(table)
        before = dataset.count_rows()
        for named in conditions(column, list(ids)):
            dataset.delete(named)
        return int(before - dataset.count_rows())

    def replace(self, table: Table, rows: pa.Table) -> None:
        """Put rows in the place of those with the same ids."""
        self.delete(table, rows["id"].to_pylist())
        self.append(table, rows)

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Note refused inputs in the ledger; an earlier line about the same input goes."""
        last = {refusal.item: refusal for refusal in refusals}
        self.forgive(last)
        now = datetime.now(UTC)
        lines = [asdict(refusal) | {"time": now} for refusal in last.values()]
        if lines:
            self.append("ledger", pa.Table.from_pylist(lines, schema=self.dataset("ledger").schema))

    def forgive(self, items: Iterable[str]) -> int:
        """Take inputs out of the ledger; how many there were."""
        return self.delete("ledger", items, column="item") if self.dataset("ledger").count_rows() else 0

    def restore(self, table: Table, version: int) -> None:
        """Make an old version of a table the newest again."""
        self.dataset(table).checkout_version(version).restore()
        self._open[table] = self._lance.dataset(str(self._path / f"{table}.lance"))

    def join_files(self, table: Table) -> bool:
        """Join small files and drop deleted rows; whether there was anything to do."""
        done = self.dataset(table).optimize.compact_files(target_rows_per_fragment=1 << 20)
        return bool(done.fragments_removed)

    def index_text(self) -> None:
        """Make or refresh the full-text index over the texts: Chinese and English words."""
        dataset = self.dataset("texts")
        if has_text_index(dataset):
            dataset.optimize.optimize_indices()
        else:
            # the icu segmenter needs no dictionary file; with stop words on it drops words such as "cat"
            dataset.create_scalar_index("text", "INVERTED", base_tokenizer="icu", remove_stop_words=False)

    def learn_keys(self, keys: Iterable[str]) -> None:
        """Note names of metadata that the new rows carry."""
        self.head = replace(
            self.head, metadata_keys=tuple(sorted({*self.head.metadata_keys, *map(str, keys)}))
        )

    def added_columns(self) -> None:
        """Say that the tables have new columns, so that views look again."""
        self._open = {table: self._lance.dataset(dataset.uri) for table, dataset in self._open.items()}

    def moved_rows(self) -> None:
        """Say that row addresses have changed."""
        self.head = replace(self.head, epoch=self.head.epoch + 1)

    def result(self) -> Head:
        """The commit that this transaction makes."""
        versions: dict[str, int] = {table: int(dataset.version) for table, dataset in self._open.items()}
        counts: dict[str, int] = {table: int(dataset.count_rows()) for table, dataset in self._open.items()}
        return replace(
            self.head,
            sequence=self.head.sequence + 1,
            versions={**self.head.versions, **versions},
            counts={**self.head.counts, **counts},
        )

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(dataset.version != self.head.versions[table] for table, dataset in self._open.items())
