"""What the loop trains when a dual encoder is tuned: batches of pairs, their gradient, their recall."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tuwen.arrays import Array
from tuwen.encoders.clip import Clip
from tuwen.errors import InputError
from tuwen.training import cached, clip_losses, replay
from tuwen.training.clip_network import DualNetwork
from tuwen.training.clip_pairs import Pairs, mean_recall, recalls, vectors
from tuwen.training.distributed import ALONE, World
from tuwen.training.task import SMALLEST, Plan, Task


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How a dual encoder is tuned; part of a checkpoint.

    Args:
        stage: `text` keeps the picture tower frozen, `full` trains both.
        freeze_vision: Epochs at the beginning in which the picture tower is frozen.
        batch: Pairs that are computed at a time; the gradient is that of the plan's whole batch.
        mask_patches: Share of each picture's patches that is left out.
        lora: Rank of what is learned beside the weights of attention; 0 trains the weights themselves.
        checkpointing: Compute activations again instead of keeping them: less memory, more time.
        keep: Share of the loss that holds vectors where the starting model had them.
        replay_share: Share of old pairs among those of an epoch.
    """

    stage: str = "full"
    freeze_vision: int = 0
    batch: int = 64
    mask_patches: float = 0.0
    lora: int = 0
    checkpointing: bool = False
    keep: float = 0.0
    replay_share: float = 0.25

    def __post_init__(self) -> None:
        if self.stage not in ("text", "full"):
            raise InputError(f"stage is {self.stage!r}; it is text (frozen pictures) or full")
        if self.batch < SMALLEST:
            raise InputError(f"batch is {self.batch}; it must be {SMALLEST} or more")
        if not 0 <= self.keep < 1:
            raise InputError(f"keep is {self.keep}; it is a share from 0 up to 1, such as 0.5")
        for name in ("freeze_vision", "lora"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 0 or more")


class Batch(NamedTuple):
    """Pairs as the towers take them, on the processor.

    Attributes:
        rows: Numbers of the pairs of all processes.
        pictures: Of this process: pixels (n, size, size, 3) uint8, or vectors (n, width).
        ids: (n, t) tokens.
        mask: (n, t).
    """

    rows: Array
    pictures: Array
    ids: Array
    mask: Array


class ClipTask(Task):
    """Tunes a dual encoder on pairs.

    Args:
        network: Of the encoder.
        encoder: What encodes with the network's towers.
        pairs: All, new ones and old ones.
        train: Numbers of the new pairs to learn from.
        held: Numbers of the pairs that choose the epoch.
        old: Numbers of the old pairs that are mixed in.
        plan: Its batch is the whole one, of all processes.
        tuning: How.
        world: The processes that train together.
    """

    def __init__(
        self,
        network: DualNetwork,
        encoder: Clip,
        pairs: Pairs,
        train: Array,
        held: Array,
        *,
        plan: Plan,
        tuning: Tuning,
        old: Array | None = None,
        world: World = ALONE,
    ) -> None:
        self.module = self.network = network
        self.encoder, self.pairs, self.plan, self.tuning, self.world = encoder, pairs, plan, tuning, world
        self.train, self.held = train, held
        self.old = np.empty(0, dtype=np.int64) if old is None else old
        self.extra = replay.count(len(train), len(self.old), tuning.replay_share)
        self.count = len(train) + self.extra
        self.chunk = tuning.batch
        self.frozen_epochs = plan.epochs if tuning.stage == "text" else tuning.freeze_vision
        self.about = {
            "encoder": encoder.fingerprint, "pairs": [len(train), len(held), self.extra],
            "world": world.size, **asdict(tuning),
        }  # fmt: skip
        # the loop asks which parameters learn before the first epoch
        network.choose(pictures=tuning.stage == "full", rank=tuning.lora)
        self.before: tuple[Array, Array] | None = None
        if tuning.keep or self.frozen_epochs:
            self.before = vectors(pairs, encoder, np.concatenate([train, self.old]))
        self.rows = train

    def start_epoch(self, epoch: int, progress: float) -> None:
        """Freeze or free the picture tower, and draw the old pairs of the epoch."""
        self.frozen = epoch < self.frozen_epochs
        self.network.choose(pictures=not self.frozen)
        more = replay.drawn(self.old, self.extra, self.plan.seed, epoch)
        self.rows = np.concatenate([self.train, more])

    def load(self, rows: Array, seed: tuple[int, ...]) -> Batch:
        """This process' part of the pairs, in memory."""
        whole = self.rows[rows[: len(rows) // self.world.size * self.world.size]]
        mine = whole[self.world.part(len(whole))]
        if self.frozen and self.before is not None:
            pictures = self.before[0][self.pairs.matches[mine, 0]]
        else:
            pictures = self.pairs.pixels(self.encoder, mine)
        return Batch(whole, pictures, *self.encoder.tokens(self.pairs.words(mine)))

    def loss(self, batch: Batch, progress: float) -> Tensor:
        """The loss of a batch, in one piece."""
        return self._loss(*self._encode(batch), batch.rows)

    def step(self, batch: Batch, progress: float, share: float) -> float:
        """The loss, after its gradient was added; computed in smaller parts where memory ends."""
        self.network.clamp()
        seed = int(torch.randint(2**31, ()))
        while True:
            try:
                return self._step(batch, share, seed)
            except torch.OutOfMemoryError:
                if self.chunk <= SMALLEST or self.world.size > 1:
                    raise
            self.chunk //= 2  # the gradient is the same
            self.network.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()

    def validate(self) -> float:
        """The mean of Recall@1, 5 and 10 of both directions."""
        self.network.clamp()
        if not len(self.held):
            return float("nan")
        return self.world.same(mean_recall(recalls(self.pairs, self.encoder, self.held)))

    def _step(self, batch: Batch, share: float, seed: int) -> float:
        count = len(batch.pictures)
        parts = np.array_split(np.arange(count), max(1, -(-count // self.chunk)))
        chunks = [self._part(batch, part) for part in parts]
        value = cached.backward(
            chunks,
            self._encode,
            lambda u, v: share * self._loss(u, v, batch.rows),
            seed=seed,
            world=self.world,
        )
        learned = self.network.temperature()
        own = {id(one) for one in learned}
        self.world.mean(learned)
        self.world.add(one for one in self.network.parameters() if id(one) not in own)
        return value / share

    def _part(self, batch: Batch, part: Array) -> Batch:
        """Some of the pairs; texts are cut to the longest of them."""
        mask = batch.mask[part]
        longest = mask.shape[1] if self.encoder.recipe.pad == "context" else int(mask.sum(axis=1).max())
        return Batch(batch.rows, batch.pictures[part], batch.ids[part, :longest], mask[:, :longest])

    def _encode(self, batch: Batch) -> tuple[Tensor, Tensor]:
        pictures = batch.pictures
        if pictures.ndim == 4:
            pictures = self.encoder.recipe.normalise(pictures)
        given = [self.place.send(np.ascontiguousarray(one)) for one in (pictures, batch.ids, batch.mask)]
        with self.autocast():
            return self.network.encode(given[0], given[1], given[2])

    def _loss(self, u: Tensor, v: Tensor, rows: Array) -> Tensor:
        images, texts = (torch.from_numpy(self.pairs.matches[rows, side]).to(u.device) for side in (0, 1))
        loss = self.network.loss(u, v, clip_losses.same_item(images, texts))
        if not self.tuning.keep or self.before is None:
            return loss
        before = [
            torch.from_numpy(self.before[side][self.pairs.matches[rows, side]]).to(u.device)
            for side in (0, 1)
        ]
        return (1 - self.tuning.keep) * loss + self.tuning.keep * clip_losses.kept(
            u, v, (before[0], before[1])
        )
