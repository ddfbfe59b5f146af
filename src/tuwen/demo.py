"""The demonstration: photographs that installed packages carry, with captions in Chinese and English."""

from __future__ import annotations

import csv
import shutil
from importlib.util import find_spec
from pathlib import Path

from tuwen.collection import Collection
from tuwen.errors import MissingExtra
from tuwen.files import replacing
from tuwen.sheet import Section

CAPTIONS = Path(__file__).parent / "demo.csv"
"""Columns image, text and language: our captions of the photographs."""

QUESTIONS = ("红色的摩托车", "a man with a camera", "一只猫")
PICTURE = "motorcycle_left.png"

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
    return {(Path(row["image"]).stem, row["language"]): row["text"] for row in _rows()}


def ask(collection: Collection, photos: Path, k: int = 5) -> list[Section]:
    """Ask the demonstration's questions: by words for pictures, by a picture for texts and for pictures."""
    asked = []
    for question in QUESTIONS:
        found = collection.search(question, k=k)
        asked.append(Section(query=question, hits=found.hits, fits=found.fits, probability=found.probability))
    picture = photos / PICTURE
    for kind in ("text", "image"):
        found = collection.search(picture, kind=kind, k=k)
        asked.append(Section(query=f"{PICTURE} → {kind}s", hits=found.hits, image=picture, fits=found.fits))
    return asked


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
