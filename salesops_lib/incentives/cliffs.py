"""Cliffs of a plan: where one more minor unit of a measure makes pay jump, and how steep pay is between them.

They are found with the pay engine itself, on a made-up person: the median quota and target incentive
of the plan's people.  Each edge that a component or a link of it names is tried from just below; all
else stands as the plan wants it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.history import MONTHS, History, Key, Lines
from salesops_lib.incentives.pay import earned
from salesops_lib.metrics import Finding

if TYPE_CHECKING:
    from salesops_lib.policy.incentives import Component, PayRules, Plan

Of = Literal["attainment", "value"]
Edge = tuple[str, Of, Decimal]

#: All else stands here, in quotas, unless a link asks for more or for less: well above target, so
#: that tiers that a hurdle opens there are worth something.
_WELL_ABOVE = Decimal("1.2")
#: Denominator of a measure that is a quotient, fine enough for any edge of six decimals.
_FINE = 10**9
#: Parts of a quota that a marginal rate is measured over.
_STEPS = 1000
#: The last tier has no end: its rate is measured over so much of a quota, in parts of it.
_BEYOND = 5


@dataclass(frozen=True)
class Typical:
    """A made-up person of a plan: annual quotas and target incentive are the medians of its people."""

    plan: Plan
    rules: PayRules
    history: History
    quota: dict[Key, int]
    target: int

    @classmethod
    def of(cls, plan: Plan, rules: PayRules, history: History) -> Typical:
        quota = {key: _median(values.sum(axis=1)) for key, values in history.quota.items()}
        return cls(plan, rules, history, quota, _median(history.target))


def _median(values: NDArray[np.int64]) -> int:
    """The median of what is more than zero, rounded to two figures or more so that shares of it are whole."""
    found = values[values > 0]
    if not len(found):
        return 0
    middle = int(np.median(found.astype(np.float64)))
    unit = 10 ** max(0, len(str(middle)) - 3)
    return round(middle / unit) * unit


def cliffs(typical: Typical) -> pd.DataFrame:
    """The edges at which pay of an interval jumps by a currency unit or more.

    Returns
    -------
    pd.DataFrame
        One row an edge of a component: `component`, `measure`, `unit` and `edge` (attainment, ratio, quantity, or
        money in minor units), `jump` (minor units), `months` (of target incentive, missing without one).
    """
    rows = []
    for component in typical.plan.components:
        for measure, of, edge in dict.fromkeys(edges(typical.plan, component)):
            jump = _jump(typical, component, (measure, of, edge))
            if abs(jump) >= typical.history.minor:
                months = jump / (typical.target / 12) if typical.target else float("nan")
                rows.append((component.id, measure, *_in_units(typical, measure, of, edge), jump, months))
    found = pd.DataFrame(rows, columns=["component", "measure", "unit", "edge", "jump", "months"])
    return found.astype({"edge": "float64", "jump": "int64", "months": "float64"})


def rates(typical: Typical) -> pd.DataFrame:
    """Marginal rates of components that have a quota: 1 is the component's pay at target for each unit of the quota.

    Returns
    -------
    pd.DataFrame
        One row a stretch between edges: `component`, `start`, `end` (attainment; the last has no end), `rate`.
    """
    rows = [
        (component.id, *stretch)
        for component in typical.plan.components
        if component.kind not in ("flat", "scored")
        for stretch in _rates(typical, component)
    ]
    found = pd.DataFrame(rows, columns=["component", "start", "end", "rate"])
    return found.astype(dict.fromkeys(("start", "end", "rate"), "float64"))


def in_words(found: pd.DataFrame) -> list[Finding]:
    """The measure and edge of each row of `cliffs`, in its unit."""
    return [
        Finding(f"edge.{row.unit}", {"measure": row.measure, "edge": row.edge}) for row in found.itertuples()
    ]


def edges(plan: Plan, component: Component) -> Iterator[Edge]:
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


def _in_units(typical: Typical, measure: str, of: Of, edge: Decimal) -> tuple[str, float]:
    if of == "attainment":
        return of, float(edge)
    if measure in typical.history.ratios:
        return "ratio", float(edge)
    parts = typical.history.parts.get(measure, 1)
    return ("money", float(edge * parts)) if parts > 1 else ("quantity", float(edge))


def _jump(typical: Typical, component: Component, edge: Edge) -> int:
    """How much more pay changes at an edge than just below or just above it."""
    unit = _unit(typical, component, edge[0], edge[1])
    at = int(edge[2] * unit)
    if unit <= 0 or at < 3:
        return 0
    steps = np.diff(_paid_at(typical, component, edge[0], np.arange(at - 2, at + 4)))
    inner, sides = steps[1:-1], np.stack([steps[:-2], steps[2:]])
    jumps = inner - np.clip(inner, sides.min(axis=0), sides.max(axis=0))
    return int(jumps[np.abs(jumps).argmax()])


def _rates(typical: Typical, component: Component) -> Iterator[tuple[float, float, float]]:
    """Stretches between the edges of a component's measure, each with its rate."""
    measure = component.measure
    quota = _unit(typical, component, measure, "attainment")
    if quota <= 0:
        return
    found = [
        int(edge * _unit(typical, component, measure, of))
        for name, of, edge in edges(typical.plan, component)
        if name == measure
    ]
    bounds = sorted({0, quota, *found})
    bounds.append(bounds[-1] + quota // _BEYOND)
    step = max(1, quota // _STEPS)
    points = [quota, *((low + high) // 2 + more for low, high in pairwise(bounds) for more in (0, step))]
    at_target, *pay = _paid_at(typical, component, measure, np.array(points)).tolist()
    if at_target <= 0:
        return
    ends = [bound / quota for bound in bounds[:-1]] + [float("nan")]
    for start, end, low, high in zip(ends[:-1], ends[1:], pay[::2], pay[1::2], strict=True):
        yield start, end, (high - low) / step / (at_target / quota)


def _unit(typical: Typical, component: Component, measure: str, of: Of) -> int:
    """What an edge of 1 is, in the whole numbers of the measure."""
    if of == "value":
        return _FINE if measure in typical.history.ratios else typical.history.parts.get(measure, 1)
    quota = typical.quota.get((measure, component.credit), typical.quota.get((measure, "direct"), 0))
    return quota * _months(typical, component) // 12


def _months(typical: Typical, component: Component) -> int:
    return MONTHS[component.interval or typical.plan.interval]


def _paid_at(
    typical: Typical, component: Component, measure: str, levels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Pay of a component for an interval in which a measure ends at each of `levels`."""
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
        actual[key] = first(levels if key[0] == measure else int(amount))
    ratios = {
        name: (first(levels if name == measure else int(_wanted(plan, name, "value") * _FINE)), first(_FINE))
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
    return earned(alone, typical.rules, history, zero_quota="zero").to_date[component.id][:, -1]


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
