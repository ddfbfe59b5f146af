"""A second stage that scores the first hits again: fitted methods, matching heads, cross-encoders."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tuwen import methods
from tuwen.errors import InputError
from tuwen.rerank.base import DEPTH, WEIGHT, Reranker, check, joined

if TYPE_CHECKING:
    from tuwen.encoders import Encoder

__all__ = ["DEPTH", "WEIGHT", "Reranker", "check", "joined", "load"]


def load(spec: str | Path | Reranker, known: Iterable[Encoder] = ()) -> Reranker:
    """The reranker of a name.

    Args:
        spec: A folder that `tuwen fit` wrote, or that has a trained encoder with its matching head; a folder
            of transformers with BLIP, BLIP-2 or ViLT for retrieval, or the hub id of one.
        known: Encoders that are open already and may be used again.

    Raises:
        InputError: There is nothing of this name that scores pictures with texts.
        Damaged, NotFittedError, Unavailable, MissingExtra: It cannot be opened.
    """
    if isinstance(spec, Reranker):
        return spec
    from tuwen.rerank.crossing import Crossing
    from tuwen.rerank.fitted import HEAD, Fitted

    folder = Path(spec).expanduser()
    if (folder / "method.json").is_file() or (folder / HEAD / "method.json").is_file():
        return Fitted.open(folder, known)
    if folder.is_dir():
        return Crossing.open(folder)
    name = os.fspath(spec)
    if name in methods.names():
        raise InputError(
            f"{name} must be fitted before it can rerank: tuwen fit {name} --pairs PAIRS -o FOLDER, "
            "then --rerank FOLDER"
        )
    from tuwen.encoders.opening import hub

    if hub.is_id(name):
        return Crossing.open(hub.fetch(name))
    raise InputError(
        f"there is no folder {name}; a reranker is a folder that tuwen fit or tuwen train wrote, "
        "or a folder or hub id of BLIP, BLIP-2 or ViLT"
    )
