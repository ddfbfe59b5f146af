"""Captions in the layouts that benchmarks come in: tables, token files, Karpathy's JSON, Chinese-CLIP."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged
from tuwen.files import read_json

#: Captions of an image that benchmarks score; further ones in the files are left out.
FIVE = 5
_BASE64 = re.compile(r"([A-Za-z0-9+/_-]+)={0,2}")
# `1000268201_693b08cb0e.jpg#0`, `1000268201_693b08cb0e.jpg#zhc#0`, `COCO_val2014_000000000042#0`
_TOKEN = re.compile(r"(?P<image>[^\s#]+)(?P<number>(?:#[A-Za-z]+)?#\d+)(?:\s+(?P<text>.*))?")


class Caption(NamedTuple):
    """A text and the images it is true for.

    Attributes:
        id: Its name.
        text: As it was written.
        images: Names of its images.
        number: Of the texts of its file, from 1 on.
    """

    id: str
    text: str
    images: tuple[str, ...]
    number: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """Images and captions of a part, without features.

    Attributes:
        file: Where they stand.
        images: Their names.
        captions: Each names images of this part.
        aliases: Other names of an image, such as its number in COCO.
        texts_in_file: How many texts the file holds, those of other languages and parts among them.
        notes: What was left out.
    """

    file: Path
    images: tuple[str, ...]
    captions: tuple[Caption, ...]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts_in_file: int = 0
    notes: tuple[str, ...] = ()

    @property
    def matches(self) -> Array:
        """What belongs together, (p, 2): text row, image row."""
        place = {name: row for row, name in enumerate(self.images)}
        pairs = [
            (row, place[name])
            for row, caption in enumerate(self.captions)
            for name in dict.fromkeys(caption.images)
        ]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def stem(name: str) -> str:
    """The file's name without folders and extension."""
    last = name.rpartition("/")[2]
    return last.rpartition(".")[0] or last


def check(listed: Listed, *, lone: bool = False) -> Listed:
    """The same, when every image and caption can be used.

    Args:
        listed: What was read.
        lone: Whether images may have no caption.

    Raises:
        Damaged: A name stands twice, a caption is empty or names an image that is not there, an image has
            no caption, or there is nothing at all.
    """
    file, images, captions = listed.file, listed.images, listed.captions
    if not images or not captions:
        raise Damaged(f"{file} lists {len(images)} images and {len(captions)} captions; both are needed")
    _refuse(file, "images without a name", [name for name in images if not name])
    _refuse(file, "image names that stand twice", _twice(images))
    _refuse(file, "caption names that stand twice", _twice(caption.id for caption in captions))
    _refuse(file, "empty captions", [caption.id for caption in captions if not caption.text.strip()])
    there = set(images)
    named = {name for caption in captions for name in caption.images}
    _refuse(file, "captions of images that are not there", sorted(named - there))
    _refuse(file, "captions without an image", [caption.id for caption in captions if not caption.images])
    if not lone:
        _refuse(file, "images without a caption", [name for name in images if name not in named])
    return listed


def read_table(path: Path, language: str) -> Listed:
    """Captions of one language from a CSV file with the columns image, language and caption.

    Images are named by their file name without extension, captions `IMAGE#LANGUAGE#0` and so on.

    Raises:
        Damaged: Columns are missing, or see `check`.
    """
    captions: list[Caption] = []
    counts: Counter[str] = Counter()
    total = 0
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        try:
            missing = {"image", "language", "caption"} - set(rows.fieldnames or ())
            if missing:
                raise Damaged(f"{path} has no column {', '.join(sorted(missing))}; it has {rows.fieldnames}")
            for row in rows:
                total += 1
                # an unquoted comma makes a cell too many, which has no name
                if None in row.values() or None in row:
                    raise Damaged(f"{path}, line {rows.line_num}: it has other cells than the header")
                if row["language"] != language:
                    continue
                image = stem(row["image"])
                name = f"{image}#{language}#{counts[image]}"
                counts[image] += 1
                captions.append(Caption(name, row["caption"].strip(), (image,), total))
        except (UnicodeDecodeError, csv.Error) as error:
            raise Damaged(f"{path} is not a CSV file in UTF-8 ({error})") from error
    if not captions:
        raise Damaged(f"{path} has {total} rows but none in language {language!r}")
    return check(Listed(path, tuple(counts), tuple(captions), texts_in_file=total))


