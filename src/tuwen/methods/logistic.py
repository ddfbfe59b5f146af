"""Logistic regressions of many bits at once."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array


def logistic_weights(x: Array, signs: Array, ridge: float, iterations: int = 300) -> Array:
    """Weights w (d, bits) with the least Σ log(1 + exp(-signs · x w)) + ridge ||w||²; there is no intercept.

    Bits do not touch each other, but one matrix product serves all.

    Args:
        x: (n, d).
        signs: (n, bits) of +1 and -1.
        ridge: Weight of the squares, above zero.
        iterations: At most, of L-BFGS.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    shape = x.shape[1], signs.shape[1]

    def objective(flat: Array) -> tuple[float, Array]:
        w = flat.reshape(shape)
        margins = signs * (x @ w)
        loss = float(np.logaddexp(0, -margins).sum()) + ridge * float(flat @ flat)
        return loss, (2 * ridge * w - x.T @ (signs * expit(-margins))).ravel()

    start = np.zeros(shape[0] * shape[1])
    options = {"maxiter": iterations, "ftol": 1e-7}
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x.reshape(shape))
