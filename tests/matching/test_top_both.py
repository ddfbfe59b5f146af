"""The best of both sides from one product: exact, in order, whatever the blocks and the threads."""

import tracemalloc

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.matching import top_both
from tuwen.matching.product import product


def unit(shape, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal(shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def integers(shape, seed, high=3):
    """Small whole numbers: products are exact, and ties are many."""
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.float32)


def plain(queries, items, k):
    """The definition: sort every row by falling score, then index."""
    scores = queries.astype(np.float32) @ items.astype(np.float32).T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(scores, order, axis=1)


def check_plain(found, queries, items, k):
    for ranking, left, right in ((found.items, queries, items), (found.queries, items, queries)):
        indices, scores = plain(left, right, k)
        np.testing.assert_allclose(ranking.scores, scores, atol=1e-5)
        np.testing.assert_array_equal(ranking.indices, indices)
        assert ranking.indices.dtype == np.int64
        assert ranking.scores.dtype == np.float32


@pytest.mark.parametrize("block", [None, 40, 130, 1000])
@pytest.mark.parametrize("threads", [1, 3])
def test_both_sides_are_those_of_a_plain_sort(block, threads):
    queries, items = unit((530, 24), 0), unit((700, 24), 1)
    check_plain(top_both(queries, items, 5, block=block, threads=threads), queries, items, 5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (3, 2), (600, 40), (513, 140)])
@pytest.mark.parametrize("k", [1, 5, 64, 2000])
def test_every_shape_and_k_is_answered(shape, k):
    queries, items = integers((shape[0], 6), 0), integers((shape[1], 6), 1)
    check_plain(top_both(queries, items, k, block=200), queries, items, k)


@pytest.mark.parametrize("block", [64, 128, 200, 1024])
def test_ties_take_the_lower_index_whatever_the_block(block):
    queries, items = unit((600, 200), 2), unit((50, 200), 3)
    queries, items = queries[np.arange(600) % 37], items[np.arange(1300) % 50]
    found = top_both(queries, items, 5, block=block, threads=2)
    best = (queries @ items[:50].T).argmax(axis=1)
    np.testing.assert_array_equal(found.items.indices, best[:, None] + 50 * np.arange(5))
    best = (items @ queries[:37].T).argmax(axis=1)
    np.testing.assert_array_equal(found.queries.indices, best[:, None] + 37 * np.arange(5))


def test_all_equal_scores_rank_by_index():
    queries, items = np.ones((1100, 8), np.float32), np.ones((3000, 8), np.float32)
    found = top_both(queries, items, 4, block=256, threads=3)
    assert (found.items.indices == np.arange(4)).all()
    assert (found.queries.indices == np.arange(4)).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_scores_in_rising_or_falling_order_are_no_special_case(sign):
    queries = np.linspace(0.5, 1, 1200, dtype=np.float32)[::sign, None]
    items = np.linspace(0.1, 0.9, 2600, dtype=np.float32)[::sign, None]
    found = top_both(queries, items, 3, block=300, threads=2)
    first = np.arange(3) if sign == -1 else np.arange(2599, 2596, -1)
    assert (found.items.indices == first).all()
    first = np.arange(3) if sign == -1 else np.arange(1199, 1196, -1)
    assert (found.queries.indices == first).all()


@pytest.mark.parametrize("width", [1, 7, 130, 1024])
def test_the_product_is_the_product(width):
    queries, items = unit((5, width), 4), unit((129, width), 5)
    out = np.empty((5, 129), np.float32)
    product()(queries, items, out)
    np.testing.assert_allclose(out, queries @ items.T, atol=2e-6)


def test_more_queries_than_items_are_answered_alike():
    queries, items = unit((900, 16), 6), unit((150, 16), 7)
    check_plain(top_both(queries, items, 5), queries, items, 5)


def test_one_way_gives_the_items_alone():
    queries, items = unit((30, 8), 8), unit((70, 8), 9)
    found = top_both(queries, items, 3, both=False)
    assert found.queries is None
    np.testing.assert_array_equal(found.items.indices, plain(queries, items, 3)[0])


def test_items_may_stream_by_in_blocks_of_any_size():
    queries, items = unit((60, 12), 10), unit((500, 12), 11)
    blocks = (items[start:stop] for start, stop in [(0, 3), (3, 3), (3, 400), (400, 500)])
    check_plain(top_both(queries, blocks, 5, block=128), queries, items, 5)


def test_half_precision_memory_maps_need_no_copy_in_memory(tmp_path):
    queries, items = unit((300, 16), 12).astype(np.float16), unit((400, 16), 13).astype(np.float16)
    for name, array in {"queries": queries, "items": items}.items():
        np.save(tmp_path / f"{name}.npy", array)
    mapped = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("queries", "items"))
    check_plain(top_both(*mapped, 5, memory_bytes=1), queries, items, 5)


def test_working_memory_is_bounded():
    queries, items = unit((1500, 16), 17), unit((20_000, 16), 18)  # all scores: 120 MB
    top_both(queries[:5], items[:5])  # what is loaded once is no working memory
    tracemalloc.start()
    top_both(queries, items, 5, memory_bytes=4 << 20, threads=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    results = (len(queries) + len(items)) * 5 * 12
    assert peak < (4 << 20) + 3 * results


def test_no_items_or_no_queries_give_empty_lists():
    some, none = unit((4, 8), 14), np.empty((0, 8), np.float32)
    assert top_both(some, none).items.indices.shape == (4, 0)
    assert top_both(some, none).queries.indices.shape == (0, 4)
    assert top_both(none, some).items.indices.shape == (0, 4)
    assert top_both(none, some).queries.indices.shape == (4, 0)
    assert top_both(some, iter([])).items.indices.shape == (4, 0)


def test_softmax_is_over_all_items_and_all_queries():
    queries, items = unit((600, 8), 15), unit((900, 8), 16)
    found = top_both(queries, items, 5, temperature=0.01, block=200, threads=2)
    scores = (queries @ items.T).astype(np.float64) / 0.01
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    expected = np.take_along_axis(shares, found.items.indices, axis=1)
    np.testing.assert_allclose(found.items.probabilities, expected, rtol=1e-3)
    shares = np.exp(scores.T - scores.T.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    expected = np.take_along_axis(shares, found.queries.indices, axis=1)
    np.testing.assert_allclose(found.queries.probabilities, expected, rtol=1e-3)


def test_probabilities_come_only_on_request():
    assert top_both(unit((3, 4), 0), unit((3, 4), 1)).items.probabilities is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 0}, "k is 0"),
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"block": -1}, "block is -1"),
        ({"threads": 0}, "threads is 0"),
        ({"queries": np.ones(3, np.float32)}, r"queries has shape \(3,\)"),
        ({"items": np.ones(3, np.float32)}, r"shape \(3,\)"),
        ({"items": np.ones((3, 5), np.float32)}, "items from row 0 on has 5 columns; 4 are needed"),
        ({"items": np.full((3, 4), np.nan, np.float32)}, "items from row 0 on has NaN"),
        ({"queries": np.full((3, 4), np.inf, np.float32)}, "queries from row 0 on has NaN or infinite"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"queries": np.ones((2, 4), np.float32), "items": np.ones((3, 4), np.float32), "k": 2}
    with pytest.raises(InputError, match=message):
        top_both(**{**good, **change})


def test_an_error_in_the_stream_of_blocks_comes_out():
    def blocks():
        yield np.ones((2, 4), np.float32)
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        top_both(np.ones((2, 4), np.float32), blocks())
