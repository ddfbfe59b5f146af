import numpy as np
import pytest

from tuwen.collection import Collection
from tuwen.errors import InputError
from tuwen.illustrate.library import allowed, opened, read, refused


def test_a_picture_goes_with_all_texts_of_its_entity(tiny_collection):
    library = read(tiny_collection)
    assert len(library) == 16 and library.has("image").all()
    row = library.ids.index("red-0")
    assert library.texts[row] == "a red picture with a grey dot\n一张红色的图片，有一个灰点"
    assert library.texts[library.ids.index("red-1")] == "" and library.classes[row] == "red"
    assert library.has("text").sum() == 8
    means = tiny_collection.vectors("text", ["red-0#en", "red-0#zh"]).mean(axis=0)
    assert library.vectors["cross-text"][row] == pytest.approx(means / np.linalg.norm(means), abs=1e-5)
    assert not library.vectors["cross-text"][library.ids.index("red-1")].any()


def test_a_text_without_a_picture_is_an_item_of_its_own(tiny_collection, tiny_encoder):
    texts = ["just words", "named as a picture is"]
    tiny_collection.add_vectors(
        "text", ["alone", "red-0"], tiny_encoder.encode(texts, "text"), text=texts, entity=["alone", "other"]
    )
    library = read(tiny_collection)
    assert library.ids[-2:] == ["alone", "red-0#text"] and library.pictures[-2:] == ["", ""]
    assert library.entities[-2:] == ["alone", "other"]
    assert not library.vectors["cross-image"][-2:].any()


def test_a_filter_says_which_may_be_an_answer(tiny_collection):
    library = read(tiny_collection)
    kept = allowed(tiny_collection, library, "image", "number = 1")
    assert [name for name, may in zip(library.ids, kept, strict=True) if may][:2] == ["black-1", "blue-1"]
    texts = allowed(tiny_collection, library, "text", "label = 'red'")
    assert [name for name, may in zip(library.ids, texts, strict=True) if may] == ["red-0"]
    assert allowed(tiny_collection, library, "text", None).sum() == 8


def test_an_empty_collection_says_what_to_do(tmp_path, tiny_encoder):
    with pytest.raises(InputError, match="tuwen index"):
        read(Collection.create(tmp_path / "empty", encoder=tiny_encoder))


def test_a_table_is_a_library_for_as_long_as_it_is_asked(tmp_path, tiny_pictures, monkeypatch, tiny_encoder):
    from tuwen import encoders

    monkeypatch.setattr(encoders, "load", lambda name: tiny_encoder)
    table = tmp_path / "news.csv"
    rows = f"a,{tiny_pictures}/red-0.png,a red dot\nb,gone.png,\nc,{tiny_pictures}/red-0.png,the same\n"
    table.write_text(f"id,image,text\n{rows}", encoding="utf-8")
    with opened(table) as collection:
        place, library = collection.path, read(collection)
        assert (library.ids, library.texts) == (["a"], ["a red dot\nthe same"])
        assert ["gone.png" in refusal.item for refusal in refused(collection)] == [True]
    assert not place.exists()


def test_a_folder_without_anything_to_read_is_named_with_the_reason(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"")
    reason = r"has nothing that can be read; the first refused: .*no bytes"
    with pytest.raises(InputError, match=reason), opened(tmp_path):
        pass
