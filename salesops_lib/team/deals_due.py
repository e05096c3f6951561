"""Deals of one's own that want something done, each with one reason (until the pipeline's own list is there to be asked)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Deals named at most.
AT_MOST = 5
#: A field of a deal at the close of a day (bound twice): the last change up to it, else what the first after it started from.
_THEN = (
    "{name}_until AS (SELECT opportunity_id, new_value AS value, changed_on, ROW_NUMBER() OVER"
    " (PARTITION BY opportunity_id ORDER BY changed_on DESC, new_value) AS place FROM opportunity_changes"
    " WHERE field = '{field}' AND changed_on <= ?), "
    "{name}_after AS (SELECT opportunity_id, old_value AS value, ROW_NUMBER() OVER"
    " (PARTITION BY opportunity_id ORDER BY changed_on, old_value) AS place FROM opportunity_changes"
    " WHERE field = '{field}' AND changed_on > ?)"
)


def open_deals(ws: Workspace) -> pd.DataFrame:
    """Deals open at the end of the period, as they stood then.

    Columns opportunity_id, customer, amount, stage (as its source calls it), entered_on, expected_close_on, n_pushes.
    """
    day = ws.window.end
    found = ws.facts.query(
        f"WITH {_THEN.format(name='stage', field='stage')}, {_THEN.format(name='close', field='expected_close_on')},"
        " pushes AS (SELECT opportunity_id, COUNT(*) AS n FROM opportunity_changes"
        "  WHERE field = 'expected_close_on' AND changed_on <= ? AND new_value > old_value GROUP BY opportunity_id)"
        " SELECT d.opportunity_id, COALESCE(c.name, d.customer_id) AS customer, d.amount, COALESCE(s.value, sa.value, d.stage) AS stage,"
        " COALESCE(s.changed_on, d.created_on) AS entered_on,"
        " COALESCE(e.value, ea.value, CAST(d.expected_close_on AS VARCHAR)) AS expected_close_on, COALESCE(p.n, 0) AS n_pushes"
        " FROM deals AS d LEFT JOIN customers AS c ON c.customer_id = d.customer_id"
        " LEFT JOIN stage_until AS s ON s.opportunity_id = d.opportunity_id AND s.place = 1"
        " LEFT JOIN stage_after AS sa ON sa.opportunity_id = d.opportunity_id AND sa.place = 1"
        " LEFT JOIN close_until AS e ON e.opportunity_id = d.opportunity_id AND e.place = 1"
        " LEFT JOIN close_after AS ea ON ea.opportunity_id = d.opportunity_id AND ea.place = 1"
        " LEFT JOIN pushes AS p ON p.opportunity_id = d.opportunity_id"
        " WHERE d.created_on <= ? AND (d.outcome = 'open' OR d.closed_on > ?) ORDER BY d.opportunity_id",
        [day, day, day, day, day, day, day],
    )
    for column in ("entered_on", "expected_close_on"):
        found[column] = pd.to_datetime(found[column].astype("string").str[:10], errors="coerce")
    return found


def deals_to_act_on(ws: Workspace) -> Exhibit | Missing:
    """At most five open deals with the first of these reasons that holds, the largest amount first: its close date has
    passed, it has none, it is in its stage for longer than the policy allows, or it was put off too often."""
    if absent := ws.facts.missing("deals.stage"):
        return Missing("own_deals", absent)
    deals = open_deals(ws)
    found = [(row, why) for row in deals.itertuples() if (why := _reason(ws, row)) is not None]
    found.sort(key=lambda one: (-_amount(one[0]), one[0].opportunity_id))
    rows = [
        (row.customer, None if pd.isna(row.amount) else int(row.amount), _stage(ws, row.stage), why)
        for row, why in found[:AT_MOST]
    ]
    told = {
        "n": len(found),
        "of": len(deals),
        "amount": sum(_amount(row) for row, _ in found),
        "shown": len(rows),
    }
    which = "some" if len(found) > AT_MOST else "all" if found else "none" if len(deals) else "empty"
    return Exhibit(
        "own_deals", "table", pd.DataFrame(rows, columns=["customer", "amount", "stage", "reason"]), findings=(Finding(f"own_deals.{which}", told),),
        units={"amount": "money", "customer": "text", "stage": "text"}, sources=("opportunities", "opportunity_changes"),
    )  # fmt: skip


def _reason(ws: Workspace, row: Any) -> Finding | None:
    rules, end = ws.policy.process, pd.Timestamp(ws.window.end)
    if (
        pd.notna(row.expected_close_on)
        and row.expected_close_on < end
        and rules.hygiene.past_close_date == "flagged"
    ):
        return Finding("own_deals.past_close", {"day": row.expected_close_on.date()})
    if pd.isna(row.expected_close_on) and "expected_close_on" in rules.hygiene.required:
        return Finding("own_deals.no_date", {})
    stage = rules.stage(str(row.stage))
    age = None if pd.isna(row.entered_on) else (end - row.entered_on).days
    if stage and stage.max_age_days and age is not None and age > stage.max_age_days:
        return Finding("own_deals.stale", {"days": age, "most": stage.max_age_days})
    if row.n_pushes > rules.hygiene.pushes_max:
        return Finding("own_deals.pushed", {"n": int(row.n_pushes)})
    return None


def _amount(row: Any) -> int:
    return 0 if pd.isna(row.amount) else int(row.amount)


def _stage(ws: Workspace, name: Any) -> str | None:
    if not isinstance(name, str):
        return None
    stage = ws.policy.process.stage(name)
    return stage.id if stage else name
