"""Vision transformers: one compact definition for the layouts of timm, torchvision and transformers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.encoders.networks.tensors import Tensors
from tuwen.errors import InputError

LAYERS = ("cls", "mean")
_SIZES = {192: "tiny", 384: "small", 768: "base", 1024: "large", 1280: "huge"}
#: Heads are 64 columns wide, but in these widths.
_HEADS = {1280: 16}
_TRANSFORMERS = {
    "layernorm_before": "norm1",
    "layernorm_after": "norm2",
    "attention.output.dense": "attn.proj",
    "attention.o_proj": "attn.proj",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}
_TORCHVISION = {
    "ln_1": "norm1",
    "ln_2": "norm2",
    "self_attention.in_proj_": "attn.qkv.",
    "self_attention.out_proj": "attn.proj",
    "mlp.0": "mlp.fc1",
    "mlp.3": "mlp.fc2",
    "mlp.linear_1": "mlp.fc1",
    "mlp.linear_2": "mlp.fc2",
}
_ENDS = {
    "embeddings.cls_token": "cls_token",
    "embeddings.position_embeddings": "pos_embed",
    "embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
    "embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
    "layernorm.weight": "norm.weight",
    "layernorm.bias": "norm.bias",
    "classifier.weight": "head.weight",
    "classifier.bias": "head.bias",
    "class_token": "cls_token",
    "encoder.pos_embedding": "pos_embed",
    "conv_proj.weight": "patch_embed.proj.weight",
    "conv_proj.bias": "patch_embed.proj.bias",
    "encoder.ln.weight": "norm.weight",
    "encoder.ln.bias": "norm.bias",
}
_QKV = re.compile(
    r"(?:encoder\.layer|layers)\.(\d+)\.attention\.(?:attention\.)?(query|key|value|[qkv]_proj)\.(\w+)"
)
_LAYER = re.compile(r"(?:encoder\.layer|layers)\.(\d+)\.(.+)\.(\w+)")
_ENCODER_LAYER = re.compile(r"encoder\.layers\.encoder_layer_(\d+)\.(.+)")


class ViT(nn.Module):
    """Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), up to its last normalisation.

    Made from a state dict in timm's names; width, depth and patches follow from the shapes.

    Args:
        tensors: The checkpoint.
        layer: `cls` for the class token, `mean` for the mean over the patches.
        heads: Of the attention; 0 for the usual number for the width.
        epsilon: Of the layer normalisations.
    """

    def __init__(self, tensors: Tensors, layer: str, *, heads: int = 0, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.layer = layer
        weight = tensors.take("patch_embed.proj.weight", None, 3, None, None)
        self.width, _, patch, _ = weight.shape
        if not heads and self.width % 64:
            raise InputError(
                f"{tensors.source} is {self.width} wide, from which the number of attention heads does not "
                "follow; keep it in a folder with its config.json"
            )
        heads = self.heads = heads or _HEADS.get(self.width, self.width // 64)
        self.patches = nn.Conv2d(3, self.width, patch, patch, device="meta")
        self.patches.weight = nn.Parameter(weight, False)
        self.patches.bias = nn.Parameter(tensors.take("patch_embed.proj.bias", self.width), False)
        if "cls_token" not in tensors:
            raise InputError(f"{tensors.source} has no class token; how such a vit pools is not known here")
        # a class token, and for some a second one that distils or registers
        first = [
            tensors.take(name, 1, None, self.width)
            for name in ("cls_token", "dist_token", "reg_token")
            if name in tensors or name == "cls_token"
        ]
        self.first = nn.Parameter(torch.cat(first, dim=1), False)
        positions, side = _positions(tensors, self.first.shape[1], self.width)
        self.positions = nn.Parameter(positions, False)
        self.image_size = side * patch
        depth = 0
        while f"blocks.{depth}.norm1.weight" in tensors:
            depth += 1
        self.blocks = nn.Sequential(
            *(_Block(tensors, f"blocks.{n}", self.width, heads, epsilon) for n in range(max(1, depth)))
        )
        self.norm = _norm(tensors, "norm", self.width, epsilon)
        tensors.finish(["head.", "heads.", "head_dist.", "pooler.", "pre_logits."])
        self.architecture = f"vit-{_SIZES.get(self.width, self.width)}-{patch}"

    def tokens(self, pixels: Tensor) -> Tensor:
        """All tokens after the last normalisation, (n, first tokens + patches, width)."""
        patches = self.patches(pixels).flatten(2).transpose(1, 2)
        first = self.first.expand(len(pixels), -1, -1)
        return self.norm(self.blocks(torch.cat([first, patches], dim=1) + self.positions))

    def parts(self, pixels: Tensor) -> Tensor:
        """The tokens of the patches, left to right, top to bottom: (n, patches, width)."""
        return self.tokens(pixels)[:, self.first.shape[1] :]

    def forward(self, pixels: Tensor) -> Tensor:
        """Features of the layer, (n, width), of normalised pixels (n, 3, size, size)."""
        return self.tokens(pixels)[:, 0] if self.layer == "cls" else self.parts(pixels).mean(dim=1)


class _Block(nn.Module):
    """Attention and a small network, each after a normalisation and beside a shortcut."""

    def __init__(self, tensors: Tensors, name: str, width: int, heads: int, epsilon: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = _norm(tensors, f"{name}.norm1", width, epsilon)
        self.qkv = tensors.linear(f"{name}.attn.qkv", width, bias=f"{name}.attn.qkv.bias" in tensors)
        if self.qkv.out_features != 3 * width or width % heads:
            raise InputError(
                f"{tensors.source} is no plain vit: {name}.attn.qkv gives {self.qkv.out_features} columns "
                f"for {heads} heads of a width of {width}"
            )
        self.project = tensors.linear(f"{name}.attn.proj", width)
        self.norm2 = _norm(tensors, f"{name}.norm2", width, epsilon)
        self.wide = tensors.linear(f"{name}.mlp.fc1", width)
        self.narrow = tensors.linear(f"{name}.mlp.fc2", self.wide.out_features)
        # some learn how much of each step to add (layer scale): a part of the product before it
        for number, last in ((1, self.project), (2, self.narrow)):
            if f"{name}.ls{number}.gamma" in tensors:
                scale = tensors.take(f"{name}.ls{number}.gamma", width)
                last.weight = nn.Parameter(last.weight * scale[:, None], False)
                last.bias = nn.Parameter(last.bias * scale, False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (n, tokens, width)."""
        n, count, width = tokens.shape
        split = self.qkv(self.norm1(tokens)).reshape(n, count, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.project(mixed.transpose(1, 2).reshape(n, count, width))
        return tokens + self.narrow(functional.gelu(self.wide(self.norm2(tokens))))


def looks_like(names: Mapping[str, Tensor]) -> bool:
    """Whether the tensors are named as timm names a plain vit's."""
    return "patch_embed.proj.weight" in names and "blocks.0.norm1.weight" in names


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of transformers' ViT or torchvision's under timm's names; others keep theirs."""
    made: dict[str, Tensor] = {}
    split: dict[str, dict[str, Tensor]] = {}
    for full, tensor in state.items():
        name = full.removeprefix("vit.").removeprefix("deit.")
        if found := _QKV.fullmatch(name):
            split.setdefault(f"blocks.{found[1]}.attn.qkv.{found[3]}", {})[found[2][0]] = tensor
        else:
            made[_renamed(name)] = tensor
    for name, parts in split.items():
        if set(parts) == set("qkv"):
            made[name] = torch.cat([parts[letter] for letter in "qkv"])
    return made


def _renamed(name: str) -> str:
    if name in _ENDS:
        return _ENDS[name]
    if found := _ENCODER_LAYER.fullmatch(name):
        rest = found[2]
        for old, new in _TORCHVISION.items():
            if rest.startswith(old):
                return f"blocks.{found[1]}.{new}{rest.removeprefix(old)}"
    elif (found := _LAYER.fullmatch(name)) and found[2] in _TRANSFORMERS:
        return f"blocks.{found[1]}.{_TRANSFORMERS[found[2]]}.{found[3]}"
    return name


def _positions(tensors: Tensors, first: int, width: int) -> tuple[Tensor, int]:
    """Positions of all tokens, (1, tokens, width), zero for those that have none; and patches a side."""
    table = tensors.take("pos_embed", 1, None, width)
    for without in sorted({first, 1, 0}, reverse=True):
        count = table.shape[1] - without
        side = math.isqrt(max(0, count))
        if side and side * side == count:
            missing = torch.zeros(1, first - without, width)
            return torch.cat([table[:, :without], missing, table[:, without:]], dim=1), side
    raise InputError(
        f"{tensors.source} has {table.shape[1]} positions, which are no square of patches; "
        "only square pictures are encoded"
    )


def _norm(tensors: Tensors, name: str, width: int, epsilon: float) -> nn.LayerNorm:
    made = nn.LayerNorm(width, epsilon, device="meta")
    made.weight = nn.Parameter(tensors.take(f"{name}.weight", width), False)
    made.bias = nn.Parameter(tensors.take(f"{name}.bias", width), False)
    return made
