"""Slices of pay: what each line credited in a period earns in each tier that it touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.incentives.due_lines import by_lines, traced_lines

if TYPE_CHECKING:
    from salesops_lib.incentives.facts import Case
    from salesops_lib.policy.incentives import Component

#: What a line of pay is told apart by, however often it moves.
UNIT = ["payee", "plan", "component", "order_id", "line_id"]
SLICES = [*UNIT, "kind", "customer_id", "credited_on", "measure", "n_lines", "credited", "tier", "pay"]
_LINE = ["payee", "month", "credited_on", "order_id", "line_id", "amount"]


def slices(case: Case, first: int, n_months: int) -> pd.DataFrame:
    """What lines credited in some months of a plan's year earn, by tier, in the state at the last of them.

    Parameters
    ----------
    first, n_months
        Position of the first month whose lines are wanted, and how many months of the year count.

    Returns
    -------
    pd.DataFrame
        One row a line and tier: UNIT, kind (order, return), customer_id, credited_on, measure, n_lines, credited (in
        parts of the measure), tier (from 1; 0 where a line is paid at an average rate), pay (minor units).  What managers are
        credited with of their people is one row a month, tier and component, without order and customer: the
        orders are those of others.
    """
    found = [
        _of_component(case, component, first, n_months)
        for component in case.plan.components
        if by_lines(case, component)
    ]
    rows = pd.concat([part for part in found if len(part)] or [pd.DataFrame(columns=SLICES)])
    return rows[SLICES].reset_index(drop=True)


def _of_component(case: Case, component: Component, first: int, n_months: int) -> pd.DataFrame:
    lines = case.lines(component)
    about = lines[[*_LINE, "kind", "customer_id"]].drop_duplicates(_LINE)
    parts = []
    for batch in traced_lines(case, component, lines, n_months):
        whole = batch.lines.to_pandas()
        split = batch.slices.to_pandas()
        plain = whole.drop(index=split.line.unique()).rename(columns={"tier_first": "tier"})
        plain = plain.assign(credited=plain.amount)
        own = whole.loc[split.line, [*_LINE]].reset_index(drop=True)
        own = own.assign(tier=split.tier, credited=split.amount, pay=split.pay)
        columns = [*_LINE, "tier", "credited", "pay"]
        parts += [part[columns] for part in (plain, own) if len(part)]
    if not parts:
        return pd.DataFrame(columns=SLICES)
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[rows.month >= first].merge(about, on=_LINE, how="left")
    rows = rows.assign(
        plan=case.plan.id, component=component.id, measure=component.measure, n_lines=1,
        kind=np.where(rows.kind == "return", "return", "order"), tier=rows.tier.fillna(0).astype("int64"),
        credited=rows.credited.astype("int64"), pay=rows.pay.astype("int64"),
        credited_on=pd.to_datetime(rows.credited_on),
    )  # fmt: skip
    if component.credit == "roll_up":
        rows = of_the_month(rows, ["measure", "tier"], ["n_lines", "credited", "pay"])
    return rows.sort_values(["payee", "credited_on", "order_id", "line_id", "tier"])


def of_the_month(rows: pd.DataFrame, kept: list[str], summed: list[str]) -> pd.DataFrame:
    """Rows of other people's orders by the month of their credit, without saying which orders."""
    month = pd.to_datetime(rows.credited_on).dt.to_period("M").dt.to_timestamp()
    bare = rows.assign(order_id="", line_id="", kind="", customer_id="", credited_on=month)
    key = [*UNIT, "kind", "customer_id", "credited_on", *kept]
    return bare.groupby(key, as_index=False, dropna=False)[summed].sum()
