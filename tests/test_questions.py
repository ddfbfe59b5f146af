"""What may be asked: words, pictures, vectors and several of them, and what may not."""

import numpy as np
import pytest
from PIL import Image

from tuwen.errors import InputError
from tuwen.query import Part, Query
from tuwen.questions import encode_query, to_query


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    ("query", "message"),
    [
        (np.full(32, np.nan), "NaN"),
        (np.full(32, np.inf), "infinite"),
        (np.zeros(32), "all zeros"),
        (np.array(["a"] * 32), "no matrix of numbers"),
        (np.ones((2, 32)), "has 64"),
        (np.array([]), "has 0"),
    ],
)
def test_queries_that_are_no_vector(tiny_collection, query, message, exact):
    with pytest.raises(InputError, match=message):
        tiny_collection.search(query, exact=exact)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_queries_of_any_length(tiny_collection, size):
    query = np.random.default_rng(2).normal(size=32)
    long, plain = (tiny_collection.search(values)[0].score for values in (query * size, query))
    assert long == pytest.approx(plain)


def test_a_string_is_words_and_a_path_is_a_picture(tmp_path):
    assert [part.text for part in to_query("red -blue").parts] == ["red", "blue"]
    assert to_query(tmp_path / "a.png").parts[0].image == tmp_path / "a.png"
    picture = Image.new("RGB", (2, 2))
    assert to_query(picture).parts[0].image is picture
    whole = Query(parts=(Part(text="red"),))
    assert to_query(whole) is whole


def test_words_the_encoder_does_not_know_are_named(tiny_collection, monkeypatch):
    zeros = np.zeros((1, tiny_collection.width), dtype=np.float32)
    monkeypatch.setattr(tiny_collection.encoder, "encode_texts", lambda texts: zeros)
    with pytest.raises(InputError, match="'xyzzy' says nothing to the encoder tiny"):
        encode_query(tiny_collection, to_query("xyzzy"))


def test_a_query_without_parts_is_refused(tiny_collection):
    with pytest.raises(InputError, match="the query is empty"):
        encode_query(tiny_collection, Query(parts=()))
