"""Cliffs of plans: where one more minor unit of a measure makes pay jump, in money.

They are found with the pay engine itself, on a made-up person of each role: its median quota and
target incentive.  Each edge that a component or a link of it names is tried from just below; all
else stands as the plan wants it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.history import MONTHS, History, Key, Lines
from salesops_lib.incentives.pay import earned
from salesops_lib.replay.past import plan_for, with_target

if TYPE_CHECKING:
    from salesops_lib.policy import Policy
    from salesops_lib.policy.incentives import Component, Plan
    from salesops_lib.replay.past import Past
    from salesops_lib.replay.paying import Replayed

Of = Literal["attainment", "value"]
Edge = tuple[str, Of, Decimal]

#: All else stands here, in quotas, unless a link asks for more or for less: well above target, so
#: that tiers that a hurdle opens there are worth something.
_WELL_ABOVE = Decimal("1.2")
#: Denominator of a measure that is a quotient, fine enough for any edge of six decimals.
_FINE = 10**9
#: Parts of a quota that a marginal rate is measured over.
_STEPS = 1000


@dataclass(frozen=True)
class Typical:
    """A made-up person of a role: annual quotas and target incentive are the role's medians."""

    role: str
    plan: Plan
    policy: Policy
    quota: dict[Key, int]
    target: int
    history: History

    @classmethod
    def of(cls, pasts: Sequence[Past], plan: Plan, policy: Policy) -> Typical:
        """The person of a role's latest year."""
        past = max(pasts, key=lambda past: past.start)
        history = with_target(past.history, plan)
        quota = {key: _median(values.sum(axis=1)) for key, values in history.quota.items()}
        return cls(past.role, plan, policy, quota, _median(history.target), history)


def _median(values: NDArray[np.int64]) -> int:
    """The median of what is more than zero, rounded to two figures or more so that shares of it are whole."""
    found = values[values > 0]
    if not len(found):
        return 0
    middle = int(np.median(found.astype(np.float64)))
    unit = 10 ** max(0, len(str(middle)) - 3)
    return round(middle / unit) * unit


def cliffs(replayed: Replayed) -> pd.DataFrame:
    """One row per edge at which pay jumps under either policy.

    Columns role, component, measure, of, edge, before, after (the jump under each policy, missing
    where it has none), months (the larger, in months of target incentive) and change: added,
    removed, larger, smaller or same.
    """
    key = ["role", "component", "measure", "of", "edge"]
    sides = {
        name: pd.DataFrame(_of_policy(replayed, policy), columns=[*key, name, "months"]).drop_duplicates(key)
        for name, policy in (("before", replayed.old), ("after", replayed.new))
    }
    both = sides["before"].merge(sides["after"], on=key, how="outer", suffixes=("", "_after"))
    months = both[["months", "months_after"]].astype(float).abs().max(axis=1)
    change = [_change(a, b) for a, b in zip(both.before, both.after, strict=True)]
    found = both[[*key, "before", "after"]].assign(months=months, change=change)
    return found.sort_values(["months", *key], ascending=[False, *[True] * len(key)], ignore_index=True)


def steepest(replayed: Replayed, policy: Policy) -> float:
    """The largest marginal rate of a component, in multiples of its pay per unit at target; missing without one."""
    found = [
        multiple
        for typical in _plans(replayed, policy)
        for component in typical.plan.components
        for multiple in _rates(typical, component)
    ]
    return max(found, default=float("nan"))


def _change(before: float, after: float) -> str:
    if pd.isna(before) or pd.isna(after):
        return "added" if pd.isna(before) else "removed"
    return "same" if before == after else "larger" if abs(after) > abs(before) else "smaller"


def _plans(replayed: Replayed, policy: Policy) -> Iterator[Typical]:
    """Each role with a plan, once, by its latest year."""
    for role in dict.fromkeys(played.past.role for played in replayed.played):
        pasts = [played.past for played in replayed.played if played.past.role == role]
        plan = plan_for(policy, max(pasts, key=lambda past: past.start))
        if plan is not None and any(len(past.history.payees) for past in pasts):
            yield Typical.of(pasts, plan, policy)


def _of_policy(replayed: Replayed, policy: Policy) -> Iterator[tuple[str, str, str, str, float, int, float]]:
    for typical in _plans(replayed, policy):
        least = typical.history.minor  # a jump of less than one currency unit is none
        for component in typical.plan.components:
            for measure, of, edge in dict.fromkeys(_edges(typical.plan, component)):
                jump = _jump(typical, component, (measure, of, edge))
                if abs(jump) >= least:
                    months = jump / (typical.target / 12) if typical.target else float("nan")
                    yield typical.role, component.id, measure, of, float(edge), jump, months


def _edges(plan: Plan, component: Component) -> Iterator[Edge]:
    """Where a component, or a link of it, changes."""
    match component.kind:
        case "tiered" if component.mode != "per_transaction":
            by_amount = component.basis == "amount" and component.tier_measure is None
            measure = component.tier_measure or component.measure
            yield from (
                (measure, "value" if by_amount else "attainment", tier.start)
                for tier in component.tiers
                if tier.start
            )
        case "curve":
            yield from ((component.measure, "attainment", edge) for edge, _ in component.points if edge)
        case "matrix":
            for axis in (component.rows, component.columns):
                yield from ((axis.measure, "attainment", edge) for edge in axis.points if edge)
        case "unit_rate" if component.from_attainment:
            yield component.measure, "attainment", component.from_attainment
    for link in plan.links:
        if link.applies_to and component.id not in link.applies_to:
            continue
        if link.kind == "modifier":
            yield from ((link.measure, link.of, step.start) for step in link.steps)
            continue
        bounds = (link.require.at_least, link.require.at_most)
        yield from ((link.require.measure, link.require.of, bound) for bound in bounds if bound is not None)


