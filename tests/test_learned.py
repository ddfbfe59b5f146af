"""A fitted method with its encoders is one encoder, and a collection made with it works as any other."""

import json
import shutil

import numpy as np
import pytest

from tiny import COLOURS, TinyEncoder
from tuwen import Collection, codes, encoders, learned, methods
from tuwen.arrays import unit_rows
from tuwen.cli.pack import holds
from tuwen.errors import CollectionError, Damaged, InputError
from tuwen.fitting import fit
from tuwen.learned import Learned, Side
from tuwen.packing import pack, unpack

TEXTS = [f"a {colour} picture" for colour in COLOURS] + [
    f"一张{word}色的图片" for word, _ in COLOURS.values()
]


def side(encoder, **changes):
    known = {"name": encoder.name, "fingerprint": encoder.fingerprint, "width": encoder.width}
    return Side(**known | changes)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, tiny_pictures, tiny_encoder):
    """Folders by method, fitted on sixteen pictures and texts; the texts by a tfidf that lies there too."""
    words = encoders.find("tfidf")(units="characters").fit(TEXTS)
    files = sorted(tiny_pictures.glob("*.png"))
    images = tiny_encoder.encode(files, "image")
    texts = words.encode_texts([f"a {file.stem.split('-')[0]} picture" for file in files])
    folders = {}
    for name, settings in (("cca", {"dim": 6, "ridge": 0.1}), ("cvh", {"bits": 8}), ("hsnn", {})):
        folder = tmp_path_factory.mktemp("fitted") / name
        labels = np.repeat(np.arange(8), 2)
        method = methods.find(name)(**settings).fit(images, texts, labels)
        learned.write(folder, method, {"image": side(tiny_encoder), "text": side(words)})
        words.save(folder / "text")
        folders[name] = folder
    return folders


@pytest.fixture(autouse=True)
def known(monkeypatch, tiny_encoder):
    """Lets encoders be found by the name `tiny` too."""
    load = encoders.load
    monkeypatch.setattr(encoders, "load", lambda spec: tiny_encoder if str(spec) == "tiny" else load(spec))


@pytest.fixture
def files(tiny_pictures):
    return sorted(tiny_pictures.glob("*.png"))


def indexed(path, folder, files, **more):
    """A collection of all tiny pictures and texts in a learned space."""
    made = Collection.create(path, method=folder, **more)
    made.add_vectors("image", [file.stem for file in files], made.encoder.encode(files, "image"))
    made.add_vectors(
        "text", [str(row) for row in range(len(TEXTS))], made.encoder.encode(TEXTS, "text"), text=TEXTS
    )
    return made


def test_it_gives_what_the_method_makes_of_the_encoders_vectors(fitted, files, tiny_encoder):
    found = Learned.open(fitted["cca"])
    method = methods.load(fitted["cca"])
    assert (found.width, found.modalities, found.name) == (6, {"image", "text"}, "cca(tiny, tfidf)")
    expected = method.transform(tiny_encoder.encode(files, "image"), "image")
    np.testing.assert_allclose(found.encode(files, "image"), expected, atol=1e-6)
    words = encoders.load(fitted["cca"] / "text")
    np.testing.assert_allclose(
        found.encode(TEXTS, "text"), method.transform(words.encode_texts(TEXTS), "text"), atol=1e-6
    )


@pytest.mark.parametrize("name", ["cca", "cvh"])
def test_others_of_the_batch_change_nothing(fitted, name):
    found = Learned.open(fitted[name])
    alone = [found.encode([text], "text")[0] for text in TEXTS]
    np.testing.assert_array_equal(found.encode(TEXTS, "text"), np.stack(alone))


def test_features_of_other_lengths_are_given_as_the_method_saw_them(fitted, tmp_path, files, tiny_encoder):
    folder = tmp_path / "raw"
    shutil.copytree(fitted["cca"], folder)
    about = json.loads((folder / learned.ENCODERS).read_text())
    about["image"]["unit"] = False
    (folder / learned.ENCODERS).write_text(json.dumps(about))
    found, unit = Learned.open(folder), Learned.open(fitted["cca"])
    raw = tiny_encoder.encode_images(files, unit=False)
    np.testing.assert_allclose(
        found.encode(files, "image"), methods.load(folder).transform(raw, "image"), atol=1e-6
    )
    assert found.fingerprint != unit.fingerprint


def test_what_the_encoder_has_nothing_to_say_of_stays_zero(fitted):
    assert not Learned.open(fitted["cca"]).encode_texts(["12345"]).any()


