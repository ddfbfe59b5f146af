"""The gradient of a batch, of which each process computes its part; run by test_distributed.py."""

import sys

import torch
from torch import nn

from tuwen.training import cached, clip_losses, distributed


def main(folder):
    """Write the loss and the gradients that this process ends with."""
    torch.manual_seed(0)
    towers = nn.ModuleDict({name: nn.Linear(6, 4) for name in "uv"})
    scale = nn.Parameter(torch.tensor(2.0))
    x, y = torch.randn(2, 12, 6, generator=torch.Generator().manual_seed(1))
    with distributed.joined() as world:
        part = world.part(12)
        loss = cached.backward(
            list(zip(x[part].split(4), y[part].split(4), strict=True)),
            lambda chunk: tuple(
                nn.functional.normalize(towers[name](rows), dim=-1)
                for name, rows in zip("uv", chunk, strict=True)
            ),
            lambda u, v: clip_losses.infonce(u, v, scale, torch.eye(12, dtype=torch.bool)),
            world=world,
        )
        world.add(towers.parameters())
        world.mean([scale])
        told = world.same(float(world.rank + 5))
        world.wait()
    found = {name: one.grad for name, one in towers.named_parameters()}
    found |= {"scale": scale.grad, "loss": torch.tensor(loss), "told": torch.tensor(told)}
    torch.save(found, f"{folder}/{world.size}-{world.rank}.pt")


if __name__ == "__main__":
    main(sys.argv[1])
