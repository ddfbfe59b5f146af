"""Flickr token files: a picture's name, `#`, a number, and a caption on each line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from tuwen.data.base import Locator, Source, picture_named
from tuwen.data.lines import count_lines, encoding_of, fault_of, read_lines
from tuwen.errors import PictureError
from tuwen.records import Record, Refusal, Text

LINE = re.compile(
    r"(?P<name>\S.*?\.(?:jpe?g|png|webp|gif|bmp|tiff?))(?P<number>(?:#[A-Za-z]+)?#\d+)[\t ,]\s*(?P<text>.*)",
    re.I,
)


class FlickrTokenSource(Source):
    """Captions as Flickr8k, Flickr30k and Flickr8k-CN have them.

    Lines are `name.jpg#0<TAB>caption`, or `name.jpg#zhm#0 caption`. Lines in a row about one picture
    make one record.

    Args:
        path: The token file.
        root: The folder of the pictures, if it is not beside the file.
    """

    kind = "flickr-token"

    def __init__(self, path: Path, *, root: Path | None = None) -> None:
        super().__init__(path)
        self._root = root
        self._encoding = encoding_of(self.path)

    @property
    def count_hint(self) -> int | None:
        """About how many pictures there are, at five captions each."""
        return max(count_lines(self.path) // 5, 1)

    def describe(self) -> str:
        """The file and its encoding."""
        return f"{self.path}: Flickr token file in {self._encoding}"

    def records(self) -> Iterator[Record | Refusal]:
        """One record for each run of lines about one picture."""
        locator = Locator(self.path.parent, self._root)
        for name, lines in itertools.groupby(self._lines(), key=lambda line: line[0]):
            if name is None:
                for _, number, code, reason in lines:
                    place = f"{self.path}:{number}"
                    yield self.refusal(place, code, f"{self.path.name}, line {number}: {reason}")
            else:
                yield self._record(name, list(lines), locator)

    def _lines(self) -> Iterator[tuple[str | None, int, str, str]]:
        """The picture's name, line number, caption number and caption; without a name, code and reason."""
        for number, line in read_lines(self.path, self._encoding):
            if not line.strip():
                continue
            fault, parts = fault_of(line), LINE.fullmatch(line.strip(" "))
            if fault is not None:
                yield None, number, fault.code, fault.reason
            elif parts is None:
                yield None, number, "bad-row", "it is not a picture's name, # and a number, and a caption"
            elif not parts["text"]:
                yield None, number, "empty-row", f"the caption of {parts['name']} is empty"
            else:
                yield parts["name"], number, parts["number"], parts["text"]

    def _record(
        self, name: str, lines: list[tuple[str | None, int, str, str]], locator: Locator
    ) -> Record | Refusal:
        first = lines[0][1]
        try:
            picture = picture_named(name, locator)
        except PictureError as error:
            return self.refusal(
                f"{self.path}:{first}", error.code, f"{self.path.name}, line {first}: {error}"
            )
        stem = Path(name).stem
        return Record(
            entity=stem,
            images=(picture,),
            texts=tuple(Text(text=text, id=stem + number) for _, _, number, text in lines),
            origin=f"{self.path.name}:{first}",
            source=str(self.path),
        )
