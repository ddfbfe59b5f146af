import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.illustrate.base import Query
from tuwen.illustrate.questions import check, encode, wanted
from tuwen.illustrate.spaces import Spaces, TextSpace


@pytest.fixture
def spaces(tiny_encoder):
    return Spaces(text=TextSpace(tiny_encoder), image=tiny_encoder, cross=tiny_encoder)


def test_what_cannot_be_asked_is_named_and_the_rest_goes_on(five):
    five.classes[:] = ["sports", "economy", "", "", ""]
    queries = [
        Query(id="a", text=" good "),
        Query(id="a", text="again"),
        Query(id="b", text="  "),
        Query(id="c", text="x", label="sport"),
        Query(id="d", text="x", leave_out="p9"),
        Query(id="e", text="x", label="sports", leave_out="p0"),
    ]
    checked, refusals = check(queries, five)
    assert [(query.id, query.text) for query in checked] == [("a", "good"), ("e", "x")]
    assert [(refusal.item, refusal.code) for refusal in refusals] == [
        ("a", "duplicate-id"), ("b", "empty"), ("c", "unknown-class"), ("d", "unknown-id"),
    ]  # fmt: skip
    assert "did you mean 'sports'" in refusals[2].reason


def test_a_class_says_nothing_where_the_library_has_none(five):
    _, (refusal,) = check([Query(id="a", text="x", label="sports")], five)
    assert "no classes" in refusal.reason


def test_a_headline_is_in_the_spaces_of_texts_and_a_picture_in_those_of_pictures(spaces, tiny_pictures):
    red = tiny_pictures / "red-0.png"
    made, refusals = encode(
        [Query(id="a", text="red"), Query(id="b", picture=red), Query(id="c", text="red", picture=red)],
        spaces,
    )
    assert [set(vectors) for _, vectors in made] == [
        {"text", "cross"}, {"image", "cross"}, {"text", "cross", "image"},
    ]  # fmt: skip
    assert refusals == [] and [wanted(query) for query, _ in made] == ["image", "text", "image"]
    # the headline itself is asked in the space of both
    assert np.array_equal(made[2][1]["cross"], made[0][1]["cross"])


def test_a_draft_that_cannot_be_read_leaves_its_headline(spaces, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    made, refusals = encode([Query(id="a", text="red", picture=bad), Query(id="b", picture=bad)], spaces)
    assert [(query.id, query.picture) for query, _ in made] == [("a", None)]
    assert len(refusals) == 2 and "bad.png" in refusals[0].reason


@pytest.mark.parametrize(
    ("query", "words"), [(Query(id="a", text="red"), "headlines"), (Query(id="a"), "pictures")]
)
def test_without_an_encoder_it_says_which_is_missing(query, words):
    with pytest.raises(InputError, match=f"nothing encodes {words}"):
        encode([query], Spaces())
