"""Cohorts: of the customers won in a quarter, the share that still buys, quarter after quarter (M11.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_SHOWN, _QUARTERS_A_YEAR = 12, 4


def cohorts(ws: Workspace) -> Exhibit | Missing:
    """Share of each quarter's new customers that ordered in each later quarter; one row a cohort and quarter since.

    The last twelve cohorts; the quarter that is not over is left out.
    """
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("cohorts", absent)
    bought = ws.facts.query(
        "SELECT DISTINCT customer_id, CAST(date_trunc('month', dated_on) AS DATE) AS month FROM sales"
        " WHERE kind = 'order' AND customer_id IS NOT NULL AND dated_on <= ? ORDER BY customer_id, month",
        [ws.trailing().end],
    )
    if bought.empty:
        return Missing("cohorts", ("sales.customer_id",), "note.nothing_in_period")
    quarter = pd.to_datetime(bought.month).dt.to_period("Q")
    last = pd.Period(ws.trailing().end, "Q")
    last = last if last.end_time.date() <= ws.trailing().end else last - 1
    table = pd.DataFrame({"customer": bought.customer_id, "at": quarter.astype("int64")})
    table = table[table["at"] <= last.ordinal].drop_duplicates()
    table["won"] = table.groupby("customer")["at"].transform("min")
    size = table.groupby("won").customer.nunique()
    counted = table.groupby(["won", "at"]).size().rename("n_active").reset_index()
    counted = counted[(counted.won > last.ordinal - _SHOWN) & (counted["at"] > counted.won)].assign(
        n=lambda frame: frame.won.map(size)
    )
    if not (counted["at"] - counted.won == _QUARTERS_A_YEAR).any():
        return Missing("cohorts", ("order_lines",), "note.two_years_needed")
    frame = pd.DataFrame(
        {
            "row": [str(pd.Period(ordinal=won, freq="Q")) for won in counted.won],
            "column": [f"+{since}" for since in counted["at"] - counted.won],
            "value": counted.n_active / counted.n,
            "n": counted.n,
        }
    )
    order = frame.column.str.slice(1).astype(int)
    frame = frame.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    later = frame[frame.column == f"+{_QUARTERS_A_YEAR}"]
    told = {
        "share": (later.value * later.n).sum() / later.n.sum(),
        "n": int(later.n.sum()),
        "n_cohorts": len(later),
    }
    return Exhibit(
        "cohorts", "matrix", frame, findings=(Finding("cohorts.kept", told),), units={"value": "ratio", "n": "count"}, sources=("order_lines",),
        notes=(Finding("note.cohorts"),),
    )  # fmt: skip
