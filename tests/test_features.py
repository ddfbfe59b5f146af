import numpy as np
import pytest

from tiny import TinyEncoder
from tuwen import encoders
from tuwen.data import open_source
from tuwen.errors import Damaged, InputError, TextError
from tuwen.features import (
    Features,
    encode_source,
    fit_encoder,
    pairing,
    read_features,
    write_features,
)


@pytest.fixture
def folder(tmp_path, tiny_pictures):
    """All tiny pictures and two files that are none."""
    path = tmp_path / "pictures"
    path.mkdir()
    for file in tiny_pictures.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    (path / "aaa.jpg").write_bytes(b"no picture")
    (path / "zzz.png").touch()
    return path


@pytest.fixture
def stored(tmp_path, tiny_encoder):
    """A file with the vectors of three texts."""
    features = Features("text", ["甲", "b", "c"], tiny_encoder.encode(["red", "绿", "blue"], "text"))
    write_features(tmp_path / "f.npz", [features], tiny_encoder)
    return tmp_path / "f.npz"


def test_pictures_are_encoded_as_the_encoder_does_and_the_rest_is_listed(folder, tiny_encoder):
    found = encode_source(open_source(folder), tiny_encoder, "image")
    files = sorted(file for file in folder.iterdir() if file.name not in ("aaa.jpg", "zzz.png"))
    assert found.ids == [file.stem for file in files]
    np.testing.assert_array_equal(found.vectors, tiny_encoder.encode(files, "image"))
    assert [refusal.code for refusal in found.refusals] == ["not-a-picture", "empty"]


def test_a_batch_of_nothing_but_bad_files_is_no_error(tmp_path, tiny_encoder):
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    found = encode_source(open_source(tmp_path), tiny_encoder, "image")
    assert found.ids == [] and found.vectors.shape == (0, tiny_encoder.width) and len(found.refusals) == 1


def test_texts_without_ids_are_numbered(tmp_path, tiny_encoder):
    (tmp_path / "t.csv").write_text("text\nred\nblue\n")
    assert encode_source(open_source(tmp_path / "t.csv"), tiny_encoder, "text").ids == ["1", "2"]


def test_an_id_twice_is_refused(tmp_path, tiny_encoder):
    (tmp_path / "t.csv").write_text("id,text\na,red\na,blue\n")
    with pytest.raises(InputError, match="'a' stands twice"):
        encode_source(open_source(tmp_path / "t.csv"), tiny_encoder, "text")


def test_progress_is_told_after_each_batch(folder, tiny_encoder):
    told = []
    encode_source(open_source(folder), tiny_encoder, "image", lambda done, total: told.append((done, total)))
    assert told == [(16, 18)]


def test_what_was_written_is_read_back(stored, tiny_encoder):
    found = read_features(stored, "text", tiny_encoder.fingerprint)
    assert found.ids == ["甲", "b", "c"]
    np.testing.assert_array_equal(found.vectors, tiny_encoder.encode(["red", "绿", "blue"], "text"))


def test_a_side_that_is_not_there_and_another_encoder_are_refused(stored):
    with pytest.raises(InputError, match="has no images; it has encoder"):
        read_features(stored, "image")
    with pytest.raises(InputError, match="holds vectors of tiny"):
        read_features(stored, "text", "another")


def test_ids_that_do_not_align_are_damage(tmp_path):
    np.savez(tmp_path / "f.npz", text_ids=np.array(["a"]), text_vectors=np.zeros((2, 3)))
    with pytest.raises(Damaged, match="1 text ids but 2 vectors"):
        read_features(tmp_path / "f.npz", "text")
    (tmp_path / "g.npz").write_bytes(b"nothing")
    with pytest.raises(Damaged):
        read_features(tmp_path / "g.npz", "text")


def test_a_decoders_own_bug_costs_one_picture(folder, monkeypatch):
    class Odd(TinyEncoder):
        def prepare(self, image):
            if "red-1" in str(image):
                raise ZeroDivisionError("a bug")
            return super().prepare(image)

    found = encode_source(open_source(folder), Odd(), "image")
    assert "red-1" not in found.ids and len(found.ids) == 15
    assert {r.code: r.reason for r in found.refusals}["damaged"].endswith(
        "red-1.png cannot be decoded (ZeroDivisionError: a bug); restore it from a copy"
    )


