"""From pairs to entities: what hangs together, or only what the evidence as a whole holds together."""

from __future__ import annotations

import heapq
from typing import Literal, get_args

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError, unknown
from tuwen.resolve.deciding import checked_pairs

How = Literal["components", "strict"]


def clusters(
    left: Array,
    right: Array,
    score: Array,
    n_nodes: int,
    how: How = "components",
    *,
    kept: Array | None = None,
    floor: float | None = None,
    n_left: int | None = None,
) -> Array:
    """The cluster of every item; an entity may have many pictures and many texts, or one item alone.

    `components` puts together whatever a chain of kept pairs joins: one wrong pair joins two entities.

    `strict` asks all the evidence between two groups before it joins them. At first every item is a group.
    Then, again and again, the two groups with the largest mean score become one, as long as a kept pair
    joins them and the mean is at least `floor`. The mean is over all pairs between the two groups that
    could have been candidates; those that were not have the score 0 (so scores should be probabilities).
    With two sides, two items of one side say nothing about each other: only pairs across the sides count.
    Neither rule depends on the order of the pairs; equal means join the groups with the lowest nodes first.

    Args:
        left: (m,) nodes.
        right: (m,) other nodes; with two sides, the right rows after all left ones, `n_left + row`.
        score: (m,) of each pair.
        n_nodes: How many nodes there are.
        how: As above.
        kept: Places of the pairs that were decided to match; None for all. `strict` should be given all
            candidates, since what speaks against a cluster lies among those not kept.
        floor: For `strict`, the least mean; None for the lowest score of a kept pair.
        n_left: How many nodes are of the left side; None when there is one side.

    Returns:
        (n_nodes,) intp numbers of clusters, in the order of their lowest node.

    Raises:
        InputError: Arrays do not align, a node is beyond `n_nodes`, or a score is not finite.
        UnknownName: No such `how`.
    """
    if how not in get_args(How):
        raise unknown("way of clustering", how, get_args(How))
    left, right = np.minimum(left, right), np.maximum(left, right)
    left, right, score = checked_pairs(left, right, score, (n_nodes, n_nodes))
    kept = np.arange(len(left)) if kept is None else np.asarray(kept, dtype=np.intp)
    if len(kept) and not 0 <= kept.min() <= kept.max() < len(left):
        raise InputError(f"kept names pairs {kept.min()} to {kept.max()}; there are {len(left)}")
    parts = _components(left[kept], right[kept], n_nodes)
    if how == "strict" and len(kept):
        least = float(score[kept].min()) if floor is None else floor
        parts = _strict(left, right, score, parts, kept, least, n_nodes if n_left is None else n_left)
    return _numbered(parts)


def _components(left: Array, right: Array, nodes: int) -> Array:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph.tocsr(), directed=False)[1])


def _numbered(parts: Array) -> Array:
    """Clusters by their lowest node."""
    _, first, number = np.unique(parts, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.intp)
    place[np.argsort(first)] = np.arange(len(first))
    return place[number]


def _strict(
    left: Array, right: Array, score: Array, parts: Array, kept: Array, least: float, n_left: int
) -> Array:
    """Part the components; pairs between two components can join nothing and are not looked at."""
    linking = np.zeros(len(left), dtype=bool)
    linking[kept] = True
    inside = np.flatnonzero(parts[left] == parts[right])
    inside = inside[np.lexsort((right[inside], left[inside]))]  # sums of floats depend on their order
    groups = _Groups(len(parts), n_left)
    for i, j, value, link in zip(
        left[inside].tolist(),
        right[inside].tolist(),
        score[inside].tolist(),
        linking[inside].tolist(),
        strict=True,
    ):
        groups.link(i, j, value, link)
    groups.join(least)
    return np.array([groups.of(node) for node in range(len(parts))], dtype=np.intp)


class _Groups:
    """Groups of nodes, each known by one of them, with the evidence between them."""

    def __init__(self, nodes: int, n_left: int) -> None:
        self._parent = list(range(nodes))
        self._lowest = list(range(nodes))
        self._sizes = [(1, 0) if node < n_left else (0, 1) for node in range(nodes)]
        self._two_sides = n_left < nodes
        self._near: list[dict[int, tuple[float, bool]]] = [{} for _ in range(nodes)]

    def of(self, node: int) -> int:
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def link(self, one: int, other: int, score: float, kept: bool) -> None:
        """Add the evidence of a pair: the sum of scores, and whether any of them was kept."""
        self._near[one][other] = self._near[other][one] = (score, kept)

    def join(self, least: float) -> None:
        """Join groups, the largest mean first."""
        heap = [
            self._entry(one, other)
            for one, near in enumerate(self._near)
            for other in near
            if one < other and self._joinable(one, other, least)
        ]
        heapq.heapify(heap)
        while heap:
            entry = heapq.heappop(heap)
            one, other = entry[-2:]
            # an entry is of the past when a group has become part of another, or its evidence has changed
            if other not in self._near[one] or self._entry(one, other) != entry:
                continue
            whole = self._merge(one, other)
            for third in self._near[whole]:
                if self._joinable(whole, third, least):
                    heapq.heappush(heap, self._entry(whole, third))

    def _entry(self, one: int, other: int) -> tuple[float, int, int, int, int]:
        """What the order of joining goes by: the mean, then the lowest nodes."""
        if self._lowest[one] > self._lowest[other]:
            one, other = other, one
        return -self._mean(one, other), self._lowest[one], self._lowest[other], one, other

    def _mean(self, one: int, other: int) -> float:
        (a, b), (c, d) = self._sizes[one], self._sizes[other]
        return self._near[one][other][0] / (a * d + b * c if self._two_sides else a * c)

    def _joinable(self, one: int, other: int, least: float) -> bool:
        return self._near[one][other][1] and self._mean(one, other) >= least

    def _merge(self, one: int, other: int) -> int:
        """Move the evidence of the group that has less of it; the group that both now are."""
        if len(self._near[one]) < len(self._near[other]):
            one, other = other, one
        self._parent[other] = one
        self._lowest[one] = min(self._lowest[one], self._lowest[other])
        (a, b), (c, d) = self._sizes[one], self._sizes[other]
        self._sizes[one] = (a + c, b + d)
        del self._near[one][other]
        for third, (total, linked) in self._near[other].items():
            if third != one:
                before, was = self._near[one].get(third, (0.0, False))
                self._near[one][third] = self._near[third][one] = (before + total, was or linked)
                del self._near[third][other]
        self._near[other] = {}
        return one
