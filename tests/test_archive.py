import json
import tracemalloc
import zipfile

import pytest

from tuwen import archive
from tuwen.errors import CollectionError, Damaged, InputError


@pytest.fixture
def packed(tmp_path):
    """An archive of two small files."""
    (tmp_path / "a.json").write_text('{"a": 1}')
    (tmp_path / "w.bin").write_bytes(bytes(range(256)) * 10)
    path = tmp_path / "x.tuwen"
    with archive.writing(path) as writer:
        writer.add("a.json", tmp_path / "a.json")
        writer.add("deep/w.bin", tmp_path / "w.bin")
        writer.add_json("b.json", {"b": "猫"})
        writer.close({"holds": {}})
    return path


def unpacked(path, folder):
    with archive.reading(path) as found:
        folder.mkdir()
        found.unpack(folder)


def rewritten(path, change):
    """The archive with its members changed by a function: name → (name, content, attributes)."""
    with zipfile.ZipFile(path) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    change(members)
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)
    return path


def manifest(members, change):
    about = json.loads(members["manifest.json"])
    change(about)
    members["manifest.json"] = json.dumps(about)


def test_what_was_packed_comes_back(packed, tmp_path):
    unpacked(packed, tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "w.bin").read_bytes() == bytes(range(256)) * 10
    assert json.loads((tmp_path / "out" / "b.json").read_text(encoding="utf-8")) == {"b": "猫"}


def test_the_same_files_make_the_same_bytes(packed, tmp_path):
    before = packed.read_bytes()
    with archive.writing(packed) as writer:
        writer.add("a.json", tmp_path / "a.json")
        writer.add("deep/w.bin", tmp_path / "w.bin")
        writer.add_json("b.json", {"b": "猫"})
        writer.close({"holds": {}})
    assert packed.read_bytes() == before


def test_a_failure_leaves_the_old_file_and_nothing_else(packed, tmp_path):
    before = packed.read_bytes()
    with pytest.raises(InputError, match="two files would be a"), archive.writing(packed) as writer:
        writer.add("a.json", tmp_path / "a.json")
        writer.add("a.json", tmp_path / "w.bin")
    assert packed.read_bytes() == before and not list(tmp_path.glob(".*"))


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CollectionError, match="cannot be written"), archive.writing(tmp_path / "no" / "x"):
        pass


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_cut_file_is_refused(packed, tmp_path, share):
    packed.write_bytes(packed.read_bytes()[: int(packed.stat().st_size * share)])
    with pytest.raises(Damaged, match="no pack of tuwen, or was cut"):
        unpacked(packed, tmp_path / "out")


def test_a_flipped_byte_is_found(packed, tmp_path):
    content = bytearray(packed.read_bytes())
    content[content.index(bytes(range(64))) + 5] ^= 1
    packed.write_bytes(content)
    with pytest.raises(Damaged):
        unpacked(packed, tmp_path / "out")


def test_another_content_of_the_same_size_is_found(packed, tmp_path):
    rewritten(packed, lambda members: members.update({"content/a.json": b'{"a": 2}'}))
    with pytest.raises(Damaged, match=r"a\.json is not what was packed"):
        unpacked(packed, tmp_path / "out")


@pytest.mark.parametrize("name", ["../out.txt", "/etc/x", "a/../../x", "a\\..\\x", "C:/x", "a//x", "a/./x"])
def test_a_name_that_leads_out_is_refused(packed, tmp_path, name):
    def change(members):
        members["content/" + name] = b"x"
        manifest(members, lambda about: about["members"].update({name: {"sha256": "0" * 64, "size": 1}}))

    with pytest.raises(Damaged, match="leads out of the folder"):
        unpacked(rewritten(packed, change), tmp_path / "out")


