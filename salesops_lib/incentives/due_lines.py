"""Earned pay as movements: what each month adds to the pay of each credited line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.trace import Trace, trace

if TYPE_CHECKING:
    from salesops_lib.incentives.facts import Case
    from salesops_lib.policy.incentives import Component

_LINE = ["payee", "credited_on", "order_id", "line_id", "kind"]
#: What a line of a feed is told apart by within its component.
_TRACED = ["payee", "month", "credited_on", "order_id", "line_id", "amount"]


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
    lines = case.lines(component)
    kinds = lines[[*_TRACED, "kind"]].drop_duplicates(_TRACED)
    kinds["kind"] = np.where(kinds.kind == "return", "return", "order")
    moved: list[pd.DataFrame] = []
    apart = np.zeros((len(case.history.payees), n_months), dtype=np.int64)
    before = pd.DataFrame({name: [] for name in (*_LINE, "pay")})
    for month in range(n_months):
        found = traced_lines(case, component, lines, month + 1)
        apart[:, month] = found.apart[:, : month + 1].sum(axis=1)
        batches = [batch.lines.to_pandas()[[*_TRACED, "pay"]] for batch in found if batch.lines.num_rows]
        now = before.iloc[:0]
        if batches:
            now = pd.concat(batches, ignore_index=True).merge(kinds, on=_TRACED, how="left")
            now = now.groupby(_LINE, as_index=False).pay.sum()
        both = pd.concat([part for part in (now, before.assign(pay=-before.pay)) if len(part)] or [now])
        change = both.groupby(_LINE, as_index=False).pay.sum()
        moved.append(change[change.pay != 0].assign(month=month))
        before = now
    rows = pd.concat([part for part in moved if len(part)] or moved, ignore_index=True)
    rest = _apart(case, np.diff(apart, axis=1, prepend=0))
    return pd.concat([part for part in (rows.rename(columns={"pay": "amount"}), rest) if len(part)] or [rest])


def by_lines(case: Case, component: Component) -> bool:
    """Whether a component's pay is earned line by line; else by what its plan promises, or by ratios."""
    measured = {measure for measure, _ in case.history.actual}
    return component.kind not in ("flat", "scored") and component.measure in measured


def _apart(case: Case, added: NDArray[np.int64]) -> pd.DataFrame:
    """Pay that no line earns, payees × months, as rows."""
    payee, month = np.nonzero(added)
    return pd.DataFrame({
        "payee": np.array(case.history.payees, dtype=object)[payee],
        "credited_on": pd.to_datetime([case.months[n].end for n in month]),
        "order_id": "", "line_id": "", "kind": "", "month": month, "amount": added[payee, month],
    })  # fmt: skip


def traced_lines(case: Case, component: Component, lines: pd.DataFrame, n_months: int) -> Trace:
    """The trace of a component's `lines`, those that its case credits, in the first months of its year."""
    import duckdb

    rules, zero_quota = case.ws.policy.incentives.rules, case.ws.policy.semantics.zero_quota
    relation = duckdb.from_df(lines[_TRACED])
    return trace(
        case.plan, rules, case.history, component.id, relation, n_months=n_months, zero_quota=zero_quota
    )
