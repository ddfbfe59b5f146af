import json

import pytest

from tuwen.encoders.runtimes import bundle
from tuwen.errors import Damaged


def made(tmp_path):
    (tmp_path / "text.onnx").write_bytes(b"weights")
    file = bundle.File.of(tmp_path / "text.onnx")
    about = bundle.Bundle(
        source="cn-clip", fingerprint="f", width=4, modalities=["text"], languages=["zh"], parameters=9,
        recipe={"size": 32}, tokenizer=None,
        variants=[bundle.Variant("onnx", "int8", "dynamic", {"text": [file]}, {"inputs": "random"})],
    )  # fmt: skip
    bundle.write(tmp_path, about)
    return about


def test_what_was_written_is_read(tmp_path):
    about = made(tmp_path)
    assert bundle.read(tmp_path) == about
    assert json.loads((tmp_path / "encoder.json").read_text())["name"] == "exported"


def test_a_file_is_what_it_was(tmp_path):
    file = made(tmp_path).variants[0].towers["text"][0]
    assert file.size == 7
    assert bundle.checked(tmp_path, file) == tmp_path / "text.onnx"
    (tmp_path / "text.onnx").write_bytes(b"weight5")
    with pytest.raises(Damaged, match="is not the file"):
        bundle.checked(tmp_path, file)
    (tmp_path / "text.onnx").unlink()
    with pytest.raises(Damaged, match="is missing"):
        bundle.checked(tmp_path, file)


def test_an_empty_folder_holds_none(tmp_path):
    with pytest.raises(Damaged, match="holds no exported encoder"):
        bundle.read(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', '{"format": "1"}', '{"format": 1, "width": "x"}']
)
def test_what_does_not_describe_an_encoder_is_damaged(tmp_path, text):
    (tmp_path / "encoder.json").write_text(text)
    with pytest.raises(Damaged):
        bundle.read(tmp_path)


@pytest.mark.parametrize("name", ["../text.onnx", "/etc/passwd", "", ".."])
def test_files_lie_in_the_folder(tmp_path, name):
    made(tmp_path)
    path = tmp_path / "encoder.json"
    about = json.loads(path.read_text())
    about["variants"][0]["towers"]["text"][0]["name"] = name
    path.write_text(json.dumps(about))
    with pytest.raises(Damaged, match="lies outside of the folder"):
        bundle.read(tmp_path)
