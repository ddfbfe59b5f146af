"""Packed codes against plain numpy."""

from pathlib import Path

import numpy as np
import pytest

from tuwen import index
from tuwen.errors import InputError
from tuwen.index.base import Index
from tuwen.index.binary import Binary

BITS = 64
COUNT = 4000


def clustered(count: int, seed: int) -> np.ndarray:
    """Packed codes around 30 centres that are the same for every seed, (count, 8)."""
    centres = np.random.default_rng(5).random((30, BITS)) < 0.5
    generator = np.random.default_rng(seed)
    turned = generator.random((count, BITS)) < 0.1
    return np.packbits(centres[generator.integers(30, size=count)] ^ turned, axis=1)


CODES = clustered(COUNT, 0)
QUERIES = clustered(40, 1)
KEYS = 3 * np.arange(COUNT) + 2


def distances(queries: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Bits that differ, (n, m)."""
    return np.bitwise_count(queries[:, None] ^ codes[None]).sum(axis=2).astype(int)


@pytest.fixture
def binary() -> Index:
    """The exact index of all codes."""
    return index.build(
        "binary", [(KEYS[:1500], CODES[:1500]), (KEYS[1500:], CODES[1500:])], width=64, count=COUNT
    )


@pytest.fixture(scope="module", params=["binary", "binary_ivf"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a saved index of all codes, made from a generator."""
    folder = tmp_path_factory.mktemp("home")
    blocks = ((KEYS[start : start + 1000], CODES[start : start + 1000]) for start in range(0, COUNT, 1000))
    index.build(request.param, blocks, width=64, count=COUNT).save(folder, {})
    return folder


@pytest.fixture
def either(home: Path) -> Index:
    """Both kinds."""
    loaded = index.load(home, {})
    assert loaded is not None
    return loaded


@pytest.mark.parametrize("count", [1, 40])
def test_exact_hits_are_those_of_a_stable_sort(binary: Index, count: int) -> None:
    hits = binary.search(QUERIES[:count], 25)
    true = distances(QUERIES[:count], CODES)
    order = np.argsort(true, axis=1, kind="stable")[:, :25]
    np.testing.assert_array_equal(hits.keys, KEYS[order])
    np.testing.assert_array_equal(hits.scores, 64 - 2 * np.take_along_axis(true, order, axis=1))


def test_equal_distances_have_the_lower_key_first_whatever_the_order_of_adding() -> None:
    made = Binary(8)
    made.add(np.array([9, 4, 7]), np.zeros((3, 1), dtype=np.uint8))
    made.add(np.array([2, 1]), np.array([[1], [0]], dtype=np.uint8))
    assert made.search(np.zeros((1, 1), dtype=np.uint8), 5).keys.tolist() == [[1, 4, 7, 9, 2]]
    assert made.search(np.zeros((1, 1), dtype=np.uint8), 2, allowed=[7, 9, 4]).keys.tolist() == [[4, 7]]


def test_a_score_is_agreeing_minus_differing_bits() -> None:
    made = Binary(16)
    made.add(np.array([0]), np.array([[0b11111111, 0b00000001]], dtype=np.uint8))
    assert made.search(np.array([[0b11111111, 0]], dtype=np.uint8), 1).scores.tolist() == [[14.0]]


def test_lists_find_what_is_as_near_as_the_true_hits(either: Index) -> None:
    hits = either.search(QUERIES, 10)
    floor = np.sort(distances(QUERIES, CODES), axis=1)[:, 9:10]
    assert (hits.scores >= 64 - 2 * floor).mean() >= 0.99
    found = np.bitwise_count(QUERIES[:, None] ^ CODES[(hits.keys - 2) // 3]).sum(axis=2).astype(int)
    np.testing.assert_array_equal(hits.scores, 64 - 2 * found)


@pytest.mark.parametrize("count", [1, 30, 200, 900])
def test_removed_codes_are_not_found(either: Index, count: int) -> None:
    order = np.argsort(distances(QUERIES[:1], CODES)[0], kind="stable")
    gone, rest = KEYS[order[:count]], np.sort(order[count:])
    assert either.remove(gone) == count
    true = rest[np.argsort(distances(QUERIES[:1], CODES[rest])[0], kind="stable")[:10]]
    hits = either.search(QUERIES[:1], 10, effort=1000)
    np.testing.assert_array_equal(hits.scores[0], 64 - 2 * distances(QUERIES[:1], CODES[true])[0])
    if either.kind == "binary":
        np.testing.assert_array_equal(hits.keys[0], KEYS[true])
        np.testing.assert_array_equal(either.search(QUERIES[:1], 10).keys[0], KEYS[true])  # once more, kept


def test_what_is_kept_of_removals_follows_further_changes(binary: Index) -> None:
    binary.remove(KEYS[:100])
    binary.search(QUERIES[:1], 1)
    binary.remove(KEYS[100:101])
    assert binary.search(CODES[100:101], 1).keys[0, 0] != KEYS[100]
    binary.add(KEYS[100:101], CODES[100:101])
    assert binary.search(CODES[100:101], 1).keys[0, 0] == KEYS[100]


@pytest.mark.parametrize("few", [0, 10_000])
def test_allowed_keys_are_all_that_is_found_exactly(
    either: Index, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(either), "few", few)
    allowed = np.random.default_rng(2).choice(KEYS, 700, replace=False)
    hits = either.search(QUERIES, 10, allowed=allowed)
    keys = np.sort(allowed)
    order = np.argsort(distances(QUERIES, CODES[(keys - 2) // 3]), axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(hits.keys, keys[order])


def test_more_hits_than_codes_are_padded(either: Index) -> None:
    hits = either.search(QUERIES[:2], COUNT + 3)
    assert (np.sort(hits.keys[:, :COUNT], axis=1) == KEYS).all()
    assert (hits.keys[:, COUNT:] == -1).all()
    assert np.isneginf(hits.scores[:, COUNT:]).all()


def test_a_saved_index_answers_the_same_and_grows(either: Index, tmp_path: Path) -> None:
    either.remove(KEYS[5:8])
    either.save(tmp_path, {"v": 1})
    loaded = index.load(tmp_path, {"v": 1})
    assert loaded is not None
    assert loaded.kind == either.kind
    np.testing.assert_array_equal(loaded.search(QUERIES, 10).keys, either.search(QUERIES, 10).keys)
    loaded.add(KEYS[5:8], CODES[5:8])
    loaded.save(tmp_path, {"v": 2})
    again = index.load(tmp_path, {"v": 2})
    assert again is not None
    np.testing.assert_array_equal(again.vectors(KEYS), CODES)
    for one in (loaded, again):
        assert one.search(CODES[6:7], 1).scores.tolist() == [[64.0]]


def test_a_damaged_file_is_none(either: Index, tmp_path: Path) -> None:
    either.save(tmp_path, {})
    for path in sorted(tmp_path.glob("*.bin")):
        data = path.read_bytes()
        path.write_bytes(data[:20] + bytes([data[20] ^ 255]) + data[21:])
        assert index.load(tmp_path, {}) is None
        path.write_bytes(data)
    assert index.load(tmp_path, {}) is not None


@pytest.mark.parametrize("kind", ["binary", "binary_ivf"])
def test_an_empty_index_answers_is_saved_and_grows(kind: str, tmp_path: Path) -> None:
    made = index.build(kind, [], width=BITS, count=0)
    assert made.search(QUERIES[:1], 2).keys.tolist() == [[-1, -1]]
    made.save(tmp_path, {})
    loaded = index.load(tmp_path, {})
    assert loaded is not None
    loaded.add(KEYS[:1], CODES[:1])
    loaded.add(KEYS[1:30], CODES[1:30])
    assert loaded.search(CODES[20:21], 1).scores.tolist() == [[64.0]]


def test_building_twice_gives_the_same_answers(either: Index) -> None:
    again = index.build(either.kind, [(KEYS, CODES)], width=64, count=COUNT)
    np.testing.assert_array_equal(again.search(QUERIES, 10).keys, either.search(QUERIES, 10).keys)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros((1, 7), dtype=np.uint8), r"\(n, 8\)"),
        (np.zeros(8, dtype=np.uint8), r"shape \(8,\)"),
        (np.zeros((1, 8)), "float64; codes are packed"),
    ],
)
def test_bad_codes_are_refused(either: Index, codes: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        either.search(codes, 1)
    with pytest.raises(InputError, match=message):
        either.add(np.array([1]), codes)


def test_a_width_that_is_no_whole_bytes_is_refused() -> None:
    with pytest.raises(InputError, match="multiple of 8"):
        Binary(60)
