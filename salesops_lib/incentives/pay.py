"""Pay to date of every payee, month and component: tiers, curves and matrices, then their links.

Everything is an integer until the pay to date of a component is rounded, once.  What a month
pays is the difference of two such figures, so months add up to the interval in any split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.errors import DataError
from salesops_lib.incentives.exact import Ints, ints, largest, product, quotient, reduced, total, whole
from salesops_lib.incentives.history import MONTHS, History, Key
from salesops_lib.incentives.ladders import Ladder
from salesops_lib.incentives.scales import Scale

if TYPE_CHECKING:
    from salesops_lib.policy.incentives import (
        Component,
        Condition,
        Curve,
        Flat,
        Matrix,
        Modifier,
        PayRules,
        Plan,
        Tiered,
    )

#: Credits of which one has no quota of one's own are held against the direct one.
DIRECT = "direct"


@dataclass(frozen=True)
class Share:
    """Pay as a quotient of whole numbers: weight · multiplier / divisor, in minor units.

    The three are broadcast to payees × months: what is the same for all is stated once.
    """

    weight: Ints
    multiplier: Ints
    divisor: Ints

    def times(self, numerator: Any, denominator: Any) -> Share:
        return replace(
            self,
            multiplier=product(self.multiplier, numerator),
            divisor=product(self.divisor, denominator),
        )

    def rounded(self, rules: PayRules, component: Component, minor: int) -> NDArray[np.int64]:
        """Pay to date: rounded once, and not above the component's most."""
        multiplier, divisor = self.multiplier, self.divisor
        if object in (multiplier.dtype, divisor.dtype):
            multiplier, divisor = reduced(multiplier, divisor)
        paid = quotient(self.weight, multiplier, divisor, rules.rounding)
        return paid if component.at_most is None else np.minimum(paid, int(component.at_most * minor))


@dataclass(frozen=True)
class Earned:
    """What a plan's components earn, payees × months.

    Attributes
    ----------
    to_date
        Component → pay to date of its interval, in minor units.
    shares
        Component → the exact quotients that were rounded.
    """

    to_date: Mapping[str, NDArray[np.int64]]
    shares: Mapping[str, Share]
    intervals: Mapping[str, str]

    def monthly(self, history: History, component: str) -> NDArray[np.int64]:
        """What each month adds to the pay to date."""
        upto = self.to_date[component]
        before = np.concatenate([np.zeros_like(upto[:, :1]), upto[:, :-1]], axis=1)
        return upto - np.where(history.months_so_far(self.intervals[component]) == 1, 0, before)


def earned(plan: Plan, rules: PayRules, history: History, *, zero_quota: str = "undefined") -> Earned:
    """Pay to date of each component of `plan`.

    Parameters
    ----------
    rules
        How edges and roundings are read; a plan that a reading matters to has none left open.
    zero_quota
        What a quota of zero means: `undefined` is refused, `zero` pays nothing, `full` counts as reached.

    Raises
    ------
    DataError
        If a measure, a quota or a score that the plan needs is missing.

    Notes
    -----
    Pay to date P(t) = round(weight(x_t, q) · target incentive · factors), x_t the measure to date of
    the interval; month t pays P(t) − P(t−1).  Source: COVERAGE 5.1–5.5; Siebel and Oracle call it
    "year to date less prior".
    """
    reading = Reading(plan, rules, history, zero_quota)
    shares = {component.id: reading.share(component) for component in plan.components}
    to_date = {}
    for component in plan.components:
        share = shares[component.id]
        try:
            paid = share.rounded(rules, component, history.minor)
        except OverflowError as problem:
            raise DataError(
                f"{plan.id}.{component.id} pays more than {2**63 - 1:,} minor units, which is no pay.\n"
                "Look at its rates, and at the unit of its measure and targets."
            ) from problem
        to_date[component.id] = np.broadcast_to(paid, history.shape)
    intervals = {component.id: component.interval or plan.interval for component in plan.components}
    return Earned(to_date, shares, intervals)


