"""Lance's own index on disk against plain numpy."""

import math
from pathlib import Path
from typing import Any

import lance
import numpy as np
import pyarrow as pa
import pytest

from tuwen.arrays import unit_rows
from tuwen.errors import InputError
from tuwen.index import calibration
from tuwen.index.disk import Disk

COUNT = 9000
ROWS = unit_rows(
    np.random.default_rng(0).standard_normal((60, 32))[np.random.default_rng(1).integers(60, size=COUNT)]
    + 0.6 * np.random.default_rng(2).standard_normal((COUNT, 32))
)
CODES = np.packbits(ROWS > 0, axis=1)
QUERIES = unit_rows(ROWS[:20] + 0.1 * np.random.default_rng(3).standard_normal((20, 32)))


def lists(rows: np.ndarray) -> pa.FixedSizeListArray:
    """A matrix as a column."""
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A dataset of 9,000 vectors and codes with both indexes; addresses are row numbers."""
    table = pa.table({"vector": lists(ROWS.astype(np.float16)), "code": lists(CODES)})
    made = lance.write_dataset(table, tmp_path_factory.mktemp("lance") / "t.lance")
    Disk.make(made, "vector")
    Disk.make(made, "code")
    return made


@pytest.fixture(scope="module")
def disk(dataset: Any) -> Disk:
    """The index of the vectors."""
    return Disk(dataset, "vector")


@pytest.fixture(scope="module")
def codes(dataset: Any) -> Disk:
    """The index of the codes."""
    return Disk(dataset, "code")


def true(k: int, allowed: np.ndarray | None = None) -> np.ndarray:
    """Keys of the nearest rows, by a full sort."""
    keys = np.arange(COUNT) if allowed is None else allowed
    return keys[np.argsort(-(QUERIES @ ROWS[keys].T), axis=1)[:, :k]]


def distances(query: np.ndarray) -> np.ndarray:
    """Bits that differ from every code, (COUNT,)."""
    return np.bitwise_count(CODES ^ query).sum(axis=1).astype(int)


def test_it_has_all_rows(disk: Disk, codes: Disk) -> None:
    assert len(disk) == COUNT
    assert np.array_equal(np.sort(disk.keys), np.arange(COUNT))
    assert (disk.width, codes.width) == (32, 32)


def test_the_index_is_used_in_its_own_metric(dataset: Any) -> None:
    plan = dataset.scanner(
        columns=["_distance"], nearest={"column": "vector", "q": QUERIES[0], "k": 5, "metric": "dot"}
    ).explain_plan()
    assert "ANN" in plan


def test_nearest_vectors_are_found_with_their_cosine(disk: Disk) -> None:
    hits = disk.search(3 * QUERIES, 10)
    assert calibration.recall(hits.keys, true(10)) >= 0.95
    np.testing.assert_allclose(hits.scores, np.einsum("qd,qkd->qk", QUERIES, ROWS[hits.keys]), atol=5e-3)


def test_endless_effort_is_exact(disk: Disk) -> None:
    assert calibration.recall(disk.search(QUERIES, 10, effort=math.inf).keys, true(10)) > 0.99


def test_nearest_codes_are_found_with_agreeing_minus_differing_bits(codes: Disk) -> None:
    hits = codes.search(CODES[:5], 10)
    for row in range(5):
        best = np.sort(distances(CODES[row]))[:10]
        assert hits.scores[row, 0] == 32
        assert (hits.scores[row] >= 32 - 2 * best[-1]).mean() >= 0.9
        np.testing.assert_array_equal(hits.scores[row], 32 - 2 * distances(CODES[row])[hits.keys[row]])


@pytest.mark.parametrize("count", [40, 6000])
def test_allowed_keys_are_all_that_is_found(disk: Disk, codes: Disk, count: int) -> None:
    allowed = np.random.default_rng(4).choice(COUNT, count, replace=False)
    hits = disk.search(QUERIES, 10, allowed=allowed)
    assert np.isin(hits.keys, allowed).all()
    assert calibration.recall(hits.keys, true(10, allowed)) >= 0.95
    assert np.isin(codes.search(CODES[:3], 10, allowed=allowed).keys, allowed).all()


def test_few_allowed_codes_are_compared_exactly_lower_key_first(codes: Disk) -> None:
    allowed = np.arange(100)
    order = np.argsort(distances(CODES[0])[:100], kind="stable")[:7]
    assert codes.search(CODES[:1], 7, allowed=allowed[::-1]).keys[0].tolist() == order.tolist()


def test_more_hits_than_rows_are_padded(disk: Disk) -> None:
    hits = disk.search(QUERIES[:1], 5, allowed=np.array([3, 8, 10**12]))
    assert sorted(hits.keys[0].tolist()) == [-1, -1, -1, 3, 8]
    full = disk.search(QUERIES[:1], COUNT + 1)
    assert (full.keys >= 0).sum() == COUNT


def test_vectors_come_back_in_the_order_asked(disk: Disk, codes: Disk) -> None:
    np.testing.assert_allclose(disk.vectors(np.array([7, 2, 7])), ROWS[[7, 2, 7]], atol=2e-3)
    np.testing.assert_array_equal(codes.vectors(np.array([5, 1])), CODES[[5, 1]])
    with pytest.raises(InputError, match="key 9000 is not in the index"):
        disk.vectors(np.array([1, 9000]))


def test_rows_added_later_are_found(tmp_path: Path) -> None:
    made = lance.write_dataset(pa.table({"vector": lists(ROWS)}), tmp_path / "t.lance")
    Disk.make(made, "vector")
    new = unit_rows(-ROWS[:1])
    made = lance.write_dataset(pa.table({"vector": lists(new)}), tmp_path / "t.lance", mode="append")
    assert Disk(made, "vector").search(new, 1).keys.tolist() == [[1 << 32]]


def test_a_small_or_empty_dataset_needs_no_index(tmp_path: Path) -> None:
    for count in (0, 3):
        made = lance.write_dataset(pa.table({"vector": lists(ROWS[:count])}), tmp_path / f"{count}.lance")
        Disk.make(made, "vector")
        hits = Disk(made, "vector").search(ROWS[:1], 4)
        assert (hits.keys >= 0).sum() == count


def test_bad_input_is_refused(dataset: Any, disk: Disk, codes: Disk) -> None:
    with pytest.raises(InputError, match="31 columns"):
        disk.search(np.ones((1, 31)), 1)
    with pytest.raises(InputError, match="zero vector"):
        disk.search(np.zeros((1, 32)), 1)
    with pytest.raises(InputError, match="k is 0"):
        disk.search(QUERIES, 0)
    with pytest.raises(InputError, match="packed"):
        codes.search(QUERIES, 1)
    with pytest.raises(InputError, match="column 'vektor'"):
        Disk(dataset, "vektor")
