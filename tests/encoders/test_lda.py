"""LDA: topics that part two kinds of texts, the same after a reload."""

import numpy as np
import pytest

from tuwen import encoders
from tuwen.encoders.lda import Lda
from tuwen.errors import InputError

ANIMALS = ["dog cat bird", "cat dog fish", "bird fish dog", "fish cat bird dog"]
CITIES = ["street house tower", "tower bridge street", "house bridge tower", "street bridge house tower"]
TEXTS = (ANIMALS + CITIES) * 5


@pytest.fixture(scope="module")
def encoder():
    """Two topics of two kinds of texts."""
    return Lda(topics=2, passes=20).fit(TEXTS)


def test_topics_part_the_texts(encoder):
    topics = encoder.encode_texts(ANIMALS + CITIES, unit=False).argmax(axis=1)
    assert set(topics[:4]) != set(topics[4:])
    assert len(set(topics[:4])) == len(set(topics[4:])) == 1


def test_shares_add_up_to_one(encoder):
    shares = encoder.encode_texts(TEXTS, unit=False)
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert shares.min() >= 0


def test_the_same_seed_gives_the_same_topics(encoder):
    again = Lda(topics=2, passes=20).fit(TEXTS)
    assert again.fingerprint == encoder.fingerprint
    assert Lda(topics=2, passes=20, seed=1).fit(TEXTS).fingerprint != encoder.fingerprint


def test_inference_is_equal_after_a_reload(encoder, tmp_path):
    encoder.save(tmp_path / "lda")
    loaded = encoders.load(str(tmp_path / "lda"))
    texts = [*TEXTS, "dog tower", "dog unseen"]
    assert loaded.encode_texts(texts).tolist() == encoder.encode_texts(texts).tolist()


def test_inference_is_that_of_scikit_learn(encoder):
    from sklearn.decomposition import LatentDirichletAllocation

    counts = encoder.terms.count(TEXTS, encoder.columns)
    peer = LatentDirichletAllocation(2, learning_method="online", max_iter=20, random_state=0)
    expected = peer.fit(counts).transform(counts)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS, unit=False), expected, atol=1e-5)


def test_rows_do_not_depend_on_batch_mates(encoder):
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS[:8]])
    np.testing.assert_array_equal(encoder.encode_texts(TEXTS[:8]), alone)


def test_a_text_without_known_terms_is_a_zero_row(encoder):
    assert not encoder.encode_texts(["unseen", ""], unit=False).any()


@pytest.mark.parametrize("settings", [{"topics": 1}, {"passes": 0}])
def test_settings_are_checked(settings):
    with pytest.raises(InputError):
        Lda(**settings)
