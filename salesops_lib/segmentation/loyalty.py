"""Do customers come back: repurchase rate with its window, and the time between orders (M11.1, M11.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import wilson
from salesops_lib.segmentation.reviews import held_grades

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_GAPS = (
    "WITH days AS (SELECT DISTINCT customer_id, dated_on FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL AND dated_on <= ?),"
    " gaps AS (SELECT customer_id, date_diff('day', LAG(dated_on) OVER (PARTITION BY customer_id ORDER BY dated_on), dated_on) AS gap FROM days)"
    " SELECT customer_id, CAST(quantile_cont(gap, 0.5) AS DOUBLE) AS gap FROM gaps GROUP BY customer_id HAVING COUNT(*) >= ? ORDER BY customer_id"
)


def repurchase(ws: Workspace) -> Exhibit | Missing:
    """Customers with orders on two days or more, of those with any, within the policy's window; all, and by grade."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("repurchase", absent)
    rule = ws.policy.customers.repeat
    end = ws.window.end
    bought = ws.facts.query(
        "SELECT customer_id, COUNT(DISTINCT dated_on) AS n_days FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL"
        " AND dated_on > ? AND dated_on <= ? GROUP BY customer_id ORDER BY customer_id",
        [end - timedelta(days=rule.window_days), end],
    ).set_index("customer_id")
    if bought.empty:
        return Missing("repurchase", ("sales.customer_id",), "note.nothing_in_period")
    again = bought.n_days >= 2
    grade = held_grades(ws).iloc[:, -1].reindex(again.index)
    groups = {"all_customers": again, **{str(name): own for name, own in again.groupby(grade)}}
    shares = [wilson(int(own.sum()), len(own)) for own in groups.values()]
    target = float("nan") if rule.rate_target is None else rule.rate_target
    frame = pd.DataFrame(
        {"label": list(groups), "value": [s.value for s in shares], "low": [s.low for s in shares],
         "high": [s.high for s in shares], "n": [len(own) for own in groups.values()], "base": target}
    )  # fmt: skip
    whole = shares[0]
    told = {"n": len(again), "n_again": int(again.sum()), "rate": whole.value, "low": whole.low, "high": whole.high,
            "days": rule.window_days, "target": target}  # fmt: skip
    is_short = whole.high < target
    return Exhibit(
        "repurchase", "intervals", frame, metric="repurchase_rate",
        findings=(
            Finding("repurchase.short" if is_short else "repurchase.rate", told, "repurchase_rate", "bad" if is_short else "neutral", "rate"),
        ),
        units=dict.fromkeys(("value", "low", "high", "base"), "ratio") | {"n": "count"}, sources=("order_lines",),
        window=ws.calendar.days(end - timedelta(days=rule.window_days - 1), end, True, ws.period),
    )  # fmt: skip


def order_gaps(ws: Workspace) -> Exhibit | Missing:
    """Usual time between order days of customers of each grade: the middle customer, and the middle half of them."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("order_gaps", absent)
    least = ws.policy.customers.quiet_min_orders
    usual = ws.facts.query(_GAPS, [ws.window.end, least]).set_index("customer_id").gap
    if usual.empty:
        return Missing("order_gaps", ("order_lines",), "note.no_rhythm")
    grade = held_grades(ws).iloc[:, -1].reindex(usual.index)
    groups = {"all_customers": usual, **{str(name): own for name, own in usual.groupby(grade)}}
    frame = pd.DataFrame(
        {
            "label": list(groups),
            "value": [own.median() for own in groups.values()],
            "low": [own.quantile(0.25) for own in groups.values()],
            "high": [own.quantile(0.75) for own in groups.values()],
            "n": [len(own) for own in groups.values()],
        }
    )
    told = {
        "days": frame.value.iloc[0],
        "low": frame.low.iloc[0],
        "high": frame.high.iloc[0],
        "n": len(usual),
    }
    return Exhibit(
        "order_gaps", "intervals", frame, findings=(Finding("order_gaps.found", told),), sources=("order_lines",),
        units=dict.fromkeys(("value", "low", "high"), "days") | {"n": "count"},
        notes=(Finding("note.rhythm_needs", {"n": least}),),
    )  # fmt: skip
