"""Indexes follow the store, whoever writes, and never answer for another one."""

import shutil
import threading

import numpy as np
import pytest

from tuwen import Collection

WIDTH = 16


def unit(seed, n):
    rows = np.random.default_rng(seed).normal(size=(n, WIDTH)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def collection(tmp_path):
    """A hundred pictures."""
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    made.add_vectors("image", [f"p{i}" for i in range(100)], unit(0, 100))
    return made


def test_threads_search_while_another_writes(collection):
    wanted, faults, done = unit(0, 100), [], threading.Event()

    def ask(seed):
        turn = np.random.default_rng(seed)
        while not done.is_set():
            i = int(turn.integers(50, 100))
            try:
                found = collection.search(wanted[i], k=1)
                if found[0].id != f"p{i}":
                    faults.append((i, found[0].id))
            except Exception as error:
                faults.append(error)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(4):
        collection.add_vectors("image", [f"n{turn}-{i}" for i in range(20)], unit(turn + 1, 20))
        collection.delete("image", [f"p{turn}", f"n{turn}-3"])
    done.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert collection.verify() == []


def test_an_index_waits_for_searches_before_it_changes(collection):
    view = collection.store.view
    changed = threading.Event()

    def change():
        collection.search(unit(0, 1)[0])
        changed.set()

    with collection.indexes.using(view, "images") as index:
        collection.add_vectors("image", ["new"], unit(9, 1))
        thread = threading.Thread(target=change)
        thread.start()
        assert not changed.wait(0.1)
        assert len(index) == 100
    thread.join()
    assert len(collection.indexes.get(collection.store.view, "images")) == 101


def test_an_index_of_another_collection_is_not_taken(collection, tmp_path):
    collection.finish()
    other = Collection.create(tmp_path / "other", encoder=None, width=WIDTH)
    other.add_vectors("image", [f"p{i}" for i in range(100)], unit(5, 100))
    shutil.copytree(collection.path / "index", other.path / "index")
    again = Collection.open(other.path)
    assert again.search(unit(5, 100)[7], k=1)[0].id == "p7"
    assert again.verify() == []


def test_an_index_from_before_a_roll_back_is_not_taken(collection):
    collection.snapshot("first")
    collection.add_vectors("image", ["a", "b"], unit(7, 2))
    collection.finish()
    collection.roll_back("first")
    collection.add_vectors("image", ["b", "a"], unit(7, 2))
    for opened in (collection, Collection.open(collection.path)):
        assert opened.search(unit(7, 2)[0], k=1)[0].id == "b"
        assert opened.verify() == []


def test_two_processes_save_in_turn_and_both_answer_rightly(collection):
    collection.finish()
    first, second = Collection.open(collection.path), Collection.open(collection.path)
    for opened in (first, second):
        opened.search(unit(0, 1)[0])
    first.add_vectors("image", [f"a{i}" for i in range(10)], unit(1, 10))
    first.finish()
    second.delete("image", ["a0"])
    second.add_vectors("image", [f"b{i}" for i in range(10)], unit(2, 10))
    second.finish()
    for opened in (first, second, Collection.open(collection.path)):
        assert opened.search(unit(1, 10)[5], k=1)[0].id == "a5"
        assert opened.search(unit(2, 10)[5], k=1)[0].id == "b5"
        assert opened.verify() == []


def test_a_folder_that_cannot_be_written_costs_the_cache_alone(collection, monkeypatch):
    from tuwen import index

    build = index.build

    def refusing(*arguments, folder=None, **options):
        if folder is not None:
            raise OSError("read-only")
        return build(*arguments, **options)

    monkeypatch.setattr(index, "build", refusing)
    (collection.path / "index").write_text("in the way")
    assert collection.search(unit(0, 100)[5], k=1)[0].id == "p5"


def test_when_memory_is_short_the_disk_answers(tmp_path, monkeypatch):
    from tuwen import indexes

    monkeypatch.setattr(indexes, "_spare_bytes", lambda: 1000)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(9000, 16)).astype(np.float32)
    made = Collection.create(tmp_path / "c", encoder=None, width=16)
    made.add_vectors("image", [f"i{i}" for i in range(9000)], vectors)
    made.finish()
    with made.indexes.using(made.store.view, "images") as ready:
        assert ready.kind == "disk"
    assert made.store.view.dataset("images").has_index
    assert made.search(vectors[77], k=1)[0].id == "i77"
    made.add_vectors("image", ["late"], -vectors[:1])
    assert made.search(-vectors[0], k=1)[0].id == "late"
    assert made.verify() == []
