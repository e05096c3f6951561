"""Seasonal patterns: classical decomposition, shrunk by what the years disagree on."""

from __future__ import annotations

import numpy as np

#: Share of a single season's pattern that is believed.
ONE_SEASON = 0.8


def seasonal_offsets(x: np.ndarray, start: np.ndarray, m: int) -> np.ndarray:
    """Additive seasonal offsets, series × m places; the last place is that of the last column.

    A series with less than a season gets zeros, one with less than two the most of what its last season shows.  Offsets are means, over the years, of what is left when the
    centred moving average is taken off, shrunk towards zero as James and Stein do: by the share of their spread
    that the disagreement of the years explains (Miller and Williams, Shrinkage estimators of time series
    seasonal factors, 2003).

    Examples
    --------
    >>> x = np.tile([3.0, 1.0, 2.0, 2.0], 5)[None, :]
    >>> seasonal_offsets(x, np.array([0]), 4).round(6).tolist()
    [[1.0, -1.0, 0.0, 0.0]]
    """
    n, width = x.shape
    if m < 2 or width < m:
        return np.zeros((n, max(m, 1)))
    if width < 2 * m:
        return np.where((width - start >= m)[:, None], _one_season(x, m), 0.0)
    seen = np.arange(width)[None, :] >= start[:, None]
    values = np.where(seen, x, 0.0)
    rest = values - centred_average(values, m)
    half = m // 2
    usable = seen.copy()
    usable[:, -half:] = False
    usable[:, :half] = False
    usable[:, half:] &= seen[:, : width - half]
    pad = -width % m
    rest = np.pad(np.where(usable, rest, 0.0), ((0, 0), (pad, 0))).reshape(n, -1, m)
    counted = np.pad(usable, ((0, 0), (pad, 0))).reshape(n, -1, m)
    years = counted.sum(axis=1)
    offsets = rest.sum(axis=1) / np.maximum(years, 1)
    offsets -= offsets.mean(axis=1, keepdims=True)
    within = np.where(counted, rest - offsets[:, None, :], 0.0)
    freedom = np.maximum(years.sum(axis=1) - m, 1)
    noise = (within**2).sum(axis=(1, 2)) / freedom / np.maximum(years.mean(axis=1), 1)
    spread = (offsets**2).sum(axis=1) / max(m - 1, 1)
    lone = years.max(axis=1) < 2  # one year cannot disagree with itself: take half of its pattern
    shrunk = np.where(spread > 0, np.clip(1 - noise / np.where(spread > 0, spread, 1), 0, 1), 0.0)
    shrunk = np.where(lone, 0.5, shrunk)
    lengths = (width - start)[:, None]
    offsets = offsets * shrunk[:, None]
    return np.where(lengths >= 2 * m, offsets, np.where(lengths >= m, _one_season(values, m), 0.0))


def _one_season(x: np.ndarray, m: int) -> np.ndarray:
    """What the last season shows, most of it: a single year cannot tell season from chance."""
    last = x[:, -m:]
    return ONE_SEASON * (last - last.mean(axis=1, keepdims=True))


def centred_average(x: np.ndarray, m: int) -> np.ndarray:
    """Moving average over m periods, centred; columns within half a season of an edge are not meaningful."""
    sums = np.cumsum(np.pad(x, ((0, 0), (1, 0))), axis=1)
    average = (sums[:, m:] - sums[:, :-m]) / m
    if m % 2 == 0:
        average = (average[:, 1:] + average[:, :-1]) / 2
    half = m // 2
    return np.pad(average, ((0, 0), (half, x.shape[1] - half - average.shape[1])))
