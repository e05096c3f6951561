"""Conformal intervals: how far past forecasts missed, per horizon, pooled across series in their own scales."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

#: Errors that a horizon's pool must hold to count as much as the plain assumption.
PRIOR = 15
#: Past origins overlap and share their shocks: the future holds more than they saw.
WIDER = 1.07


def conformal(
    errors: np.ndarray, levels: tuple[int, ...], *, cumulative: bool = False
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Lower and upper error of each horizon, in scales, by level in per cent.

    Parameters
    ----------
    errors
        Origins × series × horizon: (actual − forecast) / scale; NaN where unknown.  A horizon shares the errors
        of its neighbours.  Where there are few, a normal error that grows as a random walk's half is mixed in.
    cumulative
        Errors of a period are of the total up to it; plain ones then add up as if each period had its own.
    """
    variance = 1 + 0.25 * np.arange(errors.shape[2])
    if not cumulative:
        return {level: _bounds(errors, (1 - level / 100) / 2, np.sqrt(variance)) for level in levels}
    growth = np.sqrt(variance.cumsum())  # neighbours are shared in the size of the period's own total
    found = {level: _bounds(errors / growth, (1 - level / 100) / 2, np.ones_like(growth)) for level in levels}
    return {level: (low * growth, high * growth) for level, (low, high) in found.items()}


def _bounds(errors: np.ndarray, tail: float, growth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    horizon = errors.shape[2]
    plain = NormalDist().inv_cdf(1 - tail) * 1.1 * growth
    low, high = np.empty(horizon), np.empty(horizon)
    reach = np.ones(2)  # how far found errors went beyond the plain ones, at the nearest horizon before
    for h in range(horizon):
        pool = errors[:, :, max(h - 1, 0) : h + 2].ravel()
        pool = np.sort(pool[np.isfinite(pool)])
        share = len(pool) / (len(pool) + PRIOR)
        if len(pool):
            below, above = _outer(pool, tail)
            reach = share * np.maximum([-below, above], 0.0) / plain[h] + (1 - share) * reach
        low[h], high[h] = reach * plain[h] * WIDER * [-1, 1]
    return low, high


def _outer(pool: np.ndarray, tail: float) -> tuple[float, float]:
    """Quantiles at the tails with the finite-sample correction of conformal prediction."""
    n = len(pool)
    rank = tail * (n + 1) - 1
    return (
        float(np.interp(rank, np.arange(n), pool)),
        float(np.interp(n - 1 - rank, np.arange(n), pool)),
    )
