from dataclasses import replace

import numpy as np
import pytest

from tuwen import encoders
from tuwen.bench.loading import HELD_OUT, TEXT_ENCODER, prepare
from tuwen.datasets import paired
from tuwen.errors import InputError


def labelled(n, offset=0.0):
    """n pairs in two classes, told from others by their features."""
    return paired(np.full((n, 2), offset), np.full((n, 3), offset), np.arange(n) % 2)


def test_the_test_part_is_asked_and_searched(cell, cut_as, halves):
    cut_as(**halves)
    found = prepare(cell())
    assert found.train is halves["train"]
    assert found.asked is found.items is halves["test"]
    assert found.by_class
    sizes = {"train": 40, "queries": 20, "items": 20, "d_image": 8, "d_text": 6}
    assert sizes.items() <= found.sizes.items()


def test_the_validation_part_of_the_split_is_asked_where_there_is_one(cell, cut_as):
    val = labelled(4)
    cut_as(train=labelled(10), test=labelled(5), val=val)
    found = prepare(cell(part="val"))
    assert found.asked is val
    assert len(found.train.image_ids) == 10


def test_without_one_a_share_of_the_training_images_is_held_out_by_the_seed(cell, cut_as, halves):
    cut_as(**halves)
    one, again, other = (prepare(cell(part="val", data_seed=seed)) for seed in (0, 0, 1))
    assert len(one.asked.image_ids) == HELD_OUT * 40
    assert not set(one.asked.image_ids) & set(one.train.image_ids)
    assert set(one.asked.image_ids) | set(one.train.image_ids) == set(halves["train"].image_ids)
    assert one.asked.image_ids == again.asked.image_ids != other.asked.image_ids
    assert "validation part: 20% of the training images, drawn by seed 0" in one.notes


@pytest.mark.parametrize(("database", "rows"), [("part", 5), ("train", 10), ("database", 7)])
def test_what_is_searched(cell, cut_as, database, rows):
    cut_as(train=labelled(10), test=labelled(5), database=labelled(7))
    assert len(prepare(cell(database=database)).items.image_ids) == rows


def test_settings_are_chosen_without_looking_at_another_database(cell, cut_as):
    cut_as(train=labelled(10), test=labelled(5), database=labelled(7))
    found = prepare(cell(database="database", part="val"))
    assert found.items is found.train
    assert len(found.items.image_ids) == 8


def test_the_training_pairs_stand_in_for_a_database_that_is_not_there(cell, cut_as, halves):
    cut_as(**halves)
    found = prepare(cell(database="database"))
    assert found.items is found.train


def test_names_of_classes_get_the_same_numbers_in_all_parts(cell, cut_as):
    train = replace(labelled(3), labels=np.array(["war", "art", "sea"]))
    test = replace(labelled(2), labels=np.array(["sea", "war"]))
    cut_as(train=train, test=test)
    found = prepare(cell(database="train"))
    assert found.train.labels.tolist() == [2, 0, 1]
    assert found.asked.labels.tolist() == [1, 2]
    assert found.items is found.train


def test_captions_are_encoded_by_what_saw_the_training_captions_alone(cell, cut_as, captioned):
    cut_as(**captioned)
    found = prepare(cell(text_encoder="bow"))
    assert found.items is found.asked
    assert not found.by_class
    assert found.train.texts.shape == (4, 4)  # red, blue, dog, cat
    green_dog = found.asked.texts[1]
    assert np.count_nonzero(green_dog) == 1  # green was never seen
    assert "texts: bow, fitted on the training captions" in found.notes


def test_features_of_captions_are_kept(cell, cut_as, captioned, tmp_path, monkeypatch):
    cut_as(**captioned)
    first = prepare(cell(), cache=tmp_path / "features")
    monkeypatch.setattr(encoders, "load", lambda spec: pytest.fail("encoded again"))
    again = prepare(cell(text_encoder=TEXT_ENCODER), cache=tmp_path / "features")
    np.testing.assert_array_equal(first.asked.texts, again.asked.texts)


