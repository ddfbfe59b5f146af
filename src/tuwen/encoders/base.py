"""The base of every encoder: it checks and batches; a family only encodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from tuwen import pictures
from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError

Source = str | Path | Image.Image


class Encoder:
    """Turns pictures and texts into unit vectors of one common space, one modality or both.

    A subclass sets the attributes and writes `_encode_images`, `_encode_texts` or both.
    Preparing a picture (decode, orient, resize) is apart from encoding it, so that callers can
    prepare in threads while the network runs.

    Attributes:
        name: The name in the registry, or the folder the encoder was loaded from.
        width: Columns of the vectors.
        modalities: What it can encode.
        fingerprint: Changes when weights or preprocessing change; a collection refuses another one.
        image_size: Side of the square, in pixels, that pictures are prepared to.
        batch_size: Items encoded at a time.
    """

    name: str
    width: int
    fingerprint: str
    modalities: frozenset[Modality] = frozenset({"image", "text"})
    image_size: int = 224
    batch_size: int = 64
    languages: ClassVar[tuple[str, ...]] = ()

    def encode(self, items: Sequence[Source], modality: Modality) -> Array:
        """Encode items of one modality, (n, width) float32 unit rows.

        Args:
            items: For `image`: paths or PIL pictures. For `text`: strings; a string is never taken
                for a path or an address.
            modality: `image` or `text`.

        Raises:
            InputError: The encoder does not know the modality, or an item has the wrong type.
            PictureError: A picture cannot be decoded.
        """
        if modality == "text":
            return self.encode_texts([_text(item) for item in items])
        return self.encode_images(items)

    def encode_images(self, images: Sequence[Source]) -> Array:
        """Decode, prepare and encode pictures, (n, width)."""
        if isinstance(images, str | Path):
            raise InputError("images is one path; pass a list of paths or pictures")
        parts = []
        for start in range(0, len(images), self.batch_size):
            batch = [self.prepare(image) for image in images[start : start + self.batch_size]]
            parts.append(self.encode_prepared(np.stack(batch)))
        return np.concatenate(parts) if parts else np.empty((0, self.width), dtype=np.float32)

    def encode_texts(self, texts: Sequence[str]) -> Array:
        """Encode texts, (n, width)."""
        self._check("text")
        if isinstance(texts, str):
            raise InputError("texts is one string; pass a list of strings")
        parts = [
            unit_rows(self._encode_texts(texts[start : start + self.batch_size]))
            for start in range(0, len(texts), self.batch_size)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self.width), dtype=np.float32)

    def encode_prepared(self, pixels: Array) -> Array:
        """Encode pictures that `prepare` made, (n, size, size, 3) uint8, to (n, width)."""
        self._check("image")
        return unit_rows(self._encode_images(pixels))

    def prepare(self, image: Source) -> Array:
        """One picture as (size, size, 3) uint8: decoded near the target size, upright, RGB.

        Squashes to a square, as CN-CLIP does; a family that crops overrides this.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        size = self.image_size
        picture = image if isinstance(image, Image.Image) else pictures.load(Path(image), size=size)
        picture = pictures.upright_rgb(picture)
        if picture.size != (size, size):
            picture = picture.resize((size, size), Image.Resampling.BICUBIC)
        return np.asarray(picture)

    def _encode_images(self, pixels: Array) -> Array:
        """Vectors (n, width) of prepared pictures (n, size, size, 3) uint8."""
        raise InputError(f"{self.name} does not encode images")

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        """Vectors (n, width) of texts."""
        raise InputError(f"{self.name} does not encode texts")

    def _check(self, modality: Modality) -> None:
        if modality not in self.modalities:
            known = " and ".join(sorted(self.modalities))
            raise InputError(f"encoder {self.name} does not encode {modality}s, only {known}s")


def _text(item: Source) -> str:
    if not isinstance(item, str):
        raise InputError(f"a text must be a string, got {type(item).__name__}")
    return item
