"""Deals that were due and did not close: slip rate, and how often close dates are put off (M3.9)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import UNASSIGNED, Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import wilson
from salesops_lib.pipeline.as_of import NEEDS, OPEN, STANDING, bound, origins

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: What became of deals that were due, in order.
BECAME = ("won", "lost", "deleted", "slipped", "overdue", "away")
_LISTED = 10
#: Close dates put off this often are fiction (COVERAGE S30).
FICTION = 3


def slips(ws: Workspace) -> tuple[Exhibit | Missing, ...]:
    """What became of the deals that were due in the period, and those put off three times and more.

    Two exhibits: `slips`, one row an outcome; `pushed_deals`, one row an open deal.
    """
    if absent := ws.facts.missing(*NEEDS, "deals.expected_close_on"):
        return (Missing("slips", absent),)
    if origins(ws)["expected_close_on"] == "present":
        return (Missing("slips", ("opportunity_changes",), "note.no_pipeline_history"),)
    return _became(ws), _pushed(ws)


def _became(ws: Workspace) -> Exhibit | Missing:
    before, day = ws.window.start - timedelta(days=1), min(ws.window.end, ws.as_of)
    found = ws.facts.query(
        f"WITH before AS ({OPEN}), now AS ({STANDING}) SELECT CASE WHEN n.opportunity_id IS NULL THEN 'away' WHEN n.outcome <> 'open' THEN n.outcome "
        "WHEN n.expected_close_on <= ? THEN 'overdue' ELSE 'slipped' END AS became, COUNT(*) AS n, CAST(COALESCE(SUM(b.amount), 0) AS BIGINT) AS amount "
        "FROM before AS b LEFT JOIN now AS n ON n.opportunity_id = b.opportunity_id WHERE b.expected_close_on BETWEEN ? AND ? GROUP BY became",
        [*bound(before), *bound(day), day, ws.window.start, day],
    ).set_index("became")
    if found.empty:
        return Missing("slips", (), "note.nothing_due")
    frame = found.reindex([b for b in BECAME if b in found.index]).reset_index()
    due = int(frame.n.sum())
    slipped = int(found.n.get("slipped", 0))
    rate = wilson(slipped, due)
    amount = float(found.amount.get("slipped", 0)) / frame.amount.sum() if frame.amount.sum() else float("nan")
    values = {"n": due, "slipped": slipped, "rate": rate.value, "low": rate.low, "high": rate.high, "by_amount": amount,
              "overdue": int(found.n.get("overdue", 0))}  # fmt: skip
    tone = "bad" if rate.low > 1 / 3 else "neutral"
    shown = frame.assign(became=[Finding("value.label", {"value": f"due_{b}"}) for b in frame.became], share=frame.n / due)
    return Exhibit(
        "slips", "table", shown, metric="slip_rate", findings=(Finding("slips.rate", values, "slip_rate", tone),), window=ws.window,
        units={"became": "text", "n": "count", "amount": "money", "share": "ratio"}, sources=("opportunities", "opportunity_changes"),
    )  # fmt: skip


def _pushed(ws: Workspace) -> Exhibit | Missing:
    day = min(ws.window.end, ws.as_of)
    found = ws.facts.query(
        f"WITH book AS ({OPEN}) SELECT opportunity_id AS deal, COALESCE(rep_id, '{UNASSIGNED}') AS owner, n_pushes, expected_close_on, amount FROM book "
        f"WHERE n_pushes >= {FICTION} ORDER BY amount DESC NULLS LAST, opportunity_id",
        bound(day),
    )
    if found.empty:
        return Missing("pushed_deals", (), "note.none_pushed")
    values = {"n": len(found), "amount": float(found.amount.sum()), "least": FICTION, "at_stake": float(found.amount.sum())}
    frame = found.assign(expected_close_on=pd.to_datetime(found.expected_close_on), amount=found.amount.astype(float))
    return Exhibit(
        "pushed_deals", "table", frame, metric="open_pipeline", findings=(Finding("pushed_deals.some", values, "open_pipeline", "bad"),),
        units={"deal": "code", "owner": "text", "n_pushes": "count", "expected_close_on": "date", "amount": "money"}, shown=_LISTED,
        sources=("opportunities", "opportunity_changes"),
    )  # fmt: skip
