"""Tenure against sales, and newcomers' ramp against the policy's (M4.1, M4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from salesops_lib.incentives.fairness import rank_correlation
from salesops_lib.metrics import Exhibit, Finding, Missing, measure
from salesops_lib.metrics.formulas import Interval
from salesops_lib.team.posts import NEEDS, daily_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

_NEEDS = (*NEEDS, "reps.hired_on", "sales.rep_id", "sales.net_amount")
#: Groups of tenure: months of service from, up to.
TENURES = (
    (0, 12, "tenure_first_year"),
    (12, 36, "tenure_to_three"),
    (36, 72, "tenure_to_six"),
    (72, 10**6, "tenure_beyond"),
)
#: Months of service that the ramp is measured in; after them a newcomer counts as settled.
RAMP_MONTHS = 9
#: Settled months of a newcomer that the earlier ones can be held against.
SETTLED_MONTHS = 3
_RESAMPLES, _SEED = 2_000, 0


def tenure_effect(ws: Workspace) -> Exhibit | Missing:
    """Sales per month in post by tenure over the last twelve months, with intervals of 95 % over people.

    Groups of few people are left out and counted.  What differs between territories is in it too: no cause is claimed.
    """
    if absent := ws.facts.missing(*_NEEDS):
        return Missing("tenure", absent)
    window = ws.trailing()
    sold = (
        measure(ws.facts, ["bookings"], {"now": window}, ["rep_id"])
        .dropna(subset=["rep_id"])
        .set_index("rep_id")
        .bookings
    )
    days = daily_shares(ws, window.start, window.end).dropna(subset=["hired_on"])
    people = days.groupby("rep_id").agg(days=("days", "sum"), hired_on=("hired_on", "first"))
    n_days = (window.end - window.start).days + 1
    people["tenure"] = (
        pd.Timestamp(window.end) - people.hired_on
    ).dt.days / 365.25 * 12 - 6 * people.days / n_days
    people["each"] = sold.astype(float).reindex(people.index).fillna(0.0) / (people.days / n_days * 12)
    people = people[people.days >= n_days / 12]  # less than a month says little of anybody
    if len(people) < ws.policy.report.suppress_below:
        return Missing("tenure", ("reps.hired_on",), "note.few_people")
    found = rank_correlation(people.tenure.to_numpy(dtype=float), people.each.to_numpy(dtype=float))
    frame, few = _groups(people, ws.policy.report.suppress_below)
    told = {"r": found.value, "low": found.low, "high": found.high, "n": len(people)}
    is_clear = not np.isnan(found.low) and (found.low > 0 or found.high < 0)
    which = ("more" if found.value > 0 else "less") if is_clear else "none"
    notes = [Finding("note.tenure", {"n": len(people)})]
    if few:
        notes.append(Finding("note.few_in_groups", {"n": few}))
    return Exhibit(
        "tenure", "intervals", frame, metric="productivity", findings=(Finding(f"tenure.{which}", told, "tenure_effect"),),
        units={"n": "count"}, window=window, sources=("order_lines", "reps"), notes=tuple(notes),
    )  # fmt: skip


def _groups(people: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    rows, few, middle = [], 0, float(people.each.mean())
    for low, high, label in TENURES:
        own = people[(people.tenure >= low) & (people.tenure < high)].each
        if len(own) < least:
            few += len(own)
            continue
        half = 1.959963984540054 * own.std(ddof=1) / np.sqrt(len(own))
        rows.append((label, own.mean(), max(own.mean() - half, 0.0), own.mean() + half, len(own), middle))
    return pd.DataFrame(rows, columns=["label", "value", "low", "high", "n", "base"]), few


class Ramp(NamedTuple):
    """A newcomer's share of the own settled level, by month of service; `people` counts who is in each month."""

    months: pd.DataFrame
    people: int
    young: int


