"""Conformal intervals: how far past forecasts missed, in units of what was expected of them, pooled across series by horizon."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

#: Errors, and separate stretches of the past, that a horizon's pool must hold to count as much as what is expected.
PRIOR, STRETCHES = 40, 1.0
#: Origins choose weights and are then judged by them; the future is not.
WIDER = 1.07
#: Degrees of freedom of what is expected: a history tells the size of its surprises only roughly.
FREEDOM = 6
#: Seasons beyond the first after which a series believes its origins wholly, and the least that it does once it has one.
SEASONS, ONE_SEASON = 4.0, 0.25
#: Periods at most that count as a season for that: half a year of weeks tells the size of surprises, if not all of the season.
SEASON_AT_MOST = 26
#: Horizons of history, beyond the one held back, that a series of less than a season needs to believe its origins.
BELIEVABLE = 4.0


def reach(errors: np.ndarray, held: list[int], tails: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """How far intervals reach below and above the forecast, tails × horizon, in units of the expected miss.

    Quantiles of a horizon's errors and its neighbours', drawn to those of Student's distribution: the less, the more errors
    there are and the more stretches of the past they come from.  Origins that lie close together tell of one stretch: what
    befell it befell all series, and the next one may be another.

    Parameters
    ----------
    errors
        Origins × series × horizon: (actual − forecast) / expected miss; NaN where unknown.
    held
        Periods held back at each origin.
    tails
        Share to be left out on each side, of each interval.

    Examples
    --------
    >>> below, above = reach(np.full((0, 5, 2), np.nan), [], (0.1, 0.025))
    >>> above.round(2).tolist()
    [[1.44, 1.44], [2.43, 2.43]]
    """
    horizon = errors.shape[2]
    found = np.stack([plain_reach(tails)] * 2)
    sides = np.empty((2, len(tails), horizon))
    for h in range(horizon):
        near = errors[:, :, max(h - 1, 0) : h + 2]
        pool = np.sort(near[np.isfinite(near)])
        if len(pool):
            told = [k for k, there in zip(held, np.isfinite(near).any(axis=(1, 2))) if there]
            stretches = min(len(told), (max(told) - min(told)) / (h + 1) + 1)
            share = len(pool) / (len(pool) + PRIOR) * stretches / (stretches + STRETCHES)
            outer = np.array([_outer(pool, tail) for tail in tails]).T * [[-1], [1]]
            found = share * WIDER * np.maximum(outer, 0.0) + (1 - share) * found
        sides[:, :, h] = found
    return sides[0], sides[1]


def belief(lengths: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """How far series of these lengths take what origins found instead of what is expected, from none to wholly.

    Examples
    --------
    >>> belief(np.array([7, 12, 18, 24, 36, 90]), 12, 12).tolist()
    [0.0, 0.25, 0.25, 0.25, 0.5, 1.0]
    >>> belief(np.array([30]), 52, 6).tolist()
    [1.0]
    """
    if season == 1:
        return np.ones(len(lengths))
    short = np.clip((lengths / horizon - 1) / BELIEVABLE, 0.0, 1.0)
    return np.where(lengths < season, short, np.clip((lengths / season - 1) / SEASONS, ONE_SEASON, 1.0))


def plain_reach(tails: tuple[float, ...]) -> np.ndarray:
    """The reach that is expected before any origin has tested it, one a tail."""
    return np.array([max(_student(1 - tail, FREEDOM), 0.0) for tail in tails])


def _outer(pool: np.ndarray, tail: float) -> tuple[float, float]:
    """Quantiles at the tails with the finite-sample correction of conformal prediction."""
    n = len(pool)
    rank = tail * (n + 1) - 1
    return (
        float(np.interp(rank, np.arange(n), pool)),
        float(np.interp(n - 1 - rank, np.arange(n), pool)),
    )


def _student(share: float, freedom: int) -> float:
    """Quantile of Student's distribution by Fisher's expansion of the normal one (1926; two terms)."""
    z = NormalDist().inv_cdf(share)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
