import re
from pathlib import Path

import pytest
from PIL import Image

from tuwen import demo
from tuwen.collection import Collection
from tuwen.data import open_source
from tuwen.errors import MissingExtra
from tuwen.ingest import ingest


@pytest.fixture
def table(tmp_path):
    """The captions' file of a prepared folder."""
    return demo.prepare(tmp_path / "演示")


def test_some_twenty_photographs_come_with_installed_packages(table):
    files = sorted(path.name for path in (table.parent / "photos").iterdir())
    assert files == sorted(demo.names()) and len(files) == 21
    for name in files:
        with Image.open(table.parent / "photos" / name) as photo:
            photo.verify()


def test_each_photograph_has_a_caption_in_both_languages():
    captions = demo.captions()
    assert len(captions) == 2 * len(demo.names()) == len(set(captions.values()))
    for (_, language), text in captions.items():
        assert bool(re.search(r"[\u4e00-\u9fff]", text)) == (language == "zh"), text
        assert language == "zh" or text.isascii()


def test_preparing_again_leaves_everything_as_it_is(table):
    table.write_text("image,text\n", encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in table.parent.rglob("*")}
    demo.prepare(table.parent)
    assert {path: path.stat().st_mtime_ns for path in table.parent.rglob("*")} == before


def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "_PLACES", (("no_such_package", "data"),))
    with pytest.raises(MissingExtra, match=re.escape("pip install 'tuwen[demo]'")):
        demo.prepare(tmp_path)


def test_questions_are_asked_by_chinese_english_and_picture(table, tiny_encoder):
    collection = Collection.create(table.parent / "collection", encoder=tiny_encoder)
    report = ingest(collection, open_source(table))
    assert (report.images.added, report.texts.added, report.refused) == (21, 42, 0)
    sections = demo.ask(collection, table.parent / "photos")
    assert any(not section.query.isascii() for section in sections)
    assert any(section.query.isascii() and section.image is None for section in sections)
    by_picture = [section for section in sections if section.image is not None]
    assert {section.hits[0].kind for section in by_picture} == {"text", "image"}
    assert by_picture[-1].hits[0].id == Path(demo.PICTURE).stem


def test_captions_ship_with_the_package():
    assert demo.CAPTIONS.is_file() and demo.CAPTIONS.parent == Path(demo.__file__).parent
