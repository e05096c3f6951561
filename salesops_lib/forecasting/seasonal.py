"""A plain forecast that must be beaten: last year's rate a working day, moved by the drift since.

Pure NumPy on monthly rates (amount / working days).  January and February share one rate
where the Spring Festival moves between them (C8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEASON = 12
RECENT = 6
DAMPINGS = (0.0, 0.5, 1.0)


def forecast_rates(rates: np.ndarray, horizon: int, damping: float) -> np.ndarray:
    """Rates of the next `horizon` months.

    Parameters
    ----------
    rates
        Money a working day of past months, oldest first, without gaps.
    damping
        Share of the drift that is carried on: 0 repeats last year, 1 carries it whole.

    Notes
    -----
    With two seasons of history: rate of the same month a year ago × drift ** damping, where
    drift is the ratio of the last six months to the same six a year before.  With one season:
    the rate of that season's month.  With less: the mean of the last three months.

    Examples
    --------
    >>> flat = np.tile(np.arange(1.0, 13.0), 2)
    >>> forecast_rates(flat, 3, 1.0).tolist()
    [1.0, 2.0, 3.0]
    >>> forecast_rates(flat * np.repeat([1.0, 1.1], 12), 1, 1.0).round(3).tolist()
    [1.21]
    """
    if len(rates) < SEASON:
        return np.full(horizon, rates[-3:].mean())
    season = np.resize(rates[-SEASON:], horizon)
    earlier = rates[-SEASON - RECENT : -SEASON]
    if len(rates) < 2 * SEASON or earlier.sum() <= 0:
        return season
    drift = rates[-RECENT:].sum() / earlier.sum()
    return season * drift**damping


@dataclass(frozen=True)
class Backtest:
    """Rolling-origin errors of the damping that did best.

    `ratios` holds actual / forecast, one row an origin and one column a month ahead, missing
    where no actual exists yet; `wape` and `naive_wape` are Σ|error| / Σ|actual|, of this
    forecast and of the plain repetition of last year.
    """

    damping: float
    ratios: np.ndarray
    wape: float
    naive_wape: float

    @property
    def n_origins(self) -> int:
        return len(self.ratios)


def backtest(rates: np.ndarray, horizon: int, folds: int) -> Backtest:
    """Forecast from each of the last `folds` origins with what was known then, and compare.

    An origin needs a season of history; with less history there are fewer origins.
    """
    origins = [o for o in range(len(rates) - folds, len(rates)) if o >= SEASON]
    tested = {damping: _errors(rates, origins, horizon, damping) for damping in DAMPINGS}
    best = min(DAMPINGS, key=lambda damping: tested[damping][1]) if origins else 0.0
    return Backtest(best, tested[best][0], tested[best][1], tested[0.0][1])


def _errors(rates: np.ndarray, origins: list[int], horizon: int, damping: float) -> tuple[np.ndarray, float]:
    ratios = np.full((len(origins), horizon), np.nan)
    missed = total = 0.0
    for row, origin in enumerate(origins):
        forecast = forecast_rates(rates[:origin], horizon, damping)
        actual = rates[origin : origin + horizon]
        forecast = forecast[: len(actual)]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios[row, : len(actual)] = np.where(forecast > 0, actual / forecast, np.nan)
        missed += np.abs(actual - forecast).sum()
        total += np.abs(actual).sum()
    return ratios, missed / total if total else float("nan")
