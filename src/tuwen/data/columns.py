"""Which column holds what, and what the cells of a row become."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from tuwen.errors import InputError, unknown

# names by which columns are known, best first; compared in lower case
IMAGE = (
    "image", "images", "img", "image_path", "img_path", "image_file", "picture", "photo", "image_name",
    "path", "file", "file_path", "filepath", "file_name", "filename", "图片", "图像", "图片路径",
    "照片", "文件名",
)  # fmt: skip
TEXT = (
    "text", "texts", "caption", "captions", "sentence", "sentences", "title", "headline", "description",
    "comment", "query", "文本", "描述", "标题", "说明", "内容", "图说",
)  # fmt: skip
ID = ("id", "item_id", "编号", "序号")
IMAGE_ID = ("image_id", "img_id", "图片编号")
TEXT_ID = ("text_id", "caption_id", "query_id", "文本编号")
ENTITY = ("entity", "entity_id")
LABEL = ("label", "class", "category", "类别", "标签", "分类")

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+([eE][-+]?\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Columns:
    """The part each column plays; what plays none is metadata."""

    image: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    id: str | None = None
    image_id: str | None = None
    text_id: str | None = None
    entity: str | None = None
    label: str | None = None
    metadata: tuple[str, ...] = ()

    def describe(self) -> str:
        """The parts in words: `images from 'image', texts from 'caption', metadata language`."""
        parts = [
            f"{what} from {', '.join(map(repr, names))}"
            for what, names in (("images", self.image), ("texts", self.text))
            if names
        ]
        parts += [
            f"{what} from {name!r}"
            for what, name in (
                ("ids", self.id),
                ("image ids", self.image_id),
                ("text ids", self.text_id),
                ("entities", self.entity),
                ("labels", self.label),
            )
            if name
        ]
        return ", ".join(parts) + (f", metadata {', '.join(self.metadata)}" if self.metadata else "")


def assign(
    names: Sequence[str],
    *,
    image: str | Sequence[str] | None = None,
    text: str | Sequence[str] | None = None,
    id: str | None = None,
    label: str | None = None,
) -> Columns:
    """Give each column its part: as named, else by the names columns usually have.

    Args:
        names: The columns there are.
        image: Column or columns of pictures (`"front,back"` or a list).
        text: Column or columns of texts.
        id: Column of ids.
        label: Column of class names.

    Raises:
        UnknownName: A named column is not there.
        InputError: No column holds pictures or texts.
    """
    known = [name for name in names if name]
    images, texts = _named(image, known), _named(text, known)
    named = {*images, *texts, *_named(id, known), *_named(label, known)}
    free = [name for name in known if name not in named]
    images = images or _usual(IMAGE, free)
    free = [name for name in free if name not in images]
    texts = texts or _usual(TEXT, free)
    if not images and not texts:
        raise InputError(
            f"none of the columns {', '.join(map(repr, known[:12]))} is known to hold pictures or texts; "
            "name them with --image-column or --text-column"
        )

    def part(usual: Sequence[str]) -> str | None:
        return next(iter(_usual(usual, [name for name in free if name not in texts])), None)

    parts = {
        "id": id or part(ID),
        "image_id": part(IMAGE_ID) if images else None,
        "text_id": part(TEXT_ID) if texts else None,
        "entity": part(ENTITY),
        "label": label or part(LABEL),
    }
    # a label column stays metadata too, so that filters know it by the name that it has in the table
    taken = {*images, *texts, *parts.values()} - ({parts["label"]} - {"label"})
    rest = tuple(name for name in known if name not in taken)
    return Columns(images, texts, **parts, metadata=rest)


def values_of(cell: object) -> list[Any]:
    """The values of a cell that may hold a list; empty ones are left out."""
    cells = cell if isinstance(cell, list | tuple) else [cell]
    return [
        value for value in cells if value is not None and not (isinstance(value, str) and not value.strip())
    ]


def name_of(cell: object) -> str | None:
    """An id, entity or label as a string; None when the cell is empty."""
    if cell is None or isinstance(cell, list | dict | bytes) or cell != cell:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # Parquet and JSON writers turn a column of ids with a gap into floats
    return str(cell).strip() or None


def metadata_of(values: dict[str, Any], names: Iterable[str], typed: bool) -> dict[str, Any]:
    """The metadata of a row as JSON values; empty cells are left out.

    Args:
        values: The row.
        names: Its metadata columns.
        typed: Whether cells have types of their own; else numbers and true/false are read from text.
    """
    found = {name: _plain(values.get(name)) if typed else _from_text(values.get(name)) for name in names}
    return {name: value for name, value in found.items() if value is not None and value != ""}


def _named(wanted: str | Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    if wanted is None:
        return ()
    if isinstance(wanted, str):
        wanted = [wanted] if wanted in known else [name.strip() for name in wanted.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise unknown("column", name, known)
    return tuple(wanted)


def _usual(usual: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    lower = {name.strip().lower(): name for name in reversed(known)}
    return next(((lower[name],) for name in usual if name in lower), ())


def _from_text(cell: Any) -> Any:
    if not isinstance(cell, str):
        return _plain(cell)
    text = cell.strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text


def _plain(cell: Any) -> Any:
    """A cell as JSON can hold it; bytes and not-a-number become None."""
    if isinstance(cell, dict):
        return {str(name): _plain(value) for name, value in cell.items()}
    if isinstance(cell, list | tuple):
        return [_plain(value) for value in cell]
    if isinstance(cell, date | datetime | time):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return _plain(float(cell))
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    return cell if isinstance(cell, str | int | float | bool) else None