class Reading:
    """A plan read against a history."""

    def __init__(self, plan: Plan, rules: PayRules, history: History, zero_quota: str) -> None:
        self.plan = plan
        self.rules = rules
        self.history = history
        self.zero_quota = zero_quota

    def share(self, component: Component) -> Share:
        """The pay to date of a component, links included."""
        share = self._linked(component, self._bare(component))
        if self.zero_quota == "zero" and component.kind in ("curve", "matrix"):
            axes = (component.rows, component.columns) if component.kind == "matrix" else (component,)
            for axis in axes:
                share = share.times(self.has_quota(axis.measure, component).astype(np.int64), 1)
        return share

    def _bare(self, component: Component) -> Share:
        match component.kind:
            case "tiered":
                return self._tiered(component)
            case "curve":
                return self._curve(component)
            case "matrix":
                return self._matrix(component)
            case "unit_rate":
                x = self.to_date(component.measure, component)
                share = self._paid(x, component.per_unit, component.measure)
                if component.from_attainment:
                    standing, quota = self.standing(component.measure, component)
                    (edge,), scale = whole([component.from_attainment])
                    share = share.times(
                        (product(standing, scale) >= product(quota, edge)).astype(np.int64), 1
                    )
                return share
            case "flat":
                return self._flat(component)
            case "scored":
                score = self._score(component.scorecard)
                (most,), scale = whole([component.most])
                capped = np.minimum(product(score, scale), most * 100 * 100)
                return self._of_target(component, capped, 100 * 100 * scale)

    def _flat(self, component: Flat) -> Share:
        (amount,), scale = whole([component.amount])
        interval = self.interval(component)
        served, of = self._served(component, so_far=True)
        once = np.ones(self.history.shape, dtype=np.int64)
        return Share(
            once, product(served, amount, 12 * self.history.minor), product(of, scale, MONTHS[interval])
        )

    def _tiered(self, component: Tiered) -> Share:
        scale = self.scale(component)
        if component.mode == "per_transaction":
            weight = self._by_transaction(component, scale)
        else:
            weight = scale.weigh(self.paid_on(component))
        if component.pays_rate:
            return self._paid(weight, 1, component.measure).times(1, scale.parts)
        _, quota = self.standing(component.measure, component)
        return self._of_target(component, weight, product(quota, scale.parts))

    def paid_on(self, component: Tiered) -> Ints:
        """The measure to date that the tiers are put on."""
        if component.basis == "amount":
            return self.to_date(component.measure, component)
        return self.standing(component.measure, component)[0]

    def scale(self, component: Tiered) -> Scale:
        """How the tiers weigh the measure, in the state of each payee and month."""
        rates = [tier.rate if component.pays_rate else tier.times for tier in component.tiers]
        ladder = Ladder.of(
            [tier.start for tier in component.tiers],
            [rate for rate in rates if rate is not None],
            upper=self.rules.tier_edge != "upper_inclusive",
        )
        yard: Any = self.history.parts.get(component.measure, 1)
        if component.basis == "attainment":
            _, yard = self.standing(component.measure, component)
        reached = None
        if component.mode in ("retroactive", "overage_retroactive"):
            picks, held = self.paid_on(component), yard
            if component.tier_measure:
                picks, held = self.standing(component.tier_measure, component)
            reached = np.maximum(ladder.rank(picks, held), 0)  # a negative total counts with the first tier
        open_here = self._open(component)
        ladders = {
            int(n): ladder.first(int(n))
            for n in ([len(component.tiers)] if open_here is None else np.unique(open_here))
        }
        if component.mode == "interpolated":
            ladders = {n: one.joined() for n, one in ladders.items()}
        begins = int(component.overage_from * ladder.scale)
        return Scale(component.mode or "marginal", ladders, open_here, reached, yard, begins)

    def _open(self, component: Tiered) -> NDArray[np.int64] | None:
        """How many tiers are open; None where no hurdle stands before any."""
        n_open = None
        for hurdle in (link for link in self.plan.links if link.kind == "hurdle"):
            if component.id in hurdle.applies_to:
                kept = sum(tier.start < hurdle.start for tier in component.tiers)
                here = np.where(self.holds(hurdle.require, component), len(component.tiers), kept)
                n_open = here if n_open is None else np.minimum(n_open, here)
        return n_open

    def _by_transaction(self, component: Tiered, scale: Scale) -> Ints:
        key = (component.measure, component.credit)
        if key not in self.history.lines:
            raise DataError(
                f"{self.plan.id}.{component.id} pays each transaction, and the history holds no lines."
            )
        lines = self.history.lines[key]
        unit = scale.yard[lines.payee, lines.month] if np.ndim(scale.yard) else scale.yard
        weights = {}
        for n, ladder in scale.ladders.items():
            each = ladder.marginal(lines.amount, unit)
            months = np.zeros(
                self.history.shape, dtype=object if largest(each) * max(len(each), 1) >= 2**61 else each.dtype
            )
            np.add.at(months, (lines.payee, lines.month), each)
            weights[n] = self.history.to_date(months, self.interval(component))
        return scale.pick(weights)

    def _curve(self, component: Curve) -> Share:
        edges, values = zip(*component.points, strict=True)
        ladder = Ladder.of(list(edges), list(values), upper=self.rules.tier_edge != "upper_inclusive")
        x, quota = self.standing(component.measure, component)
        if component.between == "step":
            return self._of_target(component, ladder.step(x, quota), ladder.worth)
        weight, parts = ladder.line(x, quota)
        return self._of_target(component, weight, product(quota, parts))

    def _matrix(self, component: Matrix) -> Share:
        worths, worth = whole([value for row in component.payout for value in row])
        grid = np.array(worths).reshape(len(component.payout), -1)
        place = [self._place(component, axis) for axis in (component.rows, component.columns)]
        (row, down, height), (column, along, width) = place
        begun = (row >= 0) & (column >= 0)
        row, column = np.maximum(row, 0), np.maximum(column, 0)
        here = grid[row, column]
        if component.between == "step":
            return self._of_target(component, np.where(begun, here, 0), worth)
        lower = grid[np.minimum(row + 1, len(grid) - 1), column]
        right = grid[row, np.minimum(column + 1, grid.shape[1] - 1)]
        across = grid[np.minimum(row + 1, len(grid) - 1), np.minimum(column + 1, grid.shape[1] - 1)]
        weight = total(
            product(here, height, width),
            product(lower - here, down, width),
            product(right - here, height, along),
            product(across - lower - right + here, down, along),
        )
        return self._of_target(
            component, product(weight, begun.astype(np.int64)), product(height, width, worth)
        )

    def _place(self, component: Matrix, axis: Any) -> tuple[NDArray[np.int64], Ints, Ints]:
        """Point reached on an axis (−1 below the first), how far beyond it, and the way to the next."""
        ladder = Ladder.of(
            list(axis.points),
            list(axis.points),
            upper=component.between == "line" or self.rules.tier_edge != "upper_inclusive",
        )
        x, quota = self.standing(axis.measure, component)
        reached = ladder.rank(x, quota)
        edges = np.array(ladder.edges)
        at = np.maximum(reached, 0)
        step = np.append(np.diff(edges), 1)[at]
        beyond = np.maximum(total(product(x, ladder.scale), product(quota, -edges[at])), 0)
        return reached, np.where(at == len(edges) - 1, 0, beyond), product(step, quota)

    def _linked(self, component: Component, share: Share) -> Share:
        for link in self.plan.links:
            if link.applies_to and component.id not in link.applies_to:
                continue
            if link.kind == "gate":
                share = share.times(self.holds(link.require, component).astype(np.int64), 1)
            elif link.kind == "modifier":
                share = share.times(*self._factor(link, component))
        return share

    def _factor(self, link: Modifier, component: Component) -> tuple[Ints, int]:
        ladder = Ladder.of(
            [step.start for step in link.steps], [*(step.times for step in link.steps), link.below]
        )
        numerator, denominator = self._measured(link.measure, link.of, component)
        reached = np.where(denominator > 0, ladder.rank(numerator, denominator), -1)
        return np.array(ladder.values)[reached], ladder.worth

    def holds(self, condition: Condition, component: Component) -> NDArray[np.bool_]:
        """Where a condition holds."""
        numerator, denominator = self._measured(condition.measure, condition.of, component)
        held = np.broadcast_to(denominator > 0, self.history.shape).copy()
        for bound, sign in ((condition.at_least, 1), (condition.at_most, -1)):
            if bound is not None:
                (edge,), scale = whole([bound])
                held &= total(product(numerator, scale, sign), product(denominator, -edge, sign)) >= 0
        return held

    def _measured(self, measure: str, of: str, component: Component) -> tuple[Ints, Ints]:
        """A measure to date, or its attainment, as numerator and denominator."""
        interval = self.interval(component)
        if of == "value" and measure in self.history.ratios:
            numerator, denominator = self.history.ratios[measure]
            return self.history.to_date(numerator, interval), self.history.to_date(denominator, interval)
        if of == "value":
            x = self.to_date(measure, component)
            return x, np.array(self.history.parts.get(measure, 1))
        return self.standing(measure, component)

    def to_date(self, measure: str, component: Component) -> Ints:
        """A measure to date of the component's interval."""
        return self.history.done(self.key(measure, component), self.interval(component))

    def interval(self, component: Component) -> str:
        """The interval that a component adds up within."""
        return component.interval or self.plan.interval

    def standing(self, measure: str, component: Component) -> tuple[Ints, Ints]:
        """A measure to date and the quota that it is held against."""
        key, interval = self.key(measure, component), self.interval(component)
        if key not in self.history.quota:
            raise DataError(
                f"{self.plan.id}.{component.id} is paid by attainment of {measure}, and there is no quota of it.\n"
                "Load targets of its people, or pay it by amount (basis: amount)."
            )
        x = self.history.done(key, interval)
        quota = self.history.asked(key, interval, self.plan.quota_of)
        if int(quota.min(initial=1)) > 0:
            return x, quota
        counts = (
            np.ones(self.history.shape, dtype=bool)
            if self.history.served is None
            else self.history.served > 0
        )
        if self.zero_quota == "undefined" and ((quota <= 0) & counts).any():
            raise DataError(self._without_quota((quota <= 0) & counts, measure))
        full = np.maximum(x, 1) if self.zero_quota == "full" else np.ones_like(quota)
        nothing = full if self.zero_quota == "full" else np.zeros_like(x)
        return np.where(quota > 0, x, nothing), np.where(quota > 0, quota, full)

    def _without_quota(self, lacks: NDArray[np.bool_], measure: str) -> str:
        lacking = [payee for payee, row in zip(self.history.payees, lacks, strict=True) if row.any()]
        named = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        return (
            f"{self.plan.id}: {named} have no quota of {measure} in some month, so no attainment.\n"
            "Load their targets, or say what a quota of zero means: semantics.zero_quota: zero (pays nothing) or full."
        )

    def has_quota(self, measure: str, component: Component) -> NDArray[np.bool_]:
        """Where there is a quota of a measure."""
        key = self.key(measure, component)
        quota: Ints = self.history.asked(key, self.interval(component), self.plan.quota_of)
        return quota > 0

    def key(self, measure: str, component: Component) -> Key:
        key = (measure, component.credit)
        return key if key in self.history.actual else (measure, DIRECT)

    def _score(self, scorecard: str) -> Ints:
        if scorecard not in self.history.scores:
            raise DataError(
                f"{self.plan.id} pays by the scorecard {scorecard!r}, of which there are no scores."
            )
        return self.history.scores[scorecard]

    def _paid(self, weight: Ints, rate: Any, measure: str) -> Share:
        """Pay of a rate in currency units for one unit of a measure."""
        (amount,), scale = whole([rate])
        parts = self.history.parts.get(measure, 1)
        return Share(weight, ints(amount * self.history.minor), ints(scale * parts))

    def _of_target(self, component: Component, weight: Ints, parts: Any) -> Share:
        """Pay of a share, in `parts`, of a component's target bonus."""
        (share,), scale = whole([component.weight])
        served, of = self._served(component, so_far=self.plan.quota_of == "date")
        target = product(self.history.target[:, None], share, served)
        return Share(weight, target, product(of, scale, parts))

    def _served(self, component: Component, *, so_far: bool) -> tuple[Ints, Ints]:
        """The part of a year that a target incentive is for: months, by the days served in them."""
        interval = self.interval(component)
        history = self.history
        months = history.months_so_far(interval) if so_far else np.array(MONTHS[interval])
        if history.served is None or history.days is None:
            return months, np.array(12)
        sum_up = history.to_date if so_far else history.whole
        served, days = sum_up(history.served, interval), sum_up(history.days, interval)
        return product(served, months), product(np.broadcast_to(days, history.shape), 12)
