"""Files of the page: served by name from memory, nothing else, and with what the policy asks for."""

import re

from serving import problem
from tuwen.serve.page_files import FOLDER

TEXTS = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()}


def test_every_file_is_served_and_known_again(client):
    for name, text in TEXTS.items():
        answer = client.get(f"/page/{name}")
        assert answer.text == text, name
        known = client.get(f"/page/{name}", headers={"If-None-Match": answer.headers["etag"]})
        assert known.status_code == 304 and not known.content, name


def test_the_index_is_the_page(client):
    assert client.get("/").text == TEXTS["index.html"]


def test_nothing_else_is_served(client):
    for name in ("%2e%2e/page_files.py", "..%2fpage_files.py", "none.js", "index.html/", ""):
        problem(client.get(f"/page/{name}"), 404, "no-page")


def test_nothing_comes_from_elsewhere_or_stands_inside_the_document():
    for name, text in TEXTS.items():
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", text)) - {
            "http://www.w3.org/2000/svg"
        }
        assert not addresses, name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), name
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", TEXTS["index.html"])


def test_every_word_is_there_in_both_languages_and_used():
    entries = re.findall(
        r'^  (\w+): \[\s*"((?:[^"\\]|\\.)+)",\s*"((?:[^"\\]|\\.)+)",?\s*\],$', TEXTS["dictionary.js"], re.M
    )
    words = {name for name, _, _ in entries}
    assert len(words) == len(entries) == TEXTS["dictionary.js"].count(": [")
    for name, english, chinese in entries:
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), name
    rest = "".join(text for name, text in TEXTS.items() if name != "dictionary.js")
    asked = set(re.findall(r"""say\("(\w+)["`]""", rest)) | set(
        re.findall(r'data-(?:word|label|placeholder)="(\w+)"', rest)
    )
    assert asked <= words
    built = re.compile(r"by_\w+|way_\w+|all_(pictures|texts)")
    assert {name for name in words if f'"{name}"' not in rest and not built.fullmatch(name)} == set()
