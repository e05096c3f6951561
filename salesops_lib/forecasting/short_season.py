"""The season of a short history: what years are like in general, what the panel shows, what the history itself adds.

Logarithms are a level that moves at random, a season and noise, all of them normal; of the season, mean and covariance are
known before the history is looked at (best linear unbiased prediction: Robinson, That BLUP is a good thing, 1991).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from salesops_lib.forecasting.members import Batch
from salesops_lib.forecasting.panel import Grid
from salesops_lib.forecasting.seasonality import seasonal_offsets

#: Seasons of a history that is no longer short.
YEARS = 4
#: Logarithms of retail sales by month beside their year, January first (US Census Bureau, 1992 to 2016, rounded).
RETAIL = (-0.10, -0.10, 0.0, 0.0, 0.03, 0.0, 0.0, 0.03, -0.03, 0.0, 0.0, 0.15)
#: Share of it that a company is expected to show, and its standard deviation between panels and within one.
SHARE, SHARE_BETWEEN, SHARE_WITHIN = 0.5, 0.6, 0.5
#: Standard deviation of what else a month has of its own.
MONTH_BETWEEN, MONTH_WITHIN = 0.05, 0.1
#: The same of a wave through the year.
WAVE_BETWEEN, WAVE_WITHIN = 0.05, 0.1
#: Standard deviation of a year's growth.
DRIFT = 0.06
#: Noise, its median and spread in logarithms; what moves the level each period; sizes of the season, in the expected one.
NOISE, USUAL_NOISE, NOISE_SPREAD = (0.02, 0.04, 0.08, 0.16, 0.32), 0.06, 1.0
MOVES, USUAL_MOVE, MOVE_SPREAD = (0.006, 0.02, 0.06), 0.012, 0.7
SIZES, SIZE_SPREAD = (0.3, 1.0, 2.0), 1.0
#: Noise that the mean of a panel has.
COMMON_NOISE = (0.01, 0.02, 0.04, 0.08)
#: Series that what is known beforehand is worth, of the season; and of the noise, of which a panel tells as much as so many.
WORTH, WORTH_OF_NOISE, MOST_OF_NOISE = 5.0, 10.0, 10
#: Longer series, and short ones, that are looked at, at most.
SAMPLE = 256

_GRID = np.array([(noise, move, size) for noise in NOISE for move in MOVES for size in SIZES])
_COMMON = np.array([(noise, move, 1.0) for noise in COMMON_NOISE for move in MOVES])


@dataclass(frozen=True)
class Season:
    """What is known of seasons before a history is looked at, by place in the calendar year.

    `mean` is the panel's season, `between` its covariance, `within` that of a series' own beside it; `weights` are those of the
    noises, moves of the level and sizes of the season that are averaged over.
    """

    mean: np.ndarray
    between: np.ndarray
    within: np.ndarray
    weights: np.ndarray


def usual_season(grid: Grid, near: int) -> Season | None:
    """What is known without data, of months and quarters; `near` is an ordinal of the time that is looked at."""
    m = grid.season
    if grid.kind not in "MQ":
        return None
    first, last = grid.bounds(near - near % m + np.arange(m))
    middle = (first + (last - first) // 2).astype("datetime64[M]").astype(int)
    months = middle[:, None] + (np.arange(-1, 2) if grid.kind == "Q" else np.zeros(1, dtype=int))
    centre = np.eye(m) - 1 / m
    shape = centre @ np.array(RETAIL)[months % 12].mean(axis=1)
    kinds = (
        np.outer(shape, shape),
        centre / months.shape[1],
        np.cos(2 * np.pi / m * np.subtract.outer(np.arange(m), np.arange(m))),
    )
    between, within = (
        sum(size**2 * kind for size, kind in zip(sizes, kinds, strict=True))
        for sizes in (
            (SHARE_BETWEEN, MONTH_BETWEEN, WAVE_BETWEEN),
            (SHARE_WITHIN, MONTH_WITHIN, WAVE_WITHIN),
        )
    )
    noise, move, size = _GRID.T
    far = [
        np.log(noise / USUAL_NOISE) / NOISE_SPREAD,
        np.log(move / USUAL_MOVE) / MOVE_SPREAD,
        np.log(size) / SIZE_SPREAD,
    ]
    return Season(
        SHARE * shape, np.asarray(between), np.asarray(within), _shares(-0.5 * np.square(far).sum(axis=0))
    )


def season_of_panel(usual: Season, batch: Batch, last: np.ndarray) -> Season:
    """What is usual, drawn to the seasons of the panel's longer series and to what its short ones show together.

    Parameters
    ----------
    last
        Ordinals of the batch's last column, one a series.
    """
    m = batch.season
    short = np.flatnonzero(_is_short(batch))
    if not len(short):
        return usual
    short = short[np.linspace(0, len(short) - 1, min(len(short), SAMPLE)).astype(int)]
    known = usual
    long = np.flatnonzero(batch.is_positive & (batch.lengths >= YEARS * m))[-SAMPLE:]
    if len(long):
        offsets = seasonal_offsets(batch.logs[long], batch.start[long], m)
        places = (np.arange(m)[None, :] - 1 - last[long, None]) % m
        known = _drawn_to_longer(known, np.take_along_axis(offsets, places, axis=1))
    known = _drawn_to_common(known, batch, last, short)
    found = [_predicted(batch, rows, last, known, 1)[0] for rows in _groups(batch, last, short)]
    likelihood = np.concatenate(found, axis=1)
    told = min(len(short), MOST_OF_NOISE)
    share, weights = told / (WORTH_OF_NOISE + told), usual.weights
    for _ in range(6):
        own = _shares(likelihood + np.log(weights)[:, None]).mean(axis=1)
        weights = (1 - share) * usual.weights + share * own
    return replace(known, weights=weights)


def short_seasons(
    season: Season, batch: Batch, last: np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Seasonal offsets of short histories, and how far their forecasts should miss.

    Returns
    -------
    tuple
        Series × places, the last place being that of the last column; and, of single periods and of totals up to each, standard
        deviations as a share of the forecast, 2 × series × horizon.  NaN for series that are not short, or not positive.
    """
    n, m = len(batch.x), batch.season
    offsets, miss = np.full((n, m), np.nan), np.full((2, n, horizon), np.nan)
    ahead = np.arange(1, horizon + 1)
    for rows in _groups(batch, last, np.flatnonzero(_is_short(batch))):
        likelihood, seasons, forecasts, spread = _predicted(batch, rows, last, season, horizon)
        weight = _shares(likelihood + np.log(season.weights)[:, None])
        found = np.einsum("gn,gnp->np", weight, seasons)
        offsets[rows] = found[:, (last[rows[0]] + 1 + np.arange(m)) % m]
        totals = forecasts.cumsum(axis=2) / ahead, spread.cumsum(axis=1).cumsum(axis=2) / ahead**2
        for i, (made, unsure) in enumerate(((forecasts, spread), totals)):
            mean = np.einsum("gn,gnh->nh", weight, made)
            variance = weight.T @ np.diagonal(unsure, axis1=1, axis2=2)
            miss[i, rows] = np.sqrt(variance + np.einsum("gn,gnh->nh", weight, (made - mean) ** 2))
    return offsets, miss


