"""Models by their id: from the models folder, else downloaded into it, unless that is forbidden."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tuwen.encoders.opening import known
from tuwen.encoders.opening.listing import HUB, MODELSCOPE, chosen, on_hub, on_modelscope
from tuwen.encoders.opening.record import WEIGHTS, missing, record, verify, write
from tuwen.encoders.opening.transfer import Progress, RemoteFile, download
from tuwen.errors import InputError, Unavailable, unknown

__all__ = ["fetch", "is_id", "models_folder", "offline", "record", "show", "verify"]

_ID = re.compile(r"([A-Za-z0-9][\w.-]*)/([A-Za-z0-9][\w.-]*)(?:@([\w][\w./-]*))?", re.ASCII)
_PAGES = {"hub": HUB, "modelscope": f"{MODELSCOPE}/models"}
_NAMES = {"hub": "Hugging Face", "modelscope": "ModelScope"}
_BRANCH = {"hub": "main", "modelscope": "master"}
_SPARE = 64 * 2**20  # bytes that stay free on the disk

# what lies in the folder of a model, by family
_TOKENS = "the tokenizer's files (vocab.txt or tokenizer.json)"
_FILES = {
    "clip": "config.json, preprocessor_config.json, model.safetensors (or pytorch_model.bin, or the .pt) "
    f"and {_TOKENS}",
    "vision": "config.json, preprocessor_config.json and model.safetensors (or pytorch_model.bin, or .pth)",
    "language": f"config.json, model.safetensors (or pytorch_model.bin) and {_TOKENS}",
}
_ANY = f"config.json, model.safetensors (or pytorch_model.bin, or its .pt file) and {_TOKENS}"


def models_folder() -> Path:
    """Where models lie: the folder TUWEN_MODELS, else `tuwen/models` in the user's cache folder."""
    if named := os.environ.get("TUWEN_MODELS"):
        return Path(named).expanduser().absolute()
    if os.name == "nt" and (base := os.environ.get("LOCALAPPDATA")):
        return Path(base) / "tuwen" / "models"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tuwen" / "models"


def offline() -> bool:
    """Whether the network must not be touched: TUWEN_OFFLINE=1, or HF_HUB_OFFLINE=1."""
    return any(
        os.environ.get(name, "").lower() not in ("", "0", "false", "no")
        for name in ("TUWEN_OFFLINE", "HF_HUB_OFFLINE")
    )


def is_id(target: str) -> bool:
    """Whether a text has the form of an id, `owner/name` or `owner/name@revision`."""
    found = _ID.fullmatch(target)
    return found is not None and ".." not in target and not target.lower().endswith(WEIGHTS)


def fetch(model: str, *, source: str = "hub", progress: Progress | None = None) -> Path:
    """The folder of a model; what is there already is used as it is, and no connection is made.

    A download is whole or not there: files come into a folder beside, are checked, and take their place
    together with their record (`tuwen.json`). One that was interrupted goes on where it ended.

    Args:
        model: `owner/name`, with `@revision` for another than the newest, or a known short name.
        source: `hub` for Hugging Face or the mirror that TUWEN_MIRROR names, or `modelscope`.
        progress: Is told file, bytes and bytes in all as they come; `show` when None, which writes to a
            terminal.

    Raises:
        Unavailable: It is not here and cannot be fetched; the message says where to put it by hand.
        InputError: It is no id, or what the repository holds cannot be used.
    """
    if source not in _PAGES:
        raise unknown("source of models", source, _PAGES)
    identifier, revision = _parsed(model, source)
    folder = _place(identifier, revision, source)
    if _is_ready(folder):
        return folder
    by_hand = _by_hand(model, identifier, revision, source, folder)
    if offline():
        raise Unavailable(
            f"{model} is not on this machine, and TUWEN_OFFLINE or HF_HUB_OFFLINE is set; {by_hand}"
        )
    from filelock import FileLock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if not _is_ready(folder):  # another process may have been faster
                _download(identifier, revision, source, folder, progress or show)
    except (Unavailable, InputError) as error:
        raise type(error)(
            f"{model} is not on this machine and cannot be fetched: {error}; {by_hand}"
        ) from error
    except OSError as error:
        raise Unavailable(f"{folder.parent} cannot be written ({error}); set TUWEN_MODELS") from error
    return folder


def show(name: str, done: int, total: int) -> None:
    """Write to stderr how much of a file has come: one line that is written over, on a terminal only."""
    if sys.stderr.isatty():
        end = "\n" if done >= total else ""
        share = 100 * done // max(total, 1)
        print(
            f"\r{name[-48:]}  {done / 1e6:,.0f} of {total / 1e6:,.0f} MB  {share} %", end=end, file=sys.stderr
        )


