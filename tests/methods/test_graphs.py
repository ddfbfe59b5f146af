"""Neighbourhood graphs."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods import graphs


@pytest.fixture
def rows():
    """Thirty rows of four columns."""
    return np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("cells", [2**25, 70])
def test_neighbours_are_the_plain_nearest(rows, metric, cells, monkeypatch):
    monkeypatch.setattr(graphs, "_CELLS", cells)
    found, values = graphs.neighbours(rows, 3, metric)
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    scores = units @ units.T if metric == "cosine" else -((rows[:, None] - rows[None]) ** 2).sum(axis=2)
    np.fill_diagonal(scores, -np.inf)
    plain = np.argsort(-scores, axis=1)[:, :3]
    np.testing.assert_array_equal(found, plain)
    expected = np.take_along_axis(scores, plain, axis=1)
    np.testing.assert_allclose(values if metric == "cosine" else -values, expected, atol=1e-4)


def test_many_rows_are_compared_cluster_by_cluster(monkeypatch):
    rows = np.random.default_rng(0).normal(size=(600, 4)).astype(np.float32)
    plain, values = graphs.neighbours(rows, 5, "euclidean")
    monkeypatch.setattr(graphs, "_LIST", 20)
    monkeypatch.setattr(graphs, "_CANDIDATES", 600)
    np.testing.assert_array_equal(graphs.neighbours(rows, 5, "euclidean", exact=599)[0], plain)
    monkeypatch.setattr(graphs, "_CANDIDATES", 200)
    found, near = graphs.neighbours(rows, 5, "euclidean", exact=599)
    assert (found != np.arange(600)[:, None]).all()
    assert np.mean([len(np.intersect1d(a, b)) / 5 for a, b in zip(found, plain, strict=True)]) > 0.9
    assert (near >= values - 1e-5).all()
    # as many as are asked for, also beyond the clusters that are near
    assert graphs.neighbours(rows, 599, exact=599)[0].shape == (600, 599)


def test_there_are_at_most_all_other_rows(rows):
    assert graphs.neighbours(rows[:3], 9)[0].shape == (3, 2)
    assert graphs.neighbours(rows[:1], 9)[0].shape == (1, 0)
    assert graphs.neighbour_graph(rows[:1], 9, heat=True).nnz == 0


def test_no_neighbours_are_refused(rows):
    with pytest.raises(InputError, match="neighbours is 0"):
        graphs.neighbours(rows, 0)


@pytest.mark.parametrize("heat", [False, True])
def test_a_graph_is_symmetric_without_loops(rows, heat):
    graph = graphs.neighbour_graph(rows, 3, "euclidean", heat=heat).toarray()
    np.testing.assert_array_equal(graph, graph.T)
    assert (np.diag(graph) == 0).all()
    assert ((graph > 0).sum(axis=1) >= 3).all()
    assert (graph[graph > 0] == 1).all() != heat


def test_a_laplacian_takes_constants_to_zero(rows):
    graph = graphs.neighbour_graph(rows, 3)
    np.testing.assert_allclose(graphs.laplacian(graph, normalised=False) @ np.ones(30), 0, atol=1e-12)
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    np.testing.assert_allclose(graphs.laplacian(graph) @ np.sqrt(degrees), 0, atol=1e-12)


def test_an_item_alone_has_an_empty_row_in_the_laplacian(rows):
    graph = graphs.neighbour_graph(rows, 3).tolil()
    graph[0], graph[:, 0] = 0, 0
    assert np.abs(graphs.laplacian(graph.tocsr()).toarray()[0]).max() == 0


def test_smooth_columns_solve_their_systems(rows):
    rng = np.random.default_rng(1)
    rough = graphs.laplacian(graphs.neighbour_graph(rows, 3)).toarray()
    shifts, target = np.array([0.1, 1.0, 30.0]), rng.normal(size=(30, 3))
    found = graphs.solve_smooth(lambda v: rough @ v, shifts, target, np.zeros((30, 3)))
    for column, shift in enumerate(shifts):
        plain = np.linalg.solve(shift * np.eye(30) + rough, target[:, column])
        np.testing.assert_allclose(found[:, column], plain, atol=1e-7)
    again = graphs.solve_smooth(lambda v: rough @ v, shifts, target, found)
    np.testing.assert_allclose(again, found, atol=1e-9)


def test_the_laplacian_of_classes_is_the_dense_one():
    labels = np.array([[1, 0], [1, 1], [0, 1], [0, 1], [0, 0]], dtype=float)
    units = labels / np.maximum(np.linalg.norm(labels, axis=1, keepdims=True), 1e-12)
    cosines = units @ units.T
    roots = np.append(1 / np.sqrt(cosines.sum(axis=1)[:4]), 0)
    dense = np.diag([1.0, 1, 1, 1, 0]) - roots[:, None] * cosines * roots
    np.testing.assert_allclose(graphs.class_laplacian(labels)(np.eye(5)), dense, atol=1e-12)
