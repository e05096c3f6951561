"""What customers cost to serve, and what service their grade gets (M10.6, M10.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.segmentation.reviews import GRADES, held_grades

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_N_POINTS = 100


def cost_to_serve(ws: Workspace) -> pd.DataFrame:
    """Margin, share of selling expense and what is left of each customer in twelve months; index customer_id.

    Selling expense of a channel is shared by its orders; expense that names no channel by all orders.
    Columns sales, margin (missing where a line has no cost), n_orders, expense, left.
    """
    window = ws.trailing()
    own = ws.facts.query(
        "SELECT customer_id, channel, CAST(SUM(net_amount) AS BIGINT) AS sales,"
        " CASE WHEN COUNT(*) = COUNT(cost_amount) THEN CAST(SUM(net_amount - cost_amount) AS BIGINT) END AS margin,"
        " COUNT(DISTINCT CASE WHEN kind = 'order' THEN order_id END) AS n_orders FROM sales"
        " WHERE kind IN ('order', 'return') AND dated_on BETWEEN ? AND ? GROUP BY customer_id, channel",
        [window.start, window.end],
    )
    last = ws.calendar.period_of(window.end, "month")
    months = [ws.calendar.shift(last, -back).label for back in range(12)]
    spent = ws.facts.query(
        f"SELECT channel, CAST(SUM(amount) AS BIGINT) AS amount FROM expenses WHERE period IN ({', '.join('?' * 12)}) GROUP BY channel",
        months,
    )
    an_order = spent.set_index("channel").amount / own.groupby("channel").n_orders.sum()
    everywhere = spent[~spent.channel.isin(own.channel)].amount.sum() / max(own.n_orders.sum(), 1)
    own = own.assign(expense=own.n_orders * (own.channel.map(an_order).astype(float).fillna(0) + everywhere))
    named = own.dropna(subset=["customer_id"]).groupby("customer_id")
    frame = named.agg(
        sales=("sales", "sum"), margin=("margin", lambda m: m.sum(skipna=False)), n_orders=("n_orders", "sum"), expense=("expense", "sum")
    )  # fmt: skip
    return frame.assign(left=frame.margin - frame.expense)


def whale_curve(ws: Workspace) -> Exhibit | Missing:
    """Cumulative profit after cost to serve by share of customers, the most profitable first."""
    if absent := ws.facts.missing("sales.customer_id", "sales.cost_amount", "expenses.amount"):
        return Missing("whale", absent)
    every = cost_to_serve(ws)
    found = every.dropna(subset=["left"]).sort_index().sort_values("left", ascending=False, kind="stable")
    total = found.left.sum()
    if found.empty or not found.expense.sum():
        return Missing("whale", ("expenses", "sales.cost_amount"), "note.nothing_in_period")
    if total <= 0:
        return Missing("whale", (), "note.no_profit")
    share = found.left.cumsum() / total
    frame = pd.DataFrame(
        {"x": [0.0, *((pd.RangeIndex(len(share)) + 1) / len(share))], "y": [0.0, *share], "label": ""}
    )
    picked = frame.iloc[sorted({round(i * (len(frame) - 1) / _N_POINTS) for i in range(_N_POINTS + 1)})]
    losing = found[found.left < 0]
    told = {"n": len(found), "n_losing": len(losing), "loss": -losing.left.sum(), "peak": share.max(), "profit": total,
            "expense": found.expense.sum(), "sales": losing.sales.sum(), "at_stake": -losing.left.sum()}  # fmt: skip
    unknown = len(every) - len(found)
    return Exhibit(
        "whale", "curve", picked, metric="customer_profit", window=ws.trailing(), sources=("order_lines", "returns", "expenses"),
        findings=(Finding("whale.peak" if len(losing) else "whale.all_pay", told, "customer_profit", "bad" if len(losing) else "neutral"),),
        notes=(Finding("note.cost_to_serve"), *((Finding("note.cost_unknown", {"n": unknown}),) if unknown else ())),
    )  # fmt: skip


def service_given(ws: Workspace) -> Exhibit | Missing:
    """What customers of each grade are given, as far as data say: discount, days to pay, delivery on time; one row a grade."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("service", absent)
    parts = {
        "discount_rate": _discounts(ws),
        "payment_days": _payment_days(ws),
        "on_time_share": _on_time(ws),
    }
    known = {name: part for name, part in parts.items() if part is not None}
    if not known:
        return Missing("service", ("sales.list_amount", "invoices.due_on", "order_lines.requested_on"))
    grade = held_grades(ws).iloc[:, -1]
    frame = pd.DataFrame({"grade": list(GRADES), "n": [int((grade == one).sum()) for one in GRADES]})
    for name, part in known.items():
        own = part.groupby(part.index.map(grade)).sum()
        frame[name] = frame.grade.map(own["part"] / own["whole"].where(own["whole"] > 0))
    promised = {str(one): own.contact_days for one, own in ws.policy.customers.service.items()}
    frame["contact_days"] = frame.grade.map(promised).astype(float)
    return Exhibit(
        "service", "table", frame, metric="service_given", findings=(_service_finding(frame),), window=ws.trailing(),
        units={"grade": "text", "n": "count", "discount_rate": "ratio", "payment_days": "days", "on_time_share": "ratio", "contact_days": "days"},
        sources=("order_lines", "invoices"), notes=(Finding("note.service"), Finding("note.no_service_tables")),
    )  # fmt: skip


