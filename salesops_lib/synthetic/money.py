"""Invoices, receipts and selling expenses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.company import N_DAYS
from salesops_lib.synthetic.draws import Draws

if TYPE_CHECKING:
    import duckdb

VAT = 0.13
#: category of expense → share of a channel's bookings (direct, agents, ecommerce)
_EXPENSE_RATES = {
    "payroll": (0.050, 0.018, 0.022),
    "travel": (0.014, 0.006, 0.001),
    "commission": (0.008, 0.030, 0.004),
    "promotion": (0.004, 0.006, 0.030),
    "platform fee": (0.000, 0.000, 0.045),
}


def make_invoices(con: duckdb.DuckDBPyConnection, draws: Draws) -> None:
    """Table `invoiced`: one invoice a shipped order, up to three days later; 13 % VAT, none on exports."""
    export = company.REGION_NAMES.index("Export")
    con.execute(f"""
        CREATE OR REPLACE TABLE invoiced AS
        WITH whole AS (
            SELECT k, min(customer) AS customer, min(written_customer) AS written_customer,
                   min(region) AS region,
                   CAST(sum(amount_tc) AS BIGINT) AS net_tc, min(shipped_day) AS shipped_day
            FROM lines WHERE status = 0 GROUP BY k
        ), dated AS (
            SELECT w.*, w.shipped_day + {draws.integer("invoiced", "w.k", 4)} AS d, c.credit_days, c.late
            FROM whole AS w JOIN customer_dim AS c ON c.customer = w.customer
        )
        SELECT *, d + credit_days AS due_day,
               CASE WHEN region = {export} THEN 0 ELSE CAST(round(net_tc * {VAT}) AS BIGINT) END AS tax_tc
        FROM dated WHERE d < {N_DAYS}
    """)


def make_receipts(con: duckdb.DuckDBPyConnection, draws: Draws) -> None:
    """Table `received`: cash for invoices, some in two instalments.

    Late payers come 20 to 69 days late; one invoice in a hundred is never paid.
    """
    delay = (
        f"CASE WHEN late THEN 20 + {draws.integer('paid late', 'k', 50)}"
        f" WHEN {draws.uniform('slow', 'k')} < 0.08 THEN 5 + {draws.integer('paid slow', 'k', 26)}"
        f" ELSE {draws.integer('paid', 'k', 12)} - 9 END"
    )
    con.execute(f"""
        CREATE OR REPLACE TABLE received AS
        WITH due AS (
            SELECT *, greatest(d + 1, due_day + {delay}) AS paid_day, net_tc + tax_tc AS total_tc,
                   CASE WHEN {draws.uniform("instalments", "k")} < 0.15 THEN 2 ELSE 1 END AS n_parts
            FROM invoiced WHERE {draws.uniform("never paid", "k")} >= 0.01
        ), parts AS (
            SELECT *, CAST(unnest(range(n_parts)) AS INTEGER) AS part FROM due
        )
        SELECT k * 2 + part AS receipt, k, customer, written_customer, region, paid_day + 25 * part AS d,
               CASE WHEN n_parts = 1 THEN total_tc WHEN part = 0 THEN total_tc * 6 // 10
                    ELSE total_tc - total_tc * 6 // 10 END AS amount_tc
        FROM parts WHERE paid_day + 25 * part < {N_DAYS}
    """)


def expenses(draws: Draws, bookings: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Columns m, channel, category, fen of selling expenses, from fen of bookings [month, channel]."""
    rng = draws.stream("expenses")
    yearly = bookings.reshape(len(company.YEARS), 12, -1).mean(axis=1).repeat(12, axis=0)
    level = 0.6 * yearly + 0.4 * bookings
    names = list(_EXPENSE_RATES)
    amount = level[:, :, None] * np.array([_EXPENSE_RATES[n] for n in names]).T[None]
    amount = np.round(amount * np.exp(rng.normal(0.0, 0.08, amount.shape))).astype(np.int64)
    month, channel, category = (axis.ravel() for axis in np.indices(amount.shape))
    spent = amount.ravel() > 0
    return {
        "m": month[spent].astype(np.int32),
        "channel": np.array(company.CHANNELS, dtype=object)[channel[spent]],
        "category": np.array(names, dtype=object)[category[spent]],
        "amount": amount.ravel()[spent],
    }
