"""Pairs cut into parts by a seed: the same parts on every machine and with every version of numpy."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array
from tuwen.datasets.pairs import Pairs
from tuwen.errors import InputError


def shuffled(count: int, seed: int) -> Array:
    """The numbers from 0 to `count` - 1 in an order that depends on the seed alone, (count,) int64.

    Random words of PCG64 are sorted: numpy promises that these stay the same, which it does not promise
    of its permutations.
    """
    if seed < 0:
        raise InputError(f"seed is {seed}; it must be 0 or more")
    return np.argsort(np.random.PCG64(seed).random_raw(count), kind="stable").astype(np.int64)


def cut(pairs: Pairs, sizes: tuple[int, ...], seed: int) -> tuple[Pairs, ...]:
    """Parts of the given numbers of images, drawn by the seed, each in the order of the data.

    Texts go where their image goes, so no image stands in two parts.

    Raises:
        InputError: There are fewer images than asked for.
    """
    n = len(pairs.image_ids)
    if min(sizes) < 1 or sum(sizes) > n:
        raise InputError(
            f"{n} images cannot be cut into parts of {', '.join(str(size) for size in sizes)}; "
            "each part needs one at least"
        )
    order = shuffled(n, seed)
    ends = np.cumsum(sizes)
    return tuple(
        pairs.take(np.sort(order[end - size : end])) for size, end in zip(sizes, ends.tolist(), strict=True)
    )


def hold_out(pairs: Pairs, share: float, seed: int, *, stratified: bool = False) -> tuple[Pairs, Pairs]:
    """Two parts: what stays, and a share that is drawn by the seed, such as a test or validation part.

    Args:
        pairs: What to cut.
        share: Of the images, between 0 and 1; rounded to whole images, at least one.
        seed: Which draw.
        stratified: Take the share of each class by itself, so that both parts have the same mix. Needs one
            class an image; a class of one image stays whole.

    Raises:
        InputError: The share leaves a part empty, or there are no such labels.
    """
    n = len(pairs.image_ids)
    if not 0 < share < 1:
        raise InputError(f"share is {share}; it must lie between 0 and 1, such as 0.2")
    if n < 2:
        raise InputError(f"{n} image cannot be cut in two; two are needed at least")
    if not stratified:
        size = min(max(1, round(n * share)), n - 1)
        kept, held = cut(pairs, (n - size, size), seed)
        return kept, held
    order = shuffled(n, seed)
    classes = _single(pairs.labels)[order]
    held_rows = []
    for value in np.unique(classes):
        rows = order[classes == value]
        held_rows.append(rows[: round(len(rows) * share)] if len(rows) > 1 else rows[:0])
    rows = np.sort(np.concatenate(held_rows))
    if not 0 < len(rows) < n:
        raise InputError(f"share {share} of each class is {len(rows)} of {n} images; choose another share")
    return pairs.take(np.setdiff1d(np.arange(n), rows)), pairs.take(rows)


def joined(*parts: Pairs) -> Pairs:
    """Parts, one after the other.

    Raises:
        InputError: Some have features, labels or captions and others have not.
    """
    starts = np.cumsum([0, *(len(part.image_ids) for part in parts[:-1])])
    return Pairs(
        images=_stacked("images", [part.images for part in parts]),
        texts=_stacked("texts", [part.texts for part in parts]),
        labels=_stacked("labels", [part.labels for part in parts]),
        image_ids=tuple(name for part in parts for name in part.image_ids),
        text_ids=tuple(name for part in parts for name in part.text_ids),
        image_of_text=np.concatenate(
            [part.image_of_text + start for part, start in zip(parts, starts.tolist(), strict=True)]
        ),
        captions=tuple(caption for part in parts for caption in part.captions),
        classes=parts[0].classes,
    )


def _stacked(name: str, arrays: list[Array | None]) -> Array | None:
    there = [values for values in arrays if values is not None]
    if not there:
        return None
    if len(there) < len(arrays) or len({values.shape[1:] for values in there}) > 1:
        shapes = ", ".join("none" if values is None else str(values.shape) for values in arrays)
        raise InputError(f"{name} of the parts are {shapes}; they must be of one form to be joined")
    return np.concatenate(there)


def _single(labels: Array | None) -> Array:
    """Labels with one class an image."""
    if labels is None:
        raise InputError("a stratified cut needs labels, and the pairs have none; cut without stratified")
    if labels.ndim != 1:
        raise InputError("a stratified cut needs one class an image, not several; cut without stratified")
    return labels
