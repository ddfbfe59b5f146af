"""Several encoders side by side: `concat:mini+0.5*hog`."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from tuwen.arrays import Array, unit_rows
from tuwen.encoders.base import Encoder, Source, opened
from tuwen.errors import InputError, NotFittedError

_WEIGHT = re.compile(r"(\d+\.?\d*|\.\d+)\*")


class Concat(Encoder):
    """Puts the vectors of several encoders into one row, so that each has its say in the cosine.

    Each part's rows are made unit and multiplied by the square root of its weight, weights adding up to
    one: the cosine of two rows is the weighted mean of the parts' cosines, as long as every part has
    something to say (a zero row of a part leaves the cosine to the others). It encodes what all its
    parts encode.
    """

    needs: ClassVar[str] = "encoders joined by +"

    def __init__(self, parts: Sequence[Encoder], weights: Sequence[float] = ()) -> None:
        """Join encoders.

        Args:
            parts: At least one.
            weights: One a part, above zero; all alike when empty.

        Raises:
            InputError: A weight is not above zero, or no modality is known to all parts.
            NotFittedError: A part has not been fitted.
        """
        shares = [1.0] * len(parts) if not weights else [float(weight) for weight in weights]
        if not parts or len(shares) != len(parts):
            raise InputError(f"there are {len(parts)} encoders and {len(shares)} weights; give one each")
        if not all(0 < share < math.inf for share in shares):
            raise InputError(f"weights are {shares}; each must be a number above zero")
        for part in parts:
            if not hasattr(part, "fingerprint"):
                raise NotFittedError(
                    f"{part.name} must be fitted before it can be joined: save it with "
                    f"tuwen encode SOURCE --encoder {part.name} --fit --save-encoder FOLDER -o FILE.npz, "
                    "and write FOLDER in its place"
                )
        self.modalities = frozenset.intersection(*(part.modalities for part in parts))
        if not self.modalities:
            known = ", ".join(f"{part.name} {' and '.join(sorted(part.modalities))}s" for part in parts)
            raise InputError(f"these encoders have nothing in common that they encode: {known}")
        total = sum(shares)
        self.parts = tuple(parts)
        self.weights = tuple(share / total for share in shares)
        self.name = "concat:" + "+".join(map(_written, shares, parts))
        self.width = sum(part.width for part in parts)
        self.image_size = max((part.image_size for part in parts if not part.by_id), default=0)
        self.batch_size = min(part.batch_size for part in parts)
        self.by_id = any(part.by_id for part in parts)
        self.languages = tuple(
            word for word in parts[0].languages if all(word in part.languages for part in parts)
        )
        self.runtime = " + ".join(dict.fromkeys(part.runtime for part in parts if part.runtime))
        self.parameters = sum({id(part): part.parameters for part in parts}.values())
        self.fingerprint = _fingerprint(self.parts, self.weights)

    @classmethod
    def open(cls, path: Path | str) -> Self:  # type: ignore[override]
        """Make it from `[WEIGHT*]ENCODER+[WEIGHT*]ENCODER...`, as stands behind `concat:`.

        Args:
            path: The parts. One with a + in its name, or a concatenation itself, stands in brackets:
                `[models/a+b]+hog`.

        Raises:
            InputError: It cannot be taken apart, or a part cannot be opened.
        """
        from tuwen import encoders

        text = str(path)
        specs = list(_split(text))
        parts, weights = [], []
        for piece in specs:
            match = _WEIGHT.match(piece)
            spec = piece[match.end() :] if match else piece
            bare = spec.startswith("[") and spec.endswith("]")
            spec = spec[1:-1] if bare else spec
            if not spec.strip():
                raise InputError(
                    f"concat:{text} has an empty part; join encoders by +, such as concat:mini+0.5*hog"
                )
            try:
                parts.append(encoders.load(spec))
            except InputError as error:
                hint = "" if bare or len(specs) == 1 else "; a name with a + in it stands in brackets: [a+b]"
                raise InputError(f"concat:{text}: {error}{hint}") from error
            weights.append(float(match.group(1)) if match else 1.0)
        return cls(parts, weights)

    def prepare(self, image: Source) -> Array:
        """What each part makes of one picture, as one structured value; it is decoded once.

        Raises:
            PictureError: It cannot be decoded, or a part looks vectors up and has none.
        """
        self._check("image")
        decoded = image if all(part.by_id for part in self.parts) else opened(image, self.image_size)
        made = [np.asarray(part.prepare(image if part.by_id else decoded)) for part in self.parts]
        value = np.empty((), dtype=[(f"part{i}", array.dtype, array.shape) for i, array in enumerate(made)])
        for i, array in enumerate(made):
            value[f"part{i}"] = array
        return value

    def encode_texts(self, texts: Sequence[str], *, ids: Sequence[str] = (), unit: bool = True) -> Array:
        """The parts' rows of each text side by side, (n, width); ids go to the parts that look them up.

        Raises:
            TextError: A part looks vectors up and lacks one.
        """
        self._check("text")
        before = [part.cut for part in self.parts]
        rows = self._joined([part.encode_texts(texts, ids=ids) for part in self.parts])
        # one text may be too long for several parts
        self.cut += max(part.cut - cut for part, cut in zip(self.parts, before, strict=True))
        return unit_rows(rows) if unit else rows

    def _encode_images(self, pixels: Array) -> Array:
        if pixels.dtype.names is None:
            raise InputError(f"{self.name} encodes what its own prepare made; got an array {pixels.shape}")
        names = pixels.dtype.names
        return self._joined(
            [
                part.encode_prepared(np.ascontiguousarray(pixels[name]))
                for part, name in zip(self.parts, names, strict=True)
            ]
        )

    def _joined(self, rows: Sequence[Array]) -> Array:
        scaled = [
            np.float32(math.sqrt(weight)) * part for weight, part in zip(self.weights, rows, strict=True)
        ]
        return np.concatenate(scaled, axis=1)


def _split(text: str) -> Iterator[str]:
    """The parts between the plus signs that stand outside brackets.

    Raises:
        InputError: A bracket is not closed or not opened.
    """
    depth, start = 0, 0
    for place, sign in enumerate(text):
        depth += (sign == "[") - (sign == "]")
        if depth < 0:
            break
        if sign == "+" and depth == 0:
            yield text[start:place]
            start = place + 1
    if depth:
        raise InputError(f"concat:{text} has a bracket that is not closed or not opened")
    yield text[start:]


def _written(weight: float, part: Encoder) -> str:
    """A part as it stands in a spec."""
    name = part.name
    if "+" in name or "[" in name or "]" in name or name.startswith("concat:"):
        name = f"[{name}]"
    return name if weight == 1 else f"{weight:g}*{name}"


def _fingerprint(parts: Sequence[Encoder], weights: Sequence[float]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part, weight in zip(parts, weights, strict=True):
        digest.update(f"{weight:.9g}\0{part.fingerprint}\0".encode())
    return f"concat-{digest.hexdigest()}"
