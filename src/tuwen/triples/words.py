"""Words of Chinese text with their parts of speech; names, works, dates and numbers whole."""

from __future__ import annotations

import re
import threading
import unicodedata
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tuwen.errors import MissingExtra
from tuwen.triples.lexicon import FAMILY, FOREIGN, KINDS_OF, WORDS

#: N thing, V verb, A adjective, D adverb, M number, T time, U 的, B 把, P 被, Y 由, S 是, Q other
#: preposition, C 和, K colon, F what ends a thing (上, 们), I idiom, X what is passed over.
KINDS = "NVADMTUBPYSQCKFIX"

_HAN = re.compile(r"[\u3400-\u9fff]")
_LONGEST_RUN = 1000  # characters of a clause: time grows with the square, jieba's and the rules'
_LONGEST_QUOTE = 15
_LOCK = threading.RLock()

_ASIDE = re.compile(r"[(（\[【][^()（）\[\]【】]{0,60}[)）\]】]")
# 4、 or the name of a section before the first word
_COUNT = re.compile(r"^\s*(?:\d{1,2}[、.．](?!\d)|(?:公司|人物|个人|内容|剧情|作者)简介|基本(?:信息|资料))")
_CLAUSE = re.compile(r"[，。；！？,;!?…\n]+|(?<![0-9A-Za-z])\s+|\s+(?![0-9A-Za-z])|[—-]{2,}")
_MARKED = (
    r"《(?P<work>[^《》]{1,60})》"
    rf"|[“\"「](?P<quoted>[^“”\"「」]{{1,{_LONGEST_QUOTE}}})[”\"」]"
    rf"|(?P<foreign>[{FOREIGN}]{{1,6}}(?:[·•・][{FOREIGN}{FAMILY}]{{1,8}})+)"
    r"|(?P<date>\d{4}[-./]\d{1,2}[-./]\d{1,2}|(?:\d{2,4}年)?(?:\d{1,2}月)?\d{1,2}日|\d{4}年(?:\d{1,2}月)?)"
    r"|(?P<latin>[A-Za-z][A-Za-z0-9.&'-]*(?: [A-Za-z][A-Za-z0-9.&'-]*)*)"
    r"|(?P<number>[约近超]?\d+(?:[.,]\d+)*[%％万亿余多千百]*(?:美元|元|人|米|公里|平方米|亩|平米|岁|名|人民币)?)"
)
_PARTS = {"name": "N", "work": "N", "quoted": "N", "foreign": "N", "latin": "N", "date": "T", "number": "M"}
_TAGS = (
    (("ns", "nr", "nt", "nz", "n", "s", "j", "eng", "vn", "an", "ng", "r", "zg", "g", "b", "q"), "N"),
    (("v",), "V"),
    (("a", "z", "ag"), "A"),
    (("d", "ad", "vd"), "D"),
    (("m",), "M"),
    (("t",), "T"),
    (("p",), "Q"),
    (("f", "k"), "F"),
    (("i", "l"), "I"),
)
# letters and digits of full width; punctuation stays as Chinese writes it
_WIDE = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}


@dataclass(slots=True)
class Phrase:
    """Words that stand for one thing, or one word.

    Attributes:
        kind: One of `KINDS`.
        text: The words.
        tag: jieba's tag of the last word, or what the text shows: `work` of 《》, `date`, `number`, ...
        items: Texts of the members of a list (甲、乙和丙); of anything else its text alone.
        owner: What stands before 的.
        head: What stands after it; else the text.
    """

    kind: str
    text: str
    tag: str = ""
    items: tuple[str, ...] = ()
    owner: str = ""
    head: str = ""

    def __post_init__(self) -> None:
        self.items = self.items or (self.text,)
        self.head = self.head or self.text

    @property
    def is_person(self) -> bool:
        """Whether it is a name that people have."""
        return self.tag in ("nr", "nrfg", "nrt", "foreign") and 2 <= len(self.items[-1]) <= 15

    @property
    def marked(self) -> bool:
        """Whether the text itself, or the user, says that it is one name."""
        return self.tag in ("name", "work", "quoted", "foreign")


