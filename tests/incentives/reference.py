"""A second engine of pay, in fractions, that reads like the text of a plan.

One payee and month at a time, nothing vectorised, nothing shared with the library but the policy's
own blocks.  Slow on purpose: it is what the fast engine must equal to the minor unit.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


def pay_to_date(plan, rules, history, component, payee, month, zero_quota="undefined"):
    """Pay to date of one component, one payee, at the end of one month, in minor units."""
    return Payee(plan, rules, history, payee, month, zero_quota).pay(component)


class Payee:
    def __init__(self, plan, rules, history, payee, month, zero_quota):
        self.plan, self.rules, self.history = plan, rules, history
        self.payee, self.month, self.zero_quota = payee, month, zero_quota

    # ---- what was done and asked for ----

    def months(self, component, *, whole):
        length = MONTHS[component.interval or self.plan.interval]
        first = self.month - self.month % length
        last = min(first + length, len(self.history.months)) if whole else self.month + 1
        return range(first, last)

    def key(self, measure, component):
        own = (measure, component.credit)
        return own if own in self.history.actual else (measure, "direct")

    def done(self, measure, component):
        values = self.history.actual[self.key(measure, component)][self.payee]
        return sum(int(values[m]) for m in self.months(component, whole=False))

    def quota(self, measure, component):
        values = self.history.quota[self.key(measure, component)][self.payee]
        whole = self.plan.quota_of == "interval"
        return sum(int(values[m]) for m in self.months(component, whole=whole))

    def standing(self, measure, component):
        """What was done and what was asked for; where nothing was asked for, what the policy says of it."""
        done, quota = self.done(measure, component), self.quota(measure, component)
        if quota > 0:
            return done, quota
        if self.zero_quota == "zero":
            return 0, 1
        assert self.zero_quota == "full"
        return max(done, 1), max(done, 1)

    def attainment(self, measure, component):
        return Fraction(*self.standing(measure, component))

    def pays_nothing(self, component):
        """Without a quota, where that pays nothing."""
        measures = {"curve": ("measure",), "matrix": ("rows", "columns")}.get(component.kind, ())
        named = [getattr(component, one) for one in measures]
        asked = [one if isinstance(one, str) else one.measure for one in named]
        return self.zero_quota == "zero" and any(self.quota(one, component) <= 0 for one in asked)

    def unit(self, measure):
        return self.history.parts.get(measure, 1)

    def target_bonus(self, component):
        months = self.months(component, whole=self.plan.quota_of == "interval")
        length = (
            MONTHS[component.interval or self.plan.interval]
            if self.plan.quota_of == "interval"
            else len(months)
        )
        of_a_year = Fraction(length, 12)
        if self.history.served is not None:
            served = sum(int(self.history.served[self.payee][m]) for m in months)
            days = sum(int(self.history.days[self.payee][m]) for m in months)
            of_a_year *= Fraction(served, days)
        return int(self.history.target[self.payee]) * Fraction(component.weight) * of_a_year

    # ---- components ----

    def pay(self, component):
        exact = Fraction(0) if self.pays_nothing(component) else getattr(self, component.kind)(component)
        for link in self.plan.links:
            if link.kind == "gate" and (not link.applies_to or component.id in link.applies_to):
                exact = exact if self.holds(link.require, component) else Fraction(0)
            if link.kind == "modifier" and component.id in link.applies_to:
                exact *= self.factor(link, component)
        paid = rounded(exact, self.rules.rounding)
        if component.at_most is not None:
            paid = min(paid, int(component.at_most * self.history.minor))
        return paid

    def tiers(self, component):
        """(from, value) of the tiers that are open."""
        kept = [
            (Fraction(tier.start), Fraction(tier.rate if tier.rate is not None else tier.times))
            for tier in component.tiers
        ]
        for link in self.plan.links:
            waits = link.kind == "hurdle" and component.id in link.applies_to
            if waits and not self.holds(link.require, component):
                kept = [tier for tier in kept if tier[0] < Fraction(link.start)]
        return kept

    def tiered(self, component):
        tiers = self.tiers(component)
        if not tiers:
            return Fraction(0)
        if component.mode == "per_transaction":
            worth = self.per_transaction(component, tiers)
        else:
            worth = self.by_total(component, tiers)
        if component.tiers[0].rate is not None:
            return worth * self.history.minor / self.unit(component.measure)
        return worth / self.standing(component.measure, component)[1] * self.target_bonus(component)

    def by_total(self, component, tiers):
        """Value of the measure to date, in its own minor units."""
        done, yard = Fraction(self.done(component.measure, component)), Fraction(self.unit(component.measure))
        if component.basis == "attainment":
            done, yard = map(Fraction, self.standing(component.measure, component))
        reached = done / yard
        picks = self.attainment(component.tier_measure, component) if component.tier_measure else reached
        if component.mode == "marginal":
            return slices(tiers, reached) * yard
        if component.mode == "retroactive":
            return self.value_at(tiers, picks) * done
        if component.mode == "overage_retroactive":
            begins = Fraction(component.overage_from)
            above = max(reached - begins, Fraction(0))
            return (slices(tiers, min(reached, begins)) + self.value_at(tiers, picks) * above) * yard
        points = [(start, start * value) for start, value in tiers]
        first = tiers[1][1] if len(tiers) > 1 else tiers[0][1]
        return on_lines(points, tiers[-1][1], reached, first) * yard

    def per_transaction(self, component, tiers):
        lines = self.history.lines[component.measure, component.credit]
        months = set(self.months(component, whole=False))
        total = Fraction(0)
        for payee, month, amount in zip(lines.payee, lines.month, lines.amount, strict=True):
            if payee == self.payee and month in months:
                yard = Fraction(self.unit(component.measure))
                total += slices(tiers, Fraction(int(amount)) / yard) * yard
        return total

    def value_at(self, tiers, reached):
        """The value of the tier that a figure lies in."""
        found = tiers[0][1]
        for start, value in tiers:
            if reached > start or (reached == start and self.rules.tier_edge == "lower_inclusive"):
                found = value
        return found

    def curve(self, component):
        reached = self.attainment(component.measure, component)
        points = [(Fraction(edge), Fraction(share)) for edge, share in component.points]
        if component.between == "step":
            upper = self.rules.tier_edge == "upper_inclusive"
            share = Fraction(0)
            for edge, value in points:
                if reached > edge or (reached == edge and (not upper or edge == 0)):
                    share = value
        elif reached < points[0][0]:
            share = Fraction(0)
        else:
            share = on_lines(points, Fraction(0), reached, Fraction(0))
        return share * self.target_bonus(component)

    def unit_rate(self, component):
        least = Fraction(component.from_attainment)
        if least and self.attainment(component.measure, component) < least:
            return Fraction(0)
        done = Fraction(self.done(component.measure, component), self.unit(component.measure))
        return done * Fraction(component.per_unit) * self.history.minor

    def flat(self, component):
        interval = Fraction(MONTHS[component.interval or self.plan.interval])
        months = self.months(component, whole=False)
        part = len(months) / interval
        if self.history.served is not None:
            part *= Fraction(
                sum(int(self.history.served[self.payee][m]) for m in months),
                sum(int(self.history.days[self.payee][m]) for m in months),
            )
        return Fraction(component.amount) * self.history.minor * part

    def scored(self, component):
        score = Fraction(int(self.history.scores[component.scorecard][self.payee][self.month]), 10_000)
        return min(score, Fraction(component.most)) * self.target_bonus(component)

    def matrix(self, component):
        down = self.attainment(component.rows.measure, component)
        along = self.attainment(component.columns.measure, component)
        rows = [Fraction(point) for point in component.rows.points]
        columns = [Fraction(point) for point in component.columns.points]
        grid = [[Fraction(value) for value in row] for row in component.payout]
        if component.between == "step":
            i, j = (self.point(points, at) for points, at in ((rows, down), (columns, along)))
            share = grid[i][j] if i >= 0 and j >= 0 else Fraction(0)
        elif down < rows[0] or along < columns[0]:
            share = Fraction(0)
        else:
            by_row = [
                on_lines(list(zip(columns, row, strict=True)), Fraction(0), along, Fraction(0))
                for row in grid
            ]
            share = on_lines(list(zip(rows, by_row, strict=True)), Fraction(0), down, Fraction(0))
        return share * self.target_bonus(component)

    def point(self, points, at):
        lower = self.rules.tier_edge == "lower_inclusive"
        return sum(at > p or (at == p and (lower or p == 0)) for p in points) - 1

    # ---- links ----

    def measured(self, measure, of, component):
        """A measure or its attainment; None where it has no value."""
        if of == "attainment":
            return self.attainment(measure, component)
        if measure in self.history.ratios:
            above, below = (
                sum(int(values[self.payee][m]) for m in self.months(component, whole=False))
                for values in self.history.ratios[measure]
            )
            return Fraction(above, below) if below > 0 else None
        return Fraction(self.done(measure, component), self.unit(measure))

    def holds(self, condition, component):
        value = self.measured(condition.measure, condition.of, component)
        if value is None:
            return False
        above = condition.at_least is None or value >= Fraction(condition.at_least)
        below = condition.at_most is None or value <= Fraction(condition.at_most)
        return above and below

    def factor(self, link, component):
        value = self.measured(link.measure, link.of, component)
        found = Fraction(link.below)
        for step in link.steps:
            if value is not None and value >= Fraction(step.start):
                found = Fraction(step.times)
        return found


def slices(tiers, reached):
    """Each slice at its own value; what lies below 0 counts with the first tier."""
    total = Fraction(0)
    for n, (start, value) in enumerate(tiers):
        end = tiers[n + 1][0] if n + 1 < len(tiers) else math.inf
        top = min(reached, end)
        if n == 0:
            total += value * top
        elif top > start:
            total += value * (top - start)
    return total


def on_lines(points, slope_after, reached, slope_before):
    """Height at `reached` on the lines that join points."""
    if reached < points[0][0]:
        return points[0][1] + slope_before * (reached - points[0][0])
    for (low, y), (high, z) in pairwise(points):
        if reached < high:
            return y + (z - y) * (reached - low) / (high - low)
    return points[-1][1] + slope_after * (reached - points[-1][0])


def rounded(exact, rounding):
    below = math.floor(exact)
    rest = exact - below
    if rest == Fraction(1, 2):
        up = below % 2 == 1 if rounding == "half_even" else exact > 0
        return below + up
    return below + (rest > Fraction(1, 2))
