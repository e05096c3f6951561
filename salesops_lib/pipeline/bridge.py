"""How the open pipeline moved over the period: the bridge, its units, the deals behind it (M3.8).

It covers the deals due by the end of the third month after the period, as coverage does, so that
a close date moved across that day is a movement.  Without a history of fields and without a
snapshot from before the period nothing tells what moved, and nothing is guessed (C15).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.pipeline import moves
from salesops_lib.pipeline.as_of import OPEN, bound, missing
from salesops_lib.pipeline.coverage import MONTHS_AHEAD

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Reasons that the catalogue knows by another name: customers are lost too, and a stage of the policy is called won.
_WORDS = {"won": "won_deals", "lost": "lost_deals"}


def bridge(ws: Workspace) -> list[Exhibit | Missing]:
    """The waterfall of the period, a table per region and team, and the biggest movers.

    Returns
    -------
    list
        The bridge first; `Missing` alone where neither history nor an early enough snapshot is loaded.
    """
    if absent := missing(ws):
        return [Missing("pipeline_bridge", absent)]
    start, end = ws.window.start - timedelta(days=1), ws.window.end
    before, after = _known(ws, start), _known(ws, end)
    if not before.n.sum() + after.n.sum():
        return [Missing("pipeline_bridge", ("opportunities",), "note.no_open_deals")]
    held = before if before.n.sum() else after
    if not held[["n_stage", "n_amount", "n_close"]].to_numpy().sum():
        return [
            Missing("pipeline_bridge", ("opportunity_changes", "pipeline_snapshots"), "note.bridge_unknown")
        ]
    due_by = ws.calendar.shift(ws.calendar.period_of(end), MONTHS_AHEAD).end if held.n_close.sum() else None
    whole = moves.movement(ws, start, end, due_by).iloc[0]
    notes = _notes(ws, held, after, start, due_by)
    shown: list[Exhibit | Missing] = [_waterfall(ws, whole, due_by, notes)]
    shown += [
        _units(ws, moves.movement(ws, start, end, due_by, unit), unit)
        for unit in ("region", "team")
        if ws.facts.has(f"deal_states.{unit}") and ws.facts.scope_kind != unit
    ]
    found = moves.movers(ws, start, end, due_by)
    if len(found):
        shown.append(_movers(ws, found))
    return shown


def _known(ws: Workspace, day: date) -> pd.DataFrame:
    """Open deals of a day, and how many of them have a stage, amount and close date known on it."""
    found = ws.facts.query(
        "SELECT COUNT(*) AS n, COUNT(amount) AS n_priced, COUNT(expected_close_on) AS n_dated, "
        "COALESCE(SUM(CASE WHEN is_stage_known THEN 1 ELSE 0 END), 0) AS n_stage, "
        "COALESCE(SUM(CASE WHEN is_amount_known AND amount IS NOT NULL THEN 1 ELSE 0 END), 0) AS n_amount, "
        "COALESCE(SUM(CASE WHEN is_close_known AND expected_close_on IS NOT NULL THEN 1 ELSE 0 END), 0) AS n_close "
        f"FROM ({OPEN}) AS standing",
        bound(day),
    )
    return found.astype("int64")


def _waterfall(ws: Workspace, whole: pd.Series, due_by: date | None, notes: tuple[Finding, ...]) -> Exhibit:
    effects = [step for step in (*moves.CAME, *moves.CHANGED, *moves.WENT) if whole[f"n_{step}"]]
    steps = ["open_before", *effects, "open_after"]
    frame = pd.DataFrame(
        {
            "step": [_WORDS.get(step, step) for step in steps],
            "amount": [int(whole[step]) for step in steps],
            "role": ["start", *("success" if step == "won" else "effect" for step in effects), "end"],
            "n": [int(whole[f"n_{step}"]) for step in steps],
        }
    )
    change = int(whole.open_after - whole.open_before)
    told: dict[str, Any] = {
        "before": int(whole.open_before),
        "after": int(whole.open_after),
        "change": change,
        "n": int(whole.n_open_after),
    }
    told |= {step: abs(int(whole[step])) for step in (*moves.CAME, *moves.CHANGED, *moves.WENT)}
    kind = "grew" if change > 0 else "shrank" if change < 0 else "level"
    gained, drained = (
        max(steps, key=lambda step: abs(int(whole[step])))
        for steps in ((*moves.CAME, "increased"), (*moves.WENT, "decreased"))
    )
    told |= {
        "size": abs(change),
        "gain": _WORDS.get(gained, gained),
        "gained": abs(int(whole[gained])),
        "drain": _WORDS.get(drained, drained),
        "drained": abs(int(whole[drained])),
    }
    return Exhibit(
        "pipeline_bridge", "bridge", frame, metric="pipeline_bridge", window=ws.window, sources=("opportunities", "opportunity_changes"),
        findings=(Finding(f"pipeline_bridge.{kind}", told, "pipeline_bridge", "good" if change > 0 else "neutral", "after"),),
        units={"n": "count"}, notes=notes,
    )  # fmt: skip


def _units(ws: Workspace, found: pd.DataFrame, unit: str) -> Exhibit:
    used = [field for field in moves.FIELDS if field.startswith("open_") or found[field].any()]
    fields = [_WORDS.get(field, field) for field in used]
    frame = found[used].rename(columns=_WORDS).rename_axis("unit").reset_index()
    frame["unit"] = frame.unit.replace("", None)
    frame = frame.sort_values(["open_after", "unit"], ascending=[False, True], ignore_index=True)
    return Exhibit(
        f"pipeline_bridge_{unit}", "table", frame, metric="pipeline_bridge", window=ws.window, sources=("opportunities", "opportunity_changes"),
        units={"unit": "text", **dict.fromkeys(fields, "money")},
    )  # fmt: skip


def _movers(ws: Workspace, found: pd.DataFrame) -> Exhibit:
    amount = found.delta.astype(float)
    words = found.reason.where(
        found.reason != "kept", pd.Series(["increased" if d > 0 else "decreased" for d in amount])
    )
    frame = pd.DataFrame(
        {
            "deal": found.opportunity_id.astype(str),
            "customer": found.customer,
            "owner": found.owner,
            "reason": [Finding(f"label.{_WORDS.get(word, word)}") for word in words],
            "before": found.a0.astype(float),
            "now": found.a1.astype(float),
            "delta": amount,
        }
    )
    return Exhibit(
        "pipeline_movers", "table", frame, metric="pipeline_bridge", window=ws.window, sources=("opportunities", "opportunity_changes"),
        units={"deal": "text", "customer": "text", "owner": "text", "reason": "text", "before": "money", "now": "money", "delta": "money"},
    )  # fmt: skip


def _notes(
    ws: Workspace, held: pd.DataFrame, after: pd.DataFrame, start: date, due_by: date | None
) -> tuple[Finding, ...]:
    notes = [Finding("note.bridge_due", {"day": due_by})] if due_by else [Finding("note.bridge_undated")]
    if not held.n_amount.sum():
        notes.append(Finding("note.bridge_amounts", {"day": start}))
    if unpriced := int((after.n - after.n_priced).sum()):
        notes.append(Finding("note.deals_unpriced", {"n": unpriced}))
    if due_by and (undated := int((after.n - after.n_dated).sum())):
        notes.append(Finding("note.bridge_no_date", {"n": undated}))
    return tuple(notes)
