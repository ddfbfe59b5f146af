"""Train the text tower and the image head of mini on features of the pictures."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from data import data_folder, read_emoji, read_flickr, read_pascal, split_train
from tuwen.encoders.mini import tokens

Ids = list[NDArray[np.int64]]


@dataclass
class Recipe:
    """Choices made on the development split."""

    width: int = 256
    embedding: int = 128
    hidden: int = 512
    minimum: int = 6
    steps: int = 1600
    batch: int = 512
    rate: float = 3e-3
    decay: float = 0.05
    token_dropout: float = 0.3
    text_dropout: float = 0.3
    feature_dropout: float = 0.4
    cross: float = 0.3
    emoji: float = 0.2
    pascal: float = 0.1
    warm: int = 100
    report: int = 250


class TextTower(nn.Module):
    """A weighted sum of learned vectors of a text's pieces, then a small network with a direct path."""

    def __init__(self, pieces: int, recipe: Recipe) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(pieces + 1, recipe.embedding, mode="sum")
        nn.init.normal_(self.table.weight, std=0.3)
        self.direct = nn.Linear(recipe.embedding, recipe.width, bias=False)
        self.hidden = nn.Linear(recipe.embedding, recipe.hidden)
        self.output = nn.Linear(recipe.hidden, recipe.width)
        self.token_dropout = recipe.token_dropout
        self.dropout = nn.Dropout(recipe.text_dropout)

    def forward(self, texts: Sequence[NDArray[np.int64]]) -> Tensor:
        """Unit vectors ``(n, width)`` of texts given as rows of the table (row 0 first)."""
        counts = torch.tensor([len(text) for text in texts])
        ids = torch.from_numpy(np.concatenate(texts))
        starts = counts.cumsum(0) - counts
        weights = torch.ones(len(ids))
        if self.training:
            weights = (torch.rand(len(ids)) >= self.token_dropout).float() / (1 - self.token_dropout)
        total = self.table(ids, starts, per_sample_weights=weights) / counts.sqrt().unsqueeze(1)
        total = self.dropout(total)
        hidden = self.dropout(functional.relu(self.hidden(total)))
        return functional.normalize(self.direct(total) + self.output(hidden))


class ImageHead(nn.Module):
    """Averaged features to unit vectors: standardise, drop, project."""

    mean: Tensor
    spread: Tensor

    def __init__(self, mean: Tensor, spread: Tensor, recipe: Recipe) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.dropout = nn.Dropout(recipe.feature_dropout)
        self.project = nn.Linear(len(mean), recipe.width)

    def forward(self, features: Tensor) -> Tensor:
        """Unit vectors ``(n, width)`` of features ``(n, features)``."""
        return functional.normalize(self.project(self.dropout((features - self.mean) / self.spread)))


def build_vocabulary(texts: Iterable[str], minimum: int) -> list[str]:
    """Pieces seen in at least ``minimum`` texts (Chinese characters: two), the most frequent first."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(tokens(text)))
    kept = [(n, piece) for piece, n in counts.items() if n >= (2 if len(piece) == 1 else minimum)]
    return [piece for _, piece in sorted(kept, key=lambda pair: (-pair[0], pair[1]))]


class Indexer:
    """Turns texts into rows of the table."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self.rows = {piece: row for row, piece in enumerate(pieces, start=1)}

    def __call__(self, texts: Iterable[str]) -> Ids:
        return [
            np.asarray(
                [0, *(self.rows[piece] for piece in tokens(text) if piece in self.rows)], dtype=np.int64
            )
            for text in texts
        ]


def recall(scores: NDArray[np.float32], target: NDArray[np.int64]) -> list[float]:
    """R@1/5/10 in percent of scores ``(queries, items)`` with one right item a query."""
    right = scores[np.arange(len(target)), target][:, None]
    rank = (scores > right).sum(1)
    return [round(float((rank < k).mean() * 100), 2) for k in (1, 5, 10)]


def nce(a: Tensor, b: Tensor, scale: Tensor, smooth: float = 0.0) -> Tensor:
    """Symmetric InfoNCE of rows that belong together."""
    logits = a @ b.T * scale
    target = torch.arange(len(a))
    forward = functional.cross_entropy(logits, target, label_smoothing=smooth)
    return (forward + functional.cross_entropy(logits.T, target, label_smoothing=smooth)) / 2


