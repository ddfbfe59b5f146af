"""Pictures and texts for a dual encoder to learn from: read once, checked, cut by picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.data import open_source
from tuwen.encoders import Encoder
from tuwen.errors import InputError, PictureError
from tuwen.records import Picture, Record, Refusal

Progress = Callable[[str, int, int | None], None]

_ROOM = 1 << 30  # bytes of prepared pictures that are kept


@dataclass(slots=True)
class Pairs:
    """Pictures, texts, and which belong together.

    Attributes:
        pictures: Each once, however many texts it has.
        texts: Each once.
        matches: (n, 2) picture and text of each pair.
        refusals: What was left out, and why.
        prepared: Pixels of pictures that fit in memory, by number.
    """

    pictures: list[Picture]
    texts: list[str]
    matches: Array
    refusals: list[Refusal] = field(default_factory=list)
    prepared: dict[int, Array] = field(default_factory=dict)

    def pixels(self, encoder: Encoder, rows: Array) -> Array:
        """The pictures of these pairs as the encoder prepares them, (n, side, side, 3) uint8."""
        return np.stack([self._one(encoder, int(row)) for row in self.matches[rows, 0]])

    def words(self, rows: Array) -> list[str]:
        """The texts of these pairs."""
        return [self.texts[row] for row in self.matches[rows, 1]]

    def split(self, share: float, seed: int) -> tuple[Array, Array]:
        """Pairs to learn from and pairs held out, each picture with all its texts on one side.

        Raises:
            InputError: The share is not below 1, or nothing would be left to learn from.
        """
        if not 0 <= share < 1:
            raise InputError(f"the share held out is {share}; it is from 0 up to 1, such as 0.1")
        mine = np.unique(self.matches[:, 0])
        order = np.random.default_rng(seed).permutation(mine)
        held = np.isin(self.matches[:, 0], order[: round(share * len(order))])
        return np.flatnonzero(~held), np.flatnonzero(held)

    def _one(self, encoder: Encoder, row: int) -> Array:
        found = self.prepared.get(row)
        return encoder.prepare(self.pictures[row]) if found is None else found


def read(spec: str, encoder: Encoder, progress: Progress = lambda s, d, t: None, **columns: Any) -> Pairs:
    """Read pairs from a table, a known layout or anything `data.open_source` takes, and try each picture.

    Args:
        spec: The source.
        encoder: Prepares pictures.
        progress: Follows the pictures.
        columns: Further arguments of `open_source`.

    Raises:
        InputError: There are no pairs.
    """
    numbers: dict[str, int] = {}
    words: dict[str, int] = {}
    pictures: list[Picture] = []
    refusals: list[Refusal] = []
    found: list[tuple[int, int]] = []
    for record in open_source(spec, **columns).records():
        if not isinstance(record, Record):
            refusals.append(record)
            continue
        for picture in record.images:
            if picture.path not in numbers:
                numbers[picture.path] = len(pictures)
                pictures.append(picture)
            found += [
                (numbers[picture.path], words.setdefault(text.text, len(words)))
                for text in record.texts
                if text.text.strip()
            ]
    matches = np.array(list(dict.fromkeys(found)), dtype=np.int64).reshape(-1, 2)
    pairs = Pairs(pictures, list(words), matches, refusals)
    _try(pairs, encoder, progress)
    if len(pairs.matches) < 2:
        why = f"; the first of {len(refusals)} refused: {refusals[0].reason}" if refusals else ""
        raise InputError(
            f"{spec} has {len(pairs.matches)} pairs of a picture and a text; name a table with a column of "
            f"pictures and one of texts{why}"
        )
    return pairs


def _try(pairs: Pairs, encoder: Encoder, progress: Progress) -> None:
    """Prepare every picture once: what cannot be decoded is refused, what fits in memory is kept."""
    broken: list[int] = []
    room, total = _ROOM, len(pairs.pictures)
    for number, (_, pixels) in enumerate(encoder.prepare_ahead(pairs.pictures)):
        if isinstance(pixels, PictureError):
            path = pairs.pictures[number].path
            pairs.refusals.append(Refusal(item=path, code=pixels.code, reason=str(pixels)))
            broken.append(number)
        elif pixels.nbytes <= room:
            pairs.prepared[number] = pixels
            room -= pixels.nbytes
        progress("reading pictures", number + 1, total)
    pairs.matches = pairs.matches[~np.isin(pairs.matches[:, 0], broken)]


def vectors(
    pairs: Pairs, encoder: Encoder, which: Array, progress: Progress = lambda s, d, t: None
) -> tuple[Array, Array]:
    """Unit vectors of the pictures and texts of these pairs; rows of others are zero.

    Args:
        pairs: All.
        encoder: What encodes them, as it is now.
        which: Numbers of pairs.
        progress: Follows the pictures.

    Returns:
        (pictures, width) and (texts, width) float32.
    """
    images = np.zeros((len(pairs.pictures), encoder.width), dtype=np.float32)
    texts = np.zeros((len(pairs.texts), encoder.width), dtype=np.float32)
    mine, said = (np.unique(pairs.matches[which, side]) for side in (0, 1))
    for start in range(0, len(mine), encoder.batch_size):
        rows = mine[start : start + encoder.batch_size]
        pixels = np.stack([pairs._one(encoder, int(row)) for row in rows])
        images[rows] = encoder.encode_prepared(pixels)
        progress("encoding pictures", start + len(rows), len(mine))
    if len(said):
        texts[said] = encoder.encode_texts([pairs.texts[row] for row in said])
    return images, texts


def recalls(pairs: Pairs, encoder: Encoder, which: Array) -> list[dict[str, Any]]:
    """Recall@1, 5 and 10 of both directions among these pairs, one row a direction."""
    from tuwen import metrics

    images, texts = vectors(pairs, encoder, which)
    mine, said = (np.unique(pairs.matches[which, side]) for side in (0, 1))
    scores = images[mine] @ texts[said].T
    matches = np.column_stack(
        [np.searchsorted(mine, pairs.matches[which, 0]), np.searchsorted(said, pairs.matches[which, 1])]
    )
    rows = []
    for direction, values, order in (("i2t", scores, [0, 1]), ("t2i", scores.T, [1, 0])):
        paired = metrics.by_pairs(matches[:, order], queries=values.shape[0], items=values.shape[1])
        wanted = [metrics.named(f"hit@{k}") for k in (1, 5, 10)]
        found = metrics.measure(values, paired, wanted)
        figures = {f"R@{k}": 100 * float(one.value) for k, one in zip((1, 5, 10), found, strict=True)}
        rows.append({"direction": direction, **figures, "queries": values.shape[0]})
    return rows


def mean_recall(rows: Sequence[dict[str, Any]]) -> float:
    """The mean of the six recalls: what an epoch is chosen by."""
    return float(np.mean([row[f"R@{k}"] for row in rows for k in (1, 5, 10)]))
