"""Payments' facts from the tables: statements, what was earned in each, and who served."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.incentives import due_orders
from salesops_lib.incentives.due_lines import earned_lines
from salesops_lib.incentives.dues import Dues, Statement
from salesops_lib.incentives.facts import Case, cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

_EARNED = ["payee", "at", "plan", "component", "order_id", "line_id", "kind", "credited_on", "amount"]


def dues(ws: Workspace, through: Period, further: pd.DataFrame | None = None) -> Dues:
    """What is due under the policy's plans to the end of a period; see `payments.paid`."""
    months = _months(ws, through)
    every = ws.policy.incentives.payments.every
    statements, at_of = _statements(ws, months, every)
    found = [case for year in _years(ws, months) for case in cases(ws, year)]
    place = {month.label: n for n, month in enumerate(months)}
    rows = [_placed(case, place) for case in found]
    if further is not None and len(further):
        rows.append(_further(further, months, place))
    columns = [*_EARNED[:1], "number", *_EARNED[2:]]
    earned = pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)
    earned = earned.assign(at=np.array(at_of)[earned.number.to_numpy(dtype=int)] if len(earned) else 0)
    earned = earned[earned["at"] >= 0]
    people = _people(ws, found, months, at_of)
    _demand_targets(ws, people)
    return Dues(
        statements,
        earned[_EARNED].reset_index(drop=True),
        people,
        due_orders.progress(ws, earned),
        due_orders.holds(ws, earned),
        due_orders.losses(ws, earned),
        10**ws.policy.semantics.minor_digits,
    )


# ---- months, and what was earned in them ----


def _months(ws: Workspace, through: Period) -> list[Period]:
    """Months of the fiscal years that the plans and the data cover, to the last of the period."""
    starts = [plan.effective.start for plan in ws.policy.incentives.plans if plan.effective.start]
    if not starts:
        raise DataError("The policy pays nobody: incentives.plans is empty, so there is nothing to pay out.")
    sold = ws.facts.engine.rows("SELECT CAST(MIN(dated_on) AS DATE) AS day FROM sales")[0][0]
    first = ws.calendar.period_of(max([min(starts), *([sold] if sold else [])]), "month")
    if first.start > through.end:
        raise DataError(
            f"No plan pays anybody up to {through.label}: the first begins on {min(starts)}.\nName a later period."
        )
    months = [ws.calendar.months(ws.calendar.period_of(first.start, "year"))[0]]
    while months[-1].end < through.end:
        months.append(ws.calendar.shift(months[-1], 1))
    return months


def _statements(ws: Workspace, months: Sequence[Period], every: str) -> tuple[list[Statement], list[int]]:
    """Statements, and the position of the one that each month is in; −1 where it is not complete."""
    found: list[Statement] = []
    at_of: list[int] = []
    begun: list[Period] = []
    for month in months:
        begun.append(month)
        span = month if every == "month" else ws.calendar.period_of(month.end, every)
        if span.end == month.end:
            year = ws.calendar.period_of(month.end, "year").label
            found.append(Statement(month.label, begun[0].start, month.end, year, len(begun)))
            at_of += [len(found) - 1] * len(begun)
            begun = []
    return found, at_of + [-1] * len(begun)


def _years(ws: Workspace, months: Sequence[Period]) -> list[Period]:
    return list(dict.fromkeys(ws.calendar.period_of(month.end, "year") for month in months))


def _placed(case: Case, place: dict[str, int]) -> pd.DataFrame:
    """Movements of a case, with the number of their month among all of them."""
    n_months = sum(month.label in place for month in case.months)
    rows = earned_lines(case, n_months)
    return rows.assign(number=rows.month.astype(int) + place.get(case.months[0].label, 0))


def _further(rows: pd.DataFrame, months: Sequence[Period], place: dict[str, int]) -> pd.DataFrame:
    """Amounts that others earned for the payees, in the form of movements."""
    early = sorted({month for month in rows.month if month < months[0].label})
    if early:
        raise DataError(
            f"{', '.join(map(str, rows[rows.month == early[0]].component.unique()))} earned in {early[0]}, before the plans' "
            f"first month, {months[0].label}.\nBegin the plans earlier (effective.from)."
        )
    rows = rows[rows.month.isin(list(place))]  # what is later is not due yet
    ends = {month.label: month.end for month in months}
    found = rows.reindex(columns=["plan", "order_id", "line_id"]).astype(object).fillna("")
    found = found.assign(
        payee=rows.payee, component=rows.component, amount=rows.amount, number=rows.month.map(place)
    )
    found["kind"] = np.where(found.order_id == "", "", np.where(rows.amount < 0, "return", "order"))
    days = rows.credited_on if "credited_on" in rows else pd.Series(pd.NaT, index=rows.index)
    found["credited_on"] = pd.to_datetime(days).fillna(pd.to_datetime(rows.month.map(ends)))
    return found


# ---- people ----


