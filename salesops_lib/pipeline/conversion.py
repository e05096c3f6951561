"""Which share of deals goes on, by cohorts old enough to judge; and how much is won (M3.1, M3.2).

A cohort are the deals that entered a stage in a month.  It is mature when its last day is further back
than 95 % of closed deals took from creation to closing: younger ones are still being decided.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import Interval, ratio, share_difference, wilson
from salesops_lib.pipeline.stage_names import LOST, StageNames, stage_names

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

#: Share of closed deals that a cohort must be older than.
_MATURE = 0.95
#: Months of entries that the heat map shows, and those that maturity is measured over.
_MONTHS = 12


@dataclass(frozen=True)
class Cohorts:
    """Mature months, the last of them being `last`; `age` are the days that 95 % of closed deals took."""

    ws: Workspace
    last: Period
    age: float

    @cached_property
    def n_months(self) -> int:
        """Months that a rate rests on: the policy's days of closed deals."""
        return max(1, round(self.ws.policy.process.win_rate_days / 30))

    def months(self, n: int, back: int = 0) -> list[Period]:
        """The `n` mature months that end `back` months before the last."""
        return [self.ws.calendar.shift(self.last, -back - step) for step in reversed(range(n))]


def mature(ws: Workspace) -> Cohorts | None:
    """The last month that is old enough to judge; None where nothing closed in the twelve months before the last day."""
    day = ws.window.end
    start = ws.calendar.trailing(ws.calendar.period_of(day), _MONTHS).start
    age = ws.facts.query(
        f"SELECT quantile_cont(CAST(date_diff('day', created_on, closed_on) AS DOUBLE), {_MATURE}) AS age FROM deals "
        "WHERE outcome IN ('won', 'lost') AND closed_on BETWEEN ? AND ? AND created_on <= closed_on",
        [start, day],
    ).age.iloc[0]
    if pd.isna(age):
        return None
    edge = day - timedelta(days=math.ceil(age))
    month = ws.calendar.period_of(edge)
    return Cohorts(ws, month if month.end <= edge else ws.calendar.shift(month, -1), float(age))


def conversion(ws: Workspace) -> Exhibit | Missing:
    """The funnel: deals that entered each stage in the last mature months, and the share that went on; one row a stage.

    `window_before` is the share of as many months before, `change` the difference in percentage points; `low` and `high`
    are the Wilson interval of the share.  A deal that skips a stage has entered it on the day of the skip.
    Deals whose stages nobody noted are left out and counted.
    """
    if absent := ws.facts.missing("opportunity_changes", "deal_states", *_DATED):
        return Missing("conversion", absent, "note.history_needed" if "opportunity_changes" in absent else "")
    names, cohorts = stage_names(ws), mature(ws)
    if names is None or cohorts is None:
        return Missing("conversion", ("deals.stage",), "note.nothing_mature")
    n = cohorts.n_months
    months, before = cohorts.months(n), cohorts.months(n, n)
    shown = cohorts.months(max(_MONTHS, 2 * n))
    entries, n_unknown = _entries(ws, names, shown[0].start)
    entries["month"] = [ws.calendar.period_of(d.date()).label for d in pd.to_datetime(entries.entered_on)]
    now, past = (_funnel(entries, names, [m.label for m in span]) for span in (months, before))
    if not now.entered.sum():
        return Missing("conversion", ("opportunity_changes",), "note.nothing_mature")
    frame, findings = _compared(ws, names, now, past, before[0].label)
    notes = [
        Finding("note.mature", {"from": months[0].label, "to": months[-1].label, "days": cohorts.age, "n": n})
    ]
    if n_unknown:
        notes.append(Finding("note.stages_not_noted", {"n": n_unknown}))
    if names.unknown:
        notes.append(Finding("note.stages_unknown", {"stages": list(names.unknown)}))
    return Exhibit(
        "conversion", "flow", frame, metric="stage_conversion", findings=findings, sources=("opportunities", "opportunity_changes"),
        units={"n": "count", "amount": "money", "rate": "ratio", "low": "ratio", "high": "ratio", "window_before": "ratio", "change": "pp"},
        notes=tuple(notes), parts=(_heat(ws, names, entries, [m.label for m in shown[-_MONTHS:]]),),
    )  # fmt: skip


