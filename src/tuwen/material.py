"""What encoders are measured on: made pictures and texts, or the user's own pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tuwen.data import Source
from tuwen.errors import InputError
from tuwen.records import Record

PICTURES = 24
PAIRS = 500
SIZE = (500, 375)
_WORDS = (
    ("一只狗", "两个孩子", "穿红衣服的女人", "一辆旧自行车", "几个年轻人", "一位老人"),
    ("在雪地里奔跑", "在海边看日落", "站在热闹的街角", "在公园的长椅旁休息", "沿着铁路慢慢走"),
    ("a dog", "two children", "a woman in a red coat", "an old bicycle", "some young people", "an old man"),
    ("running through the snow", "at the beach at sunset", "on a busy street corner", "beside a park bench"),
)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pictures and the texts that describe them.

    Attributes:
        name: Of the source, for people.
        images: Path and id of each picture.
        texts: Words and id of each text.
        links: Which text describes which picture.
    """

    name: str
    images: list[dict[str, str]]
    texts: list[dict[str, str]]
    links: list[tuple[int, int]]


def read_pairs(source: Source, folder: Path, most: int = PAIRS) -> Pairs:
    """The first pictures of a source with their texts.

    Args:
        source: What to read; a picture that several rows name is one.
        folder: Where pictures that came as bytes are written to.
        most: Pictures at most: recall among few is higher than among many, so it must be the same for all.

    Raises:
        InputError: There are no pictures.
    """
    places: dict[str, int] = {}
    found = Pairs(source.path.name, [], [], [])
    count = 0
    for record in source.records():
        if not isinstance(record, Record):
            continue
        mine = []
        for picture in record.images:
            if picture.path not in places:
                if len(places) == most:
                    continue
                places[picture.path] = len(places)
                path = picture.path
                if picture.data is not None:
                    path = str(folder / f"picture-{len(places)}")
                    Path(path).write_bytes(picture.data)
                name = picture.id or (picture.file.stem if picture.file else str(len(places)))
                found.images.append({"path": path, "id": name})
            mine.append(places[picture.path])
        for text in record.texts:
            count += 1
            if mine:
                found.links.extend((len(found.texts), place) for place in mine)
                found.texts.append({"text": text.text, "id": text.id or str(count)})
    if not found.images:
        raise InputError(f"{source.path} has no pictures; name a folder, or a table of pictures and texts")
    return found


def made_pictures(folder: Path) -> list[Path]:
    """JPEG files like small photographs: soft colours, some edges, a little noise."""
    files = []
    for seed in range(PICTURES):
        random = np.random.default_rng(seed)
        coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        picture = coarse.resize(SIZE, Image.Resampling.BICUBIC)
        draw = ImageDraw.Draw(picture)
        for _ in range(12):
            x, y, side = (int(value) for value in random.integers(0, 300, 3))
            draw.ellipse(
                (x, y, x + side // 2, y + side // 3), fill=tuple(random.integers(0, 256, 3).tolist())
            )
        noise = random.normal(0, 6, (SIZE[1], SIZE[0], 3))
        pixels = np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)
        files.append(folder / f"made-{seed:02}.jpg")
        Image.fromarray(pixels).save(files[-1], quality=85)
    return files


def made_texts() -> list[str]:
    """Short captions in Chinese and English, of different lengths."""
    who, does, who_en, does_en = _WORDS
    chinese = [f"{one}{other}" for one in who for other in does]
    english = [f"{one} {other}" for one in who_en for other in does_en]
    return [text for both in zip(chinese, english, strict=False) for text in both]