def test_the_fingerprint_is_of_the_fit_and_not_of_the_place(fitted, tmp_path, files, tiny_encoder):
    shutil.copytree(fitted["cca"], tmp_path / "there")
    assert Learned.open(tmp_path / "there").fingerprint == Learned.open(fitted["cca"]).fingerprint
    method = methods.find("cca")(dim=6, ridge=0.2)
    words = encoders.load(fitted["cca"] / "text")
    method.fit(tiny_encoder.encode(files, "image"), words.encode_texts(TEXTS))
    learned.write(tmp_path / "there", method, learned.read_sides(fitted["cca"]))
    assert Learned.open(tmp_path / "there").fingerprint != Learned.open(fitted["cca"]).fingerprint


def test_scores_alone_cannot_index(fitted, tmp_path):
    with pytest.raises(InputError, match="hsnn, which scores pairs and gives no vectors"):
        Collection.create(tmp_path / "c", method=fitted["hsnn"])
    assert not (tmp_path / "c").exists()


def test_features_of_unknown_origin_cannot_code_new_items(fitted, tmp_path):
    folder = tmp_path / "m"
    learned.write(folder, methods.load(fitted["cca"]), {})
    with pytest.raises(InputError, match="image and text features of unknown origin"):
        Learned.open(folder)
    assert methods.load(folder).width == 6


def test_another_encoder_is_refused(fitted, tmp_path):
    with pytest.raises(InputError, match="was fitted on image features of tiny"):
        Learned.open(fitted["cca"], {"image": TinyEncoder("tiny-2")})
    with pytest.raises(InputError, match="was not fitted on vectors of tiny"):
        Collection.create(tmp_path / "c", method=fitted["cca"], encoder=TinyEncoder("tiny-2"))


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": 99}', '{"format": 1, "image": {"name": "x"}}'])
def test_a_broken_description_says_so(fitted, tmp_path, content):
    shutil.copytree(fitted["cca"], tmp_path / "m")
    (tmp_path / "m" / learned.ENCODERS).write_text(content)
    with pytest.raises(Damaged):
        Learned.open(tmp_path / "m")


def test_an_encoder_of_its_own_that_is_gone_says_so(fitted, tmp_path):
    shutil.copytree(fitted["cca"], tmp_path / "m")
    shutil.rmtree(tmp_path / "m" / "text")
    with pytest.raises(Damaged, match="text is missing: tfidf, fitted with the method"):
        Learned.open(tmp_path / "m")


