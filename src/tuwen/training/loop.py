"""One loop for every network trained on pictures and words: steps, the best state, going on after a crash."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tuwen.ahead import ahead
from tuwen.arrays import Array
from tuwen.encoders.networks.device import choose
from tuwen.errors import InputError
from tuwen.training import checkpoints
from tuwen.training.task import SMALLEST, Plan, Task

#: Told what is being done, how far it is, and how much there is.
Progress = Callable[[str, int, int | None], None]


@dataclass
class Course:
    """How far training is, and what came of it; part of a checkpoint.

    Attributes:
        step: Steps done.
        epoch: Epochs done.
        losses: Of the steps of the epoch that is going on.
        curve: By name, a value an epoch: `loss`, `validation`, `learning_rate`.
        best: The highest figure on validation, None before there is one.
        best_epoch: The epoch that is kept, from 1 on.
        seconds: Spent, resumed runs together.
        stopped: Why training ended early; empty when it did not.
    """

    step: int = 0
    epoch: int = 0
    losses: list[float] = field(default_factory=list)
    curve: dict[str, list[float]] = field(
        default_factory=lambda: {"loss": [], "validation": [], "learning_rate": []}
    )
    best: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0
    stopped: str = ""


def train(
    task: Task,
    plan: Plan,
    folder: Path,
    *,
    resume: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> Course:
    """Train a task; at the end it has the weights that were best on validation.

    Every batch, augmentation and dropout follows from the seed and the number of the step, so that a run
    that goes on after a crash ends as one that was never disturbed.

    Args:
        task: What is trained.
        plan: How.
        folder: For checkpoints: `last.safetensors`, `best.safetensors`.
        resume: Go on at the last checkpoint, where there is one.
        progress: Follows the steps.

    Raises:
        InputError: The batch does not fit on the GPU, the loss is no number before an epoch ended well, or
            the checkpoint is of something else.
        KeyboardInterrupt: After Ctrl-C or SIGTERM, when the step is done and a checkpoint is kept.
    """
    return _Run(task, plan, folder, progress).run(resume=resume)


class _Run:
    """One call of `train`."""

    def __init__(self, task: Task, plan: Plan, folder: Path, progress: Progress) -> None:
        if task.count < SMALLEST:
            raise InputError(f"there are {task.count} pairs to learn from; {SMALLEST} at least are needed")
        self.task, self.plan, self.folder, self.progress = task, plan, folder, progress
        task.place = choose(plan.device, plan.precision)
        task.module.to(task.place.device)
        self.groups = [dict(group) for group in task.groups(plan)]
        self.optimizer = torch.optim.AdamW(
            [{name: value for name, value in group.items() if name != "scale"} for group in self.groups],
            lr=plan.learning_rate,
        )
        self.steps = len(self._updates(0))
        self.total = self.steps * plan.epochs
        self.course = Course()
        self.about = {"task": task.about, "plan": asdict(plan)}

    def run(self, *, resume: bool) -> Course:
        """Train to the end, or to what stops it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if resume and (self.folder / checkpoints.LAST).is_file():
            said = checkpoints.read_last(self.folder, self.about, self.task.module, self.optimizer)
            self.course = Course(**said)
        start, before = time.perf_counter(), self.course.seconds
        device = self.task.place.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []), _stops() as asked:
            while self.course.epoch < self.plan.epochs and not self.course.stopped:
                self._epoch(asked)
                self.course.seconds = before + time.perf_counter() - start
                if asked:
                    self._save()
                    raise KeyboardInterrupt(
                        f"stopped after step {self.course.step:,} of {self.total:,}, which is kept"
                    )
        self._take_best()
        return self.course

    def _epoch(self, asked: list[int]) -> None:
        """The rest of an epoch."""
        course = self.course
        self.task.start_epoch(course.epoch, course.step / self.total)
        self.task.module.train()
        updates = self._updates(course.epoch)
        items = [(number, rows) for number, part in enumerate(updates) for rows in part]
        items = [(number, rows) for number, rows in items if number >= len(course.losses)]
        made = ahead(self._load, items, weigh=lambda item: 1 << 22)
        waiting: list[Any] = []
        for (number, rows), batch in made:
            waiting.append((rows, batch))
            if len(waiting) < len(updates[number]):
                continue
            self._step(waiting)
            waiting = []
            self.progress("training", course.step, self.total)
            if asked or course.stopped:
                return
            if course.step % self.plan.save_every == 0 and number + 1 < len(updates):
                self._save()
        self._end_epoch()

    def _load(self, item: tuple[int, Array]) -> Any:
        number, rows = item
        return self.task.load(rows, (self.plan.seed, self.course.epoch, number, int(rows[0])))

    def _updates(self, epoch: int) -> list[list[Array]]:
        """The batches of every step of an epoch, all of nearly the same size."""
        order = np.random.default_rng((self.plan.seed, epoch)).permutation(self.task.count)
        count = max(1, min(-(-len(order) // self.plan.batch_size), len(order) // SMALLEST))
        batches = np.array_split(order, count)
        size = self.plan.accumulate
        return [batches[start : start + size] for start in range(0, len(batches), size)]

    def _step(self, batches: list[Any]) -> None:
        course = self.course
        torch.manual_seed(hash((self.plan.seed, course.step)) % 2**63)
        rate = self._rate(course.step)
        for group, said in zip(self.optimizer.param_groups, self.groups, strict=True):
            group["lr"] = rate * said.get("scale", 1.0)
        self.optimizer.zero_grad(set_to_none=True)
        pairs, loss = sum(len(rows) for rows, _ in batches), 0.0
        for rows, batch in batches:
            share = len(rows) / pairs
            loss += share * self._try(rows, batch, share)
        trained = [one for group in self.optimizer.param_groups for one in group["params"]]
        length = float(torch.nn.utils.clip_grad_norm_(trained, self.plan.clip or math.inf))
        if not (math.isfinite(loss) and math.isfinite(length)):
            what = f"loss is {loss}" if not math.isfinite(loss) else f"gradient is {length}"
            course.stopped = f"the {what} at step {course.step + 1:,} of {self.total:,}"
            return
        self.optimizer.step()
        course.losses.append(loss)
        course.step += 1

    def _try(self, rows: Array, batch: Any, share: float) -> float:
        """A step of the task; without room on the GPU, which batch there is room for."""
        done = self.course.step / self.total
        try:
            return self.task.step(batch, done, share)
        except torch.OutOfMemoryError:
            size = len(rows)
        while size > SMALLEST:
            torch.cuda.empty_cache()
            size //= 2
            try:
                self.task.step(self._load((0, rows[:size])), done, share)
            except torch.OutOfMemoryError:
                continue
            raise InputError(
                f"a batch of {len(rows)} does not fit on the GPU, {size} does: take --batch {size} "
                f"(and --accumulate {-(-len(rows) // size) * self.plan.accumulate} for the same step)"
            )
        raise InputError(f"not even a batch of {size} fits on the GPU: smaller pictures, or --device cpu")

    def _rate(self, step: int) -> float:
        rising = self.plan.warm_up * self.total
        if step < rising:
            return self.plan.learning_rate * (step + 1) / (rising + 1)
        return self.plan.learning_rate * (1 + math.cos(math.pi * (step - rising) / (self.total - rising))) / 2

    def _end_epoch(self) -> None:
        course = self.course
        course.epoch += 1
        self.task.module.eval()
        value = self.task.validate()
        for name, found in (
            ("loss", float(np.mean(course.losses))),
            ("validation", value),
            ("learning_rate", self._rate(course.step - 1)),
        ):
            course.curve[name].append(found)
        course.losses = []
        if math.isnan(value) or course.best is None or value > course.best:
            course.best, course.best_epoch = value, course.epoch
            checkpoints.write_best(self.folder, self.about, self.task.module)
        elif self.plan.patience and course.epoch - course.best_epoch >= self.plan.patience:
            course.stopped = f"no better for {self.plan.patience} epochs"
        self._save()

    def _save(self) -> None:
        checkpoints.write_last(self.folder, self.about, self.task.module, self.optimizer, asdict(self.course))

    def _take_best(self) -> None:
        if not self.course.best_epoch:
            there = (self.folder / checkpoints.LAST).is_file()
            kept = f" (an earlier step is kept in {self.folder})" if there else ""
            raise InputError(
                f"{self.course.stopped}, before the first epoch ended{kept}: "
                "take a lower --rate, or a longer warm-up"
            )
        checkpoints.read_best(self.folder, self.about, self.task.module)
        self.task.module.eval()


@contextmanager
def _stops() -> Iterator[list[int]]:
    """A list that is no longer empty once Ctrl-C or SIGTERM came, so that no step is cut in two."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def note(number: int, frame: object) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who asks twice does not wait

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
