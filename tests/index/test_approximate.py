"""The graph and the lists against exact search."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tuwen import index
from tuwen.arrays import unit_rows
from tuwen.errors import InputError
from tuwen.index import calibration, library
from tuwen.index.base import Index
from tuwen.index.ivf import IVF

KINDS = ["hnsw", "ivf"]
WIDTH = 32
COUNT = 3000


def clustered(count: int, seed: int) -> np.ndarray:
    """Unit vectors around 40 centres, that are the same for every seed."""
    centres = np.random.default_rng(99).standard_normal((40, WIDTH))
    generator = np.random.default_rng(seed)
    return unit_rows(
        centres[generator.integers(40, size=count)] + 0.5 * generator.standard_normal((count, WIDTH))
    )


ROWS = clustered(COUNT, 0)
QUERIES = clustered(64, 1)
KEYS = 7 * np.arange(COUNT)


def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rows in pieces of 700."""
    for start in range(0, COUNT, 700):
        yield KEYS[start : start + 700], ROWS[start : start + 700]


@pytest.fixture(scope="module", params=KINDS)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a saved index of all rows, made from a generator."""
    folder = tmp_path_factory.mktemp("home")
    index.build(request.param, blocks(), width=WIDTH, count=COUNT).save(folder, {})
    return folder


@pytest.fixture
def built(home: Path) -> Index:
    """An index of all rows."""
    loaded = index.load(home, {})
    assert loaded is not None
    return loaded


def true(queries: np.ndarray, k: int, allowed: np.ndarray | None = None) -> np.ndarray:
    """Keys of the nearest rows, by a full sort."""
    keys = KEYS if allowed is None else np.sort(allowed)
    return keys[np.argsort(-(queries @ ROWS[keys // 7].T), axis=1)[:, :k]]


def test_recall_is_what_was_promised_and_measured(built: Index) -> None:
    found = built.search(QUERIES, 10)
    assert calibration.recall(found.keys, true(QUERIES, 10)) >= 0.95
    assert built.measured["recall"] >= 0.95


def test_given_queries_choose_the_effort() -> None:
    made = IVF.build(list(blocks()), width=WIDTH, count=COUNT, queries=QUERIES)
    assert made.measured["recall"] >= calibration.TARGET


def test_scores_are_cosines_best_first(built: Index) -> None:
    hits = built.search(3 * QUERIES, 10)
    np.testing.assert_allclose(hits.scores, np.einsum("qd,qkd->qk", QUERIES, ROWS[hits.keys // 7]), atol=2e-3)
    assert (np.diff(hits.scores, axis=1) <= 0).all()


def test_one_query_alone_answers_as_in_a_batch(built: Index) -> None:
    together = built.search(QUERIES, 5)
    for row in range(3):
        np.testing.assert_array_equal(built.search(QUERIES[row : row + 1], 5).keys[0], together.keys[row])


def test_endless_effort_is_exact(built: Index) -> None:
    hits = built.search(QUERIES, 10, effort=math.inf)
    assert calibration.recall(hits.keys, true(QUERIES, 10)) > 0.995  # float16 may swap near equals


def test_more_effort_finds_no_less_than_little(built: Index) -> None:
    shares = [
        calibration.recall(built.search(QUERIES, 10, effort=effort).keys, true(QUERIES, 10))
        for effort in (0.1, 8.0)
    ]
    assert shares[0] <= shares[1]
    assert shares[1] > 0.97


def test_removed_rows_are_not_found_and_hits_stay_full(built: Index) -> None:
    gone = true(QUERIES[:1], 200)[0]
    assert built.remove(gone) == 200
    hits = built.search(QUERIES[:1], 10)
    assert not np.isin(hits.keys, gone).any()
    assert (hits.keys >= 0).all()
    assert not built.needs_rebuild
    built.remove(KEYS[:1000])
    assert built.needs_rebuild


def test_added_rows_are_found(built: Index) -> None:
    new = unit_rows(np.random.default_rng(5).standard_normal((50, WIDTH)))
    built.add(np.arange(100_000, 100_050), new)
    hits = built.search(new, 1)
    assert (hits.keys[:, 0] >= 100_000).mean() > 0.95


@pytest.mark.parametrize("share", [3, 2])
def test_many_allowed_keys_are_all_that_is_found(
    built: Index, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(built), "few", 10)
    allowed = KEYS[::share]
    hits = built.search(QUERIES, 10, allowed=allowed)
    assert np.isin(hits.keys, allowed).all()
    assert calibration.recall(hits.keys, true(QUERIES, 10, allowed)) >= 0.95


def test_few_allowed_keys_are_compared_exactly(built: Index) -> None:
    allowed = np.random.default_rng(3).choice(KEYS, 25, replace=False)
    hits = built.search(QUERIES, 10, allowed=allowed)
    assert calibration.recall(hits.keys, true(QUERIES, 10, allowed)) > 0.995


def test_allowed_rows_far_from_the_query_are_found_all_the_same(
    built: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(built), "few", 5)
    far = KEYS[np.argsort(ROWS @ QUERIES[0])[:20]]
    hits = built.search(QUERIES[:1], 20, allowed=far, effort=0.01)
    assert sorted(hits.keys[0].tolist()) == sorted(far.tolist())


def test_as_many_hits_as_rows(built: Index) -> None:
    hits = built.search(QUERIES[:2], COUNT + 5)
    assert (np.sort(hits.keys[:, :COUNT], axis=1) == KEYS).all()
    assert (hits.keys[:, COUNT:] == -1).all()


def test_a_saved_index_answers_the_same_and_grows(built: Index, tmp_path: Path) -> None:
    built.remove(KEYS[:3])
    before = built.search(QUERIES, 10)
    built.save(tmp_path, {"v": 1})
    loaded = index.load(tmp_path, {"v": 1})
    assert loaded is not None
    assert loaded.kind == built.kind
    assert loaded.measured == built.measured
    for one in (built, loaded):
        after = one.search(QUERIES, 10)
        np.testing.assert_array_equal(after.keys, before.keys)
        np.testing.assert_array_equal(after.scores, before.scores)
    loaded.add(KEYS[:3], ROWS[:3])
    loaded.save(tmp_path, {"v": 2})
    again = index.load(tmp_path, {"v": 2})
    assert again is not None
    assert len(again) == COUNT
    np.testing.assert_allclose(again.vectors(KEYS[:5]), ROWS[:5], atol=1e-3)


def test_a_damaged_library_file_is_none_before_the_library_reads_it(built: Index, tmp_path: Path) -> None:
    built.save(tmp_path, {})
    path = next(path for path in tmp_path.iterdir() if path.name.startswith("faiss"))
    data = bytearray(path.read_bytes())
    data[4] ^= 1
    path.write_bytes(data)
    assert index.load(tmp_path, {}) is None


def test_building_twice_gives_the_same_answers(built: Index) -> None:
    again = index.build(built.kind, list(blocks()), width=WIDTH, count=COUNT)
    first, second = built.search(QUERIES, 10), again.search(QUERIES, 10)
    np.testing.assert_array_equal(first.keys, second.keys)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_index_answers_is_saved_and_grows(kind: str, tmp_path: Path) -> None:
    made = index.build(kind, [], width=WIDTH, count=0)
    assert made.search(QUERIES[:1], 2).keys.tolist() == [[-1, -1]]
    made.save(tmp_path, {})
    loaded = index.load(tmp_path, {})
    assert loaded is not None
    loaded.add(KEYS[:1], ROWS[:1])
    loaded.add(KEYS[1:30], ROWS[1:30])
    assert loaded.search(ROWS[20:21], 2).keys[0, 0] == KEYS[20]


def test_an_index_that_has_grown_fourfold_asks_for_a_new_one() -> None:
    made = IVF.build([(np.arange(1000), clustered(1000, 7))], width=WIDTH, count=1000)
    made.add(np.arange(1000, 4000), clustered(3000, 8))
    assert not made.needs_rebuild
    made.add(np.arange(4000, 4001), clustered(1, 9))
    assert made.needs_rebuild


@pytest.mark.parametrize("kind", KINDS)
def test_bad_rows_are_refused(kind: str) -> None:
    made = index.empty(kind, WIDTH)
    with pytest.raises(InputError, match="zero vector in row 1"):
        made.add(np.arange(2), np.vstack([np.ones(WIDTH), np.zeros(WIDTH)]))
    with pytest.raises(InputError, match="31 columns"):
        made.add(np.arange(2), np.ones((2, 31)))
    assert len(made) == 0


def test_one_query_leaves_the_threads_of_the_library_as_they_were(built: Index) -> None:
    faiss = library.faiss()
    before = faiss.omp_get_max_threads()
    built.search(QUERIES[:1], 3)
    assert faiss.omp_get_max_threads() == before
    with library.one_thread():
        assert faiss.omp_get_max_threads() == 1
    assert faiss.omp_get_max_threads() == before


def test_fixed_point_keeps_products_to_a_hundred_thousandth() -> None:
    rows = unit_rows(np.random.default_rng(0).standard_normal((200, 512)))
    kept = library.widen(library.narrow(rows))
    np.testing.assert_allclose(kept @ rows[0], rows @ rows[0], atol=5e-5)
    assert library.narrow(np.eye(2)).tolist() == [[32767, 0], [0, 32767]]


def test_equal_rows_have_the_lower_key_first() -> None:
    rows = np.repeat(clustered(300, 3), 2, axis=0)
    keys = np.arange(600).reshape(-1, 2)[:, ::-1].reshape(-1)
    made = IVF.build([(keys, rows)], width=WIDTH, count=600)
    hits = made.search(rows[:1], 2)
    assert hits.keys.tolist() == [[0, 1]]


def test_vectors_go_to_the_file_while_a_large_index_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuwen.index.rows.SPILL", 50_000)
    made = index.build("ivf", blocks(), width=WIDTH, count=COUNT, folder=tmp_path)
    (spilled,) = tmp_path.iterdir()
    assert spilled.stat().st_size >= 2 * WIDTH * 2800
    made.save(tmp_path, {})
    assert spilled.exists()  # it is the saved file now, not copied
    loaded = index.load(tmp_path, {})
    assert loaded is not None
    np.testing.assert_allclose(loaded.vectors(KEYS), ROWS, atol=1e-3)
    np.testing.assert_array_equal(loaded.search(QUERIES, 10).keys, made.search(QUERIES, 10).keys)


def test_a_folder_that_cannot_be_written_costs_only_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuwen.index.rows.SPILL", 50_000)
    blocked = tmp_path / "file"
    blocked.touch()
    made = index.build("ivf", blocks(), width=WIDTH, count=COUNT, folder=blocked / "folder")
    assert len(made) == COUNT
