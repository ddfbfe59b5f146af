"""What is asked: words, pictures and vectors with weights, and the small language for writing them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError

_UNWANTED = np.float32(0.5)
_DASHES = "-－−"
_QUOTES = {'"': '"', "“": "”", "”": "”", "「": "」"}
_WEIGHT = re.compile(r"\^(\d+(?:\.\d*)?|\.\d+)(?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a query: exactly one of text, picture and vector, and how much it counts.

    Args:
        text: Words.
        image: A file or a decoded picture.
        vector: A vector of the collection's space, (width,).
        weight: Above zero for what is wanted, below for what is not.
    """

    text: str | None = None
    image: Path | Image.Image | None = None
    vector: Array | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        given = [name for name in ("text", "image", "vector") if getattr(self, name) is not None]
        if len(given) != 1:
            raise InputError(
                f"a query part needs exactly one of text, image and vector; got {given or 'none'}"
            )
        if not np.isfinite(self.weight) or self.weight == 0:
            raise InputError(f"the weight of a query part is {self.weight}; it must be a number other than 0")

    def __str__(self) -> str:
        content = self.text if self.text is not None else "picture" if self.image is not None else "vector"
        if isinstance(self.image, Path):
            content = str(self.image)
        sign = "-" if self.weight < 0 else ""
        size = abs(self.weight)
        quoted = f'"{content}"' if content and " " in content and (sign or size != 1) else content
        return f"{sign}{quoted}" + (f"^{size:g}" if size != 1 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Parts that are asked together."""

    parts: tuple[Part, ...]

    @property
    def modality(self) -> Modality | None:
        """`text` when all of it is words, `image` when all is pictures, else None."""
        if all(part.text is not None for part in self.parts):
            return "text"
        return "image" if all(part.image is not None for part in self.parts) else None

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.parts)


def parse_query(text: str) -> Query:
    """Words as a query: `海滩 -人`, `dog^2 "red ball"^0.5 -"a cat"`.

    Words stay together as one part. A minus before a word or a quoted phrase, at the beginning or after
    a space, makes it unwanted (`t-shirt` stays whole); `^number` behind one weighs it. A backslash
    takes the meaning from the sign after it. Full-width minus, spaces and Chinese quotes count too.

    Raises:
        InputError: There is nothing in it.
    """
    plain: list[str] = []
    parts: list[Part] = []
    at = 0
    text = text.strip()
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        negative = text[at] in _DASHES and at + 1 < len(text) and not text[at + 1].isspace()
        content, weight, quoted, at = _piece(text, at + negative)
        if negative or weight != 1.0:
            if content:
                parts.append(Part(text=content, weight=-weight if negative else weight))
        else:
            plain.append(f'"{content}"' if quoted and not content else content)
    words = " ".join(word for word in plain if word.strip('"'))
    if words:
        parts.insert(0, Part(text=words))
    if not parts:
        raise InputError("the query is empty; give some words, a picture or both")
    return Query(parts=tuple(parts))


def _piece(text: str, at: int) -> tuple[str, float, bool, int]:
    """A word or a quoted phrase from `at`: content, weight, whether quoted, where it ends."""
    closing = _QUOTES.get(text[at])
    end = text.find(closing, at + 1) if closing else -1
    if end > 0:
        content, quoted, at = text[at + 1 : end].strip(), True, end + 1
    else:
        letters = []
        while at < len(text) and not text[at].isspace():
            if _WEIGHT.match(text, at):
                break
            if text[at] == "\\" and at + 1 < len(text):
                at += 1
            letters.append(text[at])
            at += 1
        content, quoted = "".join(letters), False
    found = _WEIGHT.match(text, at)
    if found is None:
        return content, 1.0, quoted, at
    weight = float(found[1])
    if weight == 0:
        raise InputError(f"the weight of {content!r} is 0; leave the word out instead")
    return content, weight, quoted, found.end()


def combine(vectors: Array, weights: Sequence[float]) -> Array:
    """One unit vector for all parts, (d,): the weighted sum of unit vectors (n, d), wanted minus unwanted.

    What is unwanted counts half of its weight: all of it drives away what is wanted too, and a penalty
    on the score does no better (`benchmarks/unwanted_words.py`).

    Raises:
        InputError: The parts cancel each other out.
    """
    shares = np.asarray(weights, dtype=np.float32)
    total = np.where(shares < 0, shares * _UNWANTED, shares) @ unit_rows(vectors)
    if np.linalg.norm(total) < 1e-6:
        raise InputError("the parts of the query cancel each other out; change a weight")
    return unit_rows(total)
