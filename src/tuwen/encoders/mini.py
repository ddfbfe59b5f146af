"""The built-in encoder: a small bilingual dual encoder that needs no download."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tuwen.arrays import Array
from tuwen.encoders.base import Encoder, Source, opened
from tuwen.errors import Damaged
from tuwen.files import checksum, read_arrays, read_json
from tuwen.pixels import resized

WEIGHTS = Path(__file__).parent / "weights" / "mini"

#: Only this much of a text is read: the encoder knows captions, not articles.
MAX_CHARACTERS = 2_000
#: Longer words get no sub-words; they are seldom words.
MAX_WORD = 24

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUNS = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<word>[^\W_{_HAN}]+)|(?P<mark>[^\w\s])")


def normalise(text: str) -> str:
    """The text as the encoder sees it: NFKC, lower case, no accents, single spaces."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower()
    if not text.isascii():
        parts = unicodedata.normalize("NFD", text)
        text = "".join(c for c in parts if not "\u0300" <= c <= "\u036f")
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def tokens(text: str) -> Iterator[str]:
    """Overlapping pieces of a text, of which the encoder keeps those in its vocabulary.

    Chinese gives characters, pairs and triples of characters. Other scripts give words, pairs of words
    (`black dog`) and sub-words of three to five letters (`~<dog`). Other symbols stand for themselves.
    """
    before = ""
    for match in _RUNS.finditer(normalise(text)):
        run = match.group()
        if match.lastgroup == "han":
            for size in (1, 2, 3):
                for start in range(len(run) - size + 1):
                    yield run[start : start + size]
            before = ""
        elif match.lastgroup == "word":
            yield run
            if before:
                yield f"{before} {run}"
            before = run
            if len(run) <= MAX_WORD:
                padded = f"<{run}>"
                for size in (3, 4, 5):
                    for start in range(len(padded) - size + 1):
                        yield "~" + padded[start : start + size]
        else:
            yield run


class Mini(Encoder):
    """A bilingual dual encoder of a few megabytes: everyday photographs, Chinese and English captions.

    The picture tower is a small convolutional network run by ONNX Runtime; the text tower adds up
    learned vectors of the pieces of a text and passes the sum through a small network, in numpy.
    See `docs/mini.md` for what it was trained on and how well it does.
    """

    languages = ("en", "zh")
    runtime = "onnxruntime"
    parameters = 8_350_674

    def __init__(self, weights: Path = WEIGHTS) -> None:
        config = read_json(weights / "config.json")
        self.name = "mini"
        self.width = int(config["width"])
        self.image_size = int(config["image_size"])
        self.fingerprint = str(config["fingerprint"])
        self._weights = weights
        self._checksums: dict[str, str] = dict(config["sha256"])
        self._lock = threading.Lock()
        self._session_made: Any = None

    def prepare(self, image: Source) -> Array:
        """One picture as (size, size, 3) uint8, squashed to a square.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        size = self.image_size
        # a box reduction first makes large pictures cheap, and the rest smooth
        picture = resized(opened(image, size), (size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return np.asarray(picture)

    def _encode_images(self, pixels: Array) -> Array:
        if not len(pixels):
            return np.empty((0, self.width), dtype=np.float32)
        # few at a time: the activations of more fall out of the processor's cache
        session, pixels = self._session, np.ascontiguousarray(pixels)
        parts = [session.run(None, {"pixels": pixels[at : at + 8]})[0] for at in range(0, len(pixels), 8)]
        return np.concatenate(parts)

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        tower = self._text
        vocabulary: dict[str, int] = tower["vocabulary"]
        # row 0 is the learned start of every sum, so that no text is empty
        rows: list[int] = []
        starts: list[int] = []
        for text in texts:
            starts.append(len(rows))
            rows.append(0)
            rows.extend(row for piece in tokens(text) if (row := vocabulary.get(piece)) is not None)
        ids = np.asarray(rows, dtype=np.int64)
        vectors = tower["table"][ids].astype(np.float32) * tower["scale"][ids, None]
        counts = np.diff(np.append(starts, len(rows)))[:, None]
        total = np.add.reduceat(vectors, starts, axis=0) / np.sqrt(counts)
        hidden = np.maximum(_product(total, tower["hidden"]) + tower["hidden_bias"], 0)
        direct = _product(total, tower["direct"])
        return np.asarray(direct + _product(hidden, tower["output"]) + tower["output_bias"])

    @property
    def _session(self) -> Any:
        """The picture tower, loaded at first use."""
        with self._lock:
            if self._session_made is None:
                import onnxruntime

                options = onnxruntime.SessionOptions()
                options.log_severity_level = 3
                # waiting threads sleep: pictures are decoded on the same cores
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")
                self._session_made = onnxruntime.InferenceSession(
                    self._checked("image.onnx"), options, providers=["CPUExecutionProvider"]
                )
            return self._session_made

    @cached_property
    def _text(self) -> dict[str, Any]:
        """The text tower, loaded at first use."""
        arrays = read_arrays(self._checked("text.npz"))
        pieces = arrays["pieces"].tobytes().decode("utf-8").split("\n")
        tower: dict[str, Any] = {
            name: value.astype(np.float32)
            for name, value in arrays.items()
            if name not in ("pieces", "table")
        }
        tower["table"] = arrays["table"]
        tower["vocabulary"] = {piece: row for row, piece in enumerate(pieces, start=1)}
        return tower

    def _checked(self, name: str) -> Path:
        path = self._weights / name
        if checksum(path) != self._checksums[name]:
            raise Damaged(f"{path} is not the file that was released; reinstall tuwen")
        return path


def _product(rows: Array, matrix: Array) -> Array:
    """Matrix product (n, k) (k, d) on the calling thread.

    The matrices are so small that the threads of a BLAS only wait for each other, up to a hundred
    times as long as this takes where other work keeps the cores busy.
    """
    return np.asarray(np.einsum("nk,kd->nd", rows, matrix))
