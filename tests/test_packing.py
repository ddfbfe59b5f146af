import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tiny import TinyEncoder
from tuwen import encoders
from tuwen.collection import Collection
from tuwen.encoders.opening import kept
from tuwen.errors import CollectionError, Damaged, InputError, Locked, UnknownName
from tuwen.packing import pack, unpack

TEXTS = ["一只狗在草地上", "一只猫", "红色的车", "a dog", "a red car", "cats and dogs"]


@pytest.fixture
def fitted(tmp_path):
    """A fitted encoder's folder, with files around it that nobody needs."""
    folder = tmp_path / "models" / "tfidf"
    encoders.find("tfidf")(units="characters").fit(TEXTS).save(folder)
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x").write_text("x")
    (folder / "tf_model.h5").write_text("x")
    return folder


@pytest.fixture
def texts(tmp_path, fitted):
    """A collection of texts, made with the fitted encoder."""
    made = Collection.create(tmp_path / "texts", encoder=str(fitted))
    made.add_vectors("text", list("abcdef"), made.encoder.encode_texts(TEXTS), text=TEXTS)
    return made.path


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def again(tmp_path, encoder):
    """An encoder packed alone, unpacked elsewhere and opened there, after its own files are gone."""
    made = encoders.load(encoder)
    before = made.encode_texts(["狗 red"]) if "text" in made.modalities else None
    pack(tmp_path / "e.tuwen", encoder=encoder)
    for gone in (tmp_path / "models").iterdir():
        gone.rename(gone.with_name(gone.name + "-gone"))
    unpack(tmp_path / "e.tuwen", tmp_path / "there")
    found = encoders.load(str(tmp_path / "there"))
    assert found.fingerprint == made.fingerprint and found is not made
    if before is not None:
        np.testing.assert_array_equal(found.encode_texts(["狗 red"]), before)
    return found


