"""Distil the image tower from the teacher, stage by stage at first and from pixels to features at last."""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from student import CUT_CHANNELS, Student
from teacher import Teacher
from torch import Tensor
from torch.nn import functional

from data import Pixels, data_folder, emoji_scenes, load_pixels, read_emoji, read_webnews, split_train

#: Share of each kind of picture in a batch.
MIX = {"flickr": 0.83, "webnews": 0.13, "emoji": 0.04}
#: Side of the training pictures from each share of the schedule on.
SIDES = ((0.0, 128), (0.65, 160), (0.9, 224))


def augment(pixels: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Random crops, flips, colour and mixing of ``(n, s, s, 3)`` uint8 into ``(n, side, side, 3)`` uint8."""
    count = pixels.shape[0]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(shape or (count,), generator=generator) * (high - low) + low

    # Small training pictures are crops, so that things in them are as large as in whole pictures later.
    largest = min(1.0, 0.35 + (side - 96) / 160)
    area, aspect = uniform(0.25, largest), torch.exp(uniform(-0.3, 0.3))
    width, height = (area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1)
    whole = uniform(0, 1) < 0.3 * (side / 224) ** 2
    width, height = torch.where(whole, 1.0, width), torch.where(whole, 1.0, height)
    flip = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = width * flip, height
    theta[:, 0, 2] = (1 - width) * uniform(-1, 1)
    theta[:, 1, 2] = (1 - height) * uniform(-1, 1)
    grid = functional.affine_grid(theta, [count, 3, side, side], align_corners=False)
    source = pixels.permute(0, 3, 1, 2).float()
    picture = functional.grid_sample(source, grid, padding_mode="border", align_corners=False)

    chosen = (uniform(0, 1) < 0.3).view(-1, 1, 1, 1)
    centre = picture.mean((1, 2, 3), keepdim=True)
    grey = picture.mean(1, keepdim=True)
    changed = grey + (picture - grey) * uniform(0.3, 1.5).view(-1, 1, 1, 1)
    changed = centre + (changed - centre) * uniform(0.7, 1.3).view(-1, 1, 1, 1)
    changed = changed * uniform(0.7, 1.3).view(-1, 1, 1, 1)
    picture = torch.where(chosen, changed, picture)

    share = torch.where(uniform(0, 1) < 0.1, uniform(0.1, 0.5), 0.0).view(-1, 1, 1, 1)
    picture = picture * (1 - share) + picture.flip(0) * share
    return picture.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def to_input(pixels: Tensor) -> Tensor:
    """Pixels ``(n, side, side, 3)`` uint8 as the network sees them, in [-1, 1], channels last."""
    return (pixels.permute(0, 3, 1, 2).float() - 128) / 128


def pooled(student: Student, pixels: Pixels, side: int) -> np.ndarray:
    """Averaged last stage of unaugmented pictures, ``(n, 1280)``."""
    student.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pixels), 32):
            x = to_input(torch.from_numpy(pixels[start : start + 32]))
            if side != x.shape[-1]:
                x = functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
            parts.append(student(x.contiguous(memory_format=torch.channels_last))[:, -CUT_CHANNELS[-1] :])
    return torch.cat(parts).numpy()


def agreement(student: np.ndarray, teacher: np.ndarray) -> dict[str, float]:
    """How well features ``(n, 1280)`` follow the teacher's: explained variance and centred cosine."""
    centre = teacher.mean(0)
    a, b = student - centre, teacher - centre
    cosine = (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))
    return {"explained": float(1 - ((a - b) ** 2).sum() / (b * b).sum()), "cosine": float(cosine.mean())}


@dataclass(frozen=True)
class Plan:
    """What every worker needs to know."""

    data: Path
    work: Path
    minutes: float
    batch: int
    rate: float
    seed: int


Pools = dict[str, Pixels]


def draw(pools: Pools, batch: int, rng: np.random.Generator) -> Tensor:
    """A shuffled batch of pictures of every kind, ``(batch, s, s, 3)`` uint8."""
    counts = {name: round(share * batch) for name, share in MIX.items()}
    counts["flickr"] = batch - counts["webnews"] - counts["emoji"]
    rows = [pools[name][rng.integers(0, len(pools[name]), count)] for name, count in counts.items()]
    return torch.from_numpy(np.concatenate(rows)[rng.permutation(batch)])


