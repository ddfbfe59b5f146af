"""What the two hubs say a repository holds, and which of its files an encoder needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from tuwen.encoders.opening.transfer import RemoteFile, check_address, get_json
from tuwen.errors import InputError, Unavailable

HUB = "https://huggingface.co"
MODELSCOPE = "https://modelscope.cn"

# kept from the top folder of a repository, beside its weights
_BESIDE = re.compile(r"[^/]+\.(json|txt|model|vocab)|LICEN[SC]E[^/]*|NOTICE[^/]*")
# the first kind that is there is taken; the others hold the same weights again
_WEIGHTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"model(-\d+-of-\d+)?\.safetensors",
        r"open_clip_model\.safetensors",
        r"[^/]+\.safetensors",
        r"pytorch_model(-\d+-of-\d+)?\.bin",
        r"open_clip_pytorch_model\.bin",
        r"(?!optimizer|scheduler|rng_state|training_args)[^/]+\.(pt|pth)",
    )
)
_MODULE = re.compile(r"\d+_[A-Za-z]+/")
_LARGEST_BESIDE = 64 * 2**20  # bytes; vocabularies are some megabytes
# what tuwen itself writes is taken whole: fitted encoders and exported ones
_OURS = "encoder.json"


def on_hub(model: str, revision: str, headers: Mapping[str, str]) -> tuple[str, list[RemoteFile]]:
    """The commit and the files of a repository on Hugging Face, or on the mirror that the user set."""
    base = hub_address()
    found = get_json(f"{base}/api/models/{model}/revision/{quote(revision, safe='')}?blobs=true", headers)
    commit = found.get("sha") if isinstance(found, dict) else None
    entries = found.get("siblings") if isinstance(found, dict) else None
    if not isinstance(commit, str) or not re.fullmatch(r"[0-9a-zA-Z]{6,64}", commit):
        raise Unavailable(f"{base} does not say which commit of {model} it has")
    files = []
    for entry in _entries(entries, base, model):
        name, lfs = str(entry.get("rfilename", "")), entry.get("lfs") or {}
        url = f"{base}/{model}/resolve/{commit}/{quote(name)}"
        size = lfs.get("size", entry.get("size"))
        files.append(_file(name, size, url, lfs.get("sha256"), entry.get("blobId") if not lfs else ""))
    return commit, files


def on_modelscope(model: str, revision: str, headers: Mapping[str, str]) -> tuple[str, list[RemoteFile]]:
    """The revision and the files of a repository on ModelScope."""
    base = modelscope_address()
    asked = quote(revision, safe="")
    found = get_json(f"{base}/api/v1/models/{model}/repo/files?Revision={asked}&Recursive=true", headers)
    if not isinstance(found, dict) or found.get("Code") != 200:
        said = found.get("Message") if isinstance(found, dict) else None
        raise Unavailable(f"{base} does not list {model} ({said or 'no reason given'})")
    files = []
    for entry in _entries((found.get("Data") or {}).get("Files"), base, model):
        if entry.get("Type") == "tree":
            continue
        name = str(entry.get("Path", ""))
        url = f"{base}/api/v1/models/{model}/repo?Revision={asked}&FilePath={quote(name, safe='')}"
        files.append(_file(name, entry.get("Size"), url, entry.get("Sha256"), ""))
    return revision, files


def chosen(files: Iterable[RemoteFile], where: str) -> list[RemoteFile]:
    """The files an encoder needs: one set of weights, safetensors if there are any, and what describes it.

    Args:
        files: All of a repository.
        where: The repository, for messages.

    Raises:
        InputError: There are no weights of a kind that can be read, or several to choose from.
    """
    there = {file.name: file for file in files if file.name != "tuwen.json"}
    if _OURS in there:
        return [file for name, file in there.items() if not name.startswith(".")]
    modules: set[str] = set()  # folders of sentence-transformers, such as 1_Pooling
    if "modules.json" in there:
        modules = {match[0] for name in there if (match := _MODULE.match(name))}
    found = [_of_folder(there, folder, where) for folder in ("", *sorted(modules))]
    if not any(weights for weights, _ in found):
        raise InputError(f"{where} has no weights that tuwen reads (.safetensors, .bin, .pt or .pth)")
    return [there[name] for weights, beside in found for name in (*weights, *beside)]


def _of_folder(there: Mapping[str, RemoteFile], folder: str, where: str) -> tuple[list[str], list[str]]:
    """One set of weights in a folder, if there is one, and what lies beside it."""
    inside = [name.removeprefix(folder) for name in sorted(there) if name.startswith(folder)]
    kinds = ([name for name in inside if pattern.fullmatch(name)] for pattern in _WEIGHTS)
    weights = next((names for names in kinds if names), [])
    whole = [name for name in weights if "-of-" not in name]
    if len(weights) > 1 and len(whole) > 1:
        raise InputError(f"{where} holds several models ({', '.join(weights)})")
    weights = whole or weights
    beside = [
        name
        for name in inside
        if _BESIDE.fullmatch(name)
        and there[folder + name].size <= _LARGEST_BESIDE
        and not (weights and _of_others(name, weights))
    ]
    return [folder + name for name in weights], [folder + name for name in beside]


def hub_address() -> str:
    """Where Hugging Face or a mirror is asked: TUWEN_MIRROR, else HF_ENDPOINT, else the hub itself."""
    return check_address(os.environ.get("TUWEN_MIRROR") or os.environ.get("HF_ENDPOINT") or HUB)


def modelscope_address() -> str:
    """Where ModelScope is asked; MODELSCOPE_DOMAIN names another host, as its own tools have it."""
    named = os.environ.get("MODELSCOPE_DOMAIN") or MODELSCOPE
    return check_address(named if "://" in named else f"https://{named}")


def _of_others(name: str, weights: list[str]) -> bool:
    """Whether a file lists the parts of weights that are not taken."""
    return (
        name.endswith(".index.json")
        and name.removesuffix(".index.json").rpartition(".")[2] != (weights[0].rpartition(".")[2])
    )


def _entries(entries: Any, base: str, model: str) -> list[dict[str, Any]]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Unavailable(f"{base} does not list the files of {model} as a hub of models does")
    return entries


def _file(name: str, size: Any, url: str, sha256: Any, blob: Any) -> RemoteFile:
    """A listed file.

    Raises:
        InputError: Its name would lead out of the folder, or it has no size.
    """
    parts = name.split("/")
    steering = any(part in ("", ".", "..") or part != part.rstrip(". ") for part in parts)
    if steering or re.search(r'[\x00-\x1f\\:*?"<>|]', name):
        raise InputError(f"the repository lists a file named {name!r}, which no folder may hold")
    if not isinstance(size, int) or size < 0:
        raise InputError(f"the repository does not say how long {name} is")
    return RemoteFile(name, size, url, sha256=str(sha256 or ""), blob=str(blob or ""))
