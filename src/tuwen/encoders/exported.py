"""Encoders that `tuwen export` made: run by ONNX Runtime or OpenVINO alone, without torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders import runtimes
from tuwen.encoders.base import Encoder, Source, opened
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.runtimes import bundle
from tuwen.errors import Damaged, InputError, unknown

if TYPE_CHECKING:
    from tuwen.encoders.inputs.tokens import Tokens

#: The fastest first, as measured in docs/benchmarks.md: runtime, precision, how int8 was made.
_FASTEST = (
    ("openvino", "int8", "calibrated"),
    ("onnx", "int8", "dynamic"),
    ("openvino", "int8", "weights"),
    ("openvino", "bf16", ""),
    ("openvino", "fp32", ""),
    ("onnx", "fp32", ""),
    ("onnx", "bf16", ""),
)
_LIBRARIES = {"onnx": "onnxruntime", "openvino": "openvino"}


class Exported(Encoder):
    """Any dual encoder after `tuwen export`: fast on a plain processor, no torch.

    A tower is loaded, and its files are compared with their checksums, when it is first used: a
    question in words loads nothing of the picture tower.
    """

    needs: ClassVar[str] = "a folder"

    def __init__(self, folder: Path, about: bundle.Bundle, variant: bundle.Variant, threads: int) -> None:
        self.name = str(folder)
        self.width = about.width
        self.fingerprint = about.fingerprint
        self.modalities = frozenset(
            side for side in ("image", "text") if side in about.modalities and side in variant.towers
        )
        self.languages = tuple(about.languages)
        self.parameters = about.parameters
        self.recipe = Recipe.from_dict(about.recipe)
        self.image_size = self.recipe.size or self.image_size
        method = f", {variant.method}" if variant.runtime == "openvino" and variant.method else ""
        self.runtime = f"{_LIBRARIES[variant.runtime]} {variant.precision}{method}"
        self._folder = folder
        self._variant = variant
        self._tokenizer = about.tokenizer
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: dict[str, runtimes.Tower] = {}

    @classmethod
    def open(  # type: ignore[override]
        cls, path: Path, *, runtime: str = "auto", precision: str = "auto", threads: int = 0
    ) -> Self:
        """Open what `tuwen export` wrote.

        Args:
            path: The folder.
            runtime: `onnx`, `openvino`, or `auto` for the fastest that is there and installed.
            precision: `fp32`, `bf16`, `int8`, or `auto` for the fastest.
            threads: How many compute; 0 for one a core.

        Raises:
            Damaged: The folder is not whole, or was written by a newer version.
            UnknownName: It has no such variant.
            MissingExtra: What runs it is not installed.
        """
        if threads < 0:
            raise InputError(f"threads is {threads}; it must be 0 (one a core) or more")
        about = bundle.read(path)
        variant = _choose(path, about.variants, runtime, precision)
        for files in variant.towers.values():
            for file in files:
                if not (path / file.name).is_file():
                    raise Damaged(f"{path / file.name} is missing; copy the folder again, or export again")
        return cls(path, about, variant, threads)

    def prepare(self, image: Source) -> Array:
        """One picture as (size, size, 3) uint8, as the source prepares it.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        return self.recipe.pixels(opened(image, self.recipe.edge or self.recipe.size))

    def _encode_images(self, pixels: Array) -> Array:
        if not len(pixels):
            return np.empty((0, self.width), dtype=np.float32)
        tower, pixels = self._tower("image"), np.ascontiguousarray(pixels)
        size = tower.chunk
        batches = [{"pixels": pixels[at : at + size]} for at in range(0, len(pixels), size)]
        return np.concatenate(tower.run(batches))

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        tower, tokens, context = self._tower("text"), self._tokens, self.recipe.context
        ids, mask = tokens(texts)
        self.cut = tokens.cut
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        lengths = mask.sum(axis=1)
        # a tokenizer without special tokens gives none for an empty text, which then says nothing
        order = np.argsort(lengths, kind="stable")[int((lengths == 0).sum()) :]
        batches, parts = [], []
        for at in range(0, len(order), tower.chunk):
            part = order[at : at + tower.chunk]
            # letters and Chinese characters make different numbers of tokens: pad each part to its own
            longest = -(-int(lengths[part].max()) // tower.step) * tower.step
            end = context if self.recipe.pad == "context" else min(longest, context)
            batches.append(
                {"ids": _wide(ids[part], end, self.recipe.pad_id), "mask": _wide(mask[part], end, 0)}
            )
            parts.append(part)
        for part, found in zip(parts, tower.run(batches), strict=True):
            vectors[part] = found
        return vectors

    @cached_property
    def _tokens(self) -> Tokens:
        """The tokenizer, loaded at first use."""
        from tuwen.encoders.inputs.tokens import Tokens

        if self._tokenizer is None:
            raise Damaged(f"{self._folder} names no tokenizer; export it again")
        path = bundle.checked(self._folder, self._tokenizer)
        return Tokens(path.read_text(encoding="utf-8"), self.recipe)

    def _tower(self, side: str) -> runtimes.Tower:
        """One tower, checked and loaded at first use."""
        with self._lock:
            if side not in self._loaded:
                variant = self._variant
                paths = [bundle.checked(self._folder, file) for file in variant.towers[side]]
                self._loaded[side] = runtimes.load(
                    variant.runtime, paths[0], variant.precision, self._threads
                )
            return self._loaded[side]


def _wide(rows: Array, width: int, fill: int) -> Array:
    """Rows (n, t) as (n, width), cut or filled."""
    made = np.full((len(rows), width), fill, dtype=rows.dtype)
    made[:, : rows.shape[1]] = rows[:, :width]
    return made


def _choose(path: Path, variants: Sequence[bundle.Variant], runtime: str, precision: str) -> bundle.Variant:
    """The fastest variant that was asked for and can run here."""
    for word, value, known in (
        ("runtime", runtime, runtimes.RUNTIMES),
        ("precision", precision, runtimes.PRECISIONS),
    ):
        if value not in ("auto", *known):
            raise unknown(word, value, ["auto", *known])
    fitting = [
        variant
        for variant in variants
        if runtime in ("auto", variant.runtime) and precision in ("auto", variant.precision)
    ]
    if not fitting:
        there = ", ".join(map(str, variants)) or "nothing"
        wanted = " ".join(word for word in (runtime, precision) if word != "auto")
        raise InputError(
            f"{path} has no {wanted or 'variant'}; it has {there}. "
            f"Add one with: tuwen export ENCODER -o {path}"
        )
    fitting.sort(key=_rank)
    return next((one for one in fitting if runtimes.installed(one.runtime)), None) or _refuse(path, fitting)


def _refuse(path: Path, variants: Sequence[bundle.Variant]) -> bundle.Variant:
    raise runtimes.missing(variants[0].runtime, path)


def _rank(variant: bundle.Variant) -> Any:
    key = (variant.runtime, variant.precision, variant.method)
    return _FASTEST.index(key) if key in _FASTEST else len(_FASTEST)
