"""The exact index against plain numpy."""

from pathlib import Path

import numpy as np
import pytest

from tuwen import index
from tuwen.arrays import unit_rows
from tuwen.errors import InputError, UnknownName
from tuwen.index.flat import Flat


@pytest.fixture
def rows() -> np.ndarray:
    """300 unit vectors of 16 dimensions."""
    return unit_rows(np.random.default_rng(0).standard_normal((300, 16)))


@pytest.fixture
def flat(rows: np.ndarray) -> Flat:
    """The 300 vectors under the keys 1000, 1010, ..."""
    made = Flat(16)
    made.add(1000 + 10 * np.arange(200), rows[:200])
    made.add(1000 + 10 * np.arange(200, 300), rows[200:])
    return made


def test_hits_are_those_of_a_full_sort(flat: Flat, rows: np.ndarray) -> None:
    hits = flat.search(rows[:7] + 0.1, 5)
    scores = unit_rows(rows[:7] + 0.1) @ rows.T
    order = np.argsort(-scores, axis=1)[:, :5]
    np.testing.assert_array_equal(hits.keys, 1000 + 10 * order)
    np.testing.assert_allclose(hits.scores, np.take_along_axis(scores, order, axis=1), atol=1e-6)
    assert hits.keys.dtype == np.int64
    assert hits.scores.dtype == np.float32


def test_many_queries_and_many_rows_agree_with_one_at_a_time() -> None:
    generator = np.random.default_rng(1)
    rows = unit_rows(generator.standard_normal((70_000, 4)))
    queries = unit_rows(generator.standard_normal((300, 4)))
    flat = Flat(4)
    flat.add(np.arange(70_000), rows)
    together = flat.search(queries, 3)
    for row in (0, 255, 256, 299):
        alone = flat.search(queries[row : row + 1], 3)
        np.testing.assert_allclose(alone.scores[0], together.scores[row], atol=1e-6)


def test_equal_scores_have_the_lower_key_first() -> None:
    flat = Flat(2)
    flat.add(np.array([9, 3, 7, 1, 5]), np.tile([[1.0, 0.0]], (5, 1)))
    assert flat.search([[1, 0]], 3).keys.tolist() == [[1, 3, 5]]


def test_removed_rows_are_not_found_and_can_be_added_again(flat: Flat, rows: np.ndarray) -> None:
    assert flat.search(rows[:1], 1).keys.tolist() == [[1000]]
    assert flat.remove(np.array([1000, 1000, 77])) == 1
    assert flat.search(rows[:1], 1).keys.tolist() != [[1000]]
    assert len(flat) == 299
    assert 1000 not in flat
    flat.add(np.array([1000]), rows[:1])
    assert flat.search(rows[:1], 1).keys.tolist() == [[1000]]
    assert len(flat.keys) == 300


def test_a_fifth_of_removed_rows_asks_for_a_new_index(flat: Flat) -> None:
    flat.remove(flat.keys[:60])
    assert not flat.needs_rebuild
    flat.remove(flat.keys[:1])
    assert flat.needs_rebuild


def test_allowed_keys_are_searched_exactly_and_unknown_ones_passed_over(flat: Flat, rows: np.ndarray) -> None:
    allowed = np.array([1000, 1500, 3990, 5, 1500])
    hits = flat.search(rows[50:51], 5, allowed=allowed)
    assert hits.keys[0, 0] == 1500
    assert set(hits.keys[0].tolist()) == {1000, 1500, 3990, -1}
    assert hits.keys[0, 3:].tolist() == [-1, -1]
    assert np.isneginf(hits.scores[0, 3:]).all()


