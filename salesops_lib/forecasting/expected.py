"""How far a forecast is expected to miss, by what its history alone shows, before any origin has tested it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from salesops_lib.forecasting.members import SIMPLE, Batch
from salesops_lib.forecasting.smoothing import smooth

#: Share of a change from one period to the next that is surprise; the rest is season.  Used until years can be compared.
SURPRISE = 0.5
#: Years' comparisons, and changes, that this is worth; a change without surprise to speak of, as a share of the level.
BELIEF, CHANGES, USUAL_CHANGE = 1.0, 2.0, 1 / 6
#: Root mean square of changes by that of the surprises behind them: 1 where these stay, √2 where they pass.
CHANGE_OF_SURPRISE = 1.2
#: Variance, in surprises, that each period ahead adds.
GROWTH = 0.1
#: The same for level and slope of a history of one period; it falls with its length.
LEARNT = 2.0
#: Variance, in surprises, of a season seen once; it falls with the whole seasons seen.
SEEN_ONCE = 1.5
#: Standard deviation, as a share of the level, of a season not seen; seasons of changes within a history that it is worth.
UNSEEN, UNSEEN_BELIEF = 0.125, 1 / 8
#: The same for a feast not seen.
UNSEEN_FEAST = 0.4
#: Share of a forecast's distance from its year's mean that is in doubt, of a season seen once: peaks come higher, lower, or a
#: week later.
PEAK = 0.2
#: Season of weeks, whose peaks are feasts: they differ from year to year, so that years do not take the doubt away.
FEASTS_IN = 52


@dataclass(frozen=True)
class Shown:
    """What histories show at several origins: origins × series, the last origin being now.

    `surprise` is the size of one-step surprises as the comparison of years tells (NaN where there is none), `scale` as
    smoothing does once season and calendar are off, `change` that of changes from one period to the next, all in units of the
    series; `level` is the mean of the last season, `swing` the standard deviation about it.  `miss` is what short histories let
    expect as a share of forecasts (NaN for others): of single periods and of totals × origins × series × horizon.
    """

    surprise: np.ndarray
    scale: np.ndarray
    change: np.ndarray
    level: np.ndarray
    swing: np.ndarray
    miss: np.ndarray

    @classmethod
    def of(cls, n_origins: int, n_series: int, horizon: int) -> Shown:
        """Nothing yet."""
        one, two, three, four, five = np.zeros((5, n_origins, n_series))
        return cls(one, two, three, four, five, np.full((2, n_origins, n_series, horizon), np.nan))

    def measured(self, is_short: np.ndarray) -> Shown:
        """What is shown, by the measure of short histories of those that are short now: one measure at all origins."""
        return replace(self, miss=np.where(is_short[:, None], self.miss, np.nan))

    def note(self, origin: int, rows: np.ndarray, batch: Batch, scales: np.ndarray) -> None:
        """What a batch shows at an origin, beside its `scales`."""
        self.scale[origin, rows] = scales
        m, width = batch.season, batch.x.shape[1]
        latest = batch.seen[:, -min(m, width) :]
        values = np.where(latest, batch.x[:, -latest.shape[1] :], 0.0)
        count = latest.sum(axis=1)
        self.level[origin, rows] = level = np.abs(values).sum(axis=1) / count
        apart = np.where(latest, values - values.sum(axis=1, keepdims=True) / count[:, None], 0.0)
        self.swing[origin, rows] = np.sqrt((apart**2).sum(axis=1) / np.maximum(count - 1, 1))
        unit = np.where(batch.is_positive, level, 1.0)
        step = np.where(batch.seen[:, :-1], np.diff(batch.logs, axis=1), 0.0)
        mean_square = (step**2).sum(axis=1) / np.maximum(batch.lengths - 1, 1)
        self.change[origin, rows] = unit * np.sqrt(mean_square) / CHANGE_OF_SURPRISE
        self.surprise[origin, rows] = unit * _of_years(batch)


def _of_years(batch: Batch) -> np.ndarray:
    """One-step surprises of logarithms (values), by smoothing what a year adds to the last: it holds two of them."""
    m = batch.season
    found = np.full(len(batch.x), np.nan)
    long = batch.lengths >= m + 2
    if m > 1 and long.any():
        x, start = batch.logs[long], batch.start[long]
        added = np.where(batch.seen[long, :-m], x[:, m:] - x[:, :-m], 0.0)
        found[long] = smooth(added, start, np.zeros((len(x), 1)), SIMPLE, 1)[1] / np.sqrt(2)
    return found


def expected_miss(
    shown: Shown,
    origin: int,
    lengths: np.ndarray,
    season: int,
    forecasts: np.ndarray,
    feast: np.ndarray,
    *,
    cumulative: bool = False,
) -> np.ndarray:
    """Standard deviation by which forecasts should miss, series × horizon.

    A surprise each period; what the level has moved since, and what a short history leaves unsure of level and slope, both
    growing with the horizon; the season: known from few years or, in less than one, guessed; peaks, in doubt with their height as
    far as few years have shown them.

    Parameters
    ----------
    lengths
        Periods of each series at that origin.
    forecasts
        Series × horizon.
    feast
        Truths, series × horizon: periods of a feast that the history has not seen.
    cumulative
        Of the total up to each period: what moves the level lasts, so that its errors add up; the others even out.
    """
    ahead = np.arange(1, forecasts.shape[1] + 1)[None, :]
    long = np.maximum(lengths, 1)[:, None]
    surprise = _surprise(shown, origin, lengths, season)[:, None]
    years = lengths[:, None] // season
    by_season = (
        np.where(years > 0, SEEN_ONCE / np.maximum(years, 1), 0.0) if season > 1 else np.zeros_like(surprise)
    )
    lasting = surprise**2 * (GROWTH * (ahead - 1) + LEARNT * ahead / long)
    passing = surprise**2 * (1 + by_season) + np.zeros_like(lasting)
    level, swing = shown.level[origin][:, None], shown.swing[origin][:, None]
    if season > 1:
        side = np.where(forecasts.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
        peak = (PEAK * np.nan_to_num(forecasts - side * level)) ** 2
        passing += peak if season == FEASTS_IN else peak / np.maximum(years, 1)
        seen, belief = long - 1.0, UNSEEN_BELIEF * season
        guess = ((UNSEEN * level) ** 2 * belief + swing**2 * seen) / (belief + seen)
        guess = np.where(feast, np.maximum(guess, (UNSEEN_FEAST * level) ** 2), guess)
        passing += np.where(years == 0, guess, 0.0)
    found = np.sqrt(passing + lasting)
    if cumulative:
        found = np.sqrt(np.cumsum(passing, axis=1) + np.cumsum(np.sqrt(lasting), axis=1) ** 2)
        forecasts = forecasts.cumsum(axis=1)
    told = shown.miss[int(cumulative), origin] * np.abs(forecasts)
    told = np.where(years < 2, told, np.sqrt(told * found))
    return np.where(np.isfinite(told), told, found)


def _surprise(shown: Shown, origin: int, lengths: np.ndarray, season: int) -> np.ndarray:
    """Size of a surprise, drawn to a share of the changes, which are drawn to the panel's share of the level.

    The comparison of years is right on average and tells little; what smoothing leaves tells more, but the season was fitted to
    it: the geometric mean of both is taken from two seasons on, the first alone before.
    """
    change, level = shown.change[origin], shown.level[origin]
    n_changes = np.maximum(lengths - 1, 0)
    known = (n_changes > 2) & (level > 0)
    usual = np.median(change[known] / level[known]) if known.any() else USUAL_CHANGE
    drawn = (change**2 * n_changes + (usual * level) ** 2 * CHANGES) / (n_changes + CHANGES)
    if season == 1:
        return np.sqrt(drawn)
    of_years = np.nan_to_num(shown.surprise[origin])
    of_years = np.where(lengths >= 2 * season, np.sqrt(of_years * shown.scale[origin]), of_years)
    n_years = np.where(np.isfinite(shown.surprise[origin]), np.maximum(lengths - season - 1, 0), 0)
    return np.sqrt((of_years**2 * n_years + SURPRISE**2 * drawn * BELIEF) / (n_years + BELIEF))
