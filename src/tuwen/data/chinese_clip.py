"""The layout of Chinese-CLIP: pictures as base64 in a TSV, texts with image ids in a JSONL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuwen.data.base import Source, inline_picture
from tuwen.data.columns import name_of
from tuwen.data.lines import Fault, count_lines, fault_of, is_text, read_lines
from tuwen.errors import InputError, PictureError
from tuwen.records import Picture, Record, Refusal, Text

IMAGES, TEXTS = "_imgs.tsv", "_texts.jsonl"


class ChineseClipSource(Source):
    """`{split}_imgs.tsv` (id, tab, base64) with `{split}_texts.jsonl` (text_id, text, image_ids).

    A text belongs to the first of its images; with several, all stand in its metadata `image_ids`.

    Args:
        path: The folder, for all its splits, or one of the two files, for its split alone.
    """

    kind = "chinese-clip"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if self.path.is_dir():
            found = [file for end in (IMAGES, TEXTS) for file in self.path.glob(f"*{end}")]
        else:
            split = self.path.name.removesuffix(IMAGES).removesuffix(TEXTS)
            found = [self.path.with_name(split + end) for end in (IMAGES, TEXTS)]
        self._images = sorted(file for file in found if file.name.endswith(IMAGES) and file.is_file())
        self._texts = sorted(file for file in found if file.name.endswith(TEXTS) and file.is_file())
        if not self._images and not self._texts:
            raise InputError(f"{path} has no *{IMAGES} and no *{TEXTS}; name the folder that holds them")

    @property
    def count_hint(self) -> int | None:
        """Lines of all the files."""
        return sum(count_lines(file) for file in self._images + self._texts)

    def describe(self) -> str:
        """The files that are read."""
        names = ", ".join(file.name for file in self._images + self._texts)
        return f"{self.path}: Chinese-CLIP layout, {names}"

    def records(self) -> Iterator[Record | Refusal]:
        """First a record a picture, then a record a text, tied by the image id as entity."""
        for file in self._images:
            for number, line in read_lines(file, "utf-8"):
                if line.strip():
                    yield self._image(file, number, line)
        for file in self._texts:
            for number, line in read_lines(file, "utf-8-sig"):
                if line.strip():
                    yield self._text(file, number, line)

    def _image(self, file: Path, number: int, line: str) -> Record | Refusal:
        identifier, tab, body = line.strip().partition("\t")
        place = f"{file}:{number}"
        fault = fault_of(line)
        if fault is None and not (tab and identifier.strip()):
            fault = Fault("ragged-row", "it is not an id, a tab and a picture in base64")
        if fault is not None:
            return self.refusal(place, fault.code, f"{file.name}, line {number}: {fault.reason}")
        try:
            data = inline_picture(body)
        except PictureError as error:
            return self.refusal(place, error.code, f"{file.name}, line {number}: {error}")
        picture = Picture(path=f"{file}#{identifier}", data=data, id=identifier)
        return Record(
            entity=identifier, images=(picture,), origin=f"{file.name}:{number}", source=str(self.path)
        )

    def _text(self, file: Path, number: int, line: str) -> Record | Refusal:
        row = fault_of(line) or _row(line)
        if isinstance(row, Fault):
            return self.refusal(f"{file}:{number}", row.code, f"{file.name}, line {number}: {row.reason}")
        text, identifier, images = row
        return Record(
            entity=images[0] if images else None,
            texts=(Text(text=text, id=identifier),),
            metadata={"image_ids": images} if len(images) > 1 else {},
            origin=f"{file.name}:{number}",
            source=str(self.path),
        )


def _row(line: str) -> tuple[str, str | None, list[str]] | Fault:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Fault("bad-json", f"it is not JSON ({error})")
    text = row.get("text") if isinstance(row, dict) else None
    if not isinstance(text, str) or not is_text(text):
        return Fault("bad-json", 'it is not an object with a "text"')
    if not text.strip():
        return Fault("empty-row", "its text is empty")
    listed = row.get("image_ids") or []
    images = [name for name in map(name_of, listed if isinstance(listed, list) else [listed]) if name]
    return text.strip(), name_of(row.get("text_id")), images