class TestCollection:
    def test_it_answers_elsewhere_with_the_encoder_inside(self, texts, fitted, tmp_path):
        made = pack(tmp_path / "t.tuwen", collection=texts)
        assert (made.collection, made.own, made.pictures) == (True, True, 0)
        shutil.rmtree(fitted)
        shutil.rmtree(texts)
        unpack(tmp_path / "t.tuwen", tmp_path / "there")
        assert names(tmp_path / "there" / "encoder") == {
            "spec.json", "model/encoder.json", "model/state.npz",
        }  # fmt: skip
        found = Collection.open(tmp_path / "there")
        assert found.search("红色的车", kind="text", k=1)[0].id == "c"
        assert found.verify() == []
        with found.store.transaction() as transaction:  # it can be written to
            transaction.delete("texts", ["a"])
        assert found.count("text") == 5

    def test_what_ships_with_tuwen_is_not_packed(self, tmp_path):
        path = Collection.create(tmp_path / "c", encoder="mini").path
        made = pack(tmp_path / "c.tuwen", collection=path)
        assert made.encoder == "mini" and not made.own
        unpack(tmp_path / "c.tuwen", tmp_path / "there")
        assert not (tmp_path / "there" / "encoder").exists()

    def test_one_without_an_encoder_is_packed_too(self, tmp_path):
        path = Collection.create(tmp_path / "c", encoder=None, width=4).path
        pack(tmp_path / "c.tuwen", collection=path)
        unpack(tmp_path / "c.tuwen", tmp_path / "there")
        assert Collection.open(tmp_path / "there").width == 4

    def test_method_and_further_files_lie_in_their_folders(self, texts, tmp_path):
        from tuwen import methods

        (tmp_path / "words.txt").write_text("草地 10\n", encoding="utf-8")
        hasher = methods.find("itq")(bits=8)
        rows = np.random.default_rng(0).normal(size=(64, 16)).astype(np.float32)
        hasher.fit(rows, rows)
        hasher.save(tmp_path / "itq")
        made = pack(
            tmp_path / "t.tuwen", collection=texts, method=tmp_path / "itq", extra=[tmp_path / "words.txt"]
        )
        assert made.method and made.extra == ("words.txt",)
        unpack(tmp_path / "t.tuwen", tmp_path / "there")
        found = methods.load(tmp_path / "there" / "method")
        np.testing.assert_array_equal(found.transform(rows, "image"), hasher.transform(rows, "image"))
        assert (tmp_path / "there" / "extra" / "words.txt").read_text(encoding="utf-8") == "草地 10\n"

    def test_pictures_come_along_and_are_named_where_they_lie(self, tmp_path, tiny_pictures):
        photos = tmp_path / "it's photos"
        shutil.copytree(tiny_pictures, photos / "2026" / "下")
        shutil.move(photos / "2026" / "下" / "red-0.png", photos / "red-0.png")
        made = Collection.create(tmp_path / "c", encoder="mini")
        files = sorted(photos.rglob("*.png"))
        rows = np.eye(made.width, dtype=np.float32)[: len(files)]
        made.add_vectors("image", [f.stem for f in files], rows, path=[str(f) for f in files])
        (photos / "2026" / "下" / "blue-1.png").unlink()
        assert pack(tmp_path / "c.tuwen", collection=made.path, pictures=True).pictures == 15
        photos.rename(tmp_path / "gone")
        unpack(tmp_path / "c.tuwen", tmp_path / "the'e")
        found = Collection.open(tmp_path / "the'e")
        place = tmp_path / "the'e" / "pictures"
        assert found.get("image", "red-0").path == str(place / "red-0.png")
        assert found.get("image", "blue-0").path == str(place / "2026" / "下" / "blue-0.png")
        assert Path(found.get("image", "blue-0").path).is_file()
        assert found.verify() == []
        assert found.search(rows[3], k=1)[0].id == files[3].stem

    def test_the_lock_and_leftovers_stay_behind(self, texts, tmp_path):
        (texts / ".head.json.1234.tmp").write_text("x")
        pack(tmp_path / "t.tuwen", collection=texts)
        unpack(tmp_path / "t.tuwen", tmp_path / "there")
        assert not {"write.lock", ".head.json.1234.tmp"} & names(tmp_path / "there")

    def test_a_pack_inside_the_collection_does_not_take_itself_in(self, texts):
        pack(texts / "t.tuwen", collection=texts)
        pack(texts / "t.tuwen", collection=texts)
        with zipfile.ZipFile(texts / "t.tuwen") as archive:
            assert not any("tuwen" in Path(name).suffix for name in archive.namelist())

    def test_who_is_writing_is_waited_for(self, texts, tmp_path, monkeypatch):
        monkeypatch.setattr("tuwen.store.LOCK_SECONDS", 0.1)
        monkeypatch.setattr(
            "tuwen.store.Store.writing", lambda self: (_ for _ in ()).throw(Locked("another process"))
        )
        with pytest.raises(Locked):
            pack(tmp_path / "t.tuwen", collection=texts)
        assert not (tmp_path / "t.tuwen").exists()

    def test_a_read_only_collection_is_packed(self, texts, tmp_path, monkeypatch):
        def refuse(self):
            raise CollectionError("cannot be written")

        monkeypatch.setattr("tuwen.store.Store.writing", refuse)
        pack(tmp_path / "t.tuwen", collection=texts)
        unpack(tmp_path / "t.tuwen", tmp_path / "there")

    def test_a_read_only_collection_that_changes_meanwhile_is_not(self, texts, tmp_path, monkeypatch):
        def refuse(self):
            raise CollectionError("cannot be written")

        monkeypatch.setattr("tuwen.store.Store.writing", refuse)
        change = lambda *_: (texts / "head.json").write_text("{}")  # noqa: E731
        with pytest.raises(CollectionError, match="was written to while"):
            pack(tmp_path / "t.tuwen", collection=texts, report=change)
        assert not (tmp_path / "t.tuwen").exists()

    def test_an_encoder_made_in_python_is_said_not_to_travel(self, tiny_collection, tmp_path, monkeypatch):
        monkeypatch.setattr("tuwen.encoder_of.find", lambda *_: TinyEncoder())
        with pytest.raises(InputError, match="encoder tiny cannot be packed"):
            pack(tmp_path / "t.tuwen", collection=tiny_collection.path)

    def test_another_encoder_than_its_own_is_refused(self, texts, tmp_path):
        with pytest.raises(CollectionError, match="width"):
            pack(tmp_path / "t.tuwen", collection=texts, encoder="mini")

    @pytest.mark.parametrize("arguments", [{}, {"encoder": "mini"}, {"encoder": "mini", "pictures": True}])
    def test_nothing_to_pack_is_said(self, tmp_path, arguments):
        with pytest.raises(InputError, match=r"nothing to pack|no pictures to pack"):
            pack(tmp_path / "t.tuwen", **arguments)

    def test_what_is_missing_is_named(self, texts, tmp_path):
        with pytest.raises(InputError, match=r"there is no file .*nix\.txt"):
            pack(tmp_path / "t.tuwen", collection=texts, extra=[tmp_path / "nix.txt"])
        with pytest.raises(InputError, match="holds no saved method"):
            pack(tmp_path / "t.tuwen", collection=texts, method=tmp_path)
        with pytest.raises(InputError, match="is a folder; name the file to write"):
            pack(tmp_path, collection=texts)