def _is_short(batch: Batch) -> np.ndarray:
    return batch.is_positive & (batch.lengths > 1) & (batch.lengths < YEARS * batch.season)


def _groups(batch: Batch, last: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    """Rows of one length that end at one place of the year."""
    key = batch.lengths[rows] * batch.season + last[rows] % batch.season
    return [rows[key == one] for one in np.unique(key)]


def _shares(logs: np.ndarray) -> np.ndarray:
    """Weights that add up to one, from their logarithms."""
    weight = np.exp(logs - logs.max(axis=0))
    return weight / weight.sum(axis=0)


def _drawn_to_longer(known: Season, patterns: np.ndarray) -> Season:
    """With the seasons of longer series, series × places: their mean, and how far they lie from it."""
    n, mean = len(patterns), patterns.mean(axis=0)
    within = ((patterns - mean).T @ (patterns - mean) + WORTH * known.within) / (n + WORTH)
    gain = known.between @ np.linalg.pinv(known.between + within / n)
    return replace(
        known,
        mean=known.mean + gain @ (mean - known.mean),
        between=known.between - gain @ known.between,
        within=within,
    )


def _drawn_to_common(known: Season, batch: Batch, last: np.ndarray, rows: np.ndarray) -> Season:
    """With what short series show together: their mean changes, added up."""
    if len(rows) < 2:
        return known
    width = YEARS * batch.season
    change, there = np.diff(batch.logs[rows], axis=1), batch.seen[rows, :-1]
    at = last[rows, None] - np.arange(change.shape[1])[None, ::-1] - last[rows].max() + width - 1
    there &= at >= 0
    count = np.bincount(at[there], minlength=width)
    alone = np.flatnonzero(count < 2)
    first = alone[-1] + 1 if len(alone) else 0
    if first == width:
        return known
    mean = np.bincount(at[there], change[there], width) / np.maximum(count, 1)
    passing = ((change[there] - mean[at[there]]) ** 2).mean() / 2 / count[first:]
    path, n = np.append(0.0, mean[first:].cumsum())[None], count[first:].mean()
    likelihood, seasons, _, _, covariance = _predict(
        path,
        int(last[rows].max() % batch.season),
        known.mean,
        known.between + known.within / n,
        _COMMON,
        1,
        np.append(passing[0], passing),
    )
    weight, seasons = _shares(likelihood)[:, 0], seasons[:, 0]
    found = weight @ seasons
    spread = np.einsum("g,gpq->pq", weight, covariance) + ((seasons - found).T * weight) @ (seasons - found)
    share = (n - 1) / (n - 1 + WORTH)
    return replace(
        known,
        mean=known.mean + share * (found - known.mean),
        between=known.between + share * (spread - known.between),
    )


def _predicted(
    batch: Batch, rows: np.ndarray, last: np.ndarray, season: Season, horizon: int
) -> tuple[np.ndarray, ...]:
    length, place = int(batch.lengths[rows[0]]), int(last[rows[0]] % batch.season)
    covariance = season.between + season.within
    return _predict(
        batch.logs[rows, -length:], place, season.mean, covariance, _GRID, horizon, np.zeros(length)
    )[:4]


def _predict(
    y: np.ndarray,
    place: int,
    mean: np.ndarray,
    covariance: np.ndarray,
    grid: np.ndarray,
    horizon: int,
    passing: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Best linear prediction for each of the grid (noise, move of the level, size of the season).

    Of logarithms, series × periods, that end at `place`; of their first level nothing is known.  `passing` is what variance
    each period has besides.

    Returns
    -------
    tuple
        Logarithms of likelihoods (grid × series), seasons (× places), forecasts (× horizon); covariances of forecasts
        (grid × horizon × horizon) and of seasons (grid × places × places).
    """
    length, m = y.shape[1], len(mean)
    time = np.arange(length + horizon)
    at = (place - length + 1 + time) % m
    noise, move, size = grid.T[:, :, None, None]
    level = move**2 * np.minimum.outer(time, time) + (DRIFT / m) ** 2 * np.outer(time, time)
    whole = level + size**2 * covariance[np.ix_(at, at)] + noise**2 * np.eye(len(time))
    inverse = np.linalg.inv(whole[:, :length, :length] + np.diag(passing))
    edge = inverse.sum(axis=2)
    total = edge.sum(axis=1)[:, None, None]
    without = inverse - edge[:, :, None] * edge[:, None, :] / total  # with the first level taken out
    off = y - mean[at[:length]]
    drawn = off @ without
    likelihood = 0.5 * (np.linalg.slogdet(inverse)[1] - np.log(total[:, 0, 0]))[:, None] - 0.5 * (
        drawn * off
    ).sum(axis=2)
    to_season = size**2 * covariance[:, at[:length]]
    seasons = mean + drawn @ to_season.transpose(0, 2, 1)
    to_ahead = whole[:, length:, :length]
    first = (edge @ off.T)[:, :, None] / total
    forecasts = mean[at[length:]] + first + drawn @ to_ahead.transpose(0, 2, 1)
    unsure = 1 - np.einsum("ght,gt->gh", to_ahead, edge)
    spread = whole[:, length:, length:] - to_ahead @ inverse @ to_ahead.transpose(0, 2, 1)
    spread += unsure[:, :, None] * unsure[:, None, :] / total
    return (
        likelihood,
        seasons,
        forecasts,
        spread,
        size**2 * covariance - to_season @ without @ to_season.transpose(0, 2, 1),
    )
