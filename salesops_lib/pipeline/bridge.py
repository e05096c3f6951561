"""What moved the pipeline between two days, one reason a deal, to the minor unit (M3.8).

The pipeline of a bridge is the amount of open deals that are due by a day.  A deal that leaves it does so
at its last amount, one that enters at its first, and what its amount changed by stands apart: so the steps
add up, for the company and for every unit.  Nothing is guessed: without a history of deals there is none.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import UNASSIGNED, Exhibit, Finding, Missing
from salesops_lib.pipeline.as_of import NEEDS, STANDING, bound, origins
from salesops_lib.pipeline.coverage import coming

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Steps in drawing order; each deal enters or leaves by the first that holds of it.
ENTERING = ("deal_created", "deal_owner_in", "deal_pulled_in", "deal_reopened")
CHANGING = ("deal_increased", "deal_decreased")
LEAVING = ("deal_deleted", "deal_owner_out", "deal_won", "deal_lost", "deal_pushed_out")
STEPS = (*ENTERING, *CHANGING, *LEAVING)
#: Deals that moved most, as listed.
_MOST = 15
_WEEK = timedelta(days=7)

#: Deals of both days: in the bridge's pipeline then (`in_before`) and now (`in_now`).  Binds both days twice, and the
#: day that they are due by twice.
_BOTH = f"""
before AS ({STANDING}), now AS ({STANDING}), joined AS (
    SELECT COALESCE(b.opportunity_id, n.opportunity_id) AS opportunity_id,
           COALESCE(b.outcome = 'open' AND b.expected_close_on <= ?, FALSE) AS in_before,
           COALESCE(n.outcome = 'open' AND n.expected_close_on <= ?, FALSE) AS in_now,
           b.outcome AS outcome_before, n.outcome AS outcome_now, n.created_on,
           COALESCE(b.amount, 0) AS amount_before, COALESCE(n.amount, 0) AS amount_now, b.opportunity_id IS NULL AS is_new, n.opportunity_id IS NULL AS is_away,
           COALESCE(b.{{unit}}, '{UNASSIGNED}') AS unit_before, COALESCE(n.{{unit}}, '{UNASSIGNED}') AS unit_now
    FROM before AS b FULL JOIN now AS n ON n.opportunity_id = b.opportunity_id
), moved AS (
    SELECT opportunity_id, in_before, in_now, unit_before, unit_now, in_before AND in_now AND unit_before <> unit_now AS is_handed,
           CASE WHEN in_before THEN amount_before ELSE 0 END AS start_amount, CASE WHEN in_now THEN amount_now ELSE 0 END AS end_amount,
           CASE WHEN in_before AND NOT in_now THEN
                    CASE WHEN outcome_now = 'deleted' THEN 'deal_deleted' WHEN is_away THEN 'deal_owner_out' WHEN outcome_now = 'won' THEN 'deal_won'
                         WHEN outcome_now = 'lost' THEN 'deal_lost' ELSE 'deal_pushed_out' END
                WHEN in_now AND NOT in_before THEN
                    CASE WHEN is_new AND (created_on IS NULL OR created_on > ?) THEN 'deal_created' WHEN is_new THEN 'deal_owner_in'
                         WHEN outcome_before = 'open' THEN 'deal_pulled_in' ELSE 'deal_reopened' END END AS step,
           CASE WHEN in_before AND NOT in_now THEN CASE WHEN is_away OR outcome_now = 'deleted' THEN amount_before ELSE amount_now END
                WHEN in_now AND NOT in_before THEN CASE WHEN outcome_before = 'open' THEN amount_before ELSE amount_now END END AS step_amount
    FROM joined WHERE in_before OR in_now
), legs AS (
    SELECT opportunity_id, CASE WHEN in_now THEN unit_now ELSE unit_before END AS unit, step, CASE WHEN in_before THEN -step_amount ELSE step_amount END AS amount
    FROM moved WHERE step IS NOT NULL
    UNION ALL SELECT opportunity_id, unit_before, 'deal_owner_out', -start_amount FROM moved WHERE is_handed
    UNION ALL SELECT opportunity_id, unit_now, 'deal_owner_in', start_amount FROM moved WHERE is_handed
    UNION ALL
    SELECT opportunity_id, unit, CASE WHEN amount > 0 THEN 'deal_increased' ELSE 'deal_decreased' END AS step, amount FROM (
        SELECT opportunity_id, CASE WHEN in_now THEN unit_now ELSE unit_before END AS unit,
               end_amount - start_amount - COALESCE(CASE WHEN in_before THEN -step_amount ELSE step_amount END, 0) AS amount FROM moved
    ) AS changed WHERE amount <> 0
    UNION ALL SELECT opportunity_id, unit_before, 'deal_open_before', start_amount FROM moved WHERE in_before
    UNION ALL SELECT opportunity_id, unit_now, 'deal_open_now', end_amount FROM moved WHERE in_now
)
"""


def bridge(ws: Workspace) -> tuple[Exhibit | Missing, ...]:
    """What moved the pipeline over the period, over the last week, and by region; and the deals that moved it most.

    Without a history of deals, or one that begins after the first day, the bridge is refused with the reason.
    """
    if absent := ws.facts.missing(*NEEDS, "deals.expected_close_on", "deals.amount"):
        return (Missing("pipeline_bridge", absent),)
    day = min(ws.window.end, ws.as_of)
    before = ws.window.start - timedelta(days=1)
    due_by = coming(ws)[-1].end
    if (refused := _refusal(ws, before)) is not None:
        return (refused,)
    whole = moves(ws, before, day, due_by)
    if whole.amount[whole.step.isin(["deal_open_before", "deal_open_now"])].sum() == 0 and not len(whole):
        return (Missing("pipeline_bridge", ("opportunities",), "note.no_open_deals"),)
    shown = [_exhibit(ws, whole, "pipeline_bridge", before, day, due_by)]
    if day - _WEEK > before:
        shown.append(_exhibit(ws, moves(ws, day - _WEEK, day, due_by), "pipeline_week", day - _WEEK, day, due_by))
    return (*shown, _by_unit(ws, before, day, due_by), _movers(ws, before, day, due_by))


def moves(ws: Workspace, before: date, day: date, due_by: date, unit: str = "") -> pd.DataFrame:
    """Amounts that entered, changed and left between the ends of two days.

    Parameters
    ----------
    due_by
        Deals due later, or never, are outside.
    unit
        region or team; the whole where empty, where nobody takes a deal from anybody.

    Returns
    -------
    pd.DataFrame
        One row a unit and step: unit, step (`deal_open_before`, STEPS, `deal_open_now`), n (deals), amount (minor units; what
        leaves is below 0).  `deal_open_before` + Σ steps = `deal_open_now`.
    """
    both = _BOTH.replace("{unit}", unit or "team")
    if not unit:
        both = both.replace("b.team", "NULL").replace("n.team", "NULL")
    return ws.facts.query(
        f"WITH {both} SELECT unit, step, COUNT(*) AS n, CAST(SUM(amount) AS BIGINT) AS amount FROM legs GROUP BY unit, step ORDER BY unit, step",
        [*bound(before), *bound(day), due_by, due_by, before],
    )


def _refusal(ws: Workspace, before: date) -> Missing | None:
    """Why there can be no bridge: nothing tells what deals were on the first day."""
    told = origins(ws)
    if all(origin == "present" for origin in told.values()):
        kept = ws.facts.has("deal_snapshots")
        first = ws.facts.query("SELECT MIN(day) AS day FROM deal_snapshots").day.item() if kept else None
        if first is None or pd.isna(first) or pd.Timestamp(first) > pd.Timestamp(before):
            return Missing("pipeline_bridge", ("opportunity_changes",), "note.no_pipeline_history")
    return None


def _steps(found: pd.DataFrame) -> pd.DataFrame:
    amounts, counts = (found.groupby("step")[c].sum() for c in ("amount", "n"))
    order = ["deal_open_before", *[s for s in STEPS if s in amounts.index], "deal_open_now"]
    role = ["start", *["effect"] * (len(order) - 2), "end"]
    values = [int(amounts.get(step, 0)) for step in order]
    assert values[-1] == sum(values[:-1]), "a bridge that does not close"
    return pd.DataFrame({"step": order, "amount": values, "role": role, "n": [int(counts.get(s, 0)) for s in order]})


def _exhibit(ws: Workspace, found: pd.DataFrame, name: str, before: date, day: date, due_by: date) -> Exhibit:
    frame = _steps(found)
    amounts = frame.set_index("step").amount
    effects = frame[frame.role == "effect"]
    values = {
        "before": amounts["deal_open_before"], "now": amounts["deal_open_now"], "change": amounts["deal_open_now"] - amounts["deal_open_before"],
        "from": before, "to": day, "due_by": due_by,
    }  # fmt: skip
    told = [Finding("pipeline_bridge.moved" if len(effects) else "pipeline_bridge.still", values, "open_pipeline")]
    if len(effects):
        ranked = effects.reindex(effects.amount.abs().sort_values(ascending=False, kind="stable").index)
        top = ranked.iloc[0]
        told.append(Finding("pipeline_bridge.most", {"step": top.step, "amount": top.amount, "n": top.n}, "open_pipeline"))
    return Exhibit(
        name, "bridge", frame, metric="open_pipeline", findings=tuple(told), units={"n": "count"},
        sources=("opportunities", "opportunity_changes"), notes=_notes(ws),
    )  # fmt: skip


def _notes(ws: Workspace) -> tuple[Finding, ...]:
    told = origins(ws)
    unknown = [field for field in ("amount", "expected_close_on", "rep_id") if told[field] == "present"]
    notes = [Finding("note.pipeline_bridge")]
    if unknown:
        notes.append(Finding("note.bridge_unknown", {"fields": unknown}))
    return tuple(notes)


def _by_unit(ws: Workspace, before: date, day: date, due_by: date) -> Exhibit | Missing:
    """The same by region, one row each; owners' moves between them show here."""
    found = moves(ws, before, day, due_by, unit="region")
    if found.unit.nunique() < 2:
        return Missing("pipeline_bridge_units", (), "note.one_unit")
    wide = found.pivot(index="unit", columns="step", values="amount").reindex(columns=["deal_open_before", *STEPS, "deal_open_now"])
    wide = wide.fillna(0).astype("int64")
    assert (wide.iloc[:, :-1].sum(axis=1) == wide.deal_open_now).all(), "a bridge that does not close"
    used = [c for c in wide if c in ("deal_open_before", "deal_open_now") or wide[c].any()]
    frame = wide[used].sort_values("deal_open_now", ascending=False, kind="stable").reset_index()
    change = wide.deal_open_now - wide.deal_open_before
    top = change.abs().idxmax()
    told = Finding("pipeline_bridge.unit", {"unit": top, "change": change[top]}, "open_pipeline")
    return Exhibit(
        "pipeline_bridge_units", "table", frame, metric="open_pipeline", findings=(told,), units=dict.fromkeys(used, "money") | {"unit": "text"},
        sources=("opportunities", "opportunity_changes"),
    )  # fmt: skip