class TestEncoder:
    def test_a_fitted_one(self, fitted, tmp_path):
        again(tmp_path, str(fitted))

    def test_one_that_was_unpacked_is_packed_again(self, fitted, tmp_path):
        pack(tmp_path / "a.tuwen", encoder=str(fitted))
        unpack(tmp_path / "a.tuwen", tmp_path / "models" / "a")
        again(tmp_path, str(tmp_path / "models" / "a"))

    def test_a_concatenation_with_its_weights(self, fitted, tmp_path):
        other = tmp_path / "models" / "b+b"
        shutil.copytree(fitted, other)
        found = again(tmp_path, f"concat:[{other}]+2*[{fitted}]")
        assert found.weights == pytest.approx((1 / 3, 2 / 3))

    def test_stored_vectors_with_their_ids_beside(self, tmp_path):
        (tmp_path / "models").mkdir()
        np.save(tmp_path / "models" / "f.npy", np.eye(3, dtype=np.float32))
        (tmp_path / "models" / "f.ids.txt").write_text("a\nb\nc\n")
        (tmp_path / "models" / "other.bin").write_bytes(b"x")
        found = again(tmp_path, f"stored:{tmp_path / 'models' / 'f.npy'},modality=image")
        assert found.ids("image") == ("a", "b", "c")
        assert not list((tmp_path / "there").rglob("other.bin"))

    @pytest.mark.parametrize("kind", ["folder", "file", "file with its vocabulary elsewhere"])
    def test_a_clip(self, tmp_path, kind):
        pytest.importorskip("torch")
        pytest.importorskip("transformers")
        from tiny_duals import chinese_clip_folder, chinese_clip_pt

        place = tmp_path / "models" / "cn"
        place.mkdir(parents=True)
        if kind == "folder":
            chinese_clip_folder(place)
            (place / "pytorch_model.bin").write_bytes(b"the same again")
            found = again(tmp_path, str(place))
            assert not list((tmp_path / "there").rglob("*.bin"))
            assert found.modalities == {"image", "text"}
            return
        chinese_clip_pt(place / "cn.pt")
        spec = f"clip:{place / 'cn.pt'}"
        if kind != "file":
            (tmp_path / "models" / "words").mkdir()
            (place / "vocab.txt").rename(tmp_path / "models" / "words" / "vocab.txt")
            spec += f",vocabulary={tmp_path / 'models' / 'words' / 'vocab.txt'}"
        again(tmp_path, spec)

    def test_options_are_changed_where_it_was_unpacked(self, tmp_path):
        (tmp_path / "models").mkdir()
        arrays = {"image_ids": ["a"], "image_vectors": np.eye(1, 3), "text_ids": ["b"]}
        np.savez(tmp_path / "models" / "f.npz", text_vectors=np.eye(1, 3), **arrays)
        there = again(tmp_path, f"stored:{tmp_path / 'models' / 'f.npz'},modality=image")
        assert there.modalities == {"image"}
        assert encoders.load(f"{tmp_path / 'there'},modality=text").modalities == {"text"}
        with pytest.raises(UnknownName, match="no option named 'modalty'; did you mean 'modality'"):
            encoders.load(f"{tmp_path / 'there'},modalty=text")

    def test_what_was_learned_but_not_saved_is_not_left_behind_silently(self, tmp_path):
        with pytest.raises(InputError, match="fit and save it first"):
            pack(tmp_path / "e.tuwen", encoder="bow")

    def test_what_ships_with_tuwen_needs_no_pack(self, tmp_path):
        with pytest.raises(InputError, match="encoder mini ships with tuwen"):
            pack(tmp_path / "e.tuwen", encoder="mini")


