"""How far open deals cover what is still to win, and how much pipeline is missing (M3.5, M3.6)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.metrics import UNASSIGNED, Exhibit, Finding, Missing, formulas, measure
from salesops_lib.metrics.goals import newest_targets, targets_of
from salesops_lib.pipeline.book import Book, days_before, open_book, unit_of
from salesops_lib.pipeline.conversion import closed

if TYPE_CHECKING:
    from salesops_lib.periods import Period, Window
    from salesops_lib.workspace import Workspace

#: Months from the one under way on the day after the window: what is due in them covers their targets.
MONTHS_AHEAD = 3


def coming(ws: Workspace) -> list[Period]:
    """The three months that coverage looks at: from the one under way on the day after the window."""
    month = ws.calendar.period_of(ws.window.end)
    first = 1 if ws.window.end >= month.end else 0
    return [ws.calendar.shift(month, ahead) for ahead in range(first, first + MONTHS_AHEAD)]


def coverage(ws: Workspace, by: str = "region", odds: pd.Series | None = None) -> Exhibit | Missing:
    """What open deals due in the coming three months cover of the targets still to win; one row a unit, the company last.

    Parameters
    ----------
    by
        region or team.
    odds
        Chance to win by opportunity_id; the policy's odds of the stage where left out or not given for a deal.

    Returns
    -------
    Exhibit
        `amount` of `n` open deals due, `covered` = amount / (target − actual), `required` = buffer / win rate by value (by number where lost deals keep no amount),
        `expected` = Σ amount × odds, `needed` = (target − actual − expected) / win rate, at least 0.
    """
    book = open_book(ws)
    if not isinstance(book, Book):
        return Missing("coverage", book)
    if absent := ws.facts.missing("targets.value", "deals.expected_close_on", "deals.amount"):
        return Missing("coverage", absent)
    months = coming(ws)
    goal = float(np.nansum(targets_of(ws, "bookings", months)))
    if not goal:
        return Missing("coverage", ("targets.value",), "note.no_coming_targets")
    due = _due(book, months, by, odds)
    ended = closed(ws, days_before(book.day, ws.policy.process.win_rate_days), book.day)
    by_value = not math.isnan(ended.by_value.value)
    rate = ended.by_value if by_value else ended.by_number
    rows = [
        _row(ws, unit, goal, actual, due[(due.unit == unit) & ~due.is_undated], rate.value)
        for unit, (goal, actual) in _units(ws, months, by).items()
    ]
    won = _actual(ws, months, "")
    rows.append(_row(ws, "total", goal, won.get("total", 0.0), due[~due.is_undated], rate.value))
    frame = pd.DataFrame(rows).assign(is_total=lambda f: f.unit == "total")
    if len(frame) > 1:
        frame = pd.concat(
            [frame[:-1].sort_values(["covered", "unit"], na_position="last"), frame[-1:]], ignore_index=True
        )
    total = frame.iloc[-1]
    notes = [*book.notes(), Finding("note.coverage_odds" if odds is None else "note.coverage_own_odds")]
    if undated := int(due.n[due.is_undated].sum()):
        notes.append(Finding("note.deals_without_close", {"n": undated}))
    return Exhibit(
        "coverage", "table", frame, metric="pipeline_coverage", window=ws.window, findings=_told(ws, frame, months, rate, by_value),
        sources=("opportunities", "targets"), notes=tuple(notes), parts=(_readings(total),),
        units={"unit": "text", "target": "money", "actual": "money", "n": "count", "amount": "money", "covered": "multiple", "required": "multiple",
               "expected": "money", "needed": "money"},
    )  # fmt: skip


def company_coverage(ws: Workspace) -> dict[str, Any] | None:
    """Open amount due in the coming months over the company's targets still to win (M3.5); None without either."""
    if ws.facts.missing("targets.value", "deals.expected_close_on"):
        return None
    book = open_book(ws)
    months = coming(ws)
    goal = float(np.nansum(targets_of(ws, "bookings", months)))
    if not isinstance(book, Book) or not goal:
        return None
    due = _due(book, months, "", None)
    amount = float(due.amount[~due.is_undated].sum())
    won = _actual(ws, months, "").get("total", 0.0)
    return {
        "coverage": formulas.pipeline_coverage(amount, goal, won),
        "amount": amount,
        "target": goal,
        "from": months[0].label,
        "to": months[-1].label,
        "at_stake": max(goal - won - amount, 0.0),
    }


def _actual(ws: Workspace, months: list[Period], by: str) -> dict[str, float]:
    """Bookings of `months` that have come by the last day, by unit."""
    if months[0].start > ws.window.end or ws.facts.missing("sales.net_amount"):
        return {}
    span: Window = ws.calendar.days(months[0].start, ws.window.end, False, months[0])
    found = measure(ws.facts, ["bookings"], {"so_far": span}, by=[by] if by else [])
    units = found[by].fillna(UNASSIGNED) if by else ["total"] * len(found)
    return {str(unit): float(value) for unit, value in zip(units, found.bookings.fillna(0))}


