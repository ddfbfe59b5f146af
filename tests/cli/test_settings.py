import pytest

from tuwen.cli import _settings
from tuwen.errors import InputError, UnknownName


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """A user's file of one's own, not there yet, and an environment without settings."""
    for name in _settings.SETTINGS:
        monkeypatch.delenv(f"TUWEN_{name.upper()}", raising=False)
    path = tmp_path / "config" / "config.toml"
    monkeypatch.setenv("TUWEN_CONFIG", str(path))
    return path


def test_the_environment_comes_before_the_file_and_the_file_before_the_default(file, monkeypatch):
    assert _settings.lookup("k") == (10, "default")
    _settings.write("k", "20")
    assert _settings.lookup("k") == (20, str(file))
    monkeypatch.setenv("TUWEN_K", "30")
    assert _settings.lookup("k") == (30, "TUWEN_K")


def test_values_of_every_type_are_written_and_read_back(file):
    for key, given, expected in (("k", "7", 7), ("open", "no", False), ("encoder", 'a "b" 中', 'a "b" 中')):
        _settings.write(key, given)
        assert _settings.value(key) == expected
    _settings.write("k", None)
    assert _settings.value("k") == 10
    assert file.read_text(encoding="utf-8") == 'encoder = "a \\"b\\" 中"\nopen = false\n'


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        ("k", "0", "at least 1"),
        ("k", "many", "at least 1"),
        ("open", "perhaps", "true or false"),
        ("format", "xml", "one of auto, table, json"),
    ],
)
def test_a_wrong_value_is_refused_and_not_written(file, key, given, said):
    with pytest.raises(InputError, match=said):
        _settings.write(key, given)
    assert not file.exists()


def test_an_unknown_setting_gets_a_suggestion(file):
    with pytest.raises(UnknownName, match="did you mean 'encoder'"):
        _settings.write("encodr", "mini")
    file.parent.mkdir()
    file.write_text("thumbnail = 'none'")
    with pytest.raises(UnknownName, match="did you mean 'thumbnails'"):
        _settings.value("k")


def test_a_broken_file_is_named(file):
    file.parent.mkdir()
    file.write_text("k = = 2")
    with pytest.raises(InputError, match=r"config\.toml is not TOML"):
        _settings.value("k")


def test_a_wrong_value_in_the_environment_names_the_variable(monkeypatch):
    monkeypatch.setenv("TUWEN_FORMAT", "xml")
    with pytest.raises(InputError, match="TUWEN_FORMAT"):
        _settings.value("format")
