"""TF-IDF: equal to scikit-learn's, saved without loss."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tuwen import encoders
from tuwen.encoders.tfidf import Tfidf
from tuwen.errors import Damaged

TEXTS = ["a red dog", "a dog and a dog", "the cat", "red", "a red cat on the red grass"]


@pytest.mark.parametrize("sublinear", [True, False])
@pytest.mark.parametrize(("shortest", "longest"), [(1, 1), (1, 2), (2, 3)])
def test_weights_are_those_of_scikit_learn(sublinear, shortest, longest):
    peer = TfidfVectorizer(
        token_pattern=r"[^\W_]+", sublinear_tf=sublinear, ngram_range=(shortest, longest), dtype=np.float64
    )
    expected = peer.fit_transform(TEXTS).toarray()
    encoder = Tfidf(sublinear=sublinear, shortest=shortest, longest=longest).fit(TEXTS)
    assert encoder.vocabulary == sorted(peer.vocabulary_)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), expected, atol=1e-6)


def test_character_n_grams_are_those_of_scikit_learn():
    peer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    encoder = Tfidf(units="characters", longest=3).fit(TEXTS)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), peer.fit_transform(TEXTS).toarray(), atol=1e-6)


def test_rows_do_not_depend_on_batch_mates():
    encoder = Tfidf().fit(TEXTS)
    alone = [encoder.encode_texts([text])[0].tolist() for text in TEXTS]
    assert encoder.encode_texts(TEXTS).tolist() == alone


def test_a_saved_encoder_gives_the_same_rows(tmp_path):
    encoder = Tfidf(units="characters", longest=2).fit([*TEXTS, "红狗", "\udcff"])
    encoder.save(tmp_path / "tfidf")
    loaded = encoders.load(str(tmp_path / "tfidf"))
    assert (loaded.fingerprint, loaded.width) == (encoder.fingerprint, encoder.width)
    assert loaded.encode_texts(TEXTS).tolist() == encoder.encode_texts(TEXTS).tolist()


def test_a_folder_of_another_family_is_refused(tmp_path):
    Tfidf().fit(TEXTS).save(tmp_path / "tfidf")
    with pytest.raises(Damaged, match="of the family tfidf, not bow"):
        encoders.load(f"bow:{tmp_path / 'tfidf'}")


def test_texts_without_known_terms_are_zero_rows():
    encoder = Tfidf().fit(TEXTS)
    assert not encoder.encode_texts(["bird", ""]).any()
    assert encoder.blank == 2
