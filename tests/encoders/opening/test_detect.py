"""Which family opens a folder or a file, told by what lies there."""

import json

import numpy as np
import pytest

from tuwen.encoders.opening.detect import family_of
from tuwen.errors import Damaged, InputError


def write(folder, **files):
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("files", "family"),
    [
        ({"encoder__json": {"name": "tfidf"}, "config__json": {"model_type": "bert"}}, "tfidf"),
        ({"config__json": {"model_type": "chinese_clip"}}, "clip"),
        ({"config__json": {"model_type": "siglip2"}}, "clip"),
        ({"config__json": {"model_type": "vit"}}, "vision"),
        ({"config__json": {"architecture": "resnet18", "pretrained_cfg": {}}}, "vision"),
        ({"config__json": {"model_type": "ernie"}}, "language"),
        ({"open_clip_config__json": {}}, "clip"),
        ({"vectors__npy": "", "vocab__txt": ""}, "word2vec"),
        ({"vectors__npz": "", "chars_vocab__json": ""}, "word2vec"),
        ({"glove__txt": ""}, "word2vec"),
        ({"sgns_weibo__vec": "", "readme__txt": ""}, "word2vec"),
    ],
)
def test_a_folder_is_known_by_its_description(tmp_path, files, family):
    assert family_of(write(tmp_path, **files)) == family


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("features.npz", "stored"),
        ("FEATURES.NPZ", "stored"),
        ("sgns.vec", "word2vec"),
        ("glove.6B.300d.txt", "word2vec"),
        ("wiki.vec.gz", "word2vec"),
        ("word2vec.bin", "word2vec"),
    ],
)
def test_a_file_is_known_by_its_ending(tmp_path, name, family):
    (tmp_path / name).touch()
    assert family_of(tmp_path / name) == family


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (["module.visual.conv1.weight", "module.bert.embeddings.word_embeddings.weight"], "clip"),
        (["visual.proj", "token_embedding.weight"], "clip"),
        (["vision_model.embeddings.class_embedding", "text_model.embeddings.position_ids"], "clip"),
        (["features.0.weight", "classifier.6.bias"], "vision"),
        (["conv1.weight", "layer1.0.conv1.weight"], "vision"),
        (["cls_token", "patch_embed.proj.weight"], "vision"),
        (["class_token", "conv_proj.weight", "encoder.layers.encoder_layer_0.ln_1.bias"], "vision"),
        (["vit.embeddings.cls_token", "vit.encoder.layer.0.output.dense.bias"], "vision"),
        (["resnet.embedder.embedder.convolution.weight"], "vision"),
        (
            ["bert.embeddings.word_embeddings.weight", "bert.embeddings.position_embeddings.weight"],
            "language",
        ),
        (["embeddings.word_embeddings.weight"], "language"),
    ],
)
def test_a_checkpoint_is_known_by_its_tensors(tmp_path, names, family):
    save = pytest.importorskip("safetensors.numpy").save_file
    save({name: np.zeros(1, dtype=np.float32) for name in names}, tmp_path / "weights.safetensors")
    assert family_of(tmp_path / "weights.safetensors") == family
    assert family_of(tmp_path) == family


def test_tensors_of_nothing_known_are_shown(tmp_path):
    save = pytest.importorskip("safetensors.numpy").save_file
    save({"a.weight": np.zeros(1), "b.weight": np.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"it has a\.weight, b\.weight \.\.\..*name the family"):
        family_of(tmp_path / "w.safetensors")


@pytest.mark.parametrize("name", ["model.h5", "notes.md", "model"])
def test_an_unknown_ending_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(InputError, match="name the family in front"):
        family_of(tmp_path / name)


def test_a_folder_of_other_things_is_no_encoder(tmp_path):
    for name in ("notes.txt", "features.npz", "photo.jpg", "captions.csv"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"holds no encoder: no encoder\.json"):
        family_of(tmp_path)


def test_an_empty_folder_and_several_checkpoints_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no encoder: no encoder\.json"):
        family_of(tmp_path)
    for name in ("a.pt", "b.pt"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"several checkpoints \(a\.pt, b\.pt\).*name one of them"):
        family_of(tmp_path)


@pytest.mark.parametrize("content", [{}, [], {"name": 3}])
def test_a_description_without_a_name_is_refused(tmp_path, content):
    with pytest.raises(InputError, match="does not say which encoder it is"):
        family_of(write(tmp_path, encoder__json=content))


def test_a_broken_description_is_damaged(tmp_path):
    with pytest.raises(Damaged, match="not readable JSON"):
        family_of(write(tmp_path, config__json="{"))


def test_a_truncated_checkpoint_is_an_error_of_ours(tmp_path):
    pytest.importorskip("safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    with pytest.raises((InputError, Damaged)):
        family_of(tmp_path)
