"""Exponential smoothing of all series × all parameters at once.

One recursion in error-correction form holds simple, Holt's, damped and Holt-Winters smoothing, and Theta, which
is simple smoothing with a drift (Hyndman and Billah, Unmasking the Theta method, 2003).  Logarithms make it
multiplicative.  Instead of one best parameter, forecasts of the grid are averaged, weighted by likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Periods after which half of a least-squares slope is believed.
TREND_BELIEF = 12


@dataclass(frozen=True)
class Parameters:
    """A grid of smoothing parameters, as arrays of one length.

    `alpha`, `beta` and `gamma` correct level, trend and season by a share of the one-step error, `phi` damps
    the trend, `drift` is the share of the history's slope that the trend starts with.
    """

    alpha: np.ndarray
    beta: np.ndarray
    gamma: np.ndarray
    phi: np.ndarray
    drift: np.ndarray

    @classmethod
    def grid(
        cls,
        alpha: tuple[float, ...],
        beta: tuple[float, ...] = (0.0,),
        gamma: tuple[float, ...] = (0.0,),
        phi: tuple[float, ...] = (1.0,),
        drift: tuple[float, ...] = (0.0,),
    ) -> Parameters:
        """All combinations of the values."""
        return cls(*(np.ravel(a) for a in np.meshgrid(alpha, beta, gamma, phi, drift, indexing="ij")))


def smooth(
    x: np.ndarray, start: np.ndarray, season: np.ndarray, parameters: Parameters, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts of each series, and its one-step error.

    Parameters
    ----------
    x
        Series × periods, right-aligned; what stands before `start` is not looked at.
    start
        Column of each series' first period.
    season
        Series × places: seasonal offsets to start with, the last place being that of the last column.
        One place: no season.
    parameters
        Grid to average over.

    Returns
    -------
    tuple
        Series × horizon, and the root mean square of one-step errors at each series' best parameters (NaN
        where a series has fewer than two periods).
    """
    if (np.diff(start) < 0).any():
        order = np.argsort(start, kind="stable")
        back = np.argsort(order)
        forecasts, error = smooth(x[order], start[order], season[order], parameters, horizon)
        return forecasts[back], error[back]
    n, width = x.shape
    m = season.shape[1]
    offset = np.take(season, (np.arange(width) - width) % m, axis=1)
    level, slope = _first_states(x - offset, start, span=max(6, m))
    states = _run(x, start, level, slope, season, parameters)
    level_, trend, seasonal, squares = states
    count = np.maximum(width - start - 1, 0)
    least = squares.min(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(least[:, None] > 0, squares / least[:, None], np.where(squares > 0, np.inf, 1.0))
        weight = ratio ** (-0.5 * np.minimum(count, 60)[:, None])
        error = np.sqrt(least / np.where(count > 0, count, np.nan))
    weight /= weight.sum(axis=1, keepdims=True)
    forecasts = np.empty((n, horizon))
    reach = np.zeros_like(parameters.phi)
    for ahead in range(horizon):
        reach = reach + parameters.phi ** (ahead + 1)
        value = level_ + reach * trend
        if seasonal is not None:
            value = value + seasonal[(width + ahead) % m]
        forecasts[:, ahead] = (weight * value).sum(axis=1)
    if seasonal is None:
        forecasts += np.take(season, np.arange(horizon) % m, axis=1)
    return forecasts, error


def _first_states(x: np.ndarray, start: np.ndarray, span: int) -> tuple[np.ndarray, np.ndarray]:
    """Level just before the first period, and slope: by least squares over the first `span` periods, and over all."""
    width = x.shape[1]
    time = np.arange(width)[None, :] - start[:, None] + 1.0
    seen = time >= 1
    early = seen & (time <= span)
    values = np.where(seen, x, 0.0)
    slopes = []
    for part in (early, seen):
        count = part.sum(axis=1)
        centre = (time * part).sum(axis=1) / count
        mean = (values * part).sum(axis=1) / count
        spread = (((time - centre[:, None]) ** 2) * part).sum(axis=1)
        cross = ((time - centre[:, None]) * (values - mean[:, None]) * part).sum(axis=1)
        believed = np.where(count >= 5, count / (count + TREND_BELIEF), 0.0)
        slopes.append((mean, centre, believed * cross / np.maximum(spread, 1e-12)))
    mean, centre, slope = slopes[0]
    return mean - slope * centre, slopes[1][2]


def _run(
    x: np.ndarray, start: np.ndarray, level: np.ndarray, slope: np.ndarray, season: np.ndarray, p: Parameters
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """Levels, trends, seasons (None where they stay) and sums of squares after the last period; longest series first.

    In place, on the series that have begun: half the time of a forecast is spent here.
    """
    width = x.shape[1]
    m = season.shape[1]
    moves = bool(p.gamma.any())
    place = (np.arange(width) - width) % m
    if not moves:
        x = x - np.take(season, place, axis=1)
    level_ = np.repeat(level[:, None], len(p.alpha), axis=1)
    trend = slope[:, None] * p.drift
    squares, error, part = np.zeros_like(level_), np.empty_like(level_), np.empty_like(level_)
    seasonal = None
    if moves:
        seasonal = np.empty((m, *level_.shape))
        for column in range(m):
            seasonal[(column + width) % m] = season[:, column][:, None]
    change = p.alpha * p.beta
    learns, fades = bool(change.any()), bool((p.phi != 1).any())
    has_trend = learns or bool(p.drift.any())
    begun = np.searchsorted(start, np.arange(-1, width), side="right")
    for t in range(int(start[0]), width):
        live, before = begun[t + 1], begun[t]
        now, miss, step = level_[:live], error[:live], part[:live]
        if has_trend:
            if fades:
                trend[:live] *= p.phi
            now += trend[:live]
        np.subtract(x[:live, t, None], now, out=miss)
        if seasonal is not None:
            miss -= seasonal[t % m, :live]
        np.multiply(miss, miss, out=step)
        squares[:before] += step[:before]  # the first period only starts
        np.multiply(miss, p.alpha, out=step)
        now += step
        if learns:
            np.multiply(miss, change, out=step)
            trend[:live] += step
        if seasonal is not None:
            np.multiply(miss, p.gamma, out=step)
            seasonal[t % m, :live] += step
    return level_, trend, seasonal, squares
