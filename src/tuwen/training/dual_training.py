"""Train two networks and a head on a user's pairs, and keep them as a method with its encoders."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from tuwen import encoders, learned, saved
from tuwen.arrays import Modality
from tuwen.errors import InputError
from tuwen.learned import Side
from tuwen.records import Refusal
from tuwen.training import evaluation, image_networks, material, text_networks
from tuwen.training.dual import ROOM, Dual, Head, Pairs, head_of
from tuwen.training.evaluation import Evaluation
from tuwen.training.loop import Course, Progress, train
from tuwen.training.material import Ids, Material, Pixels, refused
from tuwen.training.task import Plan

CHECKPOINT = "checkpoint"  # in the folder of the result, as long as training is not done
MEMORY = 4 << 30  # bytes of pixels that are held


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What came of a training.

    Attributes:
        folder: Where method, encoders and report lie.
        course: How it went.
        pictures: Learned from.
        texts: The same.
        evaluation: On the pairs held out; None without them.
        refusals: What was left out, and why.
        notes: What else the user should know.
    """

    folder: Path
    course: Course
    pictures: int
    texts: int
    evaluation: Evaluation | None
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


def train_dual(
    pairs: str | Path,
    folder: str | Path,
    *,
    image_encoder: str = "resnet18",
    text_encoder: str = "bert",
    head: str = "hash",
    width: int = 64,
    hidden: int = 0,
    loss: str = "triplet",
    settings: dict[str, Any] | None = None,
    temperature: float = 0.07,
    size: int = 0,
    held_out: float = 0.1,
    validation: str | Path | None = None,
    plan: Plan | None = None,
    resume: bool = False,
    labels: str | None = None,
    memory: int = MEMORY,
    progress: Progress = lambda step, done, total: None,
    **columns: Any,
) -> Trained:
    """Train an image network, a text network and a head from pixels and words.

    With ResNet18, BERT and a hash of 64 bits this is the design of paper 004 of this project's sources.
    `tuwen index --method FOLDER` codes a collection with the result.

    Args:
        pairs: A source of pictures and texts, as `data.open_source` takes it.
        folder: For the result: a new or empty folder, or one with an earlier result, which is replaced.
        image_encoder: As `image_networks.make` takes it.
        text_encoder: As `text_networks.make` takes it.
        head: `hash` or `vector`.
        width: Bits, or columns.
        hidden: Units of the head between features and code; 0 for a single dense layer.
        loss: `triplet` or `infonce`.
        settings: Further parameters of the head's method, such as `margin`.
        temperature: Of InfoNCE.
        size: Side of the pictures in pixels; 0 for what the network takes.
        held_out: Share of the pictures that chooses the epoch and gives the figures.
        validation: A source of pairs to hold out in their place.
        plan: Steps, batches, rates, seed and device.
        resume: Go on with a training that was stopped, with the same arguments.
        labels: The column of class names.
        memory: Bytes of pixels held in memory; of more pictures each is decoded when it is needed.
        progress: Follows what is being done.
        columns: Further arguments of `open_source`.

    Raises:
        InputError: The pairs cannot be learned from, or an argument is wrong; says why and what to do.
        KeyboardInterrupt: It was stopped; a checkpoint is kept, and `resume=True` goes on.
    """
    plan, folder = plan or Plan(), Path(folder).expanduser()
    check_free(folder, resume=resume)
    if not 0 <= held_out < 1:
        raise InputError(f"held_out is {held_out}; it is a share from 0 up to 1")
    method = head_of(
        head, width, hidden=hidden, seed=plan.seed, epochs=plan.epochs, batch_size=plan.batch_size,
        learning_rate=plan.learning_rate, weight_decay=plan.weight_decay, **(settings or {}),
    )  # fmt: skip
    given = material.read(pairs, labels=labels, **columns)
    if validation is not None:
        rest, held = given, material.read(validation, labels=labels, **columns)
    else:
        rest, held = given.held_out(held_out, plan.seed)
    with torch.random.fork_rng([]):
        torch.manual_seed(plan.seed)
        image = image_networks.make(image_encoder, size=size)
        text = text_networks.make(text_encoder, rest.texts)
        refusals = [*given.refusals, *(held.refusals if validation is not None else ())]
        around = image_networks.larger(image.recipe, ROOM)
        learn = _prepared(rest, around, text, memory, refusals, progress)
        hold = _prepared(held, image.recipe, text, memory, refusals, progress) if held.pictures else None
        if hold is not None and len(hold.material.pictures) < 2:
            hold = None
        task = Dual(image, text, method, loss, learn, hold, temperature=temperature)
    course = train(task, plan, folder / CHECKPOINT, resume=resume, progress=progress)
    found = _keep(folder, task, course, plan, progress)
    return Trained(
        folder=folder,
        course=course,
        pictures=task.count,
        texts=len(learn.material.texts),
        evaluation=found,
        refusals=tuple([*refusals, *_late(learn)]),
        notes=tuple(_notes(task, course, found)),
    )


