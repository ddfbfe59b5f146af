"""Picture features from TFLite, ONNX and OpenVINO files: where the feature is, how pixels go in."""

import csv
import shutil

import numpy as np
import pytest
from PIL import Image

openvino = pytest.importorskip("openvino")

from tuwen import encoders  # noqa: E402
from tuwen.encoders.graph import Graph  # noqa: E402
from tuwen.errors import Damaged, InputError, UnknownName  # noqa: E402

SIDE = 16
PICTURES = [
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (20, 24, 3), dtype=np.uint8))
    for seed in range(11)
]


def weights(*shape):
    return np.random.default_rng(shape[0]).normal(0, 0.1, shape).astype(np.float32)


def network(path, *, kind="u8", channels_last=True, batch=1, reshape=None, classifier=True, side=SIDE):
    """A convolution, a mean over places, and a classifier of 5; saved as OpenVINO saves."""
    ops = openvino.opset8
    shape = [batch, side, side, 3] if channels_last else [batch, 3, side, side]
    pixels = ops.parameter(shape, getattr(np, {"u8": "uint8", "f32": "float32", "i64": "int64"}[kind]))
    values = ops.convert(pixels, "f32")
    if channels_last:
        values = ops.transpose(values, [0, 3, 1, 2])
    maps = ops.relu(ops.convolution(values, weights(7, 3, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]))
    found = ops.reduce_mean(maps, [2, 3], keep_dims=False) if classifier else maps
    if classifier:
        found = ops.matmul(found, weights(7, 5), False, False)
    if reshape:
        found = ops.reshape(found, reshape, False)
    if classifier:
        found = ops.softmax(found, 1)
    openvino.save_model(openvino.Model([ops.result(found)], [pixels], "tiny"), path, compress_to_fp16=False)
    return path


def expected(values):
    """The feature of pixels (n, 3, side, side) as they go into the convolution."""
    torch = pytest.importorskip("torch")
    maps = torch.conv2d(torch.from_numpy(values.copy()), torch.from_numpy(weights(7, 3, 3, 3)), padding=1)
    return torch.relu(maps).mean(dim=(2, 3)).numpy()


@pytest.fixture
def path(tmp_path):
    return network(tmp_path / "tiny.xml")


def test_the_feature_is_what_the_classifier_is_given(path):
    encoder = Graph.open(path)
    assert (encoder.width, encoder.image_size, encoder.modalities) == (7, SIDE, {"image"})
    pixels = np.stack([encoder.prepare(image) for image in PICTURES])
    values = pixels.transpose(0, 3, 1, 2).astype(np.float32)
    np.testing.assert_allclose(encoder.encode_images(PICTURES, unit=False), expected(values), rtol=1e-4)


def test_the_output_is_what_the_network_gives(path):
    found = Graph.open(path, layer="output").encode_images(PICTURES, unit=False)
    assert found.shape == (11, 5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_floats_are_scaled_as_named(tmp_path):
    path = network(tmp_path / "tiny.xml", kind="f32", channels_last=False)
    encoder = Graph.open(path, pixels="imagenet")
    pixels = np.stack([encoder.prepare(image) for image in PICTURES])
    values = encoder.recipe.normalise(pixels)
    found = encoder.encode_images(PICTURES, unit=False)
    np.testing.assert_allclose(found, expected(values), rtol=1e-4, atol=1e-5)
    last = Graph.open(network(tmp_path / "last.xml", kind="f32"), pixels="imagenet")
    np.testing.assert_allclose(last.encode_images(PICTURES, unit=False), found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_a_size_fixed_inside_the_network_is_kept(tmp_path, batch):
    free = Graph.open(network(tmp_path / "free.xml"), layer="output")
    fixed = Graph.open(network(tmp_path / "fixed.xml", batch=batch, reshape=[batch, 5]), layer="output")
    np.testing.assert_allclose(
        fixed.encode_images(PICTURES, unit=False), free.encode_images(PICTURES, unit=False), atol=1e-6
    )


def test_a_picture_may_be_squashed(path):
    squashed = Graph.open(path, resize="squash")
    expected_pixels = PICTURES[0].resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    difference = squashed.prepare(PICTURES[0]).astype(int) - np.asarray(expected_pixels)
    assert np.abs(difference).max() <= 1
    assert squashed.fingerprint != Graph.open(path).fingerprint


def test_it_is_found_by_the_ending(path):
    encoder = encoders.load(f"{path},layer=output")
    assert isinstance(encoder, Graph)
    assert encoder.name == f"{path},layer=output"


def test_weights_and_layer_are_the_space(path, tmp_path):
    first = Graph.open(path).fingerprint
    for suffix in (".xml", ".bin"):
        shutil.copy(path.with_suffix(suffix), tmp_path / f"copy{suffix}")
    assert Graph.open(tmp_path / "copy.xml").fingerprint == first
    assert Graph.open(path, layer="output").fingerprint != first
    binary = path.with_suffix(".bin")
    binary.write_bytes(binary.read_bytes()[:-4] + np.float32(0.5).tobytes())
    assert Graph.open(path).fingerprint != first


def test_no_pictures_give_no_rows(path):
    assert Graph.open(path).encode_images([]).shape == (0, 7)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"kind": "f32"}, {}, "pixels=imagenet"),
        ({}, {"pixels": "imagenet"}, "takes bytes"),
        ({"kind": "i64"}, {}, "values of type i64"),
        ({"classifier": False}, {}, "layer=output"),
        ({"side": -1}, {}, "square pictures of a fixed size"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, options, words):
    path = network(tmp_path / "odd.xml", **change)
    with pytest.raises(InputError, match=words):
        Graph.open(path, **options)


