"""Deals as they were seen on the days of a grid: what odds learn from, and are told for.

A row is an open deal at the close of a day, with what was known of it then.  What is known only once
a deal is decided (its loss reason, the rival that won it, the amount of a system that writes it at
closing) is never a column.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.pipeline.as_of import KNOWN, origins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.workspace import Workspace

#: Years that odds look back: what is older says little of how the company sells now.
YEARS = 3
#: Deals that odds learn from at most; of more a sample is drawn by their ids.
MOST_DEALS = 12_000
#: Times that a deal should be seen on its way.
_SIGHTS = 3
#: Weeks between two days of the grid at most.
_MOST_WEEKS = 4
#: Products that are told apart at most; of more their category is taken.
_MOST_PRODUCTS = 60
#: What a row tells of a deal, besides whose it is and what became of it.
GROUPS = ("rep_id", "region", "segment", "product", "source")
NUMBERS = ("stage_days", "age_days", "log_amount", "n_pushes", "days_to_close", "quarter_days_left")


#: Fields that a history may tell → the column that says them.
_TOLD_BY = {"amount": "log_amount", "expected_close_on": "days_to_close", "stage": "stage"}
OUTCOME = ["decided_on", "won", "final"]
#: Month ends that what is told now is told as of, and the time since the report before.
MONTHS_BACK = 12
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Seen:
    """What was seen of deals.

    Attributes
    ----------
    past
        Rows of the grid, of a `share` of all deals.
    now
        All open deals of the last day.
    then
        All deals that were open at the ends of past months and a week ago.
    left_out
        Fields that no history tells: the present value would say what became of the deal.
    """

    past: pd.DataFrame
    now: pd.DataFrame
    then: pd.DataFrame
    left_out: tuple[str, ...]
    share: float = 1.0


def seen(ws: Workspace, day: date) -> Seen:
    """Deals of the last three years on a grid of days up to `day`, and those open on it.

    Returns
    -------
    Seen
        Columns of its frames: deal, day, stage (id of the policy), GROUPS, NUMBERS, amount (minor units), and of the
        past decided_on, won, final (amount at last), which are empty while a deal is open on `day`.
    """
    told = origins(ws)
    left_out = tuple(f for f in ("stage", "amount", "expected_close_on") if told[f] == "present")
    first = day - timedelta(days=round(365.25 * YEARS))
    share = _share(ws, first, day)
    past = _rows(ws, _grid(ws, first, day), created_from=first, share=share)
    now = _rows(ws, [day])
    then = _rows(ws, _then(ws, day))
    past, now, then = (_features(ws, frame, day) for frame in (past, now, then))
    gone = [
        _TOLD_BY[field] for field in left_out
    ]  # today's stage is known, and all that the policy's odds need
    if "expected_close_on" in left_out:
        gone.append("n_pushes")
    return Seen(
        past.drop(columns=gone),
        now.drop(columns=[*OUTCOME, *(g for g in gone if g != "stage")]),
        then.drop(columns=gone),
        left_out,
        share,
    )


def _then(ws: Workspace, day: date) -> list[date]:
    month = ws.calendar.last_complete(day)
    ends = [ws.calendar.shift(month, -back).end for back in range(1, MONTHS_BACK + 1)]
    return sorted({*ends, day - WEEK})


def day_of(ws: Workspace) -> date:
    """The day that the pipeline is looked at: the period's last, or the last one loaded."""
    return min(ws.window.end, ws.as_of)


def _share(ws: Workspace, first: date, day: date) -> float:
    found = ws.facts.query(
        "SELECT COUNT(*) AS n FROM deals WHERE created_on BETWEEN ? AND ?", [first, day]
    ).n.item()
    return min(1.0, MOST_DEALS / found) if found else 1.0


