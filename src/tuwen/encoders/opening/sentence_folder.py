"""The folders of sentence-transformers: which modules follow the network, and with what settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuwen.errors import Damaged, InputError
from tuwen.files import read_json

# their names of poolings, and ours
_POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "last",
}
_MODES = {"cls": "cls", "mean": "mean", "max": "max", "lasttoken": "last", "last": "last"}
_LENGTH_FILES = (
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_xlm-roberta_config.json",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """What a folder says about the way from texts to vectors.

    Attributes:
        network: The folder of the network, its tokenizer and its configuration.
        pooling: By our name, or None where the folder does not say.
        length: Most tokens of a text, or None.
        lower: Lower-case texts before the tokenizer.
        dense: Folders of layers behind the pooling.
        unit: Whether vectors are scaled to length one at the end.
    """

    network: Path
    pooling: str | None = None
    length: int | None = None
    lower: bool = False
    dense: tuple[Path, ...] = ()
    unit: bool = False


def layout(folder: Path) -> Layout:
    """The layout of a folder; a plain one of transformers has no modules.

    Raises:
        Damaged: `modules.json` is not a list of modules inside the folder.
        InputError: It has modules that are not known here.
    """
    if not (folder / "modules.json").is_file():
        return Layout(folder)
    network, pooling, unit, dense = folder, None, False, list[Path]()
    for kind, place in _modules(folder):
        if kind == "Transformer":
            network = place
        elif kind == "Pooling":
            pooling = _pooling(place / "config.json")
        elif kind == "Dense":
            dense.append(place)
        elif kind == "Normalize":
            unit = True
        else:
            raise InputError(
                f"{folder} has a module {kind} that is not known; "
                "known are Transformer, Pooling, Dense and Normalize"
            )
    length, lower = _reading(network)
    return Layout(network, pooling, length, lower, tuple(dense), unit)


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Class name and folder of each module, in their order."""
    content = read_json(folder / "modules.json")
    try:
        entries = sorted(content, key=lambda entry: int(entry["idx"]))
        found = [(str(entry["type"]).rpartition(".")[2], str(entry["path"])) for entry in entries]
    except (TypeError, KeyError, ValueError) as error:
        raise Damaged(f"{folder / 'modules.json'} is no list of modules ({error!r})") from error
    for _, name in found:
        # a name that leads elsewhere would read files that nobody named
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise Damaged(f"{folder / 'modules.json'} names {name}, which is outside the folder")
    return [(kind, folder / name) for kind, name in found]


def _pooling(file: Path) -> str:
    config = _settings(file)
    if isinstance(mode := config.get("pooling_mode"), str):
        chosen = [_MODES[mode]] if mode in _MODES else []
    else:
        chosen = [ours for theirs, ours in _POOLINGS.items() if config.get(theirs) is True]
    odd = [name for name in config if name.startswith("pooling_mode_") and config[name] is True]
    if len(chosen) != 1 or set(odd) - set(_POOLINGS):
        asked = ", ".join(odd) or config.get("pooling_mode") or "nothing"
        raise InputError(
            f"{file} asks for {asked}; one of {', '.join(sorted(set(_MODES.values())))} is needed: "
            "name it with the option pooling="
        )
    return chosen[0]


def _reading(network: Path) -> tuple[int | None, bool]:
    """Most tokens, and whether texts are lower-cased first."""
    for name in _LENGTH_FILES:
        if (network / name).is_file():
            config = _settings(network / name)
            length = config.get("max_seq_length")
            return (length if isinstance(length, int) else None), config.get("do_lower_case") is True
    return None, False


def _settings(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise Damaged(f"{file} is missing; copy or download the whole folder again")
    content = read_json(file)
    if not isinstance(content, dict):
        raise Damaged(f"{file} is no table of settings")
    return content
