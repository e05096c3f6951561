"""The frames that signals of gaming are read from, out of the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives.gaming import days_of, days_reached, named, pull_forward, sandbagging
from salesops_lib.metrics import Exhibit, Finding, Missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_SOLD = """
SELECT rep_id AS payee, dated_on AS day, COUNT(DISTINCT order_id) AS n, CAST(SUM(net_amount) AS BIGINT) AS amount
FROM sales WHERE kind = 'order' AND rep_id IS NOT NULL AND dated_on BETWEEN ? AND ? GROUP BY rep_id, dated_on
"""
_QUOTAS = """
SELECT scope_id AS payee, period AS month, CAST(value AS DOUBLE) AS quota FROM (
  SELECT scope_id, period, value, ROW_NUMBER() OVER (PARTITION BY scope_id, period ORDER BY version DESC NULLS LAST) AS newest
  FROM targets WHERE scope_type = 'rep' AND measure = 'bookings') AS versions WHERE newest = 1
"""


def signals(ws: Workspace) -> Exhibit | Missing:
    """People whose sales look held back once quota is reached, or pulled into a quarter's last days.

    One row a person and signal, strongest first: `name`, `signal` (held_back or pulled_forward), orders `late`,
    `late_expected`, `early`, `early_expected`, `score`.  All complete quarters of the data are read.
    """
    if absent := ws.facts.missing("sales.rep_id"):
        return Missing("gaming", absent)
    days, quota = frames(ws)
    if days.empty:
        return Missing("gaming", ("sales.rep_id",), "note.nothing_in_period")
    rules = ws.policy.incentives.gaming
    scored = {"pulled_forward": pull_forward(days, last=rules.last_days)}
    if not quota.empty:
        scored["held_back"] = sandbagging(days, days_reached(days, quota), release=rules.release_days)
    frame = _ranked(scored)
    suspects = _ranked({name: named(one, rules.named_odds) for name, one in scored.items()})
    told = {"last_days": rules.last_days, "release_days": rules.release_days}
    columns = ["name", "signal", "late", "late_expected", "early", "early_expected", "score"]
    return Exhibit(
        "gaming", "ranking", frame[columns],
        findings=tuple(
            Finding(f"gaming.{row.signal}", told | {column: getattr(row, column) for column in ("payee", *columns[2:-1])}, tone="bad")
            for row in suspects.rename(columns={"name": "payee"}).itertuples()
        ) or (Finding("gaming.none", {"n": int(frame.name.nunique())}),),
        units={"name": "text", "signal": "text", "score": "score"}
        | dict.fromkeys(columns[2:-1], "count"),
        sources=("order_lines", "targets") if not quota.empty else ("order_lines",),
        notes=(Finding("note.gaming_signal", {"odds": rules.named_odds}),),
    )  # fmt: skip


def _ranked(scored: dict[str, pd.DataFrame]) -> pd.DataFrame:
    found = pd.concat([one.assign(signal=name) for name, one in scored.items()])
    return found.sort_values("score", ascending=False, ignore_index=True).rename(columns={"payee": "name"})


def frames(ws: Workspace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders by working day of their quarter (`days_of`), and quotas by payee and quarter, minor units."""
    span = ws.facts.query(
        "SELECT MIN(dated_on) AS first, MAX(dated_on) AS last FROM sales WHERE kind = 'order'"
    )
    if span["first"].isna().any():
        return pd.DataFrame(), pd.DataFrame()
    first = ws.calendar.period_of(pd.Timestamp(span["first"].item()).date(), "quarter")
    last = ws.calendar.period_of(min(pd.Timestamp(span["last"].item()).date(), ws.as_of), "quarter")
    if not ws.calendar.is_complete(last, ws.as_of):
        last = ws.calendar.shift(last, -1)
    if last.end < first.start:
        return pd.DataFrame(), pd.DataFrame()
    calendar = ws.calendar.frame(first.start, last.end).rename(
        columns={"date": "day", "fiscal_quarter": "period"}
    )
    sales = ws.facts.query(_SOLD, [first.start, last.end])
    days = days_of(
        sales.assign(day=pd.to_datetime(sales.day)), calendar.assign(day=pd.to_datetime(calendar.day))
    )
    place = {label: at for at, label in enumerate(calendar.period.drop_duplicates())}
    quarter = calendar.drop_duplicates("fiscal_period").set_index("fiscal_period").period.map(place)
    quota = (
        ws.facts.query(_QUOTAS)
        if ws.facts.has("targets")
        else pd.DataFrame(columns=["payee", "month", "quota"])
    )
    quota = quota.assign(period=quota.month.map(quarter)).dropna(subset=["period"])
    quota["quota"] = quota.quota * 10**ws.policy.semantics.minor_digits
    return days, quota.groupby(["payee", "period"], as_index=False).quota.sum()
