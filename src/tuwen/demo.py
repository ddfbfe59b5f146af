"""The demonstration: photographs that installed packages carry, with captions in Chinese and English."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tuwen.arrays import Modality
from tuwen.collection import Collection
from tuwen.errors import MissingExtra
from tuwen.files import replacing
from tuwen.sheet import Section

CAPTIONS = Path(__file__).parent / "demo.csv"
"""Columns image and text: our captions of the photographs, one in each language."""

PICTURE = "motorcycle_left.png"


@dataclass(frozen=True, slots=True)
class Question:
    """What the demonstration asks: words, or its picture when there are none."""

    words: str = ""
    kind: Modality = "image"
    hybrid: bool = False


QUESTIONS = (
    Question("红色的摩托车"),
    Question("a man with a camera"),
    Question("湖边的中国楼阁", hybrid=True),
    Question(kind="text"),
    Question(kind="image"),
)

_PLACES = (("skimage", "data"), ("sklearn", "datasets/images"))


def prepare(folder: Path) -> Path:
    """Lay the photographs and their captions into a folder; gives the captions' file.

    Nothing is downloaded: the photographs come with scikit-image and scikit-learn. What is there already
    is left as it is.

    Raises:
        MissingExtra: One of these packages is not installed, or has no such photograph.
    """
    photos = folder / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    for name in names():
        if not (photos / name).exists():
            with replacing(photos / name) as temporary:
                shutil.copyfile(_find(name), temporary)
    table = folder / "captions.csv"
    if not table.exists():
        with replacing(table) as temporary:
            shutil.copyfile(CAPTIONS, temporary)
    return table


def names() -> list[str]:
    """File names of the photographs."""
    return list(dict.fromkeys(row["image"] for row in _rows()))


def captions() -> dict[tuple[str, str], str]:
    """Our captions by photograph (its name without the suffix) and language (`en`, `zh`)."""
    return {
        (Path(row["image"]).stem, "en" if row["text"].isascii() else "zh"): row["text"] for row in _rows()
    }


def ask(collection: Collection, question: Question, photos: Path, k: int = 5) -> Section:
    """The answer to one question."""
    picture = None if question.words else photos / PICTURE
    found = collection.search(picture or question.words, kind=question.kind, hybrid=question.hybrid, k=k)
    return Section(
        query=question.words or PICTURE,
        hits=found.hits,
        image=picture,
        fits=found.fits,
        probability=found.probability,
    )


def arguments(question: Question, photos: Path) -> list[str]:
    """The words of a command line, after the collection's, that ask the same."""
    given = [question.words] if question.words else ["--image", str(photos / PICTURE)]
    return (
        given
        + (["--for", "texts"] if question.kind == "text" else [])
        + (["--hybrid"] if question.hybrid else [])
    )


def _rows() -> list[dict[str, str]]:
    with CAPTIONS.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _find(name: str) -> Path:
    for package, inside in _PLACES:
        spec = find_spec(package)
        for place in spec.submodule_search_locations or () if spec is not None else ():
            if (Path(place) / inside / name).is_file():
                return Path(place) / inside / name
    raise MissingExtra(
        f"the demonstration needs the photograph {name} of scikit-image and scikit-learn; "
        "install them with: pip install 'tuwen[demo]'"
    )
