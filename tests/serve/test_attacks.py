"""The whole API met with what attackers send: to every route, in every header, as pictures."""

import base64
import itertools
import struct
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest

from serving import API, COLLECTION, picture, problem

PASSWD = "../" * 8 + "etc/passwd"
PATHS = {
    "encoded": quote(PASSWD, safe=""),
    "dots encoded": quote(PASSWD, safe="").replace(".", "%2e"),
    "encoded twice": quote(quote(PASSWD, safe=""), safe=""),
    "backslashes": quote(PASSWD.replace("/", "\\"), safe=""),
    "overlong": "..%c0%af" * 8 + "etc%c0%afpasswd",
    "overlong dots": "%c0%ae%c0%ae%2f" * 8 + "etc%2fpasswd",
    "halves of UTF-16": quote("..\u2215..\u2215etc\u2215passwd", safe=""),
    "absolute": quote("/etc/passwd", safe=""),
    "address": quote("file:///etc/passwd", safe=""),
    "NUL": "red-0%00.png",
    "line": "red-0%0d%0aX-Evil:%201",
    "not UTF-8": "%ff%fe%2e",
    "long": "a%2f" * 2000,
    "nothing": "%20",
}
VALUES = (b"\xff\xfe", b"\x00", "中".encode(), b'"' * 500, b",;=" * 200, b"*", b"-1", b"1" * 400)


def every_operation(client):
    for path, ways in client.get(f"{API}/openapi.json").json()["paths"].items():
        for method, operation in ways.items():
            named = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]
            yield method.upper(), path, named


@pytest.mark.parametrize("sent", PATHS.values(), ids=PATHS)
def test_no_route_leads_to_a_file(reader, sent):
    good = {"collection": "tiny", "kind": "image", "id": "red-0", "job": "x"}
    asked = 0
    for method, path, named in every_operation(reader):
        for name in named:
            address = path
            for each in named:
                address = address.replace(f"{{{each}}}", sent if each == name else good[each])
            answer = reader.request(method, address, json={} if method in ("POST", "PATCH") else None)
            assert 400 <= answer.status_code < 500, (method, address, answer.text)
            assert "root:" not in answer.text and "x-evil" not in answer.headers
            assert answer.headers["content-type"] == "application/problem+json"
            asked += 1
    assert asked > 30


@pytest.mark.parametrize(
    "header",
    ["Host", "Origin", "Authorization", "Cookie", "Content-Type", "Accept", "If-None-Match", "Range",
     "X-Forwarded-For", "X-Request-Id", "Sec-Fetch-Site", "Accept-Encoding", "Expect"],
)  # fmt: skip
def test_no_header_is_a_fault(reader, header):
    for value, (method, path) in itertools.product(
        VALUES, (("GET", f"{COLLECTION}/thumbnails/red-0"), ("POST", f"{COLLECTION}/search"))
    ):
        answer = reader.request(method, path, headers=[(header.encode(), value)], content=b'{"query": "red"}')
        assert answer.status_code < 500, (method, header, value, answer.text)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, *chunks):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def scans():
    whole = picture(kind="JPEG")
    return whole[:-2] + whole[whole.index(b"\xff\xda") : -2] * 5000 + b"\xff\xd9"


def canvas():
    data = bytearray(picture(kind="GIF"))
    data[6:10] = struct.pack("<HH", 65_535, 65_535)
    return bytes(data)


BOMBS = {
    "too-large": [
        ("header.png", png(2**31 - 1, 2**31 - 1)),
        ("canvas.gif", canvas()),
        ("scans.jpg", scans()),
        ("profile.png", png(9, 9, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(90_000_000))))),
    ],
    "unsupported-format": [("drawing.svg", b'<svg onload="alert(1)"/>'), ("book.pdf", b"%PDF-1.7")],
    "not-a-picture": [("archive.zip", b"PK\x03\x04" + bytes(99)), ("page.html", b"<html>")],
    "polyglot": [("both.gif", picture(kind="GIF") + b"<script>alert(1)</script>")],
}


def test_bombs_and_what_is_no_picture_are_listed_and_the_rest_is_kept(client):
    wrong = {name: code for code, files in BOMBS.items() for name, _ in files}
    files = [("files", file) for files in BOMBS.values() for file in files]
    files.append(("files", ("good.png", picture((1, 2, 3)))))
    job = client.post(f"{COLLECTION}/pictures", params={"wait": 10}, files=files).json()
    assert {each["item"]: each["code"] for each in job["refused"]} == wrong
    assert [each["kind"] for each in job["items"]] == ["image"]
    for name, code in wrong.items():
        data = dict(file for files in BOMBS.values() for file in files)[name]
        problem(client.post(f"{COLLECTION}/search/upload", files={"files": (name, data)}), 422, code)


def test_ids_and_names_put_nothing_into_headers(client, tiny_collection):
    identifier = "a\r\nX-Evil: 1"
    path, vector = tiny_collection.get("image", "red-0").path, tiny_collection.vectors("image", ["red-0"])
    tiny_collection.add_vectors("image", [identifier], vector, path=[path])
    sent = {"records": [{"texts": [{"id": identifier, "text": "red"}], "entity": identifier}]}
    answers = [
        client.get(f"{COLLECTION}/{place}/{quote(identifier, safe='')}")
        for place in ("items/image", "pictures", "thumbnails", "similar/image")
    ]
    answers += [
        client.post(f"{COLLECTION}/export", json={"ids": [identifier]}),
        client.post(f"{COLLECTION}/items", json=sent),
        client.post(f"{COLLECTION}/pictures", files={"files": ('a"\r\nX-Evil: 1.png', picture())}),
    ]
    for answer in answers:
        assert answer.is_success, answer.text
        for _, value in answer.headers.raw:
            assert not {*b"\r\n"} & {*value} and b"Evil" not in value


def test_a_form_of_thousands_of_parts_is_refused(reader):
    many = {f"field-{number}": "x" for number in range(2000)}
    answer = reader.post(f"{COLLECTION}/search/upload", data=many, files={"files": ("a", b"b")})
    problem(answer, 400, "http-400")
    files = [("files", ("a", b"b"))] * 1100
    problem(reader.post(f"{COLLECTION}/search/upload", files=files), 400, "http-400")


def test_nothing_on_disk_is_named_by_a_client(client, tiny_collection, tmp_path):
    """What is sent with names and ids that are paths lies under names of its own."""
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(tiny_collection.path)}
    image = {"id": PASSWD, "name": "../../../evil.png", "data": "data:image/png;base64,"}
    sent = {"records": [{"images": [image], "texts": [{"id": "../../x", "text": "red"}], "entity": "/etc"}]}
    sent["records"][0]["images"][0]["data"] += base64.b64encode(picture()).decode()
    assert client.post(f"{COLLECTION}/items", params={"wait": 10}, json=sent).json()["refused"] == []
    assert Path(tiny_collection.get("image", PASSWD).path).is_relative_to(tiny_collection.path / "uploads")
    assert {path for path in tmp_path.rglob("*") if not path.is_relative_to(tiny_collection.path)} == before
    names = [path.name for path in (tiny_collection.path / "uploads").rglob("*") if path.is_file()]
    assert not [name for name in names if "evil" in name or "passwd" in name]