def test_unknown_names_suggest_the_nearest(path, tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'features'"):
        Graph.open(path, layer="feature")
    with pytest.raises(UnknownName, match="did you mean 'imagenet'"):
        Graph.open(network(tmp_path / "f.xml", kind="f32"), pixels="imagnet")


@pytest.mark.parametrize("suffix", [".tflite", ".onnx", ".xml"])
def test_a_broken_file_is_damaged(tmp_path, suffix):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(Damaged, match="download or convert it again"):
        Graph.open(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no \.tflite, \.onnx or \.xml"):
        Graph.open(tmp_path / "model.h5")


def test_texts_are_refused(path):
    with pytest.raises(InputError, match="does not encode texts"):
        Graph.open(path).encode_texts(["a dog"])


def test_real_weights_know_real_pictures(data_folder):
    """MobileNetV2 in TFLite: pictures with a dog in the caption are nearer to each other than to others."""
    weights, folder = data_folder / "weights" / "mobilenet_v2_1.0_224_quant.tflite", data_folder / "flickr8k"
    if not weights.is_file() or not folder.is_dir():
        pytest.skip("no weights or no Flickr8k in the test data")
    with (folder / "val.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["language"] == "en"]
    dogs = dict.fromkeys(row["image"] for row in rows if " dog " in row["caption"])
    people = dict.fromkeys(row["image"] for row in rows if "people" in row["caption"])
    names = [name for name in dogs if name not in people][:12] + [
        name for name in people if name not in dogs
    ][:12]
    files = [next(folder.rglob(name.rpartition("/")[2])) for name in names]
    vectors = Graph.open(weights).encode_images(files)
    assert vectors.shape == (24, 1280)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, np.nan)
    assert np.nanmean(scores[:12, :12]) > np.nanmean(scores[:12, 12:]) + 0.02


@pytest.mark.parametrize("channels_last", [True, False])
def test_patch_tokens_are_the_places_that_the_feature_is_the_mean_of(tmp_path, channels_last):
    encoder = Graph.open(network(tmp_path / "tiny.xml", channels_last=channels_last))
    tokens = encoder.patch_tokens(PICTURES)
    assert tokens.shape == (11, SIDE * SIDE, 7)
    means = tokens.mean(axis=1)
    np.testing.assert_allclose(means, encoder.encode_images(PICTURES, unit=False), rtol=1e-3, atol=1e-4)
    assert encoder.patch_tokens([]).shape == (0, SIDE * SIDE, 7)


def test_a_network_without_places_has_no_patches(tmp_path):
    ops = openvino.opset8
    pixels = ops.parameter([1, SIDE, SIDE, 3], np.uint8)
    flat = ops.reshape(ops.convert(pixels, "f32"), [1, -1], False)
    scores = ops.matmul(flat, weights(SIDE * SIDE * 3, 5), False, False)
    openvino.save_model(openvino.Model([ops.result(scores)], [pixels], "flat"), tmp_path / "flat.xml")
    with pytest.raises(InputError, match="has no map of places"):
        Graph.open(tmp_path / "flat.xml", layer="output").patch_tokens(PICTURES)