def _people(
    ws: Workspace, found: Sequence[Case], months: Sequence[Period], at_of: Sequence[int]
) -> pd.DataFrame:
    """Each payee's months from the first one served; later ones, without service, too."""
    about = ws.facts.query("SELECT rep_id, hired_on, left_on FROM reps").set_index("rep_id")
    hired, left = (pd.to_datetime(about[name]) for name in ("hired_on", "left_on"))
    moves = _moves(ws)
    served, roles, targets = _served(found)
    rows = []
    for payee in sorted(served):
        role, target, has_begun = "", 0, False
        for number, (month, at) in enumerate(zip(months, at_of, strict=True)):
            has_begun |= month.label in served[payee]
            if not has_begun or at < 0:
                continue
            role = roles.get((payee, month.label), role)
            target = targets.get((payee, month.label), target)
            begun = hired.get(payee)
            moved = [day for day in moves.get(payee, ()) if day <= month.end]
            rows.append({
                "payee": payee, "at": at, "number": number, "role": role,
                "tenure": _since(begun, month.end) if begun is not None and not pd.isna(begun) else 0,
                "moved": _since(moved[-1], month.end) if moved else 0, "target": target,
                "served": served[payee].get(month.label, 0), "days": month.n_days,
                "left_on": left.get(payee, pd.NaT),
            })  # fmt: skip
    columns = ["payee", "at", "number", "role", "tenure", "moved", "target", "served", "days", "left_on"]
    people = pd.DataFrame(rows, columns=columns)
    _demand_hire_days(ws, people)
    return people


def _served(
    found: Sequence[Case],
) -> tuple[dict[str, dict[str, int]], dict[tuple[str, str], str], dict[tuple[str, str], int]]:
    """Days that payees served in each month, their last role in it and its target incentive."""
    served: dict[str, dict[str, int]] = {}
    roles: dict[tuple[str, str], str] = {}
    targets: dict[tuple[str, str], int] = {}
    latest: dict[tuple[str, str], date] = {}
    for case in found:
        target = dict(zip(case.history.payees, (int(value) for value in case.history.target), strict=True))
        for span in case.spans.itertuples():
            start, stop = span.start.date(), span.stop.date()
            for month in case.months:
                n_days = (min(stop, month.end) - max(start, month.start)).days + 1
                if n_days <= 0:
                    continue
                key = (str(span.rep_id), month.label)
                days = served.setdefault(key[0], {})
                days[month.label] = days.get(month.label, 0) + n_days
                if stop >= latest.get(key, date.min):
                    latest[key], roles[key], targets[key] = stop, str(span.role), target[key[0]]
    return served, roles, targets


def _moves(ws: Workspace) -> dict[str, list[date]]:
    """Days on which people changed team, region or role; the first place is no change."""
    places = ws.facts.query(
        "SELECT rep_id, team, region, role, CAST(valid_from AS DATE) AS valid_from FROM org "
        "WHERE valid_from IS NOT NULL ORDER BY rep_id, valid_from, team"
    )
    found: dict[str, list[date]] = {}
    former: tuple[str, ...] = ()
    for row in places.itertuples():
        here = tuple(str(value) for value in (row.rep_id, row.team, row.region, row.role))
        if former and here[0] == former[0] and here != former:
            found.setdefault(here[0], []).append(pd.Timestamp(row.valid_from).date())
        former = here
    return found


def _since(day: date | pd.Timestamp, end: date) -> int:
    """Months from the one of `day` to the one that ends on `end`, both counted.

    >>> _since(date(2025, 1, 31), date(2025, 3, 31))
    3
    """
    return (end.year - day.year) * 12 + end.month - day.month + 1


def _demand_hire_days(ws: Workspace, people: pd.DataFrame) -> None:
    """Refuse draws of people of whom nobody says when they began."""
    rules = ws.policy.incentives.payments
    roles = {role for draw in rules.draws for role in draw.roles}
    by_hire = any(guarantee.event == "hire" for guarantee in rules.guarantees)
    lacking = people[(people.tenure == 0) & (people.served > 0) & (by_hire | people.role.isin(roles))]
    if len(lacking):
        raise DataError(
            f"incentives.payments has draws or guarantees by months since hire, and {_named(lacking)} have no day of hire.\n"
            "Load reps.hired_on, or leave these roles out of the draws."
        )


def _demand_targets(ws: Workspace, people: pd.DataFrame) -> None:
    """Refuse multiples and shares of a target incentive that nobody stated."""
    rules = ws.policy.incentives.payments
    by_target = any(cap.times_target is not None for cap in rules.caps)
    by_target |= any(guarantee.of == "target" for guarantee in rules.guarantees)
    roles = {role for draw in rules.draws if draw.share_of_target is not None for role in draw.roles}
    lacking = people[(people.target == 0) & (people.served > 0) & (by_target | people.role.isin(roles))]
    if len(lacking):
        raise DataError(
            f"incentives.payments has caps, draws or guarantees by target incentive, and {_named(lacking)} have none.\n"
            "Load reps.target_variable, set target_incentive in the plan, or state an amount."
        )


def _named(people: pd.DataFrame) -> str:
    names = people.payee.unique()
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
