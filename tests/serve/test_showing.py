"""Pictures by id only, from the folders that were recorded, and thumbnails in bounds."""

import os
from pathlib import Path

import pytest
from PIL import Image

from serving import COLLECTION, asked, picture, problem
from tuwen.serve.showing import allowed


@pytest.fixture
def outside(tmp_path):
    """A picture that belongs to nobody's collection."""
    (tmp_path / "private").mkdir()
    path = tmp_path / "private" / "secret.png"
    path.write_bytes(picture())
    return path


def test_a_picture_is_sent_as_it_is(client, tiny_collection):
    file = Path(tiny_collection.get("image", "red-0").path)
    answer = client.get(f"{COLLECTION}/pictures/red-0")
    assert answer.content == file.read_bytes()
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_what_has_not_changed_is_not_sent_again(client):
    for place in ("pictures", "thumbnails"):
        first = client.get(f"{COLLECTION}/{place}/red-0")
        again = client.get(f"{COLLECTION}/{place}/red-0", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_thumbnail_is_small_and_made_once(client, tmp_path):
    first = client.get(f"{COLLECTION}/thumbnails/red-0", params={"side": 100})
    assert first.headers["content-type"] == "image/jpeg"
    (file,) = (tmp_path / "cache").glob("??/*.jpg")
    file.write_bytes(picture(kind="JPEG", size=(7, 7)))
    assert client.get(f"{COLLECTION}/thumbnails/red-0", params={"side": 160}).content == file.read_bytes()


def test_thumbnails_stay_below_their_bytes(tiny_collection, tmp_path):
    with asked(tiny_collection, tmp_path, cache_bytes=3000) as client:
        for name in ("red", "green", "blue", "black", "white"):
            assert client.get(f"{COLLECTION}/thumbnails/{name}-0").status_code == 200
    sizes = [file.stat().st_size for file in (tmp_path / "cache").glob("??/*.jpg")]
    assert 0 < sum(sizes) <= 3000


@pytest.mark.parametrize("place", ["pictures", "thumbnails", "items/image", "../../page"])
def test_no_address_leads_to_a_file(reader, place):
    for address in (
        "../../../../etc/passwd",
        "..%2f..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%252f..%252fetc%252fpasswd",
        "%2fetc%2fpasswd",
        "..%5c..%5cetc%5cpasswd",
        "..%c0%af..%c0%afetc%c0%afpasswd",
        "red-0%00.png",
        "file:%2f%2f%2fetc%2fpasswd",
        "%ff%fe",
        "red-0' or '1'='1",
    ):
        answer = reader.get(f"{COLLECTION}/{place}/{address}")
        assert answer.status_code in (404, 422), (address, answer.text)
        assert "root:" not in answer.text, address


def test_a_page_file_outside_its_folder_is_not_there(client):
    for address in ("..%2fapplication.py", "%2e%2e/tokens.py", "..%5ctokens.py", "%2fetc%2fpasswd"):
        problem(client.get(f"/page/{address}"), 404, "no-page")


def test_a_link_out_of_the_folder_is_not_followed(client, tiny_collection, outside, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "link.png").symlink_to(outside)
    add(tiny_collection, "link", folder / "link.png")
    problem(client.get(f"{COLLECTION}/pictures/link"), 404, "no-picture")
    problem(client.get(f"{COLLECTION}/thumbnails/link"), 404, "no-picture")


def test_a_link_to_a_root_that_was_named_is_followed(tiny_collection, outside, tmp_path):
    (tmp_path / "link.png").symlink_to(outside)
    add(tiny_collection, "link", tmp_path / "link.png")
    with asked(tiny_collection, tmp_path, roots=(outside.parent,)) as client:
        assert client.get(f"{COLLECTION}/pictures/link").content == outside.read_bytes()


def test_a_recorded_file_that_is_no_picture_is_not_shown(client, tiny_collection, tmp_path):
    (tmp_path / "notes.png").write_text("root:x:0:0")
    add(tiny_collection, "notes", tmp_path / "notes.png")
    answer = client.get(f"{COLLECTION}/pictures/notes")
    problem(answer, 404, "no-picture")
    assert "root:" not in answer.text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among files")
def test_pipes_and_folders_are_not_waited_for(client, tiny_collection, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    add(tiny_collection, "pipe", tmp_path / "pipe.png")
    add(tiny_collection, "folder", tmp_path)
    for name in ("pipe", "folder"):
        problem(client.get(f"{COLLECTION}/pictures/{name}"), 404, "no-picture")


def test_a_link_inside_the_source_stays_inside(tmp_path, outside):
    source = tmp_path / "source"
    (source / "real").mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(source / "real" / "a.png")
    (source / "near").symlink_to(source / "real")
    (source / "far").symlink_to(outside.parent)
    assert allowed(str(source / "near" / "a.png"), str(source)) == source / "real" / "a.png"
    assert allowed(str(source / "far" / "secret.png"), str(source)) is None
    assert allowed("real/a.png", str(source)) is None
    assert allowed("", "") is None


def add(collection, identifier, path):
    """An item with a path, as another program may have recorded it."""
    vector = collection.vectors("image", ["red-0"])
    collection.add_vectors("image", [identifier], vector, path=[str(path)])
