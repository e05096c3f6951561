"""What people in some roles did and were asked for in a window of days: what contests and awards rank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.incentives import crediting
from salesops_lib.incentives.exact import quotient
from salesops_lib.incentives.facts import days_served, stays, targets_of
from salesops_lib.metrics import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

ATTAINMENT, VALUE = "attainment", "value"


@dataclass(frozen=True)
class Standings:
    """The people who take part, and what they did day by day; all amounts are whole numbers.

    Attributes
    ----------
    people
        One row a person: payee, role (the last one in the window), asked (of the days served), tenure
        (full months of service at its end), stays (whether still serving on its last day), days (served).
    daily
        What was credited directly: payee, day, done, per (what a ratio is held against; else absent).
    parts
        Parts of a unit that `done` and `asked` are counted in.
    zero_quota
        What a quota of zero means: no attainment (undefined), one of 0 (zero), or of 1 (full).
    """

    people: pd.DataFrame
    daily: pd.DataFrame
    parts: int = 100
    zero_quota: str = "undefined"

    @property
    def is_ratio(self) -> bool:
        return "per" in self.daily

    def reached(self, by: str) -> dict[str, Fraction | None]:
        """Each person's attainment, or value in whole units; None where there is none.

        >>> people = pd.DataFrame({"payee": ["ann", "bob"], "asked": [200, 0]})
        >>> daily = pd.DataFrame({"payee": ["ann", "ann"], "day": [1, 2], "done": [100, 50]})
        >>> Standings(people, daily).reached("attainment")
        {'ann': Fraction(3, 4), 'bob': None}
        """
        summed = self.daily.groupby("payee").sum(numeric_only=True)
        done = {payee: int(value) for payee, value in summed.done.items()}
        held = {payee: int(value) for payee, value in summed.per.items()} if self.is_ratio else {}
        found: dict[str, Fraction | None] = {}
        for payee, asked in sorted(zip(self.people.payee, self.people.asked, strict=True)):
            did = done.get(payee, 0)
            if by == ATTAINMENT:
                found[payee] = Fraction(did, int(asked)) if asked > 0 else self._without_quota()
            elif self.is_ratio:
                found[payee] = Fraction(did, held[payee]) if held.get(payee, 0) > 0 else None
            else:
                found[payee] = Fraction(did, self.parts)
        return found

    def _without_quota(self) -> Fraction | None:
        return {"zero": Fraction(0), "full": Fraction(1)}.get(self.zero_quota)

    def reached_on(self, payee: str) -> date | None:
        """The first day on which what a person had done was at least what it is at the end."""
        own = self.daily[self.daily.payee == payee].sort_values("day", kind="stable")
        running = own.groupby("day").done.sum().cumsum()
        if running.empty:
            return None
        there: date = running.index[(running >= running.iloc[-1]).argmax()]
        return there


def standings(
    ws: Workspace, roles: Sequence[str], measure: str, start: date, end: date, *, by: str
) -> Standings:
    """The standings of people in `roles` from `start` to `end`, both included.

    Only what is credited directly counts, on the days that people serve in the roles; quotas are those
    of their months, by days where `payments.absence` says so.

    Raises
    ------
    DataError
        If the measure cannot be credited, less of it is better, attainment is asked of a ratio or of parts of months, or the
        store holds one person's or unit's data only.
    """
    demand_everybody(ws)
    metric = REGISTRY.get(measure)
    is_ratio = metric is not None and metric.quotient is not None
    if metric is not None and metric.good < 0:
        raise DataError(
            f"Of {measure} less is better, and the most of it would win.\nRank by another measure."
        )
    if by == ATTAINMENT and is_ratio:
        raise DataError(f"{measure} is a ratio, of which there is no quota.\nWrite rank_by: value.")
    spans = stays(ws, roles, start, end)
    halves = ("numerator", "denominator")
    found = [_daily(ws, f"{measure}:{half}", spans, start, end) for half in halves] if is_ratio else []
    if is_ratio:
        daily = found[0].merge(found[1].rename(columns={"done": "per"}), on=["payee", "day"], how="outer")
        daily = daily.assign(done=daily.done.fillna(0).astype(int), per=daily.per.fillna(0).astype(int))
    else:
        daily = _daily(ws, measure, spans, start, end)
    people = _people(ws, spans, end)
    asked = np.zeros(len(people), dtype=np.int64)
    if by == ATTAINMENT:
        asked = _asked(ws, measure, spans, people.payee.tolist(), _months(ws, start, end))
    return Standings(
        people.assign(asked=asked), daily, crediting.parts_of(ws, measure), ws.policy.semantics.zero_quota
    )


def demand_everybody(ws: Workspace) -> None:
    """Refuse a store of one person's or unit's data: places and budgets depend on the others'."""
    if ws.facts.scope:
        raise DataError(
            f"Places and budgets need everybody's sales, and this store holds those of {ws.facts.scope} only.\n"
            "Compute spiffs, contests and awards for the whole company, and show each person the own result."
        )


