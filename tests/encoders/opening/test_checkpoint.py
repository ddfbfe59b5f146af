"""Checkpoints are read as plain tensors, whatever they are called; everything else says what it is."""

import json
import zipfile

import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from tuwen.encoders.opening import checkpoint  # noqa: E402
from tuwen.errors import Damaged, InputError  # noqa: E402

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2, dtype=torch.float16)}


def assert_same(found, expected=TENSORS):
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], values) for name, values in expected.items())


@pytest.mark.parametrize("name", ["model.safetensors", "named-wrong.pt", "no-ending"])
def test_safetensors_are_known_by_their_bytes(tmp_path, name):
    safetensors.save_file(TENSORS, tmp_path / name)
    assert_same(checkpoint.read(tmp_path / name))
    assert checkpoint.keys(tmp_path / name) == set(TENSORS)


@pytest.mark.parametrize("around", [None, "state_dict", "model", "module", "model_state_dict"])
@pytest.mark.parametrize("before", ["", "module.", "_orig_mod.", "clip_model.", "module.clip_model."])
def test_what_trainers_put_around_the_weights_is_taken_off(tmp_path, around, before):
    tensors = {before + name: values for name, values in TENSORS.items()}
    content = {"epoch": 3, "lr": 0.1, around: tensors} if around else tensors
    torch.save(content, tmp_path / "x.safetensors")  # the ending says something else
    assert_same(checkpoint.read(tmp_path / "x.safetensors"))
    assert checkpoint.keys(tmp_path / "x.safetensors") == set(TENSORS)


def test_the_older_format_of_torch_is_read(tmp_path):
    torch.save(TENSORS, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert_same(checkpoint.read(tmp_path / "old.pth"))


def test_in_a_folder_safetensors_come_first(tmp_path):
    torch.save({"other.weight": torch.ones(1), "other.bias": torch.ones(1)}, tmp_path / "pytorch_model.bin")
    safetensors.save_file(TENSORS, tmp_path / "model.safetensors")
    assert_same(checkpoint.read(tmp_path))


def test_the_only_checkpoint_of_a_folder_is_read_and_several_are_asked_about(tmp_path):
    torch.save(TENSORS, tmp_path / "one.pt")
    assert_same(checkpoint.read(tmp_path))
    torch.save(TENSORS, tmp_path / "two.pt")
    with pytest.raises(InputError, match=r"several checkpoints \(one\.pt, two\.pt\)"):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize("kind", ["model.safetensors", "pytorch_model.bin"])
def test_a_parted_checkpoint_is_read_whole(tmp_path, kind):
    stem, suffix = kind.rsplit(".", 1)
    places = {}
    for at, (name, values) in enumerate(TENSORS.items()):
        file = f"{stem}-{at}.{suffix}"
        places[name] = file
        save = safetensors.save_file if suffix == "safetensors" else torch.save
        save({name: values}, tmp_path / file)
    (tmp_path / f"{kind}.index.json").write_text(json.dumps({"weight_map": places}))
    assert_same(checkpoint.read(tmp_path))
    (tmp_path / places["a.bias"]).unlink()
    with pytest.raises(Damaged, match="not beside it"):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize("place", ["../outside.safetensors", "/etc/passwd", "inner/x.safetensors"])
def test_an_index_never_leads_out_of_its_folder(tmp_path, place):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "inner").mkdir()
    for file in (tmp_path / "outside.safetensors", tmp_path / "m" / "inner" / "x.safetensors"):
        safetensors.save_file(TENSORS, file)
    index = {"weight_map": {"a.weight": place}}
    (tmp_path / "m" / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(Damaged, match="not beside it"):
        checkpoint.read(tmp_path / "m")


@pytest.mark.parametrize("content", ["[]", "{}", '{"weight_map": {}}'])
def test_an_index_of_nothing_is_damaged(tmp_path, content):
    (tmp_path / "model.safetensors.index.json").write_text(content)
    with pytest.raises(Damaged, match="no index"):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
@pytest.mark.parametrize("form", ["safetensors", "zip", "old"])
def test_a_file_that_ends_too_early_is_damaged(tmp_path, form, share):
    tensors = {"a": torch.randn(200, 50), "b": torch.randn(10)}
    file = tmp_path / "x"
    if form == "safetensors":
        safetensors.save_file(tensors, file)
    else:
        torch.save(tensors, file, _use_new_zipfile_serialization=form == "zip")
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(Damaged, match=r"too early|download it again"):
        checkpoint.read(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
        (b"GIF89a....", "no checkpoint"),
        (b"hello", "no checkpoint"),
    ],
)
def test_what_is_no_checkpoint_says_what_it_is(tmp_path, content, message):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        checkpoint.read(tmp_path / "x.pt")


class Harmful:
    """An object that would do something when unpickled."""

    def __reduce__(self):
        return (print, ("this must never run",))


@pytest.mark.parametrize("new", [True, False])
def test_objects_beside_tensors_are_never_loaded(tmp_path, capsys, new):
    torch.save(TENSORS | {"extra": Harmful()}, tmp_path / "x.pt", _use_new_zipfile_serialization=new)
    with pytest.raises(InputError, match="could run code"):
        checkpoint.read(tmp_path / "x.pt")
    assert capsys.readouterr().out == ""


def test_a_program_of_torchscript_says_how_to_convert_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("x/constants.pkl", b"")
        archive.writestr("x/data.pkl", b"")
    with pytest.raises(InputError, match=r"torch\.jit\.load"):
        checkpoint.read(tmp_path / "x.pt")


def test_another_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("readme.txt", b"hello")
    with pytest.raises(InputError, match="zip archive"):
        checkpoint.read(tmp_path / "x.pt")


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 1, "lr": 0.5}, {}])
def test_a_file_without_named_tensors_says_what_it_holds(tmp_path, content):
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(InputError, match="no tensors by name"):
        checkpoint.read(tmp_path / "x.pt")


def test_a_header_that_is_not_of_safetensors_is_damaged(tmp_path):
    body = b'{"a": {"shape": [1]}}'
    (tmp_path / "x").write_bytes(len(body).to_bytes(8, "little") + body)
    with pytest.raises(Damaged, match="not of safetensors"):
        checkpoint.read(tmp_path / "x")
    (tmp_path / "x").write_bytes((9).to_bytes(8, "little") + b'{"a": ,,}')
    with pytest.raises(Damaged, match="broken header"):
        checkpoint.read(tmp_path / "x")


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(InputError, match="is not there"):
        checkpoint.read(tmp_path / "nowhere.pt")
    with pytest.raises(InputError, match="holds no weights"):
        checkpoint.read(tmp_path)