def _grid(ws: Workspace, first: date, day: date) -> list[date]:
    """Days a whole number of weeks before `day`, so far apart that a deal is seen about three times."""
    life = ws.facts.query(
        "SELECT CAST(quantile_cont(date_diff('day', created_on, closed_on), 0.5) AS DOUBLE) AS life FROM deals "
        "WHERE outcome IN ('won', 'lost') AND created_on >= ? AND closed_on <= ?",
        [first, day],
    ).life.item()
    weeks = 1 if pd.isna(life) else int(np.clip(life / _SIGHTS / 7, 1, _MOST_WEEKS))
    return [day - timedelta(weeks=weeks * i) for i in range((day - first).days // (7 * weeks) + 1)]


def _rows(
    ws: Workspace, days: Sequence[date], *, created_from: date | None = None, share: float = 1.0
) -> pd.DataFrame:
    """Deals open at the close of each day; a sample of them by their ids where `share` is below 1."""
    grid = ", ".join(f"(DATE '{day}')" for day in days)
    where, values = "", []
    if created_from is not None:
        where, values = " AND s.created_on >= ?", [created_from]
    if share < 1:
        where += f" AND md5(s.opportunity_id) < '{_threshold(share)}'"
    columns = "d.segment, d.category, d.product_id, d.source, d.outcome AS decided, d.closed_on AS decided_on, d.amount AS final"
    return ws.facts.query(
        "SELECT s.opportunity_id AS deal, g.seen_on AS day, s.created_on, s.stage, s.entered_on, s.amount, s.expected_close_on, "
        f"s.n_pushes, s.rep_id, s.region, {', '.join(f's.{known}' for known in KNOWN.values())}, {columns} "
        f"FROM (SELECT * FROM (VALUES {grid}) AS days(seen_on)) AS g "
        "JOIN deal_states AS s ON s.valid_from <= g.seen_on AND s.valid_to > g.seen_on "
        "JOIN deals AS d ON d.opportunity_id = s.opportunity_id "
        f"WHERE s.outcome = 'open' AND s.created_on <= g.seen_on{where} ORDER BY day, deal",
        values,
    )


def _threshold(share: float) -> str:
    """The md5 below which `share` of all ids lie.

    >>> _threshold(0.5)
    '80000000'
    """
    return f"{min(int(share * 16**8), 16**8 - 1):08x}"


def _features(ws: Workspace, found: pd.DataFrame, last: date) -> pd.DataFrame:
    dates = {
        name: pd.to_datetime(found[name])
        for name in ("day", "created_on", "entered_on", "expected_close_on", "decided_on")
    }
    known = {field: found[column].to_numpy(bool) for field, column in KNOWN.items()}
    stages = {
        name: s.id if (s := ws.policy.process.stage(name)) else name for name in found.stage.dropna().unique()
    }
    amount = found.amount.astype(float).where(found.amount > 0)
    decided = dates["decided_on"].where(
        found.decided.isin(["won", "lost"]) & (dates["decided_on"] <= pd.Timestamp(last))
    )
    many = found.product_id.nunique() > _MOST_PRODUCTS
    ends = {day: ws.calendar.period_of(day.date(), "quarter").end for day in dates["day"].unique()}
    return pd.DataFrame(
        {
            "deal": found.deal,
            "day": dates["day"],
            "stage": found.stage.map(stages).where(known["stage"]),
            "rep_id": found.rep_id,
            "region": found.region,
            "segment": found.segment,
            "product": found.category if many else found.product_id,
            "source": found.source,
            "stage_days": (dates["day"] - dates["entered_on"]).dt.days,
            "age_days": (dates["day"] - dates["created_on"]).dt.days,
            "log_amount": np.log(amount.where(known["amount"])),
            "n_pushes": found.n_pushes.astype(float),
            "days_to_close": (dates["expected_close_on"] - dates["day"]).dt.days.where(
                known["expected_close_on"]
            ),
            "quarter_days_left": (pd.to_datetime(dates["day"].map(ends)) - dates["day"]).dt.days,
            "amount": amount,
            "decided_on": decided,
            "won": (found.decided == "won").where(decided.notna()),
            "final": found.final.astype(float).where(decided.notna()),
        }
    )
