"""Is success within reach of everyone alike: goals, territories, groups, and the policy's limits on them.

A limit holds, or does not, where the whole interval of a measure lies on one side of it; else it
cannot be told.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.metrics import Finding
from salesops_lib.metrics.formulas import Interval, wilson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from salesops_lib.policy.quotas import Fairness

Floats = NDArray[np.float64]
#: Of the normal distribution, for intervals of 95 %.
_Z = 1.959963984540054
N_RESAMPLES = 2_000
UNKNOWN = Interval(math.nan, math.nan, math.nan)
#: What people can be put into groups by.
GROUPINGS = ("region", "team", "tenure", "role")


class Measure(NamedTuple):
    """A measure of fairness with the policy's limits; of groups also their table, and the odds that chance alone makes the gap."""

    gate: str
    found: Interval
    least: float | None = None
    most: float | None = None
    groups: pd.DataFrame | None = None
    odds: float = math.nan


def measures(people: pd.DataFrame, limits: Fairness, fewest: int) -> Iterator[Measure]:
    """Each measure that the policy limits.

    Parameters
    ----------
    people
        One row a person and span of time: attainment, quota, potential (per quota; missing where unknown), and a
        column of each grouping that is known (`GROUPINGS`).
    fewest
        Groups of fewer people are not compared.
    """
    attained = people.attainment.to_numpy(dtype=float)
    yield Measure("at_goal", share_at_goal(attained), *limits.at_goal)
    yield Measure("gini", gini_interval(attained), None, limits.gini_max)
    for gate, other, most in (
        ("size_correlation", people.quota, limits.size_correlation_max),
        ("potential_correlation", people.potential, limits.potential_correlation_max),
    ):
        yield Measure(gate, rank_correlation(attained, other.to_numpy(dtype=float)), -most, most)
    for by in limits.impact_by:
        found, odds, groups = UNKNOWN, math.nan, None
        if by in people:
            sizes = people[by].map(people[by].value_counts())
            found, odds, groups = impact_ratio(attained, list(people[by].where(sizes >= fewest)))
        yield Measure(f"impact_{by}", found, limits.impact_ratio_min, None, groups, odds)


def verdict(found: Interval, least: float | None, most: float | None) -> str:
    """pass or fail where the whole interval lies on one side of the limit, open where it does not; unknown without one.

    >>> [verdict(Interval(0.5, low, 0.6), 0.4, None) for low in (0.4, 0.3, float("nan"))]
    ['pass', 'open', 'unknown']
    >>> verdict(Interval(0.5, 0.4, 0.6), None, 0.3)
    'fail'
    """
    if any(math.isnan(end) for end in found):
        return "unknown"
    low, high = -math.inf if least is None else least, math.inf if most is None else most
    if low <= found.low and found.high <= high:
        return "pass"
    return "fail" if found.high < low or found.low > high else "open"


def lacking(gate: str) -> str:
    """What is missing where a measure cannot be made: a grouping, groups, potential or quotas."""
    if gate.startswith("impact_"):
        return "groups" if gate.removeprefix("impact_") in GROUPINGS else "grouping"
    return "potential" if gate == "potential_correlation" else "quotas"


def unit(gate: str) -> str:
    """ratio for shares and quotients of them, quantity for the other measures."""
    return "ratio" if gate == "at_goal" or gate.startswith("impact_") else "quantity"


def figure(gate: str, found: Interval) -> Finding | None:
    """A measure with its interval, in its unit; None where it is unknown."""
    return None if math.isnan(found.value) else Finding(f"value.interval.{unit(gate)}", found._asdict())


def limit(unit: str, least: float | None, most: float | None) -> Finding:
    """The policy's limits in words."""
    which = "most" if least is None else "least" if most is None else "between"
    return Finding(f"limit.{which}.{unit}", {"low": least, "high": most})


def reason(gate: str, found: Interval, least: float | None, most: float | None) -> Finding | None:
    """Why it cannot be told whether a limit holds; None where it can."""
    match verdict(found, least, most):
        case "open":
            return Finding(
                f"note.gate_open.{unit(gate)}", {"gate": gate, "low": found.low, "high": found.high}
            )
        case "unknown":
            return Finding(f"note.gate_unknown.{lacking(gate)}", {"gate": gate})
    return None


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
        return UNKNOWN
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
        return UNKNOWN, math.nan, groups
    worst, best = groups.loc[groups.share.idxmin()], groups.loc[groups.share.idxmax()]
    ratio = worst.share / best.share
    a, b = worst.at_goal + 0.5, best.at_goal + 0.5
    half = _Z * math.sqrt(1 / a - 1 / (worst.n + 0.5) + 1 / b - 1 / (best.n + 0.5))
    centre = (a / (worst.n + 0.5)) / (b / (best.n + 0.5))
    low, high = centre * math.exp(-half), centre * math.exp(half)
    interval = Interval(
        ratio, min(low, ratio), min(max(high, ratio), 1.0)
    )  # the half person moves the ends, not the ratio; the worst is not above the best
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
