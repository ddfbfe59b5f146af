"""Pictures for headlines, and texts for pictures: the whole pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.files import content_hash
from tuwen.illustrate import guessing, questions, spaces, verdict, weighing
from tuwen.illustrate import library as libraries
from tuwen.illustrate.base import Answer, Query, Signal
from tuwen.illustrate.cache import key_of
from tuwen.illustrate.choosing import choose
from tuwen.illustrate.fusing import Order, fuse, intersect
from tuwen.illustrate.guessing import Guess
from tuwen.illustrate.options import Options
from tuwen.illustrate.signals import Asked, rankings
from tuwen.records import Refusal

if TYPE_CHECKING:
    from tuwen.calibration import Verdict
    from tuwen.classes import TextClassifier
    from tuwen.collection import Collection
    from tuwen.illustrate.telling import Telling
    from tuwen.triples.base import Extractor

ALONE: tuple[str, ...] = ("text", "through", "cross", "own")
"""Rankings that a headline alone can ask."""


class Illustrator:
    """A library made ready: ask it for pictures, or texts, any number of times.

    Args:
        collection: With pictures, and the texts that go with them.
        text: An encoder of texts as `encoders.load` takes it, `collection` for its own, or `none`. One that
            needs fitting learns from the library's texts.
        image: The same for pictures.
        cross: An encoder of both, the folder of a fitted method, `collection`, or `none`.
        own: Learn a space from the library's own pairs, where there are 200.
        triples: Finds triples in texts: texts are ranked by them too, and in the mode of the paper by them
            alone.
        classifier: Of texts, for `Options.guess`; None learns one from the library's classes when needed.
        progress: Told what is being done.

    Raises:
        InputError: The library is empty, or an encoder does not encode what it is for.
    """

    def __init__(
        self,
        collection: Collection,
        *,
        text: str = spaces.TEXT,
        image: str = spaces.COLLECTION,
        cross: str = spaces.COLLECTION,
        own: bool = True,
        triples: Extractor | None = None,
        classifier: TextClassifier | None = None,
        progress: spaces.Progress = lambda step, done, total: None,
    ) -> None:
        self.collection = collection
        self.library = libraries.read(collection)
        self.spaces, self.cache = spaces.prepare(
            self.library, collection, text=text, image=image, cross=cross, own=own, progress=progress
        )
        self._classifier, self._progress = classifier, progress
        self._telling = self._told(triples) if triples is not None else None
        self._rows = {name: row for row, name in enumerate(self.library.ids)}
        self._hashes = {value: row for row, value in enumerate(self.library.hashes) if value}
        self._learned: weighing.Learned | None = None
        self._fit: verdict.Fit | None = None
        self._asked_before = False

    def ask(
        self, queries: Sequence[Query], options: Options | None = None
    ) -> tuple[list[Answer], list[Refusal]]:
        """Choose for each question; what cannot be asked is listed, the rest goes on.

        Args:
            queries: Headlines, pictures, or headlines with draft pictures. A headline is answered with
                pictures, a picture alone with texts.
            options: How; the defaults when None.

        Returns:
            Answers in the order of the questions that could be asked, and why others could not. A draft
            picture that cannot be read is listed too, and its headline is asked without it.

        Raises:
            InputError: The filter is wrong, or the library cannot be asked in this way.
        """
        how = options or Options()
        self._check(how)
        checked, refusals = questions.check(queries, self.library)
        encoded, more = questions.encode(checked, self.spaces)
        refusals += more
        guesses: list[Guess] = [(query.label, None) for query, _ in encoded]
        if how.guess and any(query.text and not query.label for query, _ in encoded):
            guesses = self._guesses([query for query, _ in encoded])
        allowed = {
            kind: libraries.allowed(self.collection, self.library, kind, how.where)
            for kind in {questions.wanted(query) for query, _ in encoded}
        }
        used = self._used_lately(how)
        answers = [
            self._answer(query, vectors, guess, allowed[questions.wanted(query)], used, how)
            for (query, vectors), guess in zip(encoded, guesses, strict=True)
        ]
        return _first_for(answers), refusals

    def learned(self) -> weighing.Learned | None:
        """Weights that the library's own pairs taught, and how good they are; None where they are too few."""
        self._learn()
        return self._learned

    def fits(self) -> verdict.Fit | None:
        """What tells that nothing fits; None where the library cannot teach it."""
        self._learn()
        return self._fit

    def _learn(self) -> None:
        if self._asked_before:
            return
        names = [name for name in ALONE if name != "text" and self._can(name)]
        self._progress("learning from the library's own pairs", 0, None)
        mark = self._mark()
        self._learned = self.cache.value(
            key_of("weights", mark),
            lambda: weighing.learn_weights(self.library, self.spaces, names) if names else None,
            write=lambda made: None if made is None else made.to_json(),
            read=lambda kept: None if kept is None else weighing.Learned.from_json(kept),
        )
        self._fit = self.cache.value(
            key_of("fit", mark),
            lambda: verdict.learn(self.library),
            write=lambda made: None if made is None else made.to_json(),
            read=lambda kept: None if kept is None else verdict.Fit.from_json(kept),
        )
        self._asked_before = True

    def _told(self, extractor: Extractor) -> Telling:
        from tuwen.illustrate.telling import Telling

        if self.spaces.text is None:
            raise InputError("triples are compared by the vectors of their words; name an encoder of texts")
        self._progress("finding triples", 0, None)
        return Telling(self.library, self.spaces.text, extractor, self.cache)

    def _can(self, name: str) -> bool:
        known = self.library.vectors
        if name == "through":
            return "text" in known and "image" in known
        return {"text": "text", "cross": "cross-image", "own": "own-image"}[name] in known

    def _mark(self) -> str:
        """Tells this library in these spaces from every other."""
        vectors = sorted(self.library.vectors.items())
        parts = [f"{name} {spaces.digest_of_vectors(rows)}" for name, rows in vectors]
        return key_of(*parts, *self.library.classes, str(weighing.RECIPE))

    def _check(self, how: Options) -> None:
        if how.mode == "paper" and (self.spaces.text is None or "image" not in self.library.vectors):
            raise InputError(
                "the mode paper joins nearest pictures and nearest texts; the library needs both, and an "
                "encoder for each"
            )

    def _guesses(self, queries: Sequence[Query]) -> list[Guess]:
        if self._classifier is None:
            self._progress("learning the classes of headlines", 0, None)
            self._classifier = guessing.learned(self.library)
        return guessing.guess(self._classifier, queries, self.library)

    def _used_lately(self, how: Options) -> dict[int, date]:
        since = how.today - how.lately
        return {
            self._rows[name]: day for name, day in how.used.items() if day >= since and name in self._rows
        }

    def _answer(
        self,
        query: Query,
        vectors: dict[str, Array],
        guess: Guess,
        allowed: Array,
        used: dict[int, date],
        how: Options,
    ) -> Answer:
        kind, (label, sure) = questions.wanted(query), guess
        hidden = self._rows[query.leave_out] if query.leave_out else -1
        candidates = allowed.copy()
        if label:
            candidates &= np.array([name == label for name in self.library.classes], dtype=bool)
        if hidden >= 0:
            candidates[hidden] = False
        told = None
        if self._telling is not None and query.text:
            told, complete = self._telling.scores(query.text)
            if not complete and how.mode != "paper":
                told = None  # it would be what the whole texts say, a second time
        asked = Asked(kind=kind, vectors=vectors, triples=told, hidden=hidden)
        signals = [s for s in rankings(self.library, asked, candidates) if how.weights.get(s.name) != 0]
        order, weights = self._order(query, signals, candidates, how)
        seen = self._seen(query)
        own = seen if kind == "text" and how.mode != "paper" and seen != hidden else -1
        choices = choose(
            self.library, order, signals, how.k, kind=kind, headline=query.text,
            seen=seen if own < 0 else -1, first=own,
            used=used if kind == "image" else None, skip_used=how.skip_used,
        )  # fmt: skip
        judged = self._judged(kind, vectors, hidden)
        fits = judged.fits if judged is not None else None
        return Answer(
            query=query,
            choices=choices,
            label=label,
            label_probability=sure,
            fits=fits if choices else False,
            probability=judged.probability if judged is not None else None,
            weights=weights,
        )

    def _order(
        self, query: Query, signals: list[Signal], candidates: Array, how: Options
    ) -> tuple[Order, dict[str, float]]:
        by_name = {signal.name: signal for signal in signals}
        if how.mode == "paper":
            near, far = ("text", "image") if questions.wanted(query) == "image" else ("image", "text")
            # without a draft the pictures nearest to those of the nearest texts stand for its neighbours
            first = by_name.get(far, by_name.get("through"))
            second = by_name.get("triples", by_name.get(near)) if near == "text" else by_name.get(near)
            if first is None or second is None:
                return Order(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)), {}
            return intersect(first, second, how.reach), {}
        learned = self.learned() if how.fusing == "learned" else None
        known = {} if learned is None else learned.weigh(list(by_name), questions.wanted(query))
        weights = {name: how.weights.get(name, known.get(name, 1.0)) for name in by_name}
        return fuse(signals, candidates, weights, by_rank=how.fusing == "reciprocal-rank"), weights

    def _seen(self, query: Query) -> int:
        """The library's item with the very picture that came with the question; -1 for none."""
        if query.picture is None:
            return -1
        return self._hashes.get(content_hash(query.picture.read_bytes()), -1)

    def _judged(self, kind: Modality, vectors: dict[str, Array], hidden: int) -> Verdict | None:
        fit = self.fits()
        if fit is None or kind != "image":
            return None
        rows = np.array([hidden] if hidden >= 0 else [], dtype=np.int64)
        return fit.judge(self.library, vectors, rows)


def _first_for(answers: list[Answer]) -> list[Answer]:
    """The same answers, with a mark at pictures that an earlier question of the batch has in first place."""
    taken: dict[str, str] = {}
    made = []
    for answer in answers:
        marked = tuple(replace(choice, first_for=taken.get(choice.id, "")) for choice in answer.choices)
        made.append(replace(answer, choices=marked))
        if marked and questions.wanted(answer.query) == "image":
            taken.setdefault(marked[0].id, answer.query.id)
    return made
