"""What is wrong with the deals themselves: how many, and how much money; none of them is dropped.

A deal is flagged, and counts everywhere as it is: closed before it was created, won without an amount
or a closing day, in a stage that the policy does not know, moved back in the process, with more
than one owner in what was loaded, or closed on a day still to come.  Repeated ids are found when rows
are loaded, where only one row of each is used: the audit counts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.tables.engine import literal

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Fault → condition on a row of `deals`, bound with the last day loaded where it says `?`.
_RULES = {
    "closed_before_created": "closed_on < created_on",
    "won_without_amount": "outcome = 'won' AND COALESCE(amount, 0) = 0",
    "closed_without_day": "outcome <> 'open' AND closed_on IS NULL",
    "closed_but_open": "outcome = 'open' AND closed_on IS NOT NULL AND closed_on <= ?",
    "created_in_future": "created_on > ?",
    "closed_in_future": "outcome <> 'open' AND closed_on > ?",
}


def faults(ws: Workspace) -> Exhibit | Missing:
    """Faults of deals, one row a kind: number of deals, their amount, an example, and what became of them."""
    if absent := ws.facts.missing("deals.stage"):
        return Missing("pipeline_faults", absent)
    rows = [*_flagged(ws), *_stages(ws), *_backwards(ws), *_aside(ws)]
    rows = [row for row in rows if row["n"]]
    total = int(ws.facts.query("SELECT COUNT(*) AS n FROM deals").n.iloc[0])
    if not rows:
        return Exhibit(
            "pipeline_faults", "table", pd.DataFrame(columns=["deal_fault", "n", "amount", "example", "outcome"]), metric="pipeline_faults",
            sources=("opportunities",), findings=(Finding("pipeline_faults.none", {"n": total}, "pipeline_faults", "good"),),
            units={"deal_fault": "text", "n": "count", "amount": "money", "example": "text", "outcome": "text"},
        )  # fmt: skip
    frame = pd.DataFrame(rows).sort_values(["n", "name"], ascending=[False, True], ignore_index=True)
    first = frame.iloc[0]
    told = {
        "n": int(frame.n.sum()),
        "kinds": len(frame),
        "amount": float(frame.amount.sum()),
        "fault": first["name"],
        "first": int(first.n),
    }
    shown = frame.assign(
        deal_fault=[Finding(f"label.{name}") for name in frame.name],
        outcome=[Finding(f"label.{fate}") for fate in frame.fate],
    )
    return Exhibit(
        "pipeline_faults", "table", shown[["deal_fault", "n", "amount", "example", "outcome"]], metric="pipeline_faults", window=ws.window,
        sources=("opportunities", "opportunity_changes"), findings=(Finding("pipeline_faults.some", told, "pipeline_faults", "bad"),),
        units={"deal_fault": "text", "n": "count", "amount": "money", "example": "text", "outcome": "text"}, notes=(Finding("note.faults_overlap"),),
    )  # fmt: skip


def _row(name: str, found: pd.Series, fate: str = "flagged") -> dict[str, object]:
    amount = float("nan") if pd.isna(found.amount) else float(found.amount)
    return {"name": name, "n": int(found.n), "amount": amount, "example": found.example, "fate": fate}


#: What a load did with rows → the fault, and what became of them.
_FATES = {
    "set_aside": ("row_set_aside", "set_aside"),
    "merged": ("id_repeated", "merged"),
    "flagged": ("two_owners", "flagged"),
}
_SUMS = "COUNT(*) AS n, CAST(SUM(amount) AS BIGINT) AS amount, MIN(opportunity_id) AS example"


def _flagged(ws: Workspace) -> list[dict[str, object]]:
    """Deals that contradict themselves, all kinds in one reading."""
    parts, values = [], []
    for name, rule in _RULES.items():
        parts.append(f"COUNT(*) FILTER (WHERE {rule}) AS n_{name}, CAST(SUM(amount) FILTER (WHERE {rule}) AS BIGINT) AS amount_{name}, "
                     f"MIN(opportunity_id) FILTER (WHERE {rule}) AS example_{name}")  # fmt: skip
        values += [ws.as_of] * (3 * rule.count("?"))
    found = ws.facts.query(f"SELECT {', '.join(parts)} FROM deals", values).iloc[0]
    return [
        _row(name, pd.Series({part: found[f"{part}_{name}"] for part in ("n", "amount", "example")}))
        for name in _RULES
    ]


def _stages(ws: Workspace) -> list[dict[str, object]]:
    """Deals in stages that the policy does not know, present and past."""
    named = ws.facts.query("SELECT DISTINCT stage FROM deals WHERE stage IS NOT NULL ORDER BY stage").stage
    unknown = [name for name in named if ws.policy.process.stage(name) is None]
    if not unknown:
        return []
    found = ws.facts.query(f"SELECT {_SUMS} FROM deals WHERE stage IN ({', '.join(map(literal, unknown))})")
    return [_row("stage_unknown", found.iloc[0])]


def _backwards(ws: Workspace) -> list[dict[str, object]]:
    """Deals with a step from a stage to one that comes before it in the policy."""
    if ws.facts.missing("deal_changes"):
        return []
    steps = ws.facts.query(
        "SELECT DISTINCT old_text, new_text FROM deal_changes WHERE field = 'stage' AND old_text IS NOT NULL AND new_text IS NOT NULL "
        "ORDER BY old_text, new_text"
    )
    back = []
    for old, new in zip(steps.old_text, steps.new_text):
        before, after = ws.policy.process.stage(old), ws.policy.process.stage(new)
        if before and after and after.rank < before.rank and after.is_open:
            back.append(f"(old_text = {literal(old)} AND new_text = {literal(new)})")
    if not back:
        return []
    found = ws.facts.query(
        f"SELECT {_SUMS} FROM deals WHERE opportunity_id IN (SELECT opportunity_id FROM deal_changes WHERE field = 'stage' AND ({' OR '.join(back)}))"
    )
    return [_row("went_backwards", found.iloc[0])]


def _aside(ws: Workspace) -> list[dict[str, object]]:
    """Rows of opportunities that a load did not use, by reason; money is that of the whole source."""
    if not ws.facts.columns("audit_reasons"):
        return []
    found = ws.facts.query(
        "SELECT outcome, SUM(n_rows) AS n, MIN(example) AS example FROM audit_reasons WHERE table_name = 'opportunities' "
        "AND (outcome IN ('set_aside', 'merged') OR (outcome = 'flagged' AND reason = 'two owners')) GROUP BY outcome ORDER BY outcome"
    )
    amounts = ws.facts.query(
        "SELECT SUM(set_aside_total) AS amount FROM audit_sources WHERE table_name = 'opportunities'"
    ).amount
    stated = pd.to_numeric(amounts, errors="coerce").sum(min_count=1)
    rows = []
    for outcome, n, example in zip(found.outcome, found.n, found.example):
        name, fate = _FATES[outcome]
        amount = (
            round(stated * 10**ws.policy.semantics.minor_digits)
            if fate == "set_aside" and pd.notna(stated)
            else None
        )
        rows.append(_row(name, pd.Series({"n": n, "example": example, "amount": amount}, dtype=object), fate))
    return rows
