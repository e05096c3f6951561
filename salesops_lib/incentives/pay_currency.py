"""Pay in the currency of the payee, at the plan rate or the month's average."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.incentives.exact import quotient

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def in_pay_currency(ws: Workspace, months: pd.DataFrame) -> pd.DataFrame:
    """`months` with currency and paid_in_currency, in minor units of that currency.

    Each statement is translated once, at the rate of its last month, and rounded as pay is.  Without a rate there is
    nothing to translate: a statement that pays nothing needs none.

    Raises
    ------
    DataError
        If the table fx lacks a rate that somebody is paid at.
    """
    group = ws.policy.semantics.currency
    own = _currencies(ws)
    currency = pd.Series([own.get(payee, group) for payee in months.payee], index=months.index, dtype=object)
    is_other = (currency != group) & (months.paid != 0)
    found = months.assign(currency=currency, paid_in_currency=months.paid.where(currency == group, 0))
    if is_other.any():
        found.loc[is_other, "paid_in_currency"] = _translated(ws, found[is_other])
    return found


def _currencies(ws: Workspace) -> dict[str, str]:
    if not ws.facts.has("reps.pay_currency"):
        return {}
    rows = ws.facts.query("SELECT rep_id, pay_currency FROM reps WHERE pay_currency IS NOT NULL")
    return dict(zip(rows.rep_id, rows.pay_currency.str.strip().str.upper(), strict=True))


def _translated(ws: Workspace, months: pd.DataFrame) -> list[int]:
    from babel.numbers import get_currency_precision

    kind = ws.policy.incentives.payments.pay_currency_rate
    rates = ws.facts.query("SELECT currency, period, rate FROM fx WHERE rate_type = ? AND rate > 0", [kind])
    known = {(row.currency, row.period): Fraction(Decimal(str(row.rate))) for row in rates.itertuples()}
    asked = list(zip(months.currency, months.month, strict=True))
    if lacking := [key for key in dict.fromkeys(asked) if key not in known]:
        currency, month = lacking[0]
        payee = months.payee.iloc[asked.index(lacking[0])]
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise DataError(
            f"{payee} is paid in {currency}, and the table fx has no {kind} rate of it for {month}{more}.\n"
            "Load the rate, or choose the other one: incentives.payments.pay_currency_rate."
        )
    digits, rounding = ws.policy.semantics.minor_digits, ws.policy.incentives.rules.rounding
    found = []
    for paid, key in zip(months.paid.tolist(), asked, strict=True):
        exact = paid / known[key] * Fraction(10) ** (get_currency_precision(key[0]) - digits)
        found.append(int(quotient(exact.numerator, 1, exact.denominator, rounding)))
    return found
