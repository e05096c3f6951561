"""The forecasts that are combined: each takes histories as rows and gives one forecast a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from salesops_lib.forecasting.additive import additive_path
from salesops_lib.forecasting.intermittent import demand_rate, is_intermittent
from salesops_lib.forecasting.pooled import pooled_path
from salesops_lib.forecasting.seasonality import seasonal_offsets
from salesops_lib.forecasting.smoothing import Parameters, smooth

SIMPLE = Parameters.grid((0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.98))
THETA = Parameters.grid((0.02, 0.1, 0.2, 0.35, 0.5, 0.7, 0.95), drift=(0.0, 0.35, 0.5, 0.75))
DAMPED = Parameters.grid((0.05, 0.2, 0.4, 0.7, 0.95), beta=(0.02, 0.1, 0.3), phi=(0.8, 0.9, 0.98))
WINTERS = Parameters.grid(
    (0.05, 0.2, 0.4, 0.7), beta=(0.0, 0.05), gamma=(0.03, 0.1, 0.25), phi=(0.9, 0.98), drift=(0.5,)
)
MOVING_THETA = Parameters.grid(
    (0.02, 0.1, 0.2, 0.35, 0.5, 0.7), gamma=(0.03, 0.1, 0.25), drift=(0.0, 0.5, 1.0)
)

#: Share of what a season shows by itself, seen once, beside what is expected of it; it falls to none at the second.
SHOWN_ONCE = 0.5


@dataclass(frozen=True)
class Batch:
    """Histories up to an origin: series × periods, right-aligned from each series' `start` column, without gaps.

    `short` has the seasons of short histories, series × places as `pattern`, NaN where a history shows its own.
    """

    x: np.ndarray
    start: np.ndarray
    season: int
    short: np.ndarray | None = None

    @property
    def lengths(self) -> np.ndarray:
        return self.x.shape[1] - self.start

    @cached_property
    def seen(self) -> np.ndarray:
        return np.arange(self.x.shape[1])[None, :] >= self.start[:, None]

    @cached_property
    def is_positive(self) -> np.ndarray:
        """Series whose season and errors can be taken as ratios."""
        return np.where(self.seen, self.x, 1.0).min(axis=1) > 0

    @cached_property
    def logs(self) -> np.ndarray:
        """Logarithms of positive series, the others as they are."""
        safe = np.where(self.seen & self.is_positive[:, None], self.x, 1.0)
        return np.where(self.is_positive[:, None], np.log(safe), np.where(self.seen, self.x, 0.0))

    @cached_property
    def pattern(self) -> np.ndarray:
        """Seasonal offsets: of logarithms for positive series."""
        shown = seasonal_offsets(self.logs, self.start, self.season)
        if self.short is None:
            return shown
        years = self.lengths[:, None] / self.season
        share = np.where(years < 1, 0.0, np.clip(SHOWN_ONCE * (2 - years), 0.0, 1.0))
        return np.where(np.isfinite(self.short), self.short + share * (shown - self.short), shown)

    def _spread(self, n_periods: int, first: int) -> np.ndarray:
        return np.take(self.pattern, (np.arange(n_periods) + first) % self.pattern.shape[1], axis=1)

    @cached_property
    def simply(self) -> tuple[np.ndarray, np.ndarray]:
        """`adjusted` one period on by simple smoothing, and its one-step error: both are asked for more than once."""
        return smooth(self.adjusted, self.start, np.zeros((len(self.x), 1)), SIMPLE, 1)

    @cached_property
    def adjusted(self) -> np.ndarray:
        """Histories without their season."""
        offsets = self._spread(self.x.shape[1], -self.x.shape[1])
        positive = self.is_positive[:, None]
        x = np.where(self.seen, self.x, 0.0)
        return np.where(positive, x * np.exp(-np.where(positive, offsets, 0.0)), x - offsets)

    def with_season(self, forecasts: np.ndarray) -> np.ndarray:
        """Forecasts of `adjusted`, their season put back."""
        offsets = self._spread(forecasts.shape[1], 0)
        positive = self.is_positive[:, None]
        return np.where(positive, forecasts * np.exp(np.where(positive, offsets, 0.0)), forecasts + offsets)


def seasonal_naive(batch: Batch, horizon: int) -> np.ndarray:
    """The same period a season ago; the last value where there is less than a season."""
    m, width = batch.season, batch.x.shape[1]
    if width < m:
        return np.repeat(batch.x[:, -1:], horizon, axis=1)
    season = np.take(batch.x[:, -m:], np.arange(horizon) % m, axis=1)
    return np.where((batch.lengths >= m)[:, None], season, batch.x[:, -1:])


def naive2(batch: Batch, horizon: int) -> np.ndarray:
    """The last value without its season, the season put back."""
    return batch.with_season(np.repeat(batch.adjusted[:, -1:], horizon, axis=1))


def mean(batch: Batch, horizon: int) -> np.ndarray:
    """The mean of the last season (or what there is), the season put back."""
    width = max(batch.season, 6)
    recent = batch.seen[:, -width:]
    level = np.where(recent, batch.adjusted[:, -width:], 0.0).sum(axis=1) / recent.sum(axis=1)
    return batch.with_season(np.repeat(level[:, None], horizon, axis=1))


def drift(batch: Batch, horizon: int) -> np.ndarray:
    """Last year again, moved by half the drift of the year: the ratio (or difference) of its sum to the sum before."""
    m = batch.season
    base = seasonal_naive(batch, horizon)
    if batch.x.shape[1] < 2 * m or m < 2:
        return naive2(batch, horizon)
    now, before = (
        batch.x[:, -m:].mean(axis=1),
        np.where(batch.seen, batch.x, 0.0)[:, -2 * m : -m].mean(axis=1),
    )
    years = (np.arange(horizon) // m + 1)[None, :]
    enough = batch.lengths >= 2 * m
    ratio = np.where(enough & batch.is_positive, now / np.where(before > 0, before, 1.0), 1.0)[:, None]
    step = np.where(enough & ~batch.is_positive, now - before, 0.0)[:, None]
    return base * np.clip(ratio, 0.5, 2.0) ** (0.5 * years) + 0.5 * step * years


def simple(batch: Batch, horizon: int) -> np.ndarray:
    """Simple exponential smoothing."""
    return batch.with_season(np.repeat(batch.simply[0], horizon, axis=1))


def theta(batch: Batch, horizon: int) -> np.ndarray:
    """Theta: simple smoothing with a share of the history's slope as drift, share and smoothing by likelihood."""
    return _adjusted(batch, horizon, THETA)


