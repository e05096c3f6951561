"""Rivals: how often we win against each, and how our prices compare (M8.1–M8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import held_back, wilson

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def win_rates(ws: Workspace, by: str = "competitor") -> Exhibit | Missing:
    """Win rate with its Wilson interval over twelve months; one row a rival (or other dimension of deals).

    Deals without a stated rival are a group of their own and stay out of the overall rate:
    rivals are named late in the process, so those deals are further along.
    """
    if ws.facts.missing(f"deals.{by}"):
        by = next((d for d in ("region", "category", "team", "rep_id") if ws.facts.has(f"deals.{d}")), "")
    if absent := ws.facts.missing(
        "deals.closed_on", *([f"deals.{by}"] if by else ["opportunities.competitor"])
    ):
        return Missing("rivals", absent)
    window, before = ws.trailing(), ws.trailing(years_back=1)
    now, past = _closed(ws, by, window), _closed(ws, by, before)
    if now.empty:
        return Missing("rivals", ("deals.closed_on",), "note.nothing_in_period")
    rows, below = [], ws.policy.report.suppress_below
    for row in now.itertuples():
        low_high = wilson(row.won, row.closed)
        earlier = past[past.label == row.label]
        is_enough = len(earlier) and earlier.closed.iloc[0] >= below
        base = earlier.won.iloc[0] / earlier.closed.iloc[0] if is_enough else None
        rows.append({"label": row.label, "value": low_high.value, "low": low_high.low, "high": low_high.high, "n": row.closed,
                     "base": base, "lost_amount": row.lost_amount})  # fmt: skip
    frame = pd.DataFrame(rows).sort_values("value", ascending=False, ignore_index=True)
    frame["base"] = frame.base.astype(float)
    held = frame.n < below
    held[frame.label != "none"] = held_back(frame.n[frame.label != "none"].tolist(), below)
    frame = frame[~held].reset_index(drop=True)
    named = now[now.label != "none"]
    everyone = wilson(named.won.sum(), named.closed.sum())
    if not frame.lost_amount.any():  # lost deals are kept without an amount
        frame = frame.drop(columns="lost_amount")
    return Exhibit(
        "rivals" if by == "competitor" else "win_rates", "intervals", frame, metric="rival_win_rate" if by == "competitor" else "win_rate", window=window, base=before,
        findings=_told(frame, everyone.value, int(named.closed.sum()), by), sources=("opportunities",),
        units={"n": "count", "lost_amount": "money"},
        notes=_notes(ws, by, int(held.sum())),
    )  # fmt: skip


def _notes(ws: Workspace, by: str, n_held: int) -> tuple[Finding, ...]:
    report = ws.policy.report
    notes = [Finding("note.wilson", {"n": report.wilson_below})]
    if by != "competitor":
        notes.append(Finding("note.no_competitor"))
    if n_held:
        notes.append(Finding("note.suppressed", {"n": n_held, "below": report.suppress_below}))
    return tuple(notes)


def price_index(ws: Workspace) -> Exhibit | Missing:
    """Our net price over the rival's × 100 on matched products, same quarter; one row a rival.

    `value` is the median of matched product–quarter pairs, `low` and `high` their quartiles.
    """
    if absent := ws.facts.missing("competitor_prices.price", "sales.quantity", "sales.product_id"):
        return Missing("price_index", absent)
    window = ws.trailing()
    frame = ws.facts.query(
        "WITH ours AS ("
        "  SELECT product_id, date_trunc('quarter', dated_on) AS quarter, SUM(net_amount) / SUM(CAST(quantity AS DOUBLE)) AS price"
        "  FROM sales WHERE kind = 'order' AND quantity > 0 AND dated_on BETWEEN ? AND ? GROUP BY product_id, date_trunc('quarter', dated_on)"
        "), theirs AS ("
        "  SELECT competitor, product_id, date_trunc('quarter', observed_on) AS quarter, AVG(price) AS price"
        "  FROM competitor_prices WHERE price > 0 AND observed_on BETWEEN ? AND ? GROUP BY competitor, product_id, date_trunc('quarter', observed_on)"
        ") SELECT t.competitor AS label, 100 * quantile_cont(o.price / t.price, 0.5) AS value,"
        "  100 * quantile_cont(o.price / t.price, 0.25) AS low, 100 * quantile_cont(o.price / t.price, 0.75) AS high, COUNT(*) AS n "
        "FROM theirs AS t JOIN ours AS o ON o.product_id = t.product_id AND o.quarter = t.quarter GROUP BY t.competitor ORDER BY value DESC, label",
        [window.start, window.end, window.start, window.end],
    )
    if frame.empty:
        return Missing("price_index", ("competitor_prices.price",))
    dearest = frame.iloc[0]
    values = {
        "label": dearest.label,
        "value": dearest.value,
        "n": int(dearest.n),
        "over": dearest.value / 100 - 1,
    }
    message = "price_index.above" if dearest.value > 100 else "price_index.below"
    return Exhibit(
        "price_index", "intervals", frame.assign(base=100.0), metric="price_index", window=window, findings=(Finding(message, values, "price_index"),),
        sources=("competitor_prices", "order_lines"), units={"n": "count", "base": "index"},
    )  # fmt: skip


def _closed(ws: Workspace, by: str, window: object) -> pd.DataFrame:
    return ws.facts.query(
        f"SELECT COALESCE({by}, 'none') AS label, COUNT(*) FILTER (WHERE outcome = 'won') AS won, COUNT(*) AS closed, "
        "CAST(SUM(amount) FILTER (WHERE outcome = 'lost') AS BIGINT) AS lost_amount "
        f"FROM deals WHERE outcome IN ('won', 'lost') AND closed_on BETWEEN ? AND ? GROUP BY COALESCE({by}, 'none') ORDER BY label",
        [window.start, window.end],  # type: ignore[attr-defined]
    )


def _told(frame: pd.DataFrame, overall: float, n: int, by: str) -> tuple[Finding, ...]:
    """Only what the intervals can carry: the weakest group whose interval lies below the overall rate is named."""
    if frame.empty:
        return ()
    named = frame[frame.label != "none"]
    apart = named[(named.high < overall) | (named.low > overall)]
    found = [Finding("rivals.overall", {"rate": overall, "n": n}, "win_rate", figure="rate")]
    weak = apart[apart.high < overall].sort_values("value")
    if len(weak):
        row = weak.iloc[0]
        values = {
            "label": row.label,
            "rate": row.value,
            "low": row.low,
            "high": row.high,
            "n": int(row.n),
            "overall": overall,
            "at_stake": row.get("lost_amount", 0),
        }
        return (
            Finding("rivals.weak" if by == "competitor" else "win_rate.weak", values, "win_rate", "bad"),
            *found,
        )
    alike = {"n_groups": len(named), "rate": overall, "n": n}
    return (Finding("rivals.alike", alike, "win_rate", figure="rate"),)
