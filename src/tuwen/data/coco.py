"""COCO captions: one JSON file with images and annotations."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuwen.data.base import Locator, Source, picture_named
from tuwen.data.columns import name_of
from tuwen.data.lines import encoding_of, is_text
from tuwen.errors import InputError, PictureError
from tuwen.records import Record, Refusal, Text


class CocoSource(Source):
    """A COCO captions file, such as `captions_val2017.json`; ids are those of the file.

    Args:
        path: The JSON file.
        root: The folder of the pictures, if it is not beside the file or beside its folder.
    """

    kind = "coco"

    def __init__(self, path: Path, *, root: Path | None = None) -> None:
        super().__init__(path)
        loaded = _load(self.path)
        self._images: list[Any] = loaded["images"]
        self._annotations: list[Any] = loaded["annotations"]
        split = self.path.stem.rpartition("_")[2]
        up = self.path.parent.parent
        self._locator = Locator(self.path.parent, root, (up / split, up / "images" / split, up / "images"))

    @property
    def count_hint(self) -> int | None:
        """How many pictures there are."""
        return len(self._images)

    def describe(self) -> str:
        """The file with its counts."""
        return f"{self.path}: COCO, {len(self._images)} images, {len(self._annotations)} captions"

    def records(self) -> Iterator[Record | Refusal]:
        """One record a picture with its captions, then refusals of what does not fit together."""
        captions: dict[str | None, list[Text]] = defaultdict(list)
        for number, annotation in enumerate(self._annotations, 1):
            caption = annotation.get("caption") if isinstance(annotation, dict) else None
            if not isinstance(caption, str) or not caption.strip() or not is_text(caption):
                yield self._refuse("annotations", number, "bad-text", 'it has no "caption" with text')
                continue
            text = Text(text=caption.strip(), id=name_of(annotation.get("id")))
            captions[name_of(annotation.get("image_id"))].append(text)
        for number, image in enumerate(self._images, 1):
            yield self._record(number, image, captions)
        for identifier, texts in captions.items():
            reason = f"{len(texts)} captions name image {identifier}, which is not among its images"
            yield self.refusal(f"{self.path}#image_id={identifier}", "unknown-image", reason)

    def _record(self, number: int, image: Any, captions: dict[str | None, list[Text]]) -> Record | Refusal:
        name = image.get("file_name") if isinstance(image, dict) else None
        if not isinstance(name, str) or not name:
            return self._refuse("images", number, "bad-path", 'it has no "file_name"')
        identifier = name_of(image.get("id"))
        try:
            picture = picture_named(name, self._locator, identifier)
        except PictureError as error:
            return self._refuse("images", number, error.code, str(error))
        return Record(
            entity=identifier,
            images=(picture,),
            texts=tuple(captions.pop(identifier, ())),
            origin=f"{self.path.name}#images[{number}]",
            source=str(self.path),
        )

    def _refuse(self, part: str, number: int, code: str, reason: str) -> Refusal:
        return self.refusal(
            f"{self.path}#{part}[{number}]", code, f"{self.path.name}, {part} {number}: {reason}"
        )


def _load(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding=encoding_of(path)))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not readable JSON ({error})") from error
    for part in ("images", "annotations"):
        if not isinstance(loaded, dict) or not isinstance(loaded.get(part), list):
            raise InputError(f'{path} is not a COCO captions file: it has no list "{part}"')
    if not any(isinstance(row, dict) and "caption" in row for row in loaded["annotations"]):
        raise InputError(
            f"{path} has no captions; take the captions file of COCO, not instances or keypoints"
        )
    return dict(loaded)
