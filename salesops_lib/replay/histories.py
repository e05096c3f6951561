"""From facts to what is replayed: each role's people, months, credits and quotas in each fiscal year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.errors import DataError
from salesops_lib.incentives import facts
from salesops_lib.periods import Window
from salesops_lib.policy.values import Span
from salesops_lib.replay.past import Past

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.policy import Policy
    from salesops_lib.policy.incentives import Plan
    from salesops_lib.workspace import Workspace

#: What cost is held against, whatever the plans pay for.
_SALES = ("bookings", "direct")
NEEDS = ("reps.role", "sales.rep_id", "targets")


def span(ws: Workspace, policy: Policy, since: str = "") -> Window:
    """The days that are replayed: from the policy, or the fiscal year of the period and the one before.

    Parameters
    ----------
    since
        The first period, instead; the last one is always the workspace's.

    Raises
    ------
    DataError
        If they begin after they end.
    """
    first = ws.calendar.shift(ws.calendar.period_of(ws.period.end, "year"), -1).start
    last = ws.period.end
    if since:
        first = ws.calendar.parse(since).start
    elif policy.replay.history is not None:
        first = policy.replay.history.start
        last = min(last, policy.replay.history.end or last)
    if first > last:
        raise DataError(
            f"The history to be replayed begins on {first} and ends on {last}. Name an earlier first period."
        )
    is_over = ws.calendar.is_complete(ws.period, ws.as_of)
    return Window(first, last, ws.calendar.working_days(first, last), is_over, ws.period.label)


def histories(ws: Workspace, policy: Policy, window: Window, plans: Sequence[Plan]) -> list[Past]:
    """Each role that one of `plans` pays, in each fiscal year of `window`, credited as `policy` says.

    A history holds what any of the role's plans needs, as each may be played on it.  Pasts without people are left out.

    Raises
    ------
    DataError
        If the store lacks people, sales by person or targets, or what a plan pays for.
    """
    if absent := ws.facts.missing(*NEEDS):
        raise DataError(
            f"A replay needs {', '.join(absent)}, which nothing is loaded for. Add the files with `salesops add FILE…`."
        )
    under = replace(ws, policy=policy)
    found = []
    for year in _years(ws, window):
        months = ws.calendar.months(year)
        kept = np.array([month.start >= window.start and month.end <= window.end for month in months])
        for role in dict.fromkeys(role for plan in plans for role in plan.roles):
            case = facts.case(under, _together(plans, role, year), year, also=[_SALES])
            if case is not None:
                found.append(Past(role, year.label, year.start, year.end, case.history, kept))
    return found


def _together(plans: Sequence[Plan], role: str, year: Period) -> Plan:
    """One plan of a role and year that asks for all that its plans ask for."""
    own = [plan for plan in plans if role in plan.roles]
    targets = {plan.target_incentive for plan in own}
    return own[0].model_copy(
        update={
            "roles": (role,),
            "effective": Span.model_validate({"from": year.start, "to": year.end}),
            "components": tuple(dict.fromkeys(part for plan in own for part in plan.components)),
            "links": tuple(dict.fromkeys(link for plan in own for link in plan.links)),
            "target_incentive": None if None in targets else own[0].target_incentive,
        }
    )


def _years(ws: Workspace, window: Window) -> Iterator[Period]:
    year = ws.calendar.period_of(window.start, "year")
    while year.start <= window.end:
        yield year
        year = ws.calendar.shift(year, 1)