def won_shares(ws: Workspace) -> Exhibit | Missing:
    """Win rate by number, by value, and of mature cohorts, each with its interval; one row a reading.

    The first two are of deals closed in the policy's last days, the third of deals created in mature months.
    `base` is the same of a year before.
    """
    if absent := ws.facts.missing("deals.closed_on"):
        return Missing("won_shares", absent)
    days = timedelta(days=ws.policy.process.win_rate_days)
    now, past = (closed(ws, end - days + timedelta(days=1), end) for end in (ws.window.end, ws.base.end))
    if not now.n:
        return Missing("won_shares", ("deals.closed_on",), "note.nothing_closed")
    rows = [("by_number", *_row(now.by_number, past.by_number), now.n, "win_rate")]
    if not math.isnan(now.by_value.value):
        rows.append(("by_value", *_row(now.by_value, past.by_value), now.n_priced, "win_rate_value"))
    if now.is_lopsided:
        notes = [
            Finding("note.lost_unpriced", {"n": now.n - now.won, "priced": now.n_priced - now.n_won_priced})
        ]
    else:
        sizes = {"days": days.days, "n": now.n_priced, "n_effective": now.n_effective}
        notes = [Finding("note.win_rates", sizes)]
    cohorts = mature(ws) if ws.facts.has("deals.created_on") else None
    if cohorts:
        n = cohorts.n_months
        months = cohorts.months(n)
        one, other = (_created(ws, span) for span in (months, cohorts.months(n, 12)))
        if one[1]:
            rows.append(("by_cohort", *_row(wilson(*one), wilson(*other)), int(one[1]), "cohort_win_rate"))
            notes.append(
                Finding(
                    "note.mature",
                    {"from": months[0].label, "to": months[-1].label, "days": cohorts.age, "n": n},
                )
            )
    frame = pd.DataFrame(rows, columns=["label", "value", "low", "high", "base", "n", "metric"])
    change = share_difference((now.won, now.n), (past.won, past.n))
    values = {"rate": now.by_number.value, "low": now.by_number.low, "high": now.by_number.high, "n": now.n, "base": past.by_number.value,
              "delta": change.value, "days": days.days, "value_rate": now.by_value.value, "value_low": now.by_value.low,
              "value_high": now.by_value.high}  # fmt: skip
    moved = change.low > 0 or change.high < 0
    found = [
        Finding(
            "won_shares.now" if not past.n else "won_shares.moved" if moved else "won_shares.same", values, "win_rate",
            "neutral" if not moved else "good" if change.value > 0 else "bad", figure="rate",
        )
    ]  # fmt: skip
    if not math.isnan(now.by_value.value):
        found.append(Finding("won_shares.value", values, "win_rate_value"))
    return Exhibit(
        "won_shares", "intervals", frame.drop(columns="metric"), metric="win_rate", window=ws.window, base=ws.base if past.n else None,
        findings=tuple(found), sources=("opportunities",), units={"n": "count"}, notes=tuple(notes),
    )  # fmt: skip


@dataclass(frozen=True)
class Closed:
    """Deals closed in a span of days: how many were won, and the money of both."""

    won: int
    n: int
    n_priced: int
    n_won_priced: int
    won_amount: float
    amount: float
    squares: float

    @property
    def by_number(self) -> Interval:
        return wilson(self.won, self.n)

    @property
    def n_effective(self) -> float:
        """Deals of one size that would tell as much: (Σa)²/Σa² (Kish)."""
        return ratio(self.amount**2, self.squares)

    @property
    def is_lopsided(self) -> bool:
        """Whether lost deals keep their amount less than half as often as won ones: their money would tell nothing."""
        lost = ratio(self.n_priced - self.n_won_priced, self.n - self.won)
        return lost < 0.5 * ratio(self.n_won_priced, self.won)

    @property
    def by_value(self) -> Interval:
        """Share of money won; large deals count for more, and so for fewer.  Missing where lost deals lose their amount."""
        if self.is_lopsided:
            return Interval(math.nan, math.nan, math.nan)
        share, n = ratio(self.won_amount, self.amount), self.n_effective
        return (
            Interval(math.nan, math.nan, math.nan)
            if math.isnan(share) or math.isnan(n)
            else wilson(share * n, n)
        )


