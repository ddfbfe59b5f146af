from types import SimpleNamespace

import pytest

from tuwen import encoders
from tuwen.encoders.runtimes.bundle import File, Variant

LOAD = encoders.load


@pytest.fixture
def asked(monkeypatch):
    """What the function that exports encoders was asked; it answers at once."""
    from tuwen import exports

    kept = []

    def export_encoder(encoder, folder, **options):
        options.pop("say")("exporting the text tower")
        kept.append((encoder.name, folder, options))
        method = "weights" if options["runtime"] == "openvino" and not options["calibrate"] else ""
        variant = Variant(
            options["runtime"], options["precision"], method, {"text": [File("a", 12_000_000, "")]}
        )
        origin = options["check"].name if options["check"] else "random"
        text = {"items": 4, "minimum": 0.9991, "mean": 0.9995, "neighbours": 0.98}
        return variant, {"inputs": origin, "reference": "torch fp32 on cpu", "text": text}

    monkeypatch.setattr(exports, "export_encoder", export_encoder)
    monkeypatch.setattr(encoders, "load", lambda spec: SimpleNamespace(name=spec))
    return kept


def test_an_encoder_is_exported_as_int8_for_onnx_runtime(tuwen, tmp_path, asked):
    done = tuwen("export", "models/clip", "-o", tmp_path / "out")
    assert done.code == 0
    options = {"runtime": "onnx", "precision": "int8", "calibrate": None, "check": None}
    assert asked == [("models/clip", tmp_path / "out", options)]
    assert '"cosine of": "texts"' in done.out and '"minimum": 0.9991' in done.out
    assert "onnx int8, 12 MB, beside torch fp32 on cpu" in done.err


def test_random_inputs_are_said_with_the_command_that_measures(tuwen, tmp_path, asked):
    done = tuwen("export", "models/clip", "-o", tmp_path / "out")
    assert "random inputs" in done.err and "--precision int8 --check SOURCE" in done.err
    done = tuwen("export", "models/clip", "-o", tmp_path / "out", "--check", tmp_path / "pairs.csv")
    assert "random inputs" not in done.err


def test_weights_alone_point_at_calibration(tuwen, tmp_path, asked):
    done = tuwen("export", "models/clip", "-o", tmp_path / "out", "--runtime", "openvino")
    assert "--calibrate SOURCE" in done.err


@pytest.mark.parametrize(
    "option", [("--runtime", "onnx"), ("--precision", "int8"), ("--check", "x"), ("--calibrate", "x")]
)
def test_a_collection_takes_no_options_of_encoders(tuwen, tmp_path, tiny_collection, option):
    done = tuwen("export", tiny_collection.path, "-o", tmp_path / "out", *option)
    assert done.code == 2
    assert f"is a collection, and {option[0]} is for encoders; leave it out" in " ".join(done.err.split())
    assert not (tmp_path / "out").exists()


def test_what_is_neither_is_told(tuwen, tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, "load", LOAD)
    done = tuwen("export", "no_such_thing", "-o", tmp_path / "out")
    assert done.code == 1
    assert "no_such_thing is no collection (it has no collection.json), and there is no encoder" in done.err


def test_an_encoder_without_network_is_told(tuwen, tmp_path):
    done = tuwen("export", "tiny", "-o", tmp_path / "out")
    assert done.code == 1 and "tiny has no network to export" in done.err
