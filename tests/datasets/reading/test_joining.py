"""What belongs together: by row, by id, as the file says; and what does not."""

import numpy as np
import pytest

from tuwen.datasets.reading.joining import joined
from tuwen.errors import InputError

IMAGES, TEXTS = np.arange(6.0).reshape(3, 2), np.arange(3.0)[:, None]


def pairs(matlab=False, **arrays):
    """The pairs and the notes."""
    arrays = {"images": IMAGES, "texts": TEXTS} | {
        name: np.asarray(values) for name, values in arrays.items()
    }
    return joined(arrays, "a file", matlab=matlab)


def test_rows_are_pairs():
    found, notes = pairs(labels=[[4], [5], [6]])
    assert found.image_of_text.tolist() == [0, 1, 2]
    assert found.image_ids == found.text_ids == ("0", "1", "2")
    assert found.labels.tolist() == [4, 5, 6]
    assert notes == []


def test_texts_name_their_image():
    found, notes = pairs(
        image_ids=["a.jpg", "b#1", "c"],
        texts=np.arange(4.0)[:, None],
        text_ids=["c#0", "b#1#0", "c#1", "a.jpg"],
    )
    assert found.image_of_text.tolist() == [2, 1, 2, 0]
    assert notes == []


def test_texts_of_images_that_are_not_there_are_left_out_and_noted():
    found, notes = pairs(image_ids=["a", "b", "c"], text_ids=["a#0", "d#0", "b#0"], labels=[1, 2, 3])
    assert found.text_ids == ("a#0", "b#0")
    assert found.texts[:, 0].tolist() == [0, 2]
    assert found.labels.tolist() == [1, 2, 3]
    assert notes == ["1 texts of a file name no image there is, such as d#0; they are left out"]


def test_ids_that_share_nothing_are_pairs_by_row_and_noted():
    found, notes = pairs(image_ids=["a", "b", "c"], text_ids=["1", "2", "3"])
    assert found.image_of_text.tolist() == [0, 1, 2]
    assert "share nothing: row i of both" in notes[0]
    with pytest.raises(InputError, match="whose ids share nothing, such as a and 1"):
        pairs(image_ids=["a", "b", "c"], text_ids=["1", "2"], texts=TEXTS[:2])


@pytest.mark.parametrize("told", [[2, 0, 2], [2.0, 0.0, 2.0], ["c", "a", "c"]])
def test_the_file_says_which_image_a_text_belongs_to(told):
    found, _ = pairs(image_of_text=told, image_ids=["a", "b", "c"])
    assert found.image_of_text.tolist() == [2, 0, 2]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([0, 1], "image_of_text of a file has 2 rows, but there are 3 texts"),
        (["a", "x", "c"], "names 'x', which is neither a row nor an id"),
        ([0, 1, 3], "row numbers of the 3 images"),
    ],
)
def test_what_it_says_must_be_so(told, said):
    with pytest.raises(InputError, match=said):
        pairs(image_of_text=told, image_ids=["a", "b", "c"])


def test_a_text_without_an_image_is_left_out_and_noted():
    found, notes = pairs(image_of_text=["c", "", "a"], image_ids=["a", "b", "c"], labels=[1, 2, 3])
    assert found.image_of_text.tolist() == [2, 0]
    assert found.texts[:, 0].tolist() == [0, 2]
    assert found.text_ids == ("0", "2")
    assert notes == ["1 texts of a file have no image; they are left out"]
    with pytest.raises(InputError, match="no text of a file has an image"):
        pairs(image_of_text=["", "", ""], image_ids=["a", "b", "c"])


def test_an_image_that_stands_once_a_text_is_kept_once():
    images = IMAGES[[0, 0, 1]]
    found, _ = pairs(images=images, ids=["a", "a", "b"], labels=[7, 7, 8])
    assert found.image_ids == ("a", "b")
    assert found.text_ids == ("a#0", "a#1", "b#2")
    assert found.image_of_text.tolist() == [0, 0, 1]
    named, _ = pairs(images=images, image_ids=["a", "a", "b"], text_ids=["x", "y", "z"])
    assert named.text_ids == ("x", "y", "z")
    assert found.labels.tolist() == [7, 8]
    with pytest.raises(InputError, match=r"image a of a file stands twice with different features \(row 1\)"):
        pairs(ids=["a", "a", "b"])
    with pytest.raises(InputError, match="different labels in a file, first in row 1"):
        pairs(images=images, ids=["a", "a", "b"], labels=[7, 8, 8])


def test_labels_of_texts_are_those_of_their_images():
    found, _ = pairs(image_of_text=[1, 0, 1, 2], texts=np.ones((4, 1)), labels=[5, 6, 5, 7])
    assert found.labels.tolist() == [6, 5, 7]
    with pytest.raises(InputError, match="labels of a file have 5 rows, but there are 3 images"):
        pairs(labels=[1, 2, 3, 4, 5])


def test_written_texts_are_captions():
    found, _ = pairs(texts=["一只猫", "a dog", "x"])
    assert found.texts is None
    assert found.captions == ("一只猫", "a dog", "x")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"texts": TEXTS[:2]}, "has 3 images and 2 texts, which do not align"),
        ({"images": [[1, np.nan], [1, 2], [np.inf, 1]]}, "NaN or infinite values in 2 rows, first in row 0"),
        ({"texts": [1, 2, 3]}, r"texts of a file have shape \(3,\)"),
        ({"images": np.ones((3, 2, 2, 3))}, "these may be pixels"),
        ({"images": np.ones((3, 0))}, "images of a file are empty"),
        ({"images": [["a"], ["b"], ["c"]]}, "images of a file are no numbers"),
        ({"image_ids": ["a", "b"]}, "image_ids of a file names 2 items, but there are 3"),
        ({"image_ids": ["a", "a", "b"], "texts": TEXTS[:2]}, "image ids of a file stand twice"),
    ],
)
def test_what_does_not_fit_is_said(arrays, said):
    with pytest.raises(InputError, match=said):
        pairs(**arrays)


def test_a_matrix_that_lies_on_its_side_is_turned_where_only_that_fits():
    found, notes = pairs(matlab=True, images=np.ones((5, 4)).cumsum(axis=0).T.copy().T, texts=np.ones((4, 2)))
    assert found.images.shape == (4, 5)
    assert notes == ["a file lies on its side: columns of images (5, 4) are taken as items"]
    both, notes = pairs(
        matlab=True, images=np.ones((5, 4)), texts=np.ones((2, 4)), labels=[[1], [2], [3], [4]]
    )
    assert (both.images.shape, both.texts.shape, len(notes)) == ((4, 5), (4, 2), 1)


def test_matrices_are_never_turned_by_guessing():
    with pytest.raises(InputError, match="do not align"):
        pairs(matlab=True, images=np.ones((5, 4)), texts=np.ones((4, 5)))
    with pytest.raises(InputError, match="do not align"):
        pairs(matlab=False, images=np.ones((5, 4)), texts=np.ones((4, 2)))
    square, notes = pairs(matlab=True, images=np.ones((4, 4)), texts=np.ones((4, 2)))
    assert (square.images.shape, notes) == ((4, 4), [])
