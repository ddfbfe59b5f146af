"""How a fusion learns: each question nearer to its answer than to the answers of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from tuwen.arrays import Array, unit_rows
from tuwen.errors import InputError, MissingExtra
from tuwen.fusion.heads import Fusion, first, joined
from tuwen.fusion.triples import Triples

LEAST = 2  # questions that can be told apart
_RIDGE = 1e-2


def fit(fusion: Fusion, learned: Triples, chosen: Triples) -> Fusion:
    """Let a fusion learn; the epoch that is best on other triples is kept, the plain sum if none is better.

    Lowers the cross entropy of cosine(question, answer) / temperature among the answers of a batch; an
    answer is drawn anew each epoch where there are several, and other answers of the same group count
    nowhere. A loss that is no number ends it with the best epoch so far; `course["stopped"]` says so.

    Args:
        fusion: What learns; it is changed and returned.
        learned: What it learns from.
        chosen: What chooses the epoch, and is not learned from.

    Raises:
        InputError: There are not enough questions.
        MissingExtra: torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("learning a fusion needs torch; install it: pip install 'tuwen[deep]'") from error
    if len(learned) < LEAST or not len(chosen):
        raise InputError(
            f"there are {len(learned)} questions to learn from and {len(chosen)} to choose by; "
            f"a fusion needs {LEAST} and 1 at least"
        )
    width = learned.images.shape[1]
    fusion.weights = first(fusion.head, width, fusion.seed)
    fusion.course = {"width": width, "loss": [], "validation": [], "stopped": "", "epoch": 0}
    best, kept = mean_reciprocal_rank(fusion, chosen), fusion.weights
    fusion.course["before"] = best
    weights = {name: torch.tensor(values, requires_grad=True) for name, values in kept.items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=fusion.learning_rate, weight_decay=_RIDGE)
    random = np.random.default_rng(fusion.seed)
    for epoch in range(fusion.epochs):
        loss = _epoch(fusion, learned, weights, optimizer, random)
        if not np.isfinite(loss):
            fusion.course["stopped"] = f"the loss is {loss} in epoch {epoch + 1}"
            break
        fusion.weights = {name: values.detach().numpy().copy() for name, values in weights.items()}
        value = mean_reciprocal_rank(fusion, chosen)
        fusion.course["loss"].append(loss)
        fusion.course["validation"].append(value)
        if value > best:
            best, kept, fusion.course["epoch"] = value, fusion.weights, epoch + 1
        elif epoch + 1 - fusion.course["epoch"] >= fusion.patience:
            fusion.course["stopped"] = f"no better for {fusion.patience} epochs"
            break
    fusion.weights = kept
    return fusion


def _epoch(fusion: Fusion, learned: Triples, weights: Any, optimizer: Any, random: Any) -> float:
    """One pass over all questions; the mean loss, or the first that is no number."""
    import torch
    from torch.nn import functional

    answers = learned.answers(random)
    losses = []
    count = max(1, -(-len(learned) // fusion.batch_size))
    for rows in np.array_split(random.permutation(len(learned)), count):
        u, v, t = (
            torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32))
            for part in (learned.images[rows], learned.texts[rows], learned.items[answers[rows]])
        )
        asked = functional.normalize(joined(torch, fusion.head, weights, u, v))
        group = torch.from_numpy(learned.group[rows].astype(np.int64))
        also = (group[:, None] == group[None]).fill_diagonal_(False)
        scores = (asked @ t.T / fusion.temperature).masked_fill(also, -torch.inf)
        loss = functional.cross_entropy(scores, torch.arange(len(rows)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        if not np.isfinite(losses[-1]):
            return losses[-1]
    return float(np.mean(losses))


def ranks(asked: Array, triples: Triples, block: int = 512) -> Array:
    """The place of each question's best answer among all items, (n,) from 1 on; equal scores count against.

    Args:
        asked: (n, d) unit rows.
        triples: What was asked; the item that a question itself holds is left out.
        block: Questions at once.
    """
    found = np.empty(len(asked), dtype=np.int64)
    for start in range(0, len(asked), block):
        rows = slice(start, start + block)
        scores = asked[rows] @ triples.items.T
        own = triples.own[rows]
        held = np.flatnonzero(own >= 0)
        scores[held, own[held]] = -np.inf
        right = triples.group[rows][:, None] == triples.item_group
        right[held, own[held]] = False
        best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
        found[rows] = 1 + ((scores >= best) & ~right).sum(axis=1)
    return found


def mean_reciprocal_rank(fusion: Fusion, triples: Triples) -> float:
    """The figure by which an epoch and a head are chosen."""
    return float((1 / ranks(fusion.transform(triples.images, triples.texts), triples)).mean())


def plain(triples: Triples, share: float) -> Array:
    """Unit rows of questions without a fusion: `share` of the picture, the rest of the words."""
    return unit_rows(share * unit_rows(triples.images) + (1 - share) * unit_rows(triples.texts))
