"""What people have, read record by record: folders, tables, and the layouts of known data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tuwen.data.base import Source
from tuwen.data.chinese_clip import IMAGES, TEXTS, ChineseClipSource
from tuwen.data.coco import CocoSource
from tuwen.data.flickr_token import LINE, FlickrTokenSource
from tuwen.data.folder import FolderSource
from tuwen.data.lines import encoding_of, read_lines
from tuwen.data.table import TableSource
from tuwen.data.text_lines import TextLinesSource
from tuwen.errors import InputError, unknown

__all__ = ["KINDS", "Source", "open_source"]

KINDS: tuple[str, ...] = (
    FolderSource.kind, TableSource.kind, ChineseClipSource.kind,
    CocoSource.kind, FlickrTokenSource.kind, TextLinesSource.kind,
)  # fmt: skip
_TABLES = frozenset((".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet"))


def open_source(
    path: str | Path,
    *,
    kind: str | None = None,
    image_column: str | Sequence[str] | None = None,
    text_column: str | Sequence[str] | None = None,
    id_column: str | None = None,
    label_column: str | None = None,
    pattern: str | Sequence[str] | None = None,
    recursive: bool = True,
    root: str | Path | None = None,
    encoding: str | None = None,
) -> Source:
    """The source that a path is: a folder of pictures, a table, a known layout, or one picture.

    Args:
        path: A folder or a file.
        kind: One of `KINDS`; found from the path and its first bytes when None.
        image_column: Tables: column or columns of pictures; found by usual names when None.
        text_column: Tables: column or columns of texts.
        id_column: Tables: column of ids.
        label_column: Tables: column of class names.
        pattern: Folders: shell patterns of the files to take, `!` in front leaves out.
        recursive: Folders: whether folders inside are read too.
        root: Where relative picture paths are looked for beside the table's own folder.
        encoding: Tables: of the text; found from its bytes when None.

    Raises:
        InputError: There is nothing at the path, or it cannot be read as a source.
        UnknownName: There is no such kind or column.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(f"{path} is not there; name a folder, a table or a picture")
    kind = kind or _kind(path)
    base = Path(root).expanduser() if root is not None else None
    if kind == FolderSource.kind:
        return FolderSource(path, pattern=pattern, recursive=recursive)
    if kind == ChineseClipSource.kind:
        return ChineseClipSource(path)
    if kind not in KINDS:
        raise unknown("kind of source", kind, KINDS)
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not a file"
        raise InputError(f"{path} is {what}; a source of kind {kind} is a file")
    if kind == CocoSource.kind:
        return CocoSource(path, root=base)
    if kind == FlickrTokenSource.kind:
        return FlickrTokenSource(path, root=base)
    if kind == TextLinesSource.kind:
        return TextLinesSource(path)
    return TableSource(
        path,
        image_column=image_column,
        text_column=text_column,
        id_column=id_column,
        label_column=label_column,
        root=base,
        encoding=encoding,
    )


def _kind(path: Path) -> str:
    if path.is_dir():
        layout = any(path.glob(f"*{IMAGES}")) or any(path.glob(f"*{TEXTS}"))
        return ChineseClipSource.kind if layout else FolderSource.kind
    if not path.is_file():
        return FolderSource.kind  # a pipe or a device, which is never opened; it is refused as a picture
    if path.name.endswith((IMAGES, TEXTS)):
        return ChineseClipSource.kind
    suffix = path.suffix.lower()
    if suffix in _TABLES:
        return TableSource.kind
    if suffix == ".json":
        return TableSource.kind if _first_line(path).lstrip().startswith("[") else CocoSource.kind
    if suffix in (".txt", ".token"):
        first = _first_line(path)
        if LINE.fullmatch(first.strip()):
            return FlickrTokenSource.kind
        # Kaggle's captions.txt of Flickr8k is a CSV file
        return TableSource.kind if first.lower().startswith("image,") else TextLinesSource.kind
    return FolderSource.kind


def _first_line(path: Path) -> str:
    return next((line for _, line in read_lines(path, encoding_of(path)) if line.strip()), "")