def closed(ws: Workspace, start: date, end: date) -> Closed:
    """Deals closed from `start` to `end`, both included; money of deals that state an amount above 0."""
    row = ws.facts.query(
        "SELECT COUNT(*) FILTER (WHERE outcome = 'won') AS won, COUNT(*) AS n, COUNT(*) FILTER (WHERE amount > 0) AS n_priced,"
        " COUNT(*) FILTER (WHERE outcome = 'won' AND amount > 0) AS n_won_priced,"
        " CAST(COALESCE(SUM(amount) FILTER (WHERE outcome = 'won' AND amount > 0), 0) AS DOUBLE) AS won_amount,"
        " CAST(COALESCE(SUM(amount) FILTER (WHERE amount > 0), 0) AS DOUBLE) AS amount,"
        " COALESCE(SUM(CAST(amount AS DOUBLE) * CAST(amount AS DOUBLE)) FILTER (WHERE amount > 0), 0) AS squares"
        " FROM deals WHERE outcome IN ('won', 'lost') AND closed_on BETWEEN ? AND ?",
        [start, end],
    ).iloc[0]
    counts = (int(row[name]) for name in ("won", "n", "n_priced", "n_won_priced"))
    return Closed(*counts, *(float(row[name]) for name in ("won_amount", "amount", "squares")))


def _row(now: Interval, past: Interval) -> tuple[float, float, float, float]:
    return now.value, now.low, now.high, past.value


def _created(ws: Workspace, months: list[Period]) -> tuple[float, float]:
    """Won, and all, of the deals created in `months`, as known on the last day."""
    row = ws.facts.query(
        "SELECT COUNT(*) FILTER (WHERE outcome = 'won' AND closed_on <= ?) AS won, COUNT(*) AS n FROM deals WHERE created_on BETWEEN ? AND ?",
        [ws.window.end, months[0].start, months[-1].end],
    ).iloc[0]
    return float(row.won), float(row.n)


_DATED = ("deals.created_on", "deals.closed_on", "deals.stage")


def journeys(names: StageNames) -> str:
    """Common tables up to `journeys`: one row a deal alive since a day, `entered_k` the day of entering stage k or beyond.

    Bound are the last day, the first, the last twice, and the first.  A deal that stood in a stage before the first day
    has entered it before.  Deals whose stages nobody noted have `is_noted` 0.
    """
    won = names.won
    entered = ", ".join(
        f"MIN(valid_from) FILTER (WHERE place >= {place}) AS entered_{place}" for place in range(won + 1)
    )
    return f"""{names.table}, marked AS (
    SELECT s.opportunity_id, s.valid_from, CASE WHEN s.valid_to > ? THEN s.amount END AS amount,
           CASE WHEN s.outcome = 'won' THEN {won} WHEN s.outcome = 'open' AND s.is_stage_known AND s.stage IS NOT NULL
                THEN LEAST(COALESCE(r.place, {LOST}), {won - 1}) END AS place
    FROM deal_states AS s LEFT JOIN ranks AS r ON r.stage = s.stage WHERE s.valid_to >= ? AND s.valid_from <= ?
          AND s.created_on <= ? AND (s.outcome = 'open' OR s.valid_from >= ?)
), journeys AS (
    SELECT opportunity_id, SUM(amount) AS amount, CASE WHEN COUNT(*) FILTER (WHERE place < {won}) > 0 THEN 1 ELSE 0 END AS is_noted,
           {entered} FROM marked GROUP BY opportunity_id
)"""


def _entries(ws: Workspace, names: StageNames, start: date) -> tuple[pd.DataFrame, int]:
    """Deals by stage and day of entry since `start`: entered, went on, their money; and how many have no stages."""
    day = ws.window.end
    case = " ".join(f"WHEN {k} THEN entered_{k}" for k in range(names.won))
    after = " ".join(f"WHEN {k} THEN entered_{k + 1}" for k in range(names.won))
    steps = ", ".join(f"({k})" for k in range(names.won))
    found = ws.facts.query(
        f"WITH {journeys(names)}, steps AS (SELECT place, CASE WHEN is_noted = 1 THEN CASE place {case} END END AS entered_on,"
        f" CASE place {after} END AS left_on, amount, is_noted FROM journeys CROSS JOIN (VALUES {steps}) AS s(place))"
        " SELECT place, entered_on, COUNT(*) AS entered, COUNT(left_on) AS went, CAST(SUM(amount) AS DOUBLE) AS amount, COUNT(amount) AS n_priced"
        " FROM steps WHERE entered_on >= ? OR (is_noted = 0 AND place = 0) GROUP BY place, entered_on ORDER BY place, entered_on",
        [day, start, day, day, start, start],
    )
    unknown = found.entered_on.isna()
    return found[~unknown].reset_index(drop=True), int(found.entered[unknown].sum())


