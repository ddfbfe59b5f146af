"""Picture features from local weights: every layout, what decides about the space, and bad input."""

import json

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.torch import save_file  # noqa: E402

from tiny_networks import resnet_state, vgg_state, vit_state  # noqa: E402
from tuwen import encoders  # noqa: E402
from tuwen.encoders.vision import Vision  # noqa: E402
from tuwen.errors import Damaged, InputError, PictureError, UnknownName  # noqa: E402

TIMM = {
    "architecture": "tiny",
    "pretrained_cfg": {
        "input_size": [3, 24, 24],
        "interpolation": "bilinear",
        "crop_pct": 0.875,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    },
}


def picture(seed, width=90, height=70):
    """Soft blobs, which survive being resized."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


PICTURES = [picture(seed) for seed in range(3)]


@pytest.fixture
def resnet(tmp_path):
    path = tmp_path / "resnet.pth"
    torch.save(resnet_state(), path)
    return path


@pytest.fixture
def vgg(tmp_path):
    path = tmp_path / "vgg.pth"
    torch.save(vgg_state(), path)
    return path


@pytest.fixture
def vit(tmp_path):
    """A folder as timm's are."""
    folder = tmp_path / "vit"
    folder.mkdir()
    save_file(vit_state(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(TIMM))
    return folder


def test_a_file_is_opened_by_its_tensors(resnet, vgg, vit):
    for path, architecture, layer, width in [
        (resnet, "resnet", "pooled", 32),
        (vgg, "vgg", "fc7", 11),
        (vit, "vit-64-8", "cls", 64),
    ]:
        encoder = encoders.load(str(path))
        assert isinstance(encoder, Vision)
        assert (encoder.architecture, encoder.layer, encoder.width) == (architecture, layer, width)
        assert encoder.modalities == {"image"}
        vectors = encoder.encode(PICTURES, "image")
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert encoder.runtime == "torch fp32 on cpu"


def test_raw_rows_are_what_the_network_gives(resnet):
    from tuwen.encoders.networks.resnet import ResNet
    from tuwen.encoders.networks.tensors import Tensors

    encoder = Vision.open(resnet)
    network = ResNet(Tensors(resnet_state(), "", "resnet"))
    values = encoder.recipe.normalise(np.stack([encoder.prepare(image) for image in PICTURES]))
    expected = network(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(encoder.encode_images(PICTURES, unit=False), expected, atol=1e-4)


def test_a_batch_gives_what_single_pictures_give(vit):
    encoder = Vision.open(vit)
    together = encoder.encode_images(PICTURES)
    apart = np.concatenate([encoder.encode_images([image]) for image in PICTURES])
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_every_file_format_is_one_space(resnet, tmp_path):
    state = resnet_state()
    save_file(state, tmp_path / "plain.safetensors")
    torch.save(
        {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}},
        tmp_path / "a.pt",
    )
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    first = Vision.open(resnet)
    for name in ("plain.safetensors", "a.pt", "old.pth"):
        other = Vision.open(tmp_path / name)
        assert other.fingerprint == first.fingerprint
        np.testing.assert_array_equal(other.encode_images(PICTURES), first.encode_images(PICTURES))


def test_a_folder_of_transformers_and_torchvisions_layout_agree(tmp_path):
    transformers = pytest.importorskip("transformers")
    from tuwen.encoders.networks.building import quiet
    from tuwen.encoders.networks.resnet import from_transformers

    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[2, 1, 1, 1], layer_type="basic"
    )
    torch.manual_seed(0)
    model = transformers.ResNetForImageClassification(config)
    folder = tmp_path / "resnet-tiny"
    with quiet():
        model.save_pretrained(folder)
    processor = {
        "image_processor_type": "ConvNextImageProcessor",
        "size": {"shortest_edge": 64},
        "resample": 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    other = tmp_path / "other"
    other.mkdir()
    save_file(from_transformers(model.state_dict()), other / "model.safetensors")
    like = {"input_size": [3, 64, 64], "interpolation": "bicubic", "crop_pct": 0.875}
    about = {"architecture": "resnet", "pretrained_cfg": TIMM["pretrained_cfg"] | like}
    (other / "config.json").write_text(json.dumps(about))
    one, two = encoders.load(str(folder)), encoders.load(str(other))
    images = [picture(seed, 96, 72) for seed in range(3)]  # cut alike by both: no half pixels
    np.testing.assert_allclose(one.encode_images(images), two.encode_images(images), atol=1e-5)
    with torch.no_grad():
        values = one.recipe.normalise(np.stack([one.prepare(image) for image in images]))
        expected = model.resnet.eval()(torch.from_numpy(values)).pooler_output.flatten(1).numpy()
    np.testing.assert_allclose(one.encode_images(images, unit=False), expected, atol=1e-5)


@pytest.mark.parametrize("layer", ["cls", "mean", "pooled"])
def test_other_networks_of_transformers_are_run_as_it_runs_them(tmp_path, layer):
    transformers = pytest.importorskip("transformers")
    from tuwen.encoders.networks.building import quiet

    config = transformers.Dinov2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=24, patch_size=8
    )
    torch.manual_seed(0)
    model = transformers.Dinov2Model(config).eval()
    with quiet():
        model.save_pretrained(tmp_path / "dino")
    processor = {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 28}, "resample": 3}
    processor |= {"do_center_crop": True, "crop_size": {"height": 24, "width": 24}}
    (tmp_path / "dino" / "preprocessor_config.json").write_text(json.dumps(processor))
    encoder = encoders.load(f"{tmp_path / 'dino'},layer={layer}")
    assert encoder.architecture == "dinov2"
    values = torch.from_numpy(
        encoder.recipe.normalise(np.stack([encoder.prepare(image) for image in PICTURES]))
    )
    with torch.no_grad():
        found = model(pixel_values=values)
    tokens = found.last_hidden_state
    expected = {"cls": tokens[:, 0], "mean": tokens[:, 1:].mean(dim=1), "pooled": found.pooler_output}[layer]
    np.testing.assert_allclose(encoder.encode_images(PICTURES, unit=False), expected.numpy(), atol=1e-5)
    np.testing.assert_allclose(encoder.patch_tokens(PICTURES), tokens[:, 1:].numpy(), atol=1e-5)


