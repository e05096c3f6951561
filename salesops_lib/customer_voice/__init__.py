"""What customers say: recommendation with its interval, and why deals are lost (M9.1, M8.2)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import held_back, net_promoter_score

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace

__all__ = ["loss_reasons", "promoter_score"]


def promoter_score(ws: Workspace, by: str = "region") -> Exhibit | Missing:
    """NPS over twelve months with its 95 % interval, the total first; one row a unit.

    It moved when the change is larger than the joint error of both years.
    """
    if absent := ws.facts.missing("surveys.score", "surveys.instrument"):
        return Missing("nps", absent)
    now, before = _answers(ws, by, ws.trailing()), _answers(ws, by, ws.trailing(years_back=1))
    if now.n.sum() < max(ws.policy.report.suppress_below, 1):
        return Missing("nps", ("surveys.score",))
    below = ws.policy.report.suppress_below
    every, before = before.sum(numeric_only=True), before[before.n >= below]
    rows = [_row("total", now.sum(numeric_only=True), every if every.n >= below else None)]
    rows += [
        _row(unit, now.loc[unit], before.loc[unit] if unit in before.index else None) for unit in now.index
    ]
    held = [False, *held_back([r["n"] for r in rows[1:]], below)]
    enough = [r for r, is_held in zip(rows, held, strict=True) if not is_held]
    frame = pd.DataFrame(enough)
    total = frame.iloc[0]
    values = {
        "score": total.value,
        "low": total.low,
        "high": total.high,
        "n": int(total.n),
        "base": total.base,
    }
    error = math.hypot(total.high - total.value, total.base_error)
    moved = pd.notna(total.base) and abs(total.value - total.base) > error
    message = "nps.moved" if moved else "nps.same" if pd.notna(total.base) else "nps.now"
    tone = "neutral" if not moved else "good" if total.value > total.base else "bad"
    units_below = sum(held)
    notes = (Finding("note.suppressed", {"n": units_below, "below": below}),) if units_below else ()
    return Exhibit(
        "nps", "intervals", frame.drop(columns="base_error"), metric="net_promoter_score", window=ws.trailing(), base=ws.trailing(years_back=1),
        findings=(Finding(message, values, "net_promoter_score", tone),), sources=("surveys",), units={"n": "count"}, notes=notes,
    )  # fmt: skip


def loss_reasons(ws: Workspace) -> Exhibit | Missing:
    """Lost deals of twelve months by stated reason, most money first; one row a reason."""
    if absent := ws.facts.missing("opportunities.loss_reason", "deals.closed_on"):
        return Missing("losses", absent)
    window = ws.trailing()
    frame = ws.facts.query(
        "SELECT COALESCE(loss_reason, 'not_stated') AS name, CAST(SUM(amount) AS BIGINT) AS amount, COUNT(*) AS n FROM deals "
        "WHERE outcome = 'lost' AND closed_on BETWEEN ? AND ? GROUP BY COALESCE(loss_reason, 'not_stated') ORDER BY amount DESC NULLS LAST, name",
        [window.start, window.end],
    )
    if frame.empty:
        return Missing("losses", ("opportunities.loss_reason",))
    frame = frame.assign(share=frame.amount / frame.amount.sum())
    first = frame.iloc[0]
    values = {
        "name": first["name"],
        "share": first.share,
        "n": int(frame.n.sum()),
        "amount": frame.amount.sum(),
    }
    return Exhibit(
        "losses", "ranking", frame[["name", "amount", "share", "n"]], metric="loss_reasons", window=window, sources=("opportunities",),
        findings=(Finding("losses.first", values, "loss_reasons"),), units={"amount": "money", "share": "ratio", "n": "count"},
    )  # fmt: skip


def _answers(ws: Workspace, by: str, window: Window) -> pd.DataFrame:
    found = ws.facts.query(
        f"SELECT COALESCE(c.{by}, 'unknown') AS unit, COUNT(*) FILTER (WHERE s.score >= 9) AS promoters,"
        " COUNT(*) FILTER (WHERE s.score <= 6) AS detractors, COUNT(*) AS n"
        " FROM surveys AS s LEFT JOIN customers AS c ON c.customer_id = s.customer_id"
        f" WHERE lower(s.instrument) = 'nps' AND s.answered_on BETWEEN ? AND ? GROUP BY COALESCE(c.{by}, 'unknown') ORDER BY unit",
        [window.start, window.end],
    )
    return found.set_index("unit")


def _row(unit: str, now: pd.Series, before: pd.Series | None) -> dict[str, Any]:
    score = net_promoter_score(int(now.promoters), int(now.detractors), int(now.n))
    counts = (
        (int(before.promoters), int(before.detractors), int(before.n)) if before is not None else (0, 0, 0)
    )
    earlier = net_promoter_score(*counts)
    return {
        "label": unit,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": int(now.n),
        "base": earlier.value,
        "base_error": earlier.high - earlier.value,
    }
