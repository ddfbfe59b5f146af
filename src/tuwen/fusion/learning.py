"""From a user's file to a fusion in a folder: read, encode, learn every head, keep the best, say how good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Modality
from tuwen.encoders import Encoder
from tuwen.errors import InputError
from tuwen.fusion.heads import HEADS, Fusion
from tuwen.fusion.reading import read
from tuwen.fusion.training import fit, mean_reciprocal_rank, plain, ranks
from tuwen.fusion.triples import Triples
from tuwen.own_pairs import Progress
from tuwen.records import Refusal
from tuwen.saved import check_free

SHARE = 0.1  # of the questions that choose, and of those that are scored
FEWEST = 30  # questions; fewer leave nothing to choose by
PLACES = (1, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """What came of learning.

    Attributes:
        fusion: The head that was kept.
        folder: Where it lies.
        kind: What it looks for.
        questions: Learned from, chosen by, and scored.
        tried: By head, the mean reciprocal rank of the questions it was chosen by; `plain` for the sum of
            equal parts.
        figures: A row for each way to ask, on the scored questions: `mrr`, `hit@1`, `hit@5`, `hit@10`.
        refusals: What was left out, and why.
        notes: What else the user should know.
    """

    fusion: Fusion
    folder: Path
    kind: Modality
    questions: tuple[int, int, int]
    tried: dict[str, float]
    figures: tuple[dict[str, Any], ...]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


def learn(
    spec: str,
    folder: str | Path,
    *,
    encoder: str | Encoder | None = None,
    kind: Modality = "image",
    heads: Sequence[str] = (),
    settings: dict[str, Any] | None = None,
    target_column: str | None = None,
    labels: str | None = None,
    progress: Progress = lambda step, done, total: None,
    **columns: Any,
) -> Fused:
    """Learn how a picture and words ask together, and write it to a folder.

    Args:
        spec: A table of pictures, words and answers (`target_column`), or pairs as `own_pairs.read` takes
            them; see `triples.of_pairs` for what answers then.
        folder: Where the fusion is kept; an earlier one is replaced.
        encoder: Of the space, both sides; `mini` when None. Of a file of features, the one that it names.
        kind: What is looked for.
        heads: Which of `HEADS`; all when empty. The one that is best on questions held out is kept.
        settings: Further arguments of `Fusion`.
        target_column: The column of answers: pictures or texts, by `kind`.
        labels: The column, or array, of classes.
        progress: Follows what is being done.
        columns: Further arguments of `data.open_source`.

    Raises:
        InputError: There is nothing to learn from; says why and what to do.
        UnknownName: There is no such head, encoder or column.
        MissingExtra: torch is not installed.
    """
    fusions = [Fusion(head=head, **(settings or {})) for head in dict.fromkeys(heads or HEADS)]
    folder = Path(folder)
    check_free(folder, "fusion.json")
    found = read(
        spec,
        kind,
        encoder=encoder,
        target=target_column,
        labels=labels,
        progress=progress,
        columns=columns,
    )
    learned, chosen, scored = found.triples.cut(SHARE, fusions[0].seed)
    if min(len(learned), len(chosen), len(scored)) < 1 or len(found.triples) < FEWEST:
        things = len(np.unique(found.triples.unit))
        raise InputError(
            f"{spec} gives {len(found.triples)} questions about {things} things; {FEWEST} about 6 are needed "
            "at least"
        )
    tried = {"plain": float((1 / ranks(plain(chosen, 0.5), chosen)).mean())}
    for fusion in fusions:
        progress(f"learning {fusion.head}", 0, None)
        fusion.encoder, fusion.fingerprint = found.encoder, found.fingerprint
        fit(fusion, learned, chosen)
        tried[fusion.head] = mean_reciprocal_rank(fusion, chosen)
    best = max(fusions, key=lambda fusion: tried[fusion.head])
    best.save(folder)
    return Fused(
        fusion=best,
        folder=folder,
        kind=kind,
        questions=(len(learned), len(chosen), len(scored)),
        tried=tried,
        figures=tuple(_figures(best, scored)),
        refusals=found.refusals,
        notes=found.notes,
    )


def _figures(fusion: Fusion, scored: Triples) -> list[dict[str, Any]]:
    ways = {
        "picture alone": plain(scored, 1.0),
        "words alone": plain(scored, 0.0),
        "plain sum": plain(scored, 0.5),
        fusion.head: fusion.transform(scored.images, scored.texts),
    }
    rows = []
    for way, asked in ways.items():
        place = ranks(asked, scored)
        rows.append(
            {"asked by": way, "mrr": float((1 / place).mean())}
            | {f"hit@{k}": float((place <= k).mean()) for k in PLACES}
        )
    return rows
