"""Labels from files and names: trees, words, and what is refused."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.tag.vocabulary import Vocabulary, below


@pytest.fixture
def read(tmp_path):
    """The vocabulary of a file with this text."""

    def made(text, encoding="utf-8"):
        path = tmp_path / "labels.txt"
        path.write_bytes(text.encode(encoding))
        return Vocabulary.read(path)

    return made


def paths(vocabulary):
    return [vocabulary.path(place) for place in range(len(vocabulary.labels))]


def reasons(vocabulary):
    return [(refusal.item, refusal.code) for refusal in vocabulary.refusals]


def test_indentation_and_slashes_make_the_same_tree(read):
    tree = ["animal", "animal/dog", "animal/dog/puppy", "animal/cat", "food"]
    assert paths(read("animal\n  dog\n    puppy\n  cat\nfood\n")) == tree
    assert paths(read("animal/dog/puppy\nanimal/cat\nfood\n")) == tree
    assert paths(read("animal\n\tdog\n\t\tpuppy\n\tcat\nfood")) == tree


def test_words_after_an_equals_sign_stand_for_the_name(read):
    labels = read("hound = dog, 狗，小狗、犬\nScience_and_technology\n").labels
    assert labels[0].words == ("dog", "狗", "小狗", "犬")
    assert labels[1].words == ("Science and technology",)


def test_any_usual_encoding_is_read(read):
    assert read("小狗\n猫\n", "gb18030").names == ["小狗", "猫"]


def test_empty_lines_and_labels_that_stand_twice_are_listed_and_the_rest_goes_on(read):
    found = read("dog\n\ncat\nＤＯＧ\n")
    assert found.names == ["dog", "cat"]
    assert reasons(found) == [("labels.txt:2", "empty"), ("labels.txt:4", "duplicate")]
    assert "'ＤＯＧ' stands at labels.txt:1 already" in found.refusals[1].reason


def test_a_label_below_two_others_is_a_contradiction(read):
    found = read("pet/dog\nanimal/dog\nanimal/cat\n")
    assert paths(found) == ["pet", "pet/dog", "animal", "animal/cat"]
    assert reasons(found) == [("labels.txt:2", "contradiction")]
    assert "below 'pet'" in found.refusals[0].reason and "below 'animal'" in found.refusals[0].reason


def test_labels_of_the_same_words_are_a_contradiction(read):
    found = read("dog\nhound = dog\ncat\n")
    assert found.names == ["dog", "cat"]
    assert "nothing tells them apart" in found.refusals[0].reason


def test_what_is_above_others_may_be_described_later(read):
    found = read("animal/dog\nanimal = 动物\n")
    assert found.names == ["animal", "dog"]
    assert found.labels[0].words == ("动物",) and not found.refusals


def test_a_line_that_names_nothing_between_slashes_is_refused(read):
    assert reasons(read("animal//dog\ncat\nbird\n")) == [("labels.txt:1", "no-name")]


def test_a_label_left_out_leaves_its_neighbours_in_place(read):
    found = read("a\n  x = w\nb\n  y = w\n  z\n")
    assert paths(found) == ["a", "a/x", "b", "b/z"]


@pytest.mark.parametrize("text", ["\n \n", " = dog\n"])
def test_a_file_without_labels_is_an_error(read, text):
    with pytest.raises(InputError, match=r"no label|empty"):
        read(text)


def test_names_are_found_whatever_their_case_and_by_their_path():
    found = Vocabulary.of(["animal/Dog", "food"])
    assert found.place("DOG") == found.place("animal/dog") == 1
    assert found.place("food/dog") is None and found.place("bird") is None


def test_labels_of_items_keep_their_signs():
    assert Vocabulary.known(["x = y", "b", "b"]).names == ["b", "x = y"]


def test_below_says_who_stands_under_whom():
    found = Vocabulary.of(["animal/dog", "food"])
    assert found.leaves.tolist() == [1, 2]
    np.testing.assert_array_equal(below(found), [[1, 0, 0], [1, 1, 0], [0, 0, 1]])
