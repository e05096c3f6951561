"""The lines of a posted statement: what is paid to date, less what was posted before.

A posted statement is never changed.  What late data change of its months is an adjustment in the
next one: a line of that statement with the month that it belongs to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from salesops_lib.incentives.payments import Payments

#: What a line of pay is told apart by.
KEY = ["payee", "plan", "component", "month", "order_id", "line_id"]
#: The `plan` of what no plan pays: advances, and what they are for.
PERSON = "payments"
#: Owed and not taken, as a statement does not fall below nothing; taken with the next.
CARRIED = "carried"


def payable(found: Payments) -> pd.DataFrame:
    """Every line that makes up what is paid: KEY, amount; those of a payee and month add up to `paid`.

    Lines of pay have what they released.  Lines of the person have `payments` for a plan, and for a component
    carried_back (taken back later than it was lost), draw, recovered or guarantee.
    """
    lines = found.lines.rename(columns={"released": "amount"})[[*KEY, "amount"]]
    months = found.months
    about = {
        "carried_back": months.asked_back - months.taken_back,
        "draw": months.draw,
        "recovered": -months.recovered,
        "guarantee": months.guarantee,
    }
    persons = [
        months[["payee", "month"]].assign(
            plan=PERSON, component=component, order_id="", line_id="", amount=amount
        )
        for component, amount in about.items()
    ]
    rows = pd.concat([lines, *persons], ignore_index=True)
    return rows[rows.amount != 0][[*KEY, "amount"]].reset_index(drop=True)


def statement(found: Payments, label: str, posted: pd.DataFrame) -> pd.DataFrame:
    """The lines of the statement of a month.

    Parameters
    ----------
    found
        Payments to the end of the month, by the data of now.
    label
        The month, "2025-03".
    posted
        Lines of all statements before: KEY, amount.

    Returns
    -------
    pd.DataFrame
        KEY, amount: what is paid to date by now, less what was posted; `month` is before `label` in an adjustment. Each
        payee's lines add up to what the statement pays, 0 at least.  What would be below is carried to the next.

    Raises
    ------
    DataError
        If months are posted that the policy does not compute any more.

    Notes
    -----
    All statements together say what one computation of all months says, and at most what is still carried more.
    """
    due = payable(found)
    due = due[due.month <= label]
    _demand_known(found, posted)
    both = pd.concat([due, posted.assign(amount=-posted.amount)[[*KEY, "amount"]]], ignore_index=True)
    rows = both.groupby(KEY, as_index=False).amount.sum()
    paid = rows.groupby("payee", as_index=False).amount.sum()
    short = paid[paid.amount < 0].assign(
        plan=PERSON, component=CARRIED, month=label, order_id="", line_id="", amount=lambda one: -one.amount
    )
    rows = pd.concat([rows, short], ignore_index=True) if len(short) else rows
    rows = rows.groupby(KEY, as_index=False).amount.sum()
    return rows[rows.amount != 0].reset_index(drop=True)


def _demand_known(found: Payments, posted: pd.DataFrame) -> None:
    """Refuse to take back what the policy in force knows nothing of."""
    first = found.statements[0] if found.statements else ""
    early = sorted(month for month in posted.month.unique() if month < first)
    if early:
        raise DataError(
            f"{early[0]} is posted, and the plans of the policy begin with {first}, so what is open from before would be lost.\n"
            "Keep the plans of earlier years in the policy: they end by effective.to."
        )
