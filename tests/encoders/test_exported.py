import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tuwen import encoders
from tuwen.encoders import runtimes
from tuwen.encoders.exported import Exported
from tuwen.errors import Damaged, InputError, MissingExtra, UnknownName

TEXTS = ["一只黑狗在草地上跑", "白猫", "", "红狗和 abc", "狗" * 90, "一只红猫和一只白狗在草地上跑的abcd"]


def pictures(count=5):
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)) for _ in range(count)]


def edit(folder, change):
    path = folder / "encoder.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    change(about)
    path.write_text(json.dumps(about), encoding="utf-8")


def add_variants(folder, *variants):
    def change(about):
        files = about["variants"][0]["towers"]
        about["variants"] = [
            {"runtime": runtime, "precision": precision, "method": method, "towers": files, "parity": {}}
            for runtime, precision, method in variants
        ]

    edit(folder, change)


def test_its_vectors_are_those_of_its_source(clip, exported_clip):
    found = Exported.open(exported_clip)
    for ours, theirs in (
        (found.encode_texts(TEXTS), clip.encode_texts(TEXTS)),
        (found.encode_images(pictures()), clip.encode_images(pictures())),
    ):
        assert ours.dtype == np.float32 and ours.shape == theirs.shape
        assert (ours * theirs).sum(axis=1).min() > 0.999


def test_it_keeps_what_the_source_is(clip, exported_clip):
    found = encoders.load(str(exported_clip))
    assert isinstance(found, Exported)
    assert found.name == str(exported_clip)
    for name in ("width", "fingerprint", "modalities", "languages", "parameters", "image_size"):
        assert getattr(found, name) == getattr(clip, name), name
    assert found.runtime == "onnxruntime int8"


def test_it_runs_without_torch(exported_clip):
    code = (
        "import sys\nfrom PIL import Image\nfrom tuwen import encoders\n"
        "found = encoders.load(sys.argv[1])\nfound.encode_texts(['一只狗'])\n"
        "found.encode_images([Image.new('RGB', (9, 9))])\n"
        "print([name for name in ('torch', 'transformers', 'openvino', 'onnx') if name in sys.modules])"
    )
    spec = f"{exported_clip},runtime=onnx"
    done = subprocess.run([sys.executable, "-c", code, spec], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]" and not done.stderr


def test_an_item_is_the_same_whatever_stands_beside_it(exported_clip):
    found = Exported.open(exported_clip)
    together = found.encode_texts(TEXTS)
    apart = np.concatenate([found.encode_texts([text]) for text in TEXTS])
    np.testing.assert_array_equal(together, apart)
    images = pictures()
    images[2] = Image.new("RGB", (30, 30), "white")
    apart = np.concatenate([found.encode_images([image]) for image in images])
    np.testing.assert_array_equal(found.encode_images(images), apart)


def test_a_text_too_long_is_cut_and_counted(exported_clip):
    found = Exported.open(exported_clip)
    found.encode_texts(TEXTS)
    assert found.cut == 1


def test_nothing_gives_no_rows(exported_clip):
    found = Exported.open(exported_clip)
    assert found.encode_texts([]).shape == found.encode_images([]).shape == (0, found.width)


def test_a_question_in_words_needs_no_picture_tower(bundle_folder):
    (bundle_folder / "image-onnx-int8.onnx").write_bytes(b"broken")
    found = Exported.open(bundle_folder)
    assert found.encode_texts(["狗"]).shape == (1, 16)
    with pytest.raises(Damaged, match=r"image-onnx-int8\.onnx is not the file that was exported"):
        found.encode_images(pictures(1))


@pytest.mark.parametrize("name", ["text-onnx-int8.onnx", "tokenizer.json"])
def test_a_changed_file_is_damaged(bundle_folder, name):
    path = bundle_folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged, match="is not the file that was exported"):
        Exported.open(bundle_folder).encode_texts(["狗"])


def test_a_missing_file_is_told_when_it_is_opened(bundle_folder):
    (bundle_folder / "image-onnx-int8.onnx").unlink()
    with pytest.raises(Damaged, match=r"image-onnx-int8\.onnx is missing; copy the folder again"):
        Exported.open(bundle_folder)


def test_a_model_that_the_runtime_cannot_load_is_damaged(bundle_folder):
    from tuwen.encoders.runtimes.bundle import File

    path = bundle_folder / "text-onnx-int8.onnx"
    path.write_bytes(b"\x08\x0a not a model")

    def change(about):
        file = File.of(path)
        about["variants"][0]["towers"]["text"] = [
            {"name": file.name, "size": file.size, "sha256": file.sha256}
        ]

    edit(bundle_folder, change)
    with pytest.raises(Damaged, match="cannot be loaded by ONNX Runtime"):
        Exported.open(bundle_folder).encode_texts(["狗"])


def test_a_newer_format_asks_for_an_update(bundle_folder):
    edit(bundle_folder, lambda about: about.update(format=99))
    with pytest.raises(Damaged, match=r"newer version \(format 99\); update tuwen"):
        Exported.open(bundle_folder)


FASTEST = [
    (("openvino", "int8", "calibrated"), "openvino int8, calibrated"),
    (("onnx", "int8", "dynamic"), "onnxruntime int8"),
    (("openvino", "int8", "weights"), "openvino int8, weights"),
    (("openvino", "bf16", ""), "openvino bf16"),
    (("openvino", "fp32", ""), "openvino fp32"),
    (("onnx", "fp32", ""), "onnxruntime fp32"),
    (("onnx", "bf16", ""), "onnxruntime bf16"),
]


@pytest.mark.parametrize("first", range(len(FASTEST)), ids=lambda at: FASTEST[at][1])
def test_the_fastest_of_what_is_there_is_taken(bundle_folder, monkeypatch, first):
    monkeypatch.setattr(runtimes, "installed", lambda runtime: True)
    add_variants(bundle_folder, *(variant for variant, _ in reversed(FASTEST[first:])))
    assert Exported.open(bundle_folder).runtime == FASTEST[first][1]


def test_the_fastest_that_is_installed_is_taken(bundle_folder, monkeypatch):
    monkeypatch.setattr(runtimes, "installed", lambda runtime: runtime == "onnx")
    add_variants(bundle_folder, ("openvino", "int8", "calibrated"), ("onnx", "fp32", ""))
    assert Exported.open(bundle_folder).runtime == "onnxruntime fp32"


def test_a_runtime_that_is_not_installed_names_its_extra(bundle_folder, monkeypatch):
    monkeypatch.setattr(runtimes, "installed", lambda runtime: runtime == "onnx")
    add_variants(bundle_folder, ("openvino", "int8", "calibrated"), ("onnx", "fp32", ""))
    with pytest.raises(MissingExtra, match=r"openvino; install it with: pip install 'tuwen\[openvino\]'"):
        Exported.open(bundle_folder, runtime="openvino")


def test_what_is_asked_for_is_taken(bundle_folder):
    add_variants(bundle_folder, ("onnx", "int8", "dynamic"), ("onnx", "fp32", ""))
    assert encoders.load(f"{bundle_folder},precision=fp32").runtime == "onnxruntime fp32"


def test_what_was_not_exported_is_named(bundle_folder):
    with pytest.raises(InputError, match="has no onnx bf16; it has onnx int8"):
        Exported.open(bundle_folder, runtime="onnx", precision="bf16")
    with pytest.raises(UnknownName, match="no precision named 'int4'"):
        Exported.open(bundle_folder, precision="int4")
    with pytest.raises(InputError, match="threads is -1"):
        Exported.open(bundle_folder, threads=-1)
