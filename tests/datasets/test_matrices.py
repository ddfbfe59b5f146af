"""What is true of every benchmark of matrices: labels, rows, sizes, what is missing."""

import numpy as np
import pytest

from tuwen.datasets import find, names
from tuwen.datasets.matrices import Matrices, matched, queries_first, queries_last, rows, several, single
from tuwen.errors import Damaged, InputError

BENCHMARKS = [name for name in names() if issubclass(find(name), Matrices)]


def pairs(count=6):
    """Pairs whose features say which row they are."""
    return matched(np.arange(count)[:, None], np.arange(count)[:, None], np.arange(count), "here")


def test_the_benchmarks_of_features_are_there():
    assert set(BENCHMARKS) >= {"wikipedia", "pascal_sentences", "xmedia", "nus_wide", "mirflickr25k"}
    assert set(BENCHMARKS) >= {"iapr_tc12", "inria_websearch"}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_says_what_it_is(name):
    found = find(name)
    assert all(len(part) > 5 for part in (found.info.title, found.info.citation, found.info.licence))
    assert len(found.info.source) > 30
    assert all(len(line) > 10 for line in (*found.splits.values(), *found.variants.values()))
    assert set(found.only) <= set(found.splits)
    assert {variant for variants in found.only.values() for variant in variants} <= set(found.variants)
    assert set(found.sizes) <= set(found.splits)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_pair_of_names_is_a_choice(name, tmp_path):
    dataset = find(name)(tmp_path)
    for split in dataset.splits:
        assert dataset.choice(split)[1] in dataset.only.get(split, dataset.variants)
    for variant in dataset.variants:
        assert variant in dataset.only.get(dataset.choice("", variant)[0], dataset.variants)


def test_a_split_of_other_features_is_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"split 10k of nus_wide has features vgg19\+doc2vec, not vgg19\+tags"
    ):
        find("nus_wide")(tmp_path).load("10k", "vgg19+tags")


def test_class_numbers_are_counted_together():
    train, test = single(np.array([[2], [3], [4]]), np.array([[3, 4]]))
    assert (train.tolist(), test.tolist()) == ([0, 1, 2], [1, 2])
    hot, other = single(np.eye(3)[[0, 2]], np.eye(3)[[1, 1]])
    assert (hot.tolist(), other.tolist()) == ([0, 2], [1, 1])


def test_several_classes_are_ones():
    assert several(np.array([[-1, 1], [0, 2]])).tolist() == [[0, 1], [0, 1]]


def test_rows_are_views():
    whole = pairs()
    part = rows(whole, 2, 4)
    assert part.image_ids == ("2", "3")
    assert np.shares_memory(part.images, whole.images)
    with pytest.raises(Damaged, match="6 pairs are too few"):
        rows(whole, 6)


def test_queries_are_the_first_or_the_last_rows():
    first = queries_first(pairs(), 2, 3)
    assert first.test.image_ids == ("0", "1")
    assert first.database.image_ids == ("2", "3", "4", "5")
    assert first.train.image_ids == ("2", "3", "4")
    last = queries_last(pairs(), 2)
    assert last.test.image_ids == ("4", "5")
    assert last.train.image_ids == last.database.image_ids == ("0", "1", "2", "3")
    with pytest.raises(Damaged, match="too few"):
        queries_last(pairs(), 6)


def test_rows_that_do_not_align_are_refused():
    with pytest.raises(Damaged, match=r"shapes \[\(2, 1\), \(3, 1\), \(2,\)\]"):
        matched(np.ones((2, 1)), np.ones((3, 1)), np.ones(2), "here")
