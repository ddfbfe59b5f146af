"""A text network with a layer of classes behind it, as `tuwen train --task classify` writes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from tuwen.arrays import Array
from tuwen.classes.base import TextClassifier
from tuwen.errors import Damaged, InputError, MissingExtra
from tuwen.saved import Saved

TEXT = "text"
"""Folder of the network, which transformers, sentence-transformers and `encoders.load` open too."""

Pooling = Literal["cls", "mean", "max", "last"]


@dataclass(kw_only=True, eq=False)
class Network(TextClassifier):
    """Classes of texts by a fine-tuned BERT, ERNIE or the like; on the processor, without a download.

    It is trained by `training.classify_training.train_classifier` and opened by `classes.load`.

    Args:
        pooling: How the states of tokens become one vector.
        context: Most tokens of a text; the rest is not read.
        lower: Whether texts are read in lower case.
        pad_id: The token that fills.
        batch_size: Texts at a time.
    """

    pooling: Pooling = "mean"
    context: int = 128
    lower: bool = True
    pad_id: int = 0
    batch_size: int = 64

    def __post_init__(self) -> None:
        self.weights_, self.bias_ = np.zeros((0, 0)), np.zeros(0)
        self._folder = Path()

    def _fit(self, items: Sequence[str], numbers: Array, classes: list[str]) -> None:
        raise InputError(
            "a network is not fitted in one call; train it: tuwen train --task classify --pairs FILE -o DIR"
        )

    def _probabilities(self, items: Sequence[str]) -> Array:
        from scipy.special import softmax

        order = np.argsort([len(text) for text in items], kind="stable")
        scores = np.empty((len(items), len(self.classes_)))
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            scores[rows] = self._features([items[row] for row in rows]) @ self.weights_ + self.bias_
        return np.asarray(softmax(scores, axis=1))

    def _features(self, texts: Sequence[str]) -> Array:
        """(n, d) of the network, pooled."""
        import torch

        tokenizer, model = self._opened_parts()
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        found = [
            one.ids
            for one in tokenizer.encode_batch([text.lower() if self.lower else text for text in clean])
        ]
        length = max(map(len, found)) or 1
        ids, mask = (np.full((len(texts), length), fill) for fill in (self.pad_id, 0))
        for row, some in enumerate(found):
            ids[row, : len(some)] = some
            mask[row, : len(some) or 1] = 1  # an empty text has one token, so that it can be pooled
        with torch.inference_mode():
            given = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            states = np.asarray(model(**given).last_hidden_state.float().numpy())
        return _pooled(states, mask, self.pooling)

    def _opened_parts(self) -> tuple[Any, Any]:
        """Tokenizer and model, read once."""
        if not hasattr(self, "_parts"):
            self._parts = _read(self._folder / TEXT, self.context)
        return self._parts

    @classmethod
    def _opened(cls, folder: Path, saved: Saved) -> Self:
        made = super()._opened(folder, saved)
        if not (folder / TEXT / "model.safetensors").is_file():
            raise Damaged(f"{folder / TEXT} lacks model.safetensors; train again, or restore it from a copy")
        made._folder = folder
        return made

    def _write(self, folder: Path) -> None:
        if folder.resolve() != self._folder.resolve():
            shutil.copytree(self._folder / TEXT, folder / TEXT, dirs_exist_ok=True)
        super()._write(folder)

    def _settle(self) -> None:
        super()._settle()
        shapes = np.shape(self.weights_), np.shape(self.bias_)
        if len(shapes[0]) != 2 or shapes[0][1:] != shapes[1] or shapes[1] != (len(self.classes_),):
            raise ValueError(f"its arrays have shapes {shapes}")


def _read(folder: Path, context: int) -> tuple[Any, Any]:
    try:
        import transformers
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"opening {folder} needs {error.name}; install it with: pip install 'tuwen[clip]'"
        ) from error
    try:
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
        json.loads(text)
        tokenizer = Tokenizer.from_str(text)
    except (OSError, ValueError) as error:
        raise Damaged(f"{folder} has no readable tokenizer.json ({error}); train again") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(context)
    tokenizer.encode_special_tokens = True
    spoken = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()  # of a pooling layer that nobody asks
    transformers.logging.disable_progress_bar()
    try:
        model = transformers.AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise Damaged(f"{folder} holds no whole network ({str(error)[:120]}); train again") from error
    finally:
        transformers.logging.set_verbosity(spoken)
        transformers.logging.enable_progress_bar()
    return tokenizer, model.float().eval()


def _pooled(states: Array, mask: Array, pooling: Pooling) -> Array:
    """(n, d) of the states of tokens (n, t, d)."""
    if pooling == "cls":
        return np.asarray(states[:, 0])
    if pooling == "last":
        return np.asarray(states[np.arange(len(states)), np.maximum(mask.sum(axis=1) - 1, 0)])
    there = mask[..., None]
    if pooling == "max":
        return np.asarray(np.where(there, states, -np.inf).max(axis=1))
    return np.asarray((states * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1))
