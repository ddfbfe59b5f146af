"""What every classifier shares: learn from labelled items, give probabilities, be kept in a folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence, Sized
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

import numpy as np

from tuwen.arrays import Array, check_matrix
from tuwen.errors import Damaged, InputError, NotFittedError, unknown
from tuwen.saved import Saved, write

#: What a classifier is given: texts as they are, or vectors that an encoder made.
Takes = Literal["texts", "vectors"]

Items = TypeVar("Items", bound=Sized)


@dataclass(kw_only=True, eq=False)
class Classifier(ABC, Generic[Items]):
    """Learns which of some classes an item belongs to.

    Parameters are dataclass fields. What `fit` learns is stored in attributes that end with an
    underscore: arrays, numbers, texts, and lists and dicts of them; they are what `save` writes. A
    subclass writes `_items`, `_fit` and `_probabilities`, and `_settle` to refuse saved values that do
    not belong together. One whose weights lie in files of their own, such as a network, writes
    `_write` and `_opened` instead.

    Attributes:
        takes: "texts" or "vectors".
        classes_: Names of the classes, sorted; columns of `probabilities`.
    """

    takes: ClassVar[Takes]

    @classmethod
    def name(cls) -> str:
        """The name in the registry: the file's name."""
        return cls.__module__.rpartition(".")[2]

    @property
    def fitted(self) -> bool:
        """Whether `fit` has run, or the classifier was loaded."""
        return hasattr(self, "classes_")

    def fit(self, items: Items, labels: Sequence[str]) -> Self:
        """Learn from items, each with the name of its class.

        Args:
            items: Texts, or vectors (n, d).
            labels: (n,) names of classes.

        Raises:
            InputError: Rows differ in number or are none, a label is no name, or there is one class.
        """
        checked = self._items(items, known=False)
        names = names_of(labels)
        count = len(checked)
        if count != len(names):
            raise InputError(f"there are {count} items but {len(names)} labels; they must align")
        classes = sorted(set(names))
        if len(classes) < 2:
            held = f"all {count} items are of class {classes[0]!r}" if classes else "there are no items"
            raise InputError(f"{held}; a classifier needs items of at least two classes")
        place = {name: number for number, name in enumerate(classes)}
        self._fit(checked, np.array([place[name] for name in names], dtype=np.int64), classes)
        self.classes_ = classes
        return self

    def probabilities(self, items: Items) -> Array:
        """How probable each class is for each item, (n, c) float32; rows sum to 1.

        Raises:
            InputError: Items are of another kind or width than those that `fit` saw.
            NotFittedError: `fit` has not run.
        """
        self._check_fitted()
        checked = self._items(items, known=True)
        if not len(checked):
            return np.zeros((0, len(self.classes_)), dtype=np.float32)
        return np.asarray(self._probabilities(checked), dtype=np.float32)

    def predict(self, items: Items) -> list[str]:
        """The most probable class of each item."""
        return [self.classes_[column] for column in self.probabilities(items).argmax(axis=1)]

    def save(self, folder: Path) -> None:
        """Write the fitted classifier to a folder, for `classes.load`: JSON and arrays, no pickle.

        Raises:
            NotFittedError: There is nothing to save yet.
        """
        self._check_fitted()
        self._write(Path(folder))

    @property
    def params(self) -> dict[str, Any]:
        """The constructor arguments, enough to build this classifier again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @abstractmethod
    def _items(self, items: Items, *, known: bool) -> Items:
        """The items, checked: before `_fit`, or when it is `known` what `fit` saw, `_probabilities`."""

    @abstractmethod
    def _fit(self, items: Items, numbers: Array, classes: list[str]) -> None:
        """Learn from checked items; `numbers` (n,) are their places in `classes`."""

    @abstractmethod
    def _probabilities(self, items: Items) -> Array:
        """Rows (n, c) that sum to 1, of at least one checked item."""

    def _settle(self) -> None:
        """Check what was learned after it was read from disk; raise ValueError where parts do not fit."""
        if names_of(self.classes_) != sorted(set(self.classes_)) or len(self.classes_) < 2:
            raise ValueError(f"its classes are {self.classes_}")

    def _write(self, folder: Path) -> None:
        state = {name: value for name, value in vars(self).items() if name.endswith("_")}
        write(folder, Saved(self.name(), self.params, state), "classes")

    @classmethod
    def _opened(cls, folder: Path, saved: Saved) -> Self:
        known = {field.name for field in fields(cls)}
        for field in saved.params:
            if field not in known:
                raise unknown(f"parameter of {saved.name}", field, known)
        try:
            made = cls(**saved.params)
            for key, value in saved.state.items():
                setattr(made, key, value)
            made._settle()
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise Damaged(
                f"{folder} lacks something that {saved.name} learned ({error}); fit and save it again"
            ) from error
        return made

    def _check_fitted(self) -> None:
        if not self.fitted:
            raise NotFittedError(f"{type(self).__name__} is not fitted; call fit first")


@dataclass(kw_only=True, eq=False)
class TextClassifier(Classifier[Sequence[str]]):
    """A classifier of texts."""

    takes: ClassVar[Takes] = "texts"

    def _items(self, items: Sequence[str], *, known: bool) -> Sequence[str]:
        if isinstance(items, str):
            raise InputError("texts is one string; pass a list of strings")
        texts = list(items)
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(f"text {place} is a {type(text).__name__}; texts must be strings")
        return texts


@dataclass(kw_only=True, eq=False)
class VectorClassifier(Classifier[Array]):
    """A classifier of vectors (n, d), all of the width that `fit` saw.

    Attributes:
        width_: Columns of the vectors.
    """

    takes: ClassVar[Takes] = "vectors"

    def fit(self, items: Array, labels: Sequence[str]) -> Self:
        """Learn from vectors (n, d), each with the name of its class.

        Raises:
            InputError: Rows differ in number or are none, are not finite, a label is no name, or there is
                one class.
        """
        super().fit(items, labels)
        self.width_ = int(np.shape(items)[1])
        return self

    def _items(self, items: Array, *, known: bool) -> Array:
        return check_matrix("vectors", items, self.width_ if known else None)


def names_of(labels: Sequence[str]) -> list[str]:
    """Labels as names of classes.

    Raises:
        InputError: One is not a string, or is blank.
    """
    if isinstance(labels, str):
        raise InputError("labels is one string; pass a list with a class name for each item")
    names = []
    for place, label in enumerate(labels):
        if not isinstance(label, str) or not label.strip():
            raise InputError(
                f"label {place} is {label!r}; it must be the name of a class: leave out items without one"
            )
        names.append(str(label))
    return names
