"""Folders for what is learned: what may be replaced, and that it is replaced whole."""

import pytest

from tuwen.errors import InputError
from tuwen.saved import check_free, replacing_folder


@pytest.fixture
def earlier(tmp_path):
    """A folder with an earlier result."""
    folder = tmp_path / "fitted"
    folder.mkdir()
    (folder / "method.json").write_text("{}", encoding="utf-8")
    (folder / "old").write_text("old", encoding="utf-8")
    return folder


def test_new_and_empty_folders_and_earlier_results_are_free(earlier, tmp_path):
    check_free(tmp_path / "new", "method.json")
    (tmp_path / "empty").mkdir()
    check_free(tmp_path / "empty", "method.json")
    check_free(earlier, "fusion.json", "method.json")


def test_what_holds_something_else_is_refused(earlier, tmp_path):
    with pytest.raises(InputError, match="holds something else; name a new folder"):
        check_free(earlier, "fusion.json")
    with pytest.raises(InputError, match="holds something else"):
        check_free(earlier / "old", "method.json")
    (earlier / "collection.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="is a collection"):
        check_free(earlier, "method.json")


def test_a_folder_is_replaced_whole(earlier):
    with replacing_folder(earlier) as made:
        (made / "new").write_text("new", encoding="utf-8")
        assert (earlier / "old").is_file()
    assert [file.name for file in earlier.iterdir()] == ["new"]
    assert [file.name for file in earlier.parent.iterdir()] == ["fitted"]


def test_what_fails_leaves_the_old_folder_alone(earlier):
    with pytest.raises(KeyError), replacing_folder(earlier) as made:
        (made / "new").write_text("new", encoding="utf-8")
        raise KeyError
    assert sorted(file.name for file in earlier.iterdir()) == ["method.json", "old"]
    assert [file.name for file in earlier.parent.iterdir()] == ["fitted"]
