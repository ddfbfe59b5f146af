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


def as_signs(values: Array) -> Array:
    """+1.0 where above zero, else -1.0, as codes are packed."""
    return np.where(values > 0, 1.0, -1.0)
