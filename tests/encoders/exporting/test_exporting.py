import json

import numpy as np
import pytest

from tuwen import encoders
from tuwen.encoders import exporting
from tuwen.encoders.exported import Exported
from tuwen.encoders.runtimes import bundle
from tuwen.errors import InputError, UnknownName

TEXTS = ["一只黑狗在草地上跑", "白猫", "红狗和 abc", "一只"]


def test_the_folder_says_what_it_is(clip, exported_clip):
    about = bundle.read(exported_clip)
    assert about.fingerprint == clip.fingerprint and about.modalities == ["image", "text"]
    assert "/" not in about.source
    (variant,) = about.variants
    assert str(variant) == "onnx int8" and variant.method == "dynamic"
    names = {file.name for files in variant.towers.values() for file in files}
    assert names | {"encoder.json", "tokenizer.json"} == {path.name for path in exported_clip.iterdir()}


def test_nothing_of_this_machine_is_in_the_files(exported_clip):
    for path in exported_clip.glob("*.onnx"):
        data = path.read_bytes()
        assert b"site-packages" not in data and b"/torch/" not in data and b"stack_trace" not in data


def test_another_precision_stands_beside_the_first(clip, bundle_folder):
    before = bundle.read(bundle_folder).variants[0]
    exporting.export(clip, bundle_folder, precision="fp32")
    about = bundle.read(bundle_folder)
    assert [str(one) for one in about.variants] == ["onnx int8", "onnx fp32"]
    assert about.variants[0] == before
    found = Exported.open(bundle_folder, precision="fp32")
    np.testing.assert_allclose(found.encode_texts(TEXTS), clip.encode_texts(TEXTS), atol=1e-5)
    assert not list(bundle_folder.glob(".exporting-*"))


def test_another_encoder_is_refused(clip, bundle_folder):
    path = bundle_folder / "encoder.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(about | {"fingerprint": "of-another"}), encoding="utf-8")
    with pytest.raises(InputError, match="which is another encoder"):
        exporting.export(clip, bundle_folder, precision="fp32")


def test_a_folder_with_something_else_is_refused(clip, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="holds something else"):
        exporting.export(clip, tmp_path)
    with pytest.raises(InputError, match="holds something else"):
        exporting.export(clip, tmp_path / "letter.txt")


def test_what_a_killed_export_left_is_no_hindrance(clip, tmp_path):
    (tmp_path / ".exporting-abc").mkdir()
    assert exporting.made(tmp_path, clip) is None


def test_an_encoder_without_towers_is_refused(tmp_path):
    with pytest.raises(InputError, match="mini has no network to export"):
        exporting.export(encoders.load("mini"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_towers_that_are_not_float32_are_refused(clip_folder, tmp_path):
    half = encoders.load(f"{clip_folder},precision=bf16,device=cpu")
    with pytest.raises(InputError, match=r"was opened in bfloat16.*precision=fp32"):
        exporting.export(half, tmp_path / "out")


def test_unknown_runtimes_are_named(clip, tmp_path):
    with pytest.raises(UnknownName, match="no runtime named 'onxx'; did you mean 'onnx'"):
        exporting.export(clip, tmp_path, runtime="onxx")
    with pytest.raises(UnknownName, match="no precision named 'int4'"):
        exporting.export(clip, tmp_path, precision="int4")


def test_a_check_is_kept(clip, bundle_folder):
    variant = bundle.read(bundle_folder).variants[0]
    found = exporting.check(clip, bundle_folder, variant, texts=TEXTS, origin="titles.txt")
    assert found["inputs"] == "titles.txt" and found["reference"] == "torch fp32 on cpu"
    assert found["text"]["items"] == 4 and 0.99 < found["text"]["minimum"] <= found["text"]["mean"] <= 1.00001
    assert "image" not in found
    assert bundle.read(bundle_folder).variants[0].parity == found
    assert json.loads((bundle_folder / "parity.json").read_text())["onnx int8"] == found


def test_without_inputs_random_ones_are_made_and_said_so(clip, bundle_folder):
    found = exporting.check(clip, bundle_folder, bundle.read(bundle_folder).variants[0])
    assert found["inputs"] == "random"
    assert found["image"]["items"] == found["text"]["items"] == exporting.RANDOM
    assert found["image"]["minimum"] > 0.99


def test_calibrating_needs_items_of_both_sides(clip, tmp_path):
    with pytest.raises(InputError, match="calibrating needs images and texts, and there are no images"):
        exporting.export(clip, tmp_path / "out", runtime="openvino", texts=TEXTS)
