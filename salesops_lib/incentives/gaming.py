"""Signals that a plan is being played: bunching above edges, sales pulled forward, sales held back.

A signal is a reason to talk, never a proof: a person's days are compared with those of all others
in the same periods, so seasons, holidays and month ends that everybody has cancel out.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Working days before a period's end that sales are pulled into, and after it that they are missing (M5.9).
LAST_DAYS = 3
#: Working days after a period's end in which held-back orders appear: about two weeks.
RELEASE_DAYS = 10
#: Degree of the polynomial through the logarithm of the counts, and width of a bin of attainment.
_DEGREE, _WIDTH = 3, 0.025
#: Rounds of the fit; it doubles its right digits each time.
_ROUNDS = 15
#: Bins on either side of an edge that bunching may have moved people between.
_MOVED = 2


class Bunching(NamedTuple):
    """People just above an edge, against how many a smooth distribution has there."""

    edge: float
    observed: int
    expected: float
    excess: float
    p_value: float


def bunching(attainment: Floats, edge: float) -> Bunching:
    """Are there more people just above `edge` than a smooth distribution has?

    Notes
    -----
    The counterfactual is a Poisson polynomial through the counts of bins of 2.5 points, those around the edge
    left out.  The odds are of as many or more within two bins above the edge, by chance and by the
    error of the counterfactual.  Source: Kleven, Annual Review of Economics 8 (2016).
    """
    known = attainment[np.isfinite(attainment)]
    bins = np.floor(np.round((known - edge) / _WIDTH, 9)).astype(int)
    if len(known) < 30 or bins.min() > -_MOVED - 3 or bins.max() < _MOVED + 3:
        return Bunching(edge, int(((bins >= 0) & (bins < _MOVED)).sum()), math.nan, math.nan, math.nan)
    places = np.arange(bins.min(), bins.max() + 1)
    counts = np.bincount(bins - bins.min(), minlength=len(places)).astype(float)
    around = (places >= -_MOVED) & (places < _MOVED)
    above = (places >= 0) & (places < _MOVED)
    mean, variance = _smooth(places, counts, ~around, above)
    observed = int(counts[above].sum())
    z = (observed - 0.5 - mean) / math.sqrt(mean + variance)
    return Bunching(edge, observed, mean, observed - mean, math.erfc(z / math.sqrt(2)) / 2)


def days_of(sales: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Orders by where their day stands in its period.

    Parameters
    ----------
    sales
        payee, day, n (orders), amount; one row a payee and day.
    calendar
        day, period, is_workday; every day of the periods, in order.

    Returns
    -------
    pd.DataFrame
        payee, period (position from 0), from_start and from_end (working days, from 0), n, amount.  Days off count
        with the working day before them, or with the period's first.
    """
    days = calendar.sort_values("day").reset_index(drop=True)
    n_before = days.groupby("period", sort=False).is_workday.cumsum().sub(1).clip(lower=0)
    n_days = days.groupby("period", sort=False).is_workday.transform("sum")
    days = days.assign(from_start=n_before, from_end=(n_days - 1 - n_before).clip(lower=0))
    days["period"] = pd.factorize(days.period)[0]
    placed = sales.merge(days[["day", "period", "from_start", "from_end"]], on="day")
    where = ["payee", "period", "from_start", "from_end"]
    return placed.groupby(where, as_index=False)[["n", "amount"]].sum()


def pull_forward(days: pd.DataFrame, *, last: int = LAST_DAYS) -> pd.DataFrame:
    """Who sells more in a period's last working days than others, and less right after.

    Returns
    -------
    pd.DataFrame
        One row a payee: `late_share` and `late_share_others`, `early_share` and `early_share_others` of orders,
        `score` (standard deviations from what others do; high is a signal), most suspect first.
    """
    late = _against_others(days, days.from_end < last)
    early = _against_others(days[days.period > 0], days[days.period > 0].from_start < last)
    return _scored(late, early, late_sign=1, early_sign=-1)


def sandbagging(days: pd.DataFrame, reached: pd.DataFrame, *, release: int = RELEASE_DAYS) -> pd.DataFrame:
    """Who stops selling once quota is reached, and sells more than others early in the next period.

    Parameters
    ----------
    reached
        payee, period, from_start: the working day on which the quota of the period was reached, where it was
        (`days_reached`).

    Returns
    -------
    pd.DataFrame
        As `pull_forward`; late is the time from the day after quota was reached to the end.
    """
    follows = reached[["payee", "period"]].assign(period=reached.period + 1)
    early = _against_others(days, days.from_start < release).merge(follows, on=["payee", "period"])
    return _scored(_after(days, reached), early, late_sign=-1, early_sign=1)


