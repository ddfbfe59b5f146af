"""LoRA (Hu et al., 2022): attention learns by two thin matrices beside each frozen one."""

from __future__ import annotations

import math
import re

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.errors import InputError

# projections of self-attention as CLIP, SigLIP (self_attn.q_proj) and BERT (attention.self.query) name them
_ATTENTION = re.compile(
    r"(self_attn\.(q|k|v|out)_proj|attention\.self\.(query|key|value)|attention\.output\.dense)$"
)


class Lora(nn.Module):
    """A linear layer W x + b that stays, beside (alpha / rank) B A x that learns; at first B is zero.

    Args:
        layer: The layer.
        rank: Rows of A and columns of B.
        alpha: How much the addition counts.
    """

    def __init__(self, layer: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        weight = layer.weight
        self.down = nn.Parameter(weight.new_empty(rank, layer.in_features))
        self.up = nn.Parameter(weight.new_zeros(layer.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))
        self.factor = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output with the addition."""
        added = functional.linear(functional.linear(x, self.down), self.up)
        whole: Tensor = self.layer(x) + self.factor * added
        return whole

    def merged(self) -> nn.Linear:
        """One layer that does the same; the sum is rounded once."""
        with torch.no_grad():
            added = self.factor * (self.up.double() @ self.down.double())
            self.layer.weight.copy_((self.layer.weight.double() + added).to(self.layer.weight.dtype))
        return self.layer


def add(network: nn.Module, rank: int, alpha: float | None = None) -> list[nn.Parameter]:
    """Put `Lora` around the projections of every self-attention; what learns from then on.

    Args:
        network: Changed in place; its own weights are frozen.
        rank: 4 to 64; the more, the more it can learn.
        alpha: 2 * rank when None.

    Raises:
        InputError: The rank is below 1, or no such layer is in the network.
    """
    if rank < 1:
        raise InputError(f"lora is {rank}; the rank of what is learned must be at least 1, such as 8")
    found = [
        (name, layer)
        for name, layer in network.named_modules()
        if _ATTENTION.search(name) and isinstance(layer, nn.Linear)
    ]
    if not found:
        raise InputError("no attention projections were found to put LoRA on; train without lora")
    network.requires_grad_(False)
    learned: list[nn.Parameter] = []
    for name, layer in found:
        around = Lora(layer, rank, 2 * rank if alpha is None else alpha)
        _put(network, name, around)
        learned += [around.down, around.up]
    return learned


def merge(network: nn.Module) -> None:
    """Take every `Lora` away again, what it learned added to the weights."""
    for name, layer in list(network.named_modules()):
        if isinstance(layer, Lora):
            _put(network, name, layer.merged())


def merged_state(network: nn.Module) -> dict[str, Tensor]:
    """The tensors of the network by the names it has without `Lora`, what was learned added; a copy."""
    around = {name: layer for name, layer in network.named_modules() if isinstance(layer, Lora)}
    state: dict[str, Tensor] = {}
    for name, values in network.state_dict().items():
        place, _, part = name.rpartition(".")
        if place in around:  # down and up
            continue
        if place.endswith(".layer") and place.removesuffix(".layer") in around:
            lora = around[place.removesuffix(".layer")]
            if part == "weight":
                added = lora.factor * (lora.up.detach().double() @ lora.down.detach().double())
                values = (values.double() + added).to(values.dtype)
            name = f"{place.removesuffix('.layer')}.{part}"
        state[name] = values.detach().clone()
    return state


def _put(network: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, layer)
