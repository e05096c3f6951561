"""Open deals by stage with the policy's odds, coverage of what is still to win, recent win rate.

Movement between two days is told in `bridge`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, formulas, totals
from salesops_lib.pipeline.as_of import OPEN, bound, missing, origins
from salesops_lib.pipeline.coverage import company_coverage

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def open_deals(ws: Workspace) -> Exhibit | Missing:
    """Deals open on the last day of the window; one row a stage, in order of the process.

    A deal counts as open when it was created by that day and had not closed.  Deals without a
    creation date are counted as open and named in a note.  Stages that the policy does not
    know have no odds: their amount is not weighted, and that is said.
    """
    if absent := missing(ws):
        return Missing("pipeline", absent)
    day = ws.window.end
    found = ws.facts.query(
        f"WITH standing AS ({OPEN}) SELECT COALESCE(stage, 'closed_since') AS stage, COUNT(*) AS n, COUNT(amount) AS n_priced, CAST(SUM(amount) AS BIGINT) AS amount,"
        " COUNT(*) FILTER (WHERE created_on IS NULL) AS n_undated,"
        " CAST(quantile_cont(date_diff('day', created_on, CAST(? AS DATE)), 0.5) AS DOUBLE) AS age_days"
        " FROM standing GROUP BY COALESCE(stage, 'closed_since')",
        [*bound(day), day],
    )
    if found.empty:
        return Missing("pipeline", ("opportunities",), "note.no_open_deals")
    stages = found.stage.map(ws.policy.process.stage)
    frame = found.assign(
        step=[s.id if s else name for s, name in zip(stages, found.stage)],
        rank=[s.rank if s else 50 for s in stages],
        odds=[s.p_prior if s and s.is_open else float("nan") for s in stages],
    ).sort_values(["rank", "step"], ignore_index=True)
    frame["amount"] = frame.amount.where(frame.n_priced > 0).astype(float)
    frame["weighted"] = (frame.amount * frame.odds).round()
    frame["rate"] = frame.odds
    shown = frame[["step", "n", "amount", "rate", "weighted", "age_days"]]
    return Exhibit(
        "pipeline", "flow", shown, metric="open_pipeline", window=ws.window, sources=("opportunities",), findings=_told(ws, frame),
        units={"n": "count", "rate": "ratio", "weighted": "money", "age_days": "days"}, notes=_notes(ws, frame),
    )  # fmt: skip


def closed_deals(ws: Workspace) -> Exhibit | Missing:
    """What closed in the period: won, lost, win rate, deal size; one row a measure."""
    ids = ("won_amount", "deals_won", "deals_lost", "win_rate", "deal_size", "pipeline_created")
    if absent := ws.facts.missing("deals.closed_on"):
        return Missing("closed_deals", absent)
    values = totals(ws.facts, ids, ws.windows)
    if not values.at["actual", "deals_won"] + values.at["actual", "deals_lost"] > 0:
        return Missing("closed_deals", ("deals.closed_on",), "note.nothing_in_period")
    frame = pd.DataFrame(
        {
            "metric": ids,
            "actual": [values.at["actual", i] for i in ids],
            "base": [values.at["base", i] for i in ids],
        }
    )
    nothing = float("nan")
    frame = frame.assign(
        target=nothing,
        growth=(frame.actual / frame.base.where(frame.base > 0)) - 1,
        attainment=nothing,
        pace=nothing,
    )
    won, lost = values.deals_won["actual"], values.deals_lost["actual"]
    rate = formulas.wilson(won, won + lost)
    told = {"rate": rate.value, "low": rate.low, "high": rate.high, "n": int(won + lost)}
    return Exhibit(
        "closed_deals", "scorecard", frame, metric="won_amount", window=ws.window,
        base=ws.base if frame.base.any() else None, sources=("opportunities",),
        findings=(Finding("closed_deals.rate", told, "win_rate"),),
    )  # fmt: skip


def _told(ws: Workspace, frame: pd.DataFrame) -> tuple[Finding, ...]:
    amount, weighted = frame.amount.sum(min_count=1), frame.weighted.sum(min_count=1)
    values = {"n": int(frame.n.sum()), "amount": amount, "weighted": weighted}
    if pd.isna(amount):
        found = [Finding("pipeline.count", values, "open_pipeline")]
    else:
        found = [
            Finding("pipeline.open" if pd.notna(weighted) else "pipeline.unweighted", values, "open_pipeline")
        ]
    coverage = company_coverage(ws)
    if coverage is not None:
        needed = ws.policy.process.coverage.needed
        short = coverage["coverage"] < needed
        found.append(
            Finding(
                "pipeline.short" if short else "pipeline.covered",
                coverage | {"needed": needed},
                "pipeline_coverage",
                "bad" if short else "good",
            )
        )
    return tuple(found)


def _notes(ws: Workspace, frame: pd.DataFrame) -> tuple[Finding, ...]:
    notes = []
    if ws.window.end < ws.as_of:
        notes.append(Finding("note.stage_now" if origins(ws)["stage"] == "present" else "note.stage_then"))
    undated, unpriced = int(frame.n_undated.sum()), int((frame.n - frame.n_priced).sum())
    unknown = frame[frame.odds.isna()]
    if undated:
        notes.append(Finding("note.deals_undated", {"n": undated}))
    if unpriced:
        notes.append(Finding("note.deals_unpriced", {"n": unpriced}))
    if len(unknown):
        notes.append(Finding("note.stages_unknown", {"stages": list(unknown.step)}))
    return tuple(notes)
