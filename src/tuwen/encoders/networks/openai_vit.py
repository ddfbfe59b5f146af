"""OpenAI's vision transformer as CLIP, open_clip and Chinese-CLIP store it, in transformers' words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from tuwen.errors import InputError

# widths whose heads are not 64 wide: ViT-H, ViT-g, ViT-bigG
_HEADS = {1280: 80, 1408: 88, 1664: 104}
_BLOCK = re.compile(r"(?P<before>.*?)transformer\.resblocks\.(?P<at>\d+)\.(?P<part>.+)")
_PARTS = {
    "ln_1.weight": "layer_norm1.weight",
    "ln_1.bias": "layer_norm1.bias",
    "ln_2.weight": "layer_norm2.weight",
    "ln_2.bias": "layer_norm2.bias",
    "attn.out_proj.weight": "self_attn.out_proj.weight",
    "attn.out_proj.bias": "self_attn.out_proj.bias",
    "mlp.c_fc.weight": "mlp.fc1.weight",
    "mlp.c_fc.bias": "mlp.fc1.bias",
    "mlp.c_proj.weight": "mlp.fc2.weight",
    "mlp.c_proj.bias": "mlp.fc2.bias",
}
# one matrix for queries, keys and values; the second spelling is of flash attention
_FUSED = {"attn.in_proj_": "self_attn.", "attn.Wqkv.": "self_attn."}
_VISION = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
}


def vision_config(tensors: Mapping[str, Tensor], source: str, *, activation: str) -> dict[str, Any]:
    """The `vision_config` that the shapes of `visual.*` tell.

    Raises:
        InputError: There is no such tower, or its shapes do not fit together.
    """
    patches = shape(tensors, "visual.conv1.weight", source)
    positions = shape(tensors, "visual.positional_embedding", source)
    if len(patches) != 4 or len(positions) != 2 or patches[0] != positions[1]:
        raise InputError(
            f"{source} has patches of shape {patches} and positions of {positions}, which do not fit together"
        )
    width, _, _, patch = patches
    side = math.isqrt(positions[0] - 1)
    if side * side != positions[0] - 1:
        raise InputError(f"{source} has {positions[0]} positions; one more than a square is needed")
    return {
        "hidden_size": width,
        "intermediate_size": shape(tensors, "visual.transformer.resblocks.0.mlp.c_fc.weight", source)[0],
        "num_hidden_layers": layers(tensors, "visual.transformer.resblocks."),
        "num_attention_heads": heads(width),
        "image_size": side * patch,
        "patch_size": patch,
        "hidden_act": activation,
        "layer_norm_eps": 1e-5,
    }


def vision_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`visual.*` by transformers' names; other tensors are left out."""
    made: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name == "visual.proj":
            made["visual_projection.weight"] = tensor.T.contiguous()
        elif name in _VISION:
            made[_VISION[name]] = tensor
        elif name.startswith("visual.transformer.resblocks."):
            made |= block(name, tensor, "vision_model.encoder.layers.")
        elif name.startswith("visual."):
            made[name] = tensor  # no place for it: the model will say so
    return made


def block(name: str, tensor: Tensor, before: str) -> dict[str, Tensor]:
    """One tensor of a residual block by transformers' names: one, or three from a fused one."""
    match = _BLOCK.fullmatch(name)
    if match is None:
        return {name: tensor}
    part, place = match["part"], f"{before}{match['at']}."
    for fused, plain in _FUSED.items():
        if part.startswith(fused):
            what = part.removeprefix(fused)
            pieces = tensor.chunk(3)
            return {f"{place}{plain}{q}_proj.{what}": piece for q, piece in zip("qkv", pieces, strict=True)}
    return {place + _PARTS.get(part, part): tensor}


def layers(tensors: Mapping[str, object], before: str) -> int:
    """How many layers there are, by the names that begin so and go on with a number."""
    numbers = {name.removeprefix(before).partition(".")[0] for name in tensors if name.startswith(before)}
    return 1 + max((int(number) for number in numbers if number.isdigit()), default=-1)


def heads(width: int) -> int:
    """How many attention heads a picture tower of this width has; no tensor tells."""
    return max(1, width // _HEADS.get(width, 64))


def shape(tensors: Mapping[str, Tensor], name: str, source: str) -> tuple[int, ...]:
    """The shape of a tensor.

    Raises:
        InputError: It is not there.
    """
    if name not in tensors:
        raise InputError(f"{source} lacks {name}; it is not a whole checkpoint, download it again")
    return tuple(tensors[name].shape)
