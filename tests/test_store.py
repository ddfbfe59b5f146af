"""The commit point: whole batches or nothing, whatever happens."""

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tuwen import tables
from tuwen.errors import CollectionError, Damaged, InputError, Locked, UnknownName
from tuwen.head import Identity
from tuwen.records import Refusal
from tuwen.store import Store


@pytest.fixture
def store(tmp_path):
    """An empty collection of four-wide vectors."""
    return Store.create(tmp_path / "c", Identity(encoder="none", fingerprint="", width=4))


def rows(store, table, ids, **columns):
    vectors = np.arange(len(ids) * 4, dtype=np.float32).reshape(-1, 4)
    wanted = store.view.dataset(table).schema
    if table == "texts":
        columns.setdefault("text", [f"text {i}" for i in ids])
    return tables.rows(wanted, vectors, {"id": ids, **columns})


def add(store, table, ids, **columns):
    with store.transaction() as transaction:
        transaction.append(table, rows(store, table, ids, **columns))


def ids(store, table="images"):
    return sorted(store.view.scan(table, ["id"])["id"].to_pylist())


def test_a_batch_over_two_tables_is_seen_whole(store):
    with store.transaction() as transaction:
        transaction.append("images", rows(store, "images", ["a", "b"]))
        assert store.view.count("images") == 0
        transaction.append("texts", rows(store, "texts", ["a"]))
    assert (store.view.count("images"), store.view.count("texts")) == (2, 1)


def test_an_error_in_the_block_undoes_all_of_it(store):
    add(store, "images", ["a"])
    with pytest.raises(RuntimeError), store.transaction() as transaction:
        transaction.append("images", rows(store, "images", ["b"]))
        transaction.delete("images", ["a"])
        raise RuntimeError
    assert ids(store) == ["a"]
    add(store, "images", ["c"])
    assert ids(Store.open(store.path)) == ["a", "c"]


def test_a_reader_keeps_its_view_while_others_write(store):
    add(store, "images", ["a"])
    before = store.view
    Store.open(store.path)
    add(Store.open(store.path), "images", ["b"])
    assert before.scan("images", ["id"])["id"].to_pylist() == ["a"]
    assert ids(store) == ["a", "b"]


def test_nothing_new_gives_the_same_view(store):
    assert store.view is store.view


