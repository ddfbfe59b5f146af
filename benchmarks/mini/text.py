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

from data import data_folder, read_emoji, read_flickr, read_pascal, read_webnews, split_train
from tuwen.encoders.mini import tokens

Ids = list[NDArray[np.int64]]


@dataclass
class Recipe:
    """Choices made on the development split."""

    width: int = 256
    embedding: int = 128
    hidden: int = 512
    minimum: int = 6
    steps: int = 1500
    batch: int = 512
    rate: float = 3e-3
    decay: float = 0.05
    token_dropout: float = 0.2
    text_dropout: float = 0.2
    feature_dropout: float = 0.3
    cross: float = 0.3
    emoji: float = 0.2
    pascal: float = 0.1
    news: float = 0.0
    smooth: float = 0.0
    hidden_image: int = 0


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

    def __init__(self, mean: Tensor, spread: Tensor, recipe: Recipe) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.dropout = nn.Dropout(recipe.feature_dropout)
        self.project = nn.Linear(len(mean), recipe.width)

    def forward(self, features: Tensor) -> Tensor:
        """Unit vectors ``(n, width)`` of features ``(n, 1280)``."""
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


def nce(a: Tensor, b: Tensor, scale: Tensor, smooth: float) -> Tensor:
    """Symmetric InfoNCE of rows that belong together."""
    logits = a @ b.T * scale
    target = torch.arange(len(a))
    forward = functional.cross_entropy(logits, target, label_smoothing=smooth)
    return (forward + functional.cross_entropy(logits.T, target, label_smoothing=smooth)) / 2


def choose(groups: Sequence[Ids], rng: np.random.Generator) -> Ids:
    """One text of each group."""
    return [group[int(rng.integers(len(group)))] for group in groups]


