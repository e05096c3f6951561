"""What lines of pay lose to returns, cancellations, bad debts and customers who leave."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

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
    """The policy's clawbacks, read against what happened."""

    def __init__(self, dues: Dues, clawbacks: tuple[Clawback, ...], rules: PayRules) -> None:
        self.dues, self.clawbacks, self.rules = dues, clawbacks, rules
        self.ends = [statement.end for statement in dues.statements]
        self.by_order: dict[str, list[Any]] = defaultdict(list)
        for loss in dues.losses.sort_values(["day", "event", "line_id"], kind="stable").itertuples():
            self.by_order[str(loss.order_id)].append(loss)
        self.booked: list[dict[str, object]] = []

    def clawed_back(
        self, names: pd.DataFrame, rows: pd.DataFrame, unit: NDArray[np.int64], kept: NDArray[np.int64]
    ) -> Back:
        """What the lines lose under the first clawback that fits each event."""
        to_date, fallen = np.zeros_like(kept), np.zeros_like(kept)
        reason: dict[tuple[int, int], str] = {}
        returns: dict[int, list[tuple[int, object, int]]] = defaultdict(list)
        is_return = (rows.kind == "return").to_numpy()
        for u, at, day, amount in zip(
            unit[is_return],
            rows["at"][is_return],
            rows.credited_on[is_return],
            rows.kept[is_return],
            strict=True,
        ):
            returns[int(u)].append((int(at), day, -int(amount)))
        lost = names.index[names.order_id.isin(self.by_order.keys())] if self.by_order else []
        for u in sorted({*returns, *lost}):
            line = names.iloc[u]
            found = returns.get(u, [])
            for at, _, amount in found:
                fallen[u, at] += amount
                reason[u, at] = "returned"
            counted = {pd.Timestamp(day) for _, day, _ in found}
            lost, left = self._lost(line, kept[u], reason, u, counted), self._left(line, kept[u], found)
            to_date[u] = np.subtract(lost, left)
        return Back(to_date, fallen, reason)

    def _lost(
        self,
        line: pd.Series,
        kept: NDArray[np.int64],
        reason: dict[tuple[int, int], str],
        u: int,
        counted: set[pd.Timestamp],
    ) -> list[int]:
        """Pay to date that is lost though attainment stays: a share of the line's pay to date.

        What the measure itself has counted as returned (on the days `counted`) is not taken twice.
        """
        shares = [Fraction(0)] * len(kept)
        for loss in self.by_order.get(line.order_id, []):
            rule = self._rule(loss.event, loss.day, line.credited_on)
            at = self._at(loss.day)
            if rule is None or rule.attainment == "reduce" or at is None:
                continue
            is_counted = loss.event == "returned" and counted & {pd.Timestamp(loss.day), pd.Timestamp(line.credited_on)}
            if is_counted or loss.line_id not in ("", line.line_id):
                continue
            part, of = (int(getattr(loss, name)) for name in _SHARES[rule.amount])
            share = Fraction(part, of) * Fraction(rule.share) if of else Fraction(0)
            before = shares[at]
            shares[at:] = [one + share for one in shares[at:]]
            reason[u, at] = loss.event
            pay = max(int(kept[at]), 0)
            asked = self._rounded(pay, share)
            room = pay - self._rounded(pay, min(before, Fraction(1)))
            self._book(line, at, loss.event, asked, min(asked, room))
        return [
            self._rounded(max(int(pay), 0), min(share, Fraction(1)))
            for pay, share in zip(kept, shares, strict=True)
        ]

    def _left(self, line: pd.Series, kept: NDArray[np.int64], found: list[tuple[int, Any, int]]) -> list[int]:
        """Pay to date that stays although returns reduced it: what the clawback's share leaves."""
        fallen, asked = [0] * len(kept), [Fraction(0)] * len(kept)
        for at, day, amount in found:
            rule = self._rule("returned", day, line.credited_on)
            share = Fraction(1) if rule is None else Fraction(rule.share)
            fallen[at:] = [one + amount for one in fallen[at:]]
            asked[at:] = [one + amount * share for one in asked[at:]]
        left = [one - self._rounded(1, other) for one, other in zip(fallen, asked, strict=True)]
        for at in sorted({at for at, _, _ in found}):
            fell = [values[at] - (values[at - 1] if at else 0) for values in (fallen, left)]
            short = [max(-int(kept[one]), 0) if one >= 0 else 0 for one in (at, at - 1)]
            self._book(
                line, at, "returned", fell[0] - fell[1], fell[0] - fell[1], max(short[0] - short[1], 0)
            )
        return left

    def _rule(self, event: str, day: Any, credited_on: Any) -> Clawback | None:
        """The first clawback of the policy that an event so long after the credit falls under."""
        n_days = (pd.Timestamp(day) - pd.Timestamp(credited_on)).days
        return next(
            (rule for rule in self.clawbacks if rule.event == event and 0 <= n_days <= rule.within_days), None
        )

    def _at(self, day: Any) -> int | None:
        """The statement that a day falls in; None after the last."""
        at = bisect_left(self.ends, pd.Timestamp(day).date())
        return at if at < len(self.ends) else None

    def _rounded(self, amount: int, share: Fraction) -> int:
        return int(quotient(amount, share.numerator, share.denominator, self.rules.rounding))

    def _book(
        self, line: pd.Series, at: int, event: str, asked: int, clawed_back: int, beyond: int | None = None
    ) -> None:
        beyond = asked - clawed_back if beyond is None else beyond
        named = {name: line[name] for name in ("payee", "plan", "component", "order_id", "line_id")}
        self.booked.append(
            named | {"at": at, "event": event, "asked": asked, "clawed_back": clawed_back, "beyond": beyond}
        )
