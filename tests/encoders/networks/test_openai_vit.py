"""The architectures that were published, told from the shapes of their tensors alone."""

import pytest

torch = pytest.importorskip("torch")

from tuwen.encoders.networks import chinese_clip, open_clip, openai_vit  # noqa: E402
from tuwen.errors import InputError  # noqa: E402


def meta(**shapes):
    """Tensors of these shapes that hold nothing."""
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def vision(width, layers, patch, side, inner=None):
    """The tensors of a picture tower that tell what it is."""
    inner = inner or 4 * width
    return meta(
        **{
            "visual.conv1.weight": (width, 3, patch, patch),
            "visual.positional_embedding": ((side // patch) ** 2 + 1, width),
            "visual.transformer.resblocks.0.mlp.c_fc.weight": (inner, width),
            f"visual.transformer.resblocks.{layers - 1}.ln_1.weight": (width,),
        }
    )


def bert(width, layers):
    """The tensors of a text tower of Chinese-CLIP that tell what it is."""
    return meta(
        **{
            "bert.embeddings.word_embeddings.weight": (21128, width),
            "bert.embeddings.position_embeddings.weight": (512, width),
            "bert.embeddings.token_type_embeddings.weight": (2, width),
            "bert.encoder.layer.0.intermediate.dense.weight": (4 * width, width),
            f"bert.encoder.layer.{layers - 1}.output.dense.bias": (width,),
            "text_projection": (width, 512),
        }
    )


@pytest.mark.parametrize(
    ("name", "picture", "text", "heads"),
    [
        ("ViT-B-16", (768, 12, 16, 224), (768, 12), (12, 12)),
        ("ViT-L-14", (1024, 24, 14, 224), (768, 12), (16, 12)),
        ("ViT-L-14-336", (1024, 24, 14, 336), (768, 12), (16, 12)),
        ("ViT-H-14", (1280, 32, 14, 224), (1024, 24), (16, 16)),
    ],
)
def test_the_published_chinese_clips(name, picture, text, heads):
    width, layers, patch, side = picture
    config = chinese_clip.config(vision(*picture) | bert(*text), name)
    found = config["vision_config"]
    assert (found["hidden_size"], found["num_hidden_layers"]) == (width, layers)
    assert (found["patch_size"], found["image_size"]) == (patch, side)
    assert (found["num_attention_heads"], config["text_config"]["num_attention_heads"]) == heads
    assert (found["hidden_act"], config["text_config"]["hidden_act"]) == ("quick_gelu", "gelu")
    assert config["text_config"]["num_hidden_layers"] == text[1]
    assert config["text_config"]["vocab_size"] == 21128
    assert config["projection_dim"] == 512


def test_the_text_tower_of_the_resnet_has_three_layers():
    assert chinese_clip.text_config(bert(768, 3), "RN50")["num_hidden_layers"] == 3


@pytest.mark.parametrize(
    ("width", "inner", "heads"), [(768, 3072, 12), (1280, 5120, 16), (1408, 6144, 16), (1664, 8192, 16)]
)
def test_wide_picture_towers_have_wider_heads(width, inner, heads):
    found = openai_vit.vision_config(vision(width, 2, 14, 224, inner), "x", activation="gelu")
    assert (found["num_attention_heads"], found["intermediate_size"]) == (heads, inner)


def test_fused_projections_fall_into_three():
    fused = torch.arange(12.0).reshape(6, 2)
    name = "visual.transformer.resblocks.3.attn."
    for spelling in ("in_proj_weight", "Wqkv.weight"):
        found = openai_vit.vision_tensors({name + spelling: fused})
        before = "vision_model.encoder.layers.3.self_attn."
        assert list(found) == [f"{before}{part}_proj.weight" for part in "qkv"]
        assert torch.equal(torch.cat(list(found.values())), fused)


def test_a_bert_trained_with_flash_attention_reads_as_any():
    fused = torch.arange(12.0).reshape(6, 2)
    name = "bert.encoder.layer.1.attention.self."
    found = chinese_clip.text_tensors({f"{name}Wqkv.weight": fused, f"{name}out_proj.bias": torch.ones(2)})
    before = "text_model.encoder.layer.1.attention."
    assert set(found) == {
        *(f"{before}self.{part}.weight" for part in ("query", "key", "value")),
        f"{before}output.dense.bias",
    }
    assert torch.equal(found[f"{before}self.key.weight"], fused[2:4])


def test_a_pooler_left_over_from_training_is_left_out():
    assert chinese_clip.text_tensors({"bert.pooler.dense.weight": torch.ones(1)}) == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"visual.positional_embedding": (11, 768)}, "one more than a square"),
        ({"visual.positional_embedding": (197, 512)}, "do not fit together"),
        ({"visual.conv1.weight": (768, 48)}, "do not fit together"),
    ],
)
def test_shapes_that_cannot_be_are_named(change, message):
    with pytest.raises(InputError, match=message):
        openai_vit.vision_config(vision(768, 2, 16, 224) | meta(**change), "x.pt", activation="gelu")


def test_a_missing_tensor_is_named():
    with pytest.raises(InputError, match=r"x\.pt lacks visual\.conv1\.weight"):
        openai_vit.vision_config({}, "x.pt", activation="gelu")


def test_the_closing_token_of_a_clip_is_its_last_word():
    tensors = meta(
        **{
            "token_embedding.weight": (49408, 512),
            "positional_embedding": (77, 512),
            "transformer.resblocks.0.mlp.c_fc.weight": (2048, 512),
        }
    )
    found = open_clip.text_config(tensors, "x", activation="gelu")
    assert (found["eos_token_id"], found["max_position_embeddings"]) == (49407, 77)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("visual.trunk.x", "timm"),
        ("visual.blocks.0.x", "EVA"),
        ("text_decoder.x", "CoCa"),
        ("visual.attn_pool.x", "CoCa"),
    ],
)
def test_other_architectures_of_open_clip_say_what_they_are(name, what):
    with pytest.raises(InputError, match=what):
        open_clip.plain(meta(**{name: (1,)}), "x.pt")
