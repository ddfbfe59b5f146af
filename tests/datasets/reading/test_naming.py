"""Names that people give arrays, and what they mean."""

import pytest

from tuwen.datasets.reading.naming import likely, part_named, roles_of
from tuwen.errors import InputError, UnknownName

PLAIN = {"images": "images", "texts": "texts", "labels": "labels"}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["images", "texts", "labels", "encoder"], {"": PLAIN}),
        (
            ["image_features", "text_features", "y"],
            {"": {"images": "image_features", "texts": "text_features"}},
        ),
        (["XAll", "YAll", "LAll"], {"": {"images": "XAll", "texts": "YAll", "labels": "LAll"}}),
        (["X", "Y"], {"": {}}),
        (["names", "image_names"], {"": {"image_ids": "image_names"}}),
        (["images", "texts", "classes"], {"": {"images": "images", "texts": "texts", "labels": "classes"}}),
        (
            ["image_ids", "image_vectors", "text_ids", "text_vectors"],
            {
                "": {
                    "image_ids": "image_ids",
                    "images": "image_vectors",
                    "text_ids": "text_ids",
                    "texts": "text_vectors",
                }
            },
        ),
        (
            ["I_tr", "T_tr", "trainCat", "I_te", "T_te", "testCat"],
            {
                "train": {"images": "I_tr", "texts": "T_tr", "labels": "trainCat"},
                "test": {"images": "I_te", "texts": "T_te", "labels": "testCat"},
            },
        ),
        (
            ["VDatabase", "YDatabase", "databaseL", "ImgQuery", "TagQuery", "LabQuery"],
            {
                "database": {"images": "VDatabase", "texts": "YDatabase", "labels": "databaseL"},
                "test": {"images": "ImgQuery", "texts": "TagQuery", "labels": "LabQuery"},
            },
        ),
        (
            ["train_imgs_deep", "train_texts", "train_imgs_labels", "train_texts_labels"],
            {"train": {"images": "train_imgs_deep", "texts": "train_texts", "labels": "train_imgs_labels"}},
        ),
        (["ImgDataBase", "val/text"], {"database": {"images": "ImgDataBase"}, "val": {"texts": "val/text"}}),
        (
            ["image_of_text", "captions", "class_names", "split", "id"],
            {
                "": {
                    "image_of_text": "image_of_text",
                    "captions": "captions",
                    "classes": "class_names",
                    "split": "split",
                    "ids": "id",
                }
            },
        ),
    ],
)
def test_names_are_understood(names, found):
    assert roles_of(names, {}, "a file") == found


def test_the_user_names_one_and_its_like_are_found():
    names = ["I_tr", "I_tr_CNN", "T_tr_BOW", "trImgCat", "I_te", "I_te_CNN", "T_te_BOW", "teImgCat", "A_te"]
    found = roles_of(names, {"images": "I_tr_CNN", "texts": "T_tr_BOW"}, "a file")
    assert found["train"] == {"images": "I_tr_CNN", "texts": "T_tr_BOW", "labels": "trImgCat"}
    assert found["test"] == {"images": "I_te_CNN", "texts": "T_te_BOW", "labels": "teImgCat"}


def test_a_name_of_no_part_is_only_itself():
    assert roles_of(["foo", "bar"], {"images": "foo", "texts": "bar"}, "") == {
        "": {"images": "foo", "texts": "bar"}
    }


def test_two_of_a_kind_must_be_told_apart():
    with pytest.raises(InputError, match=r"images could be image or img .*FILE,images=image"):
        roles_of(["img", "image", "text"], {}, "a file")
    assert roles_of(["img", "images", "text"], {}, "")[""]["images"] == "images"


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'I_tr'"):
        roles_of(["I_tr", "T_tr"], {"images": "I_tra"}, "a file")


def test_a_likely_name_is_suggested():
    names = ["A_tr", "I_te_CNN", "I_tr_CNN", "T_tr_BOW", "T_tr_BOW_long"]
    assert (likely("images", names), likely("texts", names)) == ("I_tr_CNN", "T_tr_BOW")
    assert likely("images", ["foo"]) is None


@pytest.mark.parametrize(
    ("word", "part"),
    [("Train", "train"), (" te ", "test"), ("dev", "val"), ("gallery", "database"), ("x", None)],
)
def test_words_of_parts(word, part):
    assert part_named(word) == part
