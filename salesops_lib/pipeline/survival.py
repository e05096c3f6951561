"""How long things take when some have not come to their end yet: Kaplan-Meier, and winning while others lose.

Both estimators take counts by day, so that a million deals are as quick as a thousand.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics.formulas import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Resamples that the interval of a median beside losses rests on where not said otherwise, and their seed.
_RESAMPLES, _SEED = 300, 20


def kaplan_meier(
    days: pd.Series, events: pd.Series, censored: pd.Series, *, level: float = 0.95
) -> pd.DataFrame:
    """Share still without the event after each day, with its interval.

    Parameters
    ----------
    days
        Days waited, each once, in any order.
    events, censored
        How many had the event after so many days, and how many had waited so long when last seen.

    Returns
    -------
    pd.DataFrame
        One row a day with an event, rising: `days, at_risk, events, survival, std_error, low, high`.

    Notes
    -----
    Kaplan and Meier, JASA 53 (1958), 457-481; standard errors by Greenwood; the interval is that of the
    log of minus the log of survival, so it keeps within 0 and 1 (Kalbfleisch and Prentice).

    Examples
    --------
    >>> counts = pd.DataFrame({"days": [6, 7, 10], "events": [3, 1, 1], "censored": [1, 0, 16]})
    >>> kaplan_meier(counts.days, counts.events, counts.censored).survival.round(3).tolist()
    [0.864, 0.816, 0.768]
    """
    waited, had, left = _sorted(days, events, censored)
    at_risk = _at_risk(had + left)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1 - had / at_risk)
        spread = np.cumsum(had / (at_risk * (at_risk - had)))
        half = NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt(spread) / np.abs(np.log(survival))
        low, high = survival ** np.exp(half), survival ** np.exp(-half)
        error = np.where(survival > 0, survival * np.sqrt(spread), np.nan)
    low, high = np.where(survival <= 0, 0.0, low), np.where(survival <= 0, 0.0, high)
    frame = pd.DataFrame(
        {"days": waited, "at_risk": at_risk, "events": had, "survival": survival, "std_error": error, "low": low, "high": high}
    )  # fmt: skip
    return frame[frame.events > 0].reset_index(drop=True)


def median_wait(curve: pd.DataFrame) -> Interval:
    """First day on which at most half are still without the event, with its interval; missing where never.

    The ends are where the curve's own interval falls to a half (Brookmeyer and Crowley, Biometrics 38 (1982), 29-41).
    """
    return Interval(
        *(_first(curve.days, curve[column] <= 0.5 + 1e-12) for column in ("survival", "low", "high"))
    )


def median_to_win(
    days: pd.Series, won: pd.Series, lost: pd.Series, still_open: pd.Series, *, resamples: int = _RESAMPLES
) -> Interval:
    """Median days to winning of the deals that are won, deals still open counted as far as they have come.

    Parameters
    ----------
    days
        Days from the beginning to the end, or to the last day seen; each once.
    won, lost, still_open
        How many of so many days ended so, or have not ended.
    resamples
        What the interval rests on; without any it is missing.

    Returns
    -------
    Interval
        Days, and the 2.5 % and 97.5 % points of Poisson resamples of the counts; missing where nothing was won.

    Notes
    -----
    The chance F(t) of having won by t while others lose (Aalen and Johansen, Scand. J. Statist. 5 (1978), 141-150)
    is Σ S(u−)·won(u)/at risk(u), S being Kaplan-Meier's of closing either way; the median is where F reaches half
    of what it reaches in all.  Where nothing is lost this is Kaplan-Meier; where nothing is open it is the plain
    median of the deals won.  Leaving lost deals out instead would take every open deal for a coming win.

    Examples
    --------
    >>> zeros = pd.Series([0, 0, 0])
    >>> median_to_win(pd.Series([10, 20, 30]), pd.Series([1, 1, 1]), zeros, zeros).value
    20.0
    """
    waited, wins, losses, others = _sorted(days, won, lost, still_open)
    if not wins.sum():
        return Interval(math.nan, math.nan, math.nan)
    counts = np.stack([wins, losses, others])
    median = float(_median_won(waited, counts[None])[0])
    if not resamples:
        return Interval(median, math.nan, math.nan)
    drawn = np.random.default_rng(_SEED).poisson(counts, (resamples, *counts.shape)).astype(float)
    low, high = np.nanquantile(_median_won(waited, drawn), (0.025, 0.975), method="nearest")
    return Interval(median, float(low), float(high))


def _median_won(waited: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each sample; `counts` are [sample, won / lost / open, day]."""
    won, closed = counts[:, 0], counts[:, 0] + counts[:, 1]
    at_risk = _at_risk(counts.sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(np.where(at_risk > 0, 1 - closed / at_risk, 1.0), axis=1)
        before = np.concatenate([np.ones((len(won), 1)), survival[:, :-1]], axis=1)
        reached = np.cumsum(np.where(at_risk > 0, before * won / at_risk, 0.0), axis=1)
    half = reached >= reached[:, -1:] / 2 - 1e-12
    return np.where(reached[:, -1] > 0, waited[half.argmax(axis=1)], np.nan)


def _at_risk(ended: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many had come to each day: all that end or are last seen on it or later."""
    return np.flip(np.cumsum(np.flip(ended, -1), axis=-1), -1)


def _sorted(days: pd.Series, *counts: pd.Series) -> list[NDArray[np.float64]]:
    columns = [np.asarray(column, dtype=float) for column in (days, *counts)]
    order = np.argsort(columns[0], kind="stable")
    return [column[order] for column in columns]


def _first(days: pd.Series, is_there: pd.Series) -> float:
    return float(days[is_there].iloc[0]) if is_there.any() else math.nan