def _parsed(model: str, source: str) -> tuple[str, str]:
    """The id and the revision that a user means."""
    listed = known.resolve(model)
    if listed is not None:
        model = listed.modelscope if source == "modelscope" else listed.hub
        if not model:
            raise InputError(f"{listed.name} is not known to be on ModelScope; leave modelscope: out")
    found = _ID.fullmatch(model)
    if found is None or ".." in model:
        raise InputError(f"{model!r} is no id of a model; it must be like owner/name or owner/name@revision")
    return f"{found[1]}/{found[2]}", found[3] or ""


def _place(identifier: str, revision: str, source: str) -> Path:
    owner, name = identifier.split("/")
    base = models_folder() / "modelscope" if source == "modelscope" else models_folder()
    return base / owner / (f"{name}@{revision.replace('/', '--')}" if revision else name)


def _is_ready(folder: Path) -> bool:
    """Whether a folder holds a model; one that is not whole is an error, for it may be the user's own.

    Raises:
        Unavailable: Something is there, but not all.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        return False
    if lacking := missing(folder):
        raise Unavailable(
            f"{lacking[0]}; put it there, or remove the folder {folder} so that all is fetched again"
        )
    return True


def _by_hand(model: str, identifier: str, revision: str, source: str, folder: Path) -> str:
    listed = known.resolve(model) or known.by_hub(identifier)
    files = _FILES.get(listed.family, _ANY) if listed else _ANY
    if listed is not None and listed.vocabulary:
        files = f"its .pt file, and vocab.txt of {HUB}/{listed.vocabulary}"
    page = f"{_PAGES[source]}/{identifier}" + (f" (revision {revision})" if revision else "")
    other = ""
    if listed is not None and listed.modelscope and source == "hub" and not offline():
        other = f"; or name it modelscope:{listed.modelscope}, or set TUWEN_MIRROR to a mirror"
    return f"by hand: from {page} put {files} into {folder}{other}"


def _download(identifier: str, revision: str, source: str, folder: Path, progress: Progress) -> None:
    branch = revision or _BRANCH[source]
    headers = _headers(source)
    found = on_modelscope if source == "modelscope" else on_hub
    commit, listed = found(identifier, branch, headers)
    files = chosen(listed, f"{identifier} on {_NAMES[source]}")
    listing = known.by_hub(identifier) if source == "hub" else None
    if listing is not None and listing.vocabulary and "vocab.txt" not in {file.name for file in files}:
        _, others = on_hub(listing.vocabulary, _BRANCH[source], headers)
        files += [file for file in others if file.name == "vocab.txt"]
    coming = folder.with_name(f".{folder.name}.part")
    coming.mkdir(parents=True, exist_ok=True)
    _check_space(coming, files)
    # the small files first: a model that cannot be opened shows before the gigabytes have come
    sums = {
        file.name: _received(file, coming, headers, progress) for file in sorted(files, key=lambda f: f.size)
    }
    for stray in [path for path in coming.rglob("*") if path.is_file()]:
        if stray.relative_to(coming).as_posix() not in sums:
            stray.unlink()  # of an earlier state of the repository
    write(coming, sums, source=source, id=identifier, revision=commit)
    if folder.is_dir():
        folder.rmdir()  # it is empty, or it would have been found ready
    coming.rename(folder)


def _received(file: RemoteFile, folder: Path, headers: Mapping[str, str], progress: Progress) -> str:
    """Fetch a file unless an earlier try has brought it whole; its SHA-256."""
    from tuwen.files import checksum

    target = folder / file.name
    if file.sha256 and target.is_file() and target.stat().st_size == file.size:
        found = checksum(target)
        if found == file.sha256.lower():
            return found
    return download(file, target, headers, progress)


def _check_space(folder: Path, files: list[RemoteFile]) -> None:
    there = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    needed = sum(file.size for file in files) - there + _SPARE
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise Unavailable(
            f"it needs {needed / 1e9:.1f} GB, but the disk of {folder.parent} has {free / 1e9:.1f} GB free"
        )


def _headers(source: str) -> dict[str, str]:
    """What is sent along; the user's token goes to Hugging Face alone, never to a mirror."""
    headers = {"User-Agent": "tuwen"}
    if source == "hub" and not os.environ.get("TUWEN_MIRROR"):
        from huggingface_hub import get_token

        if token := get_token():
            headers["Authorization"] = f"Bearer {token}"
    return headers
