"""Purchases foretold by gradient boosting: learnt from how customers stood on earlier days, and what they bought after them.

It races beside the purchase models.  It knows no law of buying and leaving, so it has to have seen stretches as long as
the one it foretells; where the history holds none, or few customers, there is no such model.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from salesops_lib.segmentation.histories import Floats, histories
from salesops_lib.segmentation.summary import customer_summary, purchase_days

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import ArrayLike

    from salesops_lib.tables.engine import Engine
    from salesops_lib.tables.facts import Facts

#: Earlier days that it learns from at most, half a stretch apart, so that one season does not stand for all.
_MOST_DAYS = 3
#: Customers of those days that it learns from at most, drawn by lot, always the same.
MOST_ROWS = 40_000
#: Customers of those days, and of them buyers and others, that it needs.
LEAST_ROWS, _LEAST_OUTCOMES = 1_000, 100
#: Small trees, slowly added: most of what can be known stands in a few columns.
_TREES = {
    "learning_rate": 0.05,
    "max_iter": 120,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 50,
    "early_stopping": False,
    "random_state": 0,
}
#: Counted back from the last purchase, not from the day of the view: what is known of a customer on the day of that
#: purchase is then the same columns with less silence.
_RECENT = """WITH days AS (
    SELECT DISTINCT customer_id, dated_on FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL AND dated_on <= ?
), latest AS (
    SELECT customer_id, MAX(dated_on) AS last_on FROM days GROUP BY customer_id
)
SELECT d.customer_id, COUNT(CASE WHEN date_diff('day', d.dated_on, l.last_on) < 90 THEN 1 END) AS n_quarter,
       COUNT(CASE WHEN date_diff('day', d.dated_on, l.last_on) < 365 THEN 1 END) AS n_year
FROM days AS d JOIN latest AS l ON l.customer_id = d.customer_id GROUP BY d.customer_id ORDER BY d.customer_id
"""


class Lessons(NamedTuple):
    """What there is to learn from.

    Attributes
    ----------
    seen
        Customers as they stood on earlier days (`standing`), one row a customer and day.
    bought
        Purchases of each in the stretch after its day.
    n
        Rows there were, of which `seen` are drawn.
    """

    seen: pd.DataFrame
    bought: Floats
    n: int


def standing(facts: Facts | Engine, day: date) -> pd.DataFrame:
    """`customer_summary` of a day with `n_quarter` and `n_year`: purchase days in the 90 and 365 days up to the last one."""
    recent = facts.query(_RECENT, [day]).set_index("customer_id")
    return customer_summary(facts, day).join(recent)


def lessons(facts: Facts | Engine, end: date, horizon: int) -> Lessons | None:
    """Customers on days whose `horizon` was over by `end`; None where too few are known.

    Nothing after `end` is looked at.  A day counts that has half a horizon of history before it.
    """
    began = facts.query(
        "SELECT CAST(MIN(dated_on) AS DATE) AS day FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL"
    ).day.iloc[0]
    if pd.isna(began):
        return None
    days = [end - timedelta(days=horizon + horizon * back // 2) for back in range(_MOST_DAYS)]
    days = [day for day in days if (pd.Timestamp(day) - pd.Timestamp(began)).days >= horizon / 2]
    parts = [standing(facts, day) for day in days]
    came = [
        purchase_days(facts, day, day + timedelta(days=horizon)).reindex(part.index).fillna(0)
        for day, part in zip(days, parts, strict=True)
    ]
    n = sum(map(len, parts))
    bought = np.concatenate([one.to_numpy(float) for one in came]) if n else np.empty(0)
    n_buyers = int((bought > 0).sum())
    if n < LEAST_ROWS or min(n_buyers, n - n_buyers) < _LEAST_OUTCOMES:
        return None
    seen, at = pd.concat(parts, ignore_index=True), np.arange(n)
    if n > MOST_ROWS:
        at = np.sort(np.random.default_rng(0).choice(n, MOST_ROWS, replace=False))
    return Lessons(seen.iloc[at], bought[at], n)


class BoostedPurchases(BaseEstimator):
    """Purchases in the stretch ahead, and the chance of one, by gradient boosting (Poisson and logistic loss).

    Parameters
    ----------
    horizon
        Days that it was shown and foretells; other spans are proportional to them.

    Notes
    -----
    Source: Friedman, Annals of Statistics 29 (2001), 1189; scikit-learn's histogram trees, seed 0.

    Examples
    --------
    >>> seen = pd.DataFrame({"frequency": [0, 9] * 200, "recency": [0, 350] * 200, "T": 360, "monetary": [np.nan, 100] * 200,
    ...                      "n_quarter": [1, 3] * 200, "n_year": [1, 10] * 200})
    >>> model = BoostedPurchases(90).fit(seen, np.tile([0.0, 2.0], 200))
    >>> model.expected_purchases(seen.head(2), 90).round(1).tolist()
    [0.0, 2.0]
    """

    def __init__(self, horizon: float = 365) -> None:
        self.horizon = horizon

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Learn from customers as they stood (`standing`) and their purchases `y` in the horizon after."""
        # loaded by whoever learns: it costs half a second
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        shown, bought = _columns(X), np.asarray(y, dtype=float)
        with threadpool_limits(1):  # two threads on a busy machine wait for each other
            self.count_ = HistGradientBoostingRegressor(loss="poisson", **_TREES).fit(shown, bought)
            self.any_ = HistGradientBoostingClassifier(**_TREES).fit(shown, bought > 0)
        return self

    def expected_purchases(self, X: pd.DataFrame, time: ArrayLike) -> Floats:
        """Purchases in the `time` ahead."""
        check_is_fitted(self, "count_")
        with threadpool_limits(1):
            found: Floats = self.count_.predict(_columns(X)) * np.asarray(time, dtype=float) / self.horizon
        return found

    def probability_active(self, X: pd.DataFrame, time: ArrayLike) -> Floats:
        """Chance of at least one purchase in the `time` ahead."""
        check_is_fitted(self, "any_")
        with threadpool_limits(1):
            none = 1 - self.any_.predict_proba(_columns(X))[:, 1]
        found: Floats = 1 - none ** (np.asarray(time, dtype=float) / self.horizon)
        return found


def _columns(X: pd.DataFrame) -> Floats:
    """How often, how long ago, for how long, how much lately, and for how much a day."""
    seen = histories(X)
    silent = seen.T - seen.t
    rate = seen.x / np.maximum(seen.T, 1.0)
    gap = np.divide(seen.t, seen.x, out=np.full_like(seen.t, np.nan), where=seen.x > 0)
    amount = X.monetary.to_numpy(float)
    return np.column_stack(
        [
            seen.x,
            silent,
            seen.T,
            rate,
            silent / gap,
            X.n_quarter.to_numpy(float),
            X.n_year.to_numpy(float),
            amount,
        ]
    )
