"""Text encoders of the transformers library: BERT, RoBERTa, ERNIE, XLM-R and their kin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.base import Encoder
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.inputs.tokens import Tokens
from tuwen.encoders.opening.sentence_folder import Layout, layout
from tuwen.errors import InputError, MissingExtra, unknown
from tuwen.files import read_json

if TYPE_CHECKING:
    from torch import nn

    from tuwen.encoders.networks.device import Place
    from tuwen.encoders.networks.pooled_text import PooledText

Pooling = Literal["cls", "mean", "max", "last", "pooler", "first_last", "last4"]
_LENGTH = 128
# of a configuration, what decides about vectors and is in no tensor
_SETTINGS = ("model_type", "num_attention_heads", "hidden_act", "layer_norm_eps", "position_embedding_type")
_CHINESE_TOKENS = 1000  # a vocabulary with fewer Chinese characters cannot spell Chinese


class Language(Encoder):
    """A text network from a local folder, its token states pooled to one vector.

    BERT (Devlin et al., NAACL 2019), RoBERTa, ERNIE, XLM-R and what else `AutoModel` of transformers
    makes of `config.json`; also checkpoints of masked language models, and folders of
    sentence-transformers with their pooling. Nothing is ever fetched.

    Args:
        module: Ids and mask to vectors.
        tokens: The tokenizer, with its recipe.
        place: Where the module computes; its weights are sent there.
        name: What it is called.
    """

    needs = "a folder or file"
    extra = "clip"
    modalities = frozenset({"text"})

    def __init__(self, module: PooledText, tokens: Tokens, place: Place, name: str) -> None:
        self.name = name
        self.tokens, self.recipe = tokens, tokens.recipe
        self.parameters = sum(tensor.numel() for tensor in module.parameters())
        self.fingerprint = _fingerprint(module, tokens)
        self.languages = _languages(tokens)
        self.runtime = str(place)
        self._place = place
        self._module = module.eval().to(place.device)
        self._module.network.to(place.dtype)
        self.width = self._run(*tokens(["a"]), states=False).shape[-1]

    @classmethod
    def open(  # type: ignore[override]
        cls,
        path: Path,
        *,
        pooling: Pooling | None = None,
        length: int | None = None,
        precision: str = "auto",
        device: str = "auto",
    ) -> Self:
        """Open a folder of transformers or sentence-transformers, or the file of weights in it.

        Args:
            path: The folder; its `config.json` says which network.
            pooling: "cls", "mean", "max", "last", "pooler", "first_last" or "last4"; what the folder
                says, or the mean.
            length: Most tokens of a text; what the folder says, or 128.
            precision: "fp32", "bf16", "fp16" or "auto".
            device: "cpu", "cuda", "mps" or "auto".

        Raises:
            InputError: It is no text encoder, or weights, tokenizer and configuration do not fit.
            Damaged: A file is broken or ends too early.
            MissingExtra: torch or transformers is not installed.
        """
        folder = path if path.is_dir() else path.parent
        said = (
            Layout(folder) if pooling and not (folder / "modules.json").is_file() else _said(folder, pooling)
        )
        config = _config(said.network)
        chosen = pooling or said.pooling or "mean"
        try:
            from tuwen.encoders.networks.device import choose
        except ImportError as error:
            raise MissingExtra(
                f"opening {path} needs torch; install it with: pip install 'tuwen[clip]'"
            ) from error
        weights = path if path.is_file() else said.network
        module, positions, words = _module(said, config, weights, chosen)
        tokens = _tokens(said, config, _fitting(length or said.length, positions, given=length is not None))
        known = max(tokens.vocabulary().values(), default=-1) + 1
        if not words / 2 <= known <= words:  # weights for some spare tokens are common
            raise InputError(
                f"{said.network} has a tokenizer of {known} tokens, but weights for {words}; "
                "they belong to two models"
            )
        return cls(module, tokens, choose(device, precision), str(path))

    @property
    def module(self) -> PooledText:
        """The network with its pooling: ids and mask (n, t) to (n, width), not of unit length."""
        module: PooledText = self._module
        return module

    def towers(self) -> tuple[None, nn.Module]:
        """No picture tower, and the text tower: ids and mask (n, t) int64 to unit rows (n, width)."""
        from tuwen.encoders.networks.towers import Unit

        return None, Unit(self._module).eval()

    def token_states(self, texts: Sequence[str]) -> tuple[Array, Array]:
        """The states of the tokens of texts, (n, t, d) float32, and their mask (n, t): 1 a token.

        Rows of shorter texts end in zeros. The first and the last token are the tokenizer's own.
        """
        self._check("text")
        if isinstance(texts, str):
            raise InputError("texts is one string; pass a list of strings")
        found = []
        for start in range(0, len(texts), self.batch_size):
            ids, mask = self._tokens(texts[start : start + self.batch_size])
            found.append((self._run(ids, mask, states=True), mask))
        length = max((mask.shape[1] for _, mask in found), default=0)
        width = found[0][0].shape[2] if found else self.width
        states = np.zeros((len(texts), length, width), dtype=np.float32)
        there = np.zeros((len(texts), length), dtype=np.int64)
        for start, (part, mask) in zip(range(0, len(texts), self.batch_size), found, strict=True):
            rows = slice(start, start + len(part))
            there[rows, : mask.shape[1]] = mask
            states[rows, : mask.shape[1]] = part * mask[..., None]
        return states, there

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        ids, mask = self._tokens(texts)
        blank = mask.sum(axis=1) == 0  # a tokenizer without special tokens gives none for an empty text
        if ids.shape[1] == 0:
            return np.zeros((len(texts), self.width), dtype=np.float32)
        mask[blank, 0] = 1
        vectors = np.empty((len(texts), self.width), dtype=np.float32)
        for rows, length in _alike(mask.sum(axis=1)):
            vectors[rows] = self._run(ids[rows, :length], mask[rows, :length], states=False)
        vectors[blank] = 0
        return vectors

    def _tokens(self, texts: Sequence[str]) -> tuple[Array, Array]:
        found = self.tokens(texts)
        self.cut = self.tokens.cut
        return found

    def _run(self, ids: Array, mask: Array, *, states: bool) -> Array:
        import torch

        with torch.inference_mode():
            values = self._place.send(ids), self._place.send(mask)
            found = self._module.states(*values) if states else self._module(*values)
            return np.asarray(found.float().cpu().numpy(), dtype=np.float32)


def _alike(lengths: Array) -> Iterator[tuple[Array, int]]:
    """Rows of like length and the longest of them, so that one long text does not pad a whole batch."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        shortest = lengths[order[start]]
        end = int(np.searchsorted(lengths[order], shortest * 1.25 + 8, side="right"))
        yield order[start:end], int(lengths[order[end - 1]])
        start = end


