"""Spiffs: an amount for each unit of a product sold in a window, in the order of credit, until the budget is used up."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.incentives import crediting
from salesops_lib.incentives.exact import quotient
from salesops_lib.incentives.facts import stays
from salesops_lib.incentives.standings import demand_everybody
from salesops_lib.tables.engine import literal

if TYPE_CHECKING:
    from salesops_lib.incentives.exact import Rounding
    from salesops_lib.policy.incentives import Spiff
    from salesops_lib.workspace import Workspace

_MEASURE = "quantity"
#: The order of credit.
_ORDER = ["credited_on", "order_id", "line_id", "kind", "payee"]


def result(ws: Workspace, spiff: Spiff, through: date) -> pd.DataFrame:
    """What a spiff pays for lines credited up to a day. See `paid_lines`.

    Returns of what it paid for count after its window, too.
    """
    demand_everybody(ws)
    if spiff.category is not None and (absent := ws.facts.missing("sales.category")):
        raise DataError(
            f"The spiff {spiff.id} is for {spiff.category}, and {', '.join(absent)} hold nothing.\n"
            "Load product lines, or leave out its category."
        )
    last = min(spiff.window.end or through, through)
    spans = stays(ws, spiff.roles, spiff.window.start, max(last, spiff.window.start))
    sold = crediting.statement(ws, _MEASURE, spiff.window.start, through)
    category = "" if spiff.category is None else f"WHERE l.category = {literal(spiff.category)}"
    lines = ws.facts.query(
        "SELECT c.payee, c.credited_on, c.order_id, c.line_id, c.kind, c.amount, COALESCE(o.net_amount, 0) AS order_amount "
        f"FROM ({sold}) AS c JOIN (SELECT order_id, COALESCE(line_id, '') AS line_id, MIN(category) AS category FROM sales "
        "GROUP BY order_id, COALESCE(line_id, '')) AS l ON l.order_id = c.order_id AND l.line_id = c.line_id "
        "LEFT JOIN (SELECT order_id, CAST(SUM(net_amount) AS BIGINT) AS net_amount FROM sales WHERE kind = 'order' GROUP BY order_id) "
        f"AS o ON o.order_id = c.order_id {category} {'AND' if category else 'WHERE'} c.credit = 'direct'"
    )
    lines = lines.assign(credited_on=pd.to_datetime(lines.credited_on).dt.date)
    rules, minor = ws.policy.incentives.rules, 10**ws.policy.semantics.minor_digits
    parts = crediting.parts_of(ws, _MEASURE)
    return paid_lines(spiff, _taking_part(lines, spans), minor=minor, parts=parts, rounding=rules.rounding)


def _taking_part(lines: pd.DataFrame, spans: pd.DataFrame) -> pd.DataFrame:
    """Lines sold on days served in the roles, and whatever those who served gave back."""
    own: dict[str, list[tuple[date, date]]] = {}
    for span in spans.itertuples():
        own.setdefault(str(span.rep_id), []).append((span.start.date(), span.stop.date()))
    kept = [
        row.payee in own
        and (row.amount < 0 or any(first <= row.credited_on <= last for first, last in own[row.payee]))
        for row in lines.itertuples()
    ]
    return lines[pd.Series(kept, index=lines.index, dtype=bool)]


def paid_lines(
    spiff: Spiff,
    lines: pd.DataFrame,
    *,
    minor: int = 100,
    parts: int = 1000,
    rounding: Rounding = "half_even",
) -> pd.DataFrame:
    """The window's lines and their returns in the order of credit, with what each pays and why.

    Parameters
    ----------
    lines
        payee, credited_on, order_id, line_id, kind, amount (of units, in `parts`), order_amount (of the whole order,
        minor units); in any order.
    parts
        Parts that a unit is counted in.

    Returns
    -------
    pd.DataFrame
        The lines with due (before the budget) and pay, in minor units, and reason: paid, paid_in_part (the budget
        ran out), budget_used_up, below_min_deal, taken_back (returned units), nothing_paid (of the order).

    Raises
    ------
    DataError
        If there is a budget, and the policy does not say who is paid on the day on which it runs out.

    Notes
    -----
    A line's due is what it adds to round(units to date of its payee × amount), so a payee's dues add up
    to the rounded whole.  A return takes back its due, and of an order no more than the order paid the payee; what
    it gives back is there for later days.
    """
    if spiff.budget is not None and spiff.tie is None:
        raise DataError(
            f"{spiff.id}: it is not said who is paid on the day on which its budget runs out. Write tie: order_number or shared."
        )
    ordered = lines.sort_values(_ORDER, kind="stable").reset_index(drop=True)
    ordered = _with_dues(spiff, ordered, minor, parts, rounding)
    purse = _Purse(None if spiff.budget is None else int(spiff.budget * minor), spiff.tie == "shared")
    said: dict[int, tuple[int, str]] = {}
    for _, group in groupby(ordered.itertuples(), key=lambda row: row.credited_on):
        today = list(group)
        said |= purse.sold([row for row in today if row.amount > 0])
        said |= purse.returned([row for row in today if row.amount < 0])
    pay, reason = ({at: one[k] for at, one in said.items()} for k in (0, 1))
    found = ordered.assign(
        pay=pd.Series(pay, dtype="int64", index=ordered.index),
        reason=pd.Series(reason, dtype=object, index=ordered.index),
    )
    return found.drop(columns="is_small")


def _with_dues(spiff: Spiff, lines: pd.DataFrame, minor: int, parts: int, rounding: Rounding) -> pd.DataFrame:
    """The lines that concern the spiff: sales of its window, returns of these; with what they are due."""
    end = spiff.window.end or date.max
    is_sold = (lines.amount > 0) & (lines.credited_on >= spiff.window.start) & (lines.credited_on <= end)
    sold = set(zip(lines.payee[is_sold], lines.order_id[is_sold], strict=True))
    is_back = (lines.amount < 0) & pd.Series(
        [key in sold for key in zip(lines.payee, lines.order_id, strict=True)], lines.index, dtype=bool
    )
    lines = lines[is_sold | is_back].reset_index(drop=True)
    is_small = lines.order_amount < int(spiff.min_deal * minor)
    counts = lines.amount.where(~is_small, 0)
    upto = counts.groupby(lines.payee).cumsum()
    amount, unit = spiff.per_unit.as_integer_ratio()
    after, before = (
        quotient(units.to_numpy(dtype="int64"), amount * minor, unit * parts, rounding)
        for units in (upto, upto - counts)
    )
    return lines.assign(due=after - before, is_small=is_small)


class _Purse:
    """What is left of a budget, and what each payee was paid of each order."""

    def __init__(self, budget: int | None, is_shared: bool) -> None:
        self.left = budget
        self.is_shared = is_shared
        self.paid: dict[tuple[str, str], int] = {}

    def sold(self, rows: list[Any]) -> dict[int, tuple[int, str]]:
        """Pay and reason of a day's sales, by their position."""
        due, purse, upto = sum(row.due for row in rows), self.left, 0
        found = {}
        for row in rows:
            pay = row.due if self.left is None else min(row.due, self.left)
            if purse is not None and self.is_shared and due > purse:
                pay = purse * (upto + row.due) // due - purse * upto // due
            upto += row.due
            self._move(row, pay)
            reason = "paid" if pay == row.due else "paid_in_part" if pay else "budget_used_up"
            found[row.Index] = (pay, "below_min_deal" if row.is_small else reason)
        return found

    def returned(self, rows: list[Any]) -> dict[int, tuple[int, str]]:
        """What a day's returns take back, by their position."""
        found = {}
        for row in rows:
            taken = min(-row.due, self.paid.get((row.payee, row.order_id), 0))
            self._move(row, -taken)
            found[row.Index] = (-taken, "taken_back" if taken else "nothing_paid")
        return found

    def _move(self, row: Any, amount: int) -> None:
        key = (row.payee, row.order_id)
        self.paid[key] = self.paid.get(key, 0) + amount
        if self.left is not None:
            self.left -= amount
