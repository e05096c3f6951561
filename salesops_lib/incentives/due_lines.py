"""Earned pay as movements: what each month adds to the pay of each credited line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.trace import ORDER, Trace, trace

if TYPE_CHECKING:
    from salesops_lib.incentives.facts import Case
    from salesops_lib.policy.incentives import Component


def earned_lines(case: Case, n_months: int) -> pd.DataFrame:
    """Movements of a plan's pay in the first months of its year.

    Returns
    -------
    pd.DataFrame
        payee, credited_on, order_id, line_id, kind, month (position in the year), amount (minor units), plan,
        component.  A line whose pay changes later, as a tier is reached that pays all of it, has a row in each month
        that changed it.  Pay that no line earns has empty order_id, line_id and kind.
    """
    found = [
        _moved(case, component, n_months).assign(plan=case.plan.id, component=component.id)
        for component in case.plan.components
    ]
    return pd.concat(found, ignore_index=True)


def _moved(case: Case, component: Component, n_months: int) -> pd.DataFrame:
    """The differences of a component's traces, month after month."""
    if not by_lines(case, component):
        return _apart(case, case.earned.monthly(case.history, component.id)[:, :n_months])
    rows = case.lines(component)
    rows = rows.sort_values(list(ORDER), kind="stable", ignore_index=True)
    upto = np.zeros((len(rows), n_months), dtype=np.int64)
    apart = np.zeros((len(case.history.payees), n_months), dtype=np.int64)
    for month in range(n_months):
        traced = traced_lines(case, component, rows, month + 1)
        so_far = (rows.month <= month).to_numpy()
        amount, pay = _columns(traced)
        assert np.array_equal(amount, rows.amount[so_far])  # a trace has the same total order
        upto[so_far, month] = pay
        apart[:, month] = traced.apart[:, : month + 1].sum(axis=1)
    added = np.diff(upto, axis=1, prepend=0)
    line, at = np.nonzero(added)
    moved = (
        rows[[*ORDER, "kind"]]
        .iloc[line]
        .assign(
            month=at,
            amount=added[line, at],
            credited_on=lambda one: pd.to_datetime(one.credited_on),
            kind=lambda one: np.where(one.kind == "return", "return", "order"),
        )
    )
    rest = _apart(case, np.diff(apart, axis=1, prepend=0))
    return pd.concat([part for part in (moved, rest) if len(part)] or [rest], ignore_index=True)


def _columns(traced: Trace) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Amount and pay of all lines of a trace."""
    batches = [(batch.lines.column("amount"), batch.lines.column("pay")) for batch in traced]
    parts = [[column.to_numpy() for column in columns] for columns in zip(*batches, strict=True)] or [[], []]
    amount, pay = (np.concatenate([np.zeros(0, dtype=np.int64), *part]) for part in parts)
    return amount, pay


def by_lines(case: Case, component: Component) -> bool:
    """Whether a component's pay is earned line by line; else by what its plan promises, or by ratios."""
    measured = {measure for measure, _ in case.history.actual}
    return component.kind not in ("flat", "scored") and component.measure in measured


def traced_lines(case: Case, component: Component, lines: pd.DataFrame, n_months: int) -> Trace:
    """The trace of a component's `lines`, those that its case credits, in the first months of its year."""
    import duckdb

    rules, zero_quota = case.ws.policy.incentives.rules, case.ws.policy.semantics.zero_quota
    relation = duckdb.from_df(lines[list(ORDER)])
    return trace(
        case.plan, rules, case.history, component.id, relation, n_months=n_months, zero_quota=zero_quota
    )


def _apart(case: Case, added: NDArray[np.int64]) -> pd.DataFrame:
    """Pay that no line earns, payees × months, as rows."""
    payee, month = np.nonzero(added)
    return pd.DataFrame({
        "payee": np.array(case.history.payees, dtype=object)[payee],
        "credited_on": pd.to_datetime([case.months[n].end for n in month]),
        "order_id": "", "line_id": "", "kind": "", "month": month, "amount": added[payee, month],
    })  # fmt: skip
