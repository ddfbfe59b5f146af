"""Fine-tune a dual encoder of the CLIP family on one's own pairs, and say what it gained and forgot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tuwen.errors import InputError, MissingExtra
from tuwen.records import Refusal

if TYPE_CHECKING:
    from tuwen.encoders.clip import Clip
    from tuwen.training.clip_pairs import Pairs
    from tuwen.training.clip_task import Tuning
    from tuwen.training.distributed import World
    from tuwen.training.loop import Course
    from tuwen.training.task import Plan

Progress = Callable[[str, int, int | None], None]
Figures = list[dict[str, Any]]

#: Below these, recall says nothing: pictures of the source, from which on some are held out.
ENOUGH = 20
_MOST = 1000  # pictures held out
_CHECKPOINTS = "training"  # in the folder of the result, while it is made


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What came of it.

    Attributes:
        folder: What `encoders.load` opens.
        course: Of the training; see `loop.Course`.
        pairs: Learned from, held out, and old ones in an epoch.
        before: Recall@1, 5 and 10 of both directions on the held-out pairs, by the starting model.
        after: The same by what was learned.
        old_before: Of the held-out old pairs; empty without `replay`.
        old_after: The same after.
        batch: Pairs that were computed at a time; less than was asked for where memory ended.
        refusals: What was left out, and why.
        notes: What else the user should know.
        itm: What the matching head gained in reranking; empty without one.
        rank: Of this process among those that trained; 0 has the figures to tell.
    """

    folder: Path
    course: Course
    pairs: tuple[int, int, int]
    before: Figures
    after: Figures
    old_before: Figures
    old_after: Figures
    batch: int
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]
    itm: Figures
    rank: int


def tune(
    encoder: str,
    pairs: str,
    folder: str | Path,
    *,
    plan: Plan | None = None,
    tuning: Tuning | None = None,
    replay: str | None = None,
    share: float = 0.1,
    itm: bool = False,
    resume: bool = False,
    progress: Progress = lambda step, done, total: None,
    **columns: Any,
) -> Tuned:
    """Fine-tune an encoder and write it to a folder.

    Started by `torchrun`, every process computes its part of each batch.

    Args:
        encoder: A dual encoder as `encoders.load` takes it; a folder, a checkpoint or a name.
        pairs: A source of pictures and texts, as `data.open_source` takes it.
        folder: A new or empty folder, or one of a training that goes on.
        plan: Epochs, learning rate, the whole batch and so on; see `plan_for` for what it is when None.
        tuning: What learns and how.
        replay: Old pairs, to mix in and to measure forgetting on.
        share: Of the pictures that are held out, when there are 20 or more.
        itm: Learn a matching head too, for reranking, into `folder/itm`.
        resume: Go on at the last checkpoint.
        progress: Follows what is done.
        columns: Further arguments of `open_source`.

    Raises:
        InputError: The encoder is none of the CLIP family, or there is nothing to learn from.
        MissingExtra: torch or transformers is not installed.
    """
    try:
        from tuwen.training import clip_saving, distributed
        from tuwen.training.clip_network import DualNetwork
        from tuwen.training.clip_task import Tuning
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"training {encoder} needs {error.name}; install it with: pip install 'tuwen[clip]'"
        ) from error
    folder, tuning = Path(folder), tuning or Tuning()
    plan = plan or plan_for(tuning)
    _check_free(folder, resume=resume)
    with distributed.joined() as world:
        if world.rank:
            progress = _silent
        opened, path = _opened(encoder, plan)
        network = DualNetwork(opened, path)
        with network.masked(tuning.mask_patches):
            made = _Training(network, opened, plan, tuning, world, progress)
            made.read(pairs, replay, share, columns)
            course = made.run(folder / _CHECKPOINTS, resume=resume)
        figures = made.figures()
        gained: Figures = []
        if world.rank == 0:
            clip_saving.save(network, opened, path, folder)
            if itm:
                gained = made.match(folder / "itm")
        world.wait()
        done = made.done(folder, course, *figures, gained)
        if world.rank == 0:
            from tuwen.training import clip_report

            clip_report.write(done, encoder, plan, tuning)
            _clean(folder)
        world.wait()
    return done


def plan_for(tuning: Tuning, **given: Any) -> Plan:
    """A plan with what Chinese-CLIP is fine-tuned with, where nothing else is given.

    Three epochs at 5e-5 (5e-4 for LoRA, whose matrices begin at zero), weight decay 0.001, and the batch
    that is computed at a time as the whole one.
    """
    from tuwen.training.task import Plan

    usual = {"epochs": 3, "learning_rate": 5e-4 if tuning.lora else 5e-5, "weight_decay": 0.001,
             "warm_up": 0.1, "batch_size": tuning.batch}  # fmt: skip
    return Plan(**{**usual, **given})


def _silent(step: str, done: int, total: int | None) -> None:
    """One process tells how far all are."""


