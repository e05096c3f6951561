"""What is wrong with the deals that were loaded: how many, for how much, and what was done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.pipeline.stage_names import LOST, stage_names

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Faults of deals that stay, and what is true of them, in SQL over `deals`; binds the last day where it says so.
_KEPT = {
    "closed_before_created": "closed_on < created_on",
    "won_without_amount": "outcome = 'won' AND COALESCE(amount, 0) = 0",
    "future_created": "created_on > ?",
    "future_closed": "closed_on > ?",
    "closed_undated": "outcome <> 'open' AND closed_on IS NULL",
    "created_undated": "created_on IS NULL",
}
#: Reasons of the audit for deals that were not used as they came.
_AUDITED = "SELECT outcome, reason, CAST(SUM(n_rows) AS BIGINT) AS n, MIN(example) AS example FROM audit_reasons WHERE table_name = 'opportunities' GROUP BY outcome, reason ORDER BY outcome, reason"


def faults(ws: Workspace) -> Exhibit | Missing:
    """Deals with something wrong; one row a fault, with what became of them.

    Deals that stay count in the figures as they are; those set aside at loading, and why, are the audit's.
    """
    if absent := ws.facts.missing("deals.stage"):
        return Missing("pipeline_faults", absent)
    rows = _kept(ws) + _by_stage(ws)
    n_deals = int(ws.facts.query("SELECT COUNT(*) AS n FROM deals").n.item())
    if ws.facts.has("audit_reasons"):
        for row in ws.facts.query(_AUDITED).itertuples():
            rows.append({"fault": row.reason, "n": int(row.n), "amount": float("nan"), "example": row.example, "became": f"deal_{row.outcome}"})
    frame = pd.DataFrame(rows, columns=["fault", "n", "amount", "example", "became"])
    values = {"n": int(frame.n.sum()), "amount": float(frame.amount.sum()), "of": n_deals}
    told = Finding("pipeline_faults.some" if len(frame) else "pipeline_faults.none", values, tone="bad" if len(frame) else "good")
    labelled = frame.assign(
        fault=[Finding("value.label", {"value": f}) for f in frame.fault], became=[Finding("value.label", {"value": b}) for b in frame.became]
    )
    return Exhibit(
        "pipeline_faults", "table", labelled, findings=(told,), sources=("opportunities", "opportunity_changes"),
        units={"fault": "text", "n": "count", "amount": "money", "example": "code", "became": "text"},
    )  # fmt: skip


def _kept(ws: Workspace) -> list[dict[str, object]]:
    found = []
    for fault, test in _KEPT.items():
        row = ws.facts.query(
            f"SELECT COUNT(*) AS n, CAST(SUM(amount) AS DOUBLE) AS amount, MIN(opportunity_id) AS example FROM deals WHERE {test}",
            [ws.as_of] if "?" in test else [],
        ).iloc[0]
        if row.n:
            found.append({"fault": fault, "n": int(row.n), "amount": row.amount, "example": row.example, "became": "deal_flagged"})
    return found


def _by_stage(ws: Workspace) -> list[dict[str, object]]:
    """Stages that the policy does not know, and deals that went back a stage."""
    names = stage_names(ws)
    known = "" if names is None else ", ".join("'" + name.replace("'", "''") + "'" for name in names.places)
    found = []
    unknown = f"stage IS NOT NULL AND stage NOT IN ({known})" if known else "stage IS NOT NULL"
    row = ws.facts.query(
        f"SELECT COUNT(*) AS n, CAST(SUM(amount) AS DOUBLE) AS amount, MIN(opportunity_id) AS example FROM deals WHERE {unknown}"
    ).iloc[0]
    if row.n:
        found.append({"fault": "stage_unknown", "n": int(row.n), "amount": row.amount, "example": row.example, "became": "deal_flagged"})
    if names is not None and ws.facts.has("deal_changes"):
        row = ws.facts.query(
            f"WITH {names.table}, back AS (SELECT DISTINCT c.opportunity_id FROM deal_changes AS c JOIN ranks AS o ON o.stage = c.old_text "
            f"JOIN ranks AS n ON n.stage = c.new_text WHERE c.field = 'stage' AND n.place < o.place AND n.place <> {LOST} AND o.place <> {LOST}) "
            "SELECT COUNT(*) AS n, CAST(SUM(d.amount) AS DOUBLE) AS amount, MIN(b.opportunity_id) AS example "
            "FROM back AS b JOIN deals AS d ON d.opportunity_id = b.opportunity_id"
        ).iloc[0]
        if row.n:
            found.append({"fault": "went_back", "n": int(row.n), "amount": row.amount, "example": row.example, "became": "deal_flagged"})
    return found
