"""Softmax denominators that are summed up while scores stream by."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array


class Softmax:
    """For each row, the sum of exp(score / temperature) over all scores seen.

    Args:
        rows: How many rows.
        temperature: What scores are divided by; None sums nothing.
    """

    def __init__(self, rows: int, temperature: float | None) -> None:
        self._temperature = temperature
        count = 0 if temperature is None else rows
        self._peaks = np.full(count, -np.inf)  # sums are of exp(score - peak): nothing overflows
        self._sums = np.zeros(count)

    def add(self, rows: slice, scores: Array) -> None:
        """Take in a tile, (len(rows), m)."""
        if self._temperature is None:
            return
        peaks = scores.max(axis=1)
        shares = np.exp((scores - peaks[:, None]) / np.float32(self._temperature))
        self._combine(rows, peaks.astype(np.float64), shares.sum(axis=1, dtype=np.float64))

    def join(self, other: Softmax) -> None:
        """Take in what another has seen for the same rows."""
        if self._temperature is not None:
            self._combine(slice(None), other._peaks, other._sums)

    def probabilities(self, scores: Array) -> Array | None:
        """The share of each score, (n, k) float32; None without a temperature."""
        if self._temperature is None:
            return None
        shares = np.exp((scores - self._peaks[:, None]) / self._temperature) / self._sums[:, None]
        return np.asarray(shares, dtype=np.float32)

    def _combine(self, rows: slice, peaks: Array, sums: Array) -> None:
        peak = np.maximum(self._peaks[rows], peaks)
        mine = np.exp((self._peaks[rows] - peak) / self._temperature)
        theirs = np.exp((peaks - peak) / self._temperature)
        self._sums[rows] = self._sums[rows] * mine + sums * theirs
        self._peaks[rows] = peak
