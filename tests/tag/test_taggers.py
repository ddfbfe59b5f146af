"""Probabilities of labels: what is above is never less probable than what is below."""

import numpy as np
import pytest
from scipy.special import softmax

from tuwen.arrays import unit_rows
from tuwen.errors import InputError
from tuwen.tag.calibrating import TEMPERATURE
from tuwen.tag.taggers import Both, FromExamples, ZeroShot
from tuwen.tag.vocabulary import Vocabulary

TREE = Vocabulary.of(["animal/dog", "animal/cat", "food"])  # 0 animal, 1 dog, 2 cat, 3 food
ITEMS = unit_rows(np.random.default_rng(0).normal(0, 0.3, (90, 5)) + np.repeat(np.eye(3, 5), 30, axis=0))
TRUTH = [(1,)] * 30 + [(2,)] * 30 + [(3,)] * 30


def test_words_are_compared_by_cosine_at_the_temperature():
    tagger = ZeroShot(TREE, np.eye(3, 5), many=False)
    found = tagger.probabilities(ITEMS)
    expected = softmax(ITEMS[:, :3] / TEMPERATURE, axis=1)
    np.testing.assert_allclose(found[:, 1:], expected, atol=1e-5)
    np.testing.assert_allclose(found[:, 0], expected[:, :2].sum(axis=1), atol=1e-5)


def test_labelled_items_make_words_more_likely_to_be_right():
    tagger = ZeroShot(TREE, np.eye(3, 5), many=False)
    rows, places = np.arange(90), np.array([truth[0] for truth in TRUTH])
    noisy = unit_rows(ITEMS + np.random.default_rng(1).normal(0, 0.4, ITEMS.shape))
    before = np.log(tagger.probabilities(noisy)[rows, places])[1::2].mean()
    tagger.fit(noisy[::2], TRUTH[::2])
    assert np.log(tagger.probabilities(noisy)[rows, places])[1::2].mean() > before + 0.1


def test_a_label_above_others_teaches_without_saying_which():
    tagger = ZeroShot(TREE, np.eye(3, 5), many=False)
    tagger.fit(ITEMS, [(0,)] * 60 + [(3,)] * 30)
    found = tagger.probabilities(ITEMS)
    assert (found[:60, 0] > 0.5).mean() > 0.9
    assert tagger.scale.bias[0] == pytest.approx(tagger.scale.bias[1], abs=0.3)


@pytest.mark.parametrize("make", [
    lambda many: ZeroShot(TREE, np.eye(3, 5), many=many),
    lambda many: FromExamples(TREE, "probe", many=many),
    lambda many: FromExamples(TREE, "neighbours", many=many),
    lambda many: Both(ZeroShot(TREE, np.eye(3, 5), many=many), FromExamples(TREE, "probe", many=many)),
])  # fmt: skip
@pytest.mark.parametrize("many", [False, True])
def test_what_is_above_is_at_least_as_probable(make, many):
    tagger = make(many)
    tagger.fit(ITEMS, TRUTH)
    found = tagger.probabilities(ITEMS)
    assert (found[:, [0]] >= found[:, 1:3] - 1e-6).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert (found[:, 1:].argmax(axis=1) == np.repeat([0, 1, 2], 30)).mean() > 0.9
    if not many:
        np.testing.assert_allclose(found[:, [0, 3]].sum(axis=1), 1, atol=1e-5)


def test_examples_of_a_label_above_others_are_a_choice_of_their_own():
    tagger = FromExamples(TREE, "probe", many=False)
    tagger.fit(ITEMS, [(1,)] * 30 + [(0,)] * 30 + [(3,)] * 30)
    assert (tagger.own(ITEMS).argmax(axis=1)[30:60] == 0).mean() > 0.9


def test_several_labels_are_learned_each_by_itself():
    flat = Vocabulary.of(["round", "red", "never"])
    tagger = FromExamples(flat, "probe", many=True)
    tagger.fit(ITEMS, [(0,)] * 30 + [(0, 1)] * 30 + [(1,)] * 30)
    found = tagger.probabilities(ITEMS) > 0.5
    assert found[:30].mean(axis=0)[0] > 0.8 and found[30:60, :2].mean() > 0.8 and not found[:, 2].any()


def test_words_and_examples_are_joined_by_the_formula():
    both = Both(ZeroShot(TREE, np.eye(3, 5), many=False), FromExamples(TREE, "probe", many=False))
    both.fit(ITEMS, [(1,)] * 30 + [(0,)] * 30 + [(3,)] * 30)
    learned, said = both.examples.own(ITEMS), both.words.own(ITEMS)
    # 0 stands above 1 and 2, so it speaks by the mean of both; 2 has no example
    words = np.stack([(said[:, 1] + said[:, 2]) / 2, said[:, 1], said[:, 2], said[:, 3]], axis=1)
    expected = learned * words**0.5
    np.testing.assert_allclose(both.own(ITEMS), expected / expected.sum(axis=1, keepdims=True), atol=1e-5)
    assert not both.own(ITEMS)[:, 2].any()


def test_words_help_where_examples_are_few():
    noisy = unit_rows(ITEMS + np.random.default_rng(2).normal(0, 0.5, ITEMS.shape))
    few = [0, 30, 60]
    probe = FromExamples(TREE, "probe", many=False)
    both = Both(ZeroShot(TREE, np.eye(3, 5), many=False), FromExamples(TREE, "probe", many=False))
    places = np.array([truth[0] for truth in TRUTH])
    right = []
    for tagger in (probe, both):
        tagger.fit(noisy[few], [TRUTH[row] for row in few])
        right.append((tagger.own(noisy).argmax(axis=1) == places).mean())
    assert right[1] > right[0]


def test_examples_of_one_label_are_refused():
    with pytest.raises(InputError, match="only 'dog'"):
        FromExamples(TREE, "probe", many=False).fit(ITEMS[:3], [(1,)] * 3)
    with pytest.raises(InputError, match="every example has the same labels"):
        FromExamples(TREE, "probe", many=True).fit(ITEMS[:3], [(1,)] * 3)
