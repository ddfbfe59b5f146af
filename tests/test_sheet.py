import base64
import hashlib
import re
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image

from tuwen.results import Hit
from tuwen.sheet import SIDE, Section, page, write_sheet

HOSTILE = "<script>alert('1')</script>\"><img src=x onerror=alert(2)> & \x1b[31m\x00 </style>"


class Elements(HTMLParser):
    """Collects tags with their attributes, and the visible text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def hit(**values):
    defaults = {"id": "a", "kind": "image", "entity": "a", "path": "", "rank": 1, "score": 0.5}
    return Hit(**(defaults | values))


@pytest.fixture
def photo(tmp_path):
    """A picture larger than any thumbnail."""
    path = tmp_path / "大照片.png"
    Image.new("RGB", (900, 600), "red").save(path)
    return path


def test_nothing_is_loaded_from_elsewhere(photo):
    text = page([Section(query="red", hits=[hit(path=str(photo))], image=photo)])
    found = Elements(text)
    assert [tag for tag, _ in found.tags if tag in ("script", "link", "iframe", "object", "form")] == []
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in found.all("img"))
    assert "http" not in text.replace("http-equiv", "")


def test_the_policy_allows_the_style_by_its_hash_and_no_script(photo):
    text = page([Section(query="red", hits=[hit(path=str(photo))])])
    style = re.search(r"<style>(.*)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [m["content"] for m in Elements(text).all("meta") if m.get("http-equiv")]
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy and "script-src" not in policy
    assert not any("style" in attributes for _, attributes in Elements(text).tags)


@pytest.mark.parametrize("kind", ["image", "text"])
def test_hostile_text_stays_text(kind):
    item = hit(id=HOSTILE, kind=kind, entity=HOSTILE + "1", path=HOSTILE, text=HOSTILE, label=HOSTILE,
               metadata={HOSTILE: HOSTILE, "nested": [HOSTILE]})  # fmt: skip
    text = page([Section(query=HOSTILE, hits=[item])], title=HOSTILE)
    found = Elements(text)
    assert found.all("script") == [] and found.all("img") == []
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", text)
    assert text.count("</style>") == 1
    assert "<script>alert('1')</script>" in found.text


def test_thumbnails_are_small_and_named(photo):
    text = page([Section(query="red", hits=[hit(path=str(photo))])])
    (image,) = Elements(text).all("img")
    picture = Image.open(BytesIO(base64.b64decode(image["src"].partition(",")[2])))
    assert picture.format == "JPEG" and picture.size == (SIDE, SIDE * 2 // 3)
    assert image["alt"] == "大照片.png"


def test_a_picture_that_is_gone_is_said_to_be():
    text = page([Section(query="red", hits=[hit(path="/nowhere/red.jpg")])])
    assert "The picture cannot be shown" in text and "图片无法显示" in text


def test_a_picture_without_a_file_is_drawn_from_the_collection():
    text = page([Section(query="red", hits=[hit()])], draw=lambda _: Image.new("RGB", (8, 8)))
    assert len(Elements(text).all("img")) == 1


def test_labels_begin_in_the_language_of_the_query():
    assert '<html lang="zh-CN">' in page([Section(query="红色", hits=[])])
    assert '<html lang="en">' in page([Section(query="red", hits=[])])
    assert '<html lang="en">' in page([Section(query="红色", hits=[])], language="en")
    assert '<html lang="en">' in page([])


def test_it_says_when_nothing_fits_and_when_nothing_was_found():
    assert "Nothing in this collection fits" in page([Section(query="x", hits=[hit()], fits=False)])
    assert "Nothing in this collection fits" not in page([Section(query="x", hits=[hit()], fits=True)])
    assert "No hits." in page([Section(query="x", hits=[])])


def test_bars_are_relative_to_the_best_and_never_negative():
    hits = [hit(score=0.5), hit(score=0.25), hit(score=-0.1)]
    widths = [rect["width"] for rect in Elements(page([Section(query="x", hits=hits)])).all("rect")]
    assert widths[1::2] == ["100.0", "50.0", "0.0"]


def test_a_sheet_is_written_whole_in_utf8(tmp_path):
    path = tmp_path / "结果.html"
    write_sheet(path, [Section(query="海边的狗", hits=[hit(kind="text", text="一只狗")])])
    assert "海边的狗" in path.read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["结果.html"]
