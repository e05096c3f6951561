"""How fast leads are answered, and how many become opportunities (M3.12)."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics import UNASSIGNED, Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import ratio, wilson
from salesops_lib.pipeline.book import days_before

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Hours of a working day, by which hours of the policy are read where the data hold days only.
WORKDAY_HOURS = 8
_MATURE = 0.95


def lead_speed(ws: Workspace) -> Exhibit | Missing:
    """Time to the first answer to leads of the policy's last days, against its limit; one row a source, all last.

    `median_wait` is in working hours where the data state them, else in working days; a lead unanswered on the last day
    counts as longer than any.  `rate` is the share within the limit with its Wilson interval; leads unanswered
    whose time has not run out yet are left out of it.  In days, only those surely late count as late.
    """
    if absent := ws.facts.missing("leads.created_on"):
        return Missing("lead_speed", absent)
    has_hours = ws.facts.has("leads.response_hours")
    if not has_hours and (absent := ws.facts.missing("leads.first_response_on")):
        return Missing("lead_speed", absent)
    day, limit = ws.window.end, ws.policy.process.response.lead_hours
    days = ws.policy.process.win_rate_days
    now, past = (answers(ws, end, days) for end in (day, day - timedelta(days=days)))
    if now.empty:
        return Missing("lead_speed", ("leads",), "note.nothing_in_period")
    rows = [_speed(str(source), own) for source, own in now.groupby("source")]
    frame = pd.DataFrame([*rows, _speed("total", now)])
    frame = frame.assign(is_total=frame.source == "total")
    total, earlier = frame.iloc[-1], _speed("total", past)
    values = {"median": total.median_wait, "n": int(total.n), "rate": total.rate, "low": total.low, "high": total.high, "base": earlier["median_wait"],
              "n_late": int(total.n_late), "n_open": int(total.n_open), "limit": limit}  # fmt: skip
    unit = "hours" if has_hours else "days"
    name = f"lead_speed.{unit}" if pd.notna(total.median_wait) else "lead_speed.unanswered"
    found = [Finding(name, values, "lead_response", figure="median")]
    if limit and pd.notna(total.rate):
        found.append(
            Finding("lead_speed.late" if total.n_late else "lead_speed.kept", values, "lead_response", "bad" if total.n_late else "good")
        )  # fmt: skip
    notes = [] if has_hours else [Finding("note.lead_days_only", {"hours": WORKDAY_HOURS})]
    if not limit:
        notes.append(Finding("note.no_lead_limit"))
    units = {"source": "text", "n": "count", "n_open": "count", "n_late": "count", "rate": "ratio", "low": "ratio", "high": "ratio",
             "median_wait": "quantity" if has_hours else "days"}  # fmt: skip
    return Exhibit(
        "lead_speed", "table", frame, metric="lead_response", window=ws.window, findings=tuple(found), sources=("leads",), units=units,
        notes=tuple(notes),
    )  # fmt: skip


def lead_conversion(ws: Workspace) -> Exhibit | Missing:
    """Share of leads that became opportunities, by source; leads of mature months only, their days beside it.

    A month is mature when it is longer ago than 95 % of converted leads took.  As many months as the policy's
    days of closed deals are shown; `base` is the share of the same months a year before.
    """
    if absent := ws.facts.missing("leads.created_on", "leads.opportunity_id"):
        return Missing("lead_conversion", absent)
    day = ws.window.end
    found = ws.facts.query(
        "WITH known AS (SELECT COALESCE(l.source, ?) AS source, l.created_on, CASE WHEN l.opportunity_id IS NOT NULL"
        " THEN COALESCE(l.qualified_on, d.created_on) END AS became_on FROM leads AS l LEFT JOIN deals AS d ON d.opportunity_id = l.opportunity_id"
        " WHERE l.created_on <= ?)"
        " SELECT source, created_on, CASE WHEN became_on <= CAST(? AS DATE) THEN date_diff('day', created_on, became_on) END AS days, COUNT(*) AS n"
        " FROM known GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        [UNASSIGNED, day, day],
    )
    took = found[found.days.notna() & (found.days >= 0)]
    if took.empty:
        return Missing("lead_conversion", ("leads.opportunity_id",), "note.nothing_mature")
    age = _quantile(took.days, took.n, _MATURE)
    edge = day - timedelta(days=math.ceil(age))
    month = ws.calendar.period_of(edge)
    last = month if month.end <= edge else ws.calendar.shift(month, -1)
    n_months = max(1, round(ws.policy.process.win_rate_days / 30))
    start = ws.calendar.shift(last, 1 - n_months).start
    before = [ws.calendar.shift(last, back - 12) for back in (1 - n_months, 0)]
    dates = pd.to_datetime(found.created_on)
    now = found[(dates >= pd.Timestamp(start)) & (dates <= pd.Timestamp(last.end))]
    past = found[(dates >= pd.Timestamp(before[0].start)) & (dates <= pd.Timestamp(before[1].end))]
    if now.empty:
        return Missing("lead_conversion", ("leads",), "note.nothing_mature")
    below = ws.policy.report.suppress_below
    groups = [
        ("total", now, past),
        *((str(s), own, past[past.source == s]) for s, own in now.groupby("source")),
    ]
    rows = [
        _converted(label, own, other)
        for label, own, other in groups
        if label == "total" or own.n.sum() >= below
    ]
    frame = pd.DataFrame(rows)
    total = frame.iloc[0]
    values = {
        "rate": total.value,
        "low": total.low,
        "high": total.high,
        "n": int(total.n),
        "days": total.median_days,
        "base": total.base,
    }
    notes = [
        Finding(
            "note.mature",
            {"from": ws.calendar.period_of(start).label, "to": last.label, "days": age, "n": n_months},
        )
    ]
    if backwards := int(found.n[found.days < 0].sum()):
        notes.append(Finding("note.leads_backwards", {"n": backwards}))
    return Exhibit(
        "lead_conversion", "intervals", frame, metric="lead_conversion", window=ws.window, sources=("leads", "opportunities"),
        findings=(Finding("lead_conversion.found", values, "lead_conversion", figure="rate"),), units={"n": "count", "median_days": "days"},
        notes=tuple(notes),
    )  # fmt: skip


def answers(ws: Workspace, day: date, days: int) -> pd.DataFrame:
    """Leads of the `days` that end with `day`, as known then: source, wait (inf where unanswered), state, n.

    `state` is kept, late, open (not answered and not late yet) or unjudged, where the policy names no limit.
    """
    has_hours = ws.facts.has("leads.response_hours")
    hours = "response_hours" if has_hours else "CAST(NULL AS DOUBLE)"
    responded = "first_response_on" if ws.facts.has("leads.first_response_on") else "CAST(NULL AS DATE)"
    found = ws.facts.query(
        f"SELECT COALESCE(source, ?) AS source, created_on, CASE WHEN {responded} <= CAST(? AS DATE) THEN {responded} END AS answered_on,"
        f" CASE WHEN {responded} IS NULL OR {responded} <= CAST(? AS DATE) THEN CAST({hours} AS DOUBLE) END AS hours, COUNT(*) AS n"
        " FROM leads WHERE created_on BETWEEN ? AND ? GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        [UNASSIGNED, day, day, days_before(day, days), day],
    )
    waited = workdays_between(ws, found.created_on, found.answered_on.fillna(pd.Timestamp(day)))
    limit = ws.policy.process.response.lead_hours
    is_answered = found.hours.notna() if has_hours else found.answered_on.notna()
    wait = found.hours.where(is_answered, np.inf) if has_hours else waited.where(is_answered, np.inf)
    if not limit:
        state = pd.Series("unjudged", index=found.index)
    else:
        allowed = 1 + math.floor(
            limit / WORKDAY_HOURS
        )  # an hour before closing, and the hours of the days after
        late = (found.hours > limit) if has_hours else (waited > allowed)
        state = pd.Series(np.where(late & is_answered, "late", "kept"), index=found.index)
        state = state.where(
            is_answered, pd.Series(np.where(waited > allowed, "late", "open"), index=found.index)
        )
    return pd.DataFrame({"source": found.source, "wait": wait.astype(float), "state": state, "n": found.n})


def workdays_between(ws: Workspace, start: pd.Series, end: pd.Series) -> pd.Series:
    """Working days after each start, up to and with its end."""
    if not len(start):
        return pd.Series(dtype=float)
    first, last = pd.to_datetime(start), pd.to_datetime(end)
    low, high = min(first.min(), last.min()), max(first.max(), last.max())
    passed = np.concatenate([[0], np.cumsum(ws.calendar.working_mask(low.date(), high.date()))])
    places = [((column - low).dt.days + 1).to_numpy() for column in (first, last)]
    return pd.Series(passed[places[1]] - passed[places[0]], index=start.index, dtype=float)


def _speed(source: str, leads: pd.DataFrame) -> dict[str, object]:
    by_state = leads.groupby("state").n.sum() if len(leads) else pd.Series(dtype=float)
    late, kept = (int(by_state.get(state, 0)) for state in ("late", "kept"))
    share = wilson(kept, late + kept)
    return {
        "source": source, "n": int(leads.n.sum()), "median_wait": _quantile(leads["wait"], leads.n, 0.5), "rate": share.value, "low": share.low,
        "high": share.high, "n_late": late, "n_open": int(by_state.get("open", 0)),
    }  # fmt: skip


def _converted(label: str, now: pd.DataFrame, past: pd.DataFrame) -> dict[str, object]:
    took = now[now.days.notna() & (now.days >= 0)]
    share = wilson(took.n.sum(), now.n.sum())
    base = ratio(past.n[past.days >= 0].sum(), past.n.sum())
    return {
        "label": label, "value": share.value, "low": share.low, "high": share.high, "n": int(now.n.sum()), "base": base,
        "median_days": _quantile(took.days, took.n, 0.5),
    }  # fmt: skip


def _quantile(values: pd.Series, counts: pd.Series, share: float) -> float:
    """The first value that `share` of all reach, each value `counts` times; missing where it is without end."""
    if not counts.sum():
        return math.nan
    order = np.argsort(values.to_numpy(dtype=float), kind="stable")
    reached = np.cumsum(counts.to_numpy(dtype=float)[order]) >= share * counts.sum() - 1e-9
    found = float(values.to_numpy(dtype=float)[order][reached.argmax()])
    return found if math.isfinite(found) else math.nan
