"""Headlines from a table, and what was used from another; what cannot be read is listed."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from tuwen.data import open_source
from tuwen.data.lines import encoding_of, read_lines
from tuwen.errors import InputError
from tuwen.illustrate.base import Library, Query
from tuwen.records import Record, Refusal

_NAMES = ("id", "item_id", "image_id", "picture", "image", "photo", "path", "file", "编号", "图片", "文件名")
_DAYS = ("date", "day", "used", "used_on", "published", "日期", "使用日期", "时间")
_SPAN = re.compile(r"(\d+)\s*(d|w|m|y|天|周|月|年)?")
_UNITS = {"d": 1, "天": 1, "w": 7, "周": 7, "m": 30, "月": 30, "y": 365, "年": 365}
_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")


def read_queries(path: Path, **columns: Any) -> tuple[list[Query], list[Refusal]]:
    """Questions from a table, a file of lines, a folder of pictures or one picture.

    Of a row, the text is the headline, the picture its draft, the label its class. Rows without an id are
    named by their numbers, pictures of a folder by their files.

    Args:
        path: As `data.open_source` takes it.
        columns: Further arguments of `open_source`.

    Raises:
        InputError: It is no such file.
    """
    queries: list[Query] = []
    refusals: list[Refusal] = []
    for number, record in enumerate(open_source(path, **columns).records(), start=1):
        if isinstance(record, Refusal):
            refusals.append(record)
        else:
            queries.append(_query(record, number))
    # files of one name in several folders are told apart by where they lie
    files = [query.picture for query in queries if query.picture is not None and not query.id]
    names = dict(zip(files, (name for name, _ in named(files)), strict=True))
    return [
        replace(query, id=names[query.picture]) if not query.id and query.picture is not None else query
        for query in queries
    ], refusals


def named(files: Sequence[Path]) -> list[tuple[str, Path]]:
    """Pictures with the names of their files, or with their paths where files share a name."""
    counts = Counter(file.name for file in files)
    return [(file.name if counts[file.name] == 1 else str(file), file) for file in files]


def read_used(path: Path, library: Library, today: date) -> tuple[dict[str, date], list[Refusal]]:
    """The day on which each picture was last used, by id, and lines that say nothing of the library.

    Args:
        path: CSV or TSV: a column of ids, or of the pictures' files, and one of days. Without a header the
            first column names the picture, the second the day. Where there is no day, it was today.
        library: Whose pictures they are.
        today: The day that is meant where none stands.

    Raises:
        InputError: The file cannot be read, or no column names pictures.
    """
    if not path.is_file():
        raise InputError(f"{path} is not there; name a table of pictures and days, such as: id,date")
    by_name = _names(library)
    used: dict[str, date] = {}
    refusals: list[Refusal] = []
    for place, name, day in _lines(path):
        identifier = by_name.get(name) or by_name.get(PurePosixPath(name.replace("\\", "/")).name)
        when = _day(day) if day else today
        if identifier is None:
            reason = f"{place}: the library has no picture {name!r}"
            refusals.append(Refusal(item=place, code="unknown-id", reason=reason))
        elif when is None:
            reason = f"{place}: {day!r} is no day; write it as 2026-05-31"
            refusals.append(Refusal(item=place, code="bad-date", reason=reason))
        else:
            used[identifier] = max(when, used.get(identifier, when))
    return used, refusals


def span(text: str) -> timedelta:
    """A length of time such as `30d`, `2w`, `6m`, `1y` or `30`, which are days.

    Raises:
        InputError: It is none.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise InputError(f"{text!r} is no length of time; write it as 30d, 2w, 6m or 1y")
    return timedelta(days=int(match.group(1)) * _UNITS[match.group(2) or "d"])


def _query(record: Record, number: int) -> Query:
    text = record.texts[0].text if record.texts else ""
    picture = record.images[0] if record.images else None
    names = [record.entity, *(text.id for text in record.texts), *(image.id for image in record.images)]
    file = picture.file if picture is not None else None
    unnamed = "" if file is not None and not text else str(number)
    return Query(
        id=next((name for name in names if name), unnamed),
        text=text,
        picture=file,
        label=record.label or "",
    )


def _names(library: Library) -> dict[str, str]:
    """The id of each picture by all that may name it."""
    named: dict[str, str] = {}
    for name, path in zip(library.ids, library.pictures, strict=True):
        if path:
            named.setdefault(Path(path).name, name)
            named[path] = name
    return named | {name: name for name, path in zip(library.ids, library.pictures, strict=True) if path}


def _lines(path: Path) -> Iterator[tuple[str, str, str]]:
    """Place, name and day of each line."""
    if not path.stat().st_size:
        return  # nothing was used yet
    numbered = list(read_lines(path, encoding_of(path)))
    tabs = "\t" in numbered[0][1]
    rows = [
        (number, next(iter(csv.reader([line], delimiter="\t" if tabs else ",")), []))
        for number, line in numbered
        if line.strip()
    ]
    head = [cell.strip().lower() for cell in rows[0][1]]
    names = [column for column, name in enumerate(head) if name in _NAMES]
    days = [column for column, name in enumerate(head) if name in _DAYS]
    if names:
        rows = rows[1:]
    elif days:
        raise InputError(f"{path} has the columns {', '.join(head)}; none names pictures: call one id")
    first, second = (names or [0])[0], (days or [1 if not names else -1])[0]
    for number, cells in rows:
        name = cells[first].strip() if first < len(cells) else ""
        if name:
            yield f"{path.name}:{number}", name, cells[second].strip() if 0 <= second < len(cells) else ""


def _day(text: str) -> date | None:
    for form in _FORMS:
        try:
            return datetime.strptime(text[:11].split("T")[0].strip().split(" ")[0], form).date()
        except ValueError:
            continue
    return None
