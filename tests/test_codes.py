"""Hash codes are learned once and stay those of their vectors."""

import numpy as np
import pytest

from tuwen import Collection, codes

WIDTH = 16


def unit(seed, n):
    rows = np.random.default_rng(seed).normal(size=(n, WIDTH)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def collection(tmp_path):
    """Forty pictures, enough to learn eight bits from."""
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH, codes=8)
    made.add_vectors("image", [f"p{i}" for i in range(40)], unit(0, 40))
    return made


def stored(collection):
    found = collection.store.view.by_ids("images", ["p3"], ["code"])
    return found["code"].to_pylist()


def test_codes_come_with_one_modality_alone(collection):
    assert codes.learn(collection)
    collection.add_vectors("text", ["t"], unit(0, 1))
    assert collection.search(unit(0, 40)[0], k=1, codes=True)[0].id == "p0"
    assert collection.search(unit(0, 40)[0], k=1, codes=True, kind="text")[0].id == "t"
    assert collection.verify() == []


def test_the_hash_function_is_learned_once(collection):
    collection.snapshot("before")
    codes.learn(collection)
    first = stored(collection)
    collection.snapshot("with")
    collection.roll_back("before")
    assert not codes.have_codes(collection.store.view)
    collection.add_vectors("image", [f"n{i}" for i in range(40)], unit(1, 40))
    codes.learn(Collection.open(collection.path))
    assert stored(collection) == first
    collection.roll_back("with")
    assert stored(collection) == first
    assert Collection.open(collection.path).verify() == []


def test_a_writer_who_comes_second_takes_what_the_first_learned(collection, monkeypatch):
    other = Collection.open(collection.path)
    learned = codes.have_codes

    def slow(view):
        monkeypatch.setattr(codes, "have_codes", learned)
        assert codes.learn(other)
        return False

    monkeypatch.setattr(codes, "have_codes", slow)
    assert codes.learn(collection)
    assert collection.verify() == []


def test_verify_finds_codes_of_another_function(collection):
    codes.learn(collection)
    hasher = collection.hasher()
    hasher.weights_ = -hasher.weights_
    assert any("40 codes are not those of their vectors: 'p0'" in fault for fault in collection.verify())
