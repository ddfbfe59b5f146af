"""What every named benchmark says of itself, and how it is loaded."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

from tuwen.datasets.pairs import Splits
from tuwen.errors import InputError, Unavailable, unknown
from tuwen.files import checksum

_ARRAYS = {".mat", ".npz", ".npy", ".h5", ".hdf5", ".h5py"}


class Info(NamedTuple):
    """What a benchmark is, for people.

    Attributes:
        title: Its name as papers write it.
        citation: Authors, title, venue, year.
        licence: Under which it may be used, as far as its owners say.
        source: Where the files are to be had, and which ones.
        relevance: What is true for a query: what shares a class, or what it was paired with.
        languages: Of the texts.
    """

    title: str
    citation: str
    licence: str
    source: str
    relevance: Literal["class", "pair"]
    languages: tuple[str, ...] = ("en",)


class Dataset(ABC):
    """A benchmark in a folder; its file name is its name.

    A subclass sets `info`, `splits` and `variants`, and writes `_load`.

    Attributes:
        splits: One line about each way to cut it, by name; the first is the default.
        variants: One line about each set of features, by name; the first is the default.
        known: SHA-256 of the files as published, where we have seen them, by name.
        only: The variants that a split has, by split, where it has not all; the first is its default.
    """

    info: ClassVar[Info]
    splits: ClassVar[dict[str, str]]
    variants: ClassVar[dict[str, str]]
    known: ClassVar[dict[str, str]] = {}
    only: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, str] = {}

    @property
    def name(self) -> str:
        """The name in the registry."""
        return type(self).__module__.rpartition(".")[2]

    def load(self, split: str = "", features: str = "", *, seed: int = 0) -> Splits:
        """Read and cut it.

        Args:
            split: One of `splits`; when empty the first, or the first that has these features.
            features: One of `variants`; when empty the first, or the first that the split has.
            seed: Of splits that are drawn.

        Raises:
            Unavailable: Files are not there; says where they are to be had.
            UnknownName: There is no such split, or no such features.
            InputError: The split has other features.
            Damaged: A file is not what it should be.
        """
        split, features = self.choice(split, features)
        if split not in self.splits:
            raise unknown(f"split of {self.name}", split, self.splits)
        if not self._knows(features):
            raise unknown(f"features of {self.name}", features, self.variants)
        if features not in self.only.get(split, (features,)):
            has = " and ".join(self.only[split])
            raise InputError(f"split {split} of {self.name} has features {has}, not {features}")
        self._read = {}
        return self._load(split, features, seed)

    def choice(self, split: str = "", features: str = "") -> tuple[str, str]:
        """The split and the features that `load` takes when these are asked for; fills in the defaults."""
        if not split:
            fits = (name for name in self.splits if features in (*self.only.get(name, (features,)), ""))
            split = next(fits, next(iter(self.splits)))
        return split, features or self.only.get(split, tuple(self.variants))[0]

    def _knows(self, features: str) -> bool:
        """Whether there are such features."""
        return features in self.variants

    def present(self) -> bool:
        """Whether files of arrays are there; only looks for them, reads nothing."""
        return self.folder.is_dir() and any(file.suffix.lower() in _ARRAYS for file in self.folder.iterdir())

    @abstractmethod
    def _load(self, split: str, features: str, seed: int) -> Splits:
        """Read and cut it; split and features are known names."""

    def _file(self, name: str) -> Path:
        """A file of the benchmark, noted with its checksum.

        Raises:
            Unavailable: It is not there.
        """
        path = self.folder / name
        if not path.is_file():
            raise Unavailable(
                f"{self.name} needs {name}, which is not in {self.folder}. {self.info.source} Put it there, "
                "or say where the folder of data sets is: --data-root FOLDER, or TUWEN_DATA"
            )
        if name not in self._read:
            self._read[name] = checksum(path)
        return path

    def _notes(self) -> tuple[str, ...]:
        """What is odd about the files that were read."""
        return tuple(
            f"{name} is not the file we know: sha256 {found[:12]}, expected {self.known[name][:12]}"
            for name, found in self._read.items()
            if self.known.get(name, found) != found
        )


def root(given: Path | None = None) -> Path:
    """The folder that holds a folder for each benchmark: as given, TUWEN_DATA, or `data` here."""
    return given if given is not None else Path(os.environ.get("TUWEN_DATA") or "data")
