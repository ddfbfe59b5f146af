"""What was found as rows: matches, items that match nothing, clusters, refusals; and the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.resolve.base import Content
from tuwen.resolve.resolution import Resolution
from tuwen.resolve.scoring import RANKS, SIMILARITY

_REASONS = 3
Row = dict[str, Any]


def probability_name(found: Resolution) -> str:
    """The column of probabilities: calibrated ones and estimates never share a name."""
    calibrated = found.joint is not None and found.joint.origin == "labels"
    return "probability" if calibrated else "estimated_probability"


def pair_rows(found: Resolution) -> Iterator[Row]:
    """A row a match, the surest first, then a row for each item that matches nothing.

    `rank` is the place of the right item among the candidates of the left one; `reason` the evidence that
    moved the odds most, with its value and what it adds to the log odds of an average candidate. A pair
    that somebody decided on is `labelled`.
    """
    candidates, ranks = found.candidates, found.ranks
    labelled = set(candidates.rows_of(found.labels.left, found.labels.right).tolist())
    order = found.kept[np.argsort(-found.score[found.kept], kind="stable")]
    for place, reason in zip(order.tolist(), reason_texts(found, order), strict=True):
        left, right = int(candidates.left[place]), int(candidates.right[place])
        yield {
            **_ids(found, left, right),
            **_figures(found, place),
            "rank": int(ranks[place]),
            "cluster": int(found.clusters[left]),
            "reason": "; ".join(filter(None, ["labelled" * (place in labelled), reason])),
        }
    yield from _alone(found)


def cluster_rows(found: Resolution) -> Iterator[Row]:
    """A row an item, by cluster: also the clusters of one item."""
    sizes = np.bincount(found.clusters) if len(found.clusters) else np.zeros(0, dtype=int)
    for node in np.argsort(found.clusters, kind="stable").tolist():
        in_right = node >= len(found.left)
        side, row = (found.other, node - len(found.left)) if in_right else (found.left, node)
        number = int(found.clusters[node])
        yield {
            "cluster": number,
            "size": int(sizes[number]),
            "side": "right" if in_right else "left",
            "id": side.ids[row],
            "content": _text(side.contents[row]),
        }


def refusal_rows(found: Resolution) -> Iterator[Row]:
    """A row for each input that could not be used, as it should be."""
    for refusal in found.refusals:
        yield {"item": refusal.item, "code": refusal.code, "reason": refusal.reason, "source": refusal.source}


def weights(found: Resolution) -> Row:
    """How much one standard deviation of each piece of evidence adds to the log odds."""
    if found.joint is None:
        return {}
    return {
        name: round(float(weight), 4)
        for name, weight in zip(found.joint.names, found.joint.weights, strict=True)
    }


def reason_texts(found: Resolution, places: Array) -> list[str]:
    """The evidence that moved the odds of each candidate most: `lead for left 0.12 (+2.1); …`."""
    values, shares = _shown(found, places), _shares(found, places)
    most = np.argsort(-np.abs(shares), axis=1, kind="stable")[:, :_REASONS].tolist()
    names = found.evidence.names
    return [
        "; ".join(f"{names[e]} {value[e]:.3g} ({share[e]:+.1f})" for e in some if share[e])
        for value, share, some in zip(values.tolist(), shares.tolist(), most, strict=True)
    ]


def reasons(found: Resolution, place: int) -> list[tuple[str, float, float]]:
    """Name, value and share in the log odds of each piece of evidence of a candidate, where it is known."""
    values, shares = (part(found, np.array([place]))[0].tolist() for part in (_shown, _shares))
    told = zip(found.evidence.names, values, shares, strict=True)
    return [(name, value, share) for name, value, share in told if np.isfinite(value)]


def _shown(found: Resolution, places: Array) -> Array:
    """Evidence as people read it, (k, e): ranks count from 1."""
    values = found.evidence.values[places].astype(np.float64)
    ranks = [place for place, name in enumerate(found.evidence.names) if name in RANKS]
    values[:, ranks] = 2.0 ** -values[:, ranks]
    return values


def _shares(found: Resolution, places: Array) -> Array:
    """What each piece of evidence adds to the log odds, (k, e); 0 for what is not known."""
    names, made = found.evidence.names, np.zeros((len(places), len(found.evidence.names)))
    if found.joint is not None:
        shares = found.joint.shares(found.joint.aligned(found.evidence)[places])
        for column, name in enumerate(found.joint.names):
            if name in names:
                made[:, names.index(name)] = shares[:, column]
    return made


def _ids(found: Resolution, left: int | None, right: int | None) -> Row:
    return {
        "left_id": None if left is None else found.left.ids[left],
        "right_id": None if right is None else found.other.ids[right],
    }


def _figures(found: Resolution, place: int) -> Row:
    similarity = float(found.evidence[SIMILARITY][place])
    return {
        probability_name(found): round(float(found.score[place]), 4) if found.joint is not None else None,
        "similarity": None if np.isnan(similarity) else round(similarity, 4),
    }


def _alone(found: Resolution) -> Iterator[Row]:
    """A row for each item without a match, with its best candidate and why that is none."""
    candidates = found.candidates
    kept = np.zeros(len(candidates), dtype=bool)
    kept[found.kept] = True
    for name, rows in found.unmatched.items():
        best = _best(found, name)
        for row in rows.tolist():
            ids = _ids(found, row, None) if name == "left" else _ids(found, None, row)
            node = row if name == "left" else row + len(found.left)
            place = int(best[row])
            figures = _figures(found, place) if place >= 0 else {}
            yield {
                **ids,
                **figures,
                "rank": None,
                "cluster": int(found.clusters[node]),
                "reason": _why_not(found, name, row, place),
            }


def _best(found: Resolution, name: str) -> Array:
    """The best candidate of each item of a side, -1 for none."""
    candidates = found.candidates
    best = np.full(len(found.left if name == "left" else found.other), -1, dtype=np.intp)
    # the best is written last
    order = np.argsort(np.tile(found.score, 2) if candidates.same else found.score, kind="stable")
    owners = candidates.left if name == "left" else candidates.right
    if candidates.same:
        owners = np.concatenate([candidates.left, candidates.right])
    best[owners[order]] = order % max(len(candidates), 1)
    return best


def _why_not(found: Resolution, name: str, row: int, place: int) -> str:
    if place < 0:
        return "no candidate"
    left, right = int(found.candidates.left[place]), int(found.candidates.right[place])
    partner = found.other.ids[right] if name == "left" and left == row else found.left.ids[left]
    if found.threshold is not None and found.score[place] < found.threshold:
        return f"best is {partner}, at {found.score[place]:.3g} below {found.threshold:.3g}"
    return f"best is {partner}, which does not go with {found.how}"


def _text(content: Content) -> str:
    return content if isinstance(content, str) else content.path
