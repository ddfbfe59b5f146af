"""Fixtures that tests of several folders share."""

import os

# read when numpy and torch are loaded: threads that wait for one another took most of the suite's time
os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tiny import COLOURS, TinyEncoder

# openvino and nncf would report each import over the network, from a process they fork for it
sys.modules.setdefault("openvino_telemetry", None)

# pixels are Pillow's whatever is installed; tests of the faster ones ask for them
os.environ["TUWEN_FAST"] = "0"


@pytest.fixture(scope="session")
def tiny_encoder():
    """An encoder that knows eight colours and needs no weights."""
    return TinyEncoder()


@pytest.fixture(scope="session")
def tiny_pictures(tmp_path_factory):
    """A folder of sixteen small PNG files, two of each colour: `red-0.png`, `red-1.png`, ..."""
    folder = tmp_path_factory.mktemp("pictures")
    for place, (name, (_, rgb)) in enumerate(COLOURS.items()):
        for number in range(2):
            picture = Image.new("RGB", (48, 36), rgb)
            x, y = 4 + 3 * place, 4 + 14 * number
            ImageDraw.Draw(picture).ellipse((x, y, x + 9, y + 9), fill=(128, 128, 128))
            picture.save(folder / f"{name}-{number}.png")
    return folder


@pytest.fixture(scope="session")
def _tiny_template(tmp_path_factory, tiny_pictures, tiny_encoder):
    from tuwen.collection import Collection

    path = tmp_path_factory.mktemp("template") / "collection"
    collection = Collection.create(path, encoder=tiny_encoder)
    files = sorted(tiny_pictures.glob("*.png"))
    colours = [file.stem.split("-")[0] for file in files]
    collection.add_vectors(
        "image",
        [file.stem for file in files],
        tiny_encoder.encode(files, "image"),
        entity=[file.stem for file in files],
        path=[str(file) for file in files],
        label=colours,
        metadata=[
            {"number": int(file.stem[-1]), "colour": colour}
            for file, colour in zip(files, colours, strict=True)
        ],
    )
    english = [f"a {colour} picture with a grey dot" for colour in COLOURS]
    chinese = [f"一张{word}色的图片，有一个灰点" for word, _ in COLOURS.values()]
    collection.add_vectors(
        "text",
        [f"{colour}-0#{language}" for language in ("en", "zh") for colour in COLOURS],
        tiny_encoder.encode(english + chinese, "text"),
        entity=[f"{colour}-0" for colour in COLOURS] * 2,
        text=english + chinese,
        label=list(COLOURS) * 2,
        metadata=[{"language": language} for language in ("en", "zh") for _ in COLOURS],
    )
    return path


@pytest.fixture
def tiny_collection(_tiny_template, tmp_path, tiny_encoder):
    """A collection of one's own: sixteen pictures (ids `red-0`, ...) and a text in English and Chinese
    for the first of each colour (ids `red-0#en`, `red-0#zh`); metadata `number`, `colour`, `language`."""
    from tuwen.collection import Collection

    path = tmp_path / "tiny"
    shutil.copytree(_tiny_template, path)
    return Collection.open(path, encoder=tiny_encoder)


@pytest.fixture(scope="session")
def data_folder():
    """The folder of real test data; the test is skipped where there is none."""
    root = Path(__file__).resolve().parents[1]
    place = Path(os.environ.get("TUWEN_DATA", root.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip("no test data; set TUWEN_DATA to its folder")
    return place