def test_patch_tokens_have_a_row_a_part(resnet, vgg, vit):
    assert Vision.open(vit).patch_tokens(PICTURES).shape == (3, 9, 64)
    assert Vision.open(vgg).patch_tokens(PICTURES).shape == (3, 16, 8)
    found = Vision.open(resnet).patch_tokens(PICTURES, dtype="float16")
    assert found.shape == (3, 49, 32)
    assert found.dtype == np.float16
    assert Vision.open(vit).patch_tokens([]).shape == (0, 9, 64)


def test_patch_tokens_of_many_pictures_keep_their_order(vit):
    encoder = Vision.open(vit)
    many = PICTURES * 7  # more than a batch
    tokens = encoder.patch_tokens(many)
    np.testing.assert_allclose(tokens, np.tile(encoder.patch_tokens(PICTURES), (7, 1, 1)), atol=1e-5)


def test_patch_tokens_of_what_is_no_picture_are_refused(vit, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(PictureError):
        Vision.open(vit).patch_tokens([PICTURES[0], tmp_path / "bad.jpg"])
    with pytest.raises(InputError, match="is one path"):
        Vision.open(vit).patch_tokens(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="float32 or float16"):
        Vision.open(vit).patch_tokens(PICTURES, dtype="int8")


def test_the_mean_of_patch_tokens_is_the_mean_layer(vit):
    encoder = Vision.open(vit, layer="mean")
    expected = encoder.patch_tokens(PICTURES).mean(axis=1)
    np.testing.assert_allclose(encoder.encode_images(PICTURES, unit=False), expected, atol=1e-5)


def test_the_layer_is_an_option_of_the_name(vgg):
    encoder = encoders.load(f"vision:{vgg},layer=fc6")
    assert (encoder.layer, encoder.width) == ("fc6", 10)
    assert encoder.name == f"vision:{vgg},layer=fc6"


def test_layers_weights_and_preparation_are_different_spaces(vgg, tmp_path):
    first = Vision.open(vgg)
    torch.save(vgg_state(seed=1), tmp_path / "other.pth")
    others = [
        Vision.open(vgg, layer="fc6"),
        Vision.open(vgg, pixels="inception"),
        Vision.open(vgg, pixels="caffe"),
        Vision.open(tmp_path / "other.pth"),
    ]
    assert len({encoder.fingerprint for encoder in [first, *others]}) == 5
    assert Vision.open(vgg, pixels="imagenet").fingerprint == first.fingerprint


def test_what_lies_behind_the_layer_does_not_matter(tmp_path, vgg):
    state = {name: value for name, value in vgg_state().items() if not name.startswith("classifier.6")}
    torch.save(state, tmp_path / "headless.pth")
    assert Vision.open(tmp_path / "headless.pth").fingerprint == Vision.open(vgg).fingerprint


def test_caffe_weights_see_blue_first(tmp_path):
    state = vgg_state()
    torch.save(state, tmp_path / "caffe.pth")
    encoder = Vision.open(tmp_path / "caffe.pth", pixels="caffe", layer="conv5")
    pixels = np.stack([encoder.prepare(image) for image in PICTURES])
    from tuwen.encoders.networks.tensors import Tensors
    from tuwen.encoders.networks.vgg import VGG

    values = pixels[..., ::-1].astype(np.float32) - np.float32([103.939, 116.779, 123.68])
    expected = VGG(Tensors(state, "", "vgg"), "conv5")(torch.from_numpy(values).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(encoder.encode_images(PICTURES, unit=False), expected, rtol=1e-4, atol=1e-3)


def test_bf16_is_near_fp32(vit):
    exact, rough = Vision.open(vit), Vision.open(vit, precision="bf16")
    assert rough.runtime == "torch bf16 on cpu"
    assert rough.fingerprint == exact.fingerprint
    cosines = (exact.encode_images(PICTURES) * rough.encode_images(PICTURES)).sum(axis=1)
    assert cosines.min() > 0.999


def test_towers_are_the_network_and_no_texts(vit):
    encoder = Vision.open(vit)
    images, texts = encoder.towers()
    assert texts is None
    values = encoder.recipe.normalise(np.stack([encoder.prepare(image) for image in PICTURES]))
    with torch.no_grad():
        found = images(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(found, encoder.encode_images(PICTURES, unit=False), atol=1e-5)


def test_no_pictures_give_no_rows(vgg):
    assert Vision.open(vgg).encode_images([]).shape == (0, 11)
    assert Vision.open(vgg).encode_prepared(np.empty((0, 16, 16, 3), dtype=np.uint8)).shape == (0, 11)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1"])
def test_every_picture_mode_is_accepted(vit, mode):
    assert np.isfinite(Vision.open(vit).encode_images([PICTURES[0].convert(mode)])).all()


def test_texts_are_refused(vit):
    with pytest.raises(InputError, match="does not encode texts, only images"):
        Vision.open(vit).encode_texts(["a dog"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layer": "fc8"}, "no layer named 'fc8'; did you mean 'fc7'"),
        ({"precision": "int8"}, "no precision named 'int8'"),
        ({"device": "gpu"}, "no device named 'gpu'"),
        ({"pixels": "imagnet"}, "did you mean 'imagenet'"),
    ],
)
def test_an_unknown_option_suggests_the_nearest(vgg, options, words):
    with pytest.raises(UnknownName, match=words):
        Vision.open(vgg, **options)


def test_a_gpu_that_is_not_there_is_said(vgg):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(InputError, match="device=cpu"):
        Vision.open(vgg, device="cuda:3")


def test_a_file_that_holds_another_architecture_is_refused(resnet):
    with pytest.raises(InputError, match="holds a resnet, not a vgg16"):
        Vision.open(resnet, architecture="vgg16")


def test_a_description_for_other_pictures_is_refused(vit):
    about = TIMM | {"pretrained_cfg": TIMM["pretrained_cfg"] | {"input_size": [3, 32, 32]}}
    (vit / "config.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match="24 pixels, but the description beside them says 32"):
        Vision.open(vit)


def test_a_vit_that_nothing_describes_asks_for_its_pixels(vit):
    (vit / "config.json").unlink()
    with pytest.raises(InputError, match="pixels=inception"):
        Vision.open(vit)
    assert Vision.open(vit, pixels="inception").recipe.mean == (0.5, 0.5, 0.5)


def test_a_file_that_ends_too_early_is_damaged(resnet, tmp_path):
    save_file(resnet_state(), tmp_path / "cut.safetensors")
    for path in (resnet, tmp_path / "cut.safetensors"):
        path.write_bytes(path.read_bytes()[:-5000])
        with pytest.raises(Damaged, match="too early"):
            Vision.open(path)


def test_a_pickle_of_a_whole_model_is_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pth")
    with pytest.raises(InputError, match="save its state_dict alone"):
        Vision.open(tmp_path / "model.pth")


def test_tensors_of_something_else_are_refused(tmp_path):
    torch.save({"weight": torch.zeros(3, 3), "bias": torch.zeros(3)}, tmp_path / "linear.pth")
    with pytest.raises(InputError, match="no vgg, resnet or vit"):
        Vision.open(tmp_path / "linear.pth")


def test_a_dual_encoder_is_refused(tmp_path):
    pytest.importorskip("transformers")
    save_file({"a": torch.zeros(2), "b": torch.zeros(2)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip"}))
    with pytest.raises(InputError, match="does not encode pictures alone"):
        Vision.open(tmp_path)


@pytest.mark.parametrize("config", ["[]", "{", '{"model_type": "resnext-gpt"}'])
def test_an_odd_configuration_is_refused(vit, config):
    pytest.importorskip("transformers")
    (vit / "config.json").write_text(config)
    with pytest.raises((InputError, Damaged), match=r"config\.json"):
        Vision.open(vit)