class TestCollection:
    def test_a_method_that_rotted_in_it_is_noticed(self, fitted, files, tmp_path):
        made = indexed(tmp_path / "c", fitted["cca"], files)
        state = made.path / "learned" / "state.npz"
        state.write_bytes(state.read_bytes()[:-7] + b"rotten!")
        with pytest.raises(CollectionError, match=r"state\.npz is not the file that method\.json describes"):
            _ = Collection.open(made.path).encoder

    def test_another_fit_in_its_place_is_refused(self, fitted, files, tmp_path):
        made = indexed(tmp_path / "c", fitted["cca"], files)
        method = methods.find("cca")(dim=6, ridge=0.3)
        words = encoders.load(fitted["cca"] / "text")
        method.fit(made.encoder.sides["image"].encode(files, "image"), words.encode_texts(TEXTS))
        learned.write(made.path / "learned", method, learned.read_sides(fitted["cca"]))
        with pytest.raises(CollectionError, match="vectors of two encoders do not compare"):
            _ = Collection.open(made.path).encoder

    def test_it_is_asked_both_ways_and_opened_again_without_the_folder(self, fitted, files, tmp_path):
        shutil.copytree(fitted["cca"], tmp_path / "m")
        made = indexed(tmp_path / "c", tmp_path / "m", files)
        shutil.rmtree(tmp_path / "m")
        found = Collection.open(made.path)
        assert found.search("a red picture", k=1)[0].id in ("red-0", "red-1")
        assert "red" in found.search(files[[file.stem for file in files].index("red-0")], kind="text")[0].text
        assert found.similar("image", "red-0", k=1)[0].id == "red-1"
        matched, _ = found.match(["a blue picture"], k=1)
        assert matched.item_ids[0][0].startswith("blue")
        assert found.stats()["method"] == "cca" and found.stats()["encoder"] == "cca(tiny, tfidf)"
        assert found.verify() == []

    def test_a_collection_without_a_method_is_still_of_the_first_format(self, tmp_path, fitted):
        plain = Collection.create(tmp_path / "p", encoder=None, width=8)
        about = json.loads((plain.path / "collection.json").read_text())
        assert about["format"] == 1 and "method" not in about
        made = Collection.create(tmp_path / "m", method=fitted["cca"])
        assert json.loads((made.path / "collection.json").read_text())["format"] == 2

    def test_codes_are_the_bits_of_the_method_and_order_by_hamming_distance(self, fitted, files, tmp_path):
        made = indexed(tmp_path / "c", fitted["cvh"], files)
        assert made.stats()["codes"] == 8
        method, words = methods.load(fitted["cvh"]), encoders.load(fitted["cvh"] / "text")
        own = method.transform(made.encoder.sides["image"].encode(files, "image"), "image")
        stored = made.store.view.by_ids("images", [file.stem for file in files], ["id", "code"])
        by_id = dict(zip(stored["id"].to_pylist(), stored["code"].to_pylist(), strict=True))
        assert [by_id[file.stem] for file in files] == own.tolist()
        asked = method.transform(words.encode_texts(["a red picture"]), "text")
        distance = {
            file.stem: int(np.bitwise_count(code ^ asked[0]).sum())
            for file, code in zip(files, own, strict=True)
        }
        for way in ({}, {"exact": True}, {"codes": True}):
            hits = made.search("a red picture", k=16, **way)
            assert [distance[hit.id] for hit in hits] == sorted(distance.values())
            assert [hit.score for hit in hits] == pytest.approx(
                [1 - distance[hit.id] / 4 for hit in hits], abs=1e-3
            )
        assert made.verify() == []

    def test_codes_are_there_before_anything_is_learned_from_the_collection(self, fitted, files, tmp_path):
        made = Collection.create(tmp_path / "c", method=fitted["cvh"])
        made.add_vectors("image", ["one"], made.encoder.encode(files[:1], "image"))
        assert codes.have_codes(made.store.view)
        assert made.search("a black picture", codes=True)[0].id == "one"

    def test_other_bits_than_the_methods_are_refused(self, fitted, tmp_path):
        with pytest.raises(InputError, match="codes is 16, but cvh makes codes of 8 bits"):
            Collection.create(tmp_path / "c", method=fitted["cvh"], codes=16)

    def test_a_vector_space_may_have_learned_codes_beside(self, fitted, files, tmp_path):
        made = indexed(tmp_path / "c", fitted["cca"], files, codes=8)
        made.finish()
        assert made.stats()["codes"] == 8 and not isinstance(made.hasher(), codes.Signs)

    def test_an_encoder_that_moved_is_found_where_the_user_says(self, fitted, files, tmp_path, monkeypatch):
        made = indexed(tmp_path / "c", fitted["cca"], files)
        monkeypatch.setattr(encoders, "load", lambda spec: (_ for _ in ()).throw(InputError(f"no {spec}")))
        with pytest.raises(
            CollectionError, match=r"cca\(tiny, tfidf\), which cannot be opened.*--encoder SPEC"
        ):
            _ = Collection.open(made.path).encoder

    def test_either_encoder_may_be_given_when_it_is_opened(self, fitted, files, tmp_path, tiny_encoder):
        made = indexed(tmp_path / "c", fitted["cca"], files)
        assert Collection.open(made.path, encoder=tiny_encoder).search("a red picture", k=1)
        words = encoders.load(fitted["cca"] / "text")
        assert Collection.open(made.path, encoder=words).search("a red picture", k=1)
        with pytest.raises(CollectionError, match="is none of these encoders"):
            Collection.open(made.path, encoder=TinyEncoder("tiny-2"))

    def test_where_an_encoder_lies_now_is_noted(self, fitted, files, tmp_path):
        made = indexed(tmp_path / "c", fitted["cca"], files)
        shutil.rmtree(made.path / "learned" / "text")
        with pytest.raises(CollectionError, match="cannot be opened"):
            _ = Collection.open(made.path).encoder
        shutil.copytree(fitted["cca"] / "text", tmp_path / "words")
        Collection.open(made.path).move_encoder(str(tmp_path / "words"))
        assert Collection.open(made.path).search("a red picture", k=1)[0].id in ("red-0", "red-1")
        with pytest.raises(CollectionError, match="is none of these encoders"):
            Collection.open(made.path).move_encoder("mini")

    def test_a_pack_carries_the_method_and_its_encoders(self, fitted, files, tmp_path):
        words = tmp_path / "words"
        shutil.copytree(fitted["cca"] / "text", words)
        folder = tmp_path / "m"
        texts = encoders.load(words)
        sides = {"image": side(TinyEncoder()), "text": side(texts, name=str(words))}
        learned.write(folder, methods.load(fitted["cca"]), sides)
        made = indexed(tmp_path / "c", folder, files)
        hits = [hit.id for hit in made.search("a red picture")]
        packed = _pack(made, tmp_path)
        assert packed.own and packed.collection and packed.learned == made.store.identity.method != ""
        assert holds(packed).startswith(f"collection made with the method {packed.learned}, encoder; ")
        for gone in (words, folder, made.path):
            shutil.rmtree(gone)
        assert unpack(tmp_path / "c.tuwen", tmp_path / "there") == packed
        assert (tmp_path / "there" / "learned" / "text" / "spec.json").is_file()
        found = Collection.open(tmp_path / "there")
        assert [hit.id for hit in found.search("a red picture")] == hits

    def test_an_export_carries_the_method(self, fitted, files, tmp_path):
        made = indexed(tmp_path / "c", fitted["cvh"], files)
        made.export(tmp_path / "e")
        again = Collection.create(tmp_path / "again", method=tmp_path / "e" / "learned")
        assert again.import_from(tmp_path / "e") == 32
        assert [hit.id for hit in again.search("a red picture")] == [
            hit.id for hit in made.search("a red picture")
        ]