def _movers(ws: Workspace, before: date, day: date, due_by: date) -> Exhibit | Missing:
    """The deals that moved the pipeline most, largest first."""
    both = _BOTH.replace("b.{unit}", "NULL").replace("n.{unit}", "NULL")
    found = ws.facts.query(
        f"WITH {both} SELECT l.opportunity_id AS deal, COALESCE(d.rep_id, '{UNASSIGNED}') AS owner, l.step, CAST(l.amount AS BIGINT) AS amount "
        "FROM legs AS l LEFT JOIN deals AS d ON d.opportunity_id = l.opportunity_id "
        f"WHERE l.step NOT IN ('deal_open_before', 'deal_open_now') ORDER BY ABS(l.amount) DESC, l.opportunity_id, l.step LIMIT {_MOST}",
        [*bound(before), *bound(day), due_by, due_by, before],
    )
    if found.empty:
        return Missing("pipeline_movers", (), "note.nothing_in_period")
    frame = found.assign(step=[Finding("value.label", {"value": step}) for step in found.step])
    top = found.iloc[0]
    return Exhibit(
        "pipeline_movers", "table", frame, metric="open_pipeline",
        findings=(Finding("pipeline_bridge.mover", {"deal": top.deal, "step": top.step, "amount": top.amount}, "open_pipeline"),),
        units={"deal": "code", "owner": "text", "step": "text", "amount": "money"}, sources=("opportunities", "opportunity_changes"),
    )  # fmt: skip
