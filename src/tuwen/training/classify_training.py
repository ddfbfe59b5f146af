"""Train a network for classes of texts or pictures, and keep it as `classes.load` opens it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tuwen import saved
from tuwen.classes.network import TEXT
from tuwen.errors import InputError
from tuwen.records import Picture, Refusal
from tuwen.saved import Saved
from tuwen.training import image_networks, text_networks
from tuwen.training.classify import Classify, ClassifyPictures, ClassifyTexts
from tuwen.training.classify_report import figures, write_report
from tuwen.training.dual import ROOM
from tuwen.training.dual_training import CHECKPOINT, MEMORY, check_free
from tuwen.training.labelled import Labelled, Takes, read_labelled
from tuwen.training.loop import Course, Progress, train
from tuwen.training.material import Ids, Pixels, refused
from tuwen.training.task import Plan

IMAGE = "image"
"""Folder of a picture network, which `encoders.load` opens; the classes are of its unit vectors."""


@dataclass(frozen=True, kw_only=True)
class Classifying:
    """What came of training a classifier.

    Attributes:
        folder: Where it lies.
        course: How it went.
        takes: `texts` or `pictures`.
        classes: Names.
        items: Learned from.
        held_out: Items held out.
        figures: Of those, as `classify_report.figures` gives them; None without any.
        refusals: What was left out, and why.
        notes: What else the user should know.
    """

    folder: Path
    course: Course
    takes: str
    classes: list[str]
    items: int
    held_out: int
    figures: dict[str, Any] | None
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


def train_classifier(
    pairs: str | Path,
    folder: str | Path,
    *,
    text_encoder: str | None = None,
    image_encoder: str | None = None,
    held_out: float = 0.1,
    validation: str | Path | None = None,
    dropout: float = 0.1,
    size: int = 0,
    plan: Plan | None = None,
    resume: bool = False,
    labels: str | None = None,
    memory: int = MEMORY,
    progress: Progress = lambda step, done, total: None,
    **columns: Any,
) -> Classifying:
    """Fine-tune a text or an image network, with a layer of classes behind it.

    Args:
        pairs: A source with a column of classes, as `data.open_source` takes it.
        folder: For the result: a new or empty folder, or one with an earlier result, which is replaced.
        text_encoder: Classify texts, with what `text_networks.make` takes; `bert` when both are None.
        image_encoder: Classify pictures, with what `image_networks.make` takes.
        held_out: Share of each class that chooses the epoch and gives the figures.
        validation: A source of items to hold out in their place.
        dropout: Share of the features left out while learning.
        size: Side of pictures in pixels; 0 for what the network takes.
        plan: Steps, batches, rates, seed and device.
        resume: Go on with a training that was stopped, with the same arguments.
        labels: The column of class names.
        memory: Bytes of pixels held in memory.
        progress: Follows what is being done.
        columns: Further arguments of `open_source`.

    Raises:
        InputError: The items cannot be learned from, or an argument is wrong; says why and what to do.
        KeyboardInterrupt: It was stopped; a checkpoint is kept, and `resume=True` goes on.
    """
    plan, folder = plan or Plan(), Path(folder).expanduser()
    if text_encoder and image_encoder:
        raise InputError("a classifier takes texts or pictures; name a text encoder or an image encoder")
    if size and not image_encoder:
        raise InputError("size is of pictures; name an image encoder, or leave it out")
    if not 0 <= held_out < 1:
        raise InputError(f"held_out is {held_out}; it is a share from 0 up to 1")
    check_free(folder, resume=resume, holds="classes.json")
    takes: Takes = "pictures" if image_encoder else "texts"
    given = read_labelled(pairs, takes, labels=labels, **columns)
    rest, held = given.split(held_out, plan.seed)
    if validation is not None:
        rest, held = given, read_labelled(validation, takes, labels=labels, **columns)
        given.refusals += held.refusals
    held, notes = _within(rest, held, given.refusals), list(given.notes)
    with torch.random.fork_rng([]):
        torch.manual_seed(plan.seed)
        if image_encoder:
            task = _pictures(
                image_encoder, rest, held, dropout,
                size=size, memory=memory, progress=progress, refusals=given.refusals,
            )  # fmt: skip
        else:
            task = _texts(text_encoder or "bert", rest, held, dropout)
    course = train(task, plan, folder / CHECKPOINT, resume=resume, progress=progress)
    if course.stopped:
        notes.append(f"training ended early: {course.stopped}")
    if isinstance(task, ClassifyTexts) and (cut := task.learned_ids.cut + task.held_ids.cut):
        most = task.text.tokens.recipe.context
        notes.append(f"{cut:,} texts were longer than the {most} tokens that the network reads")
    if not len(task.held):
        notes.append("nothing was held out, so the last epoch was kept, and there are no figures")
    found = figures(task.classes, task.held, task.probabilities()) if len(task.held) else None
    _keep(folder, task, {"task": task.about, "plan": asdict(plan), "course": asdict(course)}, found)
    return Classifying(
        folder=folder,
        course=course,
        takes=takes,
        classes=task.classes,
        items=task.count,
        held_out=len(task.held),
        figures=found,
        refusals=tuple(given.refusals),
        notes=tuple(notes),
    )


def _within(rest: Labelled, held: Labelled, refusals: list[Refusal]) -> Labelled:
    """The items held out whose class is learned, and that are not learned from themselves."""
    known, seen = set(rest.labels), {_name(item) for item in rest.items}
    rows = []
    for row, label in enumerate(held.labels):
        name = _name(held.items[row])
        if label in known and name not in seen:
            rows.append(row)
            continue
        why = (
            f"nothing of its class {label!r} is learned from" if label not in known else "it is learned from"
        )
        refusals.append(
            Refusal(item=name, code="not-held-out", reason=f"{name[:60]!r} is not held out: {why}")
        )
    return held.take(np.array(rows, dtype=np.int64))


def _name(item: str | Picture) -> str:
    return item.path if isinstance(item, Picture) else item


def _taught(learn: Labelled, held: Labelled, dropout: float) -> dict[str, Any]:
    """What every task is told of its items: the classes, and the class of each by its place in them."""
    place = {name: number for number, name in enumerate(learn.classes)}
    numbers, held_numbers = (
        np.array([place[name] for name in part.labels], dtype=np.int64) for part in (learn, held)
    )
    return {"classes": learn.classes, "numbers": numbers, "held": held_numbers, "dropout": dropout}


def _texts(spec: str, learn: Labelled, held: Labelled, dropout: float) -> Classify:
    texts, held_texts = ([str(item) for item in part.items] for part in (learn, held))
    network = text_networks.make(spec, texts)
    return ClassifyTexts(
        network,
        Ids.of(network.tokens, texts),
        Ids.of(network.tokens, held_texts),
        about={"task": "classify", "text": spec, "words": network.tokens.size},
        **_taught(learn, held, dropout),
    )


def _pictures(
    spec: str,
    rest: Labelled,
    held: Labelled,
    dropout: float,
    *,
    size: int,
    memory: int,
    progress: Progress,
    refusals: list[Refusal],
) -> Classify:
    """The task of the pictures that can be decoded; others are added to the refusals."""
    network = image_networks.make(spec, size=size)
    around = image_networks.larger(network.recipe, ROOM)
    parts = []
    for some, recipe in ((rest, around), (held, network.recipe)):
        listed: Any = some.items
        pixels = Pixels(listed, recipe, budget=memory, progress=progress)
        refusals += [refused(listed[row], error) for row, error in sorted(pixels.bad.items())]
        parts.append((some.take(pixels.drop_bad()), pixels))
    (learn, pixels), (hold, held_pixels) = parts
    if len(learn.classes) < 2:
        first = f": {refusals[-1].reason}" if refusals else ""
        raise InputError(f"pictures of {len(learn.classes)} classes can be decoded; two are needed{first}")
    return ClassifyPictures(
        network,
        pixels,
        held_pixels,
        about={"task": "classify", "image": spec, "size": network.recipe.size},
        **_taught(learn, hold, dropout),
    )


def _keep(folder: Path, task: Classify, about: dict[str, Any], found: dict[str, Any] | None) -> None:
    """Write all of it beside, then let it take the place of what was there."""
    task.module.to("cpu", memory_format=torch.contiguous_format).eval()
    weights, bias = task.layer()
    state: dict[str, Any] = {"classes_": task.classes, "weights_": weights, "bias_": bias}
    with saved.replacing_folder(folder) as made:
        if isinstance(task, ClassifyTexts):
            (made / TEXT).mkdir()
            task.text.save(made / TEXT)
            recipe = task.text.tokens.recipe
            params = {"pooling": task.text.network.pooling, "context": recipe.context}
            params |= {"lower": recipe.lower, "pad_id": recipe.pad_id}
            saved.write(made, Saved("network", params, state), "classes")
        elif isinstance(task, ClassifyPictures):
            (made / IMAGE).mkdir()
            task.image.save(made / IMAGE)
            width = len(weights)
            state |= {"mean_": np.zeros(width), "scale_": 1.0, "strength_": 0.0, "width_": width}
            saved.write(made, Saved("probe", {}, state), "classes")
        write_report(made, about, found)
