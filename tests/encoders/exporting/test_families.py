"""Every family with towers, exported: the vectors of its source, whatever stands beside an item."""

from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

for name in ("torch", "transformers", "safetensors", "onnxscript"):
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed", allow_module_level=True)

import plain_clip as plain  # noqa: E402
import tiny_duals as tiny  # noqa: E402
from tuwen import encoders  # noqa: E402
from tuwen.encoders import exporting  # noqa: E402
from tuwen.encoders.exported import Exported  # noqa: E402

SIDES = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}


def make_clip(folder):
    tiny.clip_folder(folder)
    return str(folder)


def make_altclip(folder):
    tiny.altclip_folder(folder)
    return str(folder)


def make_siglip(folder):
    tiny.siglip_folder(folder)
    return str(folder)


def make_siglip2(folder):
    tiny.siglip_folder(folder, second=True)
    return str(folder)


def make_vision(folder):
    import torch
    from transformers import ResNetConfig, ResNetModel

    torch.manual_seed(0)
    config = ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 16, 32, 32], depths=[1] * 4, layer_type="basic"
    )
    ResNetModel(config).save_pretrained(folder)
    return f"vision:{folder},pixels=imagenet"


def make_language(folder):
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    signs = sorted(set("".join(tiny.TEXTS).lower()) - {" "})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *signs, *(f"##{sign}" for sign in signs)]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    BertModel(BertConfig(vocab_size=len(words), **SIDES)).save_pretrained(folder)
    return f"language:{folder},pooling=mean"


MAKERS = [make_clip, make_altclip, make_siglip, make_siglip2, make_vision, make_language]


@pytest.fixture(scope="module", params=MAKERS, ids=lambda make: make.__name__.removeprefix("make_"))
def pair(request, tmp_path_factory):
    """A source and what it was exported to, in float32."""
    folder = tmp_path_factory.mktemp("family")
    (folder / "source").mkdir()
    source = encoders.load(request.param(folder / "source"))
    exporting.export(source, folder / "made", precision="fp32")
    return source, Exported.open(folder / "made")


def test_the_vectors_are_those_of_the_source(pair):
    source, exported = pair
    assert exported.modalities == source.modalities
    assert (exported.fingerprint, exported.width) == (source.fingerprint, source.width)
    if "text" in source.modalities:
        texts = [*tiny.TEXTS, "", "a" * 300]
        np.testing.assert_allclose(exported.encode_texts(texts), source.encode_texts(texts), atol=2e-5)
    if "image" in source.modalities:
        rng = np.random.default_rng(0)
        images = [Image.fromarray(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)) for _ in range(3)]
        np.testing.assert_allclose(exported.encode_images(images), source.encode_images(images), atol=2e-5)


def test_a_text_alone_is_what_it_is_in_company(pair):
    _, exported = pair
    if "text" not in exported.modalities:
        pytest.skip("encodes no texts")
    alone = np.concatenate([exported.encode_texts([text]) for text in tiny.TEXTS])
    np.testing.assert_allclose(exported.encode_texts(tiny.TEXTS), alone, atol=2e-6)


def test_the_resnet_of_clip_with_its_pooling_by_attention_is_exported(tmp_path):
    import torch

    from tuwen.encoders.exporting import graphs
    from tuwen.encoders.inputs.recipe import Recipe
    from tuwen.encoders.networks.modified_resnet import ModifiedResNet
    from tuwen.encoders.runtimes.onnx import OnnxTower

    model = plain.settle(plain.ResNet())
    network = ModifiedResNet({f"visual.{name}": one for name, one in model.state_dict().items()}, "x").eval()
    recipe = Recipe(size=network.size)
    with graphs.quiet():
        graphs.picture_graph(network, recipe, tmp_path / "graph.onnx")
    pixels = np.random.default_rng(0).integers(0, 256, (3, network.size, network.size, 3), dtype=np.uint8)
    (found,) = OnnxTower(tmp_path / "graph.onnx", "fp32").run([{"pixels": pixels}])
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(model(torch.from_numpy(recipe.normalise(pixels))), dim=-1)
    np.testing.assert_allclose(found, expected.numpy(), atol=2e-5)
