"""Both sides in one space."""

import numpy as np
import pytest

from tiny import COLOURS, TinyEncoder
from tiny_sides import side
from tuwen.errors import InputError
from tuwen.resolve.given import Given
from tuwen.resolve.preparing import prepare, rows_of


@pytest.fixture
def records(tmp_path):
    """A record for each colour."""
    file = tmp_path / "records.csv"
    rows = [f"{name}-0,a {name} thing,{chinese}" for name, (chinese, _) in COLOURS.items()]
    file.write_text("\n".join(["id,title,text", *rows]) + "\n", encoding="utf-8")
    return file


def test_pictures_meet_the_texts_of_the_other_source(tiny_pictures, records, tiny_encoder):
    found = prepare(Given(path=tiny_pictures), Given(path=records), encoder=tiny_encoder)
    assert (found.left.kind, found.right.kind) == ("image", "text")
    assert (len(found.left), len(found.right)) == (16, 8)
    assert found.left.vectors.shape == (16, tiny_encoder.width)
    assert np.linalg.norm(found.right.vectors, axis=1) == pytest.approx(np.ones(8), abs=1e-5)


def test_the_order_of_the_sources_is_kept(tiny_pictures, records, tiny_encoder):
    found = prepare(Given(path=records), Given(path=tiny_pictures), encoder=tiny_encoder)
    assert (found.left.kind, found.right.kind) == ("text", "image")


def test_two_sources_of_texts_are_compared_as_texts(records, tiny_encoder):
    found = prepare(
        Given(path=records, text_columns={"title": 1.0}),
        Given(path=records, text_columns={"text": 1.0}),
        encoder=tiny_encoder,
    )
    assert (found.left.kind, found.right.kind) == ("text", "text")
    assert found.left.contents[0] == "a red thing"
    assert found.right.contents[0] == "红"


def test_one_source_with_both_is_pictures_against_texts(tiny_collection):
    found = prepare(Given(path=tiny_collection.path), encoder=TinyEncoder())
    assert (len(found.left), len(found.right)) == (16, 16)
    assert (found.left.kind, found.right.kind) == ("image", "text")


def test_one_kind_of_one_source_is_compared_with_itself(tiny_collection):
    found = prepare(Given(path=tiny_collection.path, kind="image"), encoder=TinyEncoder())
    assert found.left.kind == "image"
    assert found.right is None


def test_vectors_of_a_collection_are_not_made_again(tiny_collection, records):
    encoder = TinyEncoder()
    encoder._encode_images = None  # would fail
    found = prepare(Given(path=tiny_collection.path, kind="image"), Given(path=records), encoder=encoder)
    assert len(found.left) == 16


def test_vectors_of_two_encoders_do_not_meet(tiny_collection, records):
    with pytest.raises(InputError, match="do not compare"):
        prepare(Given(path=tiny_collection.path), Given(path=records), encoder=TinyEncoder("tiny-2"))


def test_weights_of_columns_move_the_vector(records, tiny_encoder):
    def texts(weights):
        return prepare(
            Given(path=records, kind="text", text_columns=weights), encoder=tiny_encoder
        ).left.vectors

    title, text = texts({"title": 1.0}), texts({"text": 1.0})
    heavy = texts({"title": 5.0, "text": 1.0})
    wanted = 5 * title + text
    assert heavy == pytest.approx(wanted / np.linalg.norm(wanted, axis=1, keepdims=True), abs=1e-5)


def test_a_picture_that_cannot_be_read_is_named_and_the_rest_goes_on(tiny_pictures, tmp_path, tiny_encoder):
    for name in ("red-0.png", "blue-0.png"):
        (tmp_path / name).write_bytes((tiny_pictures / name).read_bytes())
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    found = prepare(Given(path=tmp_path), encoder=tiny_encoder)
    assert found.left.ids == ["blue-0", "red-0"]
    (refusal,) = found.left.refusals
    assert "broken.png" in refusal.reason


def test_an_item_that_says_nothing_stays_and_is_named(records):
    class Deaf(TinyEncoder):
        def _encode_texts(self, texts):
            rows = super()._encode_texts(texts)
            rows[[row for row, text in enumerate(texts) if "红" in text]] = 0
            return rows

    found = prepare(Given(path=records, kind="text"), encoder=Deaf())
    assert len(found.left) == 8
    assert [refusal.item for refusal in found.left.refusals] == ["red-0"]
    assert found.left.refusals[0].code == "featureless"


def test_an_encoder_that_needs_fitting_learns_from_both_sides(records):
    from tuwen import encoders

    fitted = encoders.load("tfidf,units=characters")
    found = prepare(
        Given(path=records, text_columns={"title": 1.0}),
        Given(path=records, text_columns={"text": 1.0}),
        encoder=fitted,
    )
    assert found.right.vectors.any(axis=1).all()


def test_a_kind_that_is_not_there_is_an_error(tiny_pictures, tiny_encoder):
    with pytest.raises(InputError, match="no texts, only images"):
        prepare(Given(path=tiny_pictures, kind="text"), encoder=tiny_encoder)


def test_an_empty_side_stays_empty(tiny_pictures, tmp_path, tiny_encoder):
    found = prepare(Given(path=tiny_pictures), Given(path=tmp_path), encoder=tiny_encoder)
    assert (len(found.left), len(found.right)) == (16, 0)
    assert found.right.vectors.shape == (0, tiny_encoder.width)


def test_an_empty_folder_alone_is_an_error(tmp_path, tiny_encoder):
    with pytest.raises(InputError, match="neither pictures nor texts"):
        prepare(Given(path=tmp_path), encoder=tiny_encoder)


def test_sides_made_elsewhere_pass_when_they_fit():
    left, right = side(np.eye(2)), side(np.eye(2))
    assert prepare(left, right).right is right
    with pytest.raises(InputError, match="one space"):
        prepare(left, side(np.eye(3)))
    with pytest.raises(InputError, match="2 ids but vectors"):
        prepare(side(np.eye(3), ids=["a", "b"]))


def test_a_side_and_a_source_do_not_mix(records):
    with pytest.raises(InputError, match="two of one sort"):
        prepare(side(np.eye(2)), Given(path=records))
    with pytest.raises(InputError, match="two of one sort"):
        prepare(Given(path=records), side(np.eye(2)))


def test_rows_are_taken_from_all_that_a_side_has():
    whole = side(np.eye(3), columns={"k": [1, 2, 3]}, labels=["x", "y", "z"])
    some = rows_of(whole, np.array([2, 0]))
    assert (some.ids, some.columns, some.labels) == (["c", "a"], {"k": [3, 1]}, ["z", "x"])
    assert some.vectors.tolist() == [[0, 0, 1], [1, 0, 0]]