def calibrate(plan: Plan, pools: Pools, held: Pixels) -> None:
    """Write the teacher's features of the held-out pictures and the scale of every channel of every cut."""
    teacher = Teacher(plan.data / "weights", 1)
    parts = [teacher(torch.from_numpy(held[start : start + 50]))[-1] for start in range(0, len(held), 50)]
    generator = torch.Generator().manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    batches = [teacher(augment(draw(pools, 32, rng), 160, generator)) for _ in range(12)]
    arrays = {"held": torch.cat([part.mean((2, 3)) for part in parts])}
    for cut in range(len(batches[0])):
        arrays[f"cut{cut}"] = torch.cat([batch[cut] for batch in batches]).var((0, 2, 3))
    arrays["pooled"] = torch.cat([batch[-1].mean((2, 3)) for batch in batches]).var(0)
    np.savez(plan.work / "calibration.npz", **{name: value.numpy() for name, value in arrays.items()})


def weight(variance: np.ndarray) -> Tensor:
    """Weight of each channel's squared error; a floor keeps nearly dead channels from dominating."""
    return torch.from_numpy(1 / (variance + 0.1 * variance.mean()))


def make_optimiser(student: Student, rate: float) -> torch.optim.AdamW:
    """AdamW with its state made at once and in shared memory, so that workers can share it."""
    groups = [
        {"params": [p for p in student.parameters() if p.ndim > 1], "weight_decay": 1e-2},
        {"params": [p for p in student.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=rate, fused=True)
    for parameter in student.parameters():
        optimiser.state[parameter] = {
            "step": torch.zeros(()),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }
    return optimiser


class Aim:
    """The image head fitted on the teacher's features: which directions of the features captions speak of."""

    def __init__(self, path: Path) -> None:
        head = torch.load(path, weights_only=True)["head"]
        self.mean, self.spread = head["mean"], head["spread"]
        self.weight, self.bias = head["project.weight"], head["project.bias"]

    def __call__(self, features: Tensor) -> Tensor:
        """Unit vectors of features ``(n, 1280)``."""
        return functional.normalize(
            functional.linear((features - self.mean) / self.spread, self.weight, self.bias)
        )


def losses_of(
    student: Student,
    pixels: Tensor,
    targets: list[Tensor],
    weights: list[Tensor],
    keep: Tensor,
    aim: Aim | None,
) -> Tensor:
    """Errors at every cut, of the averaged features, and of the vectors made of them, ``(9,)``.

    All but the last are shares of the teacher's variance; the last is a cosine distance. Where ``keep``
    ``(n, stages)`` is true, the next stage is fed the teacher's activation instead of the student's own.
    """
    x = to_input(pixels)
    terms = []
    for cut, (stage, target) in enumerate(zip(student.stages, targets, strict=True)):
        y = stage(x)
        terms.append(((y - target).square().mean((0, 2, 3)) * weights[cut]).mean())
        x = torch.where(keep[:, cut].view(-1, 1, 1, 1), target, y)
    ours, theirs = y.mean((2, 3)), targets[-1].mean((2, 3))
    terms.append(((ours - theirs).square().mean(0) * weights[-1]).mean())
    terms.append(torch.zeros(()) if aim is None else 1 - (aim(ours) * aim(theirs)).sum(1).mean())
    return torch.stack(terms)


def work(
    rank: int,
    plan: Plan,
    pools: Pools,
    held: Pixels,
    student: Student,
    optimiser: torch.optim.AdamW,
    average: Student,
    start: tuple[int, float],
) -> None:
    """Train on one core. Workers update the same weights without waiting for each other.

    On a machine shared with other jobs this is much faster than two threads that wait for the slower
    one at every layer.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    step, elapsed = start
    generator = torch.Generator().manual_seed(plan.seed + 1000 * rank + step)
    rng = np.random.default_rng([plan.seed, rank, step])
    teacher = Teacher(plan.data / "weights", 1)
    with np.load(plan.work / "calibration.npz") as stored:
        held_teacher = stored["held"]
        weights = [weight(stored[f"cut{cut}"]) for cut in range(len(student.stages))] + [
            weight(stored["pooled"])
        ]
    aim = Aim(plan.work / "aim.pt") if (plan.work / "aim.pt").is_file() else None
    budget = plan.minutes * 60
    clock = last_save = last_log = time.monotonic()
    history: list[list[float]] = []
    while elapsed < budget:
        progress = elapsed / budget
        side = [size for share, size in SIDES if progress >= share][-1]
        # From teacher-fed stages (short gradients) over mixed feeding to the student on its own.
        fed = min(1.0, max(0.0, (0.41 - progress) / 0.31))
        rate = plan.rate * min(1.0, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimiser.param_groups:
            group["lr"] = max(rate, 1e-6)
        pixels = augment(draw(pools, plan.batch, rng), side, generator)
        targets = teacher(pixels)
        student.train()
        keep = torch.rand(plan.batch, len(targets), generator=generator) < fed
        terms = losses_of(student, pixels, targets, weights, keep, aim)
        loss = (1 - 0.8 * progress) * terms[:-2].sum() + (0.5 + 2 * progress) * (terms[-2] + 2 * terms[-1])
        gradients = torch.autograd.grad(loss, list(student.parameters()))
        for parameter, gradient in zip(student.parameters(), gradients, strict=True):
            parameter.grad = gradient
        torch.nn.utils.clip_grad_norm_(student.parameters(), 5.0)
        optimiser.step()
        step += 1
        now = time.monotonic()
        elapsed += now - clock
        clock = now
        if rank:
            continue
        history.append(terms.tolist())
        follow(average, student, min(0.998, step / (step + 20)))
        if now - last_log > 60:
            shown = [round(float(value), 3) for value in np.mean(history, axis=0)]
            speed = len(history) * plan.batch / (now - last_log)
            print(
                f"{elapsed / 60:.1f} min step {step} side {side} fed {fed:.2f} {speed:.0f}/s {shown}",
                flush=True,
            )
            history, last_log = [], now
        if now - last_save > 300 or elapsed >= budget:
            sides = (160, 192, 224) if elapsed >= budget else (224,)
            scores = {size: agreement(pooled(average, held, size), held_teacher) for size in sides}
            print(json.dumps({"step": step, "held": scores}), flush=True)
            save(plan.work / "distill.pt", student, average, optimiser, step, elapsed)
            last_save = now


def follow(average: Student, student: Student, decay: float) -> None:
    """Move the averaged weights and statistics towards the present ones."""
    with torch.no_grad():
        pairs = zip(average.state_dict().values(), student.state_dict().values(), strict=True)
        floating = [(a, b) for a, b in pairs if a.is_floating_point()]
        torch._foreach_lerp_([a for a, _ in floating], [b for _, b in floating], 1 - decay)


def save(
    path: Path, student: Student, average: Student, optimiser: torch.optim.AdamW, step: int, elapsed: float
) -> None:
    """Write a checkpoint; the old one stays until the new one is whole."""
    state = {
        "student": student.state_dict(),
        "average": average.state_dict(),
        "moments": [optimiser.state[parameter] for parameter in student.parameters()],
        "step": step,
        "elapsed": elapsed,
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def main() -> None:
    """Train for a given number of minutes, resuming from the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="data folder (default: TUWEN_DATA or ../shared/data)")
    parser.add_argument("--work", type=Path, default=Path("build/mini"), help="checkpoints and caches")
    parser.add_argument("--minutes", type=float, default=76.0, help="training time, resumed runs included")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    plan = Plan(
        data_folder(options.data), options.work, options.minutes, options.batch, options.rate, options.seed
    )
    plan.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)

    fit, development = split_train(plan.data)
    emoji = [row[0] for row in read_emoji(plan.data)]
    pools = {
        "flickr": load_pixels([picture.path for picture in fit]),
        "webnews": load_pixels([path for path, _ in read_webnews(plan.data)]),
        "emoji": np.concatenate([emoji_scenes(emoji, seed) for seed in range(3)]),
    }
    held = load_pixels([picture.path for picture in development])
    # Forked workers share the pictures; no thread pool may be started in this process before that.
    context = torch.multiprocessing.get_context("fork")
    if not (plan.work / "calibration.npz").is_file():
        first = context.Process(target=calibrate, args=(plan, pools, held))
        first.start()
        first.join()

    student = Student().to(memory_format=torch.channels_last)
    average = copy.deepcopy(student).requires_grad_(False)
    optimiser = make_optimiser(student, plan.rate)
    start = (0, 0.0)
    saved = plan.work / "distill.pt"
    if saved.is_file():
        state = torch.load(saved, weights_only=True)
        student.load_state_dict(state["student"])
        average.load_state_dict(state["average"])
        for parameter, moments in zip(student.parameters(), state["moments"], strict=True):
            for name, value in moments.items():
                optimiser.state[parameter][name].copy_(value)
        start = (int(state["step"]), float(state["elapsed"]))
    student.share_memory()
    for moments in optimiser.state.values():
        for value in moments.values():
            value.share_memory_()
    workers = [
        context.Process(target=work, args=(rank, plan, pools, held, student, optimiser, average, start))
        for rank in range(options.workers)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
