import numpy as np
import pytest

from tuwen.errors import InputError, UnknownName
from tuwen.resolve.clustering import clusters

# two tight groups, {0, 1, 2} and {3, 4}, and one pair that joins them by mistake
LEFT, RIGHT = np.array([0, 0, 1, 3, 2]), np.array([1, 2, 2, 4, 3])
SCORE = np.array([0.9, 0.9, 0.8, 0.9, 0.6])


def of(how, *, order=slice(None), swap=False, **options):
    left, right = (RIGHT, LEFT) if swap else (LEFT, RIGHT)
    return clusters(left[order], right[order], SCORE[order], 6, how, **options).tolist()


def test_components_are_joined_by_one_pair_and_items_may_stand_alone():
    assert of("components") == [0, 0, 0, 0, 0, 1]


def test_strict_does_not_join_two_groups_by_one_pair():
    # mean over the six pairs between them is 0.1
    assert of("strict") == [0, 0, 0, 1, 1, 2]


def test_only_kept_pairs_join():
    assert of("components", kept=[0, 3]) == [0, 0, 1, 2, 2, 3]
    assert of("strict", kept=[0, 3], floor=0.5) == [0, 0, 1, 2, 2, 3]


def test_the_floor_says_how_strong_the_mean_must_be():
    assert of("strict", floor=0.09) == [0, 0, 0, 0, 0, 1]
    assert of("strict", floor=0.86) == [0, 0, 1, 2, 2, 3]


@pytest.mark.parametrize("how", ["components", "strict"])
def test_the_order_of_pairs_and_of_their_ends_changes_nothing(how):
    order = np.array([4, 2, 0, 3, 1])
    assert of(how, order=order) == of(how) == of(how, swap=True)


def test_two_items_of_one_side_say_nothing_about_each_other():
    # pictures 0 and 1, texts 2 and 3, all of one entity
    left, right = np.array([0, 0, 1, 1]), np.array([2, 3, 2, 3])
    score = np.array([0.9, 0.8, 0.7, 0.8])
    assert clusters(left, right, score, 4, "strict", n_left=2).tolist() == [0, 0, 0, 0]
    # with one side, the pairs 0-1 and 2-3 would speak against it
    assert clusters(left, right, score, 4, "strict", floor=0.7).tolist() == [0, 1, 0, 1]


def test_a_pair_that_was_not_kept_speaks_against_a_cluster():
    # 0-2 and 1-2 are kept; 1-3 and 0-3 tie 3 to 0 alone
    left, right = np.array([0, 1, 0, 1]), np.array([2, 2, 3, 3])
    score = np.array([0.9, 0.8, 0.7, 0.1])
    assert clusters(left, right, score, 4, "strict", kept=[0, 1, 2], n_left=2, floor=0.5).tolist() == [
        0,
        0,
        0,
        1,
    ]


def test_equal_means_join_the_lowest_nodes_first():
    left, right, score = np.array([1, 0]), np.array([2, 1]), np.array([0.8, 0.8])
    assert clusters(left, right, score, 3, "strict").tolist() == [0, 0, 1]


def test_strict_parts_what_a_plain_version_parts():
    random = np.random.default_rng(3)
    for _ in range(20):
        left, right = np.triu_indices(9, 1)
        some = random.random(len(left)) < 0.5
        left, right, score = left[some], right[some], random.random(int(some.sum()))
        found = clusters(left, right, score, 9, "strict", kept=np.flatnonzero(score > 0.4), floor=0.4)
        assert found.tolist() == plain(left, right, score, 9, 0.4)


def plain(left, right, score, nodes, least):
    """Average linkage by looking at everything again after every step."""
    matrix, linked = np.zeros((2, nodes, nodes))
    matrix[left, right] = matrix[right, left] = score
    linked[left, right] = linked[right, left] = score > least
    groups = [[node] for node in range(nodes)]
    while True:
        options = [
            (-matrix[np.ix_(a, b)].mean(), a[0], b[0])
            for place, a in enumerate(groups)
            for b in groups[place + 1 :]
            if linked[np.ix_(a, b)].any() and matrix[np.ix_(a, b)].mean() >= least
        ]
        if not options:
            break
        _, one, other = min(options)
        joined = sorted(node for group in groups if group[0] in (one, other) for node in group)
        groups = sorted([group for group in groups if group[0] not in (one, other)] + [joined])
    return [next(place for place, group in enumerate(groups) if node in group) for node in range(nodes)]


def test_no_pairs_leave_every_item_alone():
    none = np.empty(0, dtype=np.intp)
    for how in ("components", "strict"):
        assert clusters(none, none, none.astype(float), 3, how).tolist() == [0, 1, 2]


def test_what_is_not_there_is_named():
    with pytest.raises(InputError, match="kept names pairs 9 to 9"):
        of("components", kept=[9])
    with pytest.raises(UnknownName, match="strict"):
        of("strikt")
