"""The frames that signals of gaming are read from, out of the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives.gaming import days_of, days_reached, pull_forward, sandbagging
from salesops_lib.metrics import Exhibit, Finding, Missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Scores beyond which a person is named: chance puts one of a thousand there.
NAMED_FROM = 3.09
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

    One row a person and signal, strongest first: `name`, `signal` (held_back or pulled_forward), `late_share`,
    `late_share_others`, `early_share`, `early_share_others`, `score`.  All complete quarters of the data are read.
    """
    if absent := ws.facts.missing("sales.rep_id"):
        return Missing("gaming", absent)
    days, quota = frames(ws)
    if days.empty:
        return Missing("gaming", ("sales.rep_id",), "note.nothing_in_period")
    scored = {"pulled_forward": pull_forward(days)}
    if not quota.empty:
        scored["held_back"] = sandbagging(days, days_reached(days, quota))
    frame = pd.concat([one.assign(signal=name) for name, one in scored.items()], ignore_index=True)
    frame = frame.sort_values("score", ascending=False, ignore_index=True).rename(columns={"payee": "name"})
    columns = [
        "name",
        "signal",
        "late_share",
        "late_share_others",
        "early_share",
        "early_share_others",
        "score",
    ]
    named = frame[frame.score > NAMED_FROM]
    return Exhibit(
        "gaming", "ranking", frame[columns],
        findings=tuple(
            Finding(f"gaming.{row.signal}", {"name": row.name_, "late": row.late_share, "late_others": row.late_share_others,
                    "early": row.early_share, "early_others": row.early_share_others}, tone="bad")
            for row in named.rename(columns={"name": "name_"}).itertuples()
        ) or (Finding("gaming.none", {"n": int(frame.name.nunique())}),),
        units={"name": "text", "signal": "text", "score": "score"}
        | {column: "ratio" for column in columns if "share" in column},
        sources=("order_lines", "targets") if not quota.empty else ("order_lines",),
        notes=(Finding("note.gaming_signal"),),
    )  # fmt: skip


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
