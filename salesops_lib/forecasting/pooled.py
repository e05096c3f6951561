"""One regression for the whole panel: what all series tell of how the next periods follow from the last ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from salesops_lib.forecasting.members import Batch

#: Latest periods looked at, beside their seasons.
LATEST = 6
#: Years whose season is averaged, at most.
MOST_YEARS = 5
#: Rows that the belief in "as last year, and its season" is worth.
RIDGE = 20.0
#: Rows of the training, a coefficient, below which nothing is learnt.
LEAST_ROWS = 20
#: Seasons after which a past origin counts half.
HALF_LIFE = 4.0
#: Origins in the past that are learnt from, at most.
MOST_ORIGINS = 72
#: Usual changes of a series at which its rows are cut, so that a single shock does not rule all series.
LIMIT = 6.0
#: Change below which a series does not move.
STILL = 1e-9


def pooled_path(batch: Batch, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts of logarithms (values, where a series is not positive), series × horizon; truth of the series that have one.

    One ridge regression for each horizon, on rows of all series and past origins, each in its series' own
    scale: the target's season in the years before and in the last one, deviations of the latest periods from the year
    before, all from the mean of their year, and the growth of the year.  Only what was known at a row's origin stands in it.
    """
    m, width = batch.season, batch.x.shape[1]
    first = 2 * m + LATEST  # periods that a row looks back on
    found = np.zeros((len(batch.x), horizon))
    fits = (batch.lengths >= first) & (width >= first)
    if m < 2 or not fits.any() or horizon > m:
        return found, np.zeros(len(batch.x), dtype=bool)
    x, start = batch.logs[fits], batch.start[fits]
    sums = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
    mean = np.full_like(x, np.nan)
    mean[:, m - 1 :] = (sums[:, m:] - sums[:, :-m]) / m  # of the year that ends in a column
    spread = _spread(x, mean, start, m)[:, None]
    at = np.arange(max(first - 1, width - 1 - MOST_ORIGINS), width)
    series, place = np.nonzero(start[:, None] + first - 1 <= at[None, :])
    place = at[place]
    now, before, size = mean[series, place], mean[series, place - m], spread[series, 0]
    level = (now - before) / size
    latest = [(x[series, place - j] - now - x[series, place - j - m] + before) / size for j in range(LATEST)]
    same = np.clip(np.column_stack([*latest, level, np.ones(len(now))]), -LIMIT, LIMIT)
    weight = 0.5 ** ((width - 1 - place) / (HALF_LIFE * m))
    n_years = min(MOST_YEARS, (width - LATEST) // m)
    counted = np.stack([place + 1 - (k + 1) * m >= start[series] for k in range(n_years)])
    centres = [mean[series, np.maximum(place - k * m, m - 1)] for k in range(n_years)]
    newest = place == width - 1  # one row a series, in the order of the series
    for h in range(1, horizon + 1):
        years = np.stack(
            [(x[series, place + h - (k + 1) * m] - year) / size for k, year in enumerate(centres)]
        )
        usual = np.where(counted, years, 0.0).sum(axis=0) / counted.sum(axis=0)
        rows = np.column_stack([same, years[0] - usual])
        old = place + h < width
        left = (x[series[old], place[old] + h] - now[old]) / size[old] - usual[old]
        moved = rows[newest] @ _coefficients(rows[old], left, weight[old])
        found[fits, h - 1] = mean[:, -1] + spread[:, 0] * (usual[newest] + moved)
    return found, fits


def _spread(x: np.ndarray, mean: np.ndarray, start: np.ndarray, m: int) -> np.ndarray:
    """Size of each series' movement: mean absolute change of deviations from one year to the next."""
    first = 2 * m - 1
    change = np.abs(x[:, first:] - mean[:, first:] - x[:, m - 1 : -m] + mean[:, m - 1 : -m])
    seen = start[:, None] + first <= np.arange(first, x.shape[1])[None, :]
    size = np.where(seen, change, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return np.where(size > STILL, size, 1.0)


def _coefficients(rows: np.ndarray, left: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Ridge of what the season leaves, drawn to nothing."""
    n = rows.shape[1]
    if len(rows) < LEAST_ROWS * n:
        return np.zeros(n)
    weighted = rows * weight[:, None]
    return np.linalg.solve(rows.T @ weighted + RIDGE * np.eye(n), weighted.T @ np.clip(left, -LIMIT, LIMIT))
