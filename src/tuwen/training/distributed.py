"""Several processes that train one model: who they are, features of all, the sum of their gradients."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tuwen.errors import InputError


@dataclass(frozen=True, slots=True)
class World:
    """The processes that train together.

    Attributes:
        rank: The number of this one, from 0.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    def part(self, count: int) -> slice:
        """The share of this process of `count` rows, a multiple of the size."""
        each = count // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def gather(self, values: Tensor) -> Tensor:
        """The rows of all processes, one after the other; each must have as many."""
        if self.size == 1:
            return values
        from torch import distributed

        parts = [torch.empty_like(values) for _ in range(self.size)]
        distributed.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    def add(self, parameters: Iterable[nn.Parameter]) -> None:
        """Add up the gradients of all processes; each has its share of the gradient of one loss."""
        self._reduce(parameters, 1.0)

    def mean(self, parameters: Iterable[nn.Parameter]) -> None:
        """The mean of the gradients; each process has the whole gradient, so that none drifts away."""
        self._reduce(parameters, 1.0 / self.size)

    def same(self, value: float) -> float:
        """What the first process has, so that all decide alike."""
        if self.size == 1:
            return value
        from torch import distributed

        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        told = torch.tensor([value], dtype=torch.float64, device=device)
        distributed.broadcast(told, 0)
        return float(told[0])

    def wait(self) -> None:
        """Wait until all are here."""
        if self.size > 1:
            from torch import distributed

            distributed.barrier()

    def _reduce(self, parameters: Iterable[nn.Parameter], factor: float) -> None:
        if self.size == 1:
            return
        from torch import distributed

        gradients = [one.grad for one in parameters if one.grad is not None]
        running = [distributed.all_reduce(gradient, async_op=True) for gradient in gradients]
        for work, gradient in zip(running, gradients, strict=True):
            work.wait()
            gradient.mul_(factor)


ALONE = World()


@contextmanager
def joined() -> Iterator[World]:
    """The processes that `torchrun` started, until the block ends; alone when it was not used.

    Raises:
        InputError: The variables that torchrun sets are not whole numbers.
    """
    from torch import distributed

    if "WORLD_SIZE" not in os.environ or "RANK" not in os.environ:
        yield ALONE
        return
    try:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    except ValueError as error:
        raise InputError(f"RANK and WORLD_SIZE must be whole numbers ({error}); use torchrun") from error
    if size == 1:
        yield ALONE
        return
    has_gpu = torch.cuda.is_available()
    if has_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if has_gpu else "gloo", rank=rank, world_size=size)
    try:
        yield World(rank, size)
    finally:
        distributed.destroy_process_group()
