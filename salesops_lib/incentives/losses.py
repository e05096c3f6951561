"""What lines of pay lose to returns, cancellations, bad debts and customers who leave."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.dues import day_numbers
from salesops_lib.incentives.exact import rounded

if TYPE_CHECKING:
    from salesops_lib.incentives.dues import Dues
    from salesops_lib.policy.incentives import PayRules
    from salesops_lib.policy.payments import Clawback

_ALL = Fraction(1)
#: What a clawback's `amount` is a share of: columns of `Dues.losses`.
_SHARES = {"full": ("lost", "lines"), "remaining_term": ("left", "term"), "unpaid_share": ("unpaid", "due")}


@dataclass(frozen=True)
class Back:
    """What lines lose, lines × statements.

    Attributes
    ----------
    to_date
        Pay that one has no right to any more; negative where pay stays although a return reduced what is earned.
    fallen
        What returns took from earned pay in each statement.
    reason
        (line, statement) → event.
    """

    to_date: NDArray[np.int64]
    fallen: NDArray[np.int64]
    reason: dict[tuple[int, int], str]


class Losses:
    """The policy's clawbacks, read against what happened; `booked` holds a row for each loss of a line."""

    def __init__(self, dues: Dues, clawbacks: tuple[Clawback, ...], rules: PayRules) -> None:
        self.clawbacks, self.rules = clawbacks, rules
        self.ends = day_numbers([statement.end for statement in dues.statements]).tolist()
        self.by_order: dict[str, list[_Loss]] = defaultdict(list)
        # where attainment falls with every loss of its kind, what is earned says it all
        kept = {rule.event for rule in clawbacks if rule.attainment == "keep"}
        rows = dues.losses[dues.losses.event.isin(kept)].sort_values(
            ["day", "event", "line_id"], kind="stable"
        )
        for row, day in zip(rows.itertuples(), day_numbers(rows.day).tolist(), strict=True):
            shares = {
                amount: Fraction(int(getattr(row, part)), int(getattr(row, of)))
                if getattr(row, of)
                else Fraction(0)
                for amount, (part, of) in _SHARES.items()
            }
            self.by_order[str(row.order_id)].append(_Loss(str(row.line_id), str(row.event), day, shares))
        self.booked: list[dict[str, object]] = []

    def clawed_back(
        self, names: pd.DataFrame, rows: pd.DataFrame, unit: NDArray[np.int64], kept: NDArray[np.int64]
    ) -> Back:
        """What the lines lose under the first clawback that fits each event.

        Parameters
        ----------
        rows, unit
            Movements, and the position in `names` of the line that each is of, in rising order.
        kept
            What caps keep to date, lines × statements.
        """
        back = Back(np.zeros_like(kept), np.zeros_like(kept), {})
        is_return = (rows.kind == "return").to_numpy()
        lost = np.flatnonzero(names.order_id.isin(list(self.by_order)).to_numpy() & kept.any(axis=1))
        chosen = np.union1d(unit[is_return], lost)
        edges = np.searchsorted(unit, [chosen, chosen + 1]).T
        columns = (rows["at"].to_numpy(), day_numbers(rows.credited_on), rows.kept.to_numpy(), is_return)
        named = names.iloc[chosen].to_dict("records")
        for u, (first, last), name in zip(chosen.tolist(), edges.tolist(), named, strict=True):
            own = list(zip(*(column[first:last].tolist() for column in columns), strict=True))
            line = _Line(name, own, kept[u].tolist())
            events = {at: "returned" for at, _, _ in line.returns}
            for at, _, amount in line.returns:
                back.fallen[u, at] += amount
            back.to_date[u] = self._lost(line, events)
            if line.returns:
                back.to_date[u] -= self._left(line)
            back.reason.update({(u, at): event for at, event in events.items()})
        return back

    def _lost(self, line: _Line, events: dict[int, str]) -> list[int]:
        """Pay to date that is lost though attainment stays: a share of the line's pay to date.

        What the measure itself has counted as returned is not taken twice.
        """
        lost, share = [0] * len(line.kept), Fraction(0)
        for loss in self.by_order.get(line.order_id, ()):
            at = bisect_left(self.ends, loss.day)
            if at == len(self.ends) or loss.line_id not in ("", line.line_id):
                continue
            rule = self._rule(loss.event, loss.day - line.credited_on(at))
            is_counted = loss.event == "returned" and line.counts(loss.day, at)
            if rule is None or rule.attainment == "reduce" or is_counted:
                continue
            part = loss.shares[rule.amount] * Fraction(rule.share)
            pay, before = max(line.kept[at], 0), min(share, _ALL)
            share += part
            events[at] = loss.event
            asked = self._of(pay, part)
            self._book(line, at, loss.event, asked, asked - min(asked, pay - self._of(pay, before)))
            lost[at:] = [self._of(max(one, 0), min(share, _ALL)) for one in line.kept[at:]]
        return lost

    def _left(self, line: _Line) -> list[int]:
        """Pay to date that stays although returns reduced it: what the clawback's share leaves."""
        fallen, asked = [0] * len(line.kept), [Fraction(0)] * len(line.kept)
        for at, day, amount in line.returns:
            rule = self._rule("returned", day - line.credited_on(at))
            share = _ALL if rule is None else Fraction(rule.share)
            fallen[at:] = [one + amount for one in fallen[at:]]
            asked[at:] = [one + amount * share for one in asked[at:]]
        taken = [self._of(1, one) for one in asked]
        for at in sorted({at for at, _, _ in line.returns}):
            now, before = line.kept[at], line.kept[at - 1] if at else 0
            beyond = max(max(-now, 0) - max(-before, 0), 0)
            self._book(
                line, at, "returned", taken[at] - (taken[at - 1] if at else 0), beyond, takes_beyond=True
            )
        return [one - other for one, other in zip(fallen, taken, strict=True)]

    def _rule(self, event: str, n_days: int) -> Clawback | None:
        """The first clawback of the policy that an event so long after the credit falls under."""
        return next(
            (rule for rule in self.clawbacks if rule.event == event and 0 <= n_days <= rule.within_days), None
        )

    def _of(self, amount: int, share: Fraction) -> int:
        return rounded(amount * share.numerator, share.denominator, self.rules.rounding)

    def _book(
        self, line: _Line, at: int, event: str, asked: int, beyond: int, *, takes_beyond: bool = False
    ) -> None:
        taken = asked if takes_beyond else asked - beyond
        booked = {"at": at, "event": event, "asked": asked, "clawed_back": taken, "beyond": beyond}
        self.booked.append({**line.names, **booked})


class _Loss(NamedTuple):
    """What happened to an order, or one of its lines: the share concerned, for each `amount` of a clawback."""

    line_id: str
    event: str
    day: int
    shares: dict[str, Fraction]


class _Line:
    """A line of pay: its movements (statement, day of credit, amount, is it a return), and what is kept to date."""

    def __init__(
        self, names: dict[str, Any], rows: list[tuple[int, int, int, bool]], kept: list[int]
    ) -> None:
        self.names, self.kept = names, kept
        self.order_id, self.line_id = str(names["order_id"]), str(names["line_id"])
        self.credits = [(at, day) for at, day, _, _ in rows]
        self.first = min(at for at, _ in self.credits)
        self.returns = [(at, day, -amount) for at, day, amount, is_return in rows if is_return]

    def credited_on(self, at: int) -> int:
        """The first day of credit, as it was known at a statement, or when the line was first paid."""
        return min(day for booked, day in self.credits if booked <= max(at, self.first))

    def counts(self, day: int, at: int) -> bool:
        """Whether pay was computed of what went back on a day (or is counted on the order's own day)."""
        days = (day, self.credited_on(at))
        return any(booked <= max(at, self.first) and on in days for booked, on, _ in self.returns)
