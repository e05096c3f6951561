"""What a report asks for: its bad findings, ranked by the money at stake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def actions(ws: Workspace, *exhibits: Exhibit | Missing) -> Exhibit:
    """The largest problems of `exhibits`, each with an owner and a due day; one row an action.

    A finding asks for action when its tone is bad and it names the money `at_stake`.  The
    owner is the manager of the unit concerned, else the policy's default owner; the due day
    is the policy's number of working days after the as-of day.
    """
    rules = ws.policy.report.actions
    due_on = ws.calendar.nth_workday(ws.as_of + pd.Timedelta(days=1), rules.due_workdays)
    owners = _managers(ws)
    rows = []
    for exhibit in exhibits:
        for finding in _findings(exhibit):
            stake = finding.values.get("at_stake")
            if finding.tone != "bad" or stake is None or not stake > 0:
                continue
            owner = owners.get(str(finding.values.get("unit", "")), rules.default_owner)
            what = Finding(f"ask.{finding.id}", finding.values, finding.metric, "bad")
            rows.append({"what": what, "owner": owner, "due_on": due_on, "amount": stake})
    ranked = sorted(rows, key=lambda row: row["amount"], reverse=True)[: rules.at_most]
    frame = pd.DataFrame(ranked, columns=["what", "owner", "due_on", "amount"])
    title = (
        Finding("actions.some", {"n": len(frame), "amount": frame.amount.sum()})
        if len(frame)
        else Finding("actions.none")
    )
    units = {"owner": "text", "due_on": "date", "amount": "money"}
    return Exhibit(
        "actions", "actions", frame, metric="gap", findings=(title,), units=units, window=ws.window
    )


def _findings(exhibit: Exhibit | Missing) -> list[Finding]:
    if isinstance(exhibit, Missing):
        return []
    return [*exhibit.findings, *(finding for part in exhibit.parts for finding in _findings(part))]


def _managers(ws: Workspace) -> dict[str, str]:
    """Unit (region, team or salesperson) → name of the manager it has on the as-of day."""
    frame = ws.facts.query(
        "SELECT o.region, o.team, o.rep_id, COALESCE(m.name, o.manager_id) AS manager FROM org AS o "
        "LEFT JOIN reps AS m ON m.rep_id = o.manager_id "
        "WHERE o.manager_id IS NOT NULL AND COALESCE(o.valid_from, DATE '1900-01-01') <= ? AND COALESCE(o.valid_to, DATE '9999-12-31') >= ?",
        [ws.as_of, ws.as_of],
    )
    found: dict[str, str] = {}
    for level in ("region", "team", "rep_id"):
        named = frame.dropna(subset=[level])
        if not named.empty:
            found |= named.groupby(level).manager.agg(lambda managers: managers.mode().iloc[0]).to_dict()
    return found
