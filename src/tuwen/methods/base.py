"""The three kinds of method: shared vectors, shared bits, or scores only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from tuwen.arrays import MODALITIES, Array, Modality, unit_rows
from tuwen.errors import InputError, NotFittedError
from tuwen.methods.parameters import check_numbers
from tuwen.saved import Saved, write

_CELLS = 2**30  # of multi-hot labels: 4 GiB
_FROM_ZERO = ("hidden", "patience")  # counts of which none is a choice


class Paper(NamedTuple):
    """Where a method was published."""

    title: str
    authors: str
    venue: str
    year: int
    url: str


@dataclass(kw_only=True, eq=False)
class Method(ABC):
    """Learns from features of two modalities how well an image and a text belong together.

    Parameters are dataclass fields. What `fit` learns is stored in attributes that end with an
    underscore; they are what `save` writes. `fit` and `similarity` check their input; a subclass writes
    `_fit` and trusts it.

    Attributes:
        paper: Where it was published.
        needs_pairs: Row i of both modalities must belong together in `fit`; otherwise rows are loose, and
            one modality may be empty.
        needs_labels: `fit` learns from classes.
        takes_sets: Features are (n, parts, d), where zero rows are padding.
        needs_counts: Features are counts or weights that stand for them, none below zero.
        validates: `fit` takes `validation=`, pairs that it does not learn from but chooses by.
    """

    paper: ClassVar[Paper]
    needs_pairs: ClassVar[bool] = True
    needs_labels: ClassVar[bool] = False
    takes_sets: ClassVar[bool] = False
    needs_counts: ClassVar[bool] = False
    validates: ClassVar[bool] = False

    seed: int = 0

    def fit(self, images: Array, texts: Array, labels: Array | None = None) -> Self:
        """Learn from features.

        Args:
            images: (n, d_image).
            texts: (n, d_text); where `needs_pairs`, row i belongs to row i of `images`.
            labels: (n,) class numbers or (n, n_classes) multi-hot, for methods that need them.

        Raises:
            InputError: A parameter is no number from 0 on, or rows differ in number, are none, are not
                finite, or labels are missing.
        """
        check_numbers(self)
        images, texts = self._features("images", images), self._features("texts", texts)
        name = type(self).__name__
        pairs = self._pairs(images, texts)
        if self.needs_pairs and pairs != len(texts):
            raise InputError(
                f"images has {pairs} rows but texts has {len(texts)}; {name}.fit needs aligned rows"
            )
        if not len(images) + len(texts):
            raise InputError(f"images and texts have no rows; {name}.fit needs some")
        if self.needs_labels and labels is None:
            raise InputError(f"{name} learns from class labels; pass labels= to fit")
        classes = multi_hot(labels, pairs)
        if self.needs_labels and not classes.any():
            raise InputError(
                f"labels names no class for any of the {len(images)} rows; {name} learns from classes"
            )
        if self.needs_labels:
            check_members(self, classes)
            if (classes == classes[0]).all():
                raise InputError(
                    f"labels calls all {len(classes)} rows alike; {name} needs at least two classes"
                )
        self._fit(images, texts, classes)
        self.widths_: dict[str, int] = {"image": images.shape[-1], "text": texts.shape[-1]}
        return self

    def _pairs(self, images: Array, texts: Array) -> int:
        """How many pairs `fit` is given: a row of images each, unless the method keeps an image once."""
        return len(images)

    @abstractmethod
    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        """Learn from checked float32 features; labels are multi-hot, (n, 0) when absent."""

    @abstractmethod
    def similarity(self, images: Array, texts: Array) -> Array:
        """Score every image against every text, (n_images, n_texts) float32, higher is closer."""

    @property
    def params(self) -> dict[str, Any]:
        """The constructor arguments, enough to build this method again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def state(self) -> dict[str, Any]:
        """What `fit` learned, by attribute name: arrays, numbers, texts, and lists and dicts of them."""
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    @property
    def course(self) -> dict[str, Any]:
        """How training went, as plain values; empty for methods that know no epochs.

        `loss` and `validation` are lists with a value an epoch, the latter empty where nothing was held out;
        `epoch` is the one that was kept, from 1 on; `stopped` says why training ended early.
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take on what another fit learned."""
        for name, value in state.items():
            setattr(self, name, value)

    def save(self, folder: Path) -> None:
        """Write the fitted method to a folder, for `methods.load`.

        Raises:
            NotFittedError: There is nothing to save yet.
        """
        self._check_fitted()
        name = type(self).__module__.rpartition(".")[2]
        write(Path(folder), Saved(name, self.params, self.state))

    def _check_fitted(self) -> None:
        if not hasattr(self, "widths_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted; call fit first")

    def _check(self, features: Array, modality: Modality) -> Array:
        """Features that fit what `fit` saw, as float32."""
        self._check_fitted()
        if modality not in MODALITIES:
            raise InputError(f"modality is {modality!r}; it is 'image' or 'text'")
        features = self._features(f"{modality} features", features)
        if features.shape[-1] != self.widths_[modality]:
            raise InputError(
                f"{modality} features have width {features.shape[-1]}, but fit saw {self.widths_[modality]}"
            )
        return features

    def _features(self, name: str, values: Array) -> Array:
        values = np.asarray(values, dtype=np.float32)
        shape = "(n, parts, d)" if self.takes_sets else "(n, d)"
        if values.ndim != shape.count(",") + 1:
            raise InputError(
                f"{type(self).__name__} takes {name} of shape {shape}, got {values.shape}"
                + ("; it compares parts, such as regions, patches or words" if self.takes_sets else "")
            )
        if not values.shape[-1]:
            raise InputError(f"{name} has no columns (shape {values.shape}); there is nothing to learn from")
        if self.takes_sets and len(values) and not values.shape[1]:
            raise InputError(f"{name} has no parts (shape {values.shape}); each item is a set of some")
        if not np.isfinite(values).all():
            raise InputError(f"{name} has NaN or infinite values")
        if self.needs_counts and values.min(initial=0) < 0:
            raise InputError(
                f"{name} has values below 0 ({values.min():.3g}); {type(self).__name__} learns from counts: "
                "give bags of words, TF-IDF or histograms as they are, not centred, or use cca"
            )
        return values


