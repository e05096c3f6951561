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

from salesops_lib.incentives.exact import quotient

if TYPE_CHECKING:
    from salesops_lib.incentives.dues import Dues
    from salesops_lib.policy.incentives import PayRules
    from salesops_lib.policy.payments import Clawback

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
        self.ends = [statement.end for statement in dues.statements]
        self.by_order: dict[str, list[Any]] = defaultdict(list)
        for loss in dues.losses.sort_values(["day", "event", "line_id"], kind="stable").itertuples():
            self.by_order[str(loss.order_id)].append(loss)
        self.booked: list[dict[str, object]] = []

    def clawed_back(
        self, names: pd.DataFrame, rows: pd.DataFrame, unit: NDArray[np.int64], kept: NDArray[np.int64]
    ) -> Back:
        """What the lines lose under the first clawback that fits each event."""
        back = Back(np.zeros_like(kept), np.zeros_like(kept), {})
        lost = names.index[names.order_id.isin(list(self.by_order))]
        chosen = np.isin(unit, [*unit[(rows.kind == "return").to_numpy()], *lost])
        moves: dict[int, list[_Move]] = defaultdict(list)
        own = rows[chosen]
        days = pd.to_datetime(own.credited_on)
        for u, *move in zip(
            unit[chosen].tolist(), own["at"].tolist(), days, own.kept.tolist(), own.kind, strict=True
        ):
            moves[u].append(_Move(*move))
        named = names.iloc[sorted(moves)].to_dict("records")
        for u, name in zip(sorted(moves), named, strict=True):
            line = _Line(name, moves[u], kept[u].tolist())
            events: dict[int, str] = {}
            for at, _, amount in line.returns:
                back.fallen[u, at] += amount
                events[at] = "returned"
            back.to_date[u] = np.subtract(self._lost(line, events), self._left(line))
            back.reason.update({(u, at): event for at, event in events.items()})
        return back

    def _lost(self, line: _Line, events: dict[int, str]) -> list[int]:
        """Pay to date that is lost though attainment stays: a share of the line's pay to date.

        What the measure itself has counted as returned is not taken twice.
        """
        shares = [Fraction(0)] * len(line.kept)
        for loss in self.by_order.get(line.order_id, []):
            at = bisect_left(self.ends, pd.Timestamp(loss.day).date())
            if at == len(self.ends) or loss.line_id not in ("", line.line_id):
                continue
            rule = self._rule(loss.event, loss.day, line.credited_on(at))
            is_counted = loss.event == "returned" and line.counts(loss.day, at)
            if rule is None or rule.attainment == "reduce" or is_counted:
                continue
            part, of = (int(getattr(loss, name)) for name in _SHARES[rule.amount])
            share = Fraction(part, of) * Fraction(rule.share) if of else Fraction(0)
            pay, before = max(line.kept[at], 0), shares[at]
            shares[at:] = [one + share for one in shares[at:]]
            events[at] = loss.event
            asked = self._rounded(pay, share)
            self._book(
                line,
                at,
                loss.event,
                asked,
                asked - min(asked, pay - self._rounded(pay, min(before, Fraction(1)))),
            )
        return [
            self._rounded(max(pay, 0), min(share, Fraction(1)))
            for pay, share in zip(line.kept, shares, strict=True)
        ]

    def _left(self, line: _Line) -> list[int]:
        """Pay to date that stays although returns reduced it: what the clawback's share leaves."""
        fallen, asked = [0] * len(line.kept), [Fraction(0)] * len(line.kept)
        for at, day, amount in line.returns:
            rule = self._rule("returned", day, line.credited_on(at))
            share = Fraction(1) if rule is None else Fraction(rule.share)
            fallen[at:] = [one + amount for one in fallen[at:]]
            asked[at:] = [one + amount * share for one in asked[at:]]
        taken = [self._rounded(1, one) for one in asked]
        for at in sorted({at for at, _, _ in line.returns}):
            now, before = line.kept[at], line.kept[at - 1] if at else 0
            beyond = max(max(-now, 0) - max(-before, 0), 0)
            self._book(
                line, at, "returned", taken[at] - (taken[at - 1] if at else 0), beyond, takes_beyond=True
            )
        return [one - other for one, other in zip(fallen, taken, strict=True)]

    def _rule(self, event: str, day: Any, credited_on: pd.Timestamp) -> Clawback | None:
        """The first clawback of the policy that an event so long after the credit falls under."""
        n_days = (pd.Timestamp(day) - credited_on).days
        return next(
            (rule for rule in self.clawbacks if rule.event == event and 0 <= n_days <= rule.within_days), None
        )

    def _rounded(self, amount: int, share: Fraction) -> int:
        if share.denominator == 1:  # most lines: nothing, or all of it
            return amount * share.numerator
        return int(quotient(amount, share.numerator, share.denominator, self.rules.rounding))

    def _book(
        self, line: _Line, at: int, event: str, asked: int, beyond: int, *, takes_beyond: bool = False
    ) -> None:
        taken = asked if takes_beyond else asked - beyond
        booked = {"at": at, "event": event, "asked": asked, "clawed_back": taken, "beyond": beyond}
        self.booked.append(line.name | booked)


class _Move(NamedTuple):
    """A movement of a line: statement, day of credit, what caps keep of it, order or return."""

    at: int
    day: pd.Timestamp
    kept: int
    kind: str


class _Line:
    """A line of pay: its movements, and what caps keep of it to date at each statement."""

    def __init__(self, name: dict[str, Any], moves: list[_Move], kept: list[int]) -> None:
        self.name, self.kept = name, kept
        self.order_id, self.line_id = str(name["order_id"]), str(name["line_id"])
        self.credits = sorted((move.at, move.day) for move in moves)
        self.returns = sorted((move.at, move.day, -move.kept) for move in moves if move.kind == "return")

    def credited_on(self, at: int) -> pd.Timestamp:
        """The first day of credit, as it was known at a statement, or when the line was first paid."""
        first = self.credits[0][0]
        return min(day for booked, day in self.credits if booked <= max(at, first))

    def counts(self, day: Any, at: int) -> bool:
        """Whether pay was computed of what went back on a day (or is counted on the order's own day)."""
        known = max(at, self.credits[0][0])
        days = {pd.Timestamp(day), self.credited_on(at)}
        return any(booked <= known and credited in days for booked, credited, _ in self.returns)
