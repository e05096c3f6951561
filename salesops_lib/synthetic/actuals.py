"""What was booked, invoiced and paid, in arrays small enough to plan and judge with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.company import CATEGORIES, CHANNELS, N_MONTHS, REGIONS
from salesops_lib.synthetic.organisation import TEAMS

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Actuals:
    """Bookings in fen without cancelled lines, last axis months unless said otherwise.

    `category_region` is [year, category, region]; `orders` counts orders [rep, month];
    `company` holds whole yuan (a count for new customers) by measure.
    """

    team: NDArray[np.int64]
    rep: NDArray[np.int64]
    channel: NDArray[np.int64]
    category_region: NDArray[np.int64]
    orders: NDArray[np.int64]
    company: dict[str, NDArray[np.int64]]


def measure(con: duckdb.DuckDBPyConnection, n_sellers: int) -> Actuals:
    """Actuals from tables `lines`, `invoiced` and `received`."""
    cube = con.execute("""
        SELECT m, team, rep, channel, category, region,
               CAST(sum(amount) AS BIGINT) AS amount, CAST(sum(amount - cost) AS BIGINT) AS margin
        FROM lines WHERE status <> 1 GROUP BY ALL
    """).fetchnumpy()
    amount = cube["amount"]
    category_region = np.zeros((len(company.YEARS), len(CATEGORIES), len(REGIONS)), dtype=np.int64)
    np.add.at(category_region, (cube["m"] // 12, cube["category"], cube["region"]), amount)
    orders = con.execute(
        "SELECT rep, m, count(*) AS n FROM orders WHERE status <> 1 GROUP BY ALL"
    ).fetchnumpy()
    counted = _table(orders["rep"], orders["m"], orders["n"], n_sellers)
    return Actuals(
        team=_table(cube["team"], cube["m"], amount, len(TEAMS)),
        rep=_table(cube["rep"], cube["m"], amount, n_sellers),
        channel=_table(cube["channel"], cube["m"], amount, len(CHANNELS)).T,
        category_region=category_region,
        orders=counted,
        company={
            "gross_margin": _table(np.zeros_like(cube["m"]), cube["m"], cube["margin"], 1)[0] // 100,
            "revenue": _monthly(con, "invoiced", "net_tc"),
            "cash_in": _monthly(con, "received", "amount_tc"),
            "new_customers": _new_customers(con),
        },
    )


def _table(
    row: NDArray[np.int32], month: NDArray[np.int32], value: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    table = np.zeros((n, N_MONTHS), dtype=np.int64)
    np.add.at(table, (row, month), value)
    return table


def _monthly(con: duckdb.DuckDBPyConnection, table: str, amount: str) -> NDArray[np.int64]:
    """Whole yuan a month; dollars at the month's average rate."""
    export = company.REGION_NAMES.index("Export")
    rows = con.execute(f"""
        SELECT o.m, CAST(sum(CASE WHEN t.region = {export}
                                  THEN CAST(round_even(t.{amount} * x.avg, 0) AS BIGINT)
                                  ELSE t.{amount} END) AS BIGINT) // 100
        FROM {table} AS t JOIN order_days AS o ON o.d = t.d JOIN rates AS x ON x.m = o.m GROUP BY o.m
    """).fetchall()
    values = np.zeros(N_MONTHS, dtype=np.int64)
    for month, value in rows:
        values[month] = value
    return values


def _new_customers(con: duckdb.DuckDBPyConnection) -> NDArray[np.int64]:
    """Customers by the month of their first order; twins count as their first id."""
    rows = con.execute(
        "SELECT first, count(*) FROM (SELECT min(m) AS first FROM orders WHERE status <> 1 GROUP BY customer)"
        " GROUP BY first"
    ).fetchall()
    values = np.zeros(N_MONTHS, dtype=np.int64)
    for month, n in rows:
        values[month] = n
    return values


def until_hold(con: duckdb.DuckDBPyConnection, rep: int, holds: dict[str, int]) -> list[int]:
    """Fen booked by `rep` in each quarter, up to the day from which orders wait where they do."""
    rows = con.execute(
        "SELECT m // 3, d, CAST(sum(amount) AS BIGINT) FROM lines WHERE rep = ? AND status <> 1 GROUP BY ALL",
        [rep],
    ).fetchall()
    until = [0] * (N_MONTHS // 3)
    for quarter, day, amount in rows:
        label = f"{company.FIRST_DAY.year + quarter // 4}-Q{quarter % 4 + 1}"
        if day < holds.get(label, company.N_DAYS):
            until[quarter] += amount
    return until