@dataclass(kw_only=True, eq=False)
class Coder(Method):
    """A method that codes each item on its own, so that the codes can be indexed."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Columns of `_transform`."""

    @abstractmethod
    def transform(self, features: Array, modality: Modality) -> Array:
        """Code (n, d) features of one modality."""

    @abstractmethod
    def _transform(self, features: Array, modality: Modality) -> Array:
        """Real values (n, width) from checked features."""


@dataclass(kw_only=True, eq=False)
class CommonSpace(Coder):
    """Codes are unit vectors; the closer of two has the larger dot product."""

    dim: int = 64

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise InputError(f"dim is {self.dim}; it must be at least 1")

    @property
    def width(self) -> int:
        """Columns of the vectors."""
        return self.dim

    def transform(self, features: Array, modality: Modality) -> Array:
        """Project (n, d) features to (n, width) float32 unit vectors."""
        return unit_rows(self._transform(self._check(features, modality), modality))

    def similarity(self, images: Array, texts: Array) -> Array:
        """Cosines, (n_images, n_texts)."""
        cosines = self.transform(images, "image") @ self.transform(texts, "text").T
        return np.asarray(cosines)


@dataclass(kw_only=True, eq=False)
class Hasher(Coder):
    """Codes are packed bits, the signs of `_transform`; closer codes differ in fewer.

    Attributes:
        fuses: Items of which both modalities are known can have a code learnt from both, by
            `database_codes`. Many papers search such codes, while an engine that holds images alone, or
            texts alone, has only those of `transform`: figures of the two must not be mixed.
        learns_codes: `fit` learns the codes of the training pairs themselves, as `training_codes_`.
        training_codes_: Those codes, packed (n, bits // 8): the database that their papers search.
    """

    fuses: ClassVar[bool] = False
    learns_codes: ClassVar[bool] = False

    bits: int = 64

    def __post_init__(self) -> None:
        if self.bits < 8 or self.bits % 8:
            raise InputError(f"bits is {self.bits}; it must be a positive multiple of 8")
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in _FROM_ZERO else 1
            if field.type == "int" and field.name != "seed" and value < least:  # all of them are counts
                raise InputError(f"{field.name} is {value}; it must be at least {least}")

    @property
    def width(self) -> int:
        """Bits of a code."""
        return self.bits

    def transform(self, features: Array, modality: Modality) -> Array:
        """Hash (n, d) features to (n, bits // 8) bytes; the first bit is the highest of the first byte."""
        return np.packbits(self._transform(self._check(features, modality), modality) > 0, axis=1)

    def database_codes(self, images: Array, texts: Array) -> Array:
        """Hash items from both of their modalities, (n, bits // 8) bytes, as `transform` packs them.

        Raises:
            InputError: The method does not fuse, or rows do not align.
        """
        if not self.fuses:
            raise InputError(f"{type(self).__name__} codes each modality on its own; use transform")
        images, texts = self._check(images, "image"), self._check(texts, "text")
        if len(images) != len(texts):
            raise InputError(f"images has {len(images)} rows but texts has {len(texts)}; they must align")
        return np.packbits(self._fuse(images, texts) > 0, axis=1)

    def _fuse(self, images: Array, texts: Array) -> Array:
        """Real values (n, bits) of items from both modalities: unless overridden, the sum of theirs."""
        return np.asarray(self._transform(images, "image") + self._transform(texts, "text"))

    def similarity(self, images: Array, texts: Array) -> Array:
        """Bits that agree minus bits that differ, (n_images, n_texts)."""
        codes = self.transform(images, "image"), self.transform(texts, "text")
        x, y = (np.where(np.unpackbits(code, axis=1), 1, -1).astype(np.float32) for code in codes)
        return np.asarray(x @ y.T)


