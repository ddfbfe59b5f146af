"""The gradient of a loss over a large batch, of which a small one fits at a time (GradCache).

Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", RepL4NLP 2021. All
features are computed first, without what a gradient needs; then the gradient of the loss by the
features; then each small batch once more, with that gradient given to its features. What comes out is
the gradient of the whole batch, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from tuwen.training.distributed import ALONE, World

Chunk = TypeVar("Chunk")
Sides = tuple[Tensor, Tensor]


def backward(
    chunks: Sequence[Chunk],
    encode: Callable[[Chunk], Sides],
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    seed: int = 0,
    world: World = ALONE,
) -> float:
    """Add the gradient of the loss over all chunks, of all processes, to the parameters; the loss.

    Each process gets its share of the gradient by the parameters of `encode`: sum them up with
    `world.add`. Parameters of `loss` itself get the whole gradient in each: `world.mean`.

    Args:
        chunks: What `encode` takes, this process' share of the batch; one chunk is computed once.
        encode: Features of pictures and texts, (n, width) each.
        loss: Of the features of all chunks of all processes.
        seed: Dropout and patches are drawn by it, alike when a chunk is computed for the second time.
        world: The processes.
    """
    drawn = [seed * 100_003 + world.rank * 1009 + number for number in range(len(chunks))]
    once = len(chunks) == 1
    made: list[Sides] = []
    for chunk, number in zip(chunks, drawn, strict=True):
        torch.manual_seed(number)
        with torch.set_grad_enabled(once):
            made.append(encode(chunk))
    own: list[Tensor] = [torch.cat(side) for side in zip(*made, strict=True)]
    leaves = [world.gather(side.detach()).requires_grad_() for side in own]
    value = loss(leaves[0], leaves[1])
    if not bool(torch.isfinite(value)):
        return float(value.detach())  # there is no gradient
    value.backward()
    gradients = [
        leaf.grad[world.part(len(leaf))] if leaf.grad is not None else torch.zeros_like(side)
        for leaf, side in zip(leaves, own, strict=True)
    ]
    if once:
        _push(made[0], gradients)
        return float(value.detach())
    parts = _cut(gradients, [len(sides[0]) for sides in made])
    for chunk, number, part in zip(chunks, drawn, parts, strict=True):
        torch.manual_seed(number)
        _push(encode(chunk), part)
    return float(value.detach())


def _cut(gradients: list[Tensor], lengths: list[int]) -> Iterator[list[Tensor]]:
    """The gradients of each chunk."""
    for parts in zip(*(side.split(lengths) for side in gradients), strict=True):
        yield list(parts)


def _push(sides: Sides, gradients: list[Tensor]) -> None:
    """Give features their gradients; a frozen side takes none."""
    learned = [(side, given) for side, given in zip(sides, gradients, strict=True) if side.requires_grad]
    if learned:
        torch.autograd.backward([side for side, _ in learned], [given for _, given in learned])
