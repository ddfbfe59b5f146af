"""Vectors of listed images and captions, from files that were made elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tuwen.arrays import Array, check_matrix
from tuwen.datasets.layouts import FIVE, Listed, stem
from tuwen.errors import Damaged, InputError
from tuwen.files import read_arrays, why_unread

_BLOCK = 1024


def look_up(path: Path, listed: Listed) -> tuple[Array, Array | None]:
    """Features of listed images, and of their captions where the file has texts.

    An image is found by its name, another name of it, or the name of its file; a caption by its name, or
    by its number in the file of captions when this whole file was encoded. Sets of parts (n, parts, d), as
    `tuwen encode --parts` writes them, stay in their type.

    Args:
        path: As `tuwen encode` writes it, or with `names` and `features` (and `scale`, `zero_point`).
        listed: What to look for.

    Raises:
        InputError: The file has no images, lacks some of them, or holds NaN.
        Damaged: It is not such a file.
    """
    arrays = read_arrays(path)
    ids, vectors = _images(path, arrays)
    place = _places(path, "images", ids, vectors)
    stems = Counter(map(stem, place))
    # files of one name in two folders: which is meant cannot be known
    for name, row in [(stem(name), row) for name, row in place.items() if stems[stem(name)] == 1]:
        place.setdefault(name, row)
    rows = [
        next((place[known] for known in (name, *listed.aliases.get(name, ())) if known in place), -1)
        for name in listed.images
    ]
    _all_found(path, "images", rows, listed.images, listed.file)
    images = vectors[rows]
    if "scale" in arrays:
        images = (images.astype(np.float32) - arrays.get("zero_point", np.float32(0))) * arrays["scale"]
    images = _checked(f"{path.name}: image_vectors", images)
    if "text_ids" not in arrays or "text_vectors" not in arrays:
        return images, None
    place = _places(path, "texts", arrays["text_ids"], arrays["text_vectors"])
    rows = [place.get(caption.id, -1) for caption in listed.captions]
    if min(rows) < 0 and place.keys() == {str(number + 1) for number in range(listed.texts_in_file)}:
        rows = [place[str(caption.number)] for caption in listed.captions]
        _check_images(path, listed, arrays.get("image_of_text"), rows)
    _all_found(path, "texts", rows, [caption.id for caption in listed.captions], listed.file)
    return images, _checked(f"{path.name}: text_vectors", arrays["text_vectors"][rows])


def read_regions(path: Path, count: int, *, mean: bool) -> Array:
    """Images of a `*_ims.npy`: one row each, or each row five times, once for every caption.

    Args:
        path: (n, regions, d) or (n, d), or five times as many rows.
        count: How many images there are.
        mean: Average the regions, (n, d); else they stay where they are, on disk.

    Raises:
        Damaged: Rows are neither one nor five an image, or the five of an image differ.
        InputError: Regions were asked for where each image has one vector.
    """
    try:
        stored: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise Damaged(f"{path} is not a readable .npy file of plain numbers ({why_unread(error)})") from error
    if stored.ndim not in (2, 3) or len(stored) not in (count, FIVE * count):
        raise Damaged(
            f"{path} has shape {stored.shape}; its captions are of {count} images, so it must have {count} "
            f"rows, or {FIVE * count} with each image five times, of (regions, d) or (d)"
        )
    if len(stored) == FIVE * count and count:
        for row in (0, FIVE * (count - 1)):
            if not np.array_equal(stored[row], stored[row + FIVE - 1], equal_nan=True):
                raise Damaged(f"{path} has five rows an image, but rows {row} and {row + FIVE - 1} differ")
        stored = stored[::FIVE]
    if not mean:
        if stored.ndim == 2:
            raise InputError(f"{path} has one vector an image and no regions; use the features regions-mean")
        return stored
    blocks = (stored[start : start + _BLOCK] for start in range(0, count, _BLOCK))
    means = [
        np.asarray(block, np.float32) if block.ndim == 2 else block.mean(1, np.float32) for block in blocks
    ]
    return check_matrix(path.name, np.concatenate(means))


def _checked(name: str, values: Array) -> Array:
    """Features (n, d) as float32, or sets of parts (n, parts, d) as they are stored, all finite."""
    if values.ndim != 3:
        return check_matrix(name, values)
    for start in range(0, len(values), _BLOCK):
        finite = np.isfinite(values[start : start + _BLOCK]).all(axis=(1, 2))
        if not finite.all():
            raise InputError(
                f"{name} has NaN or infinite values, first in row {start + int(finite.argmin())}"
            )
    return values


def _images(path: Path, arrays: dict[str, Array]) -> tuple[Array, Array]:
    """Ids of images and their vectors, under either pair of names."""
    for ids, vectors in (("image_ids", "image_vectors"), ("names", "features")):
        if ids in arrays and vectors in arrays:
            return arrays[ids], arrays[vectors]
    raise InputError(
        f"{path} has no image_ids and image_vectors, only {', '.join(sorted(arrays)) or 'nothing'}; "
        "encode the images with `tuwen encode`"
    )


def _check_images(path: Path, listed: Listed, images: Array | None, rows: Sequence[int]) -> None:
    """Numbers fit any file of as many texts; where the images of texts are known, they must be the same."""
    if images is None:
        return
    wrong = []
    for caption, row in zip(listed.captions, rows, strict=True):
        known = {*caption.images, *(more for name in caption.images for more in listed.aliases.get(name, ()))}
        named = str(images[row])
        if named and not {named, stem(named)} & known:
            wrong.append(caption.id)
    if wrong:
        raise InputError(
            f"{path} has texts of other images than {listed.file.name}: {len(wrong)}, first {wrong[0]}; it "
            "was encoded from another file"
        )


def _places(path: Path, what: str, ids: Array, vectors: Array) -> dict[str, int]:
    """The row of each id."""
    if ids.ndim != 1 or len(ids) != len(vectors):
        raise Damaged(f"{path} has {len(ids)} ids of {what} but {len(vectors)} vectors; encode again")
    place = {str(name): row for row, name in enumerate(ids)}
    if len(place) < len(ids):
        raise Damaged(f"{path} has ids of {what} that stand twice: {len(ids) - len(place)}; encode again")
    return place


def _all_found(path: Path, what: str, rows: Sequence[int], names: Sequence[str], wanted_by: Path) -> None:
    missing = [name for name, row in zip(names, rows, strict=True) if row < 0]
    if missing:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise InputError(
            f"{path} has no features of {len(missing)} of the {len(names)} {what} that {wanted_by.name} "
            f"names: {shown}; encode them too"
        )
