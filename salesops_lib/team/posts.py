"""Who is in post on which days, in which team, and how much of a full seller a newcomer counts for (M4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.workspace import Workspace

_EVER, _NEVER = pd.Timestamp("1900-01-01"), pd.Timestamp("2199-12-31")
#: What `spells` needs to know anybody at all.
NEEDS = ("reps",)


def spells(ws: Workspace) -> pd.DataFrame:
    """Days in post of everybody who sells: one row a person and unbroken place.

    Somebody is in post from the day of joining to the last day of service, both included; the place of a day is the
    latest one that had begun (as sales are dated to teams).  Who leads others and has no sale, deal or target of
    the own is no seller.

    Returns
    -------
    pd.DataFrame
        rep_id, name, role, hired_on, left_on (missing where not known), team, region, start, stop.
    """
    people = ws.facts.query("SELECT rep_id, name, role, hired_on, left_on FROM reps ORDER BY rep_id")
    people = people[people.rep_id.isin(_sellers(ws))]
    for day in ("hired_on", "left_on"):
        people[day] = pd.to_datetime(people[day])
    places = ws.facts.query("SELECT rep_id, team, region, valid_from FROM org ORDER BY rep_id, valid_from")
    places = places.assign(valid_from=pd.to_datetime(places.valid_from).fillna(_EVER))
    places = places.sort_values(["rep_id", "valid_from"]).drop_duplicates(
        ["rep_id", "valid_from"], keep="last"
    )
    places["until"] = places.groupby("rep_id").valid_from.shift(-1) - pd.Timedelta(days=1)
    is_first = ~places.rep_id.duplicated()
    found = people.merge(places.assign(is_first=is_first), on="rep_id", how="left")
    begins = found.valid_from.where(~found.is_first.eq(True), _EVER).fillna(_EVER)
    found["start"] = pd.concat([begins, found.hired_on.fillna(_EVER)], axis=1).max(axis=1)
    found["stop"] = pd.concat([found.until.fillna(_NEVER), found.left_on.fillna(_NEVER)], axis=1).min(axis=1)
    columns = ["rep_id", "name", "role", "hired_on", "left_on", "team", "region", "start", "stop"]
    return found.loc[found.start <= found.stop, columns].reset_index(drop=True)


def _sellers(ws: Workspace) -> set[str]:
    """Everybody but those who lead others and have nothing of their own."""
    own = ws.facts.query(
        "SELECT DISTINCT rep_id FROM (SELECT rep_id FROM sales UNION ALL SELECT rep_id FROM deals"
        " UNION ALL SELECT scope_id AS rep_id FROM targets WHERE scope_type = 'rep') AS named WHERE rep_id IS NOT NULL"
    )
    leads = ws.facts.query("SELECT DISTINCT manager_id FROM org WHERE manager_id IS NOT NULL")
    everybody = ws.facts.query("SELECT rep_id FROM reps")
    return set(everybody.rep_id) - (set(leads.manager_id) - set(own.rep_id))


def in_post(ws: Workspace, start: date, end: date, by: str = "") -> pd.DataFrame:
    """Average people in post and ramped full-time equivalents of a closed window of days.

    Parameters
    ----------
    by
        team, region or role for one row each; empty for one row of everybody.

    Returns
    -------
    pd.DataFrame
        `unit` (`total` for everybody), `people` (different persons), `average` (Σ days in post / days), `ramped`
        (Σ days × the policy's share of the month of service / days).
    """
    days = daily_shares(ws, start, end)
    n_days = (pd.Timestamp(end) - pd.Timestamp(start)).days + 1
    days = days.assign(unit=days[by] if by else "total", ramped=days.days * days.share)
    grouped = days.dropna(subset=["unit"]).groupby("unit")
    return pd.DataFrame(
        {
            "people": grouped.rep_id.nunique(),
            "average": grouped.days.sum() / n_days,
            "ramped": grouped.ramped.sum() / n_days,
        }
    ).reset_index()


def daily_shares(ws: Workspace, start: date, end: date) -> pd.DataFrame:
    """Days in post of each person, place and month of a closed window, and the month's share of a full quota.

    Columns rep_id, role, team, region, hired_on, month (label), days, served (months since joining; missing where
    not known), share.
    """
    own = spells(ws)
    ramp, rows = ws.policy.targets.ramp, []
    month = ws.calendar.period_of(start, "month")
    while month.start <= end:
        first, last = pd.Timestamp(max(month.start, start)), pd.Timestamp(min(month.end, end))
        there = own[(own.start <= last) & (own.stop >= first)]
        for person in there.itertuples():
            days = (min(person.stop, last) - max(person.start, first)).days + 1
            served = months_between(person.hired_on, month.start)
            rows.append(
                (person.rep_id, person.role, person.team, person.region, person.hired_on, month.label, days, served,
                 ramp.share(str(person.role), served))
            )  # fmt: skip
        month = ws.calendar.shift(month, 1)
    columns = ["rep_id", "role", "team", "region", "hired_on", "month", "days", "served", "share"]
    return pd.DataFrame(rows, columns=columns).astype({"days": "float64", "share": "float64"})


def months_between(hired_on: pd.Timestamp, first: date) -> int | None:
    """Calendar months from that of joining to the one that begins on `first`; None where joining is not known.

    >>> from datetime import date
    >>> months_between(pd.Timestamp("2025-01-15"), date(2025, 3, 1)), months_between(pd.NaT, date(2025, 3, 1))
    (2, None)
    """
    if pd.isna(hired_on):
        return None
    return (first.year - hired_on.year) * 12 + first.month - hired_on.month


def moves(ws: Workspace, start: date, end: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who joined, and who left, on the days of a closed window: rep_id, role, team, region, at."""
    own = spells(ws)
    first = own.sort_values("start").groupby("rep_id", as_index=False).first()
    last = own.sort_values("stop").groupby("rep_id", as_index=False).last()
    low, high = pd.Timestamp(start), pd.Timestamp(end)
    columns = ["rep_id", "role", "team", "region", "at"]
    joined = first[first.hired_on.between(low, high)].assign(at=lambda f: f.hired_on)
    # who serves to the last day of the window is in post on every day of it, and leaves with that day
    left = last[last.left_on.between(low, high)].assign(at=lambda f: f.left_on)
    return joined[columns].reset_index(drop=True), left[columns].reset_index(drop=True)