class Features:
    """Features computed beforehand, ``(views, pictures, features)`` for each kind of picture."""

    def __init__(self, features: dict[str, NDArray[np.float16]]) -> None:
        self.features = {kind: torch.from_numpy(values).float() for kind, values in features.items()}
        self.views = {kind: len(values) for kind, values in features.items()}

    def __call__(self, kind: str, rows: NDArray[np.int64], view: NDArray[np.int64]) -> Tensor:
        """Features ``(n, features)`` of pictures, each in one of its views."""
        return self.features[kind][torch.from_numpy(view), torch.from_numpy(rows)]


class Captions:
    """All texts as rows of the table, and which pictures are fitted and which held out."""

    def __init__(self, recipe: Recipe, data: Path, everything: bool) -> None:
        pictures = read_flickr(data, "train")
        held = {picture.path for picture in split_train(data)[1]}
        rows = np.arange(len(pictures))
        out = np.asarray([picture.path in held for picture in pictures])
        self.fit = rows if everything else rows[~out]
        self.held = rows[out]
        emoji, pascal = read_emoji(data), read_pascal(data)
        corpus = [text for row in self.fit for group in pictures[row].captions.values() for text in group]
        corpus += [text for group in pascal for text in group]
        # Twice, because names and keywords are few and short.
        corpus += [text for _, english, chinese in emoji for text in english + chinese] * 2
        self.pieces = build_vocabulary(corpus, recipe.minimum)
        index = Indexer(self.pieces)
        self.english = [index(picture.captions["en"]) for picture in pictures]
        self.chinese = [index(picture.captions["zh"]) for picture in pictures]
        self.pascal = [index(group) for group in pascal]
        self.emoji_english = [index(row[1]) for row in emoji]
        self.emoji_chinese = [index(row[2]) for row in emoji]


def draw(groups: Sequence[Ids], rows: NDArray[np.int64], rng: np.random.Generator) -> Ids:
    """One text of each chosen group."""
    return [groups[row][int(rng.integers(len(groups[row])))] for row in rows]


def loss_of(
    recipe: Recipe,
    captions: Captions,
    source: Features,
    tower: TextTower,
    head: ImageHead,
    scale: Tensor,
    chosen: NDArray[np.int64],
    rng: np.random.Generator,
) -> Tensor:
    """Contrast pictures with captions of both languages, the languages, emoji, and sentences."""
    n, side = len(chosen), 96
    image = head(source("flickr", chosen, rng.integers(0, source.views["flickr"], n)))
    icons = rng.choice(len(captions.emoji_english), side, replace=False)
    groups = rng.choice(len(captions.pascal), side, replace=False)
    # One pass of the tower over all texts of the step.
    text = tower(
        draw(captions.english, chosen, rng)
        + draw(captions.chinese, chosen, rng)
        + draw(captions.emoji_english, icons, rng)
        + draw(captions.emoji_chinese, icons, rng)
        + draw(captions.pascal, groups, rng)
        + draw(captions.pascal, groups, rng)
    )
    english, chinese, icon_english, icon_chinese, one, other = text.split([n, n, side, side, side, side])
    loss = (
        nce(image, english, scale) + nce(image, chinese, scale) + recipe.cross * nce(english, chinese, scale)
    )
    # The same name or sentence may stand twice in a batch: soften what is called wrong.
    loss = loss + recipe.pascal * nce(one, other, scale, 0.1)
    loss = loss + recipe.emoji * nce(icon_english, icon_chinese, scale, 0.1)
    if "emoji" in source.views:
        icon = head(source("emoji", icons, rng.integers(0, source.views["emoji"], side)))
        both = nce(icon, icon_english, scale, 0.1) + nce(icon, icon_chinese, scale, 0.1)
        loss = loss + recipe.emoji * both
    return loss