def has_chinese(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return _HAN.search(text) is not None


def clauses(text: str, names: tuple[str, ...] = ()) -> Iterator[list[Phrase]]:
    """The words of each clause of a text; asides in brackets are left out.

    Args:
        text: The text.
        names: Names to keep whole, longest first.

    Raises:
        MissingExtra: The text has Chinese in it and jieba is not installed.
    """
    text = unicodedata.normalize("NFC", text).translate(_WIDE)
    text = re.sub(r"([:：])\s+", r"\1", _COUNT.sub("", _outside_names(text)))
    pattern = _pattern(names)
    for start, end in _spans(text, pattern):
        words = list(_words(text[start:end], pattern))
        if words:
            yield words


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """What is kept whole: names that the user gave, and what the text itself marks."""
    given = "|".join(map(re.escape, names))
    return re.compile(f"(?P<name>{given})|{_MARKED}" if given else _MARKED)


def _outside_names(text: str) -> str:
    """The text without asides, except those within 《》."""
    kept = re.split(r"(《[^《》]{1,60}》)", text)
    return "".join(part if place % 2 else _ASIDE.sub("", part) for place, part in enumerate(kept))


def _spans(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Begin and end of the clauses: at punctuation and blanks that are not within a name."""
    names = [named.span() for named in pattern.finditer(text)]
    ends = [end for _, end in names]
    marks = [mark.span() for mark in _CLAUSE.finditer(text)]
    cuts = []
    for left, right in marks:
        place = bisect_right(ends, left)  # the first name that ends after the mark begins
        if place == len(names) or names[place][0] >= right:
            cuts.append((left, right))
    start = 0
    for left, right in [*cuts, (len(text), len(text))]:
        for begin in range(start, left, _LONGEST_RUN):
            yield begin, min(begin + _LONGEST_RUN, left)
        start = right


def _words(clause: str, pattern: re.Pattern[str]) -> Iterator[Phrase]:
    end = 0
    for named in pattern.finditer(clause):
        yield from _tagged(clause[end : named.start()])
        part = named.lastgroup or ""
        yield Phrase(_PARTS[part], named[part].strip(), part)
        end = named.end()
    yield from _tagged(clause[end:])


def _tagged(text: str) -> Iterator[Phrase]:
    for word, tag in _tagger().lcut(text):
        if word.strip():
            yield Phrase(_kind(word, tag), word, tag)


def _kind(word: str, tag: str) -> str:
    if word in KINDS_OF:
        return KINDS_OF[word]
    for tags, kind in _TAGS:
        if tag in tags or (len(tag) > 2 and tag[:2] in tags):
            return kind
    return "X"


@cache
def _tagger() -> Any:
    """The tagger of jieba with its dictionary filled in here.

    Left alone, jieba unmarshals `jieba.cache` from the temporary folder, where anybody may have put it.
    """
    with _LOCK:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its own source warns when it is compiled
                import jieba
                import jieba.posseg as posseg
        except ImportError as error:
            raise MissingExtra(
                "finding triples in Chinese needs jieba; install it with: pip install 'tuwen[classic]'"
            ) from error
        tokenizer = jieba.Tokenizer()
        with (Path(jieba.__file__).parent / "dict.txt").open(encoding="utf-8") as lines:
            counts = {word: int(count) for word, count in (line.split(" ", 2)[:2] for line in lines)}
        for word in WORDS:
            counts[word] = max(counts.get(word, 0), 2000)
        for word in list(counts):
            for end in range(1, len(word)):
                counts.setdefault(word[:end], 0)
        tokenizer.FREQ, tokenizer.total, tokenizer.initialized = counts, sum(counts.values()), True
        tagger = posseg.POSTokenizer.__new__(posseg.POSTokenizer)
        tagger.tokenizer = tokenizer
        tagger.word_tag_tab = {**posseg.dt.word_tag_tab, **dict.fromkeys(WORDS, "n")}
        return tagger
