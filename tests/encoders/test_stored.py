"""Vectors made before are found by id, and a file that cannot be right is refused."""

import numpy as np
import pytest
from PIL import Image

from tuwen import encoders
from tuwen.data import open_source
from tuwen.encoders.stored import Side, Stored
from tuwen.errors import Damaged, InputError, PictureError, TextError, UnknownName
from tuwen.features import encode_source, write_features
from tuwen.records import Picture

VECTORS = np.array([[3, 4], [0, 2], [-1, 0]], dtype=np.float32)
UNIT = np.array([[0.6, 0.8], [0, 1], [-1, 0]], dtype=np.float32)


def arrays(path, **values):
    np.savez(path, **values)
    return path


@pytest.fixture
def both(tmp_path):
    """Three pictures and three texts."""
    path = tmp_path / "f.npz"
    arrays(path, image_ids=["a", "b.jpg", "p/c.png"], image_vectors=VECTORS,
           text_ids=["t1", "t2", "t3"], text_vectors=VECTORS[::-1])  # fmt: skip
    return encoders.load(f"stored:{path}")


def test_pictures_are_found_by_id_name_of_the_file_or_path(both):
    np.testing.assert_allclose(
        both.encode_images(["x/a.jpg", "y/b.jpg", "p/c.png", Picture(path="nowhere.jpg", id="a")]),
        UNIT[[0, 1, 2, 0]],
    )


def test_an_id_is_surer_than_the_name_of_the_file(both):
    np.testing.assert_array_equal(both.prepare(Picture(path="a.jpg", id="b.jpg")), VECTORS[1])
    np.testing.assert_array_equal(both.prepare(Picture(path="a.jpg", id="other")), VECTORS[0])


def test_texts_are_found_by_their_ids_whatever_they_say(both):
    np.testing.assert_allclose(both.encode_texts(["t2", "x"], ids=["t3", "t1"]), UNIT[[0, 2]])
    with pytest.raises(InputError, match="looks texts up by id and cannot encode new ones"):
        both.encode_texts(["t1"])
    with pytest.raises(InputError, match="1 ids but 2 texts"):
        both.encode_texts(["a", "b"], ids=["t1"])


def test_vectors_as_they_are_stored_on_request(both):
    np.testing.assert_array_equal(both.encode_images(["a.jpg"], unit=False), VECTORS[:1])
    np.testing.assert_array_equal(both.encode_texts(["-"], ids=["t1"], unit=False), VECTORS[2:])


def test_what_is_missing_has_a_code(both):
    with pytest.raises(PictureError, match=r"has no vector of the picture 'z' \(x/z\.jpg\)") as picture:
        both.prepare("x/z.jpg")
    with pytest.raises(TextError, match="has no vector of the text 't9'") as text:
        both.encode_texts(["a", "b"], ids=["t1", "t9"])
    with pytest.raises(TextError, match=r"no vectors of 4 texts: 'a', 'b', 'c', \.\.\.; a table names"):
        both.encode_texts(list("abcd"), ids=list("abcd"))
    assert picture.value.code == text.value.code == "no-features"
    with pytest.raises(PictureError, match="pass a path or a Picture, not pixels"):
        both.prepare(Image.new("RGB", (4, 4)))


def test_what_encode_wrote_is_read_and_stays_in_its_space(tmp_path, tiny_encoder, tiny_pictures):
    found = encode_source(open_source(tiny_pictures), tiny_encoder, "image")
    write_features(tmp_path / "f.npz", [found], tiny_encoder)
    stored = encoders.load(f"stored:{tmp_path / 'f.npz'}")
    assert stored.modalities == {"image"} and stored.width == tiny_encoder.width
    assert (stored.fingerprint, stored.made_by) == (tiny_encoder.fingerprint, "tiny")
    files = sorted(tiny_pictures.iterdir())
    np.testing.assert_allclose(stored.encode_images(files), tiny_encoder.encode_images(files), atol=1e-6)


def test_an_npz_is_known_by_its_ending(both, tmp_path):
    assert isinstance(encoders.load(str(tmp_path / "f.npz")), Stored)


@pytest.mark.parametrize("name", ["vectors", "features", "embeddings"])
def test_ids_and_vectors_alone_are_pictures_unless_told(tmp_path, name):
    path = arrays(tmp_path / "f.npz", ids=[7, 8, 9], **{name: VECTORS})
    assert Stored.open(path).encode_images(["8.jpg"]).tolist() == [[0, 1]]
    texts = encoders.load(f"stored:{path},modality=text")
    assert texts.encode_texts(["a"], ids=["9"]).tolist() == [[-1, 0]]
    with pytest.raises(InputError, match="does not encode images, only texts"):
        texts.encode_images(["8.jpg"])


