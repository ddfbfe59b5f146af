"""One side as its source has it."""

from pathlib import Path

import pytest

from tuwen.errors import InputError
from tuwen.resolve.given import Given
from tuwen.resolve.reading import kinds_of, opened, read

CSV = """id,title,description,price,label
1,red kite,a bird,3,bird
2,N/A,灰鹭 standing,,bird
1,again,the same id,4,
3,N/A,-,5,fish
4,,,6,
5,,only a description,7,
"""


@pytest.fixture
def table(tmp_path):
    """A table of records with what goes wrong in such tables."""
    file = tmp_path / "records.csv"
    file.write_text(CSV, encoding="utf-8")
    return file


def taken(given, kind="text"):
    return read(given, opened(given), kind)


def test_columns_with_usual_names_make_the_text(table):
    side = taken(Given(path=table))
    assert side.ids == ["1", "2", "5"]
    assert side.contents == ["red kite\na bird", "灰鹭 standing", "only a description"]


def test_what_stands_twice_and_what_has_no_text_is_named(table):
    refused = {refusal.code: refusal.reason for refusal in taken(Given(path=table)).refusals}
    assert "'1' stands twice" in refused["duplicate-id"]
    assert "records.csv:4" in refused["duplicate-id"]
    assert "records.csv:5" in refused["empty-text"]
    assert "line 6" in refused["empty-row"]


def test_chosen_columns_make_the_text_and_the_others_are_columns(table):
    side = taken(Given(path=table, text_columns={"description": 1.0}))
    assert side.contents == ["a bird", "灰鹭 standing", "only a description"]
    assert side.columns["title"] == ["red kite", None, None]
    assert side.columns["price"] == [3, None, 7]
    assert side.labels == ["bird", "bird", None]


def test_columns_without_usual_names_are_found_by_their_words(tmp_path):
    file = tmp_path / "shop.csv"
    file.write_text("sku,name,brand,price\n7,Kettle,Acme,10\n8,Pan,Zeta,12\n", encoding="utf-8")
    side = taken(Given(path=file, options={"id_column": "sku"}))
    assert side.ids == ["7", "8"]
    assert side.contents == ["Kettle\nAcme", "Pan\nZeta"]


def test_a_table_of_pictures_has_texts_where_it_has_words(tmp_path):
    file = tmp_path / "shop.csv"
    file.write_text("id,name,file\n7,Kettle,kettle.jpg\n", encoding="utf-8")
    given = Given(path=file)
    assert kinds_of(given, opened(given)) == ("image", "text")
    assert taken(given).contents == ["Kettle"]


def test_a_table_without_words_is_refused_as_tables_are(tmp_path):
    file = tmp_path / "numbers.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="--text-column"):
        opened(Given(path=file))


def test_rows_without_an_id_are_named_by_their_place(tmp_path):
    file = tmp_path / "lines.csv"
    file.write_text("text\none\ntwo\n", encoding="utf-8")
    assert taken(Given(path=file)).ids == ["lines:2", "lines:3"]


def test_every_text_of_a_picture_is_an_item(tiny_pictures, tmp_path):
    file = tmp_path / "captions.csv"
    name = tiny_pictures / "red-0.png"
    file.write_text(f"id,image,caption\nr,{name},a red one\nr,{name},红色\n", encoding="utf-8")
    side = taken(Given(path=file))
    assert side.ids == ["r", "r#2"]
    pictures = read(Given(path=file), opened(Given(path=file)), "image")
    assert pictures.ids == ["r"]


def test_picture_and_text_of_a_row_are_of_one_entity(tiny_pictures, tmp_path):
    file = tmp_path / "captions.csv"
    file.write_text(f"image,caption\n{tiny_pictures / 'red-0.png'},a red one\n", encoding="utf-8")
    given = Given(path=file)
    pictures, texts = (read(given, opened(given), kind) for kind in ("image", "text"))
    assert pictures.entities == texts.entities == ["captions.csv:2"]
    assert pictures.ids == texts.ids == ["red-0"]


def test_a_folder_has_pictures(tiny_pictures):
    source = opened(Given(path=tiny_pictures))
    assert kinds_of(Given(path=tiny_pictures), source) == ("image",)
    side = read(Given(path=tiny_pictures), source, "image")
    assert len(side) == 16
    assert Path(side.contents[0].path).stem == side.ids[0] == "black-0"


def test_a_collection_has_both_with_vectors_and_columns(tiny_collection):
    given = Given(path=tiny_collection.path)
    source = opened(given)
    assert kinds_of(given, source) == ("image", "text")
    side = read(given, source, "image")
    assert sorted(side.ids) == sorted(tiny_collection.ids("image"))
    row = side.ids.index("red-0")
    assert side.vectors[row] == pytest.approx(tiny_collection.vectors("image", ["red-0"])[0], abs=1e-3)
    assert side.columns["colour"][row] == side.labels[row] == "red"
    assert read(given, source, "text").contents[0].startswith("a red picture")
