"""One row a customer: how often it bought again, when last, since when, and for how much a day.

A purchase is a day with orders, not a line or an order: ten lines of one morning are one purchase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from salesops_lib.tables.engine import Engine
    from salesops_lib.tables.facts import Facts

_DAYS = """WITH days AS (
    SELECT customer_id, dated_on, CAST(SUM(net_amount) AS BIGINT) AS amount FROM sales
    WHERE kind = 'order' AND customer_id IS NOT NULL AND dated_on <= ? GROUP BY customer_id, dated_on
)
"""
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
    return facts.query(_SUMMARY, [end, end]).set_index("customer_id")


def purchases(facts: Facts, start: date, end: date) -> pd.DataFrame:
    """Days with orders (`n_days`) and their net amount of each customer after `start` and up to `end`; index `customer_id`."""
    return facts.query(
        _DAYS + "SELECT customer_id, COUNT(*) AS n_days, CAST(SUM(amount) AS BIGINT) AS amount FROM days"
        " WHERE dated_on > ? GROUP BY customer_id ORDER BY customer_id",
        [end, start],
    ).set_index("customer_id")


def purchase_days(facts: Facts, start: date, end: date) -> pd.Series:
    """Days with orders of each customer after `start` and up to `end`; index `customer_id`."""
    return purchases(facts, start, end).n_days