def test_many_allowed_keys_agree_with_few(
    flat: Flat, rows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = flat.keys[::3]
    few = flat.search(rows[:9], 4, allowed=allowed)
    monkeypatch.setattr(Flat, "few", 0)
    many = flat.search(rows[:9], 4, allowed=allowed)
    np.testing.assert_array_equal(few.keys, many.keys)


def test_removed_rows_are_not_found_among_the_allowed(flat: Flat, rows: np.ndarray) -> None:
    flat.remove(np.array([1000]))
    assert flat.search(rows[:1], 1, allowed=np.array([1000])).keys.tolist() == [[-1]]


def test_more_hits_than_rows_are_padded() -> None:
    flat = Flat(2)
    flat.add(np.array([4]), np.array([[0.0, 2.0]]))
    hits = flat.search([[0, 1], [0, -3]], 3)
    assert hits.keys.tolist() == [[4, -1, -1], [4, -1, -1]]
    assert hits.scores[:, 0].tolist() == [1.0, -1.0]


def test_an_empty_index_answers_with_nothing(tmp_path: Path) -> None:
    flat = Flat(3)
    assert flat.search([[1, 0, 0]], 2).keys.tolist() == [[-1, -1]]
    assert len(flat.keys) == 0
    flat.save(tmp_path, {})
    loaded = Flat.load(tmp_path, {})
    assert loaded is not None
    assert len(loaded) == 0
    loaded.add(np.array([1]), np.array([[1.0, 0, 0]]))
    assert loaded.search([[1, 0, 0]], 1).keys.tolist() == [[1]]


def test_no_query_gives_no_row(flat: Flat) -> None:
    assert flat.search(np.empty((0, 16)), 3).keys.shape == (0, 3)


def test_stored_vectors_come_back(flat: Flat, rows: np.ndarray) -> None:
    np.testing.assert_allclose(flat.vectors(np.array([1500, 1000])), rows[[50, 0]], atol=1e-6)
    with pytest.raises(InputError, match="key 3 is not in the index"):
        flat.vectors(np.array([1000, 3]))


@pytest.mark.parametrize(
    ("queries", "k", "effort", "message"),
    [
        (np.ones((1, 5)), 1, None, "queries has 5 columns; 16 are needed"),
        (np.ones(16), 1, None, "a matrix"),
        (np.full((1, 16), np.nan), 1, None, "NaN or infinite values in 1 rows, first in row 0"),
        (np.vstack([np.ones(16), np.zeros(16)]), 1, None, "zero vector in row 1"),
        (np.ones((1, 16)), 0, None, "k is 0"),
        (np.ones((1, 16)), 1, 0, "effort is 0"),
        (np.ones((1, 16)), 1, np.nan, "effort is nan"),
    ],
)
def test_a_bad_search_is_refused(
    flat: Flat, queries: np.ndarray, k: int, effort: float | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        flat.search(queries, k, effort=effort)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([1, 2, 3], r"shape \(3,\) but there are 2 vectors"),
        ([1.0, 2.0], "must be integers"),
        ([-1, 2], "negative"),
        ([5, 5], "key 5 is given 2 times"),
        ([2, 1000], "key 1000 is in the index already"),
        (np.array([2**63, 1], dtype=np.uint64), "63 bits"),
    ],
)
def test_bad_keys_are_refused_and_nothing_is_added(flat: Flat, keys: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        flat.add(np.asarray(keys), np.ones((2, 16)))
    assert len(flat) == 300


def test_a_saved_index_answers_the_same_also_after_more_changes(
    flat: Flat, rows: np.ndarray, tmp_path: Path
) -> None:
    flat.remove(np.array([1010]))
    flat.measured["recall"] = 1.0
    flat.save(tmp_path / "i", {"version": 3})
    loaded = index.load(tmp_path / "i", {"version": 3})
    assert isinstance(loaded, Flat)
    assert loaded.measured == {"recall": 1.0}
    for one in (flat, loaded):
        np.testing.assert_array_equal(one.search(rows, 4).keys, loaded.search(rows, 4).keys)
        one.add(np.array([1]), rows[1:2])
    loaded.save(tmp_path / "i", {"version": 4})
    again = Flat.load(tmp_path / "i", {"version": 4})
    assert again is not None
    assert len(again) == 300
    np.testing.assert_array_equal(flat.search(rows, 4).keys, again.search(rows, 4).keys)
    again.add(np.array([2]), rows[5:6])
    np.testing.assert_allclose(again.vectors(np.array([2, 1000, 1])), rows[[5, 0, 1]], atol=1e-6)


def test_an_unknown_kind_gets_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="did you mean 'flat'"):
        index.build("flet", [], width=3, count=0)


def test_the_kind_follows_from_size_and_memory() -> None:
    assert index.choose(50_000, 512) == "flat"
    assert index.choose(50_001, 512) == "ivf"
    assert index.choose(1_000_000, 512, 2**30) == "ivf"
    assert index.choose(1_000_000, 512, 2**28) == "disk"


def test_building_takes_blocks(rows: np.ndarray) -> None:
    blocks = [(np.arange(100), rows[:100]), (np.arange(100, 300), rows[100:])]
    built = index.build("auto", blocks, width=16, count=300)
    assert built.kind == "flat"
    assert built.search(rows[123:124], 1).keys.tolist() == [[123]]