def _pack(made, tmp_path):
    """The tiny encoder was made in Python, so it stands for one that ships with tuwen."""
    from tuwen.encoders.opening import kept

    gather = kept.gather
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "gather", lambda one: ({}, []) if one.name == "tiny" else gather(one))
        return pack(tmp_path / "c.tuwen", collection=made.path)


def test_rows_are_of_length_one(fitted, files):
    for name in ("cca", "cvh"):
        vectors = Learned.open(fitted[name]).encode(files, "image")
        np.testing.assert_allclose(vectors, unit_rows(vectors), atol=1e-6)


class Parts(TinyEncoder):
    """Gives parts too, wider than its vectors: a picture has two, a text as many as words."""

    def patch_tokens(self, images):
        rows = self.encode_images(images)
        return np.pad(np.stack([rows, rows[:, ::-1]], axis=1), ((0, 0), (0, 0), (0, 3)))

    def token_states(self, texts):
        longest = max(len(text.split()) for text in texts)
        states = np.zeros((len(texts), longest, self.width + 2), dtype=np.float32)
        mask = np.zeros((len(texts), longest), dtype=np.int64)
        for row, text in enumerate(texts):
            words = self.encode_texts(text.split())
            states[row, : len(words), : self.width], mask[row, : len(words)] = words, 1
        return states, mask


@pytest.fixture
def pooled(tmp_path, files, monkeypatch):
    """The folder of a method on sets, fitted on pictures and texts, and its encoder."""
    pytest.importorskip("torch")
    encoder = Parts("parts-1")
    monkeypatch.setattr(encoders, "load", lambda spec: encoder)
    table = tmp_path / "pairs.csv"
    rows = [f"{file},{text} {file.stem.split('-')[0]}" for file in files for text in ("a", "this is a dark")]
    table.write_text("\n".join(["image,text", *rows]) + "\n", encoding="utf-8")
    settings = {"dim": "8", "epochs": "3", "steps": "1", "device": "cpu", "validation": "0"}
    done = fit(
        "vsrn", str(table), tmp_path / "m", image_encoder=encoder, text_encoder=encoder, settings=settings
    )
    assert done.indexes
    return tmp_path / "m", encoder


def test_sets_of_parts_are_pooled_into_a_collection(pooled, files, tmp_path):
    folder, encoder = pooled
    found, method = Learned.open(folder), methods.load(folder)
    assert found.width == 8
    parts = encoder.patch_tokens(files).astype(np.float16)
    np.testing.assert_allclose(found.encode_images(files), method.transform(parts, "image"), atol=1e-5)
    words, mask = encoder.token_states(TEXTS)
    texts = method.transform((words * mask[..., None]).astype(np.float16), "text")
    np.testing.assert_allclose(found.encode_texts(TEXTS), texts, atol=1e-5)
    assert found.encode_texts([]).shape == (0, 8)
    made = indexed(tmp_path / "c", folder, files)
    hits = made.search(files[3], k=1)
    assert hits[0].id == files[3].stem
    assert len(Collection.open(tmp_path / "c").search("a blue picture", k=3)) == 3


def test_an_encoder_without_parts_is_refused(pooled, tiny_encoder, monkeypatch):
    folder, _ = pooled
    monkeypatch.setattr(encoders, "load", lambda spec: TinyEncoder("parts-1"))
    with pytest.raises(InputError, match="tiny gives no parts of images"):
        Learned.open(folder)
    with pytest.raises(InputError, match="is one string"):
        Learned.open(folder, {"image": Parts("parts-1"), "text": Parts("parts-1")}).encode_texts("red")