def newcomers(ws: Workspace) -> Exhibit | Missing:
    """What newcomers sell in months 1, 2, … of service, as a share of what they sell once settled, against the policy's ramp.

    One row a month of service: `value` is the mean over people with its interval of 95 % (people drawn anew), `base` the
    policy's share of quota.
    """
    if absent := ws.facts.missing(*_NEEDS):
        return Missing("newcomers", absent)
    found = ramp(ws)
    least = ws.policy.report.suppress_below
    if found.people < least:
        return Missing("newcomers", ("reps.hired_on",), "note.few_newcomers")
    months = found.months[found.months.n >= least]
    early = months[months.base < 1]
    quicker = early[early.low > early.base]
    slower = early[early.high < early.base]
    there = months[months.high >= 1]
    told = {
        "n": found.people, "first": months.value.iloc[0], "asked": months.base.iloc[0], "quicker": len(quicker), "months": len(early),
        "slower": len(slower), "full": int(there.index[0]) + 1 if len(there) else 0,
    }  # fmt: skip
    which = (
        "no_policy"
        if early.empty
        else "quicker"
        if len(quicker) > len(slower)
        else "slower"
        if len(slower)
        else "alike"
    )
    tone = "bad" if which == "slower" else "neutral"
    frame = months.assign(label=[f"service_{n}" for n in range(1, len(months) + 1)])[
        ["label", "value", "low", "high", "n", "base"]
    ]
    return Exhibit(
        "newcomers", "intervals", frame.reset_index(drop=True), metric="newcomer_ramp", findings=(Finding(f"newcomers.{which}", told, "newcomer_ramp", tone),),
        units={"n": "count"}, sources=("order_lines", "reps"), notes=(Finding("note.newcomers", {"n": found.people, "young": found.young, "settled": RAMP_MONTHS}),),
    )  # fmt: skip


def ramp(ws: Workspace) -> Ramp:
    """Newcomers' sales by month of service, over the mean of settled people in the same month, over their own settled ratio.

    A newcomer joined on or after the first day loaded; whole months in post count, month 1 only where it was begun on its
    first day.  Who has fewer than `SETTLED_MONTHS` months after month `RAMP_MONTHS` is counted as `young` and left out.
    """
    ratios, rules = _ratios(ws), ws.policy.targets.ramp
    young = 0
    rows: list[NDArray[np.float64]] = []
    shares: list[list[float]] = []
    for _, own in ratios.groupby("rep_id"):
        by_month = own.set_index("served").ratio
        settled = by_month[by_month.index >= RAMP_MONTHS]
        if len(settled) < SETTLED_MONTHS or settled.mean() <= 0:
            young += 1
            continue
        rows.append((by_month.reindex(range(RAMP_MONTHS)) / settled.mean()).to_numpy(dtype=float))
        shares.append([rules.share(str(own.role.iloc[0]), n) for n in range(RAMP_MONTHS)])
    if not rows:
        return Ramp(pd.DataFrame(columns=["value", "low", "high", "n", "base"]), 0, young)
    table = np.array(rows)
    found = [_mean(table[:, n]) for n in range(RAMP_MONTHS)]
    months = pd.DataFrame(found, columns=["value", "low", "high"])
    months["n"], months["base"] = np.isfinite(table).sum(axis=0), np.array(shares).mean(axis=0)
    return Ramp(months, len(rows), young)


def _ratios(ws: Workspace) -> pd.DataFrame:
    """Each newcomer's sales of a month over the settled people's mean: rep_id, role, served, ratio."""
    last = ws.trailing().end
    first = ws.facts.query("SELECT CAST(MIN(dated_on) AS DATE) AS first_on FROM sales").first_on.iloc[0]
    first = pd.Timestamp(first).date()
    months: list[Period] = []
    month = ws.calendar.period_of(first, "month")
    while month.end <= last:
        months.append(month)
        month = ws.calendar.shift(month, 1)
    windows = {m.label: ws.calendar.days(m.start, m.end, True, m) for m in months}
    sold = measure(ws.facts, ["bookings"], windows, ["rep_id"]).dropna(subset=["rep_id"])
    days = daily_shares(ws, months[0].start, months[-1].end)
    days = days.groupby(["rep_id", "month"], as_index=False).agg(
        days=("days", "sum"),
        served=("served", "first"),
        role=("role", "first"),
        hired_on=("hired_on", "first"),
    )
    whole = days[days.days == days.month.map({m.label: (m.end - m.start).days + 1 for m in months})]
    found = whole.merge(sold, left_on=["rep_id", "month"], right_on=["rep_id", "window"], how="left").fillna(
        {"bookings": 0.0}
    )
    is_settled = found.served.isna() | (found.served >= 12 + RAMP_MONTHS)
    level = found[is_settled].groupby("month").bookings.mean()
    new = found[found.hired_on >= pd.Timestamp(months[0].start)]
    new = new.assign(
        ratio=new.bookings.astype(float) / new.month.map(level).astype(float), served=new.served.astype(int)
    )
    return new.dropna(subset=["ratio"])[["rep_id", "role", "served", "ratio"]]


def _mean(values: NDArray[np.float64]) -> Interval:
    """Mean over people and its interval, people drawn anew."""
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return Interval(float(known.mean()) if len(known) else np.nan, np.nan, np.nan)
    rng = np.random.default_rng(_SEED)
    drawn = known[rng.integers(0, len(known), (_RESAMPLES, len(known)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(known.mean()), float(low), float(high))
