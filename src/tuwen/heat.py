"""Which parts of a picture count for a question: they are covered in turn, or compared with it alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, ImageStat

from tuwen.arrays import Array, check_matrix, unit_rows
from tuwen.encoders import Encoder
from tuwen.encoders.base import Patches, Source, opened
from tuwen.errors import InputError, PictureError, unknown
from tuwen.parts import kinds_of_parts, picture_parts
from tuwen.pixels import resized
from tuwen.query import Query
from tuwen.questions import Question, encode_query, to_query
from tuwen.sheet import picture_of

if TYPE_CHECKING:
    from tuwen.collection import Collection
    from tuwen.encoders.inputs.recipe import Recipe

How = Literal["patches", "occlusion"]
WAYS = ("auto", "patches", "occlusion")
POSITIONS = 7  # of the cover, across and down: so many pictures squared are encoded
COVER = 2  # cells that it hides, across and down
NOISE = 0.002  # stored vectors are float16, whose scores differ by about 0.001
PLACES = (
    *("upper left", "top", "upper right"),
    *("left", "middle", "right"),
    *("lower left", "bottom", "lower right"),
)
"""Names of the ninths of a picture, row by row."""

# little to much: share, red, green, blue, opacity; lightness rises, so that it reads without colours
_RAMP = (
    (0.0, 12, 16, 56, 0.72),
    (0.35, 70, 24, 110, 0.52),
    (0.7, 225, 80, 50, 0.30),
    (1.0, 255, 220, 70, 0.34),
)
_FINE = 256  # pixels at which the colours are mixed
_SHOWN = 1024  # of a side, at least, where a picture is larger


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heat:
    """How much the parts of a picture count for a question.

    Attributes:
        values: (rows, columns) float32, top to bottom and left to right. By occlusion, how much the score
            falls when the part is covered, below zero where it rises; by patches, how well the part fits
            the question alone.
        how: Which of the two.
        score: The cosine of the whole picture with the question.
    """

    values: Array
    how: How
    score: float

    @property
    def strength(self) -> float:
        """By how much the part that counts most stands out of nothing, or by patches out of the least."""
        return float(self.values.max()) - self._least

    def shares(self) -> Array:
        """The values as shares of the largest, (rows, columns) from 0 to 1; zeros where none stands out."""
        if self.strength < NOISE:
            return np.zeros_like(self.values)
        return np.clip((self.values - self._least) / self.strength, 0, 1)

    def most(self) -> str | None:
        """In which ninth of the picture the largest value lies, of `PLACES`; None where none stands out."""
        if self.strength < NOISE:
            return None
        rows, columns = self.values.shape
        row, column = divmod(int(self.values.argmax()), columns)
        return PLACES[3 * (3 * (2 * row + 1) // (2 * rows)) + 3 * (2 * column + 1) // (2 * columns)]

    def over(self, picture: Image.Image) -> Image.Image:
        """The picture with what counts less dark and what counts more bright."""
        smooth = Image.fromarray(self.shares()).resize((_FINE, _FINE), Image.Resampling.BICUBIC)
        points, *channels = np.array(_RAMP).T
        values = np.asarray(smooth).clip(0, 1)
        colours = np.stack([np.interp(values, points, each) for each in channels], axis=-1)
        colours[..., 3] *= 255
        layer = Image.fromarray(colours.round().astype(np.uint8))
        whole = picture.convert("RGBA")
        return Image.alpha_composite(whole, layer.resize(whole.size, Image.Resampling.BILINEAR)).convert(
            "RGB"
        )

    @property
    def _least(self) -> float:
        """The value that counts for nothing: none fits a question not at all, but a cover may leave it."""
        return float(self.values.min()) if self.how == "patches" else 0.0


def heat(collection: Collection, picture: str | Source, question: Question, *, how: str = "auto") -> Heat:
    """Which parts of a picture count for a question to a collection.

    Args:
        collection: Its encoder must be one that encodes new pictures.
        picture: The id of a stored one; or a `Path`, a PIL picture, a `Picture`.
        question: As for `Collection.search`: words (`海滩 -人`), a picture, a vector or a `Query`.
        how: See `heat_of`.

    Raises:
        UnknownName: There is no such item.
        CollectionError: The collection has no encoder.
        InputError: The encoder cannot do it, or the item's picture is gone.
        PictureError: The picture cannot be read.
    """
    encoder = collection.encoder
    _check(encoder, how)
    if isinstance(picture, str):
        picture = stored_picture(collection, picture)
    return heat_of(encoder, picture, encode_query(collection, to_query(question)), how=how)


def stored_picture(collection: Collection, identifier: str) -> Image.Image:
    """The picture of an item, upright, from its file, or as the collection keeps it.

    Raises:
        UnknownName: There is no such item.
        InputError: Its file is gone and nothing is kept.
    """
    item = collection.get("image", identifier)
    try:
        return opened(Path(item.path), _SHOWN)
    except (PictureError, OSError):
        found = picture_of(item, collection)
    if found is None:
        raise InputError(f"the file of {identifier!r} cannot be read any more; put it back, or name another")
    return found


def alone(collection: Collection, identifier: str, query: Query) -> dict[str, float]:
    """The score of a stored picture with each part of a question alone, whatever its weight.

    Raises:
        UnknownName: There is no such item.
    """
    stored = collection.vectors("image", [identifier])[0]
    parts = [replace(part, weight=1.0) for part in query.parts]
    return {str(part): float(encode_query(collection, Query(parts=(part,))) @ stored) for part in parts}


def heat_of(encoder: Encoder, picture: Source, vector: Array, *, how: str = "auto") -> Heat:
    """Which parts of a picture count for a question, given as a vector of the encoder's space.

    By `occlusion`, as in Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (ECCV
    2014), a part of the picture is covered with its mean colour and the fall of the score is noted; the
    cover is moved to 7 x 7 places that overlap, and a cell has the mean of the falls of the covers over
    it. It asks the encoder as it is, whatever that is, with 50 pictures. Two parts that show the same hide
    each other: covering either changes little.

    By `patches`, each part is compared with the question alone, from one picture. Where the vector is the
    mean over places (Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016) this
    is exact: the mean of the heat is the score. Patches of CLIP's vision transformers, put into the common
    space much as in "Extract Free Dense Labels from CLIP" (Zhou, Loy and Dai, ECCV 2022), are fast and a
    hint only: what a transformer knows of one part it may keep in the patch of another.

    Args:
        encoder: Must encode pictures, and not look them up.
        picture: What to look at.
        vector: (width,) the question; its length does not matter.
        how: `occlusion`, `patches`, or `auto`: patches where they are exact, else occlusion.

    Raises:
        InputError: The encoder has no patches or cannot encode this picture, or the vector is of another
            space or says nothing.
        PictureError: The picture cannot be read.
    """
    _check(encoder, how)
    question = unit_rows(check_matrix("the question", np.reshape(vector, (1, -1)), encoder.width))[0]
    if not question.any():
        raise InputError("the question is a vector of zeros, for which no part counts; ask something else")
    # larger than the encoder takes, so that cutting and shrinking it is as with the whole
    image = opened(picture, 2 * encoder.image_size)
    image = _bounded(image, max(2 * encoder.image_size, 64))
    whole = encoder.encode_images([image])[0]
    score = float(whole @ question)
    if how != "occlusion":
        patches = encoder.patch_vectors(image) if how == "patches" else None
        patches = patches or _averaged(encoder, image, whole)
        if patches is not None:
            return Heat(values=_around(patches.vectors @ question, patches.seen), how="patches", score=score)
        if how == "patches":
            raise InputError(f"{encoder.name} has no patches in the space of its vectors; take occlusion")
    return Heat(values=_falls(encoder, image, question, score), how="occlusion", score=score)


def _check(encoder: Encoder, how: str) -> None:
    if how not in WAYS:
        raise unknown("way", how, WAYS)
    if "image" not in encoder.modalities:
        raise InputError(f"{encoder.name} encodes no pictures, so no part of one counts for it")
    if encoder.by_id:
        raise InputError(
            f"{encoder.name} looks vectors up and cannot encode a part of a picture; it has no heat map"
        )


def _bounded(image: Image.Image, side: int) -> Image.Image:
    """The picture with its shorter side at most `side`, the longer four times that: copies are made of it."""
    scale = min(side / min(image.size), 4 * side / max(image.size))
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return resized(image, size, Image.Resampling.BILINEAR)


def _averaged(encoder: Encoder, image: Image.Image, whole: Array) -> Patches | None:
    """The parts of a picture of which its vector is the mean, scaled as that is; None of other encoders."""
    if "image" not in kinds_of_parts(encoder):
        return None
    try:
        parts = picture_parts(image, encoder).astype(np.float32)
    except InputError:  # a network without a map of places
        return None
    side, mean = math.isqrt(len(parts)), parts.mean(axis=0)
    length = float(np.linalg.norm(mean))
    # of a class token, or with layers behind the mean, it is another
    if side**2 != len(parts) or mean.shape != whole.shape or mean @ whole < 0.99 * length:
        return None
    recipe: Recipe | None = getattr(encoder, "recipe", None)
    seen = (1.0, 1.0) if recipe is None else recipe.seen(*image.size)
    return Patches(vectors=parts.reshape(side, side, -1) / max(length, 1e-12), seen=seen)


def _falls(encoder: Encoder, image: Image.Image, question: Array, score: float) -> Array:
    """The mean fall of the score over the covers that hide a cell, (rows, columns)."""
    cells = POSITIONS + COVER - 1
    mean = tuple(round(value) for value in ImageStat.Stat(image).mean)
    across, down = (np.linspace(0, length, cells + 1).round().astype(int).tolist() for length in image.size)
    total, count = np.zeros((cells, cells), np.float32), np.zeros((cells, cells), np.float32)
    places = [(row, column) for row in range(POSITIONS) for column in range(POSITIONS)]
    for start in range(0, len(places), max(1, encoder.batch_size)):
        some, covered = places[start : start + encoder.batch_size], []
        for row, column in some:
            covered.append(image.copy())
            last = (across[column + COVER], down[row + COVER])
            covered[-1].paste(mean, (across[column], down[row], *last))
        scores = encoder.encode_images(covered) @ question
        for (row, column), now in zip(some, scores.tolist(), strict=True):
            hidden = np.s_[row : row + COVER, column : column + COVER]
            total[hidden] += score - now
            count[hidden] += 1
    return total / count


def _around(values: Array, seen: tuple[float, float]) -> Array:
    """Values of the middle of a picture, (rows, columns), with the least of them where nothing was seen."""
    rows, columns = values.shape
    above, beside = (
        round(length * (1 / share - 1) / 2) for length, share in ((rows, seen[1]), (columns, seen[0]))
    )
    return np.pad(values.astype(np.float32), [(above, above), (beside, beside)], constant_values=values.min())
