"""The tensors of a checkpoint, by name: safetensors first, other files only as plain weights."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen.errors import Damaged, InputError, MissingExtra
from tuwen.files import read_json

if TYPE_CHECKING:
    from torch import Tensor

SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt")
# in a folder, the first that is there is read: safetensors cannot hold anything but tensors
_WHOLE = (
    "model.safetensors",
    "open_clip_model.safetensors",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
)
_PARTED = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
# what trainers put around the weights
_AROUND = ("state_dict", "model_state_dict", "model", "module", "net", "params")
_BEFORE = ("module.", "_orig_mod.", "clip_model.")  # DataParallel, torch.compile, ModelScope


def read(path: Path) -> dict[str, Tensor]:
    """Every tensor of a checkpoint file, or of the checkpoint in a folder; on the processor, as stored.

    Prefixes that all names share because of how the model was run (`module.`) are taken off.

    Raises:
        InputError: There is no checkpoint, or it holds more than tensors, or something else.
        Damaged: It ends too early, or is broken.
        MissingExtra: torch or safetensors is not installed.
    """
    files = parts(path)
    tensors: dict[str, Tensor] = {}
    for file in files:
        found = _read_safetensors(file) if _is_safetensors(file) else _read_torch(file)
        twice = tensors.keys() & found.keys()
        if twice:
            raise Damaged(f"{file} and another part of the checkpoint both hold {min(twice)}")
        tensors |= found
    if not tensors:
        raise InputError(f"{path} holds no tensors; it is no checkpoint of a trained model")
    return _bare(tensors)


def keys(path: Path) -> set[str]:
    """The names of the tensors, as `read` gives them; of safetensors only the header is read."""
    names: set[str] = set()
    for file in parts(path):
        names |= set(_header(file)) if _is_safetensors(file) else set(_read_torch(file))
    return set(_bare(dict.fromkeys(names)))


def parts(path: Path) -> list[Path]:
    """The files a checkpoint consists of.

    Raises:
        InputError: There is none, or several and no word which.
        Damaged: A part that the index names is missing.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path} is not there; name a folder or a file of weights")
    for name in _WHOLE[:1] + _PARTED[:1] + _WHOLE[1:] + _PARTED[1:]:
        if not (path / name).is_file():
            continue
        if name in _PARTED:
            return _indexed(path / name)
        return [path / name]
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if len(found) == 1:
        return found
    if found:
        names = ", ".join(file.name for file in found[:4])
        raise InputError(f"{path} holds several checkpoints ({names}); name the file instead of the folder")
    raise InputError(f"{path} holds no weights; put model.safetensors (or pytorch_model.bin, or a .pt) there")


def _indexed(index: Path) -> list[Path]:
    """The files that the index of a parted checkpoint names."""
    content = read_json(index)
    places = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(places, dict) or not places:
        raise Damaged(f"{index} is no index of a checkpoint: it has no weight_map")
    files = [index.parent / name for name in sorted(set(map(str, places.values())))]
    for file in files:
        # a name with a folder in it could lead anywhere
        if file.parent != index.parent or not file.is_file():
            raise Damaged(f"{index} names {file.name}, which is not beside it; copy or download it there")
    return files


def _is_safetensors(file: Path) -> bool:
    """By its first bytes: files are renamed more often than rewritten.

    Raises:
        InputError: It is neither safetensors nor a file that torch wrote.
    """
    with file.open("rb") as stream:
        start = stream.read(64)
    # first of all: the length of the header may begin with the very bytes that the others begin with
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 1 << 28:
        return True
    if start[:2] == b"PK" or start[:1] == b"\x80":
        return False
    if start.startswith(b"version https://git-lfs"):
        what = "is a pointer of Git LFS, not the weights themselves; fetch them with: git lfs pull"
    elif not start:
        what = "is empty; download it again"
    elif start.lstrip()[:1] == b"<":
        what = "is a web page, not weights: the download went to a page about the file; download the file"
    else:
        what = f"is no checkpoint: neither safetensors nor written by torch (it begins with {start[:8]!r})"
    raise InputError(f"{file} {what}")