def _jump(typical: Typical, component: Component, edge: Edge) -> int:
    """How much more pay changes at an edge than just below or just above it."""
    unit = _unit(typical, component, edge[0], edge[1])
    at = int(edge[2] * unit)
    if unit <= 0 or at < 3:
        return 0
    pay = paid_at(typical, component, edge[:2], np.arange(at - 2, at + 4))
    steps = np.diff(pay)
    inner, sides = steps[1:-1], np.stack([steps[:-2], steps[2:]])
    jumps = inner - np.clip(inner, sides.min(axis=0), sides.max(axis=0))
    return int(jumps[np.abs(jumps).argmax()])


def _rates(typical: Typical, component: Component) -> Iterator[float]:
    """Marginal rates between the edges of a component, in multiples of pay per unit at target."""
    if component.kind in ("flat", "scored"):
        return
    where: tuple[str, Of] = (component.measure, "attainment")
    quota = _unit(typical, component, *where)
    step = max(1, quota // _STEPS)
    edges = sorted(
        {
            Decimal(0),
            Decimal(1),
            *(edge for measure, of, edge in _edges(typical.plan, component) if (measure, of) == where),
        }
    )
    middles = [(low + high) / 2 for low, high in pairwise([*edges, edges[-1] + Decimal("0.2")])]
    if quota <= 0:
        return
    points = [quota, *(int(middle * quota) + more for middle in middles for more in (0, step))]
    at_target, *pay = paid_at(typical, component, where, np.array(points)).tolist()
    if at_target > 0:
        yield from (
            (high - low) / step / (at_target / quota) for low, high in zip(pay[::2], pay[1::2], strict=True)
        )


def _unit(typical: Typical, component: Component, measure: str, of: Of) -> int:
    """What an edge of 1 is, in the whole numbers of the measure."""
    if of == "value":
        return _FINE if measure in typical.history.ratios else typical.history.parts.get(measure, 1)
    return _quota(typical, component, measure) * _months(typical, component) // 12


def _quota(typical: Typical, component: Component, measure: str) -> int:
    return typical.quota.get((measure, component.credit), typical.quota.get((measure, "direct"), 0))


def _months(typical: Typical, component: Component) -> int:
    return MONTHS[component.interval or typical.plan.interval]


def paid_at(
    typical: Typical, component: Component, where: tuple[str, Of], levels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Pay of a component for an interval in which the measure of `where` ends at each of `levels`."""
    plan, n_months, n = typical.plan, _months(typical, component), len(levels)

    def first(values: Any) -> NDArray[np.int64]:
        table = np.zeros((n, n_months), dtype=np.int64)
        table[:, 0] = values
        return table

    quota = {key: amount * n_months // 12 for key, amount in typical.quota.items()}
    actual: dict[Key, NDArray[np.int64]] = {}
    for key in typical.history.actual:
        held = quota.get(key, quota.get((key[0], "direct"), 0))
        aims = {of: _wanted(plan, key[0], of) for of in ("attainment", "value")}
        amount = aims["attainment"] * held if held else aims["value"] * typical.history.parts.get(key[0], 1)
        actual[key] = first(levels if key[0] == where[0] else int(amount))
    ratios = {
        name: (first(levels if name == where[0] else int(_wanted(plan, name, "value") * _FINE)), first(_FINE))
        for name in typical.history.ratios
    }
    history = History(
        payees=[str(number) for number in range(n)],
        months=[str(number) for number in range(n_months)],
        actual=actual,
        quota={key: first(amount) for key, amount in quota.items()},
        target=np.full(n, typical.target, dtype=np.int64),
        parts=typical.history.parts,
        ratios=ratios,
        scores={card: np.full((n, n_months), 100 * 100) for card in typical.history.scores},
        lines={
            key: Lines(np.arange(n), np.zeros(n, dtype=np.int64), values[:, 0])
            for key, values in actual.items()
        },
        minor=typical.history.minor,
    )
    alone = plan.model_copy(update={"components": (component,)})
    return earned(alone, typical.policy.incentives.rules, history, zero_quota="zero").to_date[component.id][
        :, -1
    ]


def _wanted(plan: Plan, measure: str, of: str) -> Decimal:
    """Where a measure stands that is not the one tried: where every link that reads it is content."""
    least, most = (_WELL_ABOVE if of == "attainment" else Decimal(0)), None
    for link in plan.links:
        if link.kind == "modifier":
            if (link.measure, link.of) == (measure, of):
                least = max(least, link.steps[-1].start)
        elif (link.require.measure, link.require.of) == (measure, of):
            least = max(least, link.require.at_least or Decimal(0))
            most = link.require.at_most if link.require.at_most is not None else most
    return least if most is None else min(least, most)