def _units(ws: Workspace, months: list[Period], by: str) -> dict[str, tuple[float, float]]:
    goals = newest_targets(ws, by, ["bookings"], [month.label for month in months])
    won = _actual(ws, months, by) if len(goals) and by in ws.facts.columns("sales") else {}
    whole = goals.groupby("scope_id").value.sum() * 10**ws.policy.semantics.minor_digits
    return {str(unit): (float(goal), won.get(str(unit), 0.0)) for unit, goal in whole.items()}


def _due(book: Book, months: list[Period], by: str, odds: pd.Series | None) -> pd.DataFrame:
    """Open deals due in `months` by unit: n, amount, expected; and apart, `is_undated`, those that name no day.

    Deals whose day has passed are due no more.
    """
    span = (months[0].start, months[-1].end)
    unit = unit_of(by) if by else "'total'"
    where = "FROM book WHERE expected_close_on BETWEEN ? AND ? OR expected_close_on IS NULL"
    if odds is None:
        return book.ask(
            f"SELECT {unit} AS unit, expected_close_on IS NULL AS is_undated, COUNT(*) AS n, CAST(COALESCE(SUM(amount), 0) AS DOUBLE) AS amount,"
            f" COALESCE(SUM(amount * odds), 0) AS expected {where} GROUP BY 1, 2 ORDER BY 1, 2",
            values=span,
        )
    deals = book.ask(
        f"SELECT opportunity_id, {unit} AS unit, expected_close_on IS NULL AS is_undated, CAST(COALESCE(amount, 0) AS DOUBLE) AS amount, COALESCE(odds, 0) AS prior {where} ORDER BY 1",
        values=span,
    )
    chance = deals.opportunity_id.map(odds).astype(float).fillna(deals.prior)
    deals = deals.assign(n=1, expected=deals.amount * chance)
    return deals.groupby(["unit", "is_undated"], as_index=False)[["n", "amount", "expected"]].sum()


def _row(
    ws: Workspace, unit: str, target: float, actual: float, due: pd.DataFrame, win_rate: float
) -> dict[str, Any]:
    amount, expected, left = float(due.amount.sum()), float(due.expected.sum()), target - actual
    return {
        "unit": unit, "target": target, "actual": actual, "n": int(due.n.sum()), "amount": amount,
        "covered": formulas.pipeline_coverage(amount, target, actual) if left > 0 else math.nan,
        "required": formulas.ratio(ws.policy.process.coverage.buffer, win_rate), "expected": expected,
        "needed": formulas.pipeline_needed(target, actual, expected, win_rate),
    }  # fmt: skip


def _told(
    ws: Workspace, frame: pd.DataFrame, months: list[Period], rate: formulas.Interval, by_value: bool
) -> tuple[Finding, ...]:
    total, limits = frame.iloc[-1], ws.policy.process.coverage
    values = {"coverage": total.covered, "needed": limits.needed, "required": total.required, "amount": total.amount, "target": total.target,
              "actual": total.actual, "from": months[0].label, "to": months[-1].label, "rate": rate.value, "low": rate.low, "high": rate.high,
              "buffer": limits.buffer, "missing": total.needed, "expected": total.expected, "at_stake": max(total.needed, 0.0),
              "days": ws.policy.process.win_rate_days}  # fmt: skip
    if math.isnan(total.covered):
        return (Finding("coverage.reached", values, "pipeline_coverage", "good"),)
    short = total.covered < limits.needed
    found = [
        Finding("coverage.short" if short else "coverage.enough", values, "pipeline_coverage", "bad" if short else "good", figure="coverage")
    ]  # fmt: skip
    if not math.isnan(total.required):
        name = "coverage.required" if by_value else "coverage.required_by_number"
        found.append(Finding(name, values, "pipeline_coverage"))
    if not math.isnan(total.needed):
        name = "coverage.missing" if total.needed > 0 else "coverage.nothing_missing"
        found.append(Finding(name, values, "pipeline_needed", "bad" if total.needed > 0 else "good"))
    red = frame[:-1][frame[:-1].covered < limits.red_below]
    if len(red):
        told = {"names": red.unit.tolist(), "red": limits.red_below, "amount": red.needed.sum()}
        found.insert(1, Finding("coverage.red", told, "pipeline_coverage", "bad"))
    return tuple(found)


def _readings(total: pd.Series) -> Exhibit:
    """The published readings of the word, so that a figure of another system can be told apart."""
    left = total.target - total.actual
    rows = [
        ("open_over_left", "Gong, Salesforce Sales Analytics", formulas.ratio(total.amount, left)),
        ("open_over_target", "Quartz", formulas.ratio(total.amount, total.target)),
        ("left_over_open", "Salesforce Revenue Insights", formulas.ratio(left, total.amount)),
    ]
    frame = pd.DataFrame(rows, columns=["reading", "used_by", "value"])
    return Exhibit(
        "coverage_readings", "table", frame, metric="pipeline_coverage", units={"reading": "text", "used_by": "text", "value": "multiple"}
    )  # fmt: skip
