"""Is success within reach of everyone alike: goals, territories, groups."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.metrics.formulas import Interval, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
#: Of the normal distribution, for intervals of 95 %.
_Z = 1.959963984540054
N_RESAMPLES = 2_000


def gini(values: Sequence[float] | Floats) -> float:
    """Inequality of what people have, from 0 (all alike) to 1; missing where they have nothing.

    >>> gini([20, 30, 40, 50, 60])
    0.2
    """
    ranked = np.sort(np.asarray(values, dtype=float))
    n, total = len(ranked), ranked.sum()
    if n == 0 or total <= 0 or ranked[0] < 0:
        return math.nan
    return float(round((2 * np.arange(1, n + 1) - n - 1) @ ranked / (n * total), 12))


def gini_interval(values: Floats, *, seed: int = 0) -> Interval:
    """Gini with its bootstrap interval.

    Notes
    -----
    Resamples are of the sample's size, so each Gini is too small by n/(n−1); that is put right for the interval.
    """
    rng = np.random.default_rng(seed)
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return Interval(gini(values), math.nan, math.nan)
    ranked = np.sort(values[rng.integers(0, len(values), (N_RESAMPLES, len(values)))], axis=1)
    n = len(values)
    found = ranked @ (2 * np.arange(1, n + 1) - n - 1) / (n * ranked.sum(axis=1)) * n / (n - 1)
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(gini(values), float(low), float(high))


def rank_correlation(x: Floats, y: Floats) -> Interval:
    """Spearman's correlation with its interval; missing for fewer than five pairs.

    Notes
    -----
    Fisher's z with the variance (1 + r²/2) / (n − 3).  Source: Bonett and Wright, Psychometrika 65 (2000), 23–28.

    >>> [round(one, 2) for one in rank_correlation(np.arange(20.0), np.arange(20.0) ** 2)]
    [1.0, 1.0, 1.0]
    """
    pairs = pd.DataFrame({"x": x, "y": y}).dropna().rank()
    n = len(pairs)
    if n < 5 or pairs.x.nunique() < 2 or pairs.y.nunique() < 2:
        return Interval(math.nan, math.nan, math.nan)
    r = float(pairs.x.corr(pairs.y))
    z = math.atanh(min(max(r, -0.999999), 0.999999))
    half = _Z * math.sqrt((1 + r * r / 2) / (n - 3))
    return Interval(r, math.tanh(z - half), math.tanh(z + half))


def share_at_goal(attainment: Floats) -> Interval:
    """Share of people at or above quota, with Wilson's interval."""
    known = attainment[np.isfinite(attainment)]
    return wilson(int((known >= 1).sum()), len(known))


def impact_ratio(
    attainment: Floats, group: Sequence[object], *, seed: int = 0
) -> tuple[Interval, float, pd.DataFrame]:
    """Share at goal of the worst group over that of the best (adverse impact, the four-fifths rule).

    Returns
    -------
    tuple
        The ratio with its interval, the odds that chance alone makes one as low, and one row a group
        (`group`, `n`, `at_goal`, `share`).

    Notes
    -----
    Interval by Katz's log method, half a person added to each cell.  The worst and the best of several groups
    differ even when all are alike, so the odds come from groups dealt at random to the same people.
    """
    people = pd.DataFrame({"group": list(group), "at": attainment}).dropna()
    people["at_goal"] = people["at"] >= 1
    groups = people.groupby("group", sort=True).at_goal.agg(n="size", at_goal="sum").reset_index()
    groups["share"] = groups.at_goal / groups.n
    if len(groups) < 2 or groups.at_goal.sum() == 0:
        return Interval(math.nan, math.nan, math.nan), math.nan, groups
    worst, best = groups.loc[groups.share.idxmin()], groups.loc[groups.share.idxmax()]
    ratio = worst.share / best.share
    a, b = worst.at_goal + 0.5, best.at_goal + 0.5
    half = _Z * math.sqrt(1 / a - 1 / (worst.n + 0.5) + 1 / b - 1 / (best.n + 0.5))
    centre = (a / (worst.n + 0.5)) / (b / (best.n + 0.5))
    low, high = centre * math.exp(-half), centre * math.exp(half)
    interval = Interval(
        ratio, min(low, ratio), max(high, ratio)
    )  # the half person moves the ends, not the ratio
    return interval, _by_chance(people, ratio, np.random.default_rng(seed)), groups


def _by_chance(people: pd.DataFrame, ratio: float, rng: np.random.Generator) -> float:
    codes, n_groups = people.group.astype("category").cat.codes.to_numpy(), people.group.nunique()
    sizes = np.bincount(codes, minlength=n_groups)
    at_goal = people.at_goal.to_numpy(dtype=float)
    as_low = 0
    for _ in range(N_RESAMPLES):
        shares = np.bincount(codes, weights=rng.permutation(at_goal), minlength=n_groups) / sizes
        as_low += shares.min() / shares.max() <= ratio + 1e-12
    return (as_low + 1) / (N_RESAMPLES + 1)
