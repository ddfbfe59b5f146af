"""Chinese-CLIP's own checkpoints (Yang et al., 2022): their names and shapes in transformers' words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from tuwen.encoders.networks import openai_vit
from tuwen.encoders.networks.openai_vit import shape

_WORDS = "bert.embeddings.word_embeddings.weight"


def recognised(names: Mapping[str, object]) -> bool:
    """Whether a checkpoint is of Chinese-CLIP's own layout, by its names: a BERT stands in it."""
    return any(name.startswith("bert.") for name in names)


def text_config(tensors: Mapping[str, Tensor], source: str) -> dict[str, Any]:
    """The `text_config` that the shapes of `bert.*` tell.

    Raises:
        InputError: There is no such tower.
    """
    words, width = shape(tensors, _WORDS, source)
    first = "bert.encoder.layer.0.intermediate.dense.weight"
    return {
        "vocab_size": words,
        "hidden_size": width,
        "num_hidden_layers": openai_vit.layers(tensors, "bert.encoder.layer."),
        "num_attention_heads": max(1, width // 64),
        "intermediate_size": shape(tensors, first, source)[0],
        "max_position_embeddings": shape(tensors, "bert.embeddings.position_embeddings.weight", source)[0],
        "type_vocab_size": shape(tensors, "bert.embeddings.token_type_embeddings.weight", source)[0],
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }


def config(tensors: Mapping[str, Tensor], source: str) -> dict[str, Any]:
    """The whole config.json of a checkpoint with a ViT, told from shapes.

    Raises:
        InputError: A tower is missing, or shapes do not fit together.
    """
    return {
        "model_type": "chinese_clip",
        "projection_dim": shape(tensors, "text_projection", source)[1],
        "text_config": text_config(tensors, source),
        "vision_config": openai_vit.vision_config(tensors, source, activation="quick_gelu"),
    }


def text_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`bert.*` and the projection by transformers' names; other tensors are left out."""
    made: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name == "text_projection":
            made["text_projection.weight"] = tensor.T.contiguous()
        elif ".attention.self.Wqkv." in name:  # trained with flash attention
            for part, piece in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                made[_renamed(name).replace(".Wqkv.", f".{part}.")] = piece
        elif ".attention.self.out_proj." in name:  # likewise
            made[_renamed(name).replace(".self.out_proj.", ".output.dense.")] = tensor
        elif name.startswith("bert.") and not name.startswith("bert.pooler."):
            made[_renamed(name)] = tensor
    return made


def all_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every tensor by transformers' names."""
    return text_tensors(tensors) | openai_vit.vision_tensors(tensors)


def _renamed(name: str) -> str:
    return "text_model." + name.removeprefix("bert.")
