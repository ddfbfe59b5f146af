"""Sources as they were given."""

import pytest

from tuwen.errors import InputError, UnknownName
from tuwen.resolve.given import Given, check_columns, fitted_to, present


@pytest.fixture
def table(tmp_path):
    """A table of records."""
    file = tmp_path / "records.csv"
    file.write_text("id,title,description\n1,red kite,a bird\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("value", ["", " - ", "N/A", "null", "未知", [], ["?"], None])
def test_words_for_nothing_are_nothing(value):
    assert present(value) is None


@pytest.mark.parametrize(
    ("value", "kept"), [(" red ", "red"), (0, 0), (["a", "b"], "a b"), ("none of it", "none of it")]
)
def test_what_is_there_stays(value, kept):
    assert present(value) == kept


def test_text_columns_are_checked():
    with pytest.raises(UnknownName, match=r"titel.*did you mean 'title'"):
        check_columns({"titel": 1.0}, ["title"])
    with pytest.raises(InputError, match="must be a number above 0"):
        check_columns({"title": 0.0}, ["title"])


def test_columns_named_for_both_are_taken_where_they_are(table, tmp_path):
    other = tmp_path / "shop.csv"
    other.write_text("sku,name\n7,Kettle\n", encoding="utf-8")
    more = {"text_columns": {"description": 2.0}, "options": {"id_column": "sku", "root": tmp_path}}
    one, two = fitted_to([Given(path=table, **more), Given(path=other, **more)])
    assert (one.text_columns, one.options) == ({"description": 2.0}, {"root": tmp_path})
    assert (two.text_columns, two.options) == (None, more["options"])


def test_a_column_that_no_table_has_is_named(table, tiny_pictures):
    with pytest.raises(UnknownName, match=r"titel.*did you mean 'title'"):
        fitted_to([Given(path=table, text_columns={"titel": 1.0}), Given(path=tiny_pictures)])
    with pytest.raises(UnknownName, match="'sku'"):
        fitted_to([Given(path=table, options={"id_column": "sku"}), Given(path=table)])


def test_several_columns_of_pictures_are_named_in_one(table, tmp_path):
    other = tmp_path / "photos.csv"
    other.write_text("front,back,sku\na.png,b.png,7\n", encoding="utf-8")
    more = {"options": {"image_column": "front,back"}}
    one, two = fitted_to([Given(path=table, **more), Given(path=other, **more)])
    assert (one.options, two.options) == ({}, more["options"])
