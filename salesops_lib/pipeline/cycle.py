"""How long winning takes, and what the pipeline yields a day (M3.3, M3.4)."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import UNASSIGNED, Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import Interval, held_back, ratio, velocity
from salesops_lib.pipeline.survival import kaplan_meier, median_to_win, median_wait

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Months of creation that waiting times rest on.
_MONTHS = 24
_NEEDS = ("deals.created_on", "deals.closed_on")
_NOTHING = Interval(math.nan, math.nan, math.nan)


def cycle(ws: Workspace, by: str = "region") -> Exhibit | Missing:
    """Median days from creation to winning with its interval; the company first, then one row a unit.

    Deals created in the 24 months before the last day, seen as of that day: what is open then, or closes later,
    counts as open.  `base` is the same as of a year before; `n` are the deals won.
    """
    if absent := ws.facts.missing(*_NEEDS):
        return Missing("cycle", absent)
    now, before = (_waits(ws, day, by) for day in (ws.window.end, ws.base.end))
    if not now.won.sum():
        return Missing("cycle", ("deals.closed_on",), "note.nothing_won")
    company, earlier = _to_win(now), _to_win(before)
    units = [(str(unit), own) for unit, own in now.groupby("unit")] if ws.facts.has(f"deals.{by}") else []
    below = ws.policy.report.suppress_below
    held = held_back([int(own.won.sum()) for _, own in units], below)
    shown = [unit for unit, is_held in zip(units, held, strict=True) if not is_held and unit[0] != UNASSIGNED]
    rows = [("total", company, int(now.won.sum()), earlier.value)]
    for unit, own in shown:
        past = before[before.unit == unit]
        rows.append(
            (unit, _to_win(own), int(own.won.sum()), _median(past) if past.won.sum() >= below else math.nan)
        )
    frame = pd.DataFrame(
        [{"label": label, "value": wait.value, "low": wait.low, "high": wait.high, "n": n, "base": base} for label, wait, n, base in rows]
    )  # fmt: skip
    frame = pd.concat(
        [frame[:1], frame[1:].sort_values(["value", "label"], ascending=[False, True])], ignore_index=True
    )
    notes = [*_set_aside(now), Finding("note.cycle", {"n": _MONTHS})]
    if n_held := sum(held):
        notes.append(Finding("note.suppressed", {"n": n_held, "below": below}))
    return Exhibit(
        "cycle", "intervals", frame, metric="cycle_days", window=ws.window, base=ws.base if before.won.sum() else None,
        sources=("opportunities",), findings=_told(ws, frame, company, earlier, now), units={"n": "count"}, notes=tuple(notes),
    )  # fmt: skip


def _told(
    ws: Workspace, frame: pd.DataFrame, company: Interval, earlier: Interval, waits: pd.DataFrame
) -> tuple[Finding, ...]:
    wanted = ws.policy.process.cycle_days_max
    moved = company.low > earlier.high or company.high < earlier.low
    values = {"days": company.value, "low": company.low, "high": company.high, "base": earlier.value, "n": int(waits.won.sum()),
              "n_open": int(waits.open.sum()), "wanted": wanted}  # fmt: skip
    tone = "neutral" if not moved else "bad" if company.value > earlier.value else "good"
    name = "cycle.now" if math.isnan(earlier.value) else "cycle.moved" if moved else "cycle.same"
    found = [Finding(name, values, "cycle_days", tone, figure="days")]
    if wanted and company.low > wanted:
        found.append(Finding("cycle.over", values, "cycle_days", "bad"))
    elif wanted and company.high < wanted:
        found.append(Finding("cycle.within", values, "cycle_days", "good"))
    slow = frame[1:][frame[1:].low > company.high]
    if len(slow):
        worst = slow.iloc[0]
        told = {"unit": worst.label, "days": worst.value, "low": worst.low, "high": worst.high}
        found.append(Finding("cycle.slow", told, "cycle_days", "bad"))
    decided = _decided(waits)
    if not math.isnan(decided.value):
        told = {"days": decided.value, "low": decided.low, "high": decided.high}
        found.append(Finding("cycle.decided", told, "decision_days"))
    return tuple(found)


def sales_velocity(ws: Workspace, by: str = "region") -> Exhibit | Missing:
    """N × W × D / L as of the last day; one row a unit, the company last.

    N open deals, W the win rate and D the average deal won of the policy's last days, L the sales cycle.  Units of
    fewer closed deals than the policy lets stand alone have no rate, and their velocity is missing.
    """
    if absent := ws.facts.missing(*_NEEDS, "deals.amount"):
        return Missing("velocity", absent)
    frame, before = (_velocities(ws, day, by) for day in (ws.window.end, ws.base.end))
    total = frame.iloc[-1]
    if math.isnan(total.velocity):
        return Missing("velocity", ("deals.closed_on",), "note.nothing_won")
    base = before.velocity.iloc[-1] if len(before) else math.nan
    told = {"amount": total.velocity, "n": int(total.n), "rate": total.win_rate, "size": total.deal_size, "days": total.cycle_days,
            "base": base, "growth": ratio(total.velocity - base, base)}  # fmt: skip
    finding = Finding(
        "velocity.now" if pd.isna(base) else "velocity.growth", told, "sales_velocity",
        "neutral" if pd.isna(base) or base == total.velocity else "good" if total.velocity > base else "bad", figure="amount",
    )  # fmt: skip
    return Exhibit(
        "velocity", "table", frame, metric="sales_velocity", window=ws.window, findings=(finding,), sources=("opportunities",),
        units={"unit": "text", "n": "count", "win_rate": "ratio", "deal_size": "money", "cycle_days": "days", "velocity": "money"},
        notes=(Finding("note.velocity", {"days": ws.policy.process.win_rate_days}),),
    )  # fmt: skip


def _velocities(ws: Workspace, day: date, by: str) -> pd.DataFrame:
    by = by if ws.facts.has(f"deals.{by}") else ""
    since = day - timedelta(days=ws.policy.process.win_rate_days - 1)
    recent = "closed_on BETWEEN ? AND ?"
    counts = ws.facts.query(
        f"SELECT {_unit(by)} AS unit, COUNT(*) FILTER (WHERE created_on <= ? AND (outcome = 'open' OR closed_on > ?)) AS n,"
        f" COUNT(*) FILTER (WHERE outcome = 'won' AND {recent}) AS won, COUNT(*) FILTER (WHERE outcome IN ('won', 'lost') AND {recent}) AS closed,"
        f" COUNT(amount) FILTER (WHERE outcome = 'won' AND {recent}) AS priced,"
        f" CAST(SUM(amount) FILTER (WHERE outcome = 'won' AND {recent}) AS BIGINT) AS amount FROM deals GROUP BY 1 ORDER BY 1",
        [day, day, *[since, day] * 4],
    )
    waits = _waits(ws, day, by)
    below = ws.policy.report.suppress_below
    rows = []
    for unit, own in [*(counts.groupby("unit") if by else ()), ("total", counts)]:
        n, won, closed, priced, amount = (
            float(own[c].fillna(0).sum()) for c in ("n", "won", "closed", "priced", "amount")
        )
        if unit != "total" and closed < below:
            won = closed = math.nan
        rate, size = ratio(won, closed), ratio(amount, priced)
        days = _median(waits if unit == "total" else waits[waits.unit == unit])
        yields = velocity(n, rate, size, days)
        rows.append((unit, n, rate, size, days, yields))
    frame = pd.DataFrame(rows, columns=["unit", "n", "win_rate", "deal_size", "cycle_days", "velocity"])
    return frame.assign(is_total=frame.unit == "total")


def _unit(by: str) -> str:
    return f"COALESCE({by}, '{UNASSIGNED}')" if by else "'total'"


def _waits(ws: Workspace, day: date, by: str) -> pd.DataFrame:
    """Deals as of a day by unit and days since creation: won, lost, open; `wrong` are those that end before they begin."""
    by = by if ws.facts.has(f"deals.{by}") else ""
    start = ws.calendar.trailing(ws.calendar.period_of(day), _MONTHS).start
    return ws.facts.query(
        f"WITH seen AS (SELECT {_unit(by)} AS unit, created_on, CASE WHEN closed_on <= CAST(? AS DATE) THEN closed_on ELSE CAST(? AS DATE) END AS last_on,"
        " CASE WHEN outcome <> 'open' AND closed_on IS NULL THEN 'unknown' WHEN outcome = 'open' OR closed_on > CAST(? AS DATE) THEN 'open'"
        " ELSE outcome END AS state FROM deals WHERE created_on BETWEEN ? AND ?)"
        " SELECT unit, date_diff('day', created_on, last_on) AS days, COUNT(*) FILTER (WHERE state = 'won') AS won,"
        " COUNT(*) FILTER (WHERE state = 'lost') AS lost, COUNT(*) FILTER (WHERE state = 'open') AS open,"
        " COUNT(*) FILTER (WHERE state = 'unknown') AS wrong FROM seen GROUP BY unit, date_diff('day', created_on, last_on) ORDER BY unit, days",
        [day, day, day, start, day],
    )


def _by_day(waits: pd.DataFrame) -> pd.DataFrame:
    return waits[waits.days >= 0].groupby("days", as_index=False)[["won", "lost", "open"]].sum()


def _to_win(waits: pd.DataFrame) -> Interval:
    counts = _by_day(waits)
    return median_to_win(counts.days, counts.won, counts.lost, counts.open) if len(counts) else _NOTHING


def _median(waits: pd.DataFrame) -> float:
    """The same without its interval, which costs most of the time."""
    counts = _by_day(waits)
    return (
        median_to_win(counts.days, counts.won, counts.lost, counts.open, resamples=0).value
        if len(counts)
        else math.nan
    )


def _decided(waits: pd.DataFrame) -> Interval:
    counts = _by_day(waits)
    return median_wait(kaplan_meier(counts.days, counts.won + counts.lost, counts.open))


def _set_aside(waits: pd.DataFrame) -> list[Finding]:
    backwards = waits[waits.days < 0]
    n = int(backwards.won.sum() + backwards.lost.sum())
    found = [Finding("note.closed_before_created", {"n": n})] if n else []
    if n := int(waits.wrong.sum()):
        found.append(Finding("note.closed_undated", {"n": n}))
    return found
