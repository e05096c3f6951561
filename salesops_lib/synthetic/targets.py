"""Targets of company, regions, teams and people by month, each level over-assigned by policy.

Plans are made with hindsight so that attainment tells a story for every seed: the slowing
region clearly behind, one ahead, the company at 97 % in the last month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.company import N_MONTHS, OVER_ASSIGNMENT, REGIONS
from salesops_lib.synthetic.days import Days
from salesops_lib.synthetic.organisation import TEAMS, Organisation

#: (scope type, scope id, measure, month, whole yuan or count)
Row = tuple[str, str, str, int, int]


def split(total: int, weights: Sequence[float] | NDArray[np.float64]) -> list[int]:
    """`total` in whole parts proportional to `weights`, adding up exactly (largest remainders).

    Examples
    --------
    >>> split(100, [1, 1, 1])
    [34, 33, 33]
    """
    share = np.asarray(weights, dtype=float)
    exact = share / share.sum() * total
    parts = np.floor(exact).astype(np.int64)
    first = np.argsort(-(exact - parts), kind="stable")[: total - int(parts.sum())]
    parts[first] += 1
    return [int(p) for p in parts]


def bookings(
    days: Days,
    organisation: Organisation,
    by_team: NDArray[np.int64],
    by_rep: NDArray[np.int64],
    until_hold: Sequence[int],
) -> list[Row]:
    """Targets of bookings at every level.

    Parameters
    ----------
    by_team, by_rep
        Fen booked, [team, month] and [rep, month].
    until_hold
        Fen booked by the sandbagger in each quarter up to the day from which orders wait, or
        in the whole quarter where none wait; the quota is set so that it is reached then.
    """
    phase = days.monthly_plan()
    region_of = np.array([region for _, region in TEAMS])
    by_region = np.array([by_team[region_of == r].sum(axis=0) for r in range(len(REGIONS))])
    wanted = _wanted(phase, by_region)
    personal = _personal_weights(organisation, by_rep, phase)
    fixed = _sandbagger(phase, until_hold)
    rows: list[Row] = []
    for month in range(N_MONTHS):
        total = round(float(wanted[:, month].sum()) / OVER_ASSIGNMENT["region"] / 1e5) * 1000
        rows.append(("company", "company", "bookings", month, total))
        shares = split(_over(total, "region"), wanted[:, month])
        for r, region in enumerate(REGIONS):
            rows.append(("region", region.name, "bookings", month, shares[r]))
            teams = np.flatnonzero(region_of == r)
            year = slice(month // 12 * 12, month // 12 * 12 + 12)
            strength = 0.7 * by_team[teams, year].sum(axis=1) / by_team[teams, year].sum() + 0.3 / len(teams)
            parts = split(_over(shares[r], "team"), strength)
            for team, part in zip(teams, parts, strict=True):
                rows.append(("team", TEAMS[team][0], "bookings", month, part))
                rows.extend(_people(organisation, personal, fixed, int(team), month, _over(part, "rep")))
    return rows


def _over(total: int, level: str) -> int:
    return round(total * OVER_ASSIGNMENT[level])


def _wanted(phase: NDArray[np.float64], actual: NDArray[np.int64]) -> NDArray[np.float64]:
    """Fen wanted of each region and month: a year's bookings over its attainment, spread as planned."""
    wanted = np.empty(actual.shape)
    for year in range(len(company.YEARS)):
        months = slice(12 * year, 12 * year + 12)
        booked = actual[:, months].sum(axis=1)
        planned = {2023: 1.0, 2024: 0.985}.get(company.YEARS[year])
        attainment = np.array(
            [
                r.attainment[0] if planned is None else planned * (1.0 if r.attainment[0] > 1 else 0.98)
                for r in REGIONS
            ]
        )
        wanted[:, months] = (booked / attainment)[:, None] * (phase[months] / phase[months].sum())
    for r, region in enumerate(REGIONS):
        last = actual[r, -1] / region.attainment[1]
        wanted[r, -12:-1] *= (wanted[r, -12:].sum() - last) / wanted[r, -12:-1].sum()
        wanted[r, -1] = last
    return wanted


