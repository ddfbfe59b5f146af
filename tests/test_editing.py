"""Changes to what a collection holds, without a source."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.verify import verify


def test_a_text_is_found_by_its_new_words_and_keeps_what_else_is_known(tiny_collection):
    before = tiny_collection.get("text", "red-0#en")
    tiny_collection.search("blue", kind="text", hybrid=True)  # an index is there
    tiny_collection.update("text", "red-0#en", text="a cyan teapot", metadata={"seen": 1})
    item = tiny_collection.get("text", "red-0#en")
    assert (item.text, item.entity, item.label) == ("a cyan teapot", before.entity, before.label)
    assert item.metadata == before.metadata | {"seen": 1}
    assert "red-0#en" in {hit.id for hit in tiny_collection.search("cyan", kind="text", k=3)}
    assert tiny_collection.search("teapot", kind="text", k=1, hybrid=True)[0].id == "red-0#en"
    assert verify(tiny_collection) == []


@pytest.mark.parametrize("text", ["", "  ", "\ud800", 3, None])
def test_words_that_cannot_be_encoded_change_nothing(tiny_collection, text):
    with pytest.raises(InputError):
        tiny_collection.update("text", "red-0#en", text=text)
    assert tiny_collection.get("text", "red-0#en").text == "a red picture with a grey dot"


def test_words_that_the_encoder_does_not_know_are_refused(tiny_collection, tiny_encoder, monkeypatch):
    monkeypatch.setattr(tiny_encoder, "encode_texts", lambda texts: np.zeros((len(texts), 8), np.float32))
    with pytest.raises(InputError, match="knows none of the words"):
        tiny_collection.update("text", "red-0#en", text="xyzzy")


def test_a_picture_has_no_words_to_change(tiny_collection):
    with pytest.raises(InputError, match="belongs to it"):
        tiny_collection.update("image", "red-0", text="red")
