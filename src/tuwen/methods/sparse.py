"""Sparse codes over a dictionary, and dictionaries for them."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array


def sparse_codes(gram: Array, linear: Array, start: Array, sparsity: float, steps: int) -> Array:
    """Lower tr(S G Sᵀ) - 2 tr(S Lᵀ) + sparsity |S|₁ by accelerated proximal steps (FISTA, with restarts).

    For ||X - S B||² it is G = B Bᵀ and L = X Bᵀ; terms of that kind add up.

    Args:
        gram: G, (atoms, atoms), symmetric without negative eigenvalues.
        linear: L, (n, atoms).
        start: (n, atoms).
        sparsity: Weight of the absolute values.
        steps: How many.
    """
    step = 1 / max(float(np.linalg.eigvalsh(gram)[-1]), 1e-12)
    old = ahead = start
    t = 1.0
    for _ in range(steps):
        moved = ahead - step * (ahead @ gram - linear)
        new = np.sign(moved) * np.maximum(np.abs(moved) - sparsity * step / 2, 0)
        if ((ahead - new) * (new - old)).sum() > 0:  # overshot: momentum starts anew
            t = 1.0
        following = (1 + np.sqrt(1 + 4 * t * t)) / 2
        ahead, old, t = new + (t - 1) / following * (new - old), new, following
    return np.asarray(old)


def better_atoms(x: Array, codes: Array, atoms: Array) -> Array:
    """Atoms no longer than one that fit ||x - codes atoms||² better, each in turn the best for the others.

    Args:
        x: (n, d).
        codes: (n, atoms).
        atoms: (atoms, d), no longer than one; left as they are.
    """
    gram, linear, atoms = codes.T @ codes, codes.T @ x, atoms.copy()
    for j in np.flatnonzero(np.diag(gram) > 1e-12):
        atoms[j] += (linear[j] - gram[j] @ atoms) / gram[j, j]
        atoms[j] /= max(float(np.linalg.norm(atoms[j])), 1.0)
    return atoms


def short_rows(rows: Array) -> Array:
    """Rows no longer than one."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1))
