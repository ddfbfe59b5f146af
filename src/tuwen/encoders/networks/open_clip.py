"""OpenAI's and open_clip's checkpoints: their names and shapes in transformers' words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from tuwen.encoders.networks import openai_vit
from tuwen.encoders.networks.openai_vit import shape
from tuwen.errors import InputError

_TEXT = {
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
}
# OpenAI kept these numbers beside the weights
_NUMBERS = ("input_resolution", "context_length", "vocab_size")
_OTHERS = {
    "visual.trunk.": "a picture tower of timm",
    "visual.blocks.": "a picture tower of EVA",
    "visual.attn_pool.": "a CoCa with attention pooling",
    "text_decoder.": "a CoCa",
    "text.transformer.embeddings.": "a text tower of transformers",
    "text.cls_emb": "a CoCa",
}


def plain(tensors: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """The tensors by the names of open_clip's usual model: the text tower is not under `text.`.

    Raises:
        InputError: It is one of open_clip's other architectures.
    """
    for prefix, what in _OTHERS.items():
        if any(name.startswith(prefix) for name in tensors):
            raise InputError(
                f"{source} is an open_clip checkpoint with {what}, which is not read; "
                "take the model as a transformers folder (config.json, model.safetensors)"
            )
    made = {name.removeprefix("text."): tensor for name, tensor in tensors.items()}
    if "text_projection.weight" in made:  # a linear layer stores its transpose
        made["text_projection"] = made.pop("text_projection.weight").T
    return made


def is_openai(tensors: Mapping[str, object]) -> bool:
    """Whether it is OpenAI's own checkpoint, whose activation is the quick GELU."""
    return all(name in tensors for name in _NUMBERS)


def text_config(tensors: Mapping[str, Tensor], source: str, *, activation: str) -> dict[str, Any]:
    """The `text_config` that shapes tell.

    Raises:
        InputError: There is no such tower.
    """
    if "token_embedding.weight" not in tensors:
        raise InputError(
            f"{source} has no text tower (token_embedding.weight is missing); "
            "a dual encoder needs both, take the whole checkpoint"
        )
    words, width = shape(tensors, "token_embedding.weight", source)
    return {
        "vocab_size": words,
        "hidden_size": width,
        "num_hidden_layers": openai_vit.layers(tensors, "transformer.resblocks."),
        "num_attention_heads": max(1, width // 64),
        "intermediate_size": shape(tensors, "transformer.resblocks.0.mlp.c_fc.weight", source)[0],
        "max_position_embeddings": shape(tensors, "positional_embedding", source)[0],
        "hidden_act": activation,
        "layer_norm_eps": 1e-5,
        # the state of the closing token is pooled; it is the last of the vocabulary
        "bos_token_id": words - 2,
        "eos_token_id": words - 1,
        "pad_token_id": 0,
    }


def config(tensors: Mapping[str, Tensor], source: str, *, activation: str) -> dict[str, Any]:
    """The whole config.json of a checkpoint with a ViT, told from shapes.

    Raises:
        InputError: A tower is missing, or shapes do not fit together.
    """
    return {
        "model_type": "clip",
        "projection_dim": shape(tensors, "text_projection", source)[1],
        "text_config": text_config(tensors, source, activation=activation),
        "vision_config": openai_vit.vision_config(tensors, source, activation=activation),
    }


def text_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The text tower and its projection by transformers' names; `visual.*` is left out."""
    made: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name in ("logit_scale", "logit_bias", "attn_mask", *_NUMBERS) or name.startswith("visual."):
            continue
        if name == "text_projection":
            made["text_projection.weight"] = tensor.T.contiguous()
        elif name.startswith("transformer.resblocks."):
            made |= openai_vit.block(name, tensor, "text_model.encoder.layers.")
        else:
            made[_TEXT.get(name, name)] = tensor
    return made


def all_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every tensor by transformers' names."""
    return text_tensors(tensors) | openai_vit.vision_tensors(tensors)