def multi_hot(labels: Array | None, n: int) -> Array:
    """Class numbers (n,), multi-hot (n, n_classes) or nothing, as float32 multi-hot (n, n_classes).

    Raises:
        InputError: There are not n rows, a class number is not a whole number from 0 on, or a multi-hot
            matrix has NaN or values below 0, or class numbers are too high for a column each.
    """
    if labels is None:
        return np.zeros((n, 0), dtype=np.float32)
    labels = np.asarray(labels)
    if labels.ndim not in (1, 2) or len(labels) != n:
        raise InputError(f"labels has shape {labels.shape}, but there are {n} rows of features")
    if labels.ndim == 2:
        if labels.dtype.kind not in "biuf" or not (labels >= 0).all() or not np.isfinite(labels).all():
            raise InputError("labels is multi-hot, but not all of its values are numbers from 0 on")
        return labels.astype(np.float32)
    if labels.dtype.kind not in "iu" or (len(labels) and labels.min() < 0):
        raise InputError("labels must be class numbers from 0 on, or a multi-hot matrix")
    highest = int(labels.max()) if n else -1
    if n * (highest + 1) > _CELLS:
        raise InputError(
            f"labels has class number {highest} among {n} rows: a column for each class would not fit; "
            "number classes from 0 on without gaps"
        )
    classes = np.zeros((n, highest + 1), dtype=np.float32)
    classes[np.arange(n), labels] = 1
    return classes


def check_members(method: Method, labels: Array) -> None:
    """Refuse multi-hot labels with a class that has no row.

    Raises:
        InputError: There is one.
    """
    empty = np.flatnonzero(~labels.any(axis=0))
    if len(empty):
        raise InputError(
            f"class {empty[0]} of labels has no row ({len(empty)} such classes); {type(method).__name__} "
            "needs rows of every class: number classes without gaps, or leave out empty columns"
        )
