"""What is paid of what was earned, and when: caps, releases, holds, clawbacks, draws, guarantees.

Order of the steps (docs/decisions/0014): earn, cap, release, hold, claw back, draw, guarantee.
All amounts are whole minor units of the group currency; what a month says is the difference of
two figures to date, so months add up in any split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives import due_facts
from salesops_lib.incentives.advances import Account, Month
from salesops_lib.incentives.dues import Dues
from salesops_lib.incentives.losses import Losses
from salesops_lib.incentives.pay_currency import in_pay_currency
from salesops_lib.incentives.releases import PLACES, UNIT, places

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.policy.incentives import PayRules
    from salesops_lib.policy.payments import Payments as Rules
    from salesops_lib.workspace import Workspace


@dataclass(frozen=True)
class Payments:
    """What is paid, month by month; every figure is the movement of its month unless it says `to date`.

    Attributes
    ----------
    lines
        One row a payee, month, plan, component, order_id and line_id that moved: payee, month (label of the
        statement's last month, "2025-03"), plan, component, order_id, line_id (both empty for pay that no line
        earns), credited_on (first day of credit), earned, and where it is: forfeited, withheld (above a cap; withheld
        pay may be granted later), clawed_back, lapsed (a leaver's, out of time), waiting (for invoice, cash or close),
        held, released; then reason (of a hold or cap: customer_overdue, deal_disputed, windfall, deal, person_year; of a clawback its
        event; else empty).  earned = forfeited + withheld + clawed_back + lapsed + waiting + held + released;
        released is negative where paid pay is taken back.
    months
        One row a payee and month, from the first in which anything moved: payee, month, opening (of what is earned and not
        yet paid: waiting + held + withheld brought forward), earned, forfeited, withheld, clawed_back, lapsed,
        waiting, held, released, asked_back (part of released that is taken back, as a positive amount), taken_back
        (what this month takes, limited by clawback_limit), carried_back (to date: still to be taken back),
        draw (lent or given), recovered, forgiven, draw_open (to date: lent and not recovered), guarantee, paid,
        closing (opening + waiting + held + withheld); from `paid` also currency and paid_in_currency (in its minor
        units).  paid = released + asked_back − taken_back + draw − recovered + guarantee, never below 0.
    clawbacks
        One row a line and event: payee, month, component, order_id, line_id, event, asked, clawed_back, beyond (asked, and
        more than the line's pay, so not taken back; or, where attainment falls, taken back all the same).
    statements
        Labels of all statements computed, in order.
    """

    lines: pd.DataFrame
    months: pd.DataFrame
    clawbacks: pd.DataFrame
    statements: tuple[str, ...]


def paid(ws: Workspace, through: Period | None = None, *, further: pd.DataFrame | None = None) -> Payments:
    """What is paid of everything earned under the policy's plans, to the end of a period.

    Parameters
    ----------
    through
        The last period that counts; the workspace's where left out.  Facts of later days are not looked at.
    further
        Earned amounts beside the plans' (spiffs, contests): payee, month (label), component, amount (minor units);
        plan, order_id, line_id and credited_on where known.

    Raises
    ------
    DataError
        If what the policy's payments ask for (invoices, receipts, rates) is not loaded.
    """
    found = due_facts.dues(ws, through or ws.period, further)
    rules = ws.policy.incentives
    made = payments(found, rules.payments, rules.rules)
    return replace(made, months=in_pay_currency(ws, made.months))


def payments(dues: Dues, policy: Rules, rules: PayRules) -> Payments:
    """What is paid of what is due.

    Parameters
    ----------
    policy, rules
        `incentives.payments` and `incentives.rules` of the policy.

    Examples
    --------
    A line of 100.00 of which 60 % is due on booking and 40 % when cash has come in, in February:

    >>> from datetime import date
    >>> from salesops_lib.incentives.dues import Statement
    >>> from salesops_lib.policy.incentives import PayRules
    >>> from salesops_lib.policy.payments import Payments as Policy
    >>> january = Statement("2025-01", date(2025, 1, 1), date(2025, 1, 31), "2025")
    >>> february = Statement("2025-02", date(2025, 2, 1), date(2025, 2, 28), "2025")
    >>> earned = {"payee": "ann", "at": 0, "plan": "p", "component": "core", "order_id": "S1", "line_id": "1"}
    >>> earned |= {"kind": "order", "credited_on": date(2025, 1, 9), "amount": 10_000}
    >>> known = [("S1", "expected", date(2025, 1, 9), 500), ("S1", "cash_in", date(2025, 2, 3), 500)]
    >>> due = Dues(
    ...     [january, february],
    ...     pd.DataFrame([earned]),
    ...     progress=pd.DataFrame(known, columns=["order_id", "event", "day", "amount"]),
    ... )
    >>> parts = ({"event": "booking", "share": 0.6}, {"event": "cash_in", "share": 0.4})
    >>> policy = Policy.model_validate({"release": ({"schedule": parts},)})
    >>> payments(due, policy, PayRules()).months[["month", "waiting", "paid"]].values.tolist()
    [['2025-01', 4000, 6000], ['2025-02', -4000, 4000]]
    """
    losses = Losses(dues, policy.clawbacks, rules)
    found = list(places(dues, policy, rules, losses))
    lines = pd.concat(found, ignore_index=True)
    months = _months(dues, policy, rules, lines)
    label = dict(enumerate(statement.label for statement in dues.statements))
    shown = lines.assign(month=lines["at"].map(label)).sort_values(["payee", "at", *UNIT[1:]])
    booked = pd.DataFrame(losses.booked, columns=[*UNIT, "at", "event", "asked", "clawed_back", "beyond"])
    booked = booked.assign(month=booked["at"].map(label)).sort_values(["payee", "at", *UNIT[1:], "event"])
    return Payments(
        shown[["payee", "month", *UNIT[1:], "credited_on", "earned", *PLACES, "reason"]].reset_index(
            drop=True
        ),
        months.assign(month=months["at"].map(label))[["payee", "month", *_MONTHS]],
        booked[["payee", "month", *UNIT[1:], "event", "asked", "clawed_back", "beyond"]].reset_index(
            drop=True
        ),
        tuple(label.values()),
    )


_MONTHS = (
    "opening", "earned", *PLACES, "asked_back", "taken_back", "carried_back", "draw", "recovered", "forgiven", "draw_open",
    "guarantee", "paid", "closing",
)  # fmt: skip


def _months(dues: Dues, policy: Rules, rules: PayRules, lines: pd.DataFrame) -> pd.DataFrame:
    """Each payee's statements, from the first in which there is anything to say."""
    summed = lines.groupby(["payee", "at"])[["earned", *PLACES, "asked_back"]].sum()
    moved = {
        key: dict(zip(summed.columns, map(int, row), strict=True))
        for key, row in zip(summed.index, summed.to_numpy(), strict=True)
    }
    nothing = dict.fromkeys(summed.columns, 0)
    served = _served(dues)
    rows: list[dict[str, object]] = []
    for payee in sorted({*lines.payee, *dues.people.payee}):
        account = Account(policy, rules, dues.minor, is_prorated=policy.absence != "none")
        closing, has_begun = 0, False
        for at in range(len(dues.statements)):
            here = moved.get((payee, at), nothing)
            settled = account.settle(served.get((payee, at), ()), here["released"], here["asked_back"])
            has_begun |= any(here.values()) or any(settled.values())
            if has_begun:
                opening, closing = closing, closing + here["waiting"] + here["held"] + here["withheld"]
                rows.append(
                    {"payee": payee, "at": at, "opening": opening, "closing": closing} | here | settled
                )
    return pd.DataFrame(rows, columns=["payee", "at", *_MONTHS])


def _served(dues: Dues) -> dict[tuple[str, int], Sequence[Month]]:
    """(payee, statement) → the payee's months in it."""
    found: dict[tuple[str, int], Sequence[Month]] = {}
    for row in dues.people.sort_values(["payee", "number"]).itertuples():
        month = Month(
            int(row.number),
            str(row.role),
            int(row.tenure),
            int(row.moved),
            int(row.target),
            int(row.served),
            int(row.days),
        )
        key = (str(row.payee), int(row.at))
        found[key] = (*found.get(key, ()), month)
    return found
