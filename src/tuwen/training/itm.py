"""Learn a matching head on a tuned dual encoder, its near misses chosen by the encoder itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tuwen import metrics
from tuwen.arrays import Array, Modality
from tuwen.encoders.clip import Clip
from tuwen.methods.base import Method
from tuwen.methods.pairwise.itm import ITM
from tuwen.training import checkpoints, clip_losses, loop
from tuwen.training.clip_network import DualNetwork
from tuwen.training.clip_pairs import Pairs, vectors
from tuwen.training.task import Plan, Task

Progress = Callable[[str, int, int | None], None]

DEPTH = 16  # hits of stage one that are judged while an epoch is chosen
_MOST = 200  # held-out pairs for that


class _Batch(NamedTuple):
    """Pairs as the towers take them, on the processor, and their numbers."""

    rows: Array
    pixels: Array
    ids: Array
    mask: Array


class _Matching(Task):
    """Trains the head of an `ITM`; the towers stay as they are."""

    def __init__(
        self, method: ITM, network: DualNetwork, encoder: Clip, pairs: Pairs, train: Array, held: Array
    ) -> None:
        self.method, self.network, self.encoder, self.pairs = method, network, encoder, pairs
        self.train, self.held, self.count = train, held[:_MOST], len(train)
        with torch.no_grad():
            x, y, *_ = self._states(self.load(np.arange(1), ()))
        widths: dict[Modality, int] = {"image": x.shape[-1], "text": y.shape[-1]}
        method.widths_, method.n_classes_ = {str(side): width for side, width in widths.items()}, 0
        method.net_ = self.module = method._build(widths["image"], widths["text"], 0)
        method.mean_ = {side: np.zeros(width, np.float32) for side, width in widths.items()}
        method.scale_ = {side: np.ones(width, np.float32) for side, width in widths.items()}
        self.about = {"encoder": encoder.fingerprint, "pairs": [len(train), len(held)], **method.params}

    def load(self, rows: Array, seed: tuple[int, ...]) -> _Batch:
        """Pixels and tokens of pairs."""
        rows = self.train[rows]
        return _Batch(
            rows, self.pairs.pixels(self.encoder, rows), *self.encoder.tokens(self.pairs.words(rows))
        )

    def loss(self, batch: _Batch, progress: float) -> Tensor:
        """Matching of pairs against near misses, drawn by the similarities of the dual encoder."""
        with torch.no_grad():
            x, y, u, v = self._states(batch)
            near = self.network.scale.exp() * u.float() @ v.float().T
            images, texts = (
                torch.from_numpy(self.pairs.matches[batch.rows, side]).to(u.device) for side in (0, 1)
            )
            own = clip_losses.same_item(images, texts)
        return self.method.lower(x.float(), y.float(), own, near)

    def validate(self) -> float:
        """Recall@1 of both directions after reranking."""
        if not len(self.held):
            return float("nan")
        rows = reranked(self.pairs, self.encoder, self.network, self.method, self.held)
        return float(np.mean([row["R@1"] for row in rows if row["scores"] == "reranked"]))

    def _states(self, batch: _Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        device = next(self.network.parameters()).device
        pixels = torch.from_numpy(self.encoder.recipe.normalise(batch.pixels)).to(device)
        ids, mask = (torch.from_numpy(one).to(device) for one in (batch.ids, batch.mask))
        x, u = _pictures(self.network, pixels)
        y, v = _words(self.network, ids, mask)
        return x, y, u, v


def learn(
    pairs: Pairs,
    encoder: Clip,
    network: DualNetwork,
    train: Array,
    held: Array,
    folder: Path,
    *,
    epochs: int = 5,
    batch: int = 64,
    rate: float = 3e-4,
    device: str = "auto",
    seed: int = 0,
    progress: Progress = lambda step, done, total: None,
) -> list[dict[str, Any]]:
    """Learn a head and write it to a folder that `methods.load` opens; what reranking gains.

    Over patches and tokens it is an `itm`; where the picture tower has no patches, a `matching_head` over
    the vectors.

    Args:
        pairs: All.
        encoder: With the towers of `network`.
        network: Tuned; it is not changed.
        train: Numbers of the pairs to learn from.
        held: Numbers of the pairs that choose the epoch and that the figures are of.
        folder: For the method.
        epochs: Passes over the pairs.
        batch: Pairs a step; near misses are drawn among them.
        rate: Highest learning rate.
        device: As for encoders.
        seed: Of weights, batches and draws.
        progress: Follows the steps.

    Returns:
        A row a direction and way to score (stage one, reranked), with R@1, R@5 and R@10 in per cent; none
        without held-out pairs.
    """
    network.eval().requires_grad_(False)
    method: Method
    if not network.is_vit:
        method = _over_vectors(pairs, encoder, train, seed=seed, epochs=epochs * 6)
    else:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            method = ITM(seed=seed, device=device, epochs=epochs, batch_size=batch, learning_rate=rate)
            task = _Matching(method, network, encoder, pairs, train, held)
        plan = Plan(epochs=epochs, batch_size=batch, learning_rate=rate, seed=seed, device=device,
                    weight_decay=0.01)  # fmt: skip
        course = loop.train(task, plan, folder, progress=progress)
        method.curve_ = {name: np.asarray(values) for name, values in course.curve.items()}
        method.epoch_, method.stopped_ = course.best_epoch, course.stopped
        for name in (checkpoints.LAST, checkpoints.BEST):
            (folder / name).unlink(missing_ok=True)
    method.save(folder)
    return reranked(pairs, encoder, network, method, held) if len(held) else []


def reranked(
    pairs: Pairs, encoder: Clip, network: DualNetwork, method: Method, which: Array, depth: int = DEPTH
) -> list[dict[str, Any]]:
    """Recall by the dual encoder, and after its first hits were put in order by both scores together.

    The score of a hit is its cosine times the encoder's scale plus the logit of the head.

    Args:
        pairs: All.
        encoder: Stage one.
        network: Of the encoder.
        method: Stage two.
        which: Numbers of pairs, whose pictures and texts are ranked.
        depth: Hits that are judged.

    Returns:
        A row a direction and way to score, with R@k in per cent; `ms` is what judging took a query, from
        features that are there.
    """
    mine, said = (np.unique(pairs.matches[which, side]) for side in (0, 1))
    images, texts = vectors(pairs, encoder, which)
    scores = float(network.scale.detach().exp()) * images[mine] @ texts[said].T
    features = _features(pairs, encoder, mine, said) if method.takes_sets else (images[mine], texts[said])
    matches = np.column_stack(
        [np.searchsorted(mine, pairs.matches[which, 0]), np.searchsorted(said, pairs.matches[which, 1])]
    )
    rows = []
    for direction, turned in (("i2t", False), ("t2i", True)):
        first = scores.T if turned else scores
        start = time.perf_counter()
        second = _judged(first, features, method, depth, turned=turned)
        spent = 1000 * (time.perf_counter() - start) / max(1, len(first))
        paired = metrics.by_pairs(
            matches[:, ::-1] if turned else matches, queries=first.shape[0], items=first.shape[1]
        )
        wanted = [metrics.named(f"hit@{k}") for k in (1, 5, 10)]
        for way, values in (("stage one", first), ("reranked", second)):
            found = metrics.measure(values, paired, wanted)
            figures = {f"R@{k}": 100 * float(one.value) for k, one in zip((1, 5, 10), found, strict=True)}
            row = {"direction": direction, "scores": way, **figures}
            rows.append(row if way == "stage one" else {**row, "depth": depth, "ms": round(spent, 2)})
    return rows


def _judged(
    first: Array, features: tuple[Array, Array], method: Method, depth: int, *, turned: bool
) -> Array:
    """Scores whose best `depth` of each row are put in order by both stages, above all others."""
    depth = min(depth, first.shape[1])
    scores = first.copy()
    for row, near in enumerate(np.argsort(-first, axis=1, kind="stable")[:, :depth]):
        images, texts = features
        if turned:
            second = method.similarity(images[near], texts[row : row + 1])[:, 0]
        else:
            second = method.similarity(images[row : row + 1], texts[near])[0]
        both = first[row, near] + second
        # what was not judged stays below
        scores[row, near] = both - both.min() + first[row].max() + 1
    return scores


def _features(pairs: Pairs, encoder: Clip, mine: Array, said: Array) -> tuple[Array, Array]:
    """Patch states of pictures, and token states of texts with zeros behind them."""
    images = encoder.patch_tokens([pairs.pictures[row] for row in mine])
    states, mask = encoder.token_states([pairs.texts[row] for row in said])
    return images, states * mask[..., None].astype(np.float32)


def _over_vectors(pairs: Pairs, encoder: Clip, train: Array, *, seed: int, epochs: int) -> Method:
    """A head over the vectors of both sides: their products and distances."""
    from tuwen import methods

    images, texts = vectors(pairs, encoder, train)
    head: Any = methods.find("matching_head")
    made: Method = head(seed=seed, epochs=epochs)
    return made.fit(*(side[pairs.matches[train, at]] for at, side in enumerate((images, texts))))


def _pictures(network: DualNetwork, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Patch states and unit vectors of pictures, from one pass."""
    tower = network.image
    found = tower.network(pixels)
    pooled = found.pooler_output if tower.projection is None else tower.projection(found.pooler_output)
    first = int(hasattr(tower.network.embeddings, "class_embedding"))
    return found.last_hidden_state[:, first:], functional.normalize(pooled, dim=-1)


def _words(network: DualNetwork, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Token states, zeros where there is padding, and unit vectors of texts."""
    tower = network.text
    found = tower.network(input_ids=ids, attention_mask=mask if tower.masked else None)
    first = found.last_hidden_state[:, 0] if tower.pooling == "first" else found.pooler_output
    pooled = first if tower.projection is None else tower.projection(first)
    return found.last_hidden_state * mask[..., None], functional.normalize(pooled, dim=-1)
