"""Correspondence latent Dirichlet allocation."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace.corr_lda import CorrLDA


@pytest.fixture(scope="module")
def bags():
    """Eighty pairs of one of two topics, of which each has its own half of 8 visual words and of 6 words."""
    rng = np.random.default_rng(0)
    topics = np.arange(80) % 2
    images, texts = np.zeros((80, 8)), np.zeros((80, 6))
    for row, topic in enumerate(topics):
        images[row, 4 * topic : 4 * topic + 4] = rng.multinomial(20, np.full(4, 0.25))
        texts[row, 3 * topic : 3 * topic + 3] = rng.multinomial(10, np.full(3, 1 / 3))
    return images, texts, topics


@pytest.mark.parametrize("length", [0.0, 100.0])
def test_the_bound_never_falls(bags, length):
    bound = np.array(CorrLDA(dim=3, length=length).fit(*bags[:2]).bound_)
    assert (np.diff(bound) >= -1e-9 * np.abs(bound[:-1])).all()
    assert bound[-1] > bound[0]


def test_topics_that_share_no_word_are_found(bags):
    images, texts, topics = bags
    method = CorrLDA(dim=2, length=0.0).fit(images, texts)
    first = int(method.topics_["image"][0, 0] < 0.01)  # the topic of the first half of visual words
    for name, half in (("image", 4), ("text", 3)):
        sums = method.topics_[name][:, :half].sum(axis=1)
        np.testing.assert_allclose(sums[[first, 1 - first]], (1, 0), atol=0.02)
    scores = method.similarity(images, texts)
    same = topics[:, None] == topics
    assert scores[same].min() > scores[~same].max()


def test_codes_are_roots_of_shares(bags):
    method = CorrLDA(dim=3).fit(*bags[:2])
    codes = method.transform(bags[0], "image")
    assert (codes > 0).all()
    np.testing.assert_allclose((codes**2).sum(axis=1), 1, rtol=1e-5)


def test_scaled_counts_are_the_same_bags(bags):
    images, texts, _ = bags
    found, wanted = (CorrLDA(dim=2).fit(images * k, texts).similarity(images, texts) for k in (1, 7))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_an_item_without_any_word_is_of_every_topic_alike(bags):
    images, texts = bags[0].copy(), bags[1].copy()
    images[0], texts[1] = 0, 0
    codes = CorrLDA(dim=2).fit(images, texts).transform(images[:1], "image")
    np.testing.assert_allclose(codes, np.sqrt([[0.5, 0.5]]), rtol=1e-5)


def test_few_rows_stand_for_many(bags):
    method = CorrLDA(dim=2, rows=40).fit(*bags[:2])
    assert method.similarity(*bags[:2]).shape == (80, 80)


def test_values_below_zero_are_refused(bags):
    with pytest.raises(InputError, match=r"texts has values below 0 \(-1\); CorrLDA learns from counts"):
        CorrLDA().fit(bags[0], bags[1] - 1)


@pytest.mark.parametrize(("name", "value"), [("smoothing", 0.0), ("length", -1.0), ("rows", 0)])
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name} (is )?{value}"):
        CorrLDA(**{name: value})


def test_fewer_pairs_are_learned_from_where_bags_are_full(monkeypatch):
    monkeypatch.setattr("tuwen.methods.subspace.corr_lda._LINKS", 20 * 4 * 3)
    images, texts = np.kron(np.eye(2), np.ones((40, 4))), np.kron(np.eye(2), np.ones((40, 3)))
    assert CorrLDA(dim=2).fit(images, texts).learned_from_ == 20
    assert CorrLDA(dim=2, rows=10).fit(images, texts).learned_from_ == 10
