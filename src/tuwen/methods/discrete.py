"""Signs that are found as signs, one bit after another, with no relaxation."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array


def coordinate_signs(signs: Array, linear: Array, gram: Array, sweeps: int = 3) -> Array:
    """Lower tr(B Q Bᵀ) - 2 tr(B Pᵀ) over signs B, by setting each bit of all rows to its best in turn.

    No sweep can raise it; it stops when a sweep changes nothing.

    Args:
        signs: Where to start, (n, bits) of +1 and -1; left as it is.
        linear: P, (n, bits).
        gram: Q, symmetric (bits, bits).
        sweeps: Most passes over the bits.
    """
    signs = signs.copy()
    for _ in range(sweeps):
        changed = False
        for bit in range(signs.shape[1]):
            pull = linear[:, bit] - signs @ gram[:, bit] + signs[:, bit] * gram[bit, bit]
            best = np.where(pull == 0, signs[:, bit], np.where(pull > 0, 1.0, -1.0))
            changed = changed or not np.array_equal(best, signs[:, bit])
            signs[:, bit] = best
        if not changed:
            break
    return signs


def likeness_factor(labels: Array) -> Array:
    """F (n, n_classes), of which F Fᵀ are the centred cosines of labels, scaled to a mean diagonal of one.

    Most pairs are unlike: uncentred, a bit that is + for all images and - for all texts would explain that
    best, while it tells nothing.
    """
    units = labels / np.maximum(np.linalg.norm(labels, axis=1, keepdims=True), 1e-12)
    centred = units - units.mean(axis=0)
    return np.asarray(centred / max(float(np.sqrt((centred**2).sum() / max(len(labels), 1))), 1e-12))


def as_signs(values: Array) -> Array:
    """+1.0 where above zero, else -1.0, as codes are packed."""
    return np.where(values > 0, 1.0, -1.0)
