"""What was read stays, in memory and on disk, within bounds."""

import numpy as np

from tuwen.rerank.kept import Kept, key_of


def test_what_is_kept_is_there_for_another_process(tmp_path):
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    Kept(tmp_path / "k").put("ab1", values)
    found = Kept(tmp_path / "k").get("ab1")
    assert found.tolist() == values.tolist()
    assert found.dtype == np.float32
    assert Kept(tmp_path / "k").get("ab2") is None


def test_the_folder_stays_within_its_bytes(tmp_path):
    kept = Kept(tmp_path, most=1000, held=0)
    for number in range(10):
        kept.put(f"k{number}", np.zeros(60, dtype=np.float32))
    assert len(list(tmp_path.rglob("*.npy"))) == 4
    assert Kept(tmp_path, most=1000).get("k0") is not None


def test_memory_holds_what_was_asked_for_last():
    kept = Kept(None, held=1000)
    for number in range(4):
        kept.put(f"k{number}", np.zeros(100, dtype=np.float32))
    kept.get("k2")
    kept.put("k4", np.zeros(100, dtype=np.float32))
    assert [kept.get(f"k{number}") is not None for number in range(5)] == [False, False, True, False, True]


def test_a_broken_file_counts_as_absent(tmp_path):
    Kept(tmp_path).put("ab", np.ones(3))
    (file,) = tmp_path.rglob("*.npy")
    file.write_bytes(file.read_bytes()[:-5])
    assert Kept(tmp_path).get("ab") is None


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    kept = Kept(tmp_path / "file" / "k", held=0)
    kept.put("ab", np.ones(3))
    kept.put("cd", np.ones(3))
    assert kept.get("ab") is None


def test_another_content_has_another_key():
    assert key_of("a", "b") != key_of("a", "c")
    assert key_of("a", "b") == key_of("a", "b")
