"""Pairs of whole files, and their own layout there and back."""

import numpy as np
import pytest
from scipy.io import savemat

from tuwen.datasets.pairs import Pairs
from tuwen.datasets.reading import read_pairs, taken_apart, write_pairs
from tuwen.errors import InputError, UnknownName
from tuwen.files import checksum

IMAGES, TEXTS, LABELS = np.arange(24.0).reshape(6, 4), np.arange(12.0).reshape(6, 2), np.arange(6) % 3


def test_a_spec_names_arrays():
    path, given = taken_apart("a,b/pairs.mat,images=I_tr,texts=T_tr")
    assert (path.as_posix(), given) == ("a,b/pairs.mat", {"images": "I_tr", "texts": "T_tr"})
    with pytest.raises(UnknownName, match="did you mean 'images'"):
        taken_apart("pairs.mat,imags=I_tr")


def test_arrays_by_any_name(tmp_path):
    np.savez(tmp_path / "a.npz", foo=IMAGES, bar=TEXTS, baz=LABELS)
    with pytest.raises(
        InputError, match=r"it has bar \(6, 2\), baz \(6,\), foo \(6, 4\).*images=NAME,texts=NAME"
    ):
        read_pairs(str(tmp_path / "a.npz"))
    found = read_pairs(f"{tmp_path / 'a.npz'},images=foo,texts=bar,labels=baz")
    np.testing.assert_array_equal(found.parts[""].images, IMAGES)
    np.testing.assert_array_equal(found.parts[""].labels, LABELS)
    assert found.files == {"a.npz": checksum(tmp_path / "a.npz")}


def test_parts_by_name(tmp_path):
    arrays = {"I_tr": IMAGES, "T_tr": TEXTS, "trainCat": LABELS + 1}
    arrays |= {"I_te": IMAGES[:2], "T_te": TEXTS[:2], "testCat": LABELS[:2] + 1}
    savemat(tmp_path / "a.mat", arrays | {"info": {"a": 1}})
    found = read_pairs(str(tmp_path / "a.mat"))
    assert {part: len(pairs.image_ids) for part, pairs in found.parts.items()} == {"train": 6, "test": 2}
    assert found.parts["test"].labels.tolist() == [1, 2]
    assert found.parts["test"].image_ids == ("test/0", "test/1")


def test_parts_by_a_column(tmp_path):
    lines = ["id,image_0,text_0,label,split"]
    lines += [
        f"p{row // 2},{row // 2},{row},{'ab'[row // 2 % 2]},{'te' if row > 5 else 'train'}"
        for row in range(8)
    ]
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    parts = read_pairs(str(tmp_path / "a.csv")).parts
    assert parts["train"].image_ids == ("p0", "p1", "p2")
    assert parts["test"].image_ids == ("p3",)
    assert parts["test"].texts.tolist() == [[6], [7]]
    assert parts["train"].labels.tolist() == [0, 1, 0]
    assert parts["train"].classes == ("a", "b")


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        (
            ["train", "tset", "test"],
            "split of a.npz is 'tset' in row 1; it may be train, val, test, database",
        ),
        (["train", "test", "train"], "image a of a.npz stands in train and in test"),
        (["train"], "split of a.npz has 1 rows"),
    ],
)
def test_a_column_that_cuts_wrongly_is_refused(tmp_path, splits, said):
    ids = np.array(["a", "a", "b"])
    np.savez(tmp_path / "a.npz", images=np.ones((3, 2)), texts=TEXTS[:3], ids=ids, split=np.array(splits))
    with pytest.raises(InputError, match=said):
        read_pairs(str(tmp_path / "a.npz"))


def test_vectors_as_encode_writes_them(tmp_path):
    names = np.array([f"p{row}" for row in range(3)])
    texts = np.array([f"p{row}#{number}" for row in (2, 0, 1) for number in range(2)])
    arrays = {"image_ids": names, "image_vectors": IMAGES[:3], "text_ids": texts, "text_vectors": TEXTS}
    np.savez(tmp_path / "a.npz", encoder=np.array("mini"), fingerprint=np.array("f"), **arrays)
    pairs = read_pairs(str(tmp_path / "a.npz")).parts[""]
    assert pairs.image_of_text.tolist() == [2, 2, 0, 0, 1, 1]
    assert pairs.labels is None


def test_our_own_layout_comes_back_the_same(tmp_path):
    pairs = Pairs(
        images=np.ones((2, 3, 4), dtype=np.float32),
        texts=TEXTS[:3],
        image_ids=("一", "b#1"),
        text_ids=("x", "y", "一"),
        image_of_text=np.array([1, 0, 1]),
        labels=np.array([1, 0]),
        captions=("甲", "b", "c"),
        classes=("cat", "dog", "sheep"),
    )
    write_pairs(tmp_path / "a.npz", pairs)
    found = read_pairs(str(tmp_path / "a.npz"))
    again = found.parts[""]
    for name in ("images", "texts", "labels", "image_of_text"):
        np.testing.assert_array_equal(getattr(again, name), getattr(pairs, name))
    for name in ("image_ids", "text_ids", "captions", "classes"):
        assert getattr(again, name) == getattr(pairs, name)
    assert found.notes == []
    with pytest.raises(InputError, match=r"must end with \.npz"):
        write_pairs(tmp_path / "a.csv", pairs)


def test_labels_of_some_parts_are_not_enough(tmp_path):
    np.savez(tmp_path / "a.npz", I_tr=IMAGES, T_tr=TEXTS, L_tr=LABELS, I_te=IMAGES, T_te=TEXTS)
    with pytest.raises(InputError, match="has labels of train but not of test"):
        read_pairs(str(tmp_path / "a.npz"))
    np.savez(tmp_path / "b.npz", images=IMAGES, texts=TEXTS, labels=LABELS[:4])
    with pytest.raises(InputError, match=r"labels of b\.npz have 4 rows, but there are 6 images"):
        read_pairs(str(tmp_path / "b.npz"))


def test_a_part_without_texts_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", I_tr=IMAGES, T_tr=TEXTS, I_te=IMAGES)
    with pytest.raises(InputError, match=r"a\.npz, part test has no array that is named as texts are"):
        read_pairs(str(tmp_path / "a.npz"))
