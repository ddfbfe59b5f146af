"""The small language of queries."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.query import Part, Query, combine, parse_query


def read(text):
    return [(part.text, part.weight) for part in parse_query(text).parts]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a dog on the beach", [("a dog on the beach", 1)]),
        ("海滩 -人", [("海滩", 1), ("人", -1)]),
        ("海滩　－人", [("海滩", 1), ("人", -1)]),
        ("t-shirt wi-fi", [("t-shirt wi-fi", 1)]),
        ("-人", [("人", -1)]),
        ('dog -"red ball" park', [("dog park", 1), ("red ball", -1)]),
        ("dog -“red ball”", [("dog", 1), ("red ball", -1)]),
        ("dog^2", [("dog", 2)]),
        ('"red ball"^0.5 dog', [("dog", 1), ("red ball", 0.5)]),
        ('-"red ball"^.5', [("red ball", -0.5)]),
        ("x^2 y", [("y", 1), ("x", 2)]),
        ("2^10 = 1024", [("= 1024", 1), ("2", 10)]),
        (r"\-18 degrees", [("-18 degrees", 1)]),
        (r"dog\^2", [("dog^2", 1)]),
        ("a - b", [("a - b", 1)]),
        ("  dog  ", [("dog", 1)]),
        ('say "cheese', [('say "cheese', 1)]),
        ("「红色 的 球」^2", [("红色 的 球", 2)]),
        ("dog -", [("dog -", 1)]),
        ("C++ a^b", [("C++ a^b", 1)]),
    ],
)
def test_words_stay_together_unless_marked(text, parts):
    assert read(text) == parts


@pytest.mark.parametrize("text", ["", "   ", "　", '""', "-^2"])
def test_an_empty_query_is_refused(text):
    with pytest.raises(InputError, match="empty"):
        parse_query(text)


def test_a_weight_of_zero_is_refused():
    with pytest.raises(InputError, match="weight of 'dog' is 0"):
        parse_query("dog^0")


@pytest.mark.parametrize("text", ["海滩 -人", '"red ball"^0.5 -cat^2', "dog"])
def test_a_query_reads_back_as_written_out(text):
    again = parse_query(str(parse_query(text)))
    assert again == parse_query(text)


@pytest.mark.parametrize(
    "given",
    [{}, {"text": "a", "vector": np.ones(2)}, {"text": "a", "weight": 0}, {"text": "a", "weight": np.nan}],
)
def test_a_part_is_one_thing_with_a_weight(given):
    with pytest.raises(InputError, match="query part"):
        Part(**given)


def test_combine_adds_unit_vectors_and_takes_half_of_unwanted_ones_away():
    vectors = np.array([[3, 0], [0, 5]], dtype=np.float32)
    np.testing.assert_allclose(combine(vectors, [1, 1]), [2**-0.5, 2**-0.5], rtol=1e-6)
    np.testing.assert_allclose(combine(vectors, [1, -2]), [2**-0.5, -(2**-0.5)], rtol=1e-6)
    np.testing.assert_allclose(combine(vectors[:1], [-2]), [-1, 0])


def test_parts_that_cancel_out_are_refused():
    with pytest.raises(InputError, match="cancel"):
        combine(np.ones((2, 3), np.float32), [1, -2])


def test_parts_of_all_kinds_show_as_text():
    query = Query(parts=(Part(text="red ball", weight=-2), Part(vector=np.ones(2))))
    assert str(query) == '-"red ball"^2 vector'
