"""Vision transformers compute what transformers' does, from every layout."""

import pytest

torch = pytest.importorskip("torch")

from tiny_networks import vit_state  # noqa: E402
from tuwen.encoders.networks import vit  # noqa: E402
from tuwen.encoders.networks.tensors import Tensors  # noqa: E402
from tuwen.errors import InputError  # noqa: E402


def made(state, layer="cls", **options):
    return vit.ViT(Tensors(state, "weights.pth", "vit"), layer, **options).eval()


def in_torchvision_names(state):
    names = {
        "cls_token": "class_token",
        "pos_embed": "encoder.pos_embedding",
        "patch_embed.proj": "conv_proj",
        "norm.": "encoder.ln.",
        "head": "heads.head",
    }
    inner = {
        "norm1": "ln_1",
        "norm2": "ln_2",
        "attn.qkv.": "self_attention.in_proj_",
        "attn.proj": "self_attention.out_proj",
        "mlp.fc1": "mlp.0",
        "mlp.fc2": "mlp.3",
    }
    found = {}
    for name, values in state.items():
        if name.startswith("blocks."):
            _, number, rest = name.split(".", 2)
            old = next(old for old in inner if rest.startswith(old))
            name = f"encoder.layers.encoder_layer_{number}.{inner[old]}{rest.removeprefix(old)}"
        else:
            old = next(old for old in names if name.startswith(old))
            name = names[old] + name.removeprefix(old)
        found[name] = values
    return found


@pytest.fixture
def pixels():
    return torch.randn(2, 3, 24, 24, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def model():
    """A tiny ViT of transformers."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(2)
    config = transformers.ViTConfig(
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        image_size=24,
        patch_size=8,
        initializer_range=0.2,
    )
    return transformers.ViTForImageClassification(config).eval()


def old_names(state):
    """As `save_pretrained` writes them."""
    parts = {
        "attention.q_proj": "attention.attention.query",
        "attention.k_proj": "attention.attention.key",
        "attention.v_proj": "attention.attention.value",
        "attention.o_proj": "attention.output.dense",
        "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense",
    }
    found = {}
    for name, values in state.items():
        for new, old in parts.items():
            name = name.replace(new, old)
        found[name.replace("vit.layers.", "vit.encoder.layer.")] = values
    return found


@pytest.mark.parametrize("naming", [dict, old_names], ids=["in memory", "on disk"])
def test_tokens_are_those_of_transformers(model, naming, pixels):
    network = made(vit.renamed(naming(model.state_dict())), heads=4, epsilon=1e-12)
    with torch.no_grad():
        expected = model.vit(pixels).last_hidden_state
        torch.testing.assert_close(network.tokens(pixels), expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(network(pixels), expected[:, 0], atol=1e-5, rtol=1e-5)


def test_the_layout_of_torchvision_gives_the_same(pixels):
    state = vit_state()
    torch.testing.assert_close(made(vit.renamed(in_torchvision_names(state)))(pixels), made(state)(pixels))


def test_mean_is_over_the_patches_without_the_class_token(pixels):
    state = vit_state()
    tokens = made(state).tokens(pixels)
    torch.testing.assert_close(made(state, "mean")(pixels), tokens[:, 1:].mean(dim=1))
    torch.testing.assert_close(made(state).parts(pixels), tokens[:, 1:])


def test_a_second_first_token_is_no_patch(pixels):
    state = vit_state(first=2)
    state["dist_token"] = torch.ones(1, 1, 64)
    network = made(state)
    assert network.tokens(pixels).shape == (2, 11, 64)
    assert network.parts(pixels).shape == (2, 9, 64)


def test_first_tokens_may_have_no_position(pixels):
    state = vit_state()
    state["cls_token"] = state["cls_token"] + state["pos_embed"][:, :1]
    without = state | {"pos_embed": state["pos_embed"][:, 1:]}
    state["pos_embed"] = torch.cat([torch.zeros(1, 1, 64), state["pos_embed"][:, 1:]], dim=1)
    torch.testing.assert_close(made(without)(pixels), made(state)(pixels))


def test_layer_scale_scales_each_step(pixels):
    state = vit_state(depth=1)
    state |= {f"blocks.0.ls{n}.gamma": torch.zeros(64) for n in (1, 2)}
    network = made(state)
    embedded = torch.cat([network.first.expand(2, -1, -1), network.patches(pixels).flatten(2).mT], dim=1)
    torch.testing.assert_close(network.tokens(pixels), network.norm(embedded + network.positions))


def test_sizes_follow_from_the_tensors():
    network = made(vit_state(width=192, patch=4, side=5))
    assert (network.width, network.image_size, network.heads) == (192, 20, 3)
    assert network.architecture == "vit-tiny-4"


@pytest.mark.parametrize(
    "name", ["blocks.1.mlp.fc2.bias", "norm.weight", "pos_embed", "patch_embed.proj.bias"]
)
def test_a_missing_tensor_is_named(name):
    state = vit_state()
    del state[name]
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        made(state)


def test_a_gap_between_blocks_is_seen():
    state = vit_state(depth=3)
    state = {name: values for name, values in state.items() if not name.startswith("blocks.1.")}
    with pytest.raises(InputError, match=r"blocks\.2"):
        made(state)


def test_an_odd_width_needs_its_configuration():
    with pytest.raises(InputError, match=r"config\.json"):
        made(vit_state(width=48))


def test_a_vit_without_a_class_token_is_refused_by_name():
    state = vit_state()
    del state["cls_token"]
    with pytest.raises(InputError, match="class token"):
        made(state)


def test_positions_that_are_no_square_are_refused():
    state = vit_state()
    state["pos_embed"] = torch.zeros(1, 12, 64)
    with pytest.raises(InputError, match="no square"):
        made(state)