def train(
    recipe: Recipe, data: Path, features: dict[str, NDArray[np.float16]], everything: bool, seed: int
) -> tuple[TextTower, ImageHead, list[str], dict[str, list[float]]]:
    """Fit both heads; score the development split unless it is trained on."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    pictures = read_flickr(data, "train")
    held = {picture.path for picture in split_train(data)[1]}
    fit = [row for row, picture in enumerate(pictures) if everything or picture.path not in held]
    development = [row for row, picture in enumerate(pictures) if picture.path in held]
    emoji, pascal, news = read_emoji(data), read_pascal(data), read_webnews(data)

    corpus = [text for row in fit for group in pictures[row].captions.values() for text in group]
    corpus += [text for group in pascal for text in group]
    corpus += [text for _, english, chinese in emoji for text in english + chinese for _ in range(2)]
    corpus += [text[:60] for _, text in news] if recipe.news else []
    pieces = build_vocabulary(corpus, recipe.minimum)
    index = Indexer(pieces)
    english = [index(pictures[row].captions["en"]) for row in fit]
    chinese = [index(pictures[row].captions["zh"]) for row in fit]
    pascal_ids = [index(group) for group in pascal]
    emoji_en, emoji_zh = [index(row[1]) for row in emoji], [index(row[2]) for row in emoji]
    news_ids = [index([text[:60], text[60:120] or text[:60]]) for _, text in news]

    views = torch.from_numpy(features["flickr"]).float()
    mean, spread = views[:, fit].mean((0, 1)), views[:, fit].std((0, 1))
    tower = TextTower(len(pieces), recipe)
    head = ImageHead(mean, spread + 0.1 * spread.mean(), recipe)
    scale = nn.Parameter(torch.tensor(math.log(20.0)))
    table = list(tower.table.parameters())
    rest = [*tower.direct.parameters(), *tower.hidden.parameters(), *tower.output.parameters()]
    groups = [
        {"params": table, "weight_decay": recipe.decay, "base": recipe.rate},
        {"params": [*rest, *head.parameters()], "weight_decay": recipe.decay, "base": recipe.rate / 3},
        {"params": [scale], "weight_decay": 0.0, "base": recipe.rate / 3},
    ]
    optimiser = torch.optim.AdamW(groups, lr=recipe.rate, fused=True, betas=(0.9, 0.98))
    order: list[int] = []
    began, history = time.monotonic(), []
    for step in range(recipe.steps):
        progress = step / recipe.steps
        shape = min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimiser.param_groups:
            group["lr"] = group["base"] * shape
        if len(order) < recipe.batch:
            order = rng.permutation(len(fit)).tolist()
        chosen = [order.pop() for _ in range(recipe.batch)]
        view = torch.from_numpy(rng.integers(0, len(views), recipe.batch))
        tower.train()
        head.train()
        temperature = scale.exp().clamp(max=100)
        image = head(views[view, torch.tensor([fit[c] for c in chosen])])
        text = tower(choose([english[c] for c in chosen], rng) + choose([chinese[c] for c in chosen], rng))
        first, second = text[: recipe.batch], text[recipe.batch :]
        loss = nce(image, first, temperature, recipe.smooth) + nce(image, second, temperature, recipe.smooth)
        if recipe.cross:
            loss = loss + recipe.cross * nce(first, second, temperature, recipe.smooth)
        if recipe.emoji:
            some = rng.choice(len(emoji), 128, replace=False)
            pair = tower(choose([emoji_en[s] for s in some], rng) + choose([emoji_zh[s] for s in some], rng))
            loss = loss + recipe.emoji * nce(pair[:128], pair[128:], temperature, 0.1)
            if "emoji" in features:
                shot = torch.from_numpy(
                    features["emoji"][int(rng.integers(len(features["emoji"]))), some]
                ).float()
                shown = head(shot)
                loss = loss + recipe.emoji * nce(shown, pair[:128], temperature, 0.1)
                loss = loss + recipe.emoji * nce(shown, pair[128:], temperature, 0.1)
        if recipe.pascal:
            some = rng.choice(len(pascal), 128, replace=False)
            pair = tower(
                choose([pascal_ids[s] for s in some], rng) + choose([pascal_ids[s] for s in some], rng)
            )
            loss = loss + recipe.pascal * nce(pair[:128], pair[128:], temperature, 0.1)
        if recipe.news and "webnews" in features:
            some = rng.choice(len(news), 128, replace=False)
            shot = torch.from_numpy(
                features["webnews"][int(rng.integers(len(features["webnews"]))), some]
            ).float()
            written = tower(choose([news_ids[s] for s in some], rng))
            loss = loss + recipe.news * nce(head(shot), written, temperature, 0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(float(loss.detach()))
        if step % 250 == 249:
            print(
                f"step {step + 1} loss {np.mean(history[-250:]):.3f} scale {float(scale.detach().exp()):.1f} "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
    tower.eval()
    head.eval()
    scores: dict[str, list[float]] = {}
    if not everything:
        with torch.inference_mode():
            image_vectors = head(views[0, development]).numpy()
            for language in ("en", "zh"):
                captions = [pictures[row].captions[language] for row in development]
                flat = index(text for group in captions for text in group)
                target = np.repeat(np.arange(len(development)), [len(group) for group in captions])
                vectors = tower(flat).numpy()
                scores[f"{language} text->image"] = recall(vectors @ image_vectors.T, target)
    return tower, head, pieces, scores


def main() -> None:
    """Train on a features file and save both heads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="data folder (default: TUWEN_DATA or ../shared/data)")
    parser.add_argument("--features", type=Path, default=Path("build/mini/features.npz"))
    parser.add_argument("--out", type=Path, default=Path("build/mini/heads.pt"))
    parser.add_argument("--everything", action="store_true", help="train on the development split too")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    for name, value in vars(Recipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = Recipe(**{name: getattr(options, name) for name in vars(Recipe())})
    with np.load(options.features) as stored:
        features = {name: stored[name] for name in stored.files}
    tower, head, pieces, scores = train(
        recipe, data_folder(options.data), features, options.everything, options.seed
    )
    print(json.dumps({"pieces": len(pieces), **scores}), flush=True)
    state = {"tower": tower.state_dict(), "head": head.state_dict(), "pieces": pieces, "recipe": vars(recipe)}
    torch.save(state, options.out)


if __name__ == "__main__":
    main()
