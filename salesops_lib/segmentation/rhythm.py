"""When the next order is due, of the days between orders so far: a day, and an interval around it.

The logarithm of a gap is taken as normal, each customer with its own middle and spread; both are
drawn towards those of all customers, the more so the fewer gaps are known (empirical Bayes).
Where real gaps lay in what had been foretold of them before (`shape`) bends that law, so that eight
in ten intervals hold.  That a customer is still there is not in question here: its chance to be is the purchase models'.
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

    from numpy.typing import NDArray

    from salesops_lib.tables.engine import Engine
    from salesops_lib.tables.facts import Facts

    Floats = NDArray[np.float64]

_GAPS = """WITH days AS (
    SELECT DISTINCT {keys}, dated_on FROM sales WHERE kind = 'order' AND {known} AND dated_on <= ?{also}
), gaps AS (
    SELECT {keys}, dated_on, LN(date_diff('day', LAG(dated_on) OVER (PARTITION BY {keys} ORDER BY dated_on), dated_on)) AS gap FROM days
)
SELECT {keys}, MAX(dated_on) AS last_on, COUNT(gap) AS n_gaps, AVG(gap) AS mean, VAR_SAMP(gap) AS variance
FROM gaps GROUP BY {keys} HAVING COUNT(gap) >= ? ORDER BY {keys}
"""
#: Each order day with the gaps that were known on it, and the days to the next one, or to the end where none came.
#: At most so many, drawn by lot, always the same.
_LESSONS = """WITH days AS (
    SELECT DISTINCT customer_id, dated_on FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL AND dated_on <= ?
), gaps AS (
    SELECT customer_id, dated_on, LN(date_diff('day', LAG(dated_on) OVER own, dated_on)) AS gap,
           date_diff('day', dated_on, LEAD(dated_on) OVER own) AS ahead
    FROM days WINDOW own AS (PARTITION BY customer_id ORDER BY dated_on)
), known AS (
    SELECT customer_id, dated_on, COUNT(gap) OVER past AS n_gaps, AVG(gap) OVER past AS mean, VAR_SAMP(gap) OVER past AS variance,
           COALESCE(ahead, date_diff('day', dated_on, CAST(? AS DATE))) AS waited, ahead IS NOT NULL AS came
    FROM gaps WINDOW past AS (PARTITION BY customer_id ORDER BY dated_on ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT n_gaps, mean, variance, waited, came FROM known WHERE n_gaps >= ? AND waited > 0
ORDER BY md5(CONCAT(customer_id, CAST(dated_on AS VARCHAR))), customer_id, dated_on LIMIT 50000
"""
#: Numbers of gaps from which customers are looked at apart: the own middle and spread are better known.
_GROUPS = (3, 5, 9)
#: Gaps that came to an end, which a shape of their own needs.
_LEAST_GAPS = 100
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


class Shape(NamedTuple):
    """Share of gaps that lay up to each chance of the law, by number of gaps known: a line from 0 to 1 where the law is right.

    Attributes
    ----------
    curves
        For each of the groups that `_GROUPS` parts: chances of the law and shares, both rising from 0 to 1.
    """

    curves: tuple[tuple[Floats, Floats], ...] = ((np.array([0.0, 1.0]),) * 2,) * (len(_GROUPS) + 1)

    def share(self, chance: Floats, n_gaps: Floats) -> Floats:
        """Share of gaps up to these chances of the law."""
        return self._read(chance, n_gaps, 0, 1)

    def chance(self, share: Floats, n_gaps: Floats) -> Floats:
        """Chances of the law up to which these shares of gaps lay."""
        return self._read(share, n_gaps, 1, 0)

    def _read(self, at: Floats, n_gaps: Floats, start: int, end: int) -> Floats:
        group, found = np.digitize(n_gaps, _GROUPS), np.empty_like(at)
        for number, curve in enumerate(self.curves):
            own = group == number
            found[own] = np.interp(at[own], curve[start], curve[end])
        return found


def shape(facts: Facts | Engine, end: date, *, least: int = 1) -> Shape:
    """Where gaps up to `end` lay in what was foretold of each from the gaps before it; straight where fewer than 100 are known.

    Notes
    -----
    A conformal predictive distribution (Vovk et al., Machine Learning 108 (2019), 445) of the law's chances.  Gaps that have not
    ended are censored (Kaplan and Meier), and who never comes again is no gap: shares are of those that end.
    """
    seen = facts.query(_LESSONS, [end, end, max(least, 2)])
    if int(seen.came.sum()) < _LEAST_GAPS:
        return Shape()
    law = _Law.of(seen, common(gaps(facts, end, least=least)))
    days = seen.waited.to_numpy(float)
    # an order falls on a whole day: the middle of what the law gives that day
    chance = (law.chance(np.maximum(days - 0.5, 0.5)) + law.chance(days + 0.5)) / 2
    came, group = seen.came.to_numpy(bool), np.digitize(seen.n_gaps, _GROUPS)
    pooled = _curve(chance, came)
    own = [group == number for number in range(len(_GROUPS) + 1)]
    return Shape(tuple(_curve(chance[o], came[o]) if came[o].sum() >= _LEAST_GAPS else pooled for o in own))


def _curve(chance: Floats, came: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Chances and the share of gaps up to each; a small part stays the law's, so that the line rises all the way."""
    order, weight = _jumps(chance, came)
    x, share = np.r_[0.0, chance[order], 1.0], np.r_[0.0, np.cumsum(weight) / weight.sum(), 1.0]
    part = 1 / (came.sum() + 1)
    return x, (1 - part) * share + part * x


def _jumps(at: Floats, came: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Floats]:
    """Order of `at`, and the fall of Kaplan and Meier's curve at each: what came stands for what could not be seen to come."""
    order = np.lexsort((~came, at))
    left = 1 - came[order] / (len(at) - np.arange(len(at)))
    stands = np.cumprod(left)
    return order, np.r_[1.0, stands[:-1]] - stands


class _Law(NamedTuple):
    """Middle and scale of the logarithm of each customer's gaps, which has Student's distribution."""

    middle: Floats
    scale: Floats
    freedom: Floats

    @classmethod
    def of(cls, known: pd.DataFrame, shared: Common) -> _Law:
        n, mean = known.n_gaps.to_numpy(float), known["mean"].to_numpy(float)
        freedom = shared.freedom + n - 1
        squares = (n - 1) * known.variance.fillna(0).to_numpy(float)
        variance = (shared.freedom * shared.variance + squares) / freedom
        weight = shared.between / (shared.between + variance / n)
        middle = shared.middle + weight * (mean - shared.middle)
        return cls(middle, np.sqrt(variance * (1 + weight / n)), freedom)

    def chance(self, days: Floats) -> Floats:
        """Chance that a gap is over within these days."""
        with np.errstate(divide="ignore"):
            return np.asarray(student.cdf((np.log(days) - self.middle) / self.scale, self.freedom))

    def days(self, chance: Floats) -> Floats:
        """Days within which a gap is over by that chance."""
        return np.asarray(np.exp(self.middle + self.scale * student.ppf(chance, self.freedom)))


def next_due(
    known: pd.DataFrame,
    end: date,
    *,
    of: Common | None = None,
    by: Shape | None = None,
    level: float = 0.8,
) -> pd.DataFrame:
    """Day of the next order of each row of `gaps`, if the customer is still there.

    Parameters
    ----------
    of
        What all have in common, where `known` holds a part of them alone.
    by
        Where gaps lay before in what was foretold of them; see `shape`.
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
    law, bent, n = _Law.of(known, of or common(known)), by or Shape(), known.n_gaps.to_numpy(float)
    last = pd.to_datetime(known.last_on)
    silent = (pd.Timestamp(end) - last).dt.days.to_numpy(float)
    waited = bent.share(law.chance(silent + 0.5), n)

    def day(share: float, off: float) -> pd.Series:
        ahead = law.days(bent.chance(waited + (1 - waited) * share, n)) + off
        days = np.minimum(np.maximum(np.round(ahead), silent + 1), 36_500)
        return last + pd.to_timedelta(days, unit="D")

    tail, due = (1 - level) / 2, day(0.5, 0.0)
    # a day stands for half of one to either side, so that the interval's own ends lie that much further in
    first, latest = day(tail, 0.5), day(1 - tail, -0.5)
    return known.assign(
        usual_gap=np.exp(law.middle), silent_days=silent.astype(int), due_on=due,
        earliest_on=first.where(first < due, due), latest_on=latest.where(latest > due, due),
    )  # fmt: skip


def came_true(
    facts: Facts | Engine, end: date, ahead: int, *, least: int, level: float = 0.8
) -> pd.DataFrame:
    """What became of the orders foretold `ahead` days before `end`; one row a customer that had ordered within the year before.

    Columns customer_id, came_on (missing where none has come), due_on, earliest_on, latest_on, is_inside, error (days of those that
    came, late is positive) and `weight`: the part of all orders to come, 1 in sum, that this one stands for.  Who had not
    come by `end` may come yet: what came later than he has been silent stands for him too, and orders that happen to have come early
    do not flatter the interval.
    """
    split = end - timedelta(days=ahead)
    known = gaps(facts, split, least=least)
    shared, bent = common(known) if len(known) else None, shape(facts, split, least=least)
    told = next_due(known, split, of=shared, by=bent, level=level)
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
    columns = ["customer_id", "came_on", "due_on", "earliest_on", "latest_on", "is_inside", "error"]
    if shared is None or found.empty:
        return found[columns].assign(weight=0.0)
    law, n = _Law.of(found, shared), found.n_gaps.to_numpy(float)
    waited = bent.share(law.chance(found.silent_days.to_numpy(float) + 0.5), n)
    until = (day.fillna(pd.Timestamp(end)) - pd.to_datetime(found.last_on)).dt.days.to_numpy(float)
    until = until + 0.5 * day.isna().to_numpy()  # the whole of the last day has passed in vain
    passed = (bent.share(law.chance(until), n) - waited) / np.maximum(1 - waited, 1e-12)
    order, weight = _jumps(passed, day.notna().to_numpy())
    found.loc[found.index[order], "weight"] = weight / max(weight.sum(), 1e-12)
    return found[[*columns, "weight"]]


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
