"""Open deals and leads that break a rule of the policy, with their owner and money (M3.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import UNASSIGNED, Exhibit, Finding, Missing
from salesops_lib.pipeline.book import Book, days_before, named, open_book
from salesops_lib.pipeline.leads import WORKDAY_HOURS, workdays_between
from salesops_lib.tables.engine import literal

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Rows that are listed; the sums by rule count all.
_LISTED = 500


def limits(ws: Workspace) -> Exhibit | Missing:
    """Breaches as of the last day, most money first, at most 500; then one row a rule with the sums of all.

    Rules: `over_age` (longer in the stage than it may), `no_evidence` (beyond a stage whose evidence is not on file),
    `no_price_pass` (in a stage of commitment without the price having passed before), `late_lead` (first answer
    later than the policy allows; leads of the policy's days of closed deals).  What the data do not hold is said.
    """
    book = open_book(ws)
    if not isinstance(book, Book):
        return Missing("limits", book)
    rules, unheld = _rules(book)
    shown, sums = _broken(book, rules)
    late, is_judged = _late_leads(ws)
    if is_judged and len(late):
        own = pd.DataFrame(
            [("late_lead", len(late), late.owner.nunique(), late.amount.sum())], columns=sums.columns
        )
        sums = pd.concat([sums, own], ignore_index=True) if len(sums) else own
        shown = pd.concat([f for f in (shown, late) if len(f)], ignore_index=True).sort_values(
            ["amount", "deal", "rule"], ascending=[False, True, True], na_position="last", ignore_index=True
        )
    elif not is_judged:
        unheld.append("leads")
    checked = [*rules, *(["late_lead"] if is_judged else [])]
    if not checked:
        return Missing("limits", tuple(unheld))
    n, amount = int(sums.n.sum()), float(sums.amount.sum())
    found = [Finding("limits.none" if not n else "limits.some" if amount else "limits.some_number", {"n": n, "amount": amount, "rules": checked, "n_rules": len(checked)},
                     "process_breaches", "bad" if n else "good", figure="n")]  # fmt: skip
    if n and len(sums) > 1:
        worst = sums.sort_values(["amount", "rule"], ascending=[False, True]).iloc[0]
        told = {
            "rule": worst["rule"],
            "n": int(worst.n),
            "amount": worst.amount,
            "n_owners": int(worst.n_owners),
        }
        found.append(
            Finding("limits.worst" if amount else "limits.worst_number", told, "process_breaches", "bad")
        )
    notes = book.notes(age=True)
    if unheld:
        notes.append(Finding("note.limits_unheld", {"names": sorted(set(unheld))}))
    if n > len(shown):
        notes.append(Finding("note.limits_listed", {"n": len(shown), "of": n}))
    by_rule = Exhibit(
        "limits_by_rule", "table", sums, metric="process_breaches", sources=("opportunities",),
        units={"rule": "text", "n": "count", "n_owners": "count", "amount": "money"},
    )  # fmt: skip
    shown = shown.assign(owner=named(ws, shown.owner))
    return Exhibit(
        "limits", "table", shown, metric="process_breaches", window=ws.window, findings=tuple(found),
        sources=("opportunities", "opportunity_changes", "stage_evidence", "leads"), notes=tuple(notes), parts=(by_rule,) if n else (),
        units={"rule": "text", "deal": "code", "owner": "text", "stage": "text", "amount": "money", "days": "days"},
    )  # fmt: skip


def _broken(book: Book, rules: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Breaches with most money, and the sums of all by rule."""
    names = ["rule", "deal", "owner", "stage", "amount", "days"]
    sums = pd.DataFrame(columns=["rule", "n", "n_owners", "amount"])
    if not rules:
        return pd.DataFrame(columns=names), sums
    is_whole = "no_price_pass" in rules
    breaches = " UNION ALL ".join(rules.values())
    shown = book.ask(
        f"SELECT rule, deal, owner, stage, amount, days, COUNT(*) OVER () AS n FROM ({breaches}) AS broken"
        f" ORDER BY amount DESC NULLS LAST, deal, rule LIMIT {_LISTED}",
        is_whole=is_whole,
    )
    if len(shown) and int(shown.n.iloc[0]) == len(shown):  # all are here already
        counted = shown.groupby("rule", as_index=False).agg(
            n=("deal", "size"), n_owners=("owner", "nunique"), amount=("amount", "sum")
        )
    else:
        counted = book.ask(
            "SELECT rule, COUNT(*) AS n, COUNT(DISTINCT owner) AS n_owners, CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS amount"
            f" FROM ({breaches}) AS broken GROUP BY rule ORDER BY rule",
            is_whole=is_whole,
        )
    return shown[names], counted if len(shown) else sums


def missing_evidence(book: Book) -> str:
    """SQL: opportunity_id and lacking, the place of the first stage before a deal's own whose evidence is not on file by the day.

    Empty where the policy wants no evidence or the data hold none.
    """
    wanted = [place for place, stage in enumerate(book.names.open) if stage.evidence]
    if not wanted or not book.ws.facts.has("stage_evidence"):
        return ""
    stages = ", ".join(f"({place})" for place in wanted)
    return (
        "SELECT b.opportunity_id, MIN(w.place) AS lacking FROM book AS b CROSS JOIN (VALUES "
        + stages
        + ") AS w(place)"
        " LEFT JOIN (SELECT DISTINCT e.opportunity_id, r.place FROM stage_evidence AS e JOIN ranks AS r ON r.stage = e.stage"
        f" WHERE e.filed_on <= DATE {literal(str(book.day))}) AS f ON f.opportunity_id = b.opportunity_id AND f.place = w.place"
        " WHERE w.place < b.place AND f.place IS NULL GROUP BY b.opportunity_id"
    )


def _rules(book: Book) -> tuple[dict[str, str], list[str]]:
    """Rule → SQL of its breaches; and what is missing to judge the others."""
    facts, owner = book.ws.facts, f"COALESCE(rep_id, '{UNASSIGNED}') AS owner"
    rules, unheld = {}, []
    columns = f"opportunity_id AS deal, {owner}, stage_id AS stage, amount"
    if any(stage.max_age_days for stage in book.names.open):
        rules["over_age"] = (
            f"SELECT 'over_age' AS rule, {columns}, in_stage - max_days AS days FROM book WHERE is_over"
        )
    lacking = missing_evidence(book)
    if lacking:
        rules["no_evidence"] = (
            f"SELECT 'no_evidence' AS rule, b.opportunity_id AS deal, COALESCE(b.rep_id, '{UNASSIGNED}') AS owner, b.stage_id AS stage, b.amount,"
            f" CAST(NULL AS BIGINT) AS days FROM book AS b JOIN ({lacking}) AS m ON m.opportunity_id = b.opportunity_id"
        )
    elif any(stage.evidence for stage in book.names.open):
        unheld.append("stage_evidence")
    commit = [place for place, stage in enumerate(book.names.open) if stage.category == "commit"]
    if commit and facts.has("opportunities.price_approved_on"):
        rules["no_price_pass"] = (
            f"SELECT 'no_price_pass' AS rule, {columns}, in_stage AS days FROM book WHERE place >= {min(commit)}"
            f" AND (price_approved_on IS NULL OR price_approved_on > DATE {literal(str(book.day))}"
            f" OR (place = {min(commit)} AND price_approved_on > entered_on))"
        )
    elif commit:
        unheld.append("opportunities.price_approved_on")
    return rules, unheld


def _late_leads(ws: Workspace) -> tuple[pd.DataFrame, bool]:
    """Leads answered late or, unanswered, late by the last day; and whether the data can tell."""
    limit, day = ws.policy.process.response.lead_hours, ws.window.end
    has_hours = ws.facts.has("leads.response_hours")
    if not limit or not (has_hours or ws.facts.has("leads.first_response_on")):
        return pd.DataFrame(), False
    known = f"l.first_response_on IS NULL OR l.first_response_on <= DATE '{day}'"
    hours = (
        f"CASE WHEN {known} THEN CAST(l.response_hours AS DOUBLE) END"
        if has_hours
        else "CAST(NULL AS DOUBLE)"
    )
    found = ws.facts.query(
        f"SELECT l.lead_id AS deal, COALESCE(l.rep_id, ?) AS owner, l.created_on, CASE WHEN l.first_response_on <= CAST(? AS DATE)"
        f" THEN l.first_response_on END AS answered_on, {hours} AS hours, d.amount FROM leads AS l"
        " LEFT JOIN deals AS d ON d.opportunity_id = l.opportunity_id AND d.created_on <= ? WHERE l.created_on BETWEEN ? AND ?"
        f" AND ({hours} > ? OR ({hours} IS NULL AND (l.first_response_on IS NULL OR l.first_response_on > l.created_on))) ORDER BY 1",
        [UNASSIGNED, day, day, days_before(day, ws.policy.process.win_rate_days), day, limit],
    )
    if found.empty:
        return pd.DataFrame(), True
    waited = workdays_between(ws, found.created_on, found.answered_on.fillna(pd.Timestamp(day)))
    late = (found.hours > limit) | (found.hours.isna() & (waited > 1 + limit // WORKDAY_HOURS))
    frame = found.assign(rule="late_lead", stage="lead", days=waited)[late]
    return frame[["rule", "deal", "owner", "stage", "amount", "days"]].reset_index(drop=True), True
