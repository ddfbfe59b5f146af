"""Files of word vectors: word2vec text and binary, GloVe, fastText .vec, and arrays with a vocabulary."""

from __future__ import annotations

import gzip
import re
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO

import numpy as np

from tuwen.arrays import Array, check_matrix
from tuwen.encoders.inputs.words import normal
from tuwen.errors import Damaged, InputError
from tuwen.files import read_arrays, read_json

_LISTED = 20
_PEEK = 20
_FASTTEXT = (793712314).to_bytes(4, "little")  # the magic number of a fastText model
_HEADER = re.compile(rb"(\d+) (\d+)\s*")
_CHUNK = 1 << 20


class WordVectors:
    """The vectors of a file, in its order, which by custom is from the commonest word to the rarest.

    Words are brought to the form that `Words.cut` gives: of `The` and `the` the first one counts.

    Attributes:
        words: One a row.
        broken: Lines and entries that could not be read.
        repeated: Entries whose word was there before.
        notes: The first twenty broken lines, with the reason.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self.broken = 0
        self.repeated = 0
        self.notes: list[str] = []
        self._seen: set[str] = set()
        self._rows = bytearray()  # grows in place, where joining blocks would need the memory twice
        self._width = 0

    def __len__(self) -> int:
        return len(self.words)

    @property
    def vectors(self) -> Array:
        """(n, width) float32."""
        return np.frombuffer(self._rows, dtype=np.float32).reshape(len(self), self._width)

    def add(self, word: str, vector: Array, place: str) -> None:
        """Take a word and its vector, unless they are of no use."""
        word = normal(word).strip()
        if not word or "\n" in word:
            self.refuse(place, "no word")
        elif not np.isfinite(vector).all():
            self.refuse(place, "NaN or infinite values")
        elif word in self._seen:
            self.repeated += 1
        else:
            self._seen.add(word)
            self.words.append(word)
            self._rows += vector.astype(np.float32).tobytes()
            self._width = len(vector)

    def refuse(self, place: str, reason: str) -> None:
        """Count a line or entry that cannot be read."""
        self.broken += 1
        if len(self.notes) < _LISTED:
            self.notes.append(f"{place}: {reason}")


def read_vectors(path: Path, limit: int = 500_000) -> WordVectors:
    """Read a file of word vectors, or a folder that holds one.

    Text: a word and its numbers a line, with a first line `count width` (word2vec, fastText) or without
    (GloVe), gzipped or not. Binary: word2vec's `.bin`. Arrays: a matrix in `.npz` or `.npy`; its words
    stand in the same `.npz`, or beside it in a `.json` (a list, or word to row) or `.txt`.

    Args:
        path: The file or folder.
        limit: Rows to read at most, from the first.

    Raises:
        InputError: It is none of these, or most of its lines are broken.
        Damaged: A binary file ends too early.
    """
    if limit < 1:
        raise InputError(f"limit is {limit}; it must be at least 1")
    file = _file_in(path) if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"there is no file of word vectors at {path}")
    found = WordVectors()
    if file.suffix in (".npz", ".npy"):
        _read_arrays(file, limit, found)
    else:
        try:
            with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
                _read_stream(stream, file, limit, found)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Damaged(f"{file} is no whole gzip file ({error}); download it again") from error
    if found.broken > len(found) + found.repeated:
        notes = "; ".join(found.notes[:3])
        raise InputError(f"{file} holds no word vectors: {found.broken} lines cannot be read ({notes})")
    if not len(found):
        raise InputError(f"{file} holds no word vectors")
    return found


def _file_in(folder: Path) -> Path:
    """The one file of vectors in a folder."""
    kinds = (".npz", ".npy", ".bin", ".vec", ".glove", ".w2v", ".gz")
    files = sorted(file for file in folder.iterdir() if file.suffix in kinds)
    files = files or sorted(folder.glob("*.txt"))
    if len(files) != 1:
        names = ", ".join(file.name for file in files[:4]) or "none"
        raise InputError(f"{folder} should hold one file of word vectors, but has {names}; name the file")
    return files[0]


def _read_stream(stream: IO[bytes] | gzip.GzipFile, file: Path, limit: int, found: WordVectors) -> None:
    first = stream.readline(4096)
    if first[:4] == _FASTTEXT:
        raise InputError(f"{file} is a fastText model; take the word vectors published beside it (.vec)")
    if first[:1] == b"\x80" and first[1:2] in b"\x02\x03\x04\x05":
        raise InputError(
            f"{file} is pickled, which could run anything when opened; "
            "export it once with gensim's save_word2vec_format and take that file"
        )
    header = _HEADER.fullmatch(first)
    if not header:
        stream.seek(0)
        _read_lines(iter(stream), 0, 1, limit, found)
        return
    count, width = int(header[1]), int(header[2])
    start = stream.tell()
    if width and _is_binary(stream.read(_CHUNK)):
        stream.seek(start)
        _read_binary(stream, file, min(count, limit), width, found)
    else:
        stream.seek(start)
        _read_lines(iter(stream), width, 2, limit, found)


def _is_binary(piece: bytes) -> bool:
    """Numbers in text need few bytes: no zeros, and none of the other control characters."""
    return any(byte < 9 or 13 < byte < 28 for byte in piece[:4096])


def _read_lines(lines: Iterator[bytes], width: int, number: int, limit: int, found: WordVectors) -> None:
    """Lines of a word and its numbers; `width` 0 means what most of the first lines have."""
    if not width:
        first = list(islice(lines, _PEEK))
        widths = Counter(len(line.split()) - 1 for line in first)
        width = max(widths, key=lambda value: (widths[value], value), default=0)
        lines = chain(first, lines)
    with warnings.catch_warnings():
        # today's numpy only warns when text is no number
        warnings.simplefilter("error", DeprecationWarning)
        for place, line in enumerate(islice(lines, limit), number):
            _take_line(line, width, f"line {place}", found)


def _take_line(line: bytes, width: int, place: str, found: WordVectors) -> None:
    try:
        text = line.decode("utf-8").rstrip()
    except UnicodeDecodeError:
        found.refuse(place, "not UTF-8")
        return
    word, _, numbers = text.partition(" ")
    vector = _numbers(numbers)
    if vector is None or len(vector) != width:  # the word may have spaces in it, or tabs behind it
        parts = text.rsplit(None, width)
        word, vector = parts[0] if parts else "", _numbers(" ".join(parts[1:]))
    if vector is None or not width or len(vector) != width:
        found.refuse(place, f"not a word and {width} numbers")
    else:
        found.add(word, vector, place)


def _numbers(text: str) -> Array | None:
    """Numbers with spaces between; None when one is not."""
    if not text:
        return None
    try:
        return np.fromstring(text, dtype=np.float32, sep=" ")
    except (ValueError, DeprecationWarning):
        return None


def _read_binary(
    stream: IO[bytes] | gzip.GzipFile, file: Path, count: int, width: int, found: WordVectors
) -> None:
    """For each word: its bytes, a space, and its float32 numbers; some writers end it with a newline."""
    size = 4 * width
    rest = b""
    for place in range(count):
        while (end := rest.find(b" ")) < 0 or len(rest) < end + 1 + size:
            more = stream.read(max(_CHUNK, size))
            if not more:
                raise Damaged(f"{file} ends after {place} of {count} vectors; download it again")
            rest += more
        word, values = rest[:end], rest[end + 1 : end + 1 + size]
        rest = rest[end + 1 + size :]
        try:
            found.add(word.lstrip(b"\n").decode("utf-8"), np.frombuffer(values, "<f4"), f"entry {place + 1}")
        except UnicodeDecodeError:
            found.refuse(f"entry {place + 1}", "not UTF-8")


def _read_arrays(file: Path, limit: int, found: WordVectors) -> None:
    arrays = read_arrays(file) if file.suffix == ".npz" else {"vectors": _matrix(file)}
    matrices = [value for value in arrays.values() if value.ndim == 2 and value.dtype.kind == "f"]
    lists = [value for value in arrays.values() if value.ndim == 1 and value.dtype.kind == "U"]
    if len(matrices) != 1:
        raise InputError(f"{file} should hold one matrix of vectors, but has {len(matrices)}")
    words: list[str] = [str(word) for word in lists[0]] if lists else _words_beside(file)
    if len(words) != len(matrices[0]):
        raise InputError(f"{file} has {len(matrices[0])} vectors, but there are {len(words)} words")
    for place, (word, vector) in enumerate(zip(words[:limit], matrices[0], strict=False)):
        found.add(word, vector, f"row {place}")


def _matrix(file: Path) -> Array:
    try:
        return check_matrix(file.name, np.load(file, allow_pickle=False, mmap_mode="r"))
    except (ValueError, OSError, EOFError) as error:
        raise Damaged(f"{file} is not an .npy file of a plain matrix ({error})") from error


def _words_beside(file: Path) -> list[str]:
    """The words of a matrix from the one `.json` or `.txt` in its folder."""
    beside = sorted(path for path in file.parent.iterdir() if path.suffix in (".json", ".txt"))
    named = [
        path for path in beside if path.stem == file.stem or "vocab" in path.stem or path.stem == "words"
    ]
    if len(named) != 1:
        raise InputError(
            f"the words of {file.name} are missing: put them beside it in vocab.json (a list, or word to "
            f"row) or vocab.txt (a word a line); there are {len(named)} such files"
        )
    if named[0].suffix == ".txt":
        return named[0].read_text(encoding="utf-8").splitlines()
    value = read_json(named[0])
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return value
    if isinstance(value, dict) and sorted(_ranks(value.values())) == list(range(len(value))):
        return sorted(value, key=lambda word: int(value[word]))
    raise InputError(f"{named[0]} is neither a list of words nor a table of words and rows from 0 on")


def _ranks(values: Iterable[object]) -> list[int]:
    return [value for value in values if isinstance(value, int)]