class _Training:
    """One call of `tune`."""

    def __init__(
        self, network: Any, encoder: Clip, plan: Plan, tuning: Tuning, world: World, progress: Progress
    ) -> None:
        self.network, self.encoder, self.plan, self.tuning = network, encoder, plan, tuning
        self.world, self.progress = world, progress
        self.notes: list[str] = []

    def read(self, spec: str, replay: str | None, share: float, columns: dict[str, Any]) -> None:
        """The pairs, new and old, and which of them are held out."""
        from tuwen.training import clip_pairs
        from tuwen.training import replay as again

        new = clip_pairs.read(spec, self.encoder, self.progress, **columns)
        self.train, self.held = self._cut(new, share)
        self.old = self.old_held = np.empty(0, dtype=np.int64)
        self.pairs = new
        if replay is not None:
            before = clip_pairs.read(replay, self.encoder, self.progress, **columns)
            self.pairs = again.joined(new, before)
            old, held = self._cut(before, share)
            self.old, self.old_held = old + len(new.matches), held + len(new.matches)
        if not len(self.held):
            self.notes.append(
                f"fewer than {ENOUGH} pictures: nothing was held out, so no recall is told and the last "
                "epoch is kept"
            )

    def run(self, folder: Path, *, resume: bool) -> Course:
        """Measure, train."""
        from tuwen.training import loop
        from tuwen.training.clip_pairs import recalls
        from tuwen.training.clip_task import ClipTask

        sides = (self.held, self.old_held)
        self.network.eval()
        self.before = [recalls(self.pairs, self.encoder, rows) if len(rows) else [] for rows in sides]
        self.task = ClipTask(
            self.network, self.encoder, self.pairs, self.train, self.held,
            plan=self.plan, tuning=self.tuning, old=self.old, world=self.world,
        )  # fmt: skip
        if self.tuning.checkpointing:
            self.network.checkpointing()
        return loop.train(self.task, self.plan, folder, resume=resume, progress=self.progress)

    def figures(self) -> tuple[Figures, Figures]:
        """Recall now, of the held-out pairs and of the old ones."""
        from tuwen.training.clip_pairs import recalls

        self.network.eval()
        sides = (self.held, self.old_held)
        now = [recalls(self.pairs, self.encoder, rows) if len(rows) else [] for rows in sides]
        return now[0], now[1]

    def match(self, folder: Path) -> Figures:
        """Learn and write a matching head."""
        from tuwen.training import itm

        rows: Figures = itm.learn(
            self.pairs,
            self.encoder,
            self.network,
            self.train,
            self.held,
            folder,
            batch=self.tuning.batch,
            device=self.plan.device,
            seed=self.plan.seed,
            progress=lambda step, done, total: self.progress("learning to match", done, total),
        )
        return rows

    def done(self, folder: Path, course: Course, after: Figures, old: Figures, itm: Figures) -> Tuned:
        """What is told."""
        if course.stopped:
            self.notes.append(f"training ended early: {course.stopped}; epoch {course.best_epoch} is kept")
        if self.task.chunk < self.tuning.batch:
            self.notes.append(
                f"memory ended: {self.task.chunk} pairs were computed at a time instead of "
                f"{self.tuning.batch}; the gradient is the same"
            )
        if self.encoder.cut:
            self.notes.append("some texts were longer than the encoder reads; the rest was not read")
        return Tuned(
            folder=folder,
            course=course,
            pairs=(len(self.train), len(self.held), self.task.extra),
            before=self.before[0],
            after=after,
            old_before=self.before[1],
            old_after=old,
            batch=self.task.chunk,
            refusals=tuple(self.pairs.refusals),
            notes=tuple(self.notes),
            itm=itm,
            rank=self.world.rank,
        )

    def _cut(self, pairs: Pairs, share: float) -> tuple[Any, Any]:
        count = len(np.unique(pairs.matches[:, 0]))
        return pairs.split(min(share, _MOST / count) if count >= ENOUGH else 0.0, self.plan.seed)


def _opened(spec: str, plan: Plan) -> tuple[Clip, Path]:
    """The encoder in float32, opened for this training alone, and where it lies.

    Raises:
        InputError: It is not of the CLIP family.
    """
    from tuwen import encoders
    from tuwen.encoders.clip import Clip
    from tuwen.encoders.opening import spec as language
    from tuwen.encoders.opening.detect import family_of
    from tuwen.encoders.opening.spec import convert

    parsed = language.parse(spec, (*encoders.names(), "hub", "modelscope"))
    if not parsed.family and parsed.target in encoders.names():
        raise InputError(
            f"{spec} is not of the CLIP family, which is what can be fine-tuned; name such a model "
            "(cn-clip-vit-b-16), its folder or its checkpoint"
        )
    known, path = encoders.located(parsed)
    family = known or (parsed.family if parsed.family in encoders.names() else family_of(path))
    if family != "clip":
        raise InputError(
            f"{spec} is of the family {family}, and only the CLIP family can be fine-tuned; name a model "
            "such as cn-clip-vit-b-16, its folder or its checkpoint"
        )
    options = {"device": plan.device, **convert(parsed.options, Clip.open), "precision": "fp32"}
    found = Clip.open(path, **options)
    found.name = spec
    return found, path


def _check_free(folder: Path, *, resume: bool) -> None:
    if resume and (folder / "training.json").is_file():
        raise InputError(f"the training in {folder} has ended; leave --resume out and name a new folder")
    if resume or not folder.exists():
        return
    if any((folder / _CHECKPOINTS).glob("*.safetensors")):
        raise InputError(
            f"{folder} holds a training that was stopped: --resume goes on with it; remove {_CHECKPOINTS} in "
            "it, or name a new folder, to begin anew"
        )
    if not folder.is_dir() or any(one.name != _CHECKPOINTS for one in folder.iterdir()):
        raise InputError(f"{folder} is there already and holds something else; name a new folder")


def _clean(folder: Path) -> None:
    """Take away the checkpoints, which are three times as large as the result."""
    for file in (folder / _CHECKPOINTS).glob("*.safetensors"):
        file.unlink()
    (folder / _CHECKPOINTS).rmdir()
