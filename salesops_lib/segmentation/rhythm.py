"""When the next order is due, of the days between orders so far: a day, and an interval around it.

The logarithm of a gap is taken as normal, each customer with its own middle and spread; both are
drawn towards those of all customers, the more so the fewer gaps are known (empirical Bayes).
That a customer is still there is not in question here: its chance to be is the purchase models'.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import digamma, polygamma
from scipy.stats import t as student

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from salesops_lib.tables.engine import Engine
    from salesops_lib.tables.facts import Facts

_GAPS = """WITH days AS (
    SELECT DISTINCT {keys}, dated_on FROM sales WHERE kind = 'order' AND {known} AND dated_on <= ?{also}
), gaps AS (
    SELECT {keys}, dated_on, LN(date_diff('day', LAG(dated_on) OVER (PARTITION BY {keys} ORDER BY dated_on), dated_on)) AS gap FROM days
)
SELECT {keys}, MAX(dated_on) AS last_on, COUNT(gap) AS n_gaps, AVG(gap) AS mean, VAR_SAMP(gap) AS variance
FROM gaps GROUP BY {keys} HAVING COUNT(gap) >= ? ORDER BY {keys}
"""
#: Degrees of freedom beyond which a spread counts as known.
_KNOWN = 1e6
#: Variance of ln gap that whole days leave unseen: that of a gap of one or two days told apart by rounding.
_LEAST_VARIANCE = 0.01
_YEAR = 365


class Common(NamedTuple):
    """What all customers' gaps have in common: middle and spread of the own middles, of the own spreads."""

    middle: float
    between: float
    variance: float
    freedom: float


def gaps(
    facts: Facts | Engine,
    end: date,
    keys: Sequence[str] = ("customer_id",),
    *,
    least: int = 1,
    customers: Sequence[str] = (),
) -> pd.DataFrame:
    """Order days of each of `keys` up to `end`: last_on, n_gaps (at least `least`), mean and variance of ln gap.

    Of `customers` alone where they are named.
    """
    sql = _GAPS.format(
        keys=", ".join(keys), known=" AND ".join(f"{key} IS NOT NULL" for key in keys),
        also=f" AND customer_id IN ({', '.join('?' * len(customers))})" if customers else "",
    )  # fmt: skip
    return facts.query(sql, [end, *customers, least])


def common(known: pd.DataFrame) -> Common:
    """What the gaps of all have in common; see `gaps`.

    Notes
    -----
    Spread of the own spreads by the moments of their logarithms: Smyth, Statistical Applications in
    Genetics and Molecular Biology 3 (2004), section 6.2.
    """
    freedom = known.n_gaps.to_numpy(float) - 1
    several = (freedom > 0) & (known.variance.to_numpy(float) > 0)
    if not several.any():
        return Common(float(known["mean"].mean()), 0.0, 1.0, 1.0)
    d = freedom[several]
    logs = np.log(np.maximum(known.variance.to_numpy(float)[several], _LEAST_VARIANCE)) - digamma(d / 2) + np.log(d / 2)  # fmt: skip
    excess = float(logs.var(ddof=1) - polygamma(1, d / 2).mean()) if several.sum() > 1 else 0.0
    own = 2 * _inverse_trigamma(excess) if excess > 1e-6 else _KNOWN
    variance = float(np.exp(logs.mean() + digamma(own / 2) - np.log(own / 2)))
    noise = variance / known.n_gaps.to_numpy(float)
    between = max(float(known["mean"].var(ddof=1) - noise.mean()), 0.0) if len(known) > 1 else 0.0
    weight = 1 / (between + noise)
    return Common(float(np.average(known["mean"], weights=weight)), between, variance, own)


def next_due(known: pd.DataFrame, end: date, *, of: Common | None = None, level: float = 0.8) -> pd.DataFrame:
    """Day of the next order of each row of `gaps`, if the customer is still there.

    Parameters
    ----------
    of
        What all have in common, where `known` holds a part of them alone.
    level
        Chance that the next order falls within the interval.

    Returns
    -------
    pd.DataFrame
        The columns of `known` with usual_gap (days), silent_days, due_on, earliest_on and latest_on.
        Days that have passed without order are known: who is late is due as late as his rhythm allows.

    Examples
    --------
    >>> from datetime import date
    >>> known = pd.DataFrame({"customer_id": ["a"], "last_on": [pd.Timestamp("2025-01-01")], "n_gaps": [40], "mean": [np.log(30)], "variance": [0.01]})
    >>> next_due(known, date(2025, 1, 11)).due_on.dt.date.tolist()
    [datetime.date(2025, 1, 31)]
    """
    shared = of or common(known)
    n, mean = known.n_gaps.to_numpy(float), known["mean"].to_numpy(float)
    freedom = shared.freedom + n - 1
    squares = (n - 1) * known.variance.fillna(0).to_numpy(float)
    variance = (shared.freedom * shared.variance + squares) / freedom
    weight = shared.between / (shared.between + variance / n)
    middle = shared.middle + weight * (mean - shared.middle)
    scale = np.sqrt(variance * (1 + weight / n))
    last = pd.to_datetime(known.last_on)
    silent = (pd.Timestamp(end) - last).dt.days.to_numpy(float)
    with np.errstate(divide="ignore"):
        waited = student.cdf((np.log(silent) - middle) / scale, freedom)

    def day(share: float) -> pd.Series:
        ahead = np.exp(middle + scale * student.ppf(waited + (1 - waited) * share, freedom))
        days = np.minimum(np.maximum(np.round(ahead), silent + 1), 36_500)
        return last + pd.to_timedelta(days, unit="D")

    tail = (1 - level) / 2
    return known.assign(
        usual_gap=np.exp(middle), silent_days=silent.astype(int), due_on=day(0.5), earliest_on=day(tail), latest_on=day(1 - tail)
    )  # fmt: skip


def came_true(
    facts: Facts | Engine, end: date, ahead: int, *, least: int, level: float = 0.8
) -> pd.DataFrame:
    """What became of the orders foretold `ahead` days before `end`; one row a customer of which it is known.

    Known where the customer has ordered since, or the interval has passed in vain.  Customers that
    had been silent for a year or longer are left out.  Columns customer_id, came_on (missing where
    none came), due_on, earliest_on, latest_on, is_inside, error (days of those that came, late is positive).
    """
    split = end - timedelta(days=ahead)
    told = next_due(gaps(facts, split, least=least), split, level=level)
    came = facts.query(
        "SELECT customer_id, MIN(dated_on) AS came_on FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL"
        " AND dated_on > ? AND dated_on <= ? GROUP BY customer_id ORDER BY customer_id",
        [split, end],
    )
    found = told[told.silent_days < _YEAR].merge(came, on="customer_id", how="left")
    day = pd.to_datetime(found.came_on)
    found = found.assign(
        came_on=day, is_inside=(day >= found.earliest_on) & (day <= found.latest_on), error=(day - found.due_on).dt.days
    )  # fmt: skip
    known = day.notna() | (found.latest_on <= pd.Timestamp(end))
    columns = ["customer_id", "came_on", "due_on", "earliest_on", "latest_on", "is_inside", "error"]
    return found.loc[known, columns].reset_index(drop=True)


def _inverse_trigamma(y: float) -> float:
    """x with trigamma(x) = y.

    >>> round(_inverse_trigamma(float(polygamma(1, 3.0))), 9)
    3.0
    """
    x = 0.5 + 1 / y
    for _ in range(50):
        tri = float(polygamma(1, x))
        step = tri * (1 - tri / y) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-12 * x:
            break
    return x
