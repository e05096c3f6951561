"""From facts to what is replayed: each role's people, months, credits and quotas in each fiscal year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.errors import DataError
from salesops_lib.incentives.history import History, Key
from salesops_lib.metrics import REGISTRY, measure
from salesops_lib.periods import Window
from salesops_lib.replay.past import Past

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.policy import Policy
    from salesops_lib.policy.incentives import Plan
    from salesops_lib.workspace import Workspace

#: Quotients that links may read: what they are made of.
_QUOTIENTS = {"margin_rate": ("gross_margin", "bookings")}
_EVER, _NEVER = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01")
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

    Pasts without people are left out.

    Raises
    ------
    DataError
        If the store lacks people, sales by person or targets.
    """
    if absent := ws.facts.missing(*NEEDS):
        raise DataError(
            f"A replay needs {', '.join(absent)}, which nothing is loaded for. Add the files with `salesops add FILE…`."
        )
    roles = dict.fromkeys(role for plan in plans for role in plan.roles)
    measures = _measures(plans)
    people = ws.facts.query(
        "SELECT rep_id, role, hired_on, left_on, target_variable FROM reps ORDER BY rep_id"
    )
    return [
        past
        for year in _years(ws, window)
        for past in _of_year(ws, policy, window, year, people, list(roles), measures)
    ]


def _years(ws: Workspace, window: Window) -> Iterator[Period]:
    year = ws.calendar.period_of(window.start, "year")
    while year.start <= window.end:
        yield year
        year = ws.calendar.shift(year, 1)


def _of_year(
    ws: Workspace,
    policy: Policy,
    window: Window,
    year: Period,
    people: pd.DataFrame,
    roles: Sequence[str],
    measures: list[str],
) -> Iterator[Past]:
    months = ws.calendar.months(year)
    labels = [month.label for month in months]
    served, days = _served(people, months)
    frame = measure(
        ws.facts,
        measures,
        {month.label: Window(month.start, month.end, 0, is_complete=True) for month in months},
        by=["rep_id"],
    )
    direct = {name: _table(frame, name, people.rep_id, labels) for name in measures}
    quotas = _quotas(ws, people.rep_id, labels)
    above = _managers(ws, people.rep_id, year, policy.incentives.crediting.roll_up_levels)
    actual: dict[Key, NDArray[np.int64]] = {}
    quota: dict[Key, NDArray[np.int64]] = {}
    for name, values in direct.items():
        actual |= {(name, "direct"): values, (name, "roll_up"): above @ values}
        if name in quotas:
            quota |= {(name, "direct"): quotas[name], (name, "roll_up"): above @ quotas[name]}
    kept = np.array([month.start >= window.start and month.end <= window.end for month in months])
    for role in roles:
        at = np.flatnonzero((people.role == role).to_numpy() & (served[:, kept].sum(axis=1) > 0))
        if not len(at):
            continue
        history = History(
            payees=people.rep_id.iloc[at].tolist(), months=labels,
            actual={key: values[at] for key, values in actual.items()},
            quota={key: values[at] for key, values in quota.items()},
            target=people.target_variable.fillna(0).astype("int64").to_numpy()[at],
            served=served[at], days=days[at],
            parts={name: 100 if REGISTRY[name].unit == "money" else 1 for name in measures},
            ratios={name: (direct[top][at], direct[bottom][at]) for name, (top, bottom) in _QUOTIENTS.items() if {top, bottom} <= set(direct)},
        )  # fmt: skip
        yield Past(role, year.label, year.start, year.end, history, kept)


def _measures(plans: Sequence[Plan]) -> list[str]:
    """What the plans pay for, without quotients."""
    named = {"bookings", "gross_margin"}
    for plan in plans:
        named |= {component.measure for component in plan.components}
    return sorted(name for name in named if name not in _QUOTIENTS)


def _table(frame: pd.DataFrame, name: str, people: pd.Series, labels: list[str]) -> NDArray[np.int64]:
    wide = frame.dropna(subset=["rep_id"]).pivot_table(
        index="rep_id", columns="window", values=name, aggfunc="sum"
    )
    return wide.reindex(index=people, columns=labels).fillna(0).astype("int64").to_numpy()


def _quotas(ws: Workspace, people: pd.Series, labels: list[str]) -> dict[str, NDArray[np.int64]]:
    frame = ws.facts.query(
        "SELECT measure, scope_id AS rep_id, period AS window, value FROM targets WHERE scope_type = 'rep'"
    )
    found = {}
    for name, rows in frame.groupby("measure"):
        parts = 100 if name in REGISTRY and REGISTRY[str(name)].unit == "money" else 1
        found[str(name)] = _table(
            rows.assign(value=(rows.value.astype(float) * parts).round()), "value", people, labels
        )
    return found


def _served(people: pd.DataFrame, months: Sequence[Period]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Days that each served in each month, and days of each month."""
    hired = pd.to_datetime(people.hired_on.fillna(_EVER)).to_numpy()[:, None]
    left = pd.to_datetime(people.left_on.fillna(_NEVER)).to_numpy()[:, None]
    starts = np.array([np.datetime64(month.start) for month in months])
    ends = np.array([np.datetime64(month.end) for month in months])
    days = ((ends - starts) / np.timedelta64(1, "D")).astype("int64") + 1
    span = (np.minimum(left, ends) - np.maximum(hired, starts)) / np.timedelta64(1, "D")
    return np.maximum(span.astype("int64") + 1, 0), np.broadcast_to(days, span.shape)


def _managers(ws: Workspace, people: pd.Series, year: Period, levels: int) -> NDArray[np.int64]:
    """1 where the person of a row stands, up to `levels`, above that of a column at the end of the year."""
    frame = ws.facts.query(
        "SELECT rep_id, manager_id FROM org WHERE COALESCE(valid_from, DATE '1900-01-01') <= ?"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY rep_id ORDER BY valid_from DESC NULLS LAST, team, region) = 1",
        [year.end],
    )
    at = {person: n for n, person in enumerate(people)}
    step = np.zeros((len(people), len(people)), dtype=np.int64)
    for person, manager in frame.itertuples(index=False):
        if person in at and manager in at:
            step[at[manager], at[person]] = 1
    total, power = np.zeros_like(step), np.eye(len(people), dtype=np.int64)
    for _ in range(levels):
        power = step @ power
        total += power
    return total