@pytest.mark.parametrize("beside", ["f.ids.txt", "f.txt", "f.npy.txt"])
def test_an_array_with_its_ids_in_a_text_file(tmp_path, beside):
    np.save(tmp_path / "f.npy", VECTORS.astype(np.float16))
    (tmp_path / beside).write_text("\ufeff甲\r\nb\r\nc c\r\n\r\n", encoding="utf-8")
    stored = encoders.load(f"stored:{tmp_path / 'f.npy'}")
    assert stored.ids("image") == ("甲", "b", "c c")
    np.testing.assert_allclose(stored.encode_images(["甲.png"]), UNIT[:1], atol=1e-3)


def test_bytes_are_ids_too(tmp_path):
    path = arrays(tmp_path / "f.npz", ids=np.array(["甲".encode(), b"b", b"c"]), vectors=VECTORS)
    assert Stored.open(path).ids("image") == ("甲", "b", "c")


def test_sides_of_different_width_must_be_chosen_between(tmp_path):
    path = arrays(tmp_path / "f.npz", image_ids=["a"], image_features=np.ones((1, 4)),
                  text_ids=["a"], text_features=np.ones((1, 3)))  # fmt: skip
    with pytest.raises(InputError, match=r"4 columns and text vectors of 3; .*modality=image"):
        Stored.open(path)
    assert Stored.open(path, modality="text").width == 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ids": ["a", "b"], "vectors": VECTORS}, "2 image ids but 3 vectors"),
        ({"ids": ["a", "b", "a"], "vectors": VECTORS}, "image id 'a' twice"),
        ({"ids": ["a", "b", "c"], "vectors": VECTORS * np.nan}, "NaN or infinite values in 3 rows"),
        ({"ids": ["a", "b", "c"], "vectors": VECTORS[:, 0]}, r"shape \(3,\); a matrix"),
        ({"ids": ["a", "b", "c"], "vectors": np.array(["x", "y", "z"])}, "no matrix of numbers"),
        ({"ids": [[1], [2], [3]], "vectors": VECTORS}, r"ids of shape \(3, 1\)"),
        ({"ids": [0.5, 1, 2], "vectors": VECTORS}, "type float64; texts or whole numbers"),
        ({"ids": np.array([], dtype=str), "vectors": VECTORS[:0]}, "has no image vectors"),
        ({"names_": ["a"], "pixels": VECTORS}, "needs an array `ids` .* it has names_, pixels"),
        ({}, "it has none"),
    ],
)
def test_what_does_not_align_is_named(tmp_path, values, message):
    path = arrays(tmp_path / "f.npz", **values)
    with pytest.raises(InputError, match=message):
        Stored.open(path)


def test_files_that_are_none(tmp_path):
    with pytest.raises(InputError, match="there is no file of vectors"):
        encoders.load(f"stored:{tmp_path / 'none.npz'}")
    (tmp_path / "f.npz").write_bytes(b"PK nothing")
    np.save(tmp_path / "g.npy", VECTORS)
    (tmp_path / "h.npy").write_bytes(b"nothing")
    (tmp_path / "h.txt").write_text("a\n")
    with pytest.raises(Damaged, match=r"not an \.npz file"):
        Stored.open(tmp_path / "f.npz")
    with pytest.raises(InputError, match=r"write them to g\.ids\.txt, one a line"):
        Stored.open(tmp_path / "g.npy")
    with pytest.raises(Damaged, match=r"not an \.npy file"):
        Stored.open(tmp_path / "h.npy")


def test_ids_in_another_encoding_are_refused(tmp_path):
    np.save(tmp_path / "g.npy", VECTORS)
    (tmp_path / "g.txt").write_bytes("白色的狗".encode("gbk"))
    with pytest.raises(Damaged, match="is not UTF-8"):
        Stored.open(tmp_path / "g.npy")


def test_pickled_objects_are_refused(tmp_path):
    path = arrays(tmp_path / "f.npz", ids=np.array(["a", None, 3], dtype=object), vectors=VECTORS)
    with pytest.raises(Damaged, match="plain arrays"):
        Stored.open(path)


def test_options_and_bare_names_are_explained(tmp_path, both):
    with pytest.raises(InputError, match="stored needs a file of vectors: write stored:PATH"):
        encoders.load("stored")
    with pytest.raises(UnknownName, match="did you mean 'modality'"):
        encoders.load(f"stored:{tmp_path / 'f.npz'},modal=image")
    with pytest.raises(InputError, match="must be image or text"):
        encoders.load(f"stored:{tmp_path / 'f.npz'},modality=sound")


def test_other_vectors_are_another_space():
    one = Stored({"image": Side(("a", "b", "c"), VECTORS)})
    assert one.fingerprint == Stored({"image": Side(("a", "b", "c"), VECTORS.copy())}).fingerprint
    assert one.fingerprint != Stored({"image": Side(("a", "b", "d"), VECTORS)}).fingerprint
    assert one.fingerprint != Stored({"image": Side(("a", "b", "c"), -VECTORS)}).fingerprint