def test_pictures_and_texts_come_with_their_ids(tmp_path, tiny_pictures):
    class Noting(TinyEncoder):
        seen = ()

        def prepare(self, image):
            self.seen = (*self.seen, image.id)
            return super().prepare(image)

        def encode_texts(self, texts, *, ids=(), unit=True):
            self.seen = (*self.seen, *ids)
            return super().encode_texts(texts, ids=ids, unit=unit)

    (tmp_path / "t.csv").write_text(f"id,image,text\na,{tiny_pictures / 'red-0.png'},red\n")
    encoder, source = Noting(), open_source(tmp_path / "t.csv")
    encode_source(source, encoder, "image")
    encode_source(source, encoder, "text")
    assert encoder.seen == ("a", "1")


def test_raw_rows_keep_their_length_and_cut_texts_are_counted(tmp_path):
    class Cutting(TinyEncoder):
        def _encode_texts(self, texts):
            self.cut += sum(len(text) > 10 for text in texts)
            return 3 * super()._encode_texts(texts)

    (tmp_path / "t.csv").write_text("text\nred\na very long text of blue\n")
    encoder = Cutting()
    encoder.cut = 5
    found = encode_source(open_source(tmp_path / "t.csv"), encoder, "text", unit=False)
    assert found.cut == 1
    assert np.linalg.norm(found.vectors, axis=1).min() > 1.5


def test_a_text_that_cannot_be_encoded_costs_itself_alone(tmp_path):
    class Refusing(TinyEncoder):
        def _encode_texts(self, texts):
            if "blue" in texts:
                raise TextError("unknown-id", "blue has no vector")
            return super()._encode_texts(texts)

    (tmp_path / "t.csv").write_text("text\n" + "red\n" * 20 + "blue\n" + "green\n" * 9)
    found = encode_source(open_source(tmp_path / "t.csv"), Refusing(), "text")
    assert found.ids == [str(number) for number in range(1, 31) if number != 21]
    assert [(r.item, r.code) for r in found.refusals] == [("21", "unknown-id")]


def test_an_encoder_learns_from_the_items_of_its_side(tmp_path):
    (tmp_path / "t.csv").write_text("text\nred apple\nblue sky\nred sky\n")
    encoder = encoders.find("tfidf")()
    assert fit_encoder(open_source(tmp_path / "t.csv"), encoder) == 3
    assert encoder.fitted


def test_pictures_of_one_name_in_several_folders_are_told_apart(tmp_path, tiny_pictures, tiny_encoder):
    for name in ("2019", "2020"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes((tiny_pictures / "red-0.png").read_bytes())
    assert encode_source(open_source(tmp_path), tiny_encoder, "image").ids == ["a", "2020/a"]


def test_a_picture_that_several_rows_name_is_encoded_once(tmp_path, tiny_pictures, tiny_encoder):
    red, blue = tiny_pictures / "red-0.png", tiny_pictures / "blue-0.png"
    (tmp_path / "t.csv").write_text(f"image,text\n{red},one\n{blue},two\n{red},three\n")
    source = open_source(tmp_path / "t.csv")
    assert encode_source(source, tiny_encoder, "image").ids == ["red-0", "blue-0"]
    assert encode_source(source, tiny_encoder, "text").ids == ["1", "2", "3"]


def test_one_id_for_two_pictures_is_refused(tmp_path, tiny_pictures, tiny_encoder):
    red, blue = tiny_pictures / "red-0.png", tiny_pictures / "blue-0.png"
    (tmp_path / "t.csv").write_text(f"image_id,image\nx,{red}\nx,{blue}\n")
    with pytest.raises(InputError, match="'x' stands twice"):
        encode_source(open_source(tmp_path / "t.csv"), tiny_encoder, "image")


def test_it_is_kept_which_picture_a_text_belongs_to(tmp_path, tiny_pictures, tiny_encoder):
    red, blue = tiny_pictures / "red-0.png", tiny_pictures / "blue-0.png"
    rows = [f"{red},one", "lost.png,two", f"{blue},three", f"{red},four"]
    (tmp_path / "t.csv").write_text("\n".join(["image,text", *rows]) + "\n")
    source = open_source(tmp_path / "t.csv")
    images, texts = (encode_source(source, tiny_encoder, kind) for kind in ("image", "text"))
    assert images.ids == ["red-0", "blue-0"] and texts.ids == ["1", "2", "3", "4"]
    assert pairing(images, texts) == [(0, 0), (2, 1), (3, 0)]
    write_features(tmp_path / "f.npz", [images, texts], tiny_encoder)
    assert np.load(tmp_path / "f.npz")["image_of_text"].tolist() == ["red-0", "", "blue-0", "red-0"]