def _said(folder: Path, pooling: str | None) -> Layout:
    """What the folder says; a pooling it asks for that is not known matters only when none is given."""
    try:
        return layout(folder)
    except InputError:
        if pooling is None:
            raise
        return Layout(folder)


def _config(folder: Path) -> dict[str, Any]:
    if not (folder / "config.json").is_file():
        raise InputError(
            f"{folder} has no config.json, which says what network the weights are of; "
            "put the one there that the model came with"
        )
    config = read_json(folder / "config.json")
    if not isinstance(config, dict):
        raise InputError(f"{folder / 'config.json'} does not describe a network")
    return config


def _module(said: Layout, config: dict[str, Any], weights: Path, pooling: str) -> tuple[PooledText, int, int]:
    """The network with its pooling, the longest text it has positions for, and how many tokens it knows."""
    from tuwen.encoders.networks import text_models
    from tuwen.encoders.networks.pooled_text import POOLINGS, PooledText
    from tuwen.encoders.opening import checkpoint

    if pooling not in POOLINGS:
        raise unknown("pooling", pooling, POOLINGS)
    network = text_models.network(config, checkpoint.read(weights), str(weights), pooler=pooling == "pooler")
    layers = [part for place in said.dense for part in text_models.dense(place, checkpoint.read(place))]
    words: int = network.get_input_embeddings().num_embeddings
    return PooledText(network, pooling, layers, unit=said.unit), text_models.positions(network), words


def _fitting(length: int | None, positions: int, *, given: bool) -> int:
    """Most tokens of a text, as wished and as the network can."""
    wished = length or _LENGTH
    if given and (wished < 3 or (positions and wished > positions)):
        raise InputError(f"length is {wished}; this network reads 3 to {positions or 'any number of'} tokens")
    return min(wished, positions) if positions else wished


def _tokens(said: Layout, config: dict[str, Any], length: int) -> Tokens:
    file = said.network / "tokenizer.json"
    if file.is_file():
        text = file.read_text(encoding="utf-8")
    else:
        from tuwen.encoders.networks.text_models import tokenizer_json

        text = tokenizer_json(said.network)
    pad = config.get("pad_token_id")
    recipe = Recipe(
        size=0, context=length, lower=said.lower, pad_id=pad if isinstance(pad, int) and pad > 0 else 0
    )
    return Tokens(text, recipe)


def _languages(tokens: Tokens) -> tuple[str, ...]:
    """Chinese where the vocabulary has its characters; a vocabulary of bytes does not say."""
    characters = sum(any("\u4e00" <= letter <= "\u9fff" for letter in word) for word in tokens.vocabulary())
    return ("zh", "en") if characters >= _CHINESE_TOKENS else ("en",)


def _fingerprint(module: PooledText, tokens: Tokens) -> str:
    """The same for the same weights, vocabulary and pooling, whatever files they came in."""
    digest = hashlib.sha256()
    settings: dict[str, Any] = {
        "pooling": module.pooling,
        "unit": module.unit,
        "recipe": tokens.recipe.to_dict(),
    }
    settings |= {name: str(getattr(module.network.config, name, "")) for name in _SETTINGS}
    digest.update(json.dumps([settings, tokens.vocabulary()], sort_keys=True).encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(memoryview(tensor.detach().cpu().contiguous().numpy()).cast("B"))
    return f"language-{digest.hexdigest()[:32]}"
