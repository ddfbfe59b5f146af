"""Labelled items: where they come from, and which are refused."""

import pytest

from tuwen.errors import InputError, UnknownName
from tuwen.tag.known import read_known
from tuwen.tag.vocabulary import Vocabulary


@pytest.fixture
def table(tmp_path, tiny_collection):
    """What is known from a CSV file with these lines."""

    def made(*lines):
        path = tmp_path / "examples.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_known(tiny_collection, str(path))

    return made


def test_labels_of_the_collection_are_known(tiny_collection):
    known = read_known(tiny_collection, "label")
    assert len(known.labels) == 16 and known.labels["red-1"] == ("red",)


def test_a_key_of_metadata_may_hold_lists_and_numbers(tiny_collection):
    tiny_collection.update("image", "red-0", metadata={"tags": ["warm", "red", "warm"]})
    tiny_collection.update("image", "blue-0", metadata={"tags": "cold|blue"})
    tiny_collection.update("image", "cyan-0", metadata={"tags": {"no": 1}})
    known = read_known(tiny_collection, "tags")
    assert known.labels == {"red-0": ("warm", "red"), "blue-0": ("cold", "blue")}
    assert [refusal.item for refusal in known.refusals] == ["cyan-0"]
    assert set(read_known(tiny_collection, "number").labels.values()) == {("0",), ("1",)}


def test_an_unknown_key_is_an_error_that_suggests(tiny_collection):
    with pytest.raises(UnknownName, match="did you mean 'colour'"):
        read_known(tiny_collection, "color")


def test_ids_of_a_table_may_be_names_of_pictures(table):
    known = table("image,class", "pictures/red-0.png,warm", "blue-1,cold")
    assert known.labels == {"red-0": ("warm",), "blue-1": ("cold",)}


def test_bad_rows_are_listed_and_the_rest_goes_on(table):
    known = table("id,label", "red-0,warm", "nobody,warm", "red-1,", "red-0,warm", "blue-0,cold,3")
    assert known.labels == {"red-0": ("warm",)}
    assert [refusal.code for refusal in known.refusals] == ["unknown-id", "empty", "duplicate", "ragged-row"]
    assert known.refusals[0].reason == "examples.csv:3: the collection has no picture 'nobody'"


def test_a_table_without_a_column_of_labels_says_which_it_has(table):
    with pytest.raises(InputError, match="no column of labels among id, colour"):
        table("id,colour", "red-0,warm")


def test_a_table_without_a_usable_row_is_an_error(table):
    with pytest.raises(InputError, match="no labelled picture; the first of 1 left out"):
        table("id,label", "nobody,warm")


def test_two_labels_contradict_each_other_where_one_is_asked(table):
    known = table("id,label", "red-0,warm", "red-0,cold", "blue-0,cold")
    vocabulary = Vocabulary.of(["warm", "cold"])
    assert known.within(vocabulary, many=True) == {"red-0": (0, 1), "blue-0": (1,)}
    assert known.within(vocabulary, many=False) == {"blue-0": (1,)}
    assert "'warm' and 'cold' contradict each other" in known.refusals[-1].reason


def test_a_label_and_the_one_above_it_agree(table):
    known = table("id,label", "red-0,warm", "red-0,red")
    assert known.within(Vocabulary.of(["warm/red", "warm/yellow"]), many=False) == {"red-0": (1,)}


def test_labels_that_the_vocabulary_lacks_are_listed_once(table):
    known = table("id,label", "red-0,warm", "red-1,wram", "blue-0,wram")
    assert known.within(Vocabulary.of(["warm", "cold"]), many=False) == {"red-0": (0,)}
    (refusal,) = known.refusals
    assert "did you mean 'warm'" in refusal.reason and "2 items bear it" in refusal.reason
