"""What the loop trains: batches, a loss, a figure; one subclass a kind of network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tuwen.arrays import Array
from tuwen.encoders.networks.device import Place, choose
from tuwen.errors import InputError

SMALLEST = 2  # pairs of a batch: a loss compares a pair with another


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How training goes on; part of a checkpoint.

    Args:
        epochs: Passes over the pairs.
        batch_size: Pairs a batch.
        accumulate: Batches whose gradients are summed to one step.
        learning_rate: The highest, of AdamW.
        weight_decay: Of matrices; not of biases and norms.
        warm_up: Share of the steps in which the learning rate rises; then it falls as a cosine to zero.
        clip: Longest gradient; 0 for any.
        patience: Epochs without a better figure after which training ends; 0 for never.
        save_every: Steps between checkpoints; one is also kept at the end of every epoch.
        seed: Of weights, batches and augmentation.
        device: As for encoders: `auto`, `cpu`, `cuda`, ...
        precision: `auto` is bf16 on a GPU that computes in it, else fp32.
    """

    epochs: int = 30
    batch_size: int = 64
    accumulate: int = 1
    learning_rate: float = 3e-4
    weight_decay: float = 0.05
    warm_up: float = 0.05
    clip: float = 1.0
    patience: int = 0
    save_every: int = 200
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"

    def __post_init__(self) -> None:
        if self.batch_size < SMALLEST:
            raise InputError(
                f"the batch size is {self.batch_size}; a loss compares pairs, so it needs {SMALLEST} at least"
            )
        for name in ("epochs", "accumulate", "save_every"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 1 or more")
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate is {self.learning_rate}; it must be above 0")
        if not 0 <= self.warm_up < 1:
            raise InputError(f"warm_up is {self.warm_up}; it is a share from 0 up to 1")
        for name in ("weight_decay", "clip", "patience", "seed"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 0 or more")


class Task(ABC):
    """What the loop trains.

    A subclass sets `module`, `count` and `about`, and writes `load`, `loss` and `validate`. The loop moves
    `module` to its place, calls `start_epoch`, then for every batch `load` (in a thread, ahead of its turn)
    and `step`.

    Attributes:
        module: Whose parameters and buffers are trained and kept in checkpoints.
        count: Examples of an epoch.
        about: What it is, as JSON: a checkpoint goes on only with an equal one.
        place: Where it computes; set by the loop.
    """

    module: nn.Module
    count: int
    about: dict[str, Any]
    place: Place = choose("cpu", "fp32")

    @abstractmethod
    def load(self, rows: Array, seed: tuple[int, ...]) -> Any:
        """A batch of these examples on the processor; equal rows and seed give an equal one."""

    @abstractmethod
    def loss(self, batch: Any, progress: float) -> Tensor:
        """The value to lower; progress is the share of the training that is done."""

    @abstractmethod
    def validate(self) -> float:
        """How good it is on pairs held out, more is better; NaN when there are none."""

    def start_epoch(self, epoch: int, progress: float) -> None:  # noqa: B027
        """Called before an epoch, from 0 on; also after a resume in the middle of one."""

    def step(self, batch: Any, progress: float, share: float) -> float:
        """The loss of a batch, after its gradient, times `share`, was added; NaN adds none."""
        with self.autocast():
            loss = self.loss(batch, progress)
        value = float(loss.detach())
        if value - value == 0:  # a finite number
            (loss * share).backward()
        return value

    def autocast(self) -> torch.autocast:
        """Lower precision where the plan and the device allow it."""
        low = self.place.dtype is not torch.float32
        return torch.autocast(self.place.device.type, dtype=self.place.dtype, enabled=low)

    def groups(self, plan: Plan) -> list[dict[str, Any]]:
        """What AdamW lowers, with `weight_decay` and, where it differs, a `scale` of the learning rate."""
        trained = [one for one in self.module.parameters() if one.requires_grad]
        return [
            {"params": [one for one in trained if one.ndim > 1], "weight_decay": plan.weight_decay},
            {"params": [one for one in trained if one.ndim <= 1], "weight_decay": 0.0},
        ]
