"""Small models with random weights, exported once for all tests that look at exports."""

import json
import shutil

import pytest

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"红黑白狗猫在草地上跑的一只和",
    *"abcdefghij",
    *(f"##{c}" for c in "abcdefghij"),
]
SIDES = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}


def write_pixels(folder, size=32):
    """The description of an image processor that squashes."""
    about = {"image_processor_type": "ChineseCLIPImageProcessor", "do_resize": True, "do_center_crop": False,
             "size": {"height": size, "width": size}, "resample": 3, "image_mean": [0.48, 0.45, 0.4],
             "image_std": [0.26, 0.26, 0.27]}  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(about), encoding="utf-8")


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory):
    """A folder of a small Chinese-CLIP."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("clip-source")
    torch.manual_seed(0)
    config = transformers.ChineseCLIPConfig(
        text_config={"vocab_size": len(WORDS), **SIDES},
        vision_config={"image_size": 32, "patch_size": 16, **SIDES},
        projection_dim=16,
    )
    transformers.ChineseCLIPModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    write_pixels(folder)
    return folder


@pytest.fixture(scope="session")
def clip(clip_folder):
    """The small Chinese-CLIP, run by torch in float32."""
    from tuwen import encoders

    return encoders.load(f"{clip_folder},precision=fp32,device=cpu")


@pytest.fixture(scope="session")
def exported_clip(clip, tmp_path_factory):
    """The folder it was exported to for ONNX Runtime in int8; not to be changed."""
    pytest.importorskip("onnxscript")
    from tuwen.encoders import exporting

    folder = tmp_path_factory.mktemp("exported") / "clip"
    exporting.export(clip, folder)
    return folder


@pytest.fixture
def bundle_folder(exported_clip, tmp_path):
    """A copy of one's own of the exported folder."""
    return shutil.copytree(exported_clip, tmp_path / "bundle")
