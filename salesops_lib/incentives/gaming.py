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


def last_days(days: pd.DataFrame, *, last: int = 3) -> pd.DataFrame:
    """How much of each period everybody together sells in its last working days.

    Returns
    -------
    pd.DataFrame
        One row a period: period, n (orders), late (of them in the last days), amount, late_amount, and even: the share
        of the period's working days that the last days are.

    >>> sold = {"period": 0, "from_start": [0, 9], "from_end": [9, 0], "n": [6, 2], "amount": [60, 40]}
    >>> last_days(pd.DataFrame(sold), last=2)[["n", "late", "late_amount", "even"]].values.tolist()
    [[8.0, 2.0, 40.0, 0.2]]
    """
    late = days.from_end < last
    placed = days.assign(
        late=days.n.where(late, 0),
        late_amount=days.amount.where(late, 0),
        length=days.from_start + days.from_end + 1,
    )
    summed = placed.groupby("period")[["n", "late", "amount", "late_amount"]].sum()
    return summed.assign(even=last / placed.groupby("period").length.max()).reset_index()


def pull_forward(days: pd.DataFrame, *, last: int = 3) -> pd.DataFrame:
    """Who sells more in a period's last working days than others, and less right after (M5.9).

    Parameters
    ----------
    last
        Working days before a period's end, and as many after it.

    Returns
    -------
    pd.DataFrame
        One row a payee, most suspect first: orders `late` and `early` (of the next period), each with what was
        `_expected`, and `score`: both surprises together in standard deviations, or the lesser unless both show.

    Notes
    -----
    Expected is the share that all others have in the window, of the payee's own orders of the period.  People differ
    by more than chance; where all of them do, surprises are divided by how much.
    """
    late = _by_share(days, days.from_end < last)
    after = days[days.period > 0]
    return _scored(late, _by_share(after, after.from_start < last), late_sign=1)


def sandbagging(days: pd.DataFrame, reached: pd.DataFrame, *, release: int = 10) -> pd.DataFrame:
    """Who stops selling once quota is reached, and sells more than usual early in the next period.

    Parameters
    ----------
    reached
        payee, period, from_start: the working day on which the quota of the period was reached, where it was
        (`days_reached`).
    release
        Working days of the next period in which held-back orders appear.

    Returns
    -------
    pd.DataFrame
        As `pull_forward`; late is the time from the day after quota was reached to the end.

    Notes
    -----
    Who reaches quota early has sold much by then, so the share of what comes later is low for honest people
    too.  Expected is therefore what all others sell in the window, at the payee's ratio to them in other periods.
    """
    daily = days.groupby(["period", "from_start"], as_index=False).n.sum()
    late = _against(_cut(reached, days, ["payee", "period"]), _cut(reached, daily, ["period"]), days)
    begun = reached[["payee", "period"]].assign(period=reached.period + 1, from_start=release)
    begun = begun.merge(days[["payee", "period"]].drop_duplicates(), on=["payee", "period"])
    early = _against(
        _cut(begun, days, ["payee", "period"], before=True), _cut(begun, daily, ["period"], before=True), days
    )
    return _scored(late, early, late_sign=-1)


def named(scores: pd.DataFrame, odds: float = 0.01) -> pd.DataFrame:
    """Those whose score is high even for the highest of as many people, with the `p_value` that chance alone makes any as high.

    >>> named(pd.DataFrame({"payee": ["a", "b"], "score": [5.0, 2.0]})).payee.tolist()
    ['a']
    """
    chance = scores.score.map(lambda score: math.erfc(score / math.sqrt(2)) / 2)
    found = scores.assign(p_value=(chance * len(scores)).clip(upper=1.0))
    return found[found.p_value < odds]


def days_reached(days: pd.DataFrame, quota: pd.DataFrame) -> pd.DataFrame:
    """The working day on which each payee's sales reached the quota of a period; none on its last working day.

    `quota` has payee, period, quota.
    """
    ordered = days.sort_values(["payee", "period", "from_start"]).merge(quota, on=["payee", "period"])
    upto = ordered.groupby(["payee", "period"]).amount.cumsum()
    there = ordered[(upto >= ordered.quota) & (ordered.quota > 0) & (ordered.from_end > 0)]
    return there.groupby(["payee", "period"], as_index=False).from_start.min()


def _by_share(days: pd.DataFrame, inside: pd.Series) -> pd.DataFrame:
    """Orders of each payee and period within a window, and how many the share of all others makes."""
    counted = days.assign(inside=days.n.where(inside, 0))
    own = counted.groupby(["payee", "period"], as_index=False)[["inside", "n"]].sum()
    others = own.groupby("period")[["inside", "n"]].transform("sum") - own[["inside", "n"]]
    share = (others.inside / others.n.where(others.n > 0)).fillna(0.0)
    return own.assign(expected=own.n * share, variance=own.n * share * (1 - share))


def _cut(edges: pd.DataFrame, days: pd.DataFrame, by: list[str], *, before: bool = False) -> pd.DataFrame:
    """Orders after the working day of each payee and period, or before it."""
    paired = edges.merge(days, on=by, suffixes=("_edge", ""))
    inside = (
        paired.from_start < paired.from_start_edge if before else paired.from_start > paired.from_start_edge
    )
    paired["inside"] = paired.n.where(inside, 0)
    return paired.groupby(["payee", "period"], as_index=False)[["inside", "n"]].sum()


def _against(own: pd.DataFrame, everyone: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """How many orders a payee's ratio to all others, in the other periods of service, makes."""
    served = days.groupby(["payee", "period"], as_index=False).n.sum()
    served["others"] = served.groupby("period").n.transform("sum") - served.n
    sums = served.groupby("payee")[["n", "others"]].transform("sum") - served[["n", "others"]]
    ratio = served[["payee", "period"]].assign(else_n=sums.n, else_others=sums.others)
    found = own.merge(everyone, on=["payee", "period"], suffixes=("", "_all")).merge(
        ratio, on=["payee", "period"]
    )
    found = found[(found.else_n > 0) & (found.else_others > 0)]
    expected = (found.inside_all - found.inside) * found.else_n / found.else_others
    return found.assign(expected=expected, variance=expected + expected**2 / found.else_n)


def _scored(late: pd.DataFrame, early: pd.DataFrame, *, late_sign: int) -> pd.DataFrame:
    """Both surprises of each payee over all periods, in one where both show: late orders one way, early ones the other."""
    columns = ["inside", "expected", "variance"]
    sums = [
        one.groupby("payee")[columns].sum().rename(columns=lambda column, name=name: f"{name}_{column}")
        for name, one in (("late", late), ("early", early))
    ]
    found = sums[0].join(sums[1], how="outer").fillna(0.0)
    surprises = []
    for name, sign in (("late", late_sign), ("early", -late_sign)):
        deviation = np.sqrt(found[f"{name}_variance"].where(found[f"{name}_variance"] > 0))
        z = (sign * (found[f"{name}_inside"] - found[f"{name}_expected"]) / deviation).fillna(0.0)
        surprises.append(z / max(1.0, 1.4826 * float((z - z.median()).abs().median())))
    lesser = np.minimum(*surprises)
    found["score"] = lesser.where(lesser <= 0, sum(surprises) / math.sqrt(2))
    found = found.rename(columns={"late_inside": "late", "early_inside": "early"})
    kept = ["late", "late_expected", "early", "early_expected", "score"]
    return found[kept].sort_values("score", ascending=False).reset_index()


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