def test_other_captions_are_encoded_anew(cell, cut_as, captioned, tmp_path):
    cut_as(**captioned)
    prepare(cell(), cache=tmp_path / "features")
    words = ("one", "two", "three", "four")
    cut_as(**(captioned | {"train": replace(captioned["train"], captions=words)}))
    prepare(cell(), cache=tmp_path / "features")
    assert len(list((tmp_path / "features").iterdir())) == 2


def test_texts_without_features_and_captions_are_refused(cell, cut_as, captioned):
    cut_as(**(captioned | {"test": replace(captioned["test"], captions=())}))
    with pytest.raises(InputError, match="the asked part has neither features of texts nor captions"):
        prepare(cell())


def columns(relevance):
    return [relevance.columns(query).tolist() for query in range(relevance.queries)]


def test_all_captions_of_an_image_are_true_and_all_of_them_ask(cell, cut_as, captioned):
    cut_as(**captioned)
    found = prepare(cell())
    assert columns(found.relevant("i2t", fused=False)) == [[0, 1], [2, 3]]
    assert columns(found.relevant("t2i", fused=False)) == [[0], [0], [1], [1]]


def test_a_text_of_several_images_is_true_for_each(cell, cut_as, captioned):
    matches = np.array([[0, 0], [0, 1], [1, 0], [2, 1], [3, 1]])
    cut_as(**(captioned | {"test": replace(captioned["test"], matches=matches)}))
    found = prepare(cell())
    assert columns(found.relevant("i2t", fused=False)) == [[0, 1], [0, 2, 3]]
    assert columns(found.relevant("t2i", fused=False)) == [[0, 1], [0], [1], [1]]


def test_classes_are_true_by_the_labels_of_each_side(cell, cut_as, captioned):
    named = {name: replace(part, labels=np.array([0, 1])) for name, part in captioned.items()}
    cut_as(**named)
    found = prepare(cell())
    assert columns(found.relevant("i2t", fused=False)) == [[0, 1], [2, 3]]
    assert columns(found.relevant("t2i", fused=False)) == [[0], [0], [1], [1]]
    assert columns(found.relevant("t2i", fused=True)) == [[0, 1], [0, 1], [2, 3], [2, 3]]


def test_pairs_are_searched_among_their_own_part_only(cell, cut_as, captioned):
    cut_as(**captioned)
    with pytest.raises(InputError, match="the queries' own partners must be searched"):
        prepare(cell(database="train")).relevant("i2t", fused=False)
    with pytest.raises(InputError, match="the queries' own partners must be searched"):
        prepare(cell()).relevant("i2t", fused=True)


def test_classes_need_labels(cell, cut_as, halves, monkeypatch):
    cut_as(**(halves | {"test": replace(halves["test"], labels=None)}))
    found = replace(prepare(cell()), by_class=True)
    with pytest.raises(InputError, match="add labels"):
        found.relevant("i2t", fused=False)


def test_a_network_gets_the_validation_part_of_the_split(cell, cut_as):
    val = labelled(4)
    cut_as(train=labelled(10), test=labelled(5), val=val)
    assert prepare(cell(method="vsepp", params={"seed": 0})).held_out is val
    assert prepare(cell(method="vsepp", params={"seed": 0}, part="val")).held_out is None
    assert prepare(cell()).held_out is None


def test_labels_are_made_wrong_where_methods_learn_and_nowhere_else(cell, cut_as):
    train = labelled(10)
    cut_as(train=train, test=labelled(5))
    found = prepare(cell(database="train", noise=0.4, params={"seed": 0}))
    assert (found.train.labels != train.labels).sum() == 4
    np.testing.assert_array_equal(found.items.labels, train.labels)


def test_captions_of_images_in_parts_get_a_row_a_word(cell, cut_as, captioned):
    parts = {
        name: replace(part, images=np.ones((len(part.image_ids), 3, 2))) for name, part in captioned.items()
    }
    cut_as(**parts)
    spec = "words:word2vec,width=4,min_count=1,epochs=1"
    found = prepare(cell(text_encoder=spec))
    assert found.train.texts.shape[0::2] == (len(found.train.text_ids), 4)
    assert found.train.texts.ndim == 3
