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
    photos = table.parent / "photos"
    answers = {question: demo.ask(collection, question, photos) for question in demo.QUESTIONS}
    words = [question.words for question in answers if question.words]
    assert any(word.isascii() for word in words) and not all(word.isascii() for word in words)
    by_picture = {q.kind: a for q, a in answers.items() if not q.words}
    assert {kind: answer.hits[0].kind for kind, answer in by_picture.items()} == {
        "text": "text",
        "image": "image",
    }
    assert by_picture["image"].hits[0].id == Path(demo.PICTURE).stem


def test_each_question_is_shown_as_the_command_that_asks_it(table):
    said = [demo.arguments(question, table.parent / "photos") for question in demo.QUESTIONS]
    assert ["红色的摩托车"] in said
    assert ["--image", str(table.parent / "photos" / demo.PICTURE), "--for", "texts"] in said
    assert any(words[-1] == "--hybrid" for words in said)


def test_the_built_in_encoder_finds_the_motorcycles_and_the_man_with_a_camera(table):
    collection = Collection.create(table.parent / "collection")
    ingest(collection, open_source(table))
    found = [
        [hit.id for hit in demo.ask(collection, q, table.parent / "photos").hits] for q in demo.QUESTIONS
    ]
    assert {*found[0][:2]} == {"motorcycle_left", "motorcycle_right"}
    assert found[1][0] == "camera"


def test_captions_ship_with_the_package():
    assert demo.CAPTIONS.is_file() and demo.CAPTIONS.parent == Path(demo.__file__).parent
