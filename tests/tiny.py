"""A small deterministic encoder for tests: it knows eight colours, in pictures and in both languages."""

import zlib
from collections.abc import Sequence

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.base import Encoder

COLOURS = {
    "red": ("红", (220, 30, 30)),
    "green": ("绿", (30, 170, 60)),
    "blue": ("蓝", (30, 60, 220)),
    "yellow": ("黄", (235, 220, 40)),
    "purple": ("紫", (140, 40, 170)),
    "cyan": ("青", (40, 200, 210)),
    "black": ("黑", (15, 15, 15)),
    "white": ("白", (245, 245, 245)),
}
_PALETTE = np.array([rgb for _, rgb in COLOURS.values()], dtype=np.float32) / 255
_DETAIL = 24  # further columns, so that two things of one colour differ a little
_SIDE = 16


class TinyEncoder(Encoder):
    """Colours as columns: the share of each in a picture, the mention of each in a text.

    Fast enough for thousands of items a second and without any file, so that tests of what surrounds
    an encoder need neither weights nor a runtime.
    """

    def __init__(self, fingerprint: str = "tiny-1") -> None:
        self.name = "tiny"
        self.width = len(COLOURS) + _DETAIL
        self.fingerprint = fingerprint
        self.image_size = _SIDE
        self.batch_size = 32
        random = np.random.default_rng(7)
        self._mix = random.normal(0, 1, (_SIDE * _SIDE * 3, _DETAIL)).astype(np.float32)

    def _encode_images(self, pixels: Array) -> Array:
        values = pixels.reshape(len(pixels), -1, 3).astype(np.float32) / 255
        # (n, pixels, colours): squared distance of each pixel to each colour, then the nearest colours' share
        distances = ((values[:, :, None, :] - _PALETTE) ** 2).sum(axis=-1)
        shares = np.exp(-8 * distances).mean(axis=1)
        detail = (values.reshape(len(pixels), -1) - 0.5) @ self._mix
        return np.concatenate([shares / shares.sum(axis=1, keepdims=True), _small(detail)], axis=1)

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        rows = np.zeros((len(texts), self.width), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for column, (english, (chinese, _)) in enumerate(COLOURS.items()):
                row[column] = english in text.lower() or chinese in text
            random = np.random.default_rng(zlib.crc32(text.encode()))
            row[len(COLOURS) :] = _small(random.normal(0, 1, (1, _DETAIL)))[0]
        return rows


def _small(detail: Array) -> Array:
    """Rows of length 0.2: enough to tell things apart, too little to change which colour is nearest."""
    norms = np.linalg.norm(detail, axis=1, keepdims=True)
    return np.asarray(0.2 * detail / np.maximum(norms, 1e-9), dtype=np.float32)
