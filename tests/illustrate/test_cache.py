import os

import numpy as np
import pytest

from tuwen import encoders
from tuwen.illustrate import cache
from tuwen.illustrate.cache import Cache, key_of


def never():
    raise AssertionError("it was kept already")


def test_arrays_are_made_once(tmp_path):
    kept = Cache(tmp_path / "illustrate")
    made = kept.arrays("key", lambda: {"vectors": np.eye(2)})
    again = Cache(tmp_path / "illustrate").arrays("key", never)
    assert np.array_equal(made["vectors"], again["vectors"])


def test_what_is_broken_is_made_anew(tmp_path):
    kept = Cache(tmp_path)
    (tmp_path / "a.npz").write_bytes(b"PK no")
    (tmp_path / "b.json").write_text("[1")
    (tmp_path / "c.json").write_text('{"other": 1}')
    assert kept.arrays("a", lambda: {"x": np.ones(1)})["x"] == 1
    for key in ("b", "c"):
        assert kept.value(key, lambda: 5, write=lambda v: {"v": v}, read=lambda v: v["v"]) == 5
        assert kept.value(key, never, write=lambda v: {"v": v}, read=lambda v: v["v"]) == 5


def test_a_fitted_encoder_is_opened_again_as_it_was(tmp_path):
    def fit():
        return encoders.load("tfidf,units=characters").fit(["红红火火", "蓝天白云"])

    kept = Cache(tmp_path)
    first = kept.encoder("key", fit)
    assert kept.encoder("key", never).fingerprint == first.fingerprint


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("no folder")
    kept = Cache(tmp_path / "file")
    assert kept.value("key", lambda: 1, write=int, read=int) == 1
    assert kept.folder is None
    assert kept.value("key", lambda: 2, write=int, read=int) == 2


def test_the_oldest_are_removed_when_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "MOST", 3)
    kept = Cache(tmp_path)
    for number in range(5):
        kept.value(f"k{number}", lambda: 1, write=int, read=int)
        os.utime(tmp_path / f"k{number}.json", ns=(number, number))
    kept.value("last", lambda: 1, write=int, read=int)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["k3", "k4", "last"]


@pytest.mark.parametrize(("one", "other"), [(("ab", "c"), ("a", "bc")), (("a",), ("a", ""))])
def test_keys_tell_where_one_part_ends(one, other):
    assert key_of(*one) != key_of(*other)