def score(captions: Captions, source: Features, tower: TextTower, head: ImageHead) -> dict[str, list[float]]:
    """Text-to-image recall on the held-out pictures."""
    tower.eval()
    head.eval()
    held = captions.held
    result: dict[str, list[float]] = {}
    with torch.inference_mode():
        plain = np.zeros(50, dtype=np.int64)
        parts = [
            head(source("flickr", held[start : start + 50], plain[: len(held) - start]))
            for start in range(0, len(held), 50)
        ]
        images = torch.cat(parts).numpy()
        for language, groups in (("en", captions.english), ("zh", captions.chinese)):
            texts = [text for row in held for text in groups[row]]
            target = np.repeat(np.arange(len(held)), [len(groups[row]) for row in held])
            result[f"{language} text->image"] = recall(tower(texts).numpy() @ images.T, target)
    return result


def train(
    recipe: Recipe,
    captions: Captions,
    source: Features,
    tower: TextTower,
    head: ImageHead,
    scale: nn.Parameter,
    seed: int,
    watch: bool = False,
) -> None:
    """Fit both heads; score now and then when watched."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    rest = [*tower.direct.parameters(), *tower.hidden.parameters(), *tower.output.parameters()]
    groups = [
        {"params": [*tower.table.parameters()], "weight_decay": recipe.decay, "base": recipe.rate},
        {"params": [*rest, *head.parameters()], "weight_decay": recipe.decay, "base": recipe.rate / 3},
        {"params": [scale], "weight_decay": 0.0, "base": recipe.rate / 3},
    ]
    optimiser = torch.optim.AdamW(groups, lr=recipe.rate, fused=True, betas=(0.9, 0.98))
    order = np.empty(0, dtype=np.int64)
    began, history = time.monotonic(), []
    for step in range(recipe.steps):
        progress = step / recipe.steps
        shape = min(1.0, (step + 1) / recipe.warm) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimiser.param_groups:
            group["lr"] = group["base"] * shape
        if len(order) < recipe.batch:
            order = rng.permutation(captions.fit)
        chosen, order = order[: recipe.batch], order[recipe.batch :]
        tower.train()
        head.train()
        loss = loss_of(recipe, captions, source, tower, head, scale.exp().clamp(max=100), chosen, rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(float(loss.detach()))
        if (step + 1) % recipe.report == 0:
            shown: dict[str, object] = {"step": step + 1, "loss": round(float(np.mean(history)), 3)}
            shown |= {"scale": round(float(scale.detach().exp()), 1), "s": round(time.monotonic() - began)}
            print(json.dumps(shown | (score(captions, source, tower, head) if watch else {})), flush=True)
            history = []


def parse(parser: argparse.ArgumentParser) -> tuple[argparse.Namespace, Recipe]:
    """Options shared with `joint.py`, and the recipe they make."""
    parser.add_argument("--data", help="data folder (default: TUWEN_DATA or ../shared/data)")
    parser.add_argument("--everything", action="store_true", help="train on the development split too")
    parser.add_argument("--watch", action="store_true", help="score the development split on the way")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    for name, value in vars(Recipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    return options, Recipe(**{name: getattr(options, name) for name in vars(Recipe())})


def write(
    path: Path, recipe: Recipe, captions: Captions, tower: TextTower, head: ImageHead, scale: Tensor
) -> None:
    """Save the heads for `joint.py` and `export.py`."""
    state = {"tower": tower.state_dict(), "head": head.state_dict(), "scale": scale.detach()}
    torch.save(state | {"pieces": captions.pieces, "recipe": vars(recipe)}, path)


def main() -> None:
    """Train on a features file and save both heads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=Path, default=Path("build/mini/features.npz"))
    parser.add_argument("--out", type=Path, default=Path("build/mini/heads.pt"))
    options, recipe = parse(parser)
    captions = Captions(recipe, data_folder(options.data), options.everything)
    with np.load(options.features) as stored:
        source = Features({name: stored[name] for name in stored.files})
    torch.manual_seed(options.seed)
    fitted = source.features["flickr"][:, torch.from_numpy(captions.fit)]
    spread = fitted.std((0, 1))
    tower = TextTower(len(captions.pieces), recipe)
    head = ImageHead(fitted.mean((0, 1)), spread + 0.1 * spread.mean(), recipe)
    scale = nn.Parameter(torch.tensor(math.log(20.0)))
    train(recipe, captions, source, tower, head, scale, options.seed, options.watch)
    result = {} if options.everything else score(captions, source, tower, head)
    print(json.dumps({"pieces": len(captions.pieces), **result}), flush=True)
    write(options.out, recipe, captions, tower, head, scale)


if __name__ == "__main__":
    main()
