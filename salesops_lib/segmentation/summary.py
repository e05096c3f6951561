"""One row a customer: how often it bought again, when last, since when, and for how much a day.

A purchase is a day with orders, not a line or an order: ten lines of one morning are one purchase.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.tables.engine import Engine
    from salesops_lib.tables.facts import Facts

_BY_DAY = " GROUP BY customer_id, dated_on"
_DAYS = f"""WITH days AS (
    SELECT customer_id, dated_on, CAST(SUM(net_amount) AS BIGINT) AS amount FROM sales
    WHERE kind = 'order' AND customer_id IS NOT NULL AND dated_on <= ?{_BY_DAY}
)
"""
_ORDERED = " FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL AND dated_on <= ?"
_SPAN = "SELECT COUNT(*) AS n, MIN(dated_on) AS first_on, MAX(dated_on) AS last_on" + _ORDERED
#: Lines whose days are grouped at once: what a grouping holds is the number of its groups.
_LINES_AT_ONCE = 4_000_000
#: Each part reads all lines once more.
_MOST_PARTS = 8
_SAMPLED_DAYS = 8
_SUMMARY = (
    _DAYS
    + """, whole AS (
    SELECT customer_id, COUNT(*) AS n_days, MIN(dated_on) AS first_on, MAX(dated_on) AS last_on,
           CAST(SUM(amount) AS BIGINT) AS amount
    FROM days GROUP BY customer_id
)
SELECT w.customer_id, n_days - 1 AS frequency, date_diff('day', first_on, last_on) AS recency,
       date_diff('day', first_on, CAST(? AS DATE)) AS "T",
       CASE WHEN n_days > 1 THEN CAST(w.amount - d.amount AS DOUBLE) / (n_days - 1) END AS monetary
FROM whole AS w JOIN days AS d ON d.customer_id = w.customer_id AND d.dated_on = w.first_on
ORDER BY w.customer_id
"""
)


def customer_summary(facts: Facts | Engine, end: date) -> pd.DataFrame:
    """Purchase histories of all customers that ordered up to `end`, one row each, by customer_id.

    Returns
    -------
    pd.DataFrame
        Index `customer_id`; `frequency` counts purchase days after the first, `recency` and `T` are
        days from the first to the last one and to `end`, `monetary` is the mean net amount of a
        repeat purchase day in minor units (missing without one).  Returns, cancelled orders and
        lines without a customer are no purchases.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_lib.tables.engine import DuckDBEngine
    >>> engine = DuckDBEngine()
    >>> engine.execute(
    ...     "CREATE TABLE sales AS SELECT 'order' AS kind, 'a' AS customer_id, DATE '2025-01-01' + CAST(i * 10 AS INTEGER) AS dated_on,"
    ...     " 500 AS net_amount FROM range(3) AS t(i)"
    ... )
    >>> customer_summary(engine, date(2025, 1, 31)).loc["a"].tolist()
    [2.0, 20.0, 30.0, 500.0]
    """
    parts = [
        facts.query(_SUMMARY.replace(_BY_DAY, f"{bounds}{_BY_DAY}"), [end, *values, end]).set_index(
            "customer_id"
        )
        for bounds, values in _parts(facts, end)
    ]
    return parts[0] if len(parts) == 1 else pd.concat(parts)


def _parts(facts: Facts | Engine, end: date) -> list[tuple[str, list[str]]]:
    """Conditions on customer_id that part the customers, in order, each with its bound values.

    Borders are taken from the customers of a few days, so that parts have about as many lines each.
    """
    span = facts.query(_SPAN, [end]).iloc[0]
    n = min(-(-int(span.n) // _LINES_AT_ONCE), _MOST_PARTS)
    if n < 2:
        return [("", [])]
    days = pd.date_range(span.first_on, span.last_on, _SAMPLED_DAYS).normalize().unique()
    marks = ", ".join("?" * len(days))
    seen = facts.query(
        f"SELECT customer_id{_ORDERED} AND dated_on IN ({marks}) ORDER BY customer_id", [end, *days.date]
    ).customer_id
    borders = (
        list(dict.fromkeys(seen.iloc[len(seen) * part // n] for part in range(1, n))) if len(seen) else []
    )
    below = [(" AND customer_id <= ?", [border]) for border in borders[:1]]
    between = [
        (" AND customer_id > ? AND customer_id <= ?", [low, high])
        for low, high in itertools.pairwise(borders)
    ]
    above = [(" AND customer_id > ?", [border]) for border in borders[-1:]]
    return [*below, *between, *above] or [("", [])]


def purchases(facts: Facts | Engine, start: date, end: date) -> pd.DataFrame:
    """Days with orders (`n_days`) and their net amount of each customer after `start` and up to `end`; index `customer_id`."""
    return facts.query(
        _DAYS + "SELECT customer_id, COUNT(*) AS n_days, CAST(SUM(amount) AS BIGINT) AS amount FROM days"
        " WHERE dated_on > ? GROUP BY customer_id ORDER BY customer_id",
        [end, start],
    ).set_index("customer_id")


def purchase_days(facts: Facts | Engine, start: date, end: date) -> pd.Series:
    """Days with orders of each customer after `start` and up to `end`; index `customer_id`."""
    return purchases(facts, start, end).n_days