def _service_finding(frame: pd.DataFrame) -> Finding:
    """Whether the best customers get the better discount."""
    rates = frame.set_index("grade").get("discount_rate", pd.Series(dtype=float)).dropna()
    if not {"A", "C"} <= set(rates.index):
        return Finding("service.given", {"n": len(frame)}, "service_given")
    told = {"best": rates["A"], "least": rates["C"], "delta": rates["C"] - rates["A"]}
    upside_down = rates["C"] > rates["A"]
    return Finding("service.upside_down" if upside_down else "service.in_order", told, "service_given", "bad" if upside_down else "neutral")  # fmt: skip


def _discounts(ws: Workspace) -> pd.DataFrame | None:
    if ws.facts.missing("sales.list_amount"):
        return None
    return _by_customer(
        ws,
        "CAST(SUM(list_amount - net_amount) AS DOUBLE)",
        "CAST(SUM(list_amount) AS DOUBLE)",
        "list_amount > 0",
    )


def _on_time(ws: Workspace) -> pd.DataFrame | None:
    if ws.facts.missing("sales.requested_on", "sales.shipped_on"):
        return None
    return _by_customer(
        ws, "CAST(COUNT(CASE WHEN shipped_on <= requested_on THEN 1 END) AS DOUBLE)", "CAST(COUNT(*) AS DOUBLE)",
        "requested_on IS NOT NULL AND shipped_on IS NOT NULL",
    )  # fmt: skip


def _by_customer(ws: Workspace, part: str, whole: str, where: str) -> pd.DataFrame:
    window = ws.trailing()
    return ws.facts.query(
        f"SELECT customer_id, {part} AS part, {whole} AS whole FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL"
        f" AND {where} AND dated_on BETWEEN ? AND ? GROUP BY customer_id ORDER BY customer_id",
        [window.start, window.end],
    ).set_index("customer_id")


def _payment_days(ws: Workspace) -> pd.DataFrame | None:
    """Days to pay that invoices grant, weighted by amount."""
    if ws.facts.missing("invoices.due_on", "invoices.customer_id"):
        return None
    window = ws.trailing()
    return ws.facts.query(
        "SELECT customer_id, SUM(CAST(date_diff('day', invoiced_on, due_on) AS DOUBLE) * net_amount) AS part,"
        " CAST(SUM(net_amount) AS DOUBLE) AS whole FROM billings WHERE customer_id IS NOT NULL AND due_on IS NOT NULL"
        " AND net_amount > 0 AND invoiced_on BETWEEN ? AND ? GROUP BY customer_id ORDER BY customer_id",
        [window.start, window.end],
    ).set_index("customer_id")
