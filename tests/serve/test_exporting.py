"""Items taken home as a ZIP file."""

import csv
import io
import zipfile
from contextlib import ExitStack
from pathlib import Path
from tempfile import SpooledTemporaryFile

import pytest

from serving import COLLECTION, problem
from tuwen.serve import exporting


def export(client, **wanted):
    answer = client.post(f"{COLLECTION}/export", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    table = archive.read("items.csv").decode("utf-8-sig")
    return archive, list(csv.DictReader(io.StringIO(table)))


def test_items_come_with_their_pictures_and_what_is_known(client, tiny_collection):
    archive, rows = export(client, ids=["red-0", "nobody", "blue-0", "red-0"])
    assert [row["id"] for row in rows] == ["red-0", "blue-0"]
    assert rows[0]["metadata"] == '{"colour": "red", "number": 0}' and rows[0]["label"] == "red"
    original = Path(tiny_collection.get("image", "red-0").path).read_bytes()
    assert rows[0]["file"] == "pictures/001-red-0.png" and archive.read(rows[0]["file"]) == original


def test_texts_and_tables_alone_are_taken_too(client):
    archive, rows = export(client, kind="text", ids=["red-0#en"])
    assert rows[0]["text"] == "a red picture with a grey dot" and archive.namelist() == ["items.csv"]
    archive, rows = export(client, ids=["red-0"], pictures=False)
    assert archive.namelist() == ["items.csv"] and rows[0]["file"] == ""


def test_names_in_the_file_lead_nowhere(client, tiny_collection):
    path, vector = tiny_collection.get("image", "red-0").path, tiny_collection.vectors("image", ["red-0"])
    tiny_collection.add_vectors("image", ["../../x/海 滩"], vector, path=[path])
    archive, rows = export(client, ids=["../../x/海 滩"])
    assert rows[0]["file"] == "pictures/001-______x_海_滩.png" and rows[0]["id"] == "../../x/海 滩"
    assert archive.testzip() is None


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\n=", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(client, start):
    label = f"{start}HYPERLINK(1)"
    client.patch(f"{COLLECTION}/items/image/red-0", json={"label": label})
    _, rows = export(client, ids=["red-0"])
    assert rows[0]["label"] == f"'{label}"


def test_files_that_nobody_takes_do_not_fill_the_disk(client):
    service = client.app._app._app._app.state.service
    with ExitStack() as closed_at_last:
        waiting = [closed_at_last.enter_context(SpooledTemporaryFile()) for _ in range(exporting.AT_ONCE)]
        service.exports.update(waiting)
        problem(client.post(f"{COLLECTION}/export", json={"ids": ["red-0"]}), 503, "busy")
        waiting[0].close()
        export(client, ids=["red-0"])
        export(client, ids=["red-0"])  # what was taken counts no more


def test_pictures_that_are_too_large_together_are_refused(client, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_BYTES", 100)
    problem(client.post(f"{COLLECTION}/export", json={"ids": ["red-0", "blue-0"]}), 422, "too-large")
