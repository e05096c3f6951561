"""The largest changes of pay, line by line: which slice, rate, link or limit made the difference.

Pay to date is followed from nothing up to what was sold, under both plans, with a stop at every
edge of either; the steps between stops add up to the pay exactly, whatever the plans' modes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.history import MONTHS
from salesops_lib.incentives.pay import earned
from salesops_lib.metrics import Finding
from salesops_lib.replay.past import rows

if TYPE_CHECKING:
    from salesops_lib.incentives.history import Key
    from salesops_lib.policy import Policy
    from salesops_lib.policy.incentives import Component, Plan
    from salesops_lib.replay.paying import Played, Replayed, Side

_LETTERS = {"quarter": "Q", "half": "H"}


@dataclass(frozen=True)
class Change:
    """What one payee's component pays otherwise in one interval; months from `first` up to `last` are replayed."""

    played: Played
    component: str
    payee: int
    interval: str
    first: int
    last: int
    before: int
    after: int

    @property
    def difference(self) -> int:
        return self.after - self.before

    @property
    def period(self) -> str:
        past = self.played.past
        if self.interval == "year":
            return past.year
        if self.interval == "month":
            return past.history.months[self.first]
        return f"{past.year}-{_LETTERS[self.interval]}{self.first // MONTHS[self.interval] + 1}"


def largest(replayed: Replayed, at_most: int) -> list[Change]:
    """The changes of pay, largest first: payee × component × its interval."""
    found: list[Change] = []
    for played in replayed.played:
        for component in played.components:
            found += _changes(played, component, at_most)
    return sorted(found, key=_order)[:at_most]


def _order(change: Change) -> tuple[int, str, str, str]:
    return (
        -abs(change.difference),
        change.played.past.history.payees[change.payee],
        change.component,
        change.period,
    )


def _changes(played: Played, component: str, at_most: int) -> Iterator[Change]:
    """The largest changes of one component of a role's year."""
    interval = _interval(played, component)
    n, width = len(played.past.history.payees), MONTHS[interval]
    zeros = np.zeros((n, 12), dtype=np.int64)
    before, after = (
        np.where(played.past.kept, side.pay.get(component, zeros), 0).reshape(n, -1, width).sum(axis=2)
        for side in (played.before, played.after)
    )
    away = np.abs(after - before).ravel()
    chosen = np.argsort(-away, kind="stable")[:at_most]
    for payee, number in zip(*np.unravel_index(chosen, before.shape), strict=True):
        if before[payee, number] == after[payee, number]:
            continue
        months = number * width + np.flatnonzero(played.past.kept[number * width : (number + 1) * width])
        amounts = int(before[payee, number]), int(after[payee, number])
        yield Change(played, component, int(payee), interval, int(months[0]), int(months[-1]), *amounts)


def _interval(played: Played, component: str) -> str:
    """The interval that a component adds up within; the year where the policies differ."""
    found = {
        one.interval or side.plan.interval
        for side in (played.before, played.after)
        if side.plan
        for one in side.plan.components
        if one.id == component
    }
    return found.pop() if len(found) == 1 else "year"


def explained(replayed: Replayed, at_most: int) -> pd.DataFrame:
    """The largest changes, one row per line that makes them up.

    Columns rank, payee, role, component, period, line (a Finding), before, after, difference; the
    lines of a change add up to it, to the minor unit.
    """
    found = []
    for rank, change in enumerate(largest(replayed, at_most), start=1):
        past = change.played.past
        told = {"rank": rank, "payee": past.history.payees[change.payee], "role": past.role,
                "component": change.component, "period": change.period}  # fmt: skip
        for line, before, after in _lines(replayed, change):
            found.append(
                {**told, "line": line, "before": before, "after": after, "difference": after - before}
            )
    columns = ["rank", "payee", "role", "component", "period", "line", "before", "after", "difference"]
    return pd.DataFrame(found, columns=columns)


def _lines(replayed: Replayed, change: Change) -> Iterator[tuple[Finding, int, int]]:
    """The lines of a change: slices of the measure, then links, then the highest pay."""
    sides = ((change.played.before, replayed.old), (change.played.after, replayed.new))
    parts = [_component(side.plan, change.component) for side, _ in sides]
    if None in parts:
        which = "replay.component_dropped" if parts[1] is None else "replay.component_added"
        yield Finding(which, {"component": change.component}), change.before, change.after
        return
    path = _path(change, sides, [part for part in parts if part])
    if path is None:
        yield (
            Finding("replay.component_changed", {"component": change.component}),
            change.before,
            change.after,
        )
        return
    key, levels = path
    walks = [_walk(change, side, policy, key, levels) for side, policy in sides]
    yield from _steps(change, key, levels, walks)
    begins = [int(walk[0][0]) for walk in walks]
    if begins[0] != begins[1]:
        yield Finding("replay.nothing_sold", {}), begins[0], begins[1]
    for which, upper, lower in (("replay.links", 1, 0), ("replay.limit", 2, 1)):
        before, after = (int(walk[upper][-1] - walk[lower][-1]) for walk in walks)
        if before != after:
            yield Finding(which, {"component": change.component}), before, after
    earlier = [
        int(walk[2][-1]) - whole for walk, whole in zip(walks, (change.before, change.after), strict=True)
    ]
    if earlier[0] != earlier[1]:
        yield Finding("replay.before_span", {"period": change.period}), -earlier[0], -earlier[1]


