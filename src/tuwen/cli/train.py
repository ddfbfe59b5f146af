"""`tuwen train`: train networks on one's own pictures and words."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _sources

if TYPE_CHECKING:
    from tuwen.training.classify_training import Classifying
    from tuwen.training.clip import Tuned
    from tuwen.training.dual_training import Trained

_PLAN = ("epochs", "learning_rate", "weight_decay", "warm_up", "patience", "save_every", "seed", "device",
         "precision")  # fmt: skip
#: What only training two networks takes, and what only fine-tuning an encoder takes.
_DUAL = ("image_encoder", "text_encoder", "head", "bits", "dim", "hidden", "size", "settings", "accumulate",
         "temperature", "validation", "labels")  # fmt: skip
_CLIP = ("stage", "freeze_vision", "effective_batch", "mask_patches", "lora", "checkpointing", "keep",
         "replay", "replay_share", "itm")  # fmt: skip
#: What a classifier takes beside what all take.
_CLASSIFY = ("image_encoder", "text_encoder", "size", "accumulate", "validation", "labels", "dropout")
_FIGURES = ("hit@1", "hit@5", "hit@10", "precision@1", "precision@5", "precision@10")


@click.command(
    epilog="Example:  tuwen train --pairs pairs.csv --image-encoder resnet18 --text-encoder bert --bits 64 "
    "-o trained",
    short_help="Train networks on your own pictures and words.",
)
@click.option("--pairs", required=True, metavar="FILE", help="Pictures and texts: a table, a known layout.")
@click.option(
    "--task",
    type=click.Choice(["pairs", "classify"]),
    default="pairs",
    help="What is learned: what belongs together, or classes of texts or pictures.  [default: pairs]",
)
@click.option(
    "-o", "--output", type=_options.PATH, required=True, metavar="DIR", help="Folder of the result."
)
@click.option("--encoder", metavar="SPEC", help="Fine-tune this dual encoder, such as cn-clip-vit-b-16.")
@click.option(
    "--image-encoder",
    metavar="SPEC",
    help="resnet18, resnet34, resnet50, vit (random weights), a folder, file or hub id.  [default: resnet18]",
)
@click.option(
    "--text-encoder",
    metavar="SPEC",
    help="bert: random weights (bert,layers=4,width=256); else a folder or hub id.  [default: bert]",
)
@click.option("--head", type=click.Choice(["hash", "vector"]), help="Bits or vectors.  [default: hash]")
@click.option("--bits", type=int, metavar="N", help="Of a hash.  [default: 64]")
@click.option("--dim", type=int, metavar="N", help="Of a vector.  [default: 256]")
@click.option("--hidden", type=int, metavar="N", help="Units of the head; 0: one dense layer.  [default: 0]")
@click.option(
    "--loss", type=click.Choice(["triplet", "infonce"]), help="[default: triplet; infonce with --encoder]"
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the head's method."
)
@click.option("--temperature", type=float, help="Of infonce.  [default: 0.07]")
@click.option(
    "--size", type=int, metavar="PIXELS", help="Side of the pictures.  [default: the network's, or 224]"
)
@click.option(
    "--epochs",
    type=int,
    metavar="N",
    help="Passes over the pairs.  [default: 30; 3 with --encoder or classify]",
)
@click.option("--batch", type=int, metavar="N", help="Pairs computed at a time.  [default: 64]")
@click.option("--accumulate", type=int, metavar="N", help="Batches a step.  [default: 1]")
@click.option(
    "--rate",
    "learning_rate",
    type=float,
    help="Learning rate.  [default: 3e-4; 5e-5 with --encoder or classify]",
)
@click.option("--weight-decay", type=float, help="Of matrices.  [default: 0.05; 0.001 with --encoder]")
@click.option("--warm-up", type=float, metavar="SHARE", help="Of the steps, in which the rate rises.")
@click.option("--patience", type=int, metavar="N", help="Epochs without a better figure before it ends.")
@click.option(
    "--held-out", type=float, metavar="SHARE", help="Of the pictures, to choose by.  [default: 0.1]"
)
@click.option("--validation", metavar="FILE", help="Pairs to hold out in their place.")
@click.option("--labels", metavar="NAME", help="Column of classes.  [default: label or the like]")
@click.option("--dropout", type=float, metavar="SHARE", help="With --task classify.  [default: 0.1]")
@click.option(
    "--stage", type=click.Choice(["text", "full"]), help="With --encoder: what learns.  [default: full]"
)
@click.option("--freeze-vision", type=int, metavar="N", help="First epochs with frozen pictures.")
@click.option("--effective-batch", type=int, metavar="N", help="Pairs compared at once.  [default: --batch]")
@click.option("--mask-patches", type=float, metavar="SHARE", help="Of the patches left out (FLIP).")
@click.option("--lora", type=int, metavar="RANK", help="Learn low-rank changes only.")
@click.option("--checkpointing", is_flag=True, default=None, help="Less memory, more time.")
@click.option("--keep", type=float, metavar="SHARE", help="Of the loss that keeps what was known.")
@click.option("--replay", metavar="FILE", help="Old pairs, mixed in; forgetting is reported.")
@click.option("--replay-share", type=float, metavar="SHARE", help="Of old pairs.  [default: 0.25]")
@click.option("--itm", is_flag=True, default=None, help="Learn a matching head for --rerank too.")
@click.option("--seed", type=int, help="[default: 0]")
@click.option("--device", metavar="NAME", help="auto, cpu, cuda, ...  [default: auto]")
@click.option("--precision", metavar="NAME", help="fp32, bf16 or auto.  [default: auto]")
@click.option("--save-every", type=int, metavar="N", help="Steps between checkpoints.  [default: 200]")
@click.option("--resume", is_flag=True, help="Go on where a training was stopped, with the same options.")
@click.option("--image-column", metavar="NAME", help="Table column of pictures.")
@click.option("--text-column", metavar="NAME", help="Table column of texts.")
@click.option("--root", type=_options.PATH, help="Where a table's pictures lie.  [default: beside the table]")
@_options.style()
def command(
    pairs: str, output: Path, task: str, encoder: str | None, resume: bool, style: str, **given: Any
) -> None:
    """Train an image and a text network from pixels and words, or fine-tune a dual encoder.

    Without --encoder: two networks and a head learn to give the pictures and texts of FILE codes of bits, or
    vectors, of one space. With --encoder: a CLIP-family encoder is fine-tuned on FILE. With --task classify:
    --text-encoder or --image-encoder learns the classes of the texts or pictures of FILE, for `tuwen tag` and
    `tuwen illustrate`.

    A tenth of the pictures is held out; it chooses the epoch, and DIR/report.md has its figures. Ctrl-C keeps
    the last step, and --resume goes on. `tuwen index COLLECTION SOURCE --method DIR` uses the first kind,
    `--encoder DIR` the second.
    """
    given = {name: value for name, value in given.items() if value not in (None, ())}
    _check(task, encoder, given)
    try:
        if task == "classify":
            _tell_classes(_classify(pairs, output, resume, given), style)
        elif encoder:
            _tell_clip(_clip(encoder, pairs, output, resume, given), style)
        else:
            _tell_dual(_dual(pairs, output, resume, given), pairs, style)
    except KeyboardInterrupt as stopped:
        if str(stopped):
            _output.note(f"{stopped}; go on with the same command and --resume")
        raise


def _check(task: str, encoder: str | None, given: dict[str, Any]) -> None:
    """Refuse options of another task."""
    if task == "classify":
        if encoder:
            raise click.UsageError("--task classify takes --text-encoder or --image-encoder, not --encoder")
        odd = [name for name in (*_DUAL, *_CLIP, "loss") if name in given and name not in _CLASSIFY]
        where = "without --task classify"
    else:
        odd = [name for name in ((*_DUAL, "dropout") if encoder else (*_CLIP, "dropout")) if name in given]
        where = f"{'without' if encoder else 'with'} --encoder"
        where = "with --task classify" if odd[:1] == ["dropout"] else where
    if odd:
        option = f"--{'set' if odd[0] == 'settings' else odd[0].replace('_', '-')}"
        raise click.UsageError(f"{option} goes {where} only")


def _classify(pairs: str, output: Path, resume: bool, given: dict[str, Any]) -> Classifying:
    from tuwen.training.classify_training import train_classifier
    from tuwen.training.task import Plan

    batch = {"batch_size": given.pop("batch")} if "batch" in given else {}
    given.setdefault("epochs", 3)
    given.setdefault("learning_rate", 5e-5)
    names = (*_PLAN, "accumulate")
    plan = Plan(**batch, **{name: given.pop(name) for name in names if name in given})
    with _progress.steps() as progress:
        return train_classifier(pairs, output, plan=plan, resume=resume, progress=progress, **given)


def _dual(pairs: str, output: Path, resume: bool, given: dict[str, Any]) -> Trained:
    from tuwen import methods
    from tuwen.cli.fit import _settings_of
    from tuwen.encoders.opening.spec import convert
    from tuwen.training.dual import HEADS
    from tuwen.training.dual_training import train_dual
    from tuwen.training.task import Plan

    head = given.pop("head", "vector" if "dim" in given else "hash")
    other = {"hash": "dim", "vector": "bits"}[head]
    if other in given:
        raise click.UsageError(f"--{other} does not go with --head {head}")
    if (width := given.pop("bits", given.pop("dim", None))) is not None:
        given["width"] = width
    written = _settings_of(given.pop("settings", ()), None, None)
    settings = convert(written, methods.find(HEADS[head][0]))
    batch = {"batch_size": given.pop("batch")} if "batch" in given else {}
    names = (*_PLAN, "accumulate")
    plan = Plan(**batch, **{name: given.pop(name) for name in names if name in given})
    with _progress.steps() as progress:
        return train_dual(
            pairs, output, head=head, settings=settings, plan=plan, resume=resume, progress=progress, **given
        )


def _clip(encoder: str, pairs: str, output: Path, resume: bool, given: dict[str, Any]) -> Tuned:
    from tuwen.training.clip import plan_for, tune
    from tuwen.training.clip_task import Tuning

    if given.pop("loss", "infonce") != "infonce":
        raise click.UsageError("--encoder is fine-tuned with --loss infonce")
    parts = (
        "stage",
        "freeze_vision",
        "batch",
        "mask_patches",
        "lora",
        "checkpointing",
        "keep",
        "replay_share",
    )
    tuning = Tuning(**{name: given.pop(name) for name in parts if name in given})
    whole = {"batch_size": given.pop("effective_batch")} if "effective_batch" in given else {}
    plan = plan_for(tuning, **whole, **{name: given.pop(name) for name in _PLAN if name in given})
    if "held_out" in given:
        given["share"] = given.pop("held_out")
    with _progress.steps() as progress:
        return tune(
            encoder, pairs, output, plan=plan, tuning=tuning, resume=resume, progress=progress, **given
        )


def _tell_dual(done: Trained, pairs: str, style: str) -> None:
    _sources.tell_refusals(done.refusals)
    for note in done.notes:
        _output.note(note)
    if done.evaluation is not None:
        found = done.evaluation
        held = f"{_output.counted(found.pictures, 'picture')} with {_output.counted(found.texts, 'text')}"
        _output.note(
            f"Held out: {held}. "
            "hit@k: a true item is among the first k; precision@k: the share of true ones among them."
        )
        _output.figures(found.rows, style, ("direction", "true", "scores", *_FIGURES))
        _output.note(
            f"Questions, from the text to ten hits: {found.per_second:,.1f} a second, "
            f"{found.median_ms:.1f} ms in the median"
        )
    pictures, texts = _output.counted(done.pictures, "picture"), _output.counted(done.texts, "text")
    course = done.course
    _output.note(
        f"Trained on {pictures} and {texts}, {course.step:,} steps in {course.seconds:,.0f} s, epoch "
        f"{course.best_epoch} kept: {done.folder}"
    )
    folder = shlex.quote(str(done.folder))
    _output.note(f"Next:  tuwen index COLLECTION {shlex.quote(pairs)} --method {folder}")


def _tell_classes(done: Classifying, style: str) -> None:
    _sources.tell_refusals(done.refusals)
    for note in done.notes:
        _output.note(note)
    if done.figures is not None:
        found = done.figures
        _output.note(
            f"Held out: {_output.counted(done.held_out, 'item')}. Accuracy {found['accuracy']:.4f} (95 %: "
            f"{found['low']:.4f} to {found['high']:.4f}); the commonest class alone {found['chance']:.4f}."
        )
        _output.figures(found["labels"], style, ("label", "items", "precision", "recall", "f1"))
    _output.note(
        f"Trained on {done.items:,} {done.takes} of {len(done.classes)} classes, {done.course.step:,} steps "
        f"in {done.course.seconds:,.0f} s, epoch {done.course.best_epoch} kept: {done.folder}"
    )
    folder = shlex.quote(str(done.folder))
    if done.takes == "pictures":
        _output.note(f"Next:  tuwen index COLLECTION SOURCE --encoder {folder}/image")
    _output.note(f"Next:  tuwen tag COLLECTION --classifier {folder} --to class")


def _tell_clip(done: Tuned, style: str) -> None:
    if done.rank:  # of several processes, one tells
        return
    _sources.tell_refusals(done.refusals)
    for note in done.notes:
        _output.note(note)
    parts = (("held out", "before", done.before), ("held out", "after", done.after),
             ("old pairs", "before", done.old_before), ("old pairs", "after", done.old_after),
             ("held out", "reranked", done.itm))  # fmt: skip
    rows = [{"pairs": pairs, "when": when, **row} for pairs, when, part in parts for row in part]
    if rows:
        _output.figures(rows, style)
    learned, held, _ = done.pairs
    _output.note(
        f"Fine-tuned on {_output.counted(learned, 'pair')}, {held:,} held out, {done.course.step:,} steps in "
        f"{done.course.seconds:,.0f} s: {done.folder}"
    )
    _output.note(f"Next:  tuwen index COLLECTION SOURCE --encoder {shlex.quote(str(done.folder))}")
