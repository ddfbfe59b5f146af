"""Doc2vec: deterministic, saved without pickle, the same vector in any batch and process."""

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("gensim")

from tuwen import encoders
from tuwen.encoders.doc2vec import Doc2vec
from tuwen.errors import InputError, MissingExtra, UnknownName

ANIMALS = ["dog cat bird", "cat dog fish", "bird fish dog", "fish cat bird dog"]
CITIES = ["street house tower", "tower bridge street", "house bridge tower", "street bridge house tower"]
TEXTS = (ANIMALS + CITIES) * 10


@pytest.fixture(scope="module", params=["dbow", "dm"])
def encoder(request):
    """A small model of each variant."""
    return Doc2vec(variant=request.param, width=8, epochs=40).fit(TEXTS)


@pytest.mark.parametrize("variant", ["dbow", "dm"])
def test_the_memory_that_gensim_writes_to_stays_alive(variant):
    # wide enough that scratch memory freed too early is given back to the system
    texts = [f"word{place % 50} word{place % 7} dog" for place in range(200)]
    encoder = Doc2vec(variant=variant, width=2000, epochs=2).fit(texts)
    rows = encoder.encode_texts(texts)
    np.testing.assert_array_equal(rows, encoder.encode_texts(texts))
    assert np.isfinite(rows).all()


def test_texts_of_like_words_lie_together():
    # twelve words are each far too common to be left out now and then
    rows = Doc2vec(width=8, epochs=40, sample=0.0).fit(TEXTS).encode_texts(ANIMALS + CITIES)
    cosines = rows @ rows.T
    assert cosines[:4, :4].min() > cosines[:4, 4:].max() + 0.3


def test_the_same_text_has_the_same_vector_in_any_batch(encoder):
    together = encoder.encode_texts(TEXTS[:8])
    alone = np.concatenate([encoder.encode_texts([text]) for text in reversed(TEXTS[:8])])
    np.testing.assert_array_equal(together, alone[::-1])


def test_a_saved_encoder_gives_the_same_vectors(encoder, tmp_path):
    encoder.save(tmp_path / "doc2vec")
    loaded = encoders.load(str(tmp_path / "doc2vec"))
    assert loaded.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(loaded.encode_texts(TEXTS), encoder.encode_texts(TEXTS))
    assert {path.suffix for path in (tmp_path / "doc2vec").iterdir()} == {".json", ".npz"}


def test_the_same_seed_trains_the_same_model(encoder):
    again = Doc2vec(variant=encoder.variant, width=8, epochs=40).fit(TEXTS)
    other = Doc2vec(variant=encoder.variant, width=8, epochs=40, seed=1).fit(TEXTS)
    assert again.fingerprint == encoder.fingerprint != other.fingerprint


def test_a_text_without_known_words_is_a_zero_row_and_is_counted(encoder):
    before = encoder.blank
    assert not encoder.encode_texts(["unseen", ""]).any()
    assert encoder.blank == before + 2


def test_another_process_with_another_hash_seed_finds_the_same():
    code = (
        "from tuwen.encoders.doc2vec import Doc2vec; texts = ['a b c d', 'c d a'] * 5;"
        "encoder = Doc2vec(width=4, epochs=3).fit(texts);"
        "print(encoder.fingerprint, encoder.encode_texts(texts)[0].tolist())"
    )
    found = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2")
    ]
    assert found[0].stdout == found[1].stdout
    assert [one.stderr for one in found] == ["", ""]


def test_a_text_longer_than_gensim_reads_is_cut_and_counted():
    encoder = Doc2vec(width=2, epochs=1).fit(TEXTS)
    encoder.encode_texts(["dog cat " * 5001, "dog"])
    assert encoder.cut == 1


def test_words_that_are_too_rare_leave_nothing_to_learn():
    with pytest.raises(InputError, match="lower min_count"):
        Doc2vec(min_count=5).fit(["a dog", "a cat"])


@pytest.mark.parametrize("settings", [{"width": 0}, {"epochs": 0}, {"negative": 0}, {"sample": -1.0}])
def test_settings_are_checked(settings):
    with pytest.raises(InputError):
        Doc2vec(**settings)


def test_an_unknown_variant_is_refused():
    with pytest.raises(UnknownName, match="no variant"):
        Doc2vec(variant="pv-dm")


def test_without_gensim_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(MissingExtra, match=r"tuwen\[classic\]"):
        Doc2vec().fit(TEXTS)
