"""Arrays of one part of a file as pairs: turned, checked, joined by row or by id."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tuwen.arrays import Array
from tuwen.datasets.pairs import Pairs
from tuwen.errors import InputError


def joined(
    arrays: dict[str, Array], where: str, *, matlab: bool, prefix: str = ""
) -> tuple[Pairs, list[str]]:
    """Pairs of the arrays of one part, by their roles, with labels as they were read; and notes.

    Texts belong to images as `image_of_text` says; else by ids: the same ids, or texts named `IMAGE#n`;
    else row by row.

    Args:
        arrays: By role.
        where: The file and part, for messages.
        matlab: Whether matrices may lie on their side.
        prefix: Of ids that are row numbers.

    Raises:
        InputError: Rows do not align, values are not finite, or ids do not say what belongs together.
    """
    notes: list[str] = []
    if matlab:
        arrays, notes = _upright(arrays, where)
    images, texts, captions = _sides(arrays, where)
    count = len(captions) if texts is None else len(texts)
    image_ids, text_ids = _ids(arrays, len(images), count, where, prefix)
    pairs = Pairs(
        images=images,
        texts=texts,
        image_ids=image_ids,
        text_ids=text_ids,
        image_of_text=np.zeros(count, dtype=np.int64),
        captions=captions,
    )
    labels = arrays.get("labels")
    if labels is not None and labels.ndim == 2 and 1 in labels.shape:
        labels = labels.ravel()
    if len(set(image_ids)) < len(image_ids):
        return _gathered(pairs, labels, where, named="image_ids" in arrays), notes
    pairs, more = _linked(pairs, labels, arrays, where)
    return pairs, notes + more


def _sides(arrays: dict[str, Array], where: str) -> tuple[Array, Array | None, tuple[str, ...]]:
    """Features of both sides, checked, and captions; texts that are written out are captions."""
    images, texts, captions = arrays["images"], arrays.get("texts"), arrays.get("captions")
    _check("images", images, where)
    if texts is not None and texts.dtype.kind in "US":
        texts, captions = None, texts
    if texts is not None:
        _check("texts", texts, where)
    return images, texts, () if captions is None else tuple(str(caption) for caption in captions.ravel())


def _linked(
    pairs: Pairs, labels: Array | None, arrays: dict[str, Array], where: str
) -> tuple[Pairs, list[str]]:
    """The pairs with the texts that have an image, and labels as they were read; and notes."""
    rows, kept, notes = _rows(arrays, pairs, where)
    n, m = len(pairs.image_ids), len(pairs.text_ids)
    if labels is not None and len(labels) != n:
        if len(labels) != m:
            raise _misaligned(len(labels), n, where)
        labels = _of_images(labels[kept], rows, n, where)
    pairs = replace(
        pairs,
        texts=None if pairs.texts is None else pairs.texts[kept],
        text_ids=tuple(pairs.text_ids[row] for row in kept.tolist()),
        image_of_text=rows,
        labels=labels,
        captions=tuple(pairs.captions[row] for row in kept.tolist()) if pairs.captions else (),
    )
    return pairs, notes


def _upright(arrays: dict[str, Array], where: str) -> tuple[dict[str, Array], list[str]]:
    """Matrices turned where only that makes rows align, and notes of which."""
    told = {name: values for name, values in arrays.items() if name in ("images", "texts", "labels")}
    told = {name: values for name, values in told.items() if values.ndim == 2 and 1 not in values.shape}
    if len({len(values) for values in told.values()}) < 2:
        return arrays, []
    fits = set.intersection(*(set(values.shape) for values in told.values()))
    flat = [values.size for name, values in arrays.items() if name == "labels" and name not in told]
    fits = fits & set(flat) if flat else fits
    if len(fits) != 1:
        return arrays, []
    (count,) = fits
    turned = {name: values for name, values in told.items() if len(values) != count}
    shapes = " and ".join(f"{name} {values.shape}" for name, values in turned.items())
    notes = [f"{where} lies on its side: columns of {shapes} are taken as items"]
    return arrays | {name: values.T for name, values in turned.items()}, notes


def _check(name: str, values: Array, where: str) -> None:
    if values.dtype.kind not in "biuf":
        raise InputError(f"{name} of {where} are no numbers ({values.dtype}); give features, one row an item")
    if values.ndim not in (2, 3):
        kind = "; these may be pixels: encode them first" if values.ndim == 4 else ""
        raise InputError(
            f"{name} of {where} have shape {values.shape}; (n, d) is needed, one row an item{kind}"
        )
    if not values.size:
        raise InputError(f"{name} of {where} are empty, {values.shape}")
    bad = [row for row in range(len(values)) if not np.isfinite(values[row]).all()] if _odd(values) else []
    if bad:
        raise InputError(
            f"{name} of {where} have NaN or infinite values in {len(bad)} rows, first in row {bad[0]} "
            "(from 0); leave these rows out on both sides"
        )


def _odd(values: Array) -> bool:
    """Whether something is not finite, in blocks that take little memory."""
    return values.dtype.kind == "f" and not all(
        np.isfinite(values[start : start + 4096]).all() for start in range(0, len(values), 4096)
    )


def _ids(
    arrays: dict[str, Array], n: int, m: int, where: str, prefix: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of both sides: as given, or row numbers."""
    sides = []
    for role, count in (("image_ids", n), ("text_ids", m)):
        given = arrays.get(role, arrays.get("ids"))
        if given is None or (role not in arrays and given.size != count):
            sides.append(tuple(f"{prefix}{row}" for row in range(count)))
            continue
        if given.size != count:
            raise InputError(f"{role} of {where} names {given.size} items, but there are {count}")
        sides.append(tuple(str(name) for name in given.ravel().tolist()))
    return sides[0], sides[1]


