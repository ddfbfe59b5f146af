"""From a file to a fusion, and to a search that uses it."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tiny import COLOURS
from tuwen.data import open_source
from tuwen.errors import InputError, UnknownName
from tuwen.features import encode_source, write_features
from tuwen.fusion import load
from tuwen.fusion.learning import learn
from tuwen.fusion.reading import read
from tuwen.query import Part, Query

pytest.importorskip("torch")
QUICK = {"epochs": 3}


@pytest.fixture
def changes(tmp_path, tiny_pictures):
    """A picture, the name of a colour, and a picture of that colour; two rows cannot be used."""
    rows = ["image,text,wanted", f"{tiny_pictures / 'red-0.png'},blue,lost.png", "none.png,blue,none.png"]
    for one, other in product(COLOURS, repeat=2):
        rows.append(f"{tiny_pictures / one}-0.png,the same in {other},{tiny_pictures / other}-1.png")
    path = tmp_path / "changes.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def captions(tmp_path, tiny_pictures):
    """Three captions of each picture, and its class."""
    rows = ["image,text,class"]
    for file in sorted(tiny_pictures.glob("*.png")):
        colour = file.stem.split("-")[0]
        rows += [f"{file},{word} {colour} {file.stem[-1]},{colour}" for word in ("a", "one", "this")]
    path = tmp_path / "captions.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def read_(spec, kind, encoder, target=None):
    return read(spec, kind, encoder=encoder, target=target, labels=None, progress=lambda *_: None, columns={})


def test_rows_of_a_table_are_questions_with_their_answer(changes, tiny_encoder, tiny_pictures):
    found = read_(changes, "image", tiny_encoder, "wanted")
    assert len(found.triples) == 64
    assert (found.encoder, found.fingerprint) == ("tiny", "tiny-1")
    assert len(found.triples.items) == 8
    assert any("lost.png" in one.reason for one in found.refusals)
    assert "2 rows without all three left out" in found.notes
    (asked,) = tiny_encoder.encode_images([tiny_pictures / "red-0.png"])
    (answer,) = tiny_encoder.encode_images([tiny_pictures / "green-1.png"])
    np.testing.assert_allclose(found.triples.images[1], asked, atol=1e-5)
    np.testing.assert_allclose(found.triples.items[found.triples.group[1]], answer, atol=1e-5)


def test_answers_may_be_texts(tmp_path, tiny_encoder, tiny_pictures):
    path = tmp_path / "t.csv"
    path.write_text(
        f"image,text,told\n{tiny_pictures / 'red-0.png'},what colour,it is red\n", encoding="utf-8"
    )
    found = read_(str(path), "text", tiny_encoder, "told").triples
    np.testing.assert_allclose(found.texts, tiny_encoder.encode_texts(["what colour"]), atol=1e-5)
    np.testing.assert_allclose(found.items, tiny_encoder.encode_texts(["it is red"]), atol=1e-5)


@pytest.mark.parametrize(("kind", "count"), [("text", 48), ("image", 48)])
def test_pairs_imply_questions(captions, tiny_encoder, kind, count):
    found = read_(captions, kind, tiny_encoder)
    assert len(found.triples) == count
    assert found.fingerprint == "tiny-1"


def test_features_bring_their_encoder(captions, tiny_encoder, tmp_path):
    source = open_source(captions)
    parts = [encode_source(source, tiny_encoder, kind) for kind in ("image", "text")]
    write_features(tmp_path / "f.npz", parts, tiny_encoder)
    for encoder in (None, tiny_encoder):
        found = read_(str(tmp_path / "f.npz"), "text", encoder)
        assert (len(found.triples), found.fingerprint) == (48, "tiny-1")
    with pytest.raises(InputError, match="holds vectors of tiny, not of tiny"):
        read_(str(tmp_path / "f.npz"), "text", type(tiny_encoder)("tiny-2"))


def test_the_best_head_is_kept_and_scored_beside_what_it_joins(changes, tiny_encoder, tmp_path):
    steps = []
    done = learn(
        changes, tmp_path / "f", encoder=tiny_encoder, target_column="wanted", settings=QUICK,
        progress=lambda step, *_: steps.append(step),
    )  # fmt: skip
    assert set(done.tried) == {"plain", "sum", "product", "mlp", "attention"}
    assert done.tried[done.fusion.head] == max(done.tried[head] for head in done.tried if head != "plain")
    assert [row["asked by"] for row in done.figures] == [
        "picture alone", "words alone", "plain sum", done.fusion.head,
    ]  # fmt: skip
    assert done.tried[done.fusion.head] >= done.tried["plain"]
    assert {"encoding images", "encoding texts", "learning mlp"} <= set(steps)
    kept = load(tmp_path / "f")
    assert (kept.head, kept.fingerprint) == (done.fusion.head, "tiny-1")
    again = learn(
        changes, tmp_path / "f", encoder=tiny_encoder, target_column="wanted", heads=["mlp"], settings=QUICK
    )
    assert again.fusion.head == "mlp" == load(tmp_path / "f").head


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"target_column": "wnated"}, UnknownName, "did you mean 'wanted'"),
        ({"heads": ["mpl"]}, UnknownName, "did you mean 'mlp'"),
        ({"target_column": "text"}, InputError, "no column of texts that ask"),
        ({"target_column": None}, InputError, "a text, or a class, with two pictures"),
    ],
)
def test_what_cannot_be_learned_from_is_named(changes, tiny_encoder, tmp_path, more, error, message):
    more = {"target_column": "wanted"} | more
    with pytest.raises(error, match=message):
        learn(changes, tmp_path / "f", encoder=tiny_encoder, settings={"epochs": 1}, **more)
    assert not (tmp_path / "f").exists()


def test_few_questions_and_a_folder_in_use_are_refused(tmp_path, tiny_encoder, tiny_pictures):
    path = tmp_path / "few.csv"
    one, other = tiny_pictures / "red-0.png", tiny_pictures / "red-1.png"
    path.write_text("image,text,wanted\n" + f"{one},x red,{other}\n" * 3, encoding="utf-8")
    with pytest.raises(InputError, match="3 questions about 1 things; 30 about 6"):
        learn(str(path), tmp_path / "f", encoder=tiny_encoder, target_column="wanted")
    with pytest.raises(InputError, match="holds something else"):
        learn(str(path), tmp_path, encoder=tiny_encoder, target_column="wanted")


def test_a_search_asks_with_what_was_learned(changes, tiny_collection, tiny_encoder, tiny_pictures, tmp_path):
    done = learn(
        changes, tmp_path / "f", encoder=tiny_encoder, target_column="wanted", heads=["sum"], settings=QUICK
    )
    done.fusion.weights["balance"] = np.full(1, -3, dtype=np.float32)  # words count most
    done.fusion.save(tmp_path / "f")
    query = Query(parts=(Part(text="the same in blue"), Part(image=Path(tiny_pictures / "red-0.png"))))
    hits = tiny_collection.search(query, k=16, fuse=tmp_path / "f")
    u, v = (
        tiny_encoder.encode_images([tiny_pictures / "red-0.png"]),
        tiny_encoder.encode_texts(["the same in blue"]),
    )
    asked = done.fusion.transform(u, v)[0]
    expected = tiny_collection.search(asked, k=16)
    assert [hit.id for hit in hits] == [hit.id for hit in expected]
    assert hits[0].id.startswith("blue")
    plain = tiny_collection.search(query, k=16)
    assert [hit.score for hit in plain] != pytest.approx([hit.score for hit in hits])
    less = Query(parts=(*query.parts, Part(text="blue", weight=-1.0)))
    assert tiny_collection.search(less, k=1, fuse=done.fusion)[0].score != hits[0].score
    with pytest.raises(InputError, match="is not both"):
        tiny_collection.search("blue", fuse=done.fusion)
    done.fusion.fingerprint = "another"
    with pytest.raises(InputError, match="learned in the space of tiny"):
        tiny_collection.search(query, fuse=done.fusion)