DIE = """
import os, signal, sys
from pathlib import Path
import numpy as np
from tuwen import tables
from tuwen.store import Store
store = Store.open(Path(sys.argv[1]))
with store.transaction() as transaction:
    schema = transaction.dataset("images").schema
    transaction.append("images", tables.rows(schema, np.eye(1, 4), {"id": ["lost"]}))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this platform")
def test_a_killed_writer_leaves_nothing_and_blocks_nobody(store):
    add(store, "images", ["kept"])
    died = subprocess.run([sys.executable, "-c", DIE, store.path], check=False)
    assert died.returncode == -signal.SIGKILL
    assert ids(store) == ["kept"]
    add(store, "images", ["next"])
    assert ids(Store.open(store.path)) == ["kept", "next"]


def test_addresses_stay_over_an_aborted_batch(store):
    add(store, "images", ["a"])
    keys = store.view.keys("images")
    with pytest.raises(RuntimeError), store.transaction() as transaction:
        transaction.append("images", rows(store, "images", ["b"]))
        raise RuntimeError
    add(store, "images", ["c"])
    assert store.view.take("images", keys, ["id"])["id"].to_pylist() == ["a"]


def test_take_keeps_the_asked_order_and_skips_what_is_gone(store):
    add(store, "images", ["a", "b", "c"])
    keys = store.view.keys("images")
    with store.transaction() as transaction:
        transaction.delete("images", ["b"])
    taken = store.view.take("images", keys[::-1], ["id"])
    assert taken["id"].to_pylist() == ["c", "a"]


def test_ids_with_quotes_are_plain_ids(store):
    strange = "a' or '1'='1"
    add(store, "images", [strange, "b"])
    assert store.view.by_ids("images", [strange], ["id"])["id"].to_pylist() == [strange]
    with store.transaction() as transaction:
        assert transaction.delete("images", [strange]) == 1
    assert ids(store) == ["b"]


def test_replace_updates_in_place(store):
    add(store, "texts", ["a", "b"])
    with store.transaction() as transaction:
        transaction.replace("texts", rows(store, "texts", ["b"], text=["new"]))
    found = store.view.by_ids("texts", ["b"], ["text"])
    assert found["text"].to_pylist() == ["new"]
    assert store.view.count("texts") == 2


def test_ledger_keeps_one_line_an_input(store):
    for reason in ("first", "second"):
        with store.transaction() as transaction:
            transaction.refuse([Refusal(item="a.jpg", code="truncated", reason=reason)])
    lines = store.view.scan("ledger", ["item", "reason"])
    assert lines["reason"].to_pylist() == ["second"]
    with store.transaction() as transaction:
        assert transaction.forgive(["a.jpg"]) == 1
    assert store.view.count("ledger") == 0


def test_writers_queue_and_then_say_so(store):
    other = Store.open(store.path)
    with store.transaction(), pytest.raises(Locked, match="another process"), other.transaction(wait=0.05):
        pass


def test_waiting_for_another_writer_is_said(store, monkeypatch, caplog):
    monkeypatch.setattr("tuwen.store.SILENT_SECONDS", 0.01)
    other = Store.open(store.path)
    with store.transaction(), pytest.raises(Locked), other.transaction(wait=0.05):
        pass
    assert "another process is writing" in caplog.text


def test_create_refuses_a_folder_with_something_in_it(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CollectionError, match="not an empty folder"):
        Store.create(tmp_path, Identity(encoder="none", fingerprint="", width=4))


def test_open_says_when_there_is_no_collection(tmp_path):
    with pytest.raises(CollectionError, match="does not exist"):
        Store.open(tmp_path / "none")
    with pytest.raises(CollectionError, match="is not a collection"):
        Store.open(tmp_path)


def test_a_newer_format_is_refused(store):
    path = store.path / "collection.json"
    stored = json.loads(path.read_text()) | {"format": 99, "tuwen": "9.0"}
    path.write_text(json.dumps(stored))
    with pytest.raises(CollectionError, match=r"written by tuwen 9\.0"):
        Store.open(store.path)


def test_a_changed_head_is_found(store):
    path = store.path / "head.json"
    path.write_text(path.read_text().replace('"sequence": 0', '"sequence": 7'))
    with pytest.raises(Damaged, match="checksum"):
        Store.open(store.path)


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", '{"format": "x"}', "\0\0"])
@pytest.mark.parametrize("name", ["head.json", "collection.json"])
def test_a_spoiled_file_is_called_damaged(store, name, content):
    (store.path / name).write_text(content)
    with pytest.raises(Damaged, match=name):
        Store.open(store.path)


@pytest.mark.parametrize("content", ["[]", '{"x": 1}'])
def test_a_spoiled_list_of_snapshots_is_called_damaged(store, content):
    (store.path / "snapshots.json").write_text(content)
    with pytest.raises(Damaged, match="does not list snapshots"):
        store.snapshot("y")


def test_a_table_that_is_gone_is_called_damaged(store):
    shutil.rmtree(store.path / "ledger.lance")
    with pytest.raises(Damaged, match=r"ledger\.lance is missing"), store.transaction():
        pass


def test_a_snapshot_survives_compaction_and_comes_back(store):
    add(store, "images", ["a", "b"])
    store.snapshot("初稿")
    with store.transaction() as transaction:
        transaction.delete("images", ["a"])
    add(store, "images", ["c"])
    store.compact(keep=timedelta(0))
    assert ids(store) == ["b", "c"]
    epoch = store.view.head.epoch
    store.roll_back("初稿")
    assert ids(Store.open(store.path)) == ["a", "b"]
    assert store.view.head.epoch > epoch
    add(store, "images", ["d"])
    assert ids(store) == ["a", "b", "d"]


def test_snapshot_names_are_checked(store):
    with pytest.raises(InputError, match="may have only"):
        store.snapshot("../x")
    store.snapshot("x")
    with pytest.raises(InputError, match="already"):
        store.snapshot("x")
    with pytest.raises(UnknownName, match="did you mean 'x'"):
        store.roll_back("xx")


def test_compact_joins_small_files(store):
    for i in range(6):
        add(store, "images", [f"i{i}"])
    before = len(store.view.dataset("images").get_fragments())
    store.compact(keep=timedelta(0))
    assert len(store.view.dataset("images").get_fragments()) < before
    assert ids(store) == [f"i{i}" for i in range(6)]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs folder permissions that bind")
def test_a_read_only_folder_reads_but_does_not_write(store):
    add(store, "images", ["a"])
    store.path.chmod(0o500)
    try:
        again = Store.open(store.path)
        assert ids(again) == ["a"]
        with pytest.raises(CollectionError, match="cannot be written"), again.transaction() as transaction:
            transaction.append("images", rows(again, "images", ["b"]))
        assert ids(Store.open(store.path)) == ["a"]
    finally:
        store.path.chmod(0o700)


def test_full_text_finds_chinese_and_english_words(store):
    add(store, "texts", ["a", "b"], text=["一只黑色的狗在草地上", "two cats sitting"])
    with store.transaction() as transaction:
        transaction.index_text()
    for words, expected in (("黑色", "a"), ("cats", "b"), ("sitting", "b")):
        found = store.view.dataset("texts").to_table(columns=["id"], full_text_query=words)
        assert found["id"].to_pylist() == [expected]


def test_a_reader_ends_what_it_does_while_the_files_are_joined(store):
    for i in range(4):
        add(store, "images", [f"i{i}"])
    before, late = store.view, Store.open(store.path).view
    store.compact()
    assert before.scan("images", ["id"]).num_rows == 4
    store.compact(keep=timedelta(0))
    with pytest.raises(Damaged, match="open it again if it was compacted"):
        late.scan("images", ["id"])
    assert len(ids(store)) == 4


def test_nothing_to_join_leaves_row_addresses_alone(store):
    add(store, "images", ["a"])
    store.compact()
    assert store.view.head.epoch == 0


def test_a_dropped_snapshot_is_freed(store):
    add(store, "images", ["a"])
    store.snapshot("x")
    old = store.view.head.versions["images"]
    add(store, "images", ["b"])
    store.compact(keep=timedelta(0))
    versions = [version["version"] for version in store.view.dataset("images").versions()]
    assert old in versions
    store.drop_snapshot("x")
    assert store.snapshots() == {}
    store.compact(keep=timedelta(0))
    versions = [version["version"] for version in store.view.dataset("images").versions()]
    assert old not in versions
    with pytest.raises(UnknownName, match="no snapshot named 'x'"):
        store.drop_snapshot("x")


def test_a_snapshot_writes_nothing_beside_a_folder_with_a_chinese_name(tmp_path):
    made = Store.create(tmp_path / "图库 [1]", Identity(encoder="none", fingerprint="", width=4))
    add(made, "images", ["a"])
    made.snapshot("x")
    made.compact()
    made.roll_back("x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["图库 [1]"]


def test_a_collection_put_in_the_place_of_another_is_noticed(store):
    add(store, "images", ["a"])
    shutil.rmtree(store.path)
    other = Store.create(store.path, Identity(encoder="none", fingerprint="", width=4))
    add(other, "images", ["b"])
    with pytest.raises(CollectionError, match="another collection now"):
        _ = store.view
    with pytest.raises(CollectionError, match="another collection now"), store.transaction():
        pass
    assert ids(other) == ["b"]


def test_a_transaction_in_a_transaction_is_refused(store):
    with pytest.raises(CollectionError, match="in a transaction already"), store.transaction() as outer:
        outer.append("images", rows(store, "images", ["a"]))
        with store.transaction():
            pass
    assert ids(store) == []
    add(store, "images", ["b"])
    assert ids(store) == ["b"]


def test_a_relative_path_stays_when_the_process_changes_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = Store.create(Path("a:b"), Identity(encoder="none", fingerprint="", width=4))
    monkeypatch.chdir(tmp_path.parent)
    add(made, "images", ["a"])
    assert ids(made) == ["a"]


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: os.truncate(file, 300)])
def test_files_that_are_not_what_was_written_are_called_damaged(store, spoil):
    add(store, "images", ["a"])
    spoil(next((store.path / "images.lance" / "data").iterdir()))
    with pytest.raises(Damaged, match="cannot be read"):
        ids(Store.open(store.path))
    with pytest.raises(Damaged, match="cannot be read"):
        list(Store.open(store.path).view.batches("images", ["id"]))


def test_columns_must_align(store):
    with pytest.raises(InputError, match="must align"):
        rows(store, "images", ["a", "b"], path=["x"])
