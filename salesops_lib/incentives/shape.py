"""The shape of a plan: what it pays at each attainment.

Payees keep their quotas and targets; all that they sell is moved to an attainment together, so that
what gates and other measures ask for moves along.  Pay at a point is the exact engine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.errors import DataError
from salesops_lib.incentives import cliffs
from salesops_lib.incentives.exact import Ints, product, total
from salesops_lib.incentives.history import MONTHS, History, Key, Lines
from salesops_lib.incentives.pay import earned

if TYPE_CHECKING:
    from salesops_lib.policy.incentives import PayRules, Plan

Floats = NDArray[np.float64]
#: Points of a curve lie this far apart, besides the edges of the plan.
STEP = Fraction(1, 20)


@dataclass(frozen=True)
class PayCurve:
    """A year's pay at each attainment.

    Attributes
    ----------
    attainment
        Points, rising; an edge of the plan stands twice: one minor unit short of it, and on it.
    pay
        Payees × points, minor units.
    target
        Target incentive of each payee, minor units.
    """

    attainment: Floats
    pay: Floats
    target: Floats

    def share(self) -> Floats:
        """Pay as a share of the target incentive at each point: the median of the payees."""
        promised = self.target > 0
        if not promised.any():
            return np.full(len(self.attainment), np.nan)
        shares: Floats = np.median(self.pay[promised] / self.target[promised, None], axis=0)
        return shares


def pay_curve(
    plan: Plan, rules: PayRules, history: History, *, upto: float = 2.0, zero_quota: str = "undefined"
) -> PayCurve:
    """What each payee of a plan would be paid for a year at each attainment.

    Parameters
    ----------
    upto
        The last attainment, at least; the curve reaches beyond the plan's last edge.

    Raises
    ------
    DataError
        If no component of the plan is held against a quota.
    """
    edges = _edges(plan)
    last = max([Fraction(upto).limit_denominator(100), *(edge + STEP for edge in edges)])
    regular = {STEP * n for n in range(int(last / STEP) + 1)}
    points = sorted({(at, False) for at in regular} | {(edge, short) for edge in edges for short in (True, False)},
                    key=lambda point: (point[0], not point[1]))  # fmt: skip
    pay = [pay_at(plan, rules, history, at, short=short, zero_quota=zero_quota) for at, short in points]
    return PayCurve(
        np.array([float(at) for at, _ in points]),
        np.array(pay, dtype=np.float64).T.copy(),
        np.asarray(history.target).astype(np.float64),
    )


def pay_at(
    plan: Plan,
    rules: PayRules,
    history: History,
    attainment: Fraction,
    *,
    short: bool = False,
    zero_quota: str = "undefined",
) -> NDArray[np.int64]:
    """A year's pay of each payee at an attainment, or one minor unit of each measure short of it."""
    pay = np.zeros(len(history.payees), dtype=np.int64)
    lead = lead_key(plan, history)
    for interval in sorted({component.interval or plan.interval for component in plan.components}):
        chosen = tuple(one for one in plan.components if (one.interval or plan.interval) == interval)
        moved = _moved(history, interval, lead, attainment, short)
        found = earned(plan.model_copy(update={"components": chosen}), rules, moved, zero_quota=zero_quota)
        ends = [
            min(first + MONTHS[interval], len(history.months)) - 1 for first in _firsts(history, interval)
        ]
        pay += sum(to_date[:, ends].sum(axis=1) for to_date in found.to_date.values())
    return pay


def leverage(curve: PayCurve, attainment: Floats, *, best: float = 0.9) -> float:
    """Pay at excellence (the attainment that a tenth exceed) over pay at goal (M5.7)."""
    excellent = float(np.quantile(attainment, best))
    above, at_goal = np.interp([excellent, 1.0], curve.attainment, curve.share())
    return float(above / at_goal) if at_goal > 0 else float("nan")


def year_attainment(plan: Plan, history: History) -> Floats:
    """Each payee's attainment of the year, by the first measure of the plan that has a quota."""
    key = lead_key(plan, history)
    done, quota = (
        np.asarray(values[key]).sum(axis=1).astype(float) for values in (history.actual, history.quota)
    )
    return np.divide(done, quota, out=np.full(len(done), np.nan), where=quota > 0)


def lead_key(plan: Plan, history: History) -> Key:
    """The first measure of a plan, and whose credit of it, that has a quota.

    Raises
    ------
    DataError
        If none has.
    """
    for component in plan.components:
        for key in ((component.measure, component.credit), (component.measure, "direct")):
            if key in history.quota and key in history.actual:
                return key
    raise DataError(
        f"{plan.id}: none of its measures has a quota, so there is no attainment to draw its pay by.\n"
        "Load targets of its people."
    )


def _edges(plan: Plan) -> list[Fraction]:
    """Attainments at which a plan changes what it pays."""
    found = (edge for component in plan.components for edge in cliffs.edges(plan, component))
    return sorted({Fraction(at) for _, of, at in found if of == "attainment"})


def _firsts(history: History, interval: str) -> Sequence[int]:
    return range(0, len(history.months), MONTHS[interval])


def _moved(history: History, interval: str, lead: Key, attainment: Fraction, short: bool) -> History:
    """The history with each interval's sales at an attainment, all in its first month."""
    firsts = list(_firsts(history, interval))

    def gathered(values: Any) -> Ints:
        return np.add.reduceat(np.asarray(values), firsts, axis=1)

    def spread(values: Ints) -> Ints:
        months = np.zeros(history.shape, dtype=values.dtype)
        months[:, firsts] = values
        return months

    done, quota = (np.asarray(values[lead]).sum(axis=1) for values in (history.actual, history.quota))
    moves = (done > 0) & (quota > 0)
    up = np.where(moves, product(quota, attainment.numerator), 1)
    down = np.where(moves, product(done, attainment.denominator), 1)
    actual = {}
    for key, values in history.actual.items():
        if key in history.quota:
            asked = product(gathered(history.quota[key]), attainment.numerator)
            actual[key] = spread(total(-(-asked // attainment.denominator), -int(short)))
        else:
            actual[key] = spread(product(gathered(values), up[:, None]) // down[:, None])
    lines = {
        key: Lines(
            one.payee,
            one.month - one.month % MONTHS[interval],
            product(one.amount, up[one.payee]) // down[one.payee],
        )
        for key, one in history.lines.items()
    }
    return replace(history, actual=actual, lines=lines)
