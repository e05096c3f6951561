"""Close dates that do not hold: what was due in the period and was moved out of it, and how often (M3.9)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, formulas
from salesops_lib.pipeline.as_of import OPEN, STANDING, bound, missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Deals open and due in the period at its start, and what became of them by its end.
_DUE = f"""
WITH began AS ({OPEN}), ended AS ({STANDING})
SELECT CASE WHEN e.outcome IN ('won', 'lost', 'deleted', 'elsewhere') THEN e.outcome
            WHEN e.expected_close_on > ? THEN 'slipped' ELSE 'overdue' END AS step,
       COUNT(*) AS n, CAST(COALESCE(SUM(b.amount), 0) AS BIGINT) AS amount
FROM began AS b JOIN ended AS e ON e.opportunity_id = b.opportunity_id
WHERE b.is_close_known AND b.expected_close_on BETWEEN ? AND ?
GROUP BY step ORDER BY step
"""
_PUSHED = f"""
WITH standing AS ({OPEN})
SELECT s.opportunity_id AS deal, COALESCE(c.name, d.customer_id) AS customer, COALESCE(r.name, s.rep_id) AS owner, s.n_pushes,
       CAST(s.expected_close_on AS DATE) AS expected_on, s.amount
FROM standing AS s LEFT JOIN deals AS d ON d.opportunity_id = s.opportunity_id
LEFT JOIN customers AS c ON c.customer_id = d.customer_id LEFT JOIN reps AS r ON r.rep_id = s.rep_id
WHERE s.n_pushes > ? ORDER BY s.amount DESC NULLS LAST, s.opportunity_id
"""
_ORDER = ("won", "lost", "slipped", "overdue", "deleted", "elsewhere")
_WORDS = {"won": "won_deals", "lost": "lost_deals"}


def slips(ws: Workspace) -> list[Exhibit | Missing]:
    """What became of the deals due in the period, and the open deals pushed more often than the policy allows.

    The slip rate is deals due in the period at its start and moved out of it, over those due; one
    still open and overdue at the end has not slipped but is shown.  A unit counts what it held.
    """
    if absent := missing(ws):
        return [Missing("slips", absent)]
    start, end = ws.window.start - timedelta(days=1), ws.window.end
    found = ws.facts.query(_DUE, [*bound(start), *bound(end), end, ws.window.start, end])
    pushed = ws.facts.query(_PUSHED, [*bound(end), ws.policy.process.hygiene.pushes_max])
    shown: list[Exhibit | Missing] = []
    if found.empty:
        known = ws.facts.query(
            f"SELECT COUNT(*) AS n FROM ({OPEN}) AS s WHERE s.is_close_known", bound(start)
        )
        why = "note.nothing_due" if int(known.n.iloc[0]) else "note.slips_unknown"
        shown.append(Missing("slips", ("opportunity_changes", "pipeline_snapshots"), why))
    else:
        shown.append(_rate(ws, found))
    if len(pushed):
        shown.append(_list(ws, pushed))
    return shown


def _rate(ws: Workspace, found: pd.DataFrame) -> Exhibit:
    rows = found.set_index("step").reindex([step for step in _ORDER if step in set(found.step)])
    n, slipped = int(rows.n.sum()), int(rows.n.get("slipped", 0))
    rate = formulas.wilson(slipped, n)
    moved = float(rows.amount.get("slipped", 0))
    told = {
        "n": slipped,
        "due": n,
        "rate": rate.value,
        "low": rate.low,
        "high": rate.high,
        "amount": moved,
        "total": float(rows.amount.sum()),
    }
    frame = pd.DataFrame(
        {
            "step": [_WORDS.get(str(step), str(step)) for step in rows.index],
            "n": rows.n.astype(int).to_numpy(),
            "amount": rows.amount.astype(float).to_numpy(),
            "rate": (rows.n / n).astype(float).to_numpy(),
        }
    )
    tone = "bad" if slipped else "good"
    return Exhibit(
        "slips", "table", frame, metric="slip_rate", window=ws.window, sources=("opportunities", "opportunity_changes"),
        findings=(Finding("slips.rate" if slipped else "slips.none", told, "slip_rate", tone, "rate"),),
        units={"step": "text", "n": "count", "amount": "money", "rate": "ratio"},
    )  # fmt: skip


def _list(ws: Workspace, pushed: pd.DataFrame) -> Exhibit:
    told = {
        "n": len(pushed),
        "least": ws.policy.process.hygiene.pushes_max + 1,
        "amount": float(pushed.amount.sum()),
        "most": int(pushed.n_pushes.max()),
    }
    frame = pushed.assign(amount=pushed.amount.astype(float), n_pushes=pushed.n_pushes.astype(int))
    return Exhibit(
        "pushes", "table", frame, metric="push_count", window=ws.window, sources=("opportunities", "opportunity_changes"),
        findings=(Finding("pushes.some", told, "push_count", "bad"),),
        units={"deal": "text", "customer": "text", "owner": "text", "n_pushes": "count", "expected_on": "date", "amount": "money"},
    )  # fmt: skip
