"""At most ten deals to look at this week, each with its reason, by the money at risk (M3.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.metrics import UNASSIGNED, Exhibit, Finding, Missing
from salesops_lib.pipeline.book import Book, named, open_book
from salesops_lib.pipeline.limits import missing_evidence

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Warning signs; of those that put the same money at risk the first is told first.
REASONS = ("is_past", "is_pushed", "is_over", "is_idle", "no_evidence", "amount_fell", "odds_fell")
#: Deals that are looked at first, largest first, where odds come from outside.
_FIRST = 2000


def inspect(
    ws: Workspace, *, at_most: int = 10, odds: pd.Series | None = None, odds_before: pd.Series | None = None
) -> Exhibit | Missing:
    """Open deals with a warning sign, most money at risk first; one row a deal.

    Parameters
    ----------
    at_most
        How many are listed.
    odds, odds_before
        Chance to win by opportunity_id, now and when last looked at; the policy's odds of the stage where left out.

    Returns
    -------
    Exhibit
        `why` and `also` are findings in words.  At risk is amount × odds; where only the amount fell the fall × odds,
        where only the odds fell amount × their fall.  Deals without an amount or known odds come last, the longest in
        their stage first.
    """
    book = open_book(ws)
    if not isinstance(book, Book):
        return Missing("inspect", book)
    if absent := ws.facts.missing("deals.amount"):
        return Missing("inspect", absent)
    deals = _candidates(book, at_most, odds, odds_before)
    if deals.empty:
        nothing = pd.DataFrame(
            columns=["deal", "customer", "owner", "stage", "amount", "at_risk", "why", "also"]
        )
        return Exhibit(
            "inspect", "table", nothing, metric="money_at_risk", findings=(Finding("inspect.none", {}, "money_at_risk", "good"),),
            sources=("opportunities",), notes=tuple(book.notes(age=True, activity=True)),
        )  # fmt: skip
    limits = ws.policy.process.hygiene
    told = [_told(book, row, limits.pushes_max) for row in deals.to_dict("records")]
    frame = pd.DataFrame(
        {"deal": deals.opportunity_id, "customer": _customers(ws, deals.opportunity_id.tolist()), "owner": named(ws, deals.rep_id.fillna(UNASSIGNED)), "stage": deals.stage_id,
         "amount": deals.amount.astype(float), "at_risk": deals.at_risk.round(), "why": [t[0] for t in told],
         "also": [t[1] if len(t) > 1 else None for t in told]}
    )  # fmt: skip
    values = {"n": len(frame), "at_stake": frame.at_risk.sum(), "amount": frame.amount.sum(), "n_flagged": int(deals.n_flagged.iloc[0]),
              "flagged_amount": float(deals.flagged_amount.iloc[0])}  # fmt: skip
    notes = [
        *book.notes(age=True, activity=True),
        Finding("note.inspect_odds" if odds is None else "note.inspect_own_odds"),
    ]
    if not missing_evidence(book) and any(stage.evidence for stage in book.names.open):
        notes.append(Finding("note.limits_unheld", {"names": ["stage_evidence"]}))
    return Exhibit(
        "inspect", "table", frame, metric="money_at_risk", window=ws.window, findings=(Finding("inspect.some" if values["at_stake"] else "inspect.some_number", values, "money_at_risk", "bad"),),
        sources=("opportunities", "opportunity_changes"), notes=tuple(notes),
        units={"deal": "code", "customer": "text", "owner": "text", "stage": "text", "amount": "money", "at_risk": "money"},
    )  # fmt: skip


_FLAGGED = "(is_past OR is_pushed OR is_over OR is_idle OR lacking IS NOT NULL OR highest > amount)"
_TABLES = (
    " FROM book AS b LEFT JOIN highs AS h ON h.opportunity_id = b.opportunity_id"
    " LEFT JOIN evidence AS e ON e.opportunity_id = b.opportunity_id"
)


def _more(book: Book) -> str:
    lacking = missing_evidence(book) or "SELECT opportunity_id, place AS lacking FROM book WHERE FALSE"
    if not len(book.ws.facts.query("SELECT 1 AS found FROM deal_changes WHERE field = 'amount' LIMIT 1")):
        return (
            ", highs AS (SELECT opportunity_id, amount AS highest FROM book WHERE FALSE)"
            + f", evidence AS ({lacking})"
        )
    return (
        ", highs AS (SELECT s.opportunity_id, MAX(s.amount) AS highest FROM deal_states AS s JOIN book AS b ON b.opportunity_id = s.opportunity_id"
        f" WHERE s.valid_from <= DATE '{book.day}' AND s.is_amount_known GROUP BY s.opportunity_id), evidence AS ({lacking})"
    )


def _candidates(book: Book, at_most: int, odds: pd.Series | None, before: pd.Series | None) -> pd.DataFrame:
    """The deals listed, with their flags and money at risk.

    Odds from outside are joined to the largest deals only; more are fetched where a smaller one could still be ahead.
    """
    full = "CAST(amount AS DOUBLE) * odds"
    risk = (
        "CASE WHEN is_past OR is_pushed OR is_over OR is_idle OR lacking IS NOT NULL THEN " + full
        + " WHEN highest > amount THEN CAST(highest - amount AS DOUBLE) * odds ELSE 0 END"
    )  # fmt: skip
    stake = "GREATEST(amount, COALESCE(highest, 0) - amount)"
    order = f"{risk if odds is None else stake} DESC NULLS LAST, in_stage DESC NULLS LAST"
    where = _FLAGGED if odds is None else f"amount > 0 OR {_FLAGGED}"
    select = (
        "SELECT b.opportunity_id, rep_id, stage_id, CAST(amount AS DOUBLE) AS amount, odds, in_stage,"
        " max_days, idle, overdue, n_pushes, expected_close_on, highest, lacking, is_past, is_pushed, is_over, is_idle,"
        f" CAST({stake} AS DOUBLE) AS stake, SUM(CASE WHEN {_FLAGGED} THEN 1 ELSE 0 END) OVER () AS n_flagged,"
        f" CAST(SUM(CASE WHEN {_FLAGGED} THEN amount END) OVER () AS DOUBLE) AS flagged_amount{_TABLES} WHERE {where} ORDER BY {order}, b.opportunity_id"
    )
    n = at_most if odds is None else _FIRST
    deals = _ranked(book.ask(f"{select} LIMIT {n}", more=_more(book)), odds, before)
    if odds is not None and len(deals) and _may_be_behind(deals, at_most):
        deals = _ranked(book.ask(select, more=_more(book)), odds, before)
    return deals[deals.at_risk.isna() | (deals.at_risk > 0)].head(at_most).reset_index(drop=True)


def _customers(ws: Workspace, deals: list[str]) -> list[str | None]:
    """Names of the customers of a few deals, in their order."""
    has_name = ws.facts.has("customers.name")
    name = "COALESCE(c.name, d.customer_id)" if has_name else "d.customer_id"
    join = " LEFT JOIN customers AS c ON c.customer_id = d.customer_id" if has_name else ""
    found = ws.facts.query(
        f"SELECT d.opportunity_id, {name} AS customer FROM deals AS d{join} WHERE d.opportunity_id IN ({', '.join('?' for _ in deals)})",
        deals,
    )
    names = dict(zip(found.opportunity_id, found.customer))
    return [names.get(deal) for deal in deals]


def _may_be_behind(deals: pd.DataFrame, at_most: int) -> bool:
    """Whether a deal that was not fetched could put more at risk than the last one listed."""
    if len(deals) < _FIRST:
        return False
    last = deals.at_risk.nlargest(at_most).iloc[-1]
    return bool(last < deals.stake.min())


def _ranked(deals: pd.DataFrame, odds: pd.Series | None, before: pd.Series | None) -> pd.DataFrame:
    now = deals.odds if odds is None else deals.opportunity_id.map(odds).astype(float).fillna(deals.odds)
    then = (
        deals.opportunity_id.map(before).astype(float)
        if before is not None
        else pd.Series(float("nan"), index=deals.index)
    )
    fell = (then - now).clip(lower=0).fillna(0.0)
    drop = (deals.highest.astype(float) - deals.amount).clip(lower=0).fillna(0.0)
    has = {
        **{flag: deals[flag].astype(bool) for flag in ("is_past", "is_pushed", "is_over", "is_idle")},
        "no_evidence": deals.lacking.notna(), "amount_fell": drop > 0, "odds_fell": fell > 0,
    }  # fmt: skip
    whole = deals.amount * now
    money = {"amount_fell": drop * now, "odds_fell": deals.amount * fell}
    risks = pd.DataFrame({name: money.get(name, whole).where(has[name]) for name in REASONS})
    at_risk = risks.max(axis=1).where(pd.DataFrame(has).any(axis=1), 0.0)
    deals = deals.assign(
        odds=now, odds_then=then, at_risk=at_risk,
        **{f"has_{name}": has[name] for name in REASONS}, **{f"risk_{name}": risks[name].fillna(0.0) for name in REASONS},
    )  # fmt: skip
    order = ["at_risk", "in_stage", "opportunity_id"]
    return deals.sort_values(order, ascending=[False, False, True], na_position="last", ignore_index=True)


def _told(book: Book, row: dict[str, Any], pushes_max: int) -> list[Finding]:
    """The signs of a deal in words, what puts most at risk first."""
    signs = sorted(
        (name for name in REASONS if row[f"has_{name}"]),
        key=lambda name: (-row[f"risk_{name}"], REASONS.index(name)),
    )
    stages = book.names.open
    values = {
        "is_past": {"days": row["overdue"], "on": row["expected_close_on"]},
        "is_pushed": {"n": row["n_pushes"], "most": pushes_max},
        "is_over": {"days": row["in_stage"], "most": row["max_days"], "stage": row["stage_id"]},
        "is_idle": {"days": row["idle"]},
        "no_evidence": {"stage": stages[int(row["lacking"])].id if pd.notna(row["lacking"]) else ""},
        "amount_fell": {"highest": row["highest"], "amount": row["amount"]},
        "odds_fell": {"before": row["odds_then"], "now": row["odds"]},
    }
    return [Finding(f"inspect.{name}", values[name], tone="bad") for name in signs]