def _funnel(entries: pd.DataFrame, names: StageNames, months: list[str]) -> pd.DataFrame:
    chosen = entries[entries.month.isin(months)]
    summed = chosen.groupby("place")[["entered", "went", "amount", "n_priced"]].sum()
    return summed.reindex(range(names.won), fill_value=0)


def _compared(
    ws: Workspace, names: StageNames, now: pd.DataFrame, past: pd.DataFrame, since: str
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    z = NormalDist().inv_cdf(1 - 0.05 / (2 * max(1, names.won)))
    rows: list[tuple[object, ...]] = []
    moved = []
    for place, stage in enumerate(names.open):
        one, other = now.loc[place], past.loc[place]
        share = wilson(one.went, one.entered)
        change = share_difference((one.went, one.entered), (other.went, other.entered), z=z)
        amount = one.amount if one.n_priced else math.nan
        shares = (share.value, share.low, share.high, ratio(other.went, other.entered), change.value)
        rows.append((stage.id, int(one.entered), amount, *shares))
        if change.high < 0 or change.low > 0:
            moved.append((stage.id, share.value, change, amount))
    last = now.loc[names.won - 1]
    rows.append(("won", int(last.went), *[math.nan] * 6))
    columns = ["step", "n", "amount", "rate", "low", "high", "window_before", "change"]
    frame = pd.DataFrame(rows, columns=columns)
    found = []
    for stage_id, rate, change, amount in sorted(moved, key=lambda m: m[2].value):
        told = {"stage": stage_id, "rate": rate, "delta": change.value, "low": change.low, "high": change.high, "since": since,
                "at_stake": 0.0 if math.isnan(amount) else max(0.0, -change.value * amount)}  # fmt: skip
        is_worse = change.value < 0
        found.append(
            Finding(
                "conversion.fell" if is_worse else "conversion.rose",
                told,
                "stage_conversion",
                "bad" if is_worse else "good",
            )
        )
    if not moved:
        whole = ratio(last.went, now.loc[0].entered)
        first = {
            "n": len(names.open),
            "entered": int(now.loc[0].entered),
            "won": int(last.went),
            "rate": whole,
        }
        has_base = past.entered.sum() > 0
        found.append(
            Finding("conversion.steady" if has_base else "conversion.now", first, "stage_conversion")
        )
    judged = frame[:-1].dropna(subset=["rate"]).sort_values("rate")
    if len(judged) > 1:
        weakest, next_one = judged.iloc[0], judged.iloc[1]
        told = {
            "stage": weakest.step,
            "rate": weakest.rate,
            "low": weakest.low,
            "high": weakest.high,
            "n": int(weakest.n),
        }
        apart = weakest.high < next_one.low
        found.append(Finding("conversion.weakest" if apart else "conversion.alike", told, "stage_conversion"))
    return frame, tuple(found)


def _heat(ws: Workspace, names: StageNames, entries: pd.DataFrame, months: list[str]) -> Exhibit:
    """Share that went on by month of entry and stage; cells of few deals are left empty (C17)."""
    by_month = entries.groupby(["month", "place"])[["entered", "went"]].sum()
    rows = []
    for month in months:
        for place, stage in enumerate(names.open):
            entered, went = by_month.loc[(month, place)] if (month, place) in by_month.index else (0, 0)
            few = entered < ws.policy.report.suppress_below
            rows.append((month, stage.id, math.nan if few else went / entered, int(entered)))
    frame = pd.DataFrame(rows, columns=["row", "column", "value", "n"])
    return Exhibit(
        "conversion_cohorts",
        "matrix",
        frame,
        metric="stage_conversion",
        sources=("opportunity_changes",),
        units={"n": "count"},
    )
