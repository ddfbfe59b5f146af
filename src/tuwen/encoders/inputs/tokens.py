"""Texts to token ids with the `tokenizers` library alone: no torch, no transformers, no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.errors import Damaged

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class Tokens:
    """A tokenizer together with its recipe: one call gives padded ids and their mask.

    Special tokens written in a text (`[SEP]`, `<|endoftext|>`) are read as plain characters.

    Attributes:
        json: The tokenizer in the format of `tokenizer.json`, to be saved beside exported towers.
        cut: Texts so far that were longer than the context.
        size: Entries in the vocabulary, added ones included.
    """

    def __init__(self, json: str, recipe: Recipe) -> None:
        self.json = json
        self.recipe = recipe
        self.cut = 0
        self._tokenizer = tokenizer_from_json(json)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(recipe.context)
        self._tokenizer.encode_special_tokens = True
        self.size = self._tokenizer.get_vocab_size(with_added_tokens=True)

    def __call__(self, texts: Sequence[str]) -> tuple[Array, Array]:
        """Ids and mask (1 a token, 0 padding) of texts, both (n, t) int64.

        A longer text than the context loses its end, but keeps the closing token.
        """
        recipe = self.recipe
        found = self._tokenizer.encode_batch_fast([recipe.text(text) for text in texts])
        self.cut += sum(bool(one.overflowing) for one in found)
        rows = [one.ids for one in found]
        length = recipe.context if recipe.pad == "context" else max(map(len, rows), default=0)
        ids = np.full((len(rows), length), recipe.pad_id, dtype=np.int64)
        mask = np.zeros((len(rows), length), dtype=np.int64)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = row
            mask[at, : len(row)] = 1
        return ids, mask

    def vocabulary(self) -> dict[str, int]:
        """Every token and its id."""
        return dict(self._tokenizer.get_vocab(with_added_tokens=True))


def tokenizer_from_json(text: str) -> Tokenizer:
    """A tokenizer from the text of a `tokenizer.json`.

    Raises:
        Damaged: It is not one.
    """
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the library raises bare Exception
        raise Damaged(f"the tokenizer is not a readable tokenizer.json ({str(error)[:120]})") from error
