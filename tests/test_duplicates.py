"""Copies are grouped, look-alikes are found, and blank pictures are not taken for each other."""

import shutil
from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from badfiles import noise
from tuwen.collection import Collection
from tuwen.data import open_source
from tuwen.duplicates import duplicates, near_pairs, plain
from tuwen.errors import InputError, UnknownName
from tuwen.ingest import ingest


def scene(seed, size=(160, 120)):
    """A picture with large random shapes."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(random.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = random.integers(0, size[0] - 40), random.integers(0, size[1] - 40)
        draw.rectangle((x, y, x + 40, y + 30), fill=tuple(random.integers(0, 256, 3).tolist()))
    return image


@pytest.fixture
def gallery(tmp_path, tiny_encoder):
    """A collection of five scenes, three variants of the first, a copy of the second, three blanks."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(5):
        scene(seed).save(folder / f"scene-{seed}.png")
    scene(0).resize((100, 75)).save(folder / "scene-0-small.jpg", quality=80)
    ImageEnhance.Brightness(scene(0)).enhance(1.08).save(folder / "scene-0-bright.png")
    scene(0).save(folder / "scene-0-again.webp", lossless=True)
    shutil.copy(folder / "scene-1.png", folder / "scene-1-copy.png")
    for colour in ("red", "blue", "white"):
        Image.new("RGB", (60, 60), colour).save(folder / f"blank-{colour}.png")
    collection = Collection.create(tmp_path / "c", encoder=tiny_encoder)
    ingest(collection, open_source(folder))
    return collection


def names(group):
    """File names of a group."""
    return {member.path.rpartition("/")[2] for member in group.members}


def test_look_alikes_and_copies_are_grouped(gallery):
    near, exact = duplicates(gallery)
    assert names(near) == {"scene-0.png", "scene-0-small.jpg", "scene-0-bright.png", "scene-0-again.webp"}
    assert not near.exact
    assert names(exact) == {"scene-1.png", "scene-1-copy.png"}
    assert exact.exact
    assert [member.stored for member in exact.members] == [True, False]
    assert exact.members[0].id == exact.members[1].id


def test_blank_pictures_of_other_colours_are_no_duplicates(gallery):
    assert not any("blank-red.png" in names(group) for group in duplicates(gallery))


def test_blank_pictures_of_one_colour_are_duplicates(gallery, tmp_path):
    Image.new("RGB", (90, 90), "red").save(tmp_path / "photos" / "also-red.png")
    ingest(gallery, open_source(tmp_path / "photos"))
    assert any(names(group) == {"blank-red.png", "also-red.png"} for group in duplicates(gallery))


def test_distance_zero_asks_for_the_same_hash(gallery):
    (group, _) = duplicates(gallery, distance=0)
    assert {"scene-0.png", "scene-0-again.webp"} <= names(group)
    assert all(member.bits == 0 for member in group.members)


def test_texts_are_equal_by_their_words(tiny_collection):
    tiny_collection.add_vectors(
        "text",
        ["x", "y", "z"],
        np.eye(3, tiny_collection.width, dtype=np.float32),
        text=["一只狗。", "一只狗", "A  RED picture, with a grey dot!"],
    )
    groups = {frozenset(member.id for member in g.members) for g in duplicates(tiny_collection, "text")}
    assert groups == {frozenset({"x", "y"}), frozenset({"z", "red-0#en"})}


def test_plain_keeps_a_text_of_marks_alone():
    assert plain("？！") == plain("?!") != plain("...")
    assert plain("Ａｂｃ，１２") == "abc 12"


@pytest.mark.parametrize("distance", [0, 3, 6, 9, 11])
def test_near_pairs_are_all_pairs_within_the_distance(distance):
    random = np.random.default_rng(3)
    seeds = random.integers(0, 2**64, 40, dtype=np.uint64)
    hashes = [seeds]
    for count in (1, 3, 5, 6, 7, 11, 12):
        flips = [sum(1 << int(b) for b in random.choice(64, count, replace=False)) for _ in seeds]
        hashes.append(seeds ^ np.array(flips, dtype=np.uint64))
    every = np.unique(np.concatenate(hashes))
    expected = {
        (i, j)
        for i, j in combinations(range(len(every)), 2)
        if (int(every[i]) ^ int(every[j])).bit_count() <= distance
    }
    found = {
        pair for a, b in near_pairs(every, distance) for pair in zip(a.tolist(), b.tolist(), strict=True)
    }
    assert found == expected


def test_near_pairs_come_in_blocks(monkeypatch):
    hashes = np.arange(300, dtype=np.uint64)
    whole = {p for a, b in near_pairs(hashes, 2) for p in zip(a.tolist(), b.tolist(), strict=True)}
    monkeypatch.setattr("tuwen.duplicates._PAIRS", 100)
    parts = {p for a, b in near_pairs(hashes, 2) for p in zip(a.tolist(), b.tolist(), strict=True)}
    assert parts == whole != set()


def test_an_empty_collection_has_none(tmp_path, tiny_encoder):
    collection = Collection.create(tmp_path / "c", encoder=tiny_encoder)
    assert duplicates(collection) == []
    assert duplicates(collection, "text") == []


def test_pictures_given_as_vectors_have_none(tiny_collection):
    assert duplicates(tiny_collection) == []


def test_wrong_arguments_are_said(tiny_collection):
    with pytest.raises(InputError, match="0 to 11"):
        duplicates(tiny_collection, distance=12)
    with pytest.raises(UnknownName, match="image"):
        duplicates(tiny_collection, "picture")


def test_random_noise_has_no_near_pairs():
    random = np.random.default_rng(1)
    assert noise().size == (96, 64)
    assert list(near_pairs(random.integers(0, 2**64, 5000, dtype=np.uint64), 6)) == []