def test_a_link_is_refused(packed, tmp_path):
    with zipfile.ZipFile(packed) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    manifest(members, lambda about: about["members"].update(link={"sha256": "0" * 64, "size": 4}))
    with zipfile.ZipFile(packed, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
        info = zipfile.ZipInfo("content/link")
        info.external_attr = 0o120777 << 16
        new.writestr(info, b"/etc")
    with pytest.raises(Damaged, match="has a link"):
        unpacked(packed, tmp_path / "out")


@pytest.mark.parametrize("change", [
    lambda members: members.update({"content/more": b"x"}),
    lambda members: members.pop("content/a.json"),
    lambda members: members.update({"beside": b"x"}),
])  # fmt: skip
def test_files_and_manifest_must_agree(packed, tmp_path, change):
    with pytest.raises(Damaged, match="does not hold the files that its manifest lists"):
        unpacked(rewritten(packed, change), tmp_path / "out")


def test_a_declared_size_that_is_not_the_real_one_is_refused(packed, tmp_path):
    def change(members):
        manifest(members, lambda about: about["members"]["a.json"].update(size=3))

    with pytest.raises(Damaged, match="two sizes"):
        unpacked(rewritten(packed, change), tmp_path / "out")


def test_what_swells_beyond_belief_is_refused(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_FREE_RATIO", 0)

    def change(members):
        members["content/zeros"] = bytes(5_000_000)
        manifest(members, lambda about: about["members"].update(zeros={"sha256": "", "size": 5_000_000}))

    with pytest.raises(Damaged, match="more than it can hold"):
        unpacked(rewritten(packed, change), tmp_path / "out")


def test_a_header_that_lies_about_its_size_does_not_fill_the_disk(packed, tmp_path):
    rewritten(packed, lambda members: members.update({"content/a.json": b"x" * 100_000}))
    content = bytearray(packed.read_bytes())
    real, told = (100_000).to_bytes(4, "little"), (8).to_bytes(4, "little")
    while real in content:
        place = content.index(real)
        content[place : place + 4] = told
    packed.write_bytes(content)
    with pytest.raises(Damaged):
        unpacked(packed, tmp_path / "out")
    assert sum(file.stat().st_size for file in (tmp_path / "out").rglob("*")) < 10_000


@pytest.mark.parametrize(("change", "said"), [
    (lambda about: about.update(format=2), "newer tuwen"),
    (lambda about: about.update(format="1"), "not one of tuwen"),
    (lambda about: about.update(members=[]), "without sizes"),
    (lambda about: about["members"]["a.json"].update(size=-1), "without sizes"),
    (lambda about: about["members"]["a.json"].pop("sha256"), "without sizes"),
])  # fmt: skip
def test_a_manifest_of_another_kind_is_refused(packed, tmp_path, change, said):
    with pytest.raises(Damaged, match=said):
        unpacked(rewritten(packed, lambda members: manifest(members, change)), tmp_path / "out")


def test_what_is_no_pack_is_said(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"something")
    with pytest.raises(Damaged, match="no pack of tuwen"):
        unpacked(tmp_path / "x.zip", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as other:
        other.writestr("a", "b")
    with pytest.raises(Damaged, match=r"has no manifest\.json"):
        unpacked(tmp_path / "y.zip", tmp_path / "out2")
    with pytest.raises(InputError, match="there is no file"):
        unpacked(tmp_path / "z.zip", tmp_path / "out3")


def test_a_disk_without_room_is_said_before(packed, tmp_path, monkeypatch):
    class Full:
        free = 100

    monkeypatch.setattr("shutil.disk_usage", lambda _: Full)
    with pytest.raises(CollectionError, match=r"GB free"):
        unpacked(packed, tmp_path / "out")


def test_memory_stays_flat_for_a_large_member(tmp_path):
    with (tmp_path / "large.safetensors").open("wb") as stream:
        stream.truncate(64 << 20)
    path = tmp_path / "x.tuwen"
    tracemalloc.start()
    with archive.writing(path) as writer:
        writer.add("large.safetensors", tmp_path / "large.safetensors")
        writer.close({})
    unpacked(path, tmp_path / "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