def _header(file: Path) -> dict[str, Any]:
    """The names and places of the tensors in a safetensors file, checked against its length.

    Raises:
        Damaged: The file is shorter than its header says, or the header is not readable.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        try:
            header = json.loads(stream.read(length).decode("utf-8"))
        except ValueError as error:
            raise Damaged(f"{file} has a broken header ({str(error)[:80]}); download it again") from error
    header.pop("__metadata__", None)
    try:
        needed = 8 + length + max((entry["data_offsets"][1] for entry in header.values()), default=0)
    except (KeyError, TypeError, IndexError) as error:
        raise Damaged(f"{file} has a header that is not of safetensors; download it again") from error
    if size < needed:
        raise Damaged(f"{file} ends too early: {size:,} of {needed:,} bytes are there; download it again")
    return dict(header)


def _read_safetensors(file: Path) -> dict[str, Tensor]:
    _header(file)
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise _missing(file) from error
    try:
        return dict(load_file(file))
    except SafetensorError as error:
        raise Damaged(f"{file} is not readable safetensors ({error}); download it again") from error


def _read_torch(file: Path) -> dict[str, Tensor]:
    try:
        import torch
    except ImportError as error:
        raise _missing(file) from error
    zipped = _check_zip(file)
    try:
        # never unpickle: weights_only admits tensors and plain containers, and nothing that runs
        if zipped and file.suffix != ".safetensors":  # torch goes by the ending before the content
            found = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
        else:
            with file.open("rb") as stream:
                found = torch.load(stream, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises its own, the zip reader's and the unpickler's errors here
        words = str(error)
        if "eights only load failed" in words or "Unsupported" in words or "GLOBAL" in words:
            raise InputError(
                f"{file} holds objects beside tensors, which could run code when loaded; "
                "where you trust it, load it with the program that made it and save its state_dict alone"
            ) from error
        raise Damaged(f"{file} is broken or ends too early ({words[:120]}); download it again") from error
    return _tensors(found, file)


def _check_zip(file: Path) -> bool:
    """Whether torch wrote it as a zip archive; a whole one, of tensors.

    Raises:
        Damaged: It begins like a zip archive and does not end like one.
        InputError: It holds a program (TorchScript) or is some other archive.
    """
    with file.open("rb") as stream:
        if stream.read(2) != b"PK":
            return False
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name.partition("/")[2] or name for name in archive.namelist()]
    except zipfile.BadZipFile as error:
        raise Damaged(f"{file} ends too early or is broken ({error}); download it again") from error
    if "constants.pkl" in names:
        raise InputError(
            f"{file} is a TorchScript program, not plain weights; where you trust it, convert it once: "
            "torch.save(torch.jit.load(FILE, map_location='cpu').state_dict(), 'weights.pt')"
        )
    if "data.pkl" not in names:
        raise InputError(f"{file} is a zip archive, but not of weights; unpack it and name what is in it")
    return True


def _tensors(found: Any, file: Path) -> dict[str, Tensor]:
    """The tensors in what a trainer saved: on top, or under one of the usual names.

    Raises:
        InputError: There are none.
    """
    import torch

    levels = [found] if isinstance(found, Mapping) else []
    levels += [
        found[name] for level in levels[:1] for name in _AROUND if isinstance(level.get(name), Mapping)
    ]
    for level in levels:
        tensors = {str(name): value for name, value in level.items() if isinstance(value, torch.Tensor)}
        if len(tensors) > 1 or (tensors and len(levels) == 1):
            return tensors
    what = f"a {type(found).__name__}"
    if isinstance(found, Mapping):
        what = "the entries " + (", ".join(map(str, list(found)[:6])) or "of nothing")
    raise InputError(f"{file} holds {what}, but no tensors by name; save the state_dict of the model")


def _bare(tensors: dict[str, Any]) -> dict[str, Any]:
    for prefix in _BEFORE:
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors


def _missing(file: Path) -> MissingExtra:
    return MissingExtra(
        f"reading {file} needs torch and safetensors; install them with: pip install 'tuwen[clip]'"
    )