def days_reached(days: pd.DataFrame, quota: pd.DataFrame) -> pd.DataFrame:
    """The working day on which each payee's sales reached the quota of a period; none on its last working day.

    `quota` has payee, period, quota.
    """
    ordered = days.sort_values(["payee", "period", "from_start"]).merge(quota, on=["payee", "period"])
    upto = ordered.groupby(["payee", "period"]).amount.cumsum()
    there = ordered[(upto >= ordered.quota) & (ordered.quota > 0) & (ordered.from_end > 0)]
    return there.groupby(["payee", "period"], as_index=False).from_start.min()


def _against_others(days: pd.DataFrame, inside: pd.Series) -> pd.DataFrame:
    """Orders of each payee and period within a window, against the share that all others have there."""
    counted = days.assign(inside=days.n.where(inside, 0))
    own = counted.groupby(["payee", "period"], as_index=False)[["inside", "n"]].sum()
    everyone = own.groupby("period")[["inside", "n"]].transform("sum")
    return _expected(own, everyone - own[["inside", "n"]])


def _after(days: pd.DataFrame, reached: pd.DataFrame) -> pd.DataFrame:
    """The same for each payee's own window: from the day after quota was reached to the period's end."""
    daily = days.groupby(["period", "from_start"], as_index=False).n.sum()
    own = _cut(reached, days, ["payee", "period"])
    everyone = _cut(reached, daily, ["period"])
    return _expected(own, everyone[["inside", "n"]] - own[["inside", "n"]])


def _cut(reached: pd.DataFrame, days: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    paired = reached.merge(days, on=by, suffixes=("_reached", ""))
    paired["inside"] = paired.n.where(paired.from_start > paired.from_start_reached, 0)
    return paired.groupby(["payee", "period"], as_index=False)[["inside", "n"]].sum()


def _expected(own: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    return own.assign(expected=(others.inside / others.n.where(others.n > 0)).fillna(0.0))


def _scored(late: pd.DataFrame, early: pd.DataFrame, *, late_sign: int, early_sign: int) -> pd.DataFrame:
    """Both windows of a payee in one score: standardised surprise, summed over periods."""
    parts = {"late": late, "early": early}
    sums = {}
    for name, part in parts.items():
        about = part.assign(
            mean=part.n * part.expected, variance=part.n * part.expected * (1 - part.expected)
        )
        sums[name] = about.groupby("payee")[["inside", "n", "mean", "variance"]].sum()
    found = sums["late"].add_suffix("_late").join(sums["early"].add_suffix("_early"), how="outer").fillna(0.0)
    surprise = late_sign * (found.inside_late - found.mean_late) + early_sign * (
        found.inside_early - found.mean_early
    )
    variance = found.variance_late + found.variance_early
    frame = pd.DataFrame({
        f"{name}_share{suffix}": found[f"{column}_{name}"] / found[f"n_{name}"].where(found[f"n_{name}"] > 0)
        for name in parts for suffix, column in (("", "inside"), ("_others", "mean"))
    })  # fmt: skip
    frame["score"] = (surprise / np.sqrt(variance.where(variance > 0))).fillna(0.0)
    return frame.sort_values("score", ascending=False).reset_index()


def _smooth(
    places: NDArray[np.int64], counts: Floats, fitted: NDArray[np.bool_], asked: NDArray[np.bool_]
) -> tuple[float, float]:
    """Poisson polynomial through the counts that are fitted: its sum over the places asked, and the error's variance."""
    span = (places - places.mean()) / places.std()
    design = np.column_stack([span**power for power in range(_DEGREE + 1)])
    known, seen = design[fitted], counts[fitted]
    mean = seen + 0.5
    for _ in range(_ROUNDS):  # iteratively reweighted least squares
        worked = np.log(mean) + (seen - mean) / mean
        information = (known * mean[:, None]).T @ known
        slopes = np.linalg.pinv(information) @ (known.T @ (mean * worked))
        mean = np.exp(np.clip(known @ slopes, -20, 20))
    expected = np.exp(np.clip(design[asked] @ slopes, -20, 20))
    gradient = expected @ design[asked]
    return float(expected.sum()), float(gradient @ np.linalg.pinv(information) @ gradient)
