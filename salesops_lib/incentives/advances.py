"""From released to paid, person by person: how much is taken back, draws and guarantees."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from salesops_lib.incentives.exact import quotient

if TYPE_CHECKING:
    from decimal import Decimal

    from salesops_lib.policy.incentives import PayRules
    from salesops_lib.policy.payments import Draw, Guarantee, Payments

#: Months that a guarantee of `average_last_6` looks back on.
_LAST = 6


class Month(NamedTuple):
    """A month of a payee: `number` counts all months, `tenure` and `moved` those since hire and transfer, from 1."""

    number: int
    role: str
    tenure: int
    moved: int
    target: int
    served: int
    days: int


class Account:
    """What one payee is owed and owes, statement by statement.

    Parameters
    ----------
    is_prorated
        Whether a month's target incentive is for the days served in it.
    """

    def __init__(self, payments: Payments, rules: PayRules, minor: int, *, is_prorated: bool) -> None:
        self.payments, self.rules, self.minor, self.is_prorated = payments, rules, minor, is_prorated
        self.carried = 0
        self.open = {draw.id: 0 for draw in payments.draws}
        self.own: dict[int, Fraction] = {}  # number of a month → what it paid without advances

    def settle(self, months: Sequence[Month], released: int, asked: int) -> dict[str, int]:
        """What a statement pays.

        Parameters
        ----------
        months
            The payee's months of the statement; none before the hire.
        released
            What lines released, less what they took back.
        asked
            The part of it that losses took back, as a positive amount.
        """
        short = max(-(released + asked), 0)  # corrections beyond the statement's pay are owed like losses
        pay = released + asked + short
        most = pay
        if self.payments.clawback_limit is not None:
            limit = Fraction(str(self.payments.clawback_limit))
            most = pay * limit.numerator // limit.denominator
        owed = self.carried + asked + short
        taken = min(owed, most)
        self.carried = owed - taken
        own = pay - taken
        floor = sum(self._guaranteed(month) for month in months)
        asked_draws, lent = self._lend(months, own)
        above = max(own - max(asked_draws, floor - lent), 0)
        recovered, forgiven = self._recover(months, above)
        guarantee = max(floor - (own + lent - recovered), 0)
        self.own |= {month.number: Fraction(own, len(months)) for month in months}
        return {
            "asked_back": asked + short, "taken_back": taken, "carried_back": self.carried, "draw": lent,
            "recovered": recovered, "forgiven": forgiven, "draw_open": sum(self.open.values()),
            "guarantee": guarantee, "paid": own + lent - recovered + guarantee,
        }  # fmt: skip

    def _lend(self, months: Sequence[Month], own: int) -> tuple[int, int]:
        """The draws of a statement, and how much of them its pay does not reach."""
        asked = {draw.id: sum(self._draw(draw, month) for month in months) for draw in self.payments.draws}
        lacking = lent = max(sum(asked.values()) - own, 0)
        for draw in self.payments.draws:
            part = min(asked[draw.id], lacking)
            lacking -= part
            if draw.kind == "recoverable":
                self.open[draw.id] += part
        return sum(asked.values()), lent

    def _draw(self, draw: Draw, month: Month) -> int:
        first, last = draw.months
        if not month.served or month.role not in draw.roles or not first <= month.tenure <= last:
            return 0
        if draw.amount is not None:
            return int(draw.amount * self.minor)
        assert draw.share_of_target is not None
        return self._of_target(draw.share_of_target, month)

    def _recover(self, months: Sequence[Month], above: int) -> tuple[int, int]:
        """What is taken of the pay above the draw, and what is given up for good."""
        recovered = forgiven = 0
        tenure = months[-1].tenure if months else 0
        for draw in self.payments.draws:
            over = draw.recovery_from + draw.recovery_months if draw.recovery_months else None
            if over is not None and tenure >= over:
                forgiven += self.open[draw.id]
                self.open[draw.id] = 0
            elif tenure >= draw.recovery_from:
                share = Fraction(draw.recovery_share)
                most = min(above * share.numerator // share.denominator, above - recovered)
                part = min(self.open[draw.id], most)
                self.open[draw.id] -= part
                recovered += part
        return recovered, forgiven

    def _guaranteed(self, month: Month) -> int:
        """The least that a month pays."""
        if not month.served:
            return 0
        floors = [0]
        for guarantee in self.payments.guarantees:
            since = month.tenure if guarantee.event == "hire" else month.moved
            if 1 <= since <= guarantee.months:
                floors.append(self._floor(guarantee, month, month.number - since + 1))
        return max(floors)

    def _floor(self, guarantee: Guarantee, month: Month, began: int) -> int:
        if guarantee.of == "target":
            return self._of_target(guarantee.share, month)
        before = [self.own[n] for n in range(began - _LAST, began) if n in self.own]
        average = sum(before, Fraction(0)) / max(len(before), 1) * Fraction(guarantee.share)
        return int(quotient(average.numerator, 1, average.denominator, self.rules.rounding))

    def _of_target(self, share: Decimal, month: Month) -> int:
        """A share of a month's target incentive."""
        exact = Fraction(month.target, 12) * Fraction(share)
        if self.is_prorated:
            exact *= Fraction(month.served, month.days)
        return int(quotient(exact.numerator, 1, exact.denominator, self.rules.rounding))
