"""Items as the store has them."""

import pytest

from tuwen.errors import UnknownName
from tuwen.items import condition, item_columns, to_items


def test_only_texts_have_a_text():
    assert set(item_columns("text")) - set(item_columns("image")) == {"text"}


def test_rows_become_items_with_their_metadata(tiny_collection):
    rows = tiny_collection.store.view.by_ids("texts", ["red-0#zh"], item_columns("text"))
    (item,) = to_items(rows, "text")
    assert (item.id, item.kind, item.metadata["language"]) == ("red-0#zh", "text", "zh")
    assert "红" in item.text


@pytest.mark.parametrize(
    ("where", "kept"), [(None, 16), ("colour = 'red'", 2), ("colour = 'red' or missing = true", 2)]
)
def test_a_filter_keeps_rows(tiny_collection, where, kept):
    view = tiny_collection.store.view
    assert view.scan("images", ["id"], condition(view, "images", where)).num_rows == kept


def test_vanished_items_answer_only_when_asked_for(tiny_collection):
    with tiny_collection.store.transaction() as transaction:
        transaction.dataset("images").update({"missing": "true"}, where="id = 'red-0'")
        transaction.moved_rows()
    view = tiny_collection.store.view

    def kept(where):
        return set(view.scan("images", ["id"], condition(view, "images", where))["id"].to_pylist())

    assert kept("colour = 'red'") == {"red-1"}
    assert kept("missing = true") == {"red-0"}


def test_an_unknown_column_is_named(tiny_collection):
    with pytest.raises(UnknownName, match="did you mean"):
        condition(tiny_collection.store.view, "images", "color = 'red'")