def _people(ws: Workspace, spans: pd.DataFrame, end: date) -> pd.DataFrame:
    """One row a person who serves in the window."""
    last = spans.sort_values(["rep_id", "start"]).groupby("rep_id", as_index=False).last()
    days = ((spans.stop - spans.start).dt.days + 1).groupby(spans.rep_id).sum()
    about = ws.facts.query("SELECT rep_id, hired_on FROM reps").set_index("rep_id").hired_on
    hired = pd.to_datetime(about.reindex(last.rep_id))
    return pd.DataFrame({
        "payee": last.rep_id, "role": last.role,
        "tenure": [pd.NA if pd.isna(day) else _full_months(day.date(), end) for day in hired],
        "stays": (last.stop >= pd.Timestamp(end)).to_numpy(), "days": days.reindex(last.rep_id).to_numpy(),
    }).astype({"tenure": "Int64"})  # fmt: skip


def _full_months(day: date, end: date) -> int:
    """Months that are over since `day`, the last day included.

    >>> _full_months(date(2025, 1, 1), date(2025, 3, 31)), _full_months(date(2025, 1, 2), date(2025, 3, 31))
    (3, 2)
    """
    following = pd.Timestamp(end) + pd.Timedelta(days=1)
    months = 12 * (following.year - day.year) + following.month - day.month
    return max(months - (following.day < day.day), 0)


def _daily(ws: Workspace, measure: str, spans: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    if spans.empty:
        return pd.DataFrame({"payee": [], "day": [], "done": np.zeros(0, dtype=np.int64)})
    served = ", ".join("(CAST(? AS VARCHAR), CAST(? AS DATE), CAST(? AS DATE))" for _ in range(len(spans)))
    found = ws.facts.query(
        "SELECT c.payee, c.credited_on AS day, CAST(SUM(c.amount) AS BIGINT) AS done "
        f"FROM ({crediting.statement(ws, measure, start, end)}) AS c JOIN (VALUES {served}) AS s(payee, start, stop) "
        "ON s.payee = c.payee AND c.credited_on BETWEEN s.start AND s.stop WHERE c.credit = 'direct' "
        "GROUP BY c.payee, c.credited_on ORDER BY c.payee, c.credited_on",
        [v for s in spans.itertuples() for v in (s.rep_id, s.start.date(), s.stop.date())],
    )
    return found.assign(day=pd.to_datetime(found.day).dt.date)


def _months(ws: Workspace, start: date, end: date) -> list[Period]:
    """The months of a window; targets are monthly, so it holds whole ones only."""
    months = [ws.calendar.period_of(start, "month")]
    while months[-1].end < end:
        months.append(ws.calendar.shift(months[-1], 1))
    if months[0].start != start or months[-1].end != end:
        raise DataError(
            f"Quotas are monthly, and {start} to {end} are no whole months, so there is no attainment.\n"
            f"Let the window run from {months[0].start} to {months[-1].end}, or write rank_by: value."
        )
    return months


def _asked(
    ws: Workspace, measure: str, spans: pd.DataFrame, payees: list[str], months: list[Period]
) -> np.ndarray:
    own = targets_of(ws, "rep", measure, months)
    asked = np.array([[own.get((payee, n), 0) for n in range(len(months))] for payee in payees])
    asked = asked.reshape(len(payees), len(months)).astype(np.int64)
    served = days_served(spans, payees, months)
    if ws.policy.incentives.payments.absence == "quota_and_target":
        asked = quotient(asked, served, np.array([[month.n_days for month in months]]))
    else:
        asked = np.where(served > 0, asked, 0)
    return asked.sum(axis=1)
