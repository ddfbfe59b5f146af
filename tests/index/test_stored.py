"""Saved indexes: whole or not there."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tuwen import index
from tuwen.index.flat import Flat


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with a flat index of ten vectors, stamp {"version": 1}."""
    flat = Flat(4)
    flat.add(np.arange(10), np.random.default_rng(0).standard_normal((10, 4)))
    flat.save(tmp_path / "saved", {"version": 1})
    return tmp_path / "saved"


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert index.load(tmp_path / "nothing", {}) is None
    assert index.stamp(tmp_path / "nothing") is None


def test_another_stamp_is_none(saved: Path) -> None:
    assert index.load(saved, {"version": 2}) is None
    assert index.load(saved, {"version": 1}) is not None
    assert index.stamp(saved) == {"version": 1}


@pytest.mark.parametrize("name", ["keys", "alive", "rows", "index"])
@pytest.mark.parametrize("harm", ["cut", "flip", "delete"])
def test_a_damaged_file_is_none(saved: Path, name: str, harm: str) -> None:
    path = next(path for path in saved.iterdir() if path.name.startswith(name))
    data = bytearray(path.read_bytes())
    if harm == "delete":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(data[:-3])
    else:
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
    assert index.load(saved, {"version": 1}) is None


@pytest.mark.parametrize(
    "head",
    [
        "[]",
        "{}",
        '{"format": 99}',
        '{"format": 1, "kind": "magic"}',
        '{"format": 1, "kind": []}',
        '{"format": 1, "kind": "flat"}',
        '{"format": 1, "kind": "flat", "stamp": {"version": 1}, "width": 4, "count": 9, "files": {}}',
    ],
)
def test_a_strange_head_is_none(saved: Path, head: str) -> None:
    (saved / "index.json").write_text(head)
    assert index.load(saved, {"version": 1}) is None


def test_a_save_that_fails_leaves_the_old_index_and_no_litter(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(path.name for path in saved.glob("[!.]*"))
    old = Flat.load(saved, {"version": 1})
    assert old is not None
    old.add(np.array([99]), np.ones((1, 4)))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tuwen.index.stored.write_json", full)
        with pytest.raises(OSError, match="No space"):
            old.save(saved, {"version": 2})
    assert sorted(path.name for path in saved.glob("[!.]*")) == before
    again = Flat.load(saved, {"version": 1})
    assert again is not None
    assert len(again) == 10


def test_a_killed_save_leaves_the_old_index(saved: Path) -> None:
    script = f"""
import os, signal, numpy as np, tuwen.index.stored as stored
from pathlib import Path
from tuwen.index.flat import Flat
flat = Flat.load(Path({str(saved)!r}), {{"version": 1}})
flat.add(np.arange(100, 200), np.ones((100, 4)))
stored.write_json = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
flat.save(Path({str(saved)!r}), {{"version": 2}})
"""
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("no kill on this system")
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ}, check=False)
    assert done.returncode == -signal.SIGKILL
    again = Flat.load(saved, {"version": 1})
    assert again is not None
    assert len(again) == 10
    again.add(np.array([50]), np.ones((1, 4)))
    again.save(saved, {"version": 3})
    left = {path.name.split(".")[0] for path in saved.glob("[!.]*")}
    assert left == {"index", "keys", "alive", "rows"}
    assert len(list(saved.glob("*.bin"))) == 3  # the killed save's files are gone
    final = Flat.load(saved, {"version": 3})
    assert final is not None
    np.testing.assert_allclose(final.vectors(np.array([50])), [[0.5, 0.5, 0.5, 0.5]])


def test_saving_elsewhere_writes_all_rows(saved: Path, tmp_path: Path) -> None:
    loaded = Flat.load(saved, {"version": 1})
    assert loaded is not None
    loaded.save(tmp_path / "copy", {"version": 1})
    copy = Flat.load(tmp_path / "copy", {"version": 1})
    assert copy is not None
    np.testing.assert_array_equal(copy.vectors(copy.keys), loaded.vectors(copy.keys))


def test_two_that_add_to_the_same_saved_rows_do_not_mix(saved: Path) -> None:
    one, other = Flat.load(saved, {"version": 1}), Flat.load(saved, {"version": 1})
    assert one is not None
    assert other is not None
    one.add(np.array([50]), np.array([[1.0, 0, 0, 0]]))
    other.add(np.array([60]), np.array([[0, 1.0, 0, 0]]))
    one.save(saved, {"version": 2})
    other.save(saved, {"version": 3})
    one.add(np.array([70]), np.array([[0, 0, 1.0, 0]]))
    one.save(saved, {"version": 4})
    last = Flat.load(saved, {"version": 4})
    assert last is not None
    assert last.vectors(np.array([50, 70])).tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
    assert other.vectors(np.array([60])).tolist() == [[0, 1, 0, 0]]


def test_a_head_that_names_other_files_is_none(saved: Path) -> None:
    head = json.loads((saved / "index.json").read_text())
    (saved / "rows.bin").write_bytes((saved / head["files"]["rows"]["file"]).read_bytes())
    head["files"]["rows"]["file"] = "../saved/rows.bin"
    (saved / "index.json").write_text(json.dumps(head))
    assert index.load(saved, {"version": 1}) is None


def test_a_library_file_with_other_rows_than_the_keys_is_none(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((40, 4))
    small, large = (index.build("ivf", [(np.arange(n), rows[:n])], width=4, count=n) for n in (30, 40))
    small.save(tmp_path / "small", {})
    large.save(tmp_path / "large", {})
    heads = [json.loads((tmp_path / name / "index.json").read_text()) for name in ("small", "large")]
    entry = heads[0]["files"]["faiss"]
    (tmp_path / "large" / entry["file"]).write_bytes((tmp_path / "small" / entry["file"]).read_bytes())
    heads[1]["files"]["faiss"] = entry
    (tmp_path / "large" / "index.json").write_text(json.dumps(heads[1]))
    assert index.load(tmp_path / "large", {}) is None
    assert index.load(tmp_path / "small", {}) is not None