def _personal_weights(
    organisation: Organisation, by_rep: NDArray[np.int64], phase: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weight of each person and month within a team: own level of the year, half way to the mean."""
    weight = np.zeros(by_rep.shape)
    in_post = np.zeros(by_rep.shape, dtype=bool)
    for month in range(N_MONTHS):
        present = organisation.post[:, month]
        in_post[present[present >= 0], month] = True
    for year in range(len(company.YEARS)):
        months = slice(12 * year, 12 * year + 12)
        plan = (in_post[:, months] * phase[months]).sum(axis=1)
        level = np.divide(
            (by_rep[:, months] * in_post[:, months]).sum(axis=1),
            plan,
            out=np.zeros(len(plan)),
            where=plan > 0,
        )
        weight[:, months] = (0.5 * level + 0.5 * level[level > 0].mean())[:, None] * in_post[:, months]
    return weight


def _sandbagger(phase: NDArray[np.float64], until_hold: Sequence[int]) -> list[int]:
    """Whole yuan of quota of each month."""
    months: list[int] = []
    for quarter, fen in enumerate(until_hold):
        holds = quarter in company.HOLD_QUARTERS
        quota = int(fen * (0.99 if holds else 1.06) / 100)
        months += split(quota, phase[3 * quarter : 3 * quarter + 3])
    return months


def _people(
    organisation: Organisation,
    weight: NDArray[np.float64],
    fixed: Sequence[int],
    team: int,
    month: int,
    total: int,
) -> list[Row]:
    present = organisation.post[organisation.team[:, month] == team, month]
    present = present[present >= 0]
    others = [int(p) for p in present if p != organisation.sandbagger]
    known = (
        {organisation.sandbagger: min(fixed[month], total // 2)} if organisation.sandbagger in present else {}
    )
    parts = dict(zip(others, split(total - sum(known.values()), weight[others, month]), strict=True)) | known
    return [("rep", organisation.people[p].id, "bookings", month, parts[p]) for p in sorted(parts)]


def company_level(days: Days, measure: str, actual: NDArray[np.int64]) -> list[Row]:
    """Targets of one further measure: a year's actual over its attainment, spread as planned.

    `actual` is in whole yuan, or a count for `new_customers`.  The first customers of the
    data are not new ones, so that `new_customers` has targets from 2024 on.
    """
    phase = days.monthly_plan()
    rows: list[Row] = []
    for year, attainment in enumerate(company.COMPANY_ATTAINMENT[measure]):
        if measure == "new_customers" and year == 0:
            continue
        months = slice(12 * year, 12 * year + 12)
        unit = 1 if measure == "new_customers" else 1000
        values = split(round(int(actual[months].sum()) / attainment / unit), phase[months])
        rows += [
            ("company", "company", measure, 12 * year + m, value * unit) for m, value in enumerate(values)
        ]
    return rows


def next_year(days: Days, by_team: NDArray[np.int64]) -> list[Row]:
    """Bookings planned for the year after the data, of the company and each region.

    Last year's bookings of a region and a growth that all regions share, spread as last year's
    plan; January and February share alike, as the festival moves between them.
    """
    shape = days.monthly_plan()[-12:].copy()
    shape[:2] = shape[:2].mean()
    region_of = np.array([region for _, region in TEAMS])
    rows: list[Row] = []
    wanted = [
        round(int(by_team[region_of == r, -12:].sum()) * company.PLANNED_GROWTH / 1e5) * 1000
        for r in range(len(REGIONS))
    ]
    total = round(sum(wanted) / OVER_ASSIGNMENT["region"] / 1000) * 1000
    for month, value in enumerate(split(total, shape), start=N_MONTHS):
        rows.append(("company", "company", "bookings", month, value))
        shares = split(_over(value, "region"), wanted)
        rows += [
            ("region", region.name, "bookings", month, share)
            for region, share in zip(REGIONS, shares, strict=True)
        ]
    return rows


@dataclass(frozen=True)
class Revision:
    """A target that was another one before a review: its first value, when it was changed, by whom and why."""

    first: int
    approved_on: date
    approved_by: str = ""
    reason: str = ""


def revisions(rows: Sequence[Row], organisation: Organisation) -> dict[tuple[str, str, str, int], Revision]:
    """What the targets of 2025 were before its two reviews; `rows` are those in force at the end.

    The review of July moves a share of the first team's target to the second of the same region, people in proportion.
    That of November lowers one person's fourth quarter, of which October is over; nobody wrote who agreed, or why.
    """
    known = {row[:4]: row[4] for row in rows}
    found: dict[tuple[str, str, str, int], Revision] = {}
    giver, taker = TEAMS[0][0], TEAMS[1][0]
    told = (company.REVIEWED_ON, "director", "区域拆分 territory split")
    for month in range(company.REVIEWED_FROM, N_MONTHS):
        moved = round(known["team", giver, "bookings", month] * company.REVIEWED_SHARE)
        for team, sign in ((giver, 1), (taker, -1)):
            now = known["team", team, "bookings", month]
            first = now + sign * moved
            found["team", team, "bookings", month] = Revision(first, *told)
            people = [
                row
                for row in rows
                if row[3] == month and row[0] == "rep" and _team_of(organisation, row) == team
            ]
            parts = split(_over(first, "rep"), [row[4] for row in people])
            found |= {row[:4]: Revision(part, *told) for row, part in zip(people, parts, strict=True)}
    lowered = next(
        row[1]
        for row in rows
        if row[3] == N_MONTHS - 1 and row[0] == "rep" and _team_of(organisation, row) == company.EASED_TEAM
    )
    for month in range(N_MONTHS - 3, N_MONTHS):
        value = known.get(("rep", lowered, "bookings", month))
        if value is not None:
            found["rep", lowered, "bookings", month] = Revision(
                round(value / (1 - company.EASED_SHARE)), company.EASED_ON
            )
    return found


def _team_of(organisation: Organisation, row: Row) -> str:
    person = next(n for n, one in enumerate(organisation.people) if one.id == row[1])
    return TEAMS[_teams(organisation, person, row[3])][0]


def _teams(organisation: Organisation, person: int, month: int) -> int:
    return int(organisation.team[np.flatnonzero(organisation.post[:, month] == person)[0], month])
