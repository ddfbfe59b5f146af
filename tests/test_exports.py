import numpy as np
import pytest
from PIL import Image

from tuwen import exports
from tuwen.data import open_source
from tuwen.encoders.runtimes.bundle import Variant
from tuwen.errors import InputError


@pytest.fixture
def source(tmp_path):
    """A table of forty texts and twenty pictures, one of them broken."""
    lines = ["image,text"]
    for number in range(40):
        name = f"{number % 20}.png"
        if number < 20:
            Image.fromarray(np.full((8, 8, 3), number * 10, dtype=np.uint8)).save(tmp_path / name)
        lines.append(f"{name},text number {number}")
    (tmp_path / "3.png").write_bytes(b"\x89PNG broken")
    (tmp_path / "pairs.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "pairs.csv"


class Calls(list):
    """Stands for the package that exports, and keeps what it was asked."""

    def __init__(self, *there):
        self.there = there

    def made(self, folder, encoder):
        return None if not self.there else type("About", (), {"variants": list(self.there)})

    def export(self, encoder, folder, *, runtime, precision, images, texts, say):
        self.append(("export", len(images), len(texts)))
        return Variant(runtime, precision, "", {})

    def check(self, encoder, folder, variant, *, images, texts, origin):
        self.append(("check", len(images), len(texts), origin))
        return {"inputs": origin}


def calls(monkeypatch, *there):
    exporting = pytest.importorskip("tuwen.encoders.exporting", exc_type=ImportError)
    made = Calls(*there)
    for name in ("made", "export", "check"):
        monkeypatch.setattr(exporting, name, getattr(made, name))
    return made


def test_items_come_from_all_over_and_are_the_same_each_time(source):
    drawn = exports._drawn(open_source(source), 10, "text")
    assert drawn == exports._drawn(open_source(source), 10, "text")
    numbers = sorted(int(text.split()[-1]) for text in drawn)
    assert len(set(numbers)) == 10 and numbers[0] < 15 and numbers[-1] > 25


def test_without_sources_random_inputs_are_compared(monkeypatch, tmp_path, tiny_encoder):
    made = calls(monkeypatch)
    exports.export_encoder(tiny_encoder, tmp_path)
    assert made == [("export", 0, 0), ("check", 0, 0, "random")]


def test_calibration_is_what_is_compared_on_too(monkeypatch, tmp_path, source, tiny_encoder):
    made = calls(monkeypatch)
    exports.export_encoder(tiny_encoder, tmp_path, runtime="openvino", calibrate=source)
    images = 38  # the broken one stands in two rows
    assert made == [("export", images, 40), ("check", images, 40, "pairs.csv")]


def test_what_is_there_is_only_compared(monkeypatch, tmp_path, source, tiny_encoder):
    made = calls(monkeypatch, Variant("onnx", "int8", "dynamic", {}))
    exports.export_encoder(tiny_encoder, tmp_path, check=source)
    assert made == [("check", 38, 40, "pairs.csv")]
    exports.export_encoder(tiny_encoder, tmp_path, precision="fp32", check=source)
    assert made[1][0] == "export"


def test_what_is_there_is_written_again_when_nothing_is_to_be_compared(monkeypatch, tmp_path, tiny_encoder):
    made = calls(monkeypatch, Variant("onnx", "int8", "dynamic", {}))
    exports.export_encoder(tiny_encoder, tmp_path)
    assert [call[0] for call in made] == ["export", "check"]


def test_only_int8_of_openvino_is_calibrated(tmp_path, source, tiny_encoder):
    with pytest.raises(InputError, match="only int8 for openvino is calibrated, not int8 for onnx"):
        exports.export_encoder(tiny_encoder, tmp_path, calibrate=source)


def test_a_source_of_nothing_is_refused(monkeypatch, tmp_path, tiny_encoder):
    calls(monkeypatch)
    (tmp_path / "empty.csv").write_text("image,text\n,\n")
    with pytest.raises(InputError, match=r"has no images and no texts"):
        exports.export_encoder(tiny_encoder, tmp_path / "out", check=tmp_path / "empty.csv")
