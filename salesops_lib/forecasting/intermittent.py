"""Series that mostly stand still: demand now and then, or none any more."""

from __future__ import annotations

import numpy as np

#: Share of empty periods from which a series is intermittent.
EMPTY_SHARE = 0.3
_ALPHAS = (0.05, 0.1, 0.2, 0.3)


def is_intermittent(x: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Series without negative values, of whose periods at least `EMPTY_SHARE` are empty.

    Examples
    --------
    >>> is_intermittent(np.array([[0.0, 3, 0, 0], [1, 2, 3, 4]]), np.array([0, 0])).tolist()
    [True, False]
    """
    seen = np.arange(x.shape[1])[None, :] >= start[:, None]
    values = np.where(seen, x, 1.0)
    empty = (values == 0).sum(axis=1) / (x.shape[1] - start)
    return (empty >= EMPTY_SHARE) & (values.min(axis=1) >= 0)


def demand_rate(x: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Expected demand a period, by Teunter, Syntetos and Babai (2011): chance of demand × its size, both smoothed.

    The chance is smoothed every period, so that it fades where demand has ended; the mean over smoothing
    constants is taken.

    Examples
    --------
    >>> demand_rate(np.array([[0.0, 4.0] * 30]), np.array([0])).round(1).tolist()
    [2.2]
    """
    seen = np.arange(x.shape[1])[None, :] >= start[:, None]
    values = np.where(seen, x, 0.0)
    wanted = values > 0
    n_wanted = wanted.sum(axis=1)
    alphas = np.array(_ALPHAS)
    chance = np.repeat((n_wanted / (x.shape[1] - start))[:, None], len(alphas), axis=1)
    size = np.repeat((values.sum(axis=1) / np.maximum(n_wanted, 1))[:, None], len(alphas), axis=1)
    for t in range(int(start.min()), x.shape[1]):
        live, sold = seen[:, t, None], wanted[:, t, None]
        chance = np.where(live, chance + alphas * (sold - chance), chance)
        size = np.where(sold, size + alphas * (values[:, t, None] - size), size)
    return (chance * size).mean(axis=1)


def is_dead(x: np.ndarray, start: np.ndarray, season: int) -> np.ndarray:
    """Series that once had values and have had none but zeros for a season, and twice as long as they ever paused."""
    pause = longest = np.zeros(len(x), dtype=int)
    for t in range(x.shape[1]):
        still = (x[:, t] == 0) & (t >= start)
        longest = np.where(still, longest, np.maximum(longest, pause))
        pause = np.where(still, pause + 1, 0)
    return (pause >= max(season, 6)) & (pause >= 2 * longest) & (pause < x.shape[1] - start)
