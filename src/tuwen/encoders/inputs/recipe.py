"""How pictures become pixels and texts become token ids, as plain data that travels with the weights."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np
from PIL import Image

from tuwen.arrays import Array
from tuwen.errors import Damaged
from tuwen.pixels import extent, resized

OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)

Fit = Literal["squash", "crop"]
Filter = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]

_SPACES = re.compile(r"\s+")
_CURLY = str.maketrans({"\u201c": '"', "\u201d": '"'})
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The preprocessing of one dual encoder, part of the model as much as its weights.

    Args:
        size: Side of the square picture, pixels.
        fit: `squash` scales both sides to `edge`; `crop` the shorter one. The middle is cut out of both.
        edge: What is scaled to, pixels; 0 means `size`.
        halves: Where the middle begins when it falls on half a pixel: `down` to the pixel before, as
            transformers does, or to the `even` one, as torchvision does.
        filter: How pixels are resampled.
        divisor: What 0..255 is divided by before mean and deviation.
        mean: Per channel, after dividing.
        std: Per channel, after dividing.
        context: The most tokens a text has, its first and last special ones included.
        pad: `longest` pads a batch to its longest text, for networks that mask the padding or do not
            look back from it; `context` always pads to `context`, as SigLIP was trained.
        pad_id: The token that fills.
        lower: Lower-case texts.
        quotes: Turn curly double quotes into straight ones, as Chinese-CLIP does: its vocabulary lacks them.
        punctuation: False removes ASCII punctuation and repeated spaces, as SigLIP does.
    """

    size: int
    fit: Fit = "squash"
    edge: int = 0
    halves: Literal["down", "even"] = "down"
    filter: Filter = "bicubic"
    divisor: float = 255.0
    mean: tuple[float, float, float] = OPENAI_MEAN
    std: tuple[float, float, float] = OPENAI_STD
    context: int = 77
    pad: Literal["longest", "context"] = "longest"
    pad_id: int = 0
    lower: bool = True
    quotes: bool = False
    punctuation: bool = True

    def pixels(self, picture: Image.Image) -> Array:
        """An upright RGB picture as (size, size, 3) uint8."""
        size, edge = self.size, self.edge or self.size
        box = extent(picture)
        across, down = box[2] - box[0], box[3] - box[1]
        width = height = edge
        if self.fit == "crop":
            # the longer side rounded down, as torchvision and transformers do
            width, height = (
                (edge, int(edge * down / across)) if across <= down else (int(edge * across / down), edge)
            )
        picture = resized(picture, (width, height), Image.Resampling[self.filter.upper()])
        if picture.size != (size, size):
            left, top = self._middle(width), self._middle(height)
            picture = picture.crop((left, top, left + size, top + size))
        return np.asarray(picture)

    def seen(self, width: int, height: int) -> tuple[float, float]:
        """The shares of a picture's width and height that `pixels` keeps, from its middle."""
        share = self.size / (self.edge or self.size)
        if self.fit == "squash":
            return share, share
        return share * min(1, height / width), share * min(1, width / height)

    def normalise(self, pixels: Array) -> Array:
        """Pixels (n, size, size, 3) uint8 as the network takes them, (n, 3, size, size) float32."""
        values = np.empty((len(pixels), 3, *pixels.shape[1:3]), dtype=np.float32)
        for channel, table in enumerate(self._table):
            np.take(table, pixels[..., channel], out=values[:, channel], mode="clip")
        return values

    def text(self, text: str) -> str:
        """A text as the tokenizer is given it."""
        text = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no character
        if self.lower:
            text = text.lower()
        if self.quotes:
            text = text.translate(_CURLY)
        if not self.punctuation:
            text = _SPACES.sub(" ", text.translate(_NO_PUNCTUATION)).strip()
        return text

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` is the way back."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    def identity(self) -> str:
        """What makes it another recipe, for fingerprints.

        Only what differs from the defaults, so that a part added later changes no fingerprint of before.
        """
        return json.dumps(
            {
                field.name: getattr(self, field.name)
                for field in fields(self)
                if field.default is MISSING or getattr(self, field.name) != field.default
            },
            sort_keys=True,
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """The recipe that `to_dict` wrote.

        Raises:
            Damaged: A value is missing or unknown.
        """
        known = {field.name for field in fields(cls)}
        odd = sorted(set(values) - known)
        if odd or "size" not in values:
            what = f"has the unknown part {odd[0]!r}" if odd else "lacks the size of pictures"
            raise Damaged(f"a recipe of preprocessing {what}; it was written by another version of tuwen")
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**plain)

    def _middle(self, length: int) -> int:
        """Where the middle of a side begins."""
        spare = length - self.size
        # round() takes halves to the even number
        return round(spare / 2) if self.halves == "even" else spare // 2

    @cached_property
    def _table(self) -> Array:
        """What each of the 256 values becomes, (3, 256): looked up faster than computed.

        Rounded after each step, as torchvision's transforms are, so that the numbers are the same.
        """
        values = np.arange(256, dtype=np.float32) / np.float32(self.divisor)
        mean, std = np.asarray([self.mean, self.std], dtype=np.float32)[..., None]
        return np.asarray((values - mean) / std)