def damped(batch: Batch, horizon: int) -> np.ndarray:
    """Holt's smoothing with a damped trend."""
    return _adjusted(batch, horizon, DAMPED)


def winters(batch: Batch, horizon: int) -> np.ndarray:
    """Holt-Winters' with damped trend and moving season, multiplicative for positive series."""
    return _moving(batch, horizon, WINTERS)


def moving_theta(batch: Batch, horizon: int) -> np.ndarray:
    """Theta with a moving season, multiplicative (trend too) for positive series."""
    return _moving(batch, horizon, MOVING_THETA)


def log_theta(batch: Batch, horizon: int) -> np.ndarray:
    """Theta of logarithms for positive series."""
    return _moving(batch, horizon, THETA)


def pooled(batch: Batch, horizon: int) -> np.ndarray:
    """One regression for the panel; Theta with a moving season for series that it does not know."""
    forecasts, known = pooled_path(batch, horizon)
    forecasts = _levels(batch, forecasts)
    if not known.all():
        unknown = Batch(batch.x[~known], batch.start[~known], batch.season)
        forecasts[~known] = moving_theta(unknown, horizon)
    return forecasts


def additive(batch: Batch, horizon: int) -> np.ndarray:
    """Prophet's model; intermittent series have their demand rate."""
    rare = is_intermittent(batch.x, batch.start)[:, None]
    return np.where(rare, demand_rate(batch.x, batch.start)[:, None], additive_path(batch, horizon))


def _moving(batch: Batch, horizon: int, parameters: Parameters) -> np.ndarray:
    """Smoothed logarithms, as values."""
    return _levels(batch, smooth(batch.logs, batch.start, batch.pattern, parameters, horizon)[0])


def _levels(batch: Batch, forecasts: np.ndarray) -> np.ndarray:
    """Values of forecast logarithms; intermittent series, which show neither trend nor season, have their demand rate."""
    rare = is_intermittent(batch.x, batch.start)[:, None]
    if rare.any():
        forecasts = np.where(rare, demand_rate(batch.x, batch.start)[:, None], forecasts)
    positive = batch.is_positive[:, None]
    top = (
        np.log(np.where(positive, batch.x, 1.0).max(axis=1, keepdims=True, where=batch.seen, initial=1e-300))
        + 3
    )
    return np.where(positive, np.exp(np.minimum(np.where(positive, forecasts, 0.0), top)), forecasts)


def _adjusted(batch: Batch, horizon: int, parameters: Parameters) -> np.ndarray:
    flat = np.zeros((len(batch.x), 1))
    return batch.with_season(smooth(batch.adjusted, batch.start, flat, parameters, horizon)[0])


#: What `model` may name.
MEMBERS: dict[str, Callable[[Batch, int], np.ndarray]] = {
    "seasonal_naive": seasonal_naive,
    "naive2": naive2,
    "mean": mean,
    "drift": drift,
    "simple": simple,
    "theta": theta,
    "damped": damped,
    "winters": winters,
    "moving_theta": moving_theta,
    "log_theta": log_theta,
    "pooled": pooled,
    "additive": additive,
}

#: Members of "auto".  The naive ones lose to these, but for the season's, which guards where nothing else is known.
AUTO = (
    "seasonal_naive",
    "mean",
    "simple",
    "theta",
    "damped",
    "winters",
    "moving_theta",
    "log_theta",
    "pooled",
)


def scale(batch: Batch) -> np.ndarray:
    """Size of a series' surprises: root mean square of one-step errors without season, a sixth of its level for want of any."""
    error = batch.simply[1]
    level = np.abs(np.where(batch.seen, batch.x, 0.0)).sum(axis=1) / batch.lengths
    count = np.maximum(batch.lengths - 1, 0)
    usual = np.nanmedian(error[level > 0] / level[level > 0]) if (count[level > 0] > 3).any() else 1 / 6
    prior = usual * level
    return np.sqrt((np.nan_to_num(error) ** 2 * count + prior**2 * 2) / (count + 2))