def _gathered(pairs: Pairs, labels: Array | None, where: str, *, named: bool) -> Pairs:
    """A row a pair, where images stand once for each of their texts: each image is kept once.

    Unless ids are `named` as those of images, they name rows; texts are then called `IMAGE#row`.
    """
    n, m = len(pairs.image_ids), len(pairs.text_ids)
    text_ids = pairs.text_ids
    if not named and n == m:
        text_ids = tuple(f"{name}#{row}" for row, name in enumerate(pairs.image_ids))
    first: dict[str, int] = {}
    for row, name in enumerate(pairs.image_ids):
        first.setdefault(name, row)
    kept = np.array(list(first.values()))
    place = {name: number for number, name in enumerate(first)}
    rows = np.array([place[name] for name in pairs.image_ids], dtype=np.int64)
    if n != m:
        raise InputError(
            f"image ids of {where} stand twice, but there are {n} images and {m} texts; name each once"
        )
    images = pairs.images
    if images is not None:
        apart = [row for row in range(n) if not np.array_equal(images[row], images[kept[rows[row]]])]
        if apart:
            raise InputError(
                f"image {pairs.image_ids[apart[0]]} of {where} stands twice with different features "
                f"(row {apart[0]}); an id must name one image"
            )
        images = images[kept]
    if labels is not None:
        if len(labels) != m:
            raise _misaligned(len(labels), m, where)
        labels = _of_images(labels, rows, len(kept), where)
    return replace(
        pairs,
        images=images,
        image_ids=tuple(first),
        text_ids=text_ids,
        image_of_text=rows,
        labels=labels,
    )


def _rows(arrays: dict[str, Array], pairs: Pairs, where: str) -> tuple[Array, Array, list[str]]:
    """The image of each text that is kept, which are kept, and notes."""
    n, m = len(pairs.image_ids), len(pairs.text_ids)
    every = np.arange(m)
    place = {name: row for row, name in enumerate(pairs.image_ids)}
    if "image_of_text" in arrays:
        return _as_told(arrays["image_of_text"].ravel(), place, m, where)
    if "image_ids" not in arrays or "text_ids" not in arrays or pairs.image_ids == pairs.text_ids:
        if n != m:
            raise InputError(
                f"{where} has {n} images and {m} texts, which do not align; give a row of each for every "
                "pair, or an array image_of_text with the row of each text's image"
            )
        return every, every, []
    found = [place.get(name, place.get(name.rpartition("#")[0], -1)) for name in pairs.text_ids]
    rows = np.array(found, dtype=np.int64)
    kept = np.flatnonzero(rows >= 0)
    if len(kept):
        lost = m - len(kept)
        first = pairs.text_ids[int((rows < 0).argmax())] if lost else ""
        left = [f"{lost} texts of {where} name no image there is, such as {first}; they are left out"]
        return rows[kept], kept, left if lost else []
    if n != m:
        raise InputError(
            f"{where} has {n} images and {m} texts whose ids share nothing, such as {pairs.image_ids[0]} and "
            f"{pairs.text_ids[0]}; name texts IMAGE#1, IMAGE#2, or give an array image_of_text"
        )
    return (
        every,
        every,
        [f"ids of images and texts of {where} share nothing: row i of both is taken as a pair"],
    )


def _as_told(told: Array, place: dict[str, int], m: int, where: str) -> tuple[Array, Array, list[str]]:
    """The same from row numbers or ids; an empty id says that the text has no image."""
    if len(told) != m:
        raise InputError(f"image_of_text of {where} has {len(told)} rows, but there are {m} texts")
    if told.dtype.kind in "iu" or (told.dtype.kind == "f" and (told == np.round(told)).all()):
        return told.astype(np.int64), np.arange(m), []
    names = [str(name) for name in told]
    strange = [name for name in names if name and name not in place]
    if strange:
        raise InputError(
            f"image_of_text of {where} names {strange[0]!r}, which is neither a row nor an id of an image"
        )
    kept = np.array([row for row, name in enumerate(names) if name], dtype=np.int64)
    if not len(kept):
        raise InputError(f"no text of {where} has an image; image_of_text is empty in all rows")
    lost = m - len(kept)
    notes = [f"{lost} texts of {where} have no image; they are left out"] if lost else []
    return np.array([place[names[row]] for row in kept.tolist()], dtype=np.int64), kept, notes


def _misaligned(labels: int, images: int, where: str) -> InputError:
    return InputError(f"labels of {where} have {labels} rows, but there are {images} images; they must align")


def _of_images(labels: Array, rows: Array, n: int, where: str) -> Array:
    """Labels that stand once a text, once an image."""
    if len(np.unique(rows)) < n:
        raise InputError(
            f"labels of {where} stand once a text, but {n - len(np.unique(rows))} images have none"
        )
    _, first = np.unique(rows, return_index=True)
    taken = labels[first]
    same = taken[rows] == labels
    same = same if same.ndim == 1 else same.all(axis=1)
    if not same.all():
        raise InputError(
            f"texts of one image have different labels in {where}, first in row {int((~same).argmax())}; "
            "an image needs one label"
        )
    return np.asarray(taken)
