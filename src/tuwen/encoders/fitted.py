"""The base of encoders that learn from the user's own items: fit, save, open."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.encoders.base import Encoder, Source
from tuwen.errors import Damaged, InputError, NotFittedError
from tuwen.saved import Saved, read, write


@dataclass(kw_only=True, eq=False)
class Fitted(Encoder, ABC):
    """An encoder of one modality that must see items before it can encode.

    Parameters are dataclass fields. What `fit` learns is stored in attributes that end with an
    underscore: arrays, numbers, texts, and lists and dicts of them; they are what `save` writes. A
    subclass writes `_fit` and `_width`, and `_encode_texts` or `_encode_images`.

    Attributes:
        recipe: A number that rises whenever the same parameters begin to give other vectors.
    """

    recipe: ClassVar[int] = 1
    needs: ClassVar[str] = "fitting"

    def __post_init__(self) -> None:
        self.name = type(self).__module__.rpartition(".")[2]

    @classmethod
    def open(cls, path: Path, **options: Any) -> Self:
        """Open what `save` wrote.

        Raises:
            Damaged: A file is missing, broken or of a newer version, or holds another encoder.
            InputError: Options were given: they were chosen when it was fitted.
        """
        if options:
            raise InputError(
                f"{path} is fitted already, with options of its own; leave out {', '.join(options)}"
            )
        saved = read(path, "encoder")
        name = cls.__module__.rpartition(".")[2]
        if saved.name != name:
            raise Damaged(f"{path} holds an encoder of the family {saved.name}, not {name}")
        try:
            found = cls(**saved.params)
        except TypeError as error:
            raise Damaged(f"{path} has parameters that {name} does not know ({error})") from error
        for key, value in saved.state.items():
            setattr(found, key, value)
        try:
            found._settle()
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise Damaged(
                f"{path} lacks something that {name} learned ({error}); fit and save it again"
            ) from error
        found.name = str(path)
        return found

    def fit(self, items: Sequence[Source]) -> Self:
        """Learn from items of the encoder's modality: texts, or pictures.

        Raises:
            InputError: There are none, or they are too few.
        """
        if isinstance(items, str | Path):
            raise InputError("items is one string or path; pass a list")
        if not len(items):
            raise InputError(f"there is nothing to fit {self.name} on; give it texts or pictures")
        self._fit(items)
        self._settle()
        return self

    @property
    def modality(self) -> Modality:
        """The one modality it encodes."""
        (found,) = self.modalities
        return found

    @property
    def fitted(self) -> bool:
        """Whether it can encode."""
        return hasattr(self, "fingerprint")

    @property
    def params(self) -> dict[str, Any]:
        """The constructor arguments."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def state(self) -> dict[str, Any]:
        """What `fit` learned, by attribute name."""
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    def save(self, folder: str | Path) -> None:
        """Write the fitted encoder to a folder, for `encoders.load`.

        Raises:
            NotFittedError: There is nothing to save yet.
        """
        self._check(self.modality)
        name = type(self).__module__.rpartition(".")[2]
        write(Path(folder), Saved(name, self.params, self.state), "encoder")

    @abstractmethod
    def _fit(self, items: Sequence[Any]) -> None:
        """Learn from at least one item: texts, or pictures as `prepare` takes them."""

    @abstractmethod
    def _width(self) -> int:
        """Columns of the vectors, known after `_fit`."""

    def _settle(self) -> None:
        """Set what follows from what was learned."""
        self.width = self._width()
        self.parameters = sum(array.size for array in _arrays(self.state))
        digest = hashlib.blake2b(digest_size=16)
        name = type(self).__module__.rpartition(".")[2]
        _feed(digest, {"name": name, "recipe": self.recipe, "params": self.params, "state": self.state})
        self.fingerprint = f"{name}-{digest.hexdigest()}"

    def _check(self, modality: Modality) -> None:
        super()._check(modality)
        self.check_ready()

    def check_ready(self) -> None:
        """See the base."""
        if not self.fitted:
            raise NotFittedError(
                f"{self.name} must be fitted first: fit(items), or on the command line "
                f"tuwen encode SOURCE --encoder {self.name} --fit --save-encoder FOLDER -o FILE.npz"
            )


def _arrays(value: Any) -> list[Array]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [array for part in value for array in _arrays(part)] if isinstance(value, list | tuple) else []


def _feed(digest: Any, value: Any) -> None:
    """Add a value to a hash: arrays by type, shape and bytes, everything else by its text."""
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, dict):
        for key in sorted(value):
            digest.update(f"{key}\0".encode())
            _feed(digest, value[key])
    elif isinstance(value, list | tuple):
        digest.update(f"[{len(value)}".encode())
        for part in value:
            _feed(digest, part)
    else:
        digest.update(f"{value!r}\0".encode())