def _steps(
    change: Change, key: Key, levels: list[int], walks: list[list[NDArray[np.int64]]]
) -> Iterator[tuple[Finding, int, int]]:
    """The slices that differ, and the jumps at edges; a step of one unit without a jump counts with the next slice."""
    quota = _quota(change, change.played.after, key)
    history = change.played.after.history
    unit, places = (quota, 4) if quota else (history.parts.get(key[0], 1), 2)
    is_money = history.parts.get(key[0], 1) == history.minor
    bare = [walk[0].tolist() for walk in walks]
    start = 0
    for n, (low, high) in enumerate(pairwise(levels)):
        is_edge = abs(high - low) == 1
        if is_edge and n + 2 < len(levels) and all(abs(pay[n + 1] - pay[n]) < history.minor for pay in bare):
            continue
        before, after = (pay[n + 1] - pay[start] for pay in bare)
        width, start, begins = high - levels[start], n + 1, levels[start]
        if before == after:
            continue
        values = {"measure": key[0], "low": round(begins / unit, places), "high": round(high / unit, places)}
        if is_edge:
            yield Finding("replay.jump" if quota else "replay.jump_units", values), before, after
        elif is_money:
            rates = {"old_rate": before / width, "new_rate": after / width}
            yield (
                Finding("replay.slice" if quota else "replay.slice_units", {**values, **rates}),
                before,
                after,
            )
        else:
            yield (
                Finding("replay.slice_count" if quota else "replay.slice_count_units", values),
                before,
                after,
            )


def _component(plan: Plan | None, id: str) -> Component | None:
    return next((one for one in plan.components if one.id == id), None) if plan else None


def _path(
    change: Change, sides: tuple[tuple[Side, Policy], ...], parts: list[Component]
) -> tuple[Key, list[int]] | None:
    """The measure to be followed and its stops, or None where pay follows none."""
    keys = {_followed(part, side) for part, (side, _) in zip(parts, sides, strict=True)}
    intervals = {
        part.interval or side.plan.interval for part, (side, _) in zip(parts, sides, strict=True) if side.plan
    }
    key = keys.pop()
    if keys or key is None or len(intervals) > 1:
        return None
    first = change.first - change.first % MONTHS[change.interval]
    sold = {int(side.history.of(key)[change.payee, first : change.last + 1].sum()) for side, _ in sides}
    if len(sold) > 1:  # credited otherwise
        return None
    x = sold.pop()
    stops = {0, x}
    for part, (side, _) in zip(parts, sides, strict=True):
        stops |= {
            stop
            for stop in _stops(part, _quota(change, side, key), side.history.parts.get(key[0], 1))
            if 0 < stop < x
        }
    return key, sorted(stops, reverse=x < 0)


def _followed(part: Component, side: Side) -> Key | None:
    """The measure that a component's pay follows."""
    if part.kind in ("flat", "scored") or (part.kind == "tiered" and part.mode == "per_transaction"):
        return None
    measure = part.rows.measure if part.kind == "matrix" else part.measure
    key = (measure, part.credit)
    return key if key in side.history.actual else (measure, "direct")


def _stops(part: Component, quota: int, parts: int) -> Iterator[int]:
    """The first whole number on each edge and the one below, so that a jump there is a step of its own."""
    unit = quota
    match part.kind:
        case "tiered":
            edges = [tier.start for tier in part.tiers]
            unit = parts if part.basis == "amount" else quota
        case "curve":
            edges = [edge for edge, _ in part.points]
        case "matrix":
            edges = list(part.rows.points)
        case "unit_rate":
            edges = [part.from_attainment]
        case _:
            edges = []
    for edge in edges:
        on = -int(-edge * unit // 1)
        yield from (on - 1, on)


def _quota(change: Change, side: Side, key: Key) -> int:
    """The quota that a payee is held against in the last month replayed of the interval."""
    quota = side.history.quota.get(key)
    if quota is None or side.plan is None:
        return 0
    sum_up = side.history.whole if side.plan.quota_of == "interval" else side.history.to_date
    return int(sum_up(quota[[change.payee]], change.interval)[0, change.last])


def _walk(change: Change, side: Side, policy: Policy, key: Key, levels: list[int]) -> list[NDArray[np.int64]]:
    """Pay to date at each stop: of the bare component, with its links, and with its highest pay."""
    assert side.plan is not None
    history = rows(replace(side.history, lines={}), [change.payee] * len(levels))
    months = np.array(history.actual[key])
    first = change.first - change.first % MONTHS[change.interval]
    months[:, first : change.last + 1] = 0
    months[:, first] = levels
    history = replace(history, actual={**history.actual, key: months})
    part = next(one for one in side.plan.components if one.id == change.component)
    free = part.model_copy(update={"at_most": None})
    plans = (
        side.plan.model_copy(update={"components": (free,), "links": ()}),
        side.plan.model_copy(update={"components": (free,)}),
        side.plan.model_copy(update={"components": (part,)}),
    )
    rules, zero = policy.incentives.rules, policy.semantics.zero_quota
    return [earned(plan, rules, history, zero_quota=zero).to_date[part.id][:, change.last] for plan in plans]