def read_karpathy(path: Path, parts: Sequence[str]) -> Listed:
    """Some parts of a `dataset_*.json`, with the first five captions of each image.

    Args:
        path: The file.
        parts: Names of its splits, such as `("train", "restval")`.

    Raises:
        Damaged: It is not such a file, or see `check`.
    """
    loaded = read_json(path)
    rows = loaded.get("images") if isinstance(loaded, dict) else None
    if not isinstance(rows, list):
        raise Damaged(f'{path} has no list "images"; the dataset_*.json of Karpathy and Fei-Fei is needed')
    images: list[str] = []
    captions: list[Caption] = []
    aliases: dict[str, tuple[str, ...]] = {}
    left, total = 0, 0
    for number, row in enumerate(rows, 1):
        try:
            image, sentences = stem(row["filename"]), row["sentences"]
            total += len(sentences)
            if row["split"] not in parts:
                continue
            texts = [(str(sentence["sentid"]), str(sentence["raw"])) for sentence in sentences]
        except (KeyError, TypeError) as error:
            raise Damaged(f"{path}, image {number}: it has no {error}") from error
        images.append(image)
        aliases[image] = (row["filename"], *((str(row["cocoid"]),) if "cocoid" in row else ()))
        captions += [Caption(name, " ".join(text.split()), (image,)) for name, text in texts[:FIVE]]
        left += max(len(texts) - FIVE, 0)
    notes = (f"{'+'.join(parts)}: {left} captions beyond five of an image are left out",) if left else ()
    found = Listed(path, tuple(images), tuple(captions), aliases, total, notes)
    return check(found)


def read_tokens(path: Path, images: Path, *, tagged: bool = False) -> Listed:
    """Captions of listed images from lines `IMAGE#0 caption`, `IMAGE.jpg#zhc#0 caption`.

    Args:
        path: The captions.
        images: The names of the images of the part, one a line, with or without `.jpg`.
        tagged: Whether captions are words with their part of speech, `一只:mq 狗:n`, that are joined again.

    Raises:
        Damaged: A line is not like that, or see `check`.
    """
    names = [stem(line.strip()) for _, line in _lines(images)]
    wanted, total = set(names), 0
    captions: list[Caption] = []
    for number, line in _lines(path):
        found = _TOKEN.fullmatch(line.strip())
        if found is None:
            raise Damaged(f"{path}, line {number}: it is not an image's name, # and a number, and a caption")
        total += 1
        image = found["image"].removesuffix(".jpg")
        if image in wanted:
            text = (found["text"] or "").strip()
            text = _untagged(text) if tagged else text
            captions.append(Caption(image + found["number"], text, (image,), total))
    return check(Listed(path, tuple(names), tuple(captions), texts_in_file=total))


def read_precomputed(path: Path) -> Listed:
    """Captions of a `*_caps.txt`: one a line, five in a row for each image.

    Images are named by their number, from 0 on; so are captions.

    Raises:
        Damaged: Lines are no multiple of five, or empty.
    """
    try:
        # a blank line is an empty caption here: without it all that follow would slide to other images
        lines = path.read_text(encoding="utf-8-sig").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise Damaged(f"{path} is not text in UTF-8 ({error})") from error
    if len(lines) % FIVE:
        raise Damaged(f"{path} has {len(lines)} lines, which is no multiple of five; captions come in fives")
    captions = tuple(
        Caption(str(row), line.strip(), (str(row // FIVE),), row + 1) for row, line in enumerate(lines)
    )
    images = tuple(str(row) for row in range(len(lines) // FIVE))
    return check(Listed(path, images, captions, texts_in_file=len(lines)))


def read_chinese_clip(texts: Path, images: Path) -> Listed:
    """A part in the layout of Chinese-CLIP; a text may be true for several images.

    Args:
        texts: `*_texts.jsonl`: text_id, text, image_ids.
        images: `*_imgs.tsv`: image id, tab, the picture in base64.

    Raises:
        Damaged: A line is not like that, or see `check`.
    """
    names = []
    for number, line in _lines(images):
        name, tab, body = line.partition("\t")
        if not tab or not name.strip():
            raise Damaged(f"{images}, line {number}: it is not an id, a tab and a picture in base64")
        picture = _BASE64.fullmatch(body.strip())
        # four characters are three bytes, two or three the last ones; one is a part that was lost
        if picture is None or picture.end(1) % 4 == 1:
            raise Damaged(f"{images}, line {number}: the picture of {name} is not base64")
        names.append(name.strip())
    captions: list[Caption] = []
    for number, line in _lines(texts):
        row = _object(texts, number, line)
        listed = row.get("image_ids")
        if "text_id" not in row or not isinstance(row.get("text"), str) or not isinstance(listed, list):
            raise Damaged(f'{texts}, line {number}: "text_id", "text" and a list "image_ids" are needed')
        found = tuple(str(name) for name in listed)
        captions.append(Caption(str(row["text_id"]), row["text"].strip(), found, len(captions) + 1))
    if not any(caption.images for caption in captions):
        raise Damaged(f"{texts} names no images: a test part without its answers cannot be scored here")
    listed_part = Listed(texts, tuple(names), tuple(captions), texts_in_file=len(captions))
    return check(listed_part, lone=True)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their number from 1 on."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Damaged(f"{path} is not text in UTF-8 ({error})") from error


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{path}, line {number}: it is not JSON ({error})") from error
    if not isinstance(row, dict):
        raise Damaged(f"{path}, line {number}: it is not an object with named values")
    return row


def _untagged(text: str) -> str:
    """`一只:mq 狗:n` as `一只狗`."""
    return "".join(word.rpartition(":")[0] or word for word in text.split())


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _refuse(file: Path, what: str, names: Sequence[str]) -> None:
    if names:
        shown = ", ".join(repr(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
        raise Damaged(f"{file} has {what}: {len(names)}, {shown}")
