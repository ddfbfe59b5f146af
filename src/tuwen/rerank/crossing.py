"""Cross-encoders of transformers: networks that read a picture and a text together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.encoders.base import Source, opened
from tuwen.errors import Damaged, InputError, MissingExtra
from tuwen.files import checksum, read_json
from tuwen.rerank.base import Reranker, Unreadable, halved

#: What `config.json` calls them, and the classes of transformers that they are.
MODELS = {
    "blip": "BlipForImageTextRetrieval",
    "blip-2": "Blip2ForImageTextRetrieval",
    "vilt": "ViltForImageAndTextRetrieval",
}
BATCH = 16  # pairs that the network reads at once


class Crossing(Reranker):
    """BLIP or BLIP-2 with its matching head, or ViLT for retrieval, from a folder of transformers.

    BLIP: Li et al., ICML 2022; BLIP-2: Li et al., ICML 2023; ViLT: Kim et al., ICML 2021. The score is the
    logit that both belong together: of two logits, their difference. Nothing is read that runs code.
    """

    def __init__(self, name: str, model: Any, tokenizer: Any, pictures: Any, fingerprint: str) -> None:
        """Join what was opened already; `Crossing.open` opens it.

        Args:
            name: For people.
            model: One of `MODELS`.
            tokenizer: Of transformers.
            pictures: The image processor of transformers.
            fingerprint: Of weights and settings.
        """
        self.name, self.fingerprint = name, fingerprint
        self._model, self._tokenizer, self._pictures = model.eval(), tokenizer, pictures
        config = model.config
        self._kind = str(config.model_type)
        text = getattr(config, "text_config", None) or getattr(config, "qformer_config", None) or config
        self._length = int(getattr(text, "max_position_embeddings", 512))
        if self._kind == "blip":
            self._length = min(self._length, 512)

    @classmethod
    def open(cls, folder: Path, device: str = "auto") -> Crossing:
        """Open a folder of transformers; nothing is fetched.

        Args:
            folder: With configuration, weights, tokenizer and image processor.
            device: As for encoders.

        Raises:
            InputError: It is none of `MODELS`.
            Damaged: A file is missing or broken.
            MissingExtra: torch or transformers is not installed.
        """
        kind = model_type(folder)
        if kind not in MODELS:
            raise InputError(
                f"{folder} holds a network of type {kind or 'unknown'}; a reranker of transformers is one of "
                f"{', '.join(MODELS)}"
            )
        try:
            import transformers

            from tuwen.encoders.networks.device import choose
        except ImportError as error:
            raise MissingExtra(
                f"opening {folder} needs {error.name}; install it with: pip install 'tuwen[clip]'"
            ) from error
        try:
            model, told = getattr(transformers, MODELS[kind]).from_pretrained(
                folder, local_files_only=True, output_loading_info=True
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
            processor = _processor(transformers, kind).from_pretrained(folder, local_files_only=True)
        except (ImportError, MemoryError):
            raise
        except Exception as error:  # transformers raises whatever a broken file leads it to
            words = " ".join(str(error).split())[:300]
            raise Damaged(f"{folder} cannot be opened as {MODELS[kind]}: {words}") from error
        if lacking := sorted(told["missing_keys"]):
            raise Damaged(f"{folder} has no weights for {lacking[0]} ({len(lacking)} lack); get it anew")
        return cls(
            f"{kind} of {folder}",
            model.to(choose(device, "fp32").device),
            tokenizer,
            processor,
            _fingerprint(folder),
        )

    def mark(self, kind: Modality) -> str:
        """See the base."""
        return hashlib.blake2b(f"{self.fingerprint}\0{kind}".encode(), digest_size=12).hexdigest()

    def read(
        self, items: Sequence[Source], kind: Modality, ids: Sequence[str] = ()
    ) -> list[Array | Unreadable]:
        """Pixels (3, height, width) of a picture as the network takes them; numbers (t,) of tokens."""

        def make(some: Sequence[Any], names: Sequence[str]) -> Sequence[Array]:
            if kind == "image":
                return [self._pixels(picture) for picture in some]
            made = self._tokenizer(list(some), truncation=True, max_length=self._length)
            return [np.asarray(row, dtype=np.int64) for row in made["input_ids"]]

        return halved(make, list(items), [""] * len(items))

    def score(self, query: Array, items: Sequence[Array], kind: Modality) -> Array:
        """See the base."""
        scores = np.empty(len(items), dtype=np.float32)
        for start in range(0, len(items), BATCH):
            some = items[start : start + BATCH]
            asked = [query] * len(some)
            images, texts = (some, asked) if kind == "image" else (asked, some)
            scores[start : start + len(some)] = self._judge(images, texts)
        return scores

    def _pixels(self, picture: Source) -> Array:
        made = self._pictures(images=opened(picture), return_tensors="np")
        return np.asarray(made["pixel_values"][0], dtype=np.float32)

    def _judge(self, images: Sequence[Array], texts: Sequence[Array]) -> Array:
        import torch

        device = self._model.device
        pixels, shown = _padded_pixels(images)
        ids, mask = _padded_ids(texts, self._tokenizer.pad_token_id or 0)
        given = {
            "pixel_values": torch.from_numpy(pixels).to(device),
            "input_ids": torch.from_numpy(ids).to(device),
            "attention_mask": torch.from_numpy(mask).to(device),
        }
        with torch.inference_mode():
            if self._kind == "blip":
                found = self._model(**given, use_itm_head=True).itm_score
            elif self._kind == "blip-2":
                found = self._model(**given, use_image_text_matching_head=True).logits_per_image
            else:
                found = self._model(**given, pixel_mask=torch.from_numpy(shown).to(device)).logits
        logits = found.float().cpu().numpy()
        return np.asarray(logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits[:, 0])


def model_type(folder: Path) -> str:
    """What `config.json` in a folder says the network is; empty where there is none."""
    file = folder / "config.json"
    about = read_json(file) if file.is_file() else {}
    return str(about.get("model_type", "")) if isinstance(about, dict) else ""


def _processor(transformers: Any, kind: str) -> Any:
    """The image processor of a kind that works with Pillow alone."""
    name = "ViltImageProcessor" if kind == "vilt" else "BlipImageProcessor"
    return getattr(transformers, f"{name}Pil", None) or getattr(transformers, name)


def _padded_pixels(images: Sequence[Array]) -> tuple[Array, Array]:
    """Pixels (n, 3, height, width) with zeros beside smaller ones, and where there are any."""
    height, width = (max(image.shape[side] for image in images) for side in (1, 2))
    pixels = np.zeros((len(images), 3, height, width), dtype=np.float32)
    shown = np.zeros((len(images), height, width), dtype=np.int64)
    for row, image in enumerate(images):
        pixels[row, :, : image.shape[1], : image.shape[2]] = image
        shown[row, : image.shape[1], : image.shape[2]] = 1
    return pixels, shown


def _padded_ids(texts: Sequence[Array], blank: int) -> tuple[Array, Array]:
    ids = np.full((len(texts), max(map(len, texts))), blank, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)], mask[row, : len(text)] = text, 1
    return ids, mask


def _fingerprint(folder: Path) -> str:
    """Of all files that decide about a score."""
    names = sorted(
        file
        for file in folder.iterdir()
        if file.suffix in (".json", ".txt", ".safetensors", ".bin", ".model") and file.is_file()
    )
    told = json.dumps([[file.name, checksum(file)] for file in names])
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
