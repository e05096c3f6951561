"""The tests that a policy carries, run through the pay engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.errors import DataError
from salesops_lib.incentives.exact import whole
from salesops_lib.incentives.history import MONTHS, History, Key, Lines
from salesops_lib.incentives.pay import DIRECT, earned

if TYPE_CHECKING:
    from salesops_lib.policy.incentives import Component, Plan
    from salesops_lib.policy.model import Policy
    from salesops_lib.policy.plan_tests import PlanTest

#: Where a case states no amounts: large enough that a share has ten places.
_QUOTA = 10**12
_TARGET = Decimal(10**10)
_N_MONTHS = 12


@dataclass(frozen=True)
class Outcome:
    """What a plan's test came to; `said` names what went wrong, and is empty for a test that holds."""

    name: str
    number: int
    said: str = ""


def run(policy: Policy) -> list[Outcome]:
    """Each test of `policy.tests`, in their order.

    Examples
    --------
    >>> from salesops_lib import policy
    >>> run(policy.load())
    []
    """
    return [Outcome(test.name, n, _fault(policy, test)) for n, test in enumerate(policy.tests)]


def _fault(policy: Policy, test: PlanTest) -> str:
    plan = next(plan for plan in policy.incentives.plans if plan.id == test.plan)
    chosen = [c for c in plan.components if test.component in (None, c.id)]
    minor = 10**policy.semantics.minor_digits
    target = test.given.target_incentive or plan.target_incentive or _TARGET
    bonus = sum((_bonus(plan, component, target * minor) for component in chosen), Fraction(0))
    if test.expect.share is not None:
        expected = bonus * Fraction(test.expect.share)
        if bonus == 0:
            return "expects a share of a target incentive that its components do not have; write pay"
    else:
        expected = Fraction(test.expect.pay or 0) * minor
    try:
        found = earned(
            plan.model_copy(update={"components": tuple(chosen)}),
            policy.incentives.rules,
            _history(test, chosen, target, minor),
            zero_quota="zero",
        )
    except DataError as problem:
        return f"leaves something out: {str(problem).splitlines()[0]}"
    paid = sum(int(found.to_date[component.id][0, -1]) for component in chosen)
    if abs(paid - expected) <= Fraction(1, 2) * len(chosen):  # each component is rounded once
        return ""
    if test.expect.share is not None:
        return f"pays {float(paid / bonus):.4%} of target instead of {float(test.expect.share):.4%}"
    return f"pays {paid / minor:,.2f} instead of {float(expected) / minor:,.2f}"


def _bonus(plan: Plan, component: Component, target: Decimal) -> Fraction:
    """Target bonus of a component for one interval, in minor units."""
    interval = component.interval or plan.interval
    return Fraction(target) * Fraction(component.weight) * Fraction(MONTHS[interval], 12)


def _history(test: PlanTest, chosen: list[Component], target: Decimal, minor: int) -> History:
    """One person whose interval is the case; what it does not say of a paid measure did not happen."""
    from salesops_lib.metrics import REGISTRY

    given = test.given
    parts = {name: minor for name in REGISTRY if REGISTRY[name].unit == "money"}
    actual: dict[Key, np.ndarray] = {}
    quota: dict[Key, np.ndarray] = {}
    ratios = {}
    for name in {*given.attainment, *given.value, *given.quota, *(c.measure for c in chosen)}:
        asked = _ints(given.quota[name] * parts.get(name, 1)) if name in given.quota else _QUOTA
        if name in given.attainment:
            done = _ints(given.attainment[name] * asked)
        else:
            done = _ints(given.value.get(name, Decimal(0)) * parts.get(name, 1), whole_only=name in parts)
        actual[name, DIRECT], quota[name, DIRECT] = _last(done), _last(asked)
        if name in given.value and REGISTRY[name].unit == "ratio":
            (above,), below = whole([given.value[name]])
            ratios[name] = _last(above), _last(below)
    lines: dict[Key, Lines] = {}
    for component in chosen:
        key = (component.measure, component.credit)
        unit = parts.get(component.measure, 1)
        amounts = np.array([int(amount * unit) for amount in given.transactions], dtype=np.int64)
        at = np.zeros(len(amounts), dtype=np.int64)
        lines[key] = Lines(at, at + _N_MONTHS - 1, amounts)
        if len(amounts):
            actual[component.measure, DIRECT] = _last(int(amounts.sum()))
    return History(
        payees=[test.name], months=[str(month + 1) for month in range(_N_MONTHS)],
        actual=actual, quota=quota, target=np.array([_ints(target * minor)]), parts=parts, ratios=ratios,
        scores=_scores(given.score), lines=lines, minor=minor,
    )  # fmt: skip


def _scores(given: Mapping[str, Decimal]) -> dict[str, np.ndarray]:
    return {card: np.full((1, _N_MONTHS), int(score * 100)) for card, score in given.items()}


def _last(value: int) -> np.ndarray:
    """A year whose last month holds all."""
    months = np.zeros((1, _N_MONTHS), dtype=np.int64)
    months[0, -1] = value
    return months


def _ints(value: Decimal, *, whole_only: bool = True) -> int:
    if whole_only and value != value.to_integral_value():
        raise DataError(f"{value} is no whole number of minor units")
    return int(value)
