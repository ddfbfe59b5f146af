"""CLIP and its kin, from every format they come in: Chinese-CLIP, CLIP, AltCLIP, SigLIP."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from tuwen.arrays import Array, unit_rows
from tuwen.encoders.base import Encoder, Patches, Source, opened
from tuwen.encoders.inputs import vocabulary as vocabularies
from tuwen.encoders.inputs.tokens import Tokens
from tuwen.errors import InputError, MissingExtra
from tuwen.files import content_hash

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tuwen.encoders.networks.device import Place
    from tuwen.encoders.networks.dual import Dual

_TEXTS = 16  # so many are padded to the longest of them
_LANGUAGES = {"chinese_clip": ("zh",), "clip": ("en",), "altclip": ("en", "zh")}


class Clip(Encoder):
    """A dual encoder run by torch: pictures and texts in one space, learned from pairs.

    `open` makes it. The preprocessing is part of it: `recipe` and `tokens` say what it does, in a form
    that runs without torch.

    Attributes:
        kind: `chinese_clip`, `clip`, `altclip` or `siglip`.
        recipe: How pictures become pixels and texts become tokens.
        tokens: The tokenizer.
    """

    needs: ClassVar[str] = "a folder or file"
    extra: ClassVar[str] = "clip"

    def __init__(self, dual: Dual, tokens: Tokens, place: Place) -> None:
        self.kind, self.recipe, self.tokens = dual.kind, tokens.recipe, tokens
        self.name = "clip"
        self.image_size = self.recipe.size
        words = tokens.vocabulary()
        # SigLIP comes with an English vocabulary or one of many languages
        many = ("en", "zh") if any("的" in word for word in words) else ("en",)
        self.languages = _LANGUAGES.get(dual.kind, many)
        self.runtime = str(place)
        self._place = place
        towers = dual.towers
        self.parameters = sum(
            values.numel() for tower in (towers.image, towers.text) for values in tower.parameters()
        )
        self._image = towers.image.to(place.device, place.dtype).eval().requires_grad_(False)
        self._text = towers.text.to(place.device, place.dtype).eval().requires_grad_(False)
        self.width = dual.towers.width
        spelled = "\n".join(sorted(f"{at} {word}" for word, at in words.items()))
        identity = f"{dual.identity} {content_hash(spelled.encode())} {self.recipe.identity()}"
        self.fingerprint = f"clip-{content_hash(identity.encode())}"
        self._counting = threading.Lock()

    @classmethod
    def open(  # type: ignore[override]  # the options of this family, by name
        cls,
        path: Path,
        *,
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        device: str = "auto",
        vocabulary: Path | None = None,
        activation: Literal["auto", "gelu", "quick_gelu"] = "auto",
        resize: Literal["auto", "squash", "crop"] = "auto",
        context: int | None = None,
    ) -> Self:
        """Open a transformers folder, or a checkpoint of Chinese-CLIP, OpenAI or open_clip.

        Args:
            path: The folder or file.
            precision: What is computed in; `auto` is bf16 on a GPU that has it, fp32 elsewhere.
            device: `auto` (a GPU where there is one), `cpu`, `cuda`, `cuda:1`, `mps`.
            vocabulary: The tokenizer's file or folder, where it does not lie beside the checkpoint.
                Chinese-CLIP's own checkpoints come without: they read with `vocab.txt` of
                bert-base-chinese.
            activation: Of open_clip checkpoints. `auto` is what open_clip_config.json says; else quick GELU
                for OpenAI's own, told by its layout or by `openai` or `quickgelu` in the name of the file,
                and GELU for others.
            resize: `squash` or `crop` against what the model's files say.
            context: Read fewer or more tokens of a text than the family does.

        Raises:
            InputError: It is no such model, or a part is missing or does not fit.
            Damaged: A file is broken.
            MissingExtra: torch, transformers or safetensors is not installed.
        """
        try:
            from tuwen.encoders.networks.device import choose
            from tuwen.encoders.networks.dual import open_dual
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"opening {path} needs {error.name}; install it with: pip install 'tuwen[clip]'"
            ) from error
        place = choose(device, precision)
        dual = open_dual(Path(path), activation=activation, resize=resize)
        made = cls(dual, _tokens(dual, vocabulary, context), place)
        made.name = str(path)
        return made

    def prepare(self, image: Source) -> Array:
        """One picture as (size, size, 3) uint8, squashed or cropped as the recipe says.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        return self.recipe.pixels(opened(image, self.recipe.edge or self.recipe.size))

    def towers(self) -> tuple[nn.Module, nn.Module]:
        """The networks themselves, in evaluation mode, both giving unit rows (n, width).

        The first takes normalised pixels (n, 3, size, size) float, the second token ids and their mask,
        both (n, t) int64. Open with `precision="fp32"` to export them.
        """
        from tuwen.encoders.networks.towers import Unit

        return Unit(self._image).eval(), Unit(self._text).eval()

    def patch_tokens(self, images: Sequence[Source]) -> Array:
        """States of the patches of pictures after the last layer, (n, patches, states) float32.

        Raises:
            InputError: The picture tower is convolutional.
            PictureError: A picture cannot be decoded.
        """
        prepared = np.stack([self.prepare(image) for image in images])
        return self._run(lambda: self._image.patches(self._pixels(prepared)))

    def patch_vectors(self, image: Source) -> Patches | None:
        """The patches of a picture, each put into the common space alone; None of a convolutional tower.

        Not the states after the last layer, which hold more of the whole picture than of where they stand:
        what `networks.towers.ImageTower.dense` makes of those before it.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        if not self._image.has_patches:
            return None
        picture = opened(image)
        prepared = self.prepare(picture)[None]
        found = unit_rows(self._run(lambda: self._image.dense(self._pixels(prepared))))[0]
        side = math.isqrt(len(found))
        return Patches(vectors=found.reshape(side, side, -1), seen=self.recipe.seen(*picture.size))

    def token_states(self, texts: Sequence[str]) -> tuple[Array, Array]:
        """States of the tokens of texts after the last layer, (n, t, states) float32, and the mask (n, t)."""
        ids, mask = self.tokens(texts)
        return self._run_text(self._text.states, ids, mask), mask

    def _encode_images(self, pixels: Array) -> Array:
        return self._run(lambda: self._image(self._pixels(pixels)))

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        with self._counting:
            ids, mask = self.tokens(texts)
            self.cut = self.tokens.cut
        vectors = np.empty((len(ids), self.width), dtype=np.float32)
        lengths = mask.sum(axis=1)
        # letters and Chinese characters make different numbers of tokens: pad like with like
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), _TEXTS):
            part = order[start : start + _TEXTS]
            end = ids.shape[1] if self.recipe.pad == "context" else int(lengths[part[-1]])
            vectors[part] = self._run_text(self._text, ids[part, :end], mask[part, :end])
        return vectors

    def _run_text(self, compute: Callable[[Tensor, Tensor], Tensor], ids: Array, mask: Array) -> Array:
        return self._run(lambda: compute(self._place.send(ids), self._place.send(mask)))

    def _pixels(self, prepared: Array) -> Tensor:
        return self._place.send(self.recipe.normalise(prepared)).to(self._place.dtype)

    def _run(self, compute: Callable[[], Tensor]) -> Array:
        import torch

        with torch.inference_mode():
            return np.asarray(compute().float().cpu().numpy())


def _tokens(dual: Dual, vocabulary: Path | None, context: int | None) -> Tokens:
    """The tokenizer of what was opened, checked against the weights.

    Raises:
        InputError: There is none, or it does not fit.
    """
    recipe, towers = dual.recipe, dual.towers
    place = vocabulary or dual.folder
    if not place.exists():
        raise InputError(f"there is no vocabulary {place}; name a file or folder that is there")
    if context is not None:
        if not 3 <= context <= towers.positions:
            raise InputError(f"context is {context}; this network reads 3 to {towers.positions} tokens")
        recipe = replace(recipe, context=context)
    text = vocabularies.tokenizer_json(dual.kind, place)
    folder = place if place.is_dir() else place.parent
    tokens = Tokens(text, vocabularies.completed(recipe, dual.kind, text, folder))
    _check_tokens(tokens, dual, place)
    return tokens


def _check_tokens(tokens: Tokens, dual: Dual, place: Path) -> None:
    largest, rows = max(tokens.vocabulary().values()), dual.towers.words
    # an embedding may have a few rows to spare, never too few
    if largest >= rows or largest + 1 < 0.9 * rows:
        raise InputError(
            f"the tokenizer in {place} does not fit the weights: it has {largest + 1:,} tokens, "
            f"the text tower {rows:,}; take the tokenizer that the checkpoint came with"
        )
    ids, _ = tokens(["a"])
    closing = dual.towers.closing
    if closing is not None and closing not in ids[0]:
        raise InputError(
            f"the tokenizer in {place} does not fit the weights: it closes a text with token {ids[0][-1]}, "
            f"but the text tower looks for {closing}; take the tokenizer that the checkpoint came with"
        )