class TestUnpack:
    @pytest.fixture
    def packed(self, texts, tmp_path):
        pack(tmp_path / "t.tuwen", collection=texts)
        return tmp_path / "t.tuwen"

    def test_a_folder_with_something_in_it_is_left_alone(self, packed, tmp_path):
        (tmp_path / "there").mkdir()
        unpack(packed, tmp_path / "there")
        with pytest.raises(InputError, match="not an empty folder"):
            unpack(packed, tmp_path / "there")

    def test_a_broken_pack_leaves_nothing(self, packed, tmp_path):
        before = set(tmp_path.iterdir())
        packed.write_bytes(packed.read_bytes()[:-200])
        with pytest.raises(Damaged):
            unpack(packed, tmp_path / "there")
        content = packed.read_bytes()
        packed.write_bytes(content[: len(content) // 2])
        with pytest.raises(Damaged):
            unpack(packed, tmp_path / "there")
        assert set(tmp_path.iterdir()) == before

    def test_an_interrupted_one_leaves_nothing(self, packed, tmp_path):
        def stop(*_):
            raise KeyboardInterrupt

        before = set(tmp_path.iterdir())
        with pytest.raises(KeyboardInterrupt):
            unpack(packed, tmp_path / "there", stop)
        assert set(tmp_path.iterdir()) == before

    def test_a_collection_that_is_none_is_refused(self, packed, tmp_path):
        with zipfile.ZipFile(packed) as old:
            members = {info.filename: old.read(info) for info in old.infolist()}
        about = json.loads(members["manifest.json"])
        del about["members"]["head.json"], members["content/head.json"]
        members["manifest.json"] = json.dumps(about).encode()
        with zipfile.ZipFile(packed, "w") as new:
            for name, content in members.items():
                new.writestr(name, content)
        with pytest.raises(Damaged, match="holds a collection that cannot be opened"):
            unpack(packed, tmp_path / "there")

    def test_a_pack_that_does_not_say_what_it_holds_is_refused(self, packed, tmp_path):
        with zipfile.ZipFile(packed) as old:
            members = {info.filename: old.read(info) for info in old.infolist()}
        about = json.loads(members["manifest.json"])
        about["holds"] = {"more": 1}
        members["manifest.json"] = json.dumps(about).encode()
        with zipfile.ZipFile(packed, "w") as new:
            for name, content in members.items():
                new.writestr(name, content)
        with pytest.raises(Damaged, match="does not say what it holds"):
            unpack(packed, tmp_path / "there")


class TestKept:
    @pytest.mark.parametrize("target", ["../model", "/etc", "model/../../x", "a\\b", "C:/x", ""])
    def test_a_description_that_leads_out_is_refused(self, tmp_path, target):
        about = {"format": 1, "family": "", "target": target, "options": {}}
        (tmp_path / "spec.json").write_text(json.dumps(about))
        with pytest.raises(Damaged, match="leads out of its folder"):
            kept.open_kept(tmp_path)

    @pytest.mark.parametrize(("about", "said"), [
        ({"format": 2}, "newer tuwen"),
        ({"format": 1}, "does not describe"),
        ([], "does not describe"),
        ({"format": 1, "family": "nix", "target": "spec.json", "options": {}}, "does not have"),
        ({"format": 1, "family": "clip", "target": "gone", "options": {}}, "gone is missing"),
    ])  # fmt: skip
    def test_a_broken_description_is_said(self, tmp_path, about, said):
        (tmp_path / "spec.json").write_text(json.dumps(about))
        with pytest.raises(Damaged, match=said):
            kept.open_kept(tmp_path)


class TestMoved:
    def test_an_encoder_that_is_gone_is_named_with_what_to_do(self, texts, fitted):
        shutil.rmtree(fitted)
        with pytest.raises(CollectionError, match=r"cannot be opened.*tuwen index .* --encoder SPEC"):
            _ = Collection.open(texts).encoder

    def test_it_is_found_where_the_user_says(self, texts, fitted, tmp_path):
        fitted.rename(tmp_path / "elsewhere")
        assert Collection.open(texts, encoder=str(tmp_path / "elsewhere")).search("一只猫", kind="text")
        Collection.open(texts).move_encoder(str(tmp_path / "elsewhere"))
        assert Collection.open(texts).search("一只猫", kind="text", k=1)[0].id == "b"
        (tmp_path / "elsewhere").rename(fitted)
        Collection.open(texts).move_encoder(str(fitted))
        assert not (texts / "place.json").exists()

    def test_another_encoder_is_refused(self, texts):
        with pytest.raises(CollectionError, match="width"):
            Collection.open(texts).move_encoder("mini")

    def test_a_place_that_is_none_is_said(self, texts):
        (texts / "place.json").write_text("[]")
        with pytest.raises(CollectionError, match="does not name an encoder"):
            _ = Collection.open(texts).encoder

    def test_a_model_put_into_the_collection_by_hand_is_used(self, texts, fitted):
        fitted.rename(texts / "encoder")
        assert Collection.open(texts).search("一只猫", kind="text", k=1)[0].id == "b"

    def test_a_wrong_one_put_there_is_refused(self, texts, fitted):
        encoders.find("tfidf")(units="characters").fit(["other things"]).save(texts / "encoder")
        with pytest.raises(CollectionError, match=r"width|do not compare"):
            _ = Collection.open(texts).encoder


def _forbidden():
    """A prelude for another Python in which every socket is an error."""
    return (
        "import socket\n"
        "def no(*a, **k): raise SystemExit('a socket was opened')\n"
        "socket.socket = type('socket', (socket.socket,), {'__init__': no})\n"
        "socket.create_connection = socket.getaddrinfo = no\n"
        "from tuwen.cli import main\nmain()\n"
    )


def test_with_networking_cut_off_a_pack_becomes_a_collection_that_answers(texts, fitted, tmp_path):
    pack(tmp_path / "t.tuwen", collection=texts)
    shutil.rmtree(fitted)
    shutil.rmtree(texts)
    home = tmp_path / "home"
    home.mkdir()
    alone = ["unshare", "-rn"] if _can_unshare() else []
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("TUWEN_", "HF_"))}
    environment = outside | {"HOME": str(home), "XDG_CACHE_HOME": str(home), "TUWEN_MODELS": str(home / "m")}

    def tuwen(*arguments):
        return subprocess.run(
            [*alone, sys.executable, "-c", _forbidden(), *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=home,
            check=False,
        )

    there = tmp_path / "there"
    done = tuwen("unpack", tmp_path / "t.tuwen", "-o", there)
    assert done.returncode == 0, done.stderr
    found = tuwen("search", there, "红色的车", "--for", "texts", "-k", "1")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["id"] == "c"


def _can_unshare():
    """Whether a namespace without any network can be had here."""
    return shutil.which("unshare") and not subprocess.run(["unshare", "-rn", "true"], check=False).returncode
