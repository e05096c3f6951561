"""From invoice to cash: what is owed, how old it is, who owes it (M24.1–M24.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import collection_rate, days_sales_outstanding, ratio

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.workspace import Workspace

__all__ = ["AGES", "receivables", "top_debtors"]

#: Ages of receivables in days after the due day, first and last, as practice reports them.
AGES = (
    ("not_due", None, 0),
    ("d1_30", 1, 30),
    ("d31_60", 31, 60),
    ("d61_90", 61, 90),
    ("d91_180", 91, 180),
    ("d181_365", 181, 365),
    ("d366", 366, None),
)


def receivables(ws: Workspace) -> Exhibit | Missing:
    """Receivables on the last day of the window by age; one row an age, not due first."""
    if absent := ws.facts.missing("invoices.net_amount", "receipts.amount", "invoices.due_on"):
        return Missing("receivables", absent)
    owed = _owed(ws, ws.window.end)
    late = (pd.Timestamp(ws.window.end) - pd.to_datetime(owed.due_on)).dt.days.fillna(0)
    rows = []
    for step, first, last in AGES:
        mask = (late >= (first if first is not None else -(10**6))) & (
            late <= (last if last is not None else 10**6)
        )
        rows.append({"name": step, "amount": owed.amount[mask].sum(), "n": int(mask.sum())})
    frame = pd.DataFrame(rows).assign(share=lambda f: f.amount / f.amount.sum())
    overdue = owed.amount[late > 0].sum()
    values = {
        "amount": owed.amount.sum(),
        "overdue": overdue,
        "share": ratio(overdue, owed.amount.sum()),
        "at_stake": overdue,
    } | _collected(ws, owed)
    finding = Finding("receivables.overdue", values, "receivables", "bad" if overdue > 0 else "good")
    return Exhibit(
        "receivables", "ranking", frame, metric="receivables", window=ws.window, findings=(finding,), sources=("invoices", "receipts"),
        units={"amount": "money", "n": "count", "share": "ratio"},
    )  # fmt: skip


def top_debtors(ws: Workspace) -> Exhibit | Missing:
    """Customers who owe most on the last day of the window; one row a customer."""
    if absent := ws.facts.missing("invoices.net_amount", "receipts.amount", "invoices.due_on"):
        return Missing("debtors", absent)
    owed = _owed(ws, ws.window.end)
    owed = owed.assign(
        overdue=owed.amount.where(pd.to_datetime(owed.due_on) < pd.Timestamp(ws.window.end), 0)
    )
    grouped = owed.groupby(["customer_id", "name"], dropna=False).agg(
        amount=("amount", "sum"), overdue=("overdue", "sum"), oldest=("due_on", "min")
    )
    frame = (
        grouped.assign(share=grouped.amount / grouped.amount.sum())
        .nlargest(ws.policy.report.top_n, "amount")
        .reset_index()
    )
    values = {"n": len(frame), "share": frame.share.sum(), "overdue": frame.overdue.sum()}
    return Exhibit(
        "debtors", "ranking", frame[["name", "amount", "overdue", "share", "oldest"]], metric="receivables", window=ws.window,
        findings=(Finding("debtors.share", values, "receivables"),), sources=("invoices", "receipts", "customers"),
        units={"amount": "money", "overdue": "money", "share": "ratio", "oldest": "date"},
    )  # fmt: skip


def _owed(ws: Workspace, day: date) -> pd.DataFrame:
    """Open amount of each invoice on `day`, tax included where the invoice states it; one row an invoice."""
    return ws.facts.query(
        "SELECT i.invoice_id, i.customer_id, i.customer_name AS name, i.due_on,"
        " CAST(i.net_amount + COALESCE(i.tax_amount, 0) - COALESCE(r.paid, 0) AS BIGINT) AS amount"
        " FROM billings AS i LEFT JOIN (SELECT invoice_id, SUM(amount) AS paid FROM collections WHERE received_on <= ? GROUP BY invoice_id) AS r"
        " ON r.invoice_id = i.invoice_id WHERE i.invoiced_on <= ? AND i.net_amount + COALESCE(i.tax_amount, 0) > COALESCE(r.paid, 0)",
        [day, day],
    )


def _collected(ws: Workspace, closing: pd.DataFrame) -> dict[str, float]:
    """Collection rate of the window, and days of sales outstanding at its end."""
    opening = _owed(ws, ws.window.start - timedelta(days=1)).amount.sum()
    billed = ws.facts.query(
        "SELECT CAST(SUM(net_amount + COALESCE(tax_amount, 0)) AS DOUBLE) AS billed FROM billings WHERE invoiced_on BETWEEN ? AND ?",
        [ws.window.start, ws.window.end],
    ).billed.iloc[0]
    billed = 0.0 if pd.isna(billed) else float(billed)
    owed = float(closing.amount.sum())
    return {
        "collection_rate": collection_rate(float(opening), billed, owed),
        "dso": days_sales_outstanding(owed, billed, ws.window.n_days),
    }
