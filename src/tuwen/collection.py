"""A collection: pictures and texts in one folder, indexed once and asked both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tuwen import calibration, editing, encoder_of, encoders, finishing, learned, tables, transfer
from tuwen import codes as hash_codes
from tuwen import rerank as reranking
from tuwen.arrays import MODALITIES, Array, Modality, check_matrix, unit_rows
from tuwen.encoders import Encoder
from tuwen.errors import CollectionError
from tuwen.head import LEARNED
from tuwen.holdings import Holdings, check_ids, table_of
from tuwen.indexes import Indexes
from tuwen.questions import Question
from tuwen.records import Record
from tuwen.results import Matched, Results
from tuwen.search import Options, search, similar
from tuwen.store import Store

if TYPE_CHECKING:
    from tuwen.calibration import Calibration
    from tuwen.fusion import Fusion
    from tuwen.ingest import Report
    from tuwen.rerank import Reranker
    from tuwen.rerank.hits import Stage


class Collection(Holdings):
    """Pictures and texts of one encoder's space, stored in a folder.

    Make one with `Collection.create`, open one with `Collection.open` or `tuwen.open`. Any number of
    processes may read while one writes; each search sees the newest finished batch.
    """

    def __init__(self, store: Store, encoder: Encoder | None = None) -> None:
        super().__init__(store)
        self.indexes = Indexes(store)
        self._encoder = encoder
        self._hasher: hash_codes.Bits | None = None
        self._stages: dict[str | Reranker, Stage] = {}
        self.calibrations: tuple[tuple[int, int], dict[str, Calibration]] = ((0, 0), {})
        if encoder is not None:
            encoder_of.check(self.path, store.identity, encoder)

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        encoder: str | Path | Encoder | None = encoder_of.DEFAULT,
        method: str | Path | None = None,
        width: int | None = None,
        dtype: str = "float16",
        codes: int = 0,
    ) -> Collection:
        """Make an empty collection.

        Args:
            path: A new or empty folder.
            encoder: A name, an encoder, or None for vectors that are made elsewhere (then give `width`).
            method: What `tuwen fit` wrote: its encoders and its method make the vectors, and its folder is
                copied into the collection. Give `encoder` too when one of its encoders has moved since.
            width: Columns of the vectors; taken from the encoder when there is one.
            dtype: Precision of the stored vectors, `float16` or `float32`.
            codes: Bits of the hash codes kept beside the vectors, a multiple of 8; 0 for none. A hashing
                method's own codes are always kept.

        Raises:
            CollectionError: There is something there already, or it cannot be written.
            InputError: An argument is out of range, or the method cannot code new items.
        """
        made, identity = encoder_of.choose(encoder, method, width=width, dtype=dtype, codes=codes)

        def more(folder: Path) -> None:
            if method is not None:
                learned.copy(Path(method), folder / LEARNED)

        collection = cls(Store.create(Path(path), identity, more), made)
        if hash_codes.are_vectors(collection):
            hash_codes.learn(collection)
        return collection

    @classmethod
    def open(cls, path: str | Path, *, encoder: str | Path | Encoder | None = None) -> Collection:
        """Open a collection.

        Args:
            path: Its folder.
            encoder: The encoder it was made with, or where that lies now, when tuwen does not find it by
                the name it had; of a method with two encoders, either.

        Raises:
            CollectionError: There is none, a newer tuwen wrote it, or the encoder is another one.
            Damaged: Its files are not what was written.
        """
        store = Store.open(Path(path))
        if encoder is None:
            return cls(store)
        return cls(store, encoder_of.given(store.path, store.identity, encoder))

    @property
    def encoder(self) -> Encoder:
        """The encoder; loaded when first needed, from `encoder/` in the folder if it came packed with it.

        Raises:
            CollectionError: The collection has none, it cannot be found, or this tuwen has another version
                of it.
        """
        if self._encoder is None:
            if not self.store.identity.encoder:
                raise CollectionError(
                    f"{self.path} has no encoder: add and ask with vectors of width {self.width}"
                )
            self._encoder = encoder_of.find(self.path, self.store.identity)
        return self._encoder

    def move_encoder(self, encoder: str) -> str:
        """Say where the encoder lies now; this and every later opening look there.

        Args:
            encoder: As for `create`; of a method with two encoders, either.

        Returns:
            Its full name.

        Raises:
            CollectionError: It is another encoder, or the folder cannot be written.
        """
        found = encoders.load(encoder)
        with self.store.writing():
            encoder_of.move(self.path, self.store.identity, found)
        self._encoder = None
        return found.name

    def add(self, records: Iterable[Record], progress: Callable[..., None] | None = None) -> Report:
        """Encode and store records; what cannot be read is listed in the ledger, the rest goes on.

        Items that are there already and have not changed are not encoded again.
        """
        from tuwen.ingest import ingest_records

        return ingest_records(self, records, progress=progress)

    def add_vectors(
        self,
        kind: Modality,
        ids: Sequence[str],
        vectors: Array,
        *,
        overwrite: bool = False,
        **columns: Sequence[Any],
    ) -> int:
        """Store vectors that were made elsewhere: all of them, or none when something is wrong.

        Args:
            kind: `image` or `text`.
            ids: (n,) new ids.
            vectors: (n, width); scaled to length one. May be a memory map: it is read in blocks.
            overwrite: Put them in the place of items with the same ids instead of refusing those.
            columns: Further values, each n long: `entity`, `text`, `path`, `label`, `metadata` (dicts).

        Returns:
            How many were stored.

        Raises:
            InputError: Lengths or widths differ, an id is twice or there already, a vector is not finite
                or all zeros, a value does not fit its column.
        """
        check_ids(ids)
        return editing.add_vectors(self, table_of(kind), kind, ids, vectors, columns, overwrite=overwrite)

    def rows(
        self, kind: Modality, vectors: Array, columns: dict[str, Sequence[Any]], schema: Any = None
    ) -> Any:
        """Rows for the store, with hash codes when the collection has learned them.

        Args:
            kind: Of the items.
            vectors: (n, width) unit rows.
            columns: Values by column, each n long.
            schema: Of the table inside a transaction; that of the newest commit when None.
        """
        schema = self.store.view.dataset(table_of(kind)).schema if schema is None else schema
        codes = self.hasher().transform(vectors, kind) if "code" in schema.names and len(vectors) else None
        return tables.rows(schema, vectors, columns, codes)

    def update(self, kind: Modality, identifier: str, **values: Any) -> None:
        """Change what is known of an item: `label`, `metadata` (merged; None removes keys), `entity`, `text`.

        A text that is changed is encoded anew.

        Raises:
            UnknownName: There is no such item, or no such value.
            InputError: A picture is given a text, or the text says nothing to the encoder.
        """
        editing.update(self, table_of(kind), kind, identifier, values)

    def search(
        self,
        query: Question,
        *,
        kind: Modality = "image",
        k: int = 10,
        offset: int = 0,
        min_score: float | None = None,
        where: str | None = None,
        hybrid: bool = False,
        group: bool = False,
        diversity: float = 0.0,
        exact: bool = False,
        codes: bool = False,
        rerank: str | Path | Reranker | None = None,
        depth: int = reranking.DEPTH,
        rerank_weight: float | None = None,
        fuse: str | Path | Fusion | None = None,
    ) -> Results:
        """The items nearest to a query.

        Args:
            query: A string is words, with `-word` and `word^2` understood; a `Path` or PIL picture is a
                picture; a vector is itself; a `Query` joins several.
            kind: What to look for, `image` or `text`.
            k: How many.
            offset: How many of the best to skip, for the next page.
            min_score: Leave out what scores less, a cosine.
            where: A filter over columns and metadata, such as `year >= 2010 and label = 'sports'`.
            hybrid: Fuse with full-text search over the texts, Chinese and English.
            group: One hit an entity.
            diversity: 0 for the best only, towards 1 for hits that differ from each other.
            exact: Compare with every stored vector instead of asking the index.
            codes: Find by Hamming distance of hash codes, then order by vectors.
            rerank: What scores the first hits again, as `rerank.load` takes it: a folder with a fitted
                method or a matching head, or a cross-encoder. It judges pictures with texts, so the query
                must be of the other kind.
            depth: How many hits it scores; what follows them stays in the order of the first stage.
            rerank_weight: How much it counts beside the first stage; `rerank.WEIGHT` when None.
            fuse: What joins the picture and the words of a query that has both: the folder of a learned
                fusion (`tuwen fuse`), or one; their plain sum when None.

        Raises:
            InputError: The query is empty, or an option or the filter is wrong.
            PictureError: The query picture cannot be read.
        """
        options = Options(
            k=k,
            offset=offset,
            min_score=min_score,
            where=where,
            hybrid=hybrid,
            group=group,
            diversity=diversity,
            exact=exact,
            codes=codes,
            rerank=rerank,
            depth=depth,
            rerank_weight=rerank_weight,
            fuse=fuse,
        )
        table_of(kind)
        return search(self, query, kind, options)

    def similar(self, kind: Modality, identifier: str, *, to: Modality | None = None, k: int = 10) -> Results:
        """The items most like a stored one, without itself.

        Args:
            kind: Of the stored item.
            identifier: Its id.
            to: What to look for; the same kind when None.
            k: How many.
        """
        for side in (kind, to or kind):
            table_of(side)
        return similar(self, kind, identifier, to or kind, k)

    def match(
        self,
        queries: Sequence[Any] | Array,
        *,
        kind: Modality = "image",
        query_kind: Modality = "text",
        query_ids: Sequence[str] | None = None,
        k: int = 5,
        both: bool = False,
        probability: bool = False,
        temperature: float = 0.01,
        approximate: bool = False,
        rerank: str | Path | Reranker | None = None,
        depth: int = reranking.DEPTH,
        rerank_weight: float | None = None,
        contents: Sequence[Any] | None = None,
    ) -> tuple[Matched, Matched | None]:
        """The k best items for each of many queries, exact unless told otherwise.

        Args:
            queries: Texts or picture paths, or vectors (n, width).
            kind: The items to look for.
            query_kind: What the queries are.
            query_ids: (n,) names for the answer; row numbers when None.
            k: How many for each.
            both: Answer the mirror too: for each item its k best queries.
            probability: Add the softmax over all items at `temperature`.
            temperature: Divides cosines before the softmax.
            approximate: Ask the index instead of comparing everything.
            rerank: What scores the first hits of each query again; see `search`.
            depth: How many.
            rerank_weight: How much it counts beside the first stage.
            contents: The texts or pictures that the queries are vectors of, for `rerank`.

        Returns:
            The matches, and the mirror or None.
        """
        from tuwen.bulk import Again, match

        vectors = queries
        if not (isinstance(queries, np.ndarray) and queries.ndim == 2):
            contents = list(queries) if contents is None else contents
            vectors = self.encoder.encode(list(queries), query_kind)
        names = [str(name) for name in (query_ids if query_ids is not None else range(len(vectors)))]
        return match(
            self,
            unit_rows(check_matrix("queries", np.asarray(vectors), self.width)),
            names,
            table_of(kind),
            k=k,
            both=both,
            temperature=temperature if probability else None,
            approximate=approximate,
            again=None if rerank is None else Again(rerank, depth, rerank_weight, query_kind, contents),
        )

    def stage(self, rerank: str | Path | Reranker, weight: float | None = None) -> Stage:
        """The second stage of a search, opened once.

        Args:
            rerank: As for `search`.
            weight: Of the second stage beside the first.

        Raises:
            InputError: There is none of this name.
        """
        from tuwen.rerank.hits import stage

        key = rerank if isinstance(rerank, reranking.Reranker) else str(rerank)
        if key not in self._stages:
            self._stages[key] = stage(self, rerank)
        return self._stages[key].weighing(weight)

    def finish(self, note: Callable[[str], None] | None = None) -> None:
        """Make ready for fast answers after adding: codes, full text, calibration and saved indexes."""
        finishing.finish(self, note or (lambda _: None))

    def hasher(self) -> hash_codes.Bits:
        """The hash function of the collection's codes.

        Raises:
            CollectionError: The collection has no codes yet.
        """
        if self._hasher is None:
            self._hasher = hash_codes.load(self)
        return self._hasher

    def calibrate(self, *, false_accepts: float = 0.05) -> dict[str, Any]:
        """Learn from the collection's own pairs when nothing fits a query; what was measured.

        `finish` does it by itself; call it for another share of false accepts.
        """
        return calibration.calibrate(self, false_accepts)

    def stats(self) -> dict[str, Any]:
        """Counts, encoder, sizes and state."""
        from tuwen.overview import stats

        return stats(self)

    def verify(self) -> list[str]:
        """Check rows, ids, checksums, dimensions and indexes; one sentence for each fault found."""
        from tuwen.verify import verify

        return verify(self)

    def compact(self) -> dict[str, int]:
        """Join small files and drop what is no longer needed; snapshots stay.

        What was replaced within the last hour stays too, so that readers can end what they do.
        """
        done = self.store.compact()
        self.indexes.save(self.store.view)
        return done

    def export(self, folder: str | Path) -> list[Path]:
        """Write all items with their vectors as Parquet files; `import_from` reads them back."""
        return transfer.export(self, Path(folder))

    def import_from(self, folder: str | Path) -> int:
        """Add the items of an export of the same encoder; how many were added."""
        return transfer.import_from(self, Path(folder))

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.count(kind)} {kind}s" for kind in MODALITIES)
        return f"Collection({str(self.path)!r}: {counts}, encoder {self.store.identity.encoder or 'none'})"


def open(path: str | Path, *, encoder: str | Path | Encoder | None = None) -> Collection:
    """Open the collection in a folder; see `Collection.open`."""
    return Collection.open(path, encoder=encoder)
