"""The frames that signals of gaming are read from, out of the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.incentives.gaming import (
    days_of,
    days_reached,
    last_days,
    named,
    pull_forward,
    sandbagging,
)
from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import wilson
from salesops_lib.metrics.goals import newest_targets

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_SOLD = """
SELECT rep_id AS payee, dated_on AS day, COUNT(DISTINCT order_id) AS n, CAST(SUM(net_amount) AS BIGINT) AS amount
FROM sales WHERE kind = 'order' AND rep_id IS NOT NULL AND dated_on BETWEEN ? AND ? GROUP BY rep_id, dated_on
"""


def signals(ws: Workspace) -> Exhibit | Missing:
    """People whose sales look held back once quota is reached, or pulled into a quarter's last days.

    One row a person named and signal, strongest first: `name`, `signal` (held_back or pulled_forward), orders `late`,
    `late_expected`, `early`, `early_expected`, `p_value` (of anybody standing out
    as much by chance, rounded up).  All complete quarters of the
    data are read.  Nobody else is listed: a score below the policy's odds says nothing about a person.
    """
    if absent := ws.facts.missing("sales.rep_id"):
        return Missing("gaming", absent)
    scores = scored(ws)
    if all(one.empty for one in scores.values()):
        return Missing("gaming", ("sales.rep_id",), "note.nothing_in_period")
    rules = ws.policy.incentives.gaming
    suspects = pd.concat([named(one, rules.named_odds).assign(signal=name) for name, one in scores.items()])
    suspects = suspects.sort_values("p_value", ignore_index=True)
    suspects["p_value"] = np.ceil(suspects.p_value * 1000).clip(lower=1) / 1000
    told = {"last_days": rules.last_days, "release_days": rules.release_days}
    columns = ["late", "late_expected", "early", "early_expected", "p_value"]
    listed = suspects.assign(
        name=suspects.payee, signal=[Finding("value.label", {"value": one}) for one in suspects.signal]
    )
    n = len(set().union(*(one.payee for one in scores.values())))
    return Exhibit(
        "gaming", "ranking", listed[["name", "signal", *columns]],
        findings=tuple(
            Finding(f"gaming.{row.signal}", told | {column: getattr(row, column) for column in ("payee", *columns)}, tone="bad")
            for row in suspects.itertuples()
        ) or (Finding("gaming.none", {"n": n}),),
        units={"name": "text", "signal": "text", "p_value": "ratio"} | dict.fromkeys(columns[:-1], "count"),
        sources=("order_lines", "targets") if "held_back" in scores else ("order_lines",),
        notes=(Finding("note.gaming_signal", {"odds": rules.named_odds}),),
    )  # fmt: skip


def company(ws: Workspace) -> Exhibit | Missing:
    """The share of all orders that come in the last working days of each complete quarter, against evenly spread ones."""
    if absent := ws.facts.missing("sales.rep_id"):
        return Missing("last_days", absent)
    days, _, quarters = frames(ws)
    if days.empty:
        return Missing("last_days", ("sales.rep_id",), "note.nothing_in_period")
    last = ws.policy.incentives.gaming.last_days
    found = last_days(days, last=last)
    shares = [wilson(row.late, row.n) for row in found.itertuples()]
    frame = pd.DataFrame(shares).assign(
        label=[quarters[period] for period in found.period], base=found.even, n=found.n
    )
    total = found.sum()
    told = {"last_days": last, "n": len(found), "share": total.late / total.n, "amount": total.late_amount / total.amount,
            "even": (found.even * found.n).sum() / total.n}  # fmt: skip
    return Exhibit(
        "last_days", "intervals", frame[["label", "value", "low", "high", "base", "n"]],
        findings=(Finding("gaming.last_days", told),), sources=("order_lines",),
        units=dict.fromkeys(("value", "low", "high", "base"), "ratio"), notes=(Finding("note.last_days"),),
    )  # fmt: skip


def scored(ws: Workspace) -> dict[str, pd.DataFrame]:
    """Signal → score of each person (`pull_forward`, `sandbagging`); holding back where there are quotas to hold back from."""
    days, quota, _ = frames(ws)
    if days.empty:
        return {}
    rules = ws.policy.incentives.gaming
    found = {"pulled_forward": pull_forward(days, last=rules.last_days)}
    if not quota.empty:
        found["held_back"] = sandbagging(days, days_reached(days, quota), release=rules.release_days)
    return found


def frames(ws: Workspace) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Orders by working day of their quarter (`days_of`), quotas by payee and quarter (minor units), labels of quarters."""
    span = ws.facts.query(
        "SELECT MIN(dated_on) AS first, MAX(dated_on) AS last FROM sales WHERE kind = 'order'"
    )
    if span["first"].isna().any():
        return pd.DataFrame(), pd.DataFrame(), []
    first = ws.calendar.period_of(pd.Timestamp(span["first"].item()).date(), "quarter")
    last = ws.calendar.period_of(min(pd.Timestamp(span["last"].item()).date(), ws.as_of), "quarter")
    if not ws.calendar.is_complete(last, ws.as_of):
        last = ws.calendar.shift(last, -1)
    if last.end < first.start:
        return pd.DataFrame(), pd.DataFrame(), []
    calendar = ws.calendar.frame(first.start, last.end).rename(
        columns={"date": "day", "fiscal_quarter": "period"}
    )
    sales = ws.facts.query(_SOLD, [first.start, last.end])
    days = days_of(
        sales.assign(day=pd.to_datetime(sales.day)), calendar.assign(day=pd.to_datetime(calendar.day))
    )
    place = {label: at for at, label in enumerate(calendar.period.drop_duplicates())}
    quarter = calendar.drop_duplicates("fiscal_period").set_index("fiscal_period").period.map(place)
    quota = newest_targets(ws, "rep", ["bookings"]).rename(columns={"scope_id": "payee", "value": "quota"})
    quota = quota.assign(period=quota.period.map(quarter)).dropna(subset=["period"])
    quota["quota"] = quota.quota * 10**ws.policy.semantics.minor_digits
    return days, quota.groupby(["payee", "period"], as_index=False).quota.sum(), list(place)