def check_free(folder: Path, *, resume: bool, holds: str = "method.json") -> None:
    """Whether a result may be written to a folder; an earlier one, told by what it holds, is replaced.

    Raises:
        InputError: It holds something else, or a training that was stopped and is not gone on with; or
            several processes would write to it.
    """
    if os.environ.get("WORLD_SIZE", "1") != "1":  # as torchrun sets it
        raise InputError("several processes train together with --encoder only; start one, without torchrun")
    stopped = any((folder / CHECKPOINT).glob("*.safetensors"))
    if stopped and not resume:
        raise InputError(
            f"{folder} holds a training that was stopped: --resume goes on with it; remove {CHECKPOINT} in "
            "it, or name a new folder, to begin anew"
        )
    if resume and not stopped:
        raise InputError(f"{folder} holds no training that was stopped; leave --resume out")
    saved.check_free(folder, CHECKPOINT, holds)


def _prepared(
    some: Material,
    recipe: Any,
    text: text_networks.TextNetwork,
    memory: int,
    refusals: list[Refusal],
    progress: Progress,
) -> Pairs:
    """The pairs whose pictures can be decoded, with pixels and token ids."""
    pixels = Pixels(some.pictures, recipe, budget=memory, progress=progress)
    refusals += [refused(some.pictures[row], error) for row, error in sorted(pixels.bad.items())]
    good = some.take(pixels.drop_bad())
    if len(good.pictures) < 2:
        first = f": {refusals[-1].reason}" if refusals else ""
        raise InputError(f"{len(good.pictures)} of {len(some.pictures)} pictures can be decoded{first}")
    return Pairs(good, pixels, Ids.of(text.tokens, good.texts))


def _late(learn: Pairs) -> list[Refusal]:
    """Pictures that turned out bad when they were asked for."""
    return [refused(learn.material.pictures[row], error) for row, error in sorted(learn.pixels.bad.items())]


def _keep(folder: Path, task: Dual, course: Course, plan: Plan, progress: Progress) -> Evaluation | None:
    """Write all of it beside, measure it there, then let it take the place of what was there."""
    with saved.replacing_folder(folder) as made:
        method = task.finish(course.curve, course.best_epoch, course.stopped)
        _write(made, task, method)
        found = None
        if task.held is not None:
            progress("measuring", 0, None)
            found = evaluation.evaluate(made, task.held.material)
        about = {"task": task.about, "plan": asdict(plan), "course": asdict(course)}
        evaluation.write_report(made, about, found)
    return found


def _write(folder: Path, task: Dual, method: Head) -> None:
    """Method and encoders as `learned.Learned` opens them."""
    task.module.to("cpu", memory_format=torch.contiguous_format).eval()
    sides: dict[Modality, Side] = {}
    parts: tuple[tuple[Modality, Any], ...] = (("image", task.image), ("text", task.text))
    for kind, part in parts:
        (folder / kind).mkdir()
        part.save(folder / kind)
        opened = encoders.load(str(folder / kind) + ",device=cpu")
        sides[kind] = Side(name=part.name, fingerprint=opened.fingerprint, width=opened.width, unit=False)
    learned.write(folder, method, sides)


def _notes(task: Dual, course: Course, found: Evaluation | None) -> list[str]:
    notes = [f"training ended early: {course.stopped}"] if course.stopped else []
    if found is not None and found.guesses:
        notes.append(
            "on the pairs held out it ranks no better than guessing; lower --rate (networks without weights "
            "may come to say the same of everything), train for longer, or start from weights"
        )
    for pairs, word in ((task.learned, "texts"), (task.held, "texts held out")):
        if pairs is not None and pairs.ids.cut:
            notes.append(
                f"{pairs.ids.cut:,} {word} were longer than the {task.text.tokens.recipe.context} tokens "
                "that the network reads; the rest was not read"
            )
    if task.held is None:
        notes.append("nothing was held out, so the last epoch was kept, and there are no figures")
    return notes
