"""A user's pairs are read from features or from pictures and texts; what cannot be used is listed."""

import numpy as np
import pytest

from tiny import COLOURS, TinyEncoder
from tuwen import encoders, own_pairs
from tuwen.data import open_source
from tuwen.errors import InputError
from tuwen.features import encode_source, write_features


@pytest.fixture
def table(tmp_path, tiny_pictures):
    """Two captions a picture, two rows that cannot be used, a class for all but one picture."""
    lines = ["image,caption,label"]
    for file in sorted(tiny_pictures.glob("*.png")):
        colour = file.stem.split("-")[0]
        label = "" if file.stem == "red-1" else colour
        lines += [f"{file},a {colour} picture,{label}", f"{file},一张{COLOURS[colour][0]}色的图片,{label}"]
    lines += ["missing.png,a red thing,red", f"{tiny_pictures / 'red-0.png'},,red"]
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(table, **more):
    return own_pairs.read(str(table), image_encoder=TinyEncoder(), text_encoder=TinyEncoder(), **more)


def test_pictures_and_texts_of_a_record_belong_together(table, tiny_encoder):
    given = read(table)
    pairs = given.pairs
    assert (len(pairs.image_ids), len(pairs.text_ids)) == (16, 32)
    red = pairs.image_ids.index("red-0")
    mine = np.flatnonzero(pairs.image_of_text == red)
    expected = tiny_encoder.encode(["a red picture", "一张红色的图片"], "text")
    np.testing.assert_allclose(pairs.texts[mine], expected, atol=1e-6)
    assert {side.name for side in given.sides.values()} == {"tiny"} and given.fitted == {}


def test_what_cannot_be_used_is_listed_and_stops_nothing(table):
    given = read(table)
    assert any("missing.png" in refusal.item for refusal in given.refusals)
    assert given.notes == ["1 text without a partner left out"]


def test_classes_are_those_of_the_pictures_and_may_lack(table):
    pairs = read(table).pairs
    by_id = dict(zip(pairs.image_ids, pairs.labels.tolist(), strict=True))
    assert by_id["blue-1"] == "blue" and by_id["red-1"] == ""
    assert pairs.text_labels.shape == (32,)


def test_an_encoder_that_needs_fitting_learns_from_these_texts(table):
    words = encoders.find("tfidf")(units="characters")
    given = own_pairs.read(str(table), image_encoder=TinyEncoder(), text_encoder=words)
    assert given.fitted == {"text": words} and words.fitted
    assert given.sides["text"].fingerprint == words.fingerprint


def test_a_text_that_says_nothing_is_left_out(tmp_path, tiny_pictures):
    files = sorted(tiny_pictures.glob("*.png"))[:2]
    (tmp_path / "p.csv").write_text(f"image,caption\n{files[0]},red\n{files[1]},zzz\n")
    words = encoders.find("tfidf")(units="words").fit(["red", "red blue"])
    given = own_pairs.read(str(tmp_path / "p.csv"), image_encoder=TinyEncoder(), text_encoder=words)
    assert given.pairs.image_ids == (files[0].stem,)
    assert [refusal.code for refusal in given.refusals] == ["featureless"]


def test_an_encoder_of_the_other_side_alone_is_refused(table):
    with pytest.raises(InputError, match=r"tfidf does not encode images; name another: --image-encoder"):
        own_pairs.read(str(table), image_encoder=encoders.find("tfidf")(), text_encoder=TinyEncoder())


def test_a_source_without_pairs_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("text\nred\nblue\n")
    with pytest.raises(InputError, match="no images that tiny can encode"):
        read(tmp_path / "t.csv")


def test_the_reason_stands_in_the_error_when_no_picture_can_be_read(tmp_path):
    (tmp_path / "t.csv").write_text("image,text\na.jpg,red\nb.jpg,blue\n")
    with pytest.raises(InputError, match=r"the first of 2 refused: .*a\.jpg is not there"):
        read(tmp_path / "t.csv")


class TestFeatures:
    @pytest.fixture
    def encoded(self, table, tmp_path, tiny_encoder):
        """What `tuwen encode` writes of the table."""
        source = open_source(table)
        parts = [encode_source(source, tiny_encoder, kind) for kind in ("image", "text")]
        write_features(tmp_path / "f.npz", parts, tiny_encoder)
        return tmp_path / "f.npz"

    def test_a_file_of_vectors_keeps_who_belongs_to_whom_and_the_encoder(self, encoded, table):
        given, direct = own_pairs.read(str(encoded)), read(table)
        assert given.pairs.image_ids == direct.pairs.image_ids
        np.testing.assert_array_equal(given.pairs.image_of_text, direct.pairs.image_of_text)
        np.testing.assert_array_equal(given.pairs.texts, direct.pairs.texts)
        assert given.sides == direct.sides
        assert any("1 texts of f.npz have no image" in note for note in given.notes)

    def test_rows_of_other_lengths_are_noted(self, encoded, tmp_path):
        arrays = dict(np.load(encoded))
        arrays["image_vectors"] = 3 * arrays["image_vectors"]
        np.savez(tmp_path / "g.npz", **arrays)
        sides = own_pairs.read(str(tmp_path / "g.npz")).sides
        assert (sides["image"].unit, sides["text"].unit) == (False, True)

    def test_sets_of_parts_have_the_width_of_a_part(self, encoded, tmp_path):
        arrays = dict(np.load(encoded))
        arrays["image_vectors"] = np.repeat(arrays["image_vectors"][:, None], 5, axis=1)
        np.savez(tmp_path / "g.npz", **arrays)
        sides = own_pairs.read(str(tmp_path / "g.npz")).sides
        assert [sides[kind].width for kind in ("image", "text")] == [32, 32]
        assert sides["image"].unit

    def test_features_of_unknown_origin_have_no_encoder(self, tmp_path):
        np.savez(tmp_path / "x.npz", images=np.eye(5, 4), texts=np.eye(5, 3), labels=np.arange(5))
        given = own_pairs.read(str(tmp_path / "x.npz"))
        assert given.sides == {} and given.pairs.labels.tolist() == [0, 1, 2, 3, 4]

    def test_arrays_may_be_named(self, tmp_path):
        np.savez(tmp_path / "x.npz", a=np.eye(5, 4), b=np.eye(5, 3), kinds=np.arange(5))
        given = own_pairs.read(f"{tmp_path / 'x.npz'},images=a,texts=b", labels="kinds")
        assert given.pairs.texts.shape == (5, 3) and given.pairs.labels is not None

    def test_parts_are_taken_together(self, tmp_path):
        arrays = {f"{side}_{part}": np.ones((n, 3)) for part, n in (("tr", 4), ("te", 2)) for side in "IT"}
        np.savez(tmp_path / "x.npz", **arrays)
        given = own_pairs.read(str(tmp_path / "x.npz"))
        assert len(given.pairs.image_ids) == 6 and "train, test" in given.notes[-1]

    def test_encoders_beside_features_are_refused(self, encoded):
        with pytest.raises(InputError, match="holds features already"):
            own_pairs.read(str(encoded), text_encoder="tfidf")

    def test_values_that_are_no_numbers_are_refused_by_row(self, tmp_path):
        images = np.ones((5, 4))
        images[3, 1] = np.nan
        np.savez(tmp_path / "x.npz", images=images, texts=np.ones((5, 3)))
        with pytest.raises(InputError, match=r"NaN or infinite values in 1 rows, first in row 3"):
            own_pairs.read(str(tmp_path / "x.npz"))

    def test_a_file_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(InputError, match=r"nothing\.npz is not there"):
            own_pairs.read(str(tmp_path / "nothing.npz"))
