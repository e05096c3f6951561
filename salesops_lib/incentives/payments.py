"""What is paid of what was earned, and when: caps, releases, holds, clawbacks, draws, guarantees.

Order of the steps (docs/decisions/0014): earn, cap, release, hold, claw back, draw, guarantee.
All amounts are whole minor units of the group currency; what a month says is the difference of
two figures to date, so months add up in any split.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

#: Columns that tell a line of pay from all others.
UNIT = ("payee", "plan", "component", "order_id", "line_id")
#: Where a line's earned pay is: these add up to it, in every row of `Payments.lines`.
PLACES = ("forfeited", "withheld", "clawed_back", "lapsed", "waiting", "held", "released")


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
        closing (opening + waiting + held + withheld), currency, paid_in_currency (paid, in minor units of the
        payee's currency).  paid = released + asked_back − taken_back + draw − recovered + guarantee, never below 0.
    clawbacks
        One row a line and event: payee, month, component, order_id, line_id, event, asked, clawed_back, beyond (asked, and
        more than the line's pay, so not taken back; or, where attainment falls, taken back all the same).
    """

    lines: pd.DataFrame
    months: pd.DataFrame
    clawbacks: pd.DataFrame


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
    raise NotImplementedError
