"""Lines of text files in any of the encodings people have: UTF-8, GB18030, UTF-16."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tuwen.errors import InputError

MAX_LINE = 64 << 20
_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's mark, so it stands first
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path) -> str:
    """The encoding of a text file: by its mark, else the first that fits all of it.

    UTF-16, UTF-8 and GB18030 are tried. A file that fits none counts as the one that most of its bytes
    fit; `fault_of` finds its other lines.

    Raises:
        InputError: The file cannot be read, or is empty.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe") and path.stat().st_size <= len(head):
        raise InputError(f"{path} is empty; a file with rows is needed")
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    pairs = len(head) // 2
    for encoding, odd in (("utf-16-le", 1), ("utf-16-be", 0)):
        # the upper byte of Latin letters, digits and commas is zero in UTF-16, the lower one seldom
        upper, lower = head[odd::2].count(0), head[1 - odd :: 2].count(0)
        if pairs >= 4 and upper > 0.2 * pairs and lower < upper / 4:
            return encoding
    if _fits(path, "utf-8"):
        return "utf-8"
    return "gb18030" if _fits(path, "gb18030") or _mostly_gb18030(path) else "utf-8"


def read_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Lines with their number from 1, without their ends, a few at a time in memory.

    Bytes that the encoding does not have come as surrogates (see `fault_of`); a line longer than
    64 MiB is cut there.
    """
    errors = "replace" if "16" in encoding or "32" in encoding else "surrogateescape"
    with path.open(encoding=encoding, errors=errors) as stream:
        number = 0
        while line := stream.readline(MAX_LINE):
            number += 1
            whole = line.endswith("\n")
            yield number, line.removesuffix("\n")
            while not whole and len(line) == MAX_LINE:
                line = stream.readline(MAX_LINE)
                whole = line.endswith("\n")


def count_lines(path: Path) -> int:
    """How many line ends a file has, quickly."""
    count = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            count += block.count(b"\n")
    return count


class Fault(NamedTuple):
    """Why a row was not taken."""

    code: str
    reason: str


def fault_of(line: str) -> Fault | None:
    """What makes a line unusable: broken characters, zero bytes, endless length; None when it is fine."""
    if len(line) >= MAX_LINE:
        return Fault("line-too-long", f"it is longer than {MAX_LINE >> 20} MiB; is this a text file?")
    if "\0" in line:
        return Fault("nul-byte", "it holds zero bytes, so the file is damaged here or is not text")
    if not is_text(line):
        return Fault("bad-encoding", "it is not valid in the encoding of the file; save the file as UTF-8")
    return None


def is_text(value: str) -> bool:
    """Whether a string can be written as UTF-8: it has no lone surrogates."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _fits(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _mostly_gb18030(path: Path) -> bool:
    """Whether a file that no encoding fits is GB18030 with a few bad bytes rather than UTF-8 with some."""
    with path.open("rb") as stream:
        sample = stream.read(_BLOCK)
    wrong = [
        sum("\udc80" <= letter <= "\udcff" for letter in sample.decode(encoding, "surrogateescape"))
        for encoding in ("utf-8", "gb18030")
    ]
    return wrong[1] < wrong[0] / 4
