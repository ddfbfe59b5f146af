"""From an order to what is shown: nothing twice, marks for what was used, and reasons."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.duplicates import plain
from tuwen.illustrate.base import Choice, Library, Reason, Signal
from tuwen.illustrate.fusing import Order

BITS, COSINE = 6, 0.85
"""Bits of 64 in which two perceptual hashes may differ while the vectors agree so far: near-duplicates."""

WIDER = 16, 0.7, 0.6
"""The same where the texts agree too, by their cosine: one scene in colour and in grey, or cut closer."""

_WORDS = 6  # shown of those that two texts share

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
# these say nothing about what a text is about
_PARTICLES = "的了着过在是和与及等为对将把被从到于中有不也就都而且或以其这那他她它们"


def choose(
    library: Library,
    order: Order,
    signals: Sequence[Signal],
    k: int,
    *,
    kind: Modality = "image",
    headline: str = "",
    seen: int = -1,
    first: int = -1,
    used: Mapping[int, date] | None = None,
    skip_used: bool = False,
) -> tuple[Choice, ...]:
    """The first k items of an order that look different from each other, with reasons.

    Args:
        library: What is chosen from.
        order: Best first.
        signals: The rankings it was made of.
        k: How many at most.
        kind: What is shown: `image`, where no picture comes twice, or `text`, where no text does.
        headline: For the words that it shares with the items' texts.
        seen: Item whose picture the editor has already; it, and what looks like it, is left out. -1 for none.
        first: Item that has the very picture that was asked with: its text comes first. -1 for none.
        used: Row and day of each picture used lately.
        skip_used: Leave those out, instead of marking them.
    """
    places = {signal.name: signal.places() for signal in signals}
    kept: list[int] = []
    alike: dict[int, list[str]] = {}
    days: dict[int, date] = {}
    rows = order.rows.tolist()
    if first in rows:
        rows = [first, *(row for row in rows if row != first)]
    for row in rows:
        if seen >= 0 and same(library, row, [seen], kind):
            continue
        if twins := same(library, row, kept, kind):
            alike.setdefault(twins[0], []).append(library.ids[row])
            continue
        if len(kept) == k:
            break
        if used and (day := _used(library, row, used)) is not None:
            if skip_used:
                continue
            days[row] = day
        kept.append(row)
    made = []
    for rank, row in enumerate(kept, start=1):
        made.append(
            Choice(
                id=library.ids[row],
                rank=rank,
                score=float(order.scores[row]),
                picture=library.pictures[row],
                text=library.texts[row],
                label=library.classes[row],
                reasons=_reasons(order, signals, places, row),
                shared=shared_words(headline, library.texts[row]),
                used=days.get(row),
                itself=row == first,
                alike=tuple(alike.get(row, ())),
            )
        )
    return tuple(made)


def same(library: Library, row: int, others: Sequence[int], kind: Modality) -> list[int]:
    """Which of some items have the same text, or the same picture or one that can hardly be told apart.

    Texts are the same when they have the same letters and digits. Pictures are when few bits of their
    perceptual hashes differ and their vectors agree, as near-duplicates everywhere; when their texts agree
    too, less is asked of the pictures.
    """
    if not others:
        return []
    if kind == "text":
        words = plain(library.texts[row])
        return [other for other in others if plain(library.texts[other]) == words]
    rows = np.asarray(others)
    alike = rows == row
    if library.hashes[row]:
        alike |= np.array([library.hashes[other] == library.hashes[row] for other in others])
    if len(library.looks) and library.looks[row]:
        bits = np.bitwise_count(library.looks[rows] ^ library.looks[row])
        near, told = (_agreement(library, space, row, rows) for space in ("image", "text"))
        close = (bits <= BITS) & ((near >= COSINE) | (told >= WIDER[2]))
        close |= (bits <= WIDER[0]) & (near >= WIDER[1]) & (told >= WIDER[2])
        alike |= close & (library.looks[rows] != 0)
    return [int(other) for other in rows[alike]]


def _agreement(library: Library, space: str, row: int, others: Array) -> Array:
    """Cosines of an item with others in a space; 0 where there is none."""
    if space not in library.vectors:
        return np.zeros(len(others), dtype=np.float32)
    vectors = library.vectors[space]
    return np.asarray(vectors[others] @ vectors[row])


def shared_words(headline: str, text: str) -> tuple[str, ...]:
    """Words, or runs of two Chinese characters and more, that both have; longest first.

    Found without a dictionary: what stands in both is what an editor sees in both.
    """
    other = _plain(text)
    found: dict[str, None] = {}
    for match in _RUN.finditer(_plain(headline)):
        run = match.group()
        if not re.match(rf"[{_HAN}]", run):
            if len(run) > 2 and re.search(rf"(?<![^\W_{_HAN}]){re.escape(run)}(?![^\W_{_HAN}])", other):
                found[run] = None
            continue
        start = 0
        while start < len(run) - 1:
            end = start + 1
            while end < len(run) and run[start : end + 1] in other:
                end += 1
            piece = run[start:end].strip(_PARTICLES)
            if len(piece) > 1:
                found[piece] = None
            start = end if end > start + 1 else start + 1
    best = sorted(found, key=len, reverse=True)
    distinct = [word for word in best if not any(word != wider and word in wider for wider in best)]
    return tuple(distinct[:_WORDS])


def _reasons(
    order: Order, signals: Sequence[Signal], places: Mapping[str, Array], row: int
) -> tuple[Reason, ...]:
    parts = {name: max(float(values[row]), 0.0) for name, values in order.shares.items()}
    total = sum(parts.values())
    return tuple(
        Reason(
            name=signal.name,
            score=float(signal.scores[row]),
            place=int(places[signal.name][row]),
            share=parts.get(signal.name, 0.0) / total if total > 0 else 0.0,
        )
        for signal in signals
        if not np.isnan(signal.scores[row])
    )


def _used(library: Library, row: int, used: Mapping[int, date]) -> date | None:
    """The last day on which an item's picture, or one that looks the same, was used."""
    rows = [row] if row in used else same(library, row, list(used), "image")
    return max((used[other] for other in rows), default=None)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()
