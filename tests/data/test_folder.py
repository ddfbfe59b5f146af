"""A folder gives its pictures in a fixed order, whatever lies among them."""

import os

import pytest

from badfiles import noise
from tuwen.data.folder import FolderSource
from tuwen.records import Refusal


@pytest.fixture
def folder(tmp_path):
    """Pictures, other files, hidden files and folders inside."""
    root = tmp_path / "图片"
    for name in ("b.JPG", "a.png", "notes.md", ".hidden.png", "one/c.webp", "二/d.jpeg", ".git/e.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def inside(source):
    """Paths of the pictures inside the folder, refusals by code."""
    return [
        record.code
        if isinstance(record, Refusal)
        else record.images[0].file.relative_to(source.path).as_posix()
        for record in source.records()
    ]


def test_pictures_come_by_name_and_folders_after_them(folder):
    source = FolderSource(folder)
    assert inside(source) == ["a.png", "b.JPG", "one/c.webp", "二/d.jpeg"]
    assert source.count_hint == 4


def test_folders_inside_can_be_left_out(folder):
    source = FolderSource(folder, recursive=False)
    assert inside(source) == ["a.png", "b.JPG"]
    assert "without the folders inside" in source.describe()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a.png"]),
        ("one/*", ["one/c.webp"]),
        ("!one/*", ["a.png", "b.JPG", "二/d.jpeg"]),
        ("*.md,a.*", ["a.png", "notes.md"]),
        (["*.png", "*.JPG", "!b*"], ["a.png"]),
    ],
)
def test_patterns_choose_and_leave_out(folder, pattern, expected):
    assert inside(FolderSource(folder, pattern=pattern)) == expected


def test_a_link_back_up_is_followed_once(folder):
    (folder / "one" / "loop").symlink_to(folder)
    (folder / "again").symlink_to(folder / "one")
    assert sorted(inside(FolderSource(folder))) == ["a.png", "again/c.webp", "b.JPG", "二/d.jpeg"]


def test_a_folder_named_like_a_picture_is_refused_and_read(folder):
    (folder / "set.jpg").mkdir()
    (folder / "set.jpg" / "f.png").write_bytes(b"x")
    assert inside(FolderSource(folder))[-3:] == ["not-a-file", "set.jpg/f.png", "二/d.jpeg"]


def test_a_picture_people_expect_is_not_passed_over_though_it_cannot_be_read(folder):
    (folder / "layers.psd").write_bytes(b"8BPS")
    assert "layers.psd" in inside(FolderSource(folder))


def test_a_name_that_is_not_utf8_is_refused_readably(folder):
    (folder / os.fsdecode("狗.png".encode("gb18030"))).write_bytes(b"x")
    refusals = [record for record in FolderSource(folder).records() if isinstance(record, Refusal)]
    assert [(refusal.code, refusal.item) for refusal in refusals] == [("bad-path", f"{folder}/狗.png")]


def test_a_folder_that_may_not_be_listed_is_refused(folder, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).endswith("one"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert inside(FolderSource(folder)) == ["a.png", "b.JPG", "not-readable", "二/d.jpeg"]


def test_system_folders_are_left_out(folder):
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "x.png").write_bytes(b"x")
    assert len(inside(FolderSource(folder))) == 4


def test_a_single_picture_is_a_source(tmp_path):
    noise().save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("one\n", encoding="utf-8")
    source = FolderSource(tmp_path / "a.png")
    (record,) = source.records()
    assert record.images[0].path == str(tmp_path / "a.png")
    assert [text.text for text in record.texts] == ["one"]
    assert source.describe().endswith("one picture")


def test_captions_beside_a_picture_are_its_texts_in_any_encoding(folder):
    (folder / "a.txt").write_bytes("一只狗\r\n\r\n在草地上".encode("gb18030"))
    record = next(FolderSource(folder).records())
    assert [text.text for text in record.texts] == ["一只狗", "在草地上"]
    assert next(FolderSource(folder, captions=False).records()).texts == ()


@pytest.mark.parametrize(("data", "code"), [(b"a\0bc\n" * 9, "nul-byte"), (b"x" * (2 << 20), "too-large")])
def test_captions_that_are_no_text_are_refused_and_the_picture_stays(folder, data, code):
    (folder / "a.txt").write_bytes(data)
    first, second, *_ = FolderSource(folder).records()
    assert (first.code, first.item) == (code, str(folder / "a.txt"))
    assert second.images and not second.texts


def test_an_empty_caption_file_says_nothing(folder):
    (folder / "a.txt").write_bytes(b"")
    assert inside(FolderSource(folder))[0] == "a.png"
