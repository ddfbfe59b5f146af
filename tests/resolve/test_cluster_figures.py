import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.resolve.cluster_figures import cluster_figures


def test_b_cubed_of_a_case_by_hand():
    # clusters {0, 1, 2}, {3}; entities {0, 1}, {2, 3}
    figures = cluster_figures(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))
    assert figures.b3_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert figures.b3_recall == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)
    p, r = figures.b3_precision, figures.b3_recall
    assert figures.b3_f1 == pytest.approx(2 * p * r / (p + r))


def test_exact_clusters_count_items_alone_nowhere():
    # {0, 1} is right, {2, 3} has one too few, {5} is alone on both sides
    figures = cluster_figures(np.array([0, 0, 1, 1, 2, 3]), np.array([7, 7, 8, 8, 8, 9]))
    assert (figures.exact, figures.found, figures.true) == (1, 2, 2)
    assert figures.precision == figures.recall == figures.f1 == 0.5


def test_numbers_of_clusters_mean_nothing():
    figures = cluster_figures(np.array([5, 5, 2]), np.array([0, 0, 9]))
    assert figures.b3_f1 == figures.f1 == 1.0


def test_items_of_unknown_entity_do_not_count():
    figures = cluster_figures(np.array([0, 0, 0]), np.array([1, 1, -1]))
    assert (figures.items, figures.exact) == (2, 1)
    assert figures.b3_precision == 1.0


def test_nothing_known_is_nothing_found():
    figures = cluster_figures(np.array([0, 1]), np.array([-1, -1]))
    assert (figures.items, figures.b3_f1, figures.f1) == (0, 0.0, 0.0)


def test_arrays_that_do_not_align_are_refused():
    with pytest.raises(InputError, match="one each an item"):
        cluster_figures(np.array([0]), np.array([0, 1]))
