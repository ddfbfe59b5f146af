"""Words of a text: Chinese cut by jieba, other words and numbers beside them."""

from __future__ import annotations

import re
import threading
import unicodedata
import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tuwen.errors import InputError, MissingExtra

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# a Chinese run takes Latin letters and digits along: T恤 is a word of the dictionary
_PIECE = re.compile(
    rf"(?P<chinese>[a-z0-9]*[{_HAN}][{_HAN}a-z0-9]*)"
    rf"|\d+(?:[.,]\d+)+"
    rf"|(?:(?![{_HAN}])[^\W_])+(?:'(?:(?![{_HAN}])[^\W_])+)*"
)
_CHINESE = re.compile(rf"[{_HAN}]")
_LONGEST_RUN = 1000  # jieba's time grows with the square of a run of unknown characters
_LOCK = threading.RLock()


class Words:
    """Cuts texts to words, lower-cased and of one Unicode form (NFKC).

    Chinese runs are cut by jieba 0.42 (dictionary and hidden Markov model); what is not Chinese is cut
    at spaces and punctuation. `man's` is `man`, `don't` and `3.5` stay whole. Only Chinese text needs
    jieba.

    Args:
        dictionary: Lines of a user dictionary as jieba has them, `word`, `word count` or
            `word count tag`: words to keep whole. Count 0 takes a word out.
        stop: Words to leave out.
    """

    def __init__(self, dictionary: Iterable[str] = (), stop: Iterable[str] = ()) -> None:
        self._entries = tuple(entry for line in dictionary if (entry := _entry(line)))
        self._stop = frozenset(normal(word).strip() for word in stop)
        self._jieba: Any = None

    def cut(self, text: str) -> list[str]:
        """The words of a text, in order; none of a text without letters, digits or characters.

        Raises:
            MissingExtra: The text has Chinese in it and jieba is not installed.
        """
        found: list[str] = []
        for piece in _PIECE.finditer(normal(text)):
            word = piece.group()
            if piece.lastgroup == "chinese":
                for start in range(0, len(word), _LONGEST_RUN):
                    found += self._cutter().lcut(word[start : start + _LONGEST_RUN])
            else:
                found.append(word.removesuffix("'s"))
        return [word for word in found if word not in self._stop] if self._stop else found

    def _cutter(self) -> Any:
        if self._jieba is None:
            with _LOCK:
                if self._jieba is None:
                    self._jieba = _tokenizer(self._entries)
        return self._jieba


def normal(text: str) -> str:
    """One form for what looks alike: NFKC, straight apostrophes, lower case."""
    return unicodedata.normalize("NFKC", text).replace("’", "'").lower()


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return _CHINESE.search(text) is not None


def read_lines(path: Path, kind: str) -> list[str]:
    """The lines of a word list in UTF-8, without blank ones.

    Args:
        path: The file.
        kind: What it is, for the message: "user dictionary".

    Raises:
        InputError: The file cannot be read or is not UTF-8.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"the {kind} {path} is not UTF-8 ({error}); save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"the {kind} {path} cannot be read ({error.strerror})") from error
    return [stripped for line in text.splitlines() if (stripped := line.strip())]


def _entry(line: str) -> tuple[str, int | None] | None:
    """Word and count of a line of a user dictionary; a word may have spaces in it, a count never."""
    found = re.fullmatch(r"(.+?)(?:\s+(\d+))?(?:\s+[a-z]+)?", normal(line).strip())
    if not found:
        return None
    return found[1], int(found[2]) if found[2] else None


def _tokenizer(entries: tuple[tuple[str, int | None], ...]) -> Any:
    """A jieba tokenizer with its dictionary filled in here.

    Left alone, jieba unmarshals `jieba.cache` from the temporary folder, where anybody may have put
    it, and logs to stderr; a tokenizer that counts as initialised does neither.
    """
    tokenizer = _jieba().Tokenizer()
    counts, total = _counts()
    tokenizer.FREQ, tokenizer.total = (dict(counts) if entries else counts), total
    tokenizer.initialized = True
    for word, count in entries:
        if count is None:
            count = tokenizer.suggest_freq(word)  # as many as it takes to keep the word whole
        tokenizer.total += count - tokenizer.FREQ.get(word, 0)
        tokenizer.FREQ[word] = count
        for end in range(1, len(word)):
            tokenizer.FREQ.setdefault(word[:end], 0)
    return tokenizer


@cache
def _counts() -> tuple[dict[str, int], int]:
    """The dictionary of jieba, lower-cased: count by word, 0 for what only begins one; and the sum."""
    counts: dict[str, int] = {}
    total = 0
    path = Path(_jieba().__file__).parent / "dict.txt"
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            word, number = line.split(" ", 2)[:2]
            count = int(number)
            word = word.lower()
            counts[word] = counts.get(word, 0) + count
            total += count
    for word in list(counts):
        for end in range(1, len(word)):
            counts.setdefault(word[:end], 0)
    return counts, total


@cache
def _jieba() -> Any:
    """The module; its own source warns when it is compiled, and it asks for a deprecated package."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import jieba
    except ImportError as error:
        raise MissingExtra(
            "cutting Chinese to words needs jieba; install it with: pip install 'tuwen[classic]' "
            "(units='characters' needs no jieba)"
        ) from error
    return jieba
