"""An encoder's own files in one folder, with `spec.json` that says how to open them there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from tuwen import encoders
from tuwen.encoders.base import Encoder
from tuwen.encoders.concat import Concat
from tuwen.encoders.opening.spec import Spec, convert, parse
from tuwen.errors import Damaged, InputError
from tuwen.files import read_json

DESCRIPTION = "spec.json"
FORMAT = 1
_MODEL = "model"  # the folder of the files, beside the description

# what an encoder in one file may read from beside it
_BESIDE = {
    *("config.json", "preprocessor_config.json", "open_clip_config.json", "tokenizer.json", "vocab.txt"),
    *("tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "spiece.model"),
    *("sentencepiece.bpe.model", "tokenizer.model", "bpe_simple_vocab_16e6.txt"),
    *("bpe_simple_vocab_16e6.txt.gz", "tuwen.json"),
}
_OF_ONE_STEM = (".txt", ".json", ".npy", ".bin")  # vectors.npy and vectors.ids.txt; net.xml and net.bin
_JUNK = (".tmp", ".part", ".lock", ".h5", ".msgpack", ".ot", ".pyc")

Files = list[tuple[str, Path]]  # name in the folder, file on this machine


def gather(encoder: Encoder) -> tuple[dict[str, Any], Files]:
    """The description of an encoder and the files it is made of; the files are none for what tuwen ships.

    Raises:
        InputError: It was made in Python, not loaded by a name, or its files are gone.
    """
    described, files = _gathered(encoder, "")
    return {"format": FORMAT, "name": encoder.name, "fingerprint": encoder.fingerprint, **described}, files


def is_kept(folder: Path) -> bool:
    """Whether a folder holds an encoder's files with their description."""
    return (folder / DESCRIPTION).is_file()


def open_kept(folder: Path, options: dict[str, str] | None = None) -> Encoder:
    """The encoder whose files lie in a folder, wherever that stands now.

    Args:
        folder: Where they lie.
        options: What shall be other than it was when it was packed.

    Raises:
        Damaged: The description is broken, leads out of the folder or is of a newer version.
        InputError: The files cannot be opened, or options are given to a combination.
    """
    about = read_json(folder / DESCRIPTION)
    if not isinstance(about, dict) or not isinstance(about.get("format"), int):
        raise Damaged(f"{folder / DESCRIPTION} does not describe an encoder; unpack it again")
    if about["format"] > FORMAT:
        raise Damaged(f"{folder} was packed by a newer tuwen (format {about['format']}); upgrade tuwen")
    if options and "parts" in about:
        raise InputError(f"{folder} holds a combination, whose parts have their own options; leave yours out")
    try:
        if options:
            about = {**about, "options": {**about["options"], **options}}
        return _opened(about, folder)
    except (KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{folder / DESCRIPTION} does not describe an encoder ({error!r})") from error


def _gathered(encoder: Encoder, under: str) -> tuple[dict[str, Any], Files]:
    if isinstance(encoder, Concat):
        made = [_gathered(part, f"{under}part{place}/") for place, part in enumerate(encoder.parts)]
        parts = [
            {"weight": weight, **about} for weight, (about, _) in zip(encoder.weights, made, strict=True)
        ]
        return {"parts": parts}, [file for _, files in made for file in files]
    parsed = parse(encoder.name, (*encoders.names(), "hub", "modelscope"))
    if not parsed.family and parsed.target in encoders.names():
        if type(encoder).needs == "fitting":
            raise InputError(
                f"what {encoder.name} learned lies in no folder; fit and save it first, and name the folder: "
                f"tuwen encode SOURCE --encoder {encoder.name} --fit --save-encoder FOLDER -o FILE.npz"
            )
        return {"family": "", "target": parsed.target, "options": parsed.options}, []
    family, path = _place(encoder, parsed)
    target = f"{under}{_MODEL}" + ("" if path.is_dir() else f"/{path.name}")
    files = [(f"{under}{_MODEL}/{name}", file) for name, file in _files(path)]
    options, paths = dict(parsed.options), []
    for key, value in _paths(encoder, parsed):  # a dictionary of words, a vocabulary
        options[key] = f"{under}options/{key}/{value.name}"
        files += [(options[key], value)] if value.is_file() else []
        files += [(f"{options[key]}/{name}", file) for name, file in _files(value) if value.is_dir()]
        paths.append(key)
    return {"family": family, "target": target, "options": options, "paths": paths}, files


def _paths(encoder: Encoder, parsed: Spec) -> Iterator[tuple[str, Path]]:
    """The options that name files or folders."""
    for key, value in convert(parsed.options, type(encoder).open).items():
        if isinstance(value, Path):
            yield key, value


def _place(encoder: Encoder, parsed: Spec) -> tuple[str, Path]:
    """Family and path of what an encoder was loaded from."""
    try:
        family, path = encoders.located(parsed)
    except InputError as error:
        raise InputError(
            f"encoder {encoder.name} cannot be packed: it was made in Python, or its files are gone ({error})"
        ) from error
    return (parsed.family if parsed.family in encoders.names() else family), path


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """The files of a folder without what encoders never read; or a file and what belongs to it."""
    if path.is_file():
        stem = path.name.partition(".")[0]
        for file in sorted(path.parent.iterdir()):
            own = file.name.partition(".")[0] == stem and file.name.endswith(_OF_ONE_STEM)
            if file == path or (file.is_file() and (file.name in _BESIDE or own)):
                yield file.name, file
        return
    for place, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        doubled = any(name.startswith("model") and name.endswith(".safetensors") for name in names)
        for name in sorted(names):
            again = doubled and name.startswith("pytorch_model") and name.endswith(".bin")
            file = Path(place) / name
            if file.is_file() and not name.startswith(".") and not name.endswith(_JUNK) and not again:
                yield file.relative_to(path).as_posix(), file


def _opened(about: dict[str, Any], folder: Path) -> Encoder:
    if "parts" in about:
        parts = [_opened(part, folder) for part in about["parts"]]
        return Concat(parts, [part["weight"] for part in about["parts"]])
    family, target, options = about["family"], about["target"], dict(about["options"])
    if not family and target in encoders.names():
        return encoders.load(str(Spec("", target, options)))
    for key in about.get("paths", ()):
        options[key] = str(_inside(folder, options[key]))
    if family and family not in encoders.names():
        raise Damaged(f"{folder / DESCRIPTION} names a family {family!r} that this tuwen does not have")
    return encoders.load(str(Spec(family, str(_inside(folder, target)), options)))


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or PurePosixPath(name).is_absolute() or "\\" in name or ":" in parts[0]:
        raise Damaged(f"{folder / DESCRIPTION} leads out of its folder ({name!r}); do not use it")
    path = folder.joinpath(*parts)
    if not path.exists():
        raise Damaged(f"{path} is missing; unpack again")
    return path
