"""The folder of an exported encoder: `encoder.json` says what it is and which files run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import Any

from tuwen.errors import Damaged
from tuwen.files import checksum, read_json, write_json

MANIFEST = "encoder.json"
TOKENIZER = "tokenizer.json"
NAME = "exported"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class File:
    """A file of the folder, by its name, with what it must be."""

    name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> File:
        """The description of a file as it is now."""
        return cls(path.name, path.stat().st_size, checksum(path))


@dataclass(frozen=True, slots=True)
class Variant:
    """The towers for one runtime in one precision.

    Attributes:
        runtime: `onnx` or `openvino`.
        precision: `fp32`, `bf16` or `int8`.
        method: How int8 was made: `dynamic`, `calibrated` or `weights`; empty for the others.
        towers: The files of `image` and `text`; the first of each is the one to load.
        parity: What comparing it with its source gave, by modality.
    """

    runtime: str
    precision: str
    method: str
    towers: dict[str, list[File]]
    parity: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """For people: `openvino int8 (calibrated)`."""
        method = f" ({self.method})" if self.method and self.runtime == "openvino" else ""
        return f"{self.runtime} {self.precision}{method}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What an exported encoder's folder holds.

    Attributes:
        source: What it was exported from, for people.
        fingerprint: The source's.
        width: Columns of the vectors.
        modalities: What it encodes.
        languages: Of the texts.
        parameters: Learned numbers of the source.
        recipe: The preprocessing, as `Recipe.to_dict` gives it.
        tokenizer: The tokenizer's file; None where no texts are encoded.
        variants: What there is to run.
    """

    source: str
    fingerprint: str
    width: int
    modalities: list[str]
    languages: list[str]
    parameters: int
    recipe: dict[str, Any]
    tokenizer: File | None
    variants: list[Variant]


def read(folder: Path) -> Bundle:
    """Read a folder's manifest; the files it names are checked when they are used.

    Raises:
        Damaged: It is missing, broken or of a newer version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise Damaged(f"{folder} holds no exported encoder: {MANIFEST} is missing")
    values = read_json(path)
    if not isinstance(values, dict) or not isinstance(values.get("format"), int):
        raise Damaged(f"{path} does not describe an exported encoder; export it again")
    if values["format"] > FORMAT:
        raise Damaged(f"{folder} was exported by a newer version (format {values['format']}); update tuwen")
    try:
        return _bundle(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"{path} does not describe an exported encoder ({error!r}); export it again") from error


def write(folder: Path, bundle: Bundle) -> None:
    """Write a folder's manifest; what it no longer names may then be removed."""
    write_json(folder / MANIFEST, {"format": FORMAT, "name": NAME, **asdict(bundle)})


def checked(folder: Path, file: File) -> Path:
    """The path of a file after its content was compared.

    Raises:
        Damaged: It is missing or another.
    """
    path = folder / file.name
    if not path.is_file():
        raise Damaged(f"{path} is missing; copy the folder again, or export again")
    if path.stat().st_size != file.size or checksum(path) != file.sha256:
        raise Damaged(f"{path} is not the file that was exported; copy it again, or export again")
    return path


def _bundle(values: Mapping[str, Any]) -> Bundle:
    tokenizer = values["tokenizer"]
    return Bundle(
        source=str(values["source"]),
        fingerprint=str(values["fingerprint"]),
        width=int(values["width"]),
        modalities=[str(one) for one in values["modalities"]],
        languages=[str(one) for one in values["languages"]],
        parameters=int(values["parameters"]),
        recipe=dict(values["recipe"]),
        tokenizer=None if tokenizer is None else _file(tokenizer),
        variants=[
            Variant(
                runtime=str(one["runtime"]),
                precision=str(one["precision"]),
                method=str(one["method"]),
                towers={side: [_file(file) for file in files] for side, files in one["towers"].items()},
                parity=dict(one["parity"]),
            )
            for one in values["variants"]
        ],
    )


def _file(values: Mapping[str, Any]) -> File:
    name = str(values["name"])
    if PurePath(name).name != name or name in ("", ".."):
        raise ValueError(f"{name!r} lies outside of the folder")
    return File(name, int(values["size"]), str(values["sha256"]))
