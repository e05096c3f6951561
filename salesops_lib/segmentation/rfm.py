"""Recency, frequency and money of customers on fixed edges, and the named cells that they fall into.

Edges come from the policy and stay where they are: a customer changes its cell by what it does,
never because others changed, and never by the order of rows.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.policy.selling import RecencyFrequencyMoney
    from salesops_lib.workspace import Workspace

_ANY = frozenset({0, 1, 2})


class Cell(NamedTuple):
    """A named cell: the levels (0 low, 1 middle, 2 high) of recency, frequency and money that it covers."""

    name: str
    recency: frozenset[int]
    frequency: frozenset[int]
    money: frozenset[int]


#: The best first.  Together they cover each of the 27 triples of levels exactly once.
CELLS = (
    Cell("core", frozenset({2}), frozenset({2}), frozenset({2})),
    Cell("loyal", frozenset({2}), frozenset({2}), frozenset({0, 1})),
    Cell("growing", frozenset({2}), frozenset({1}), _ANY),
    Cell("occasional", frozenset({2}), frozenset({0}), _ANY),
    Cell("hold", frozenset({1}), frozenset({2}), _ANY),
    Cell("cooling", frozenset({1}), frozenset({0, 1}), _ANY),
    Cell("win_back", frozenset({0}), _ANY, frozenset({2})),
    Cell("asleep", frozenset({0}), _ANY, frozenset({0, 1})),
)


def cell_of() -> dict[tuple[int, int, int], str]:
    """Name of the cell of each triple of levels.

    >>> cell_of()[2, 2, 2], len(cell_of())
    ('core', 27)
    """
    return {
        triple: cell.name for cell in CELLS for triple in product(cell.recency, cell.frequency, cell.money)
    }


def rfm(
    days_since_order: pd.Series,
    order_days: pd.Series,
    amount: pd.Series,
    edges: RecencyFrequencyMoney,
    minor_units: int,
) -> pd.DataFrame:
    """Levels and cell of each customer.

    Parameters
    ----------
    days_since_order, order_days, amount
        Of each customer; the last two within the policy's window, amount net in minor units.
    minor_units
        Minor units of one unit of the currency.

    Returns
    -------
    pd.DataFrame
        recency, frequency, money (0 low, 1 middle, 2 high) and cell, on the same index.  Without
        edges of amount everybody's money is in the middle.

    Examples
    --------
    >>> from salesops_lib.policy.selling import RecencyFrequencyMoney
    >>> one = pd.Series({"a": 12, "b": 200}), pd.Series({"a": 9, "b": 1}), pd.Series({"a": 800, "b": 5})
    >>> rfm(*one, RecencyFrequencyMoney(amount=(1, 5)), 100).cell.to_dict()
    {'a': 'core', 'b': 'asleep'}
    """
    recent, silent = edges.silent_days
    levels = pd.DataFrame(
        {
            "recency": (days_since_order <= recent).astype(int) + (days_since_order <= silent),
            "frequency": _level(order_days, edges.order_days),
            "money": _level(amount / minor_units, edges.amount) if edges.amount else 1,
        }
    )
    named = cell_of()
    return levels.assign(cell=[named[triple] for triple in levels.itertuples(index=False, name=None)])


def rfm_cells(ws: Workspace) -> Exhibit | Missing:
    """Number and sales of the customers in each cell, and what those of a year ago have bought since; one row a cell."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("rfm", absent)
    now, then = cells_of(ws, ws.trailing()), cells_of(ws, ws.trailing(years_back=1))
    if now.empty:
        return Missing("rfm", ("sales.customer_id",), "note.nothing_in_period")
    own = now.groupby("cell").amount
    before = then.assign(after=now.amount.reindex(then.index)).groupby("cell")[["amount", "after"]].sum()
    kept = before.after / before.amount.where(before.amount > 0)
    order = [cell.name for cell in CELLS]
    table = pd.DataFrame({"n": own.size(), "actual": own.sum()}).reindex(order).fillna(0)
    table = table.assign(n=table.n.astype(int), share=table.actual / table.actual.sum(), kept=kept)
    cold = now[now.cell.isin(["hold", "win_back"])]
    told = {
        "n": int(table.n[["core", "loyal"]].sum()),
        "share": table.share[["core", "loyal"]].sum(),
        "n_cold": len(cold),
        "amount": cold.amount.sum(),
    }
    edges = ws.policy.customers.rfm
    notes = [Finding("note.rfm_edges", {"recent": edges.silent_days[0], "silent": edges.silent_days[1],
                                        "some": edges.order_days[0], "often": edges.order_days[1]})]  # fmt: skip
    if unsold := _only_returns(ws):
        notes.append(Finding("note.only_returns", {"n": unsold}))
    if edges.amount is None:
        notes.append(Finding("note.rfm_no_amount"))
    return Exhibit(
        "rfm", "table", table.rename_axis("cell").reset_index().assign(cell=[_named(name) for name in order]), metric="net_sales", findings=(Finding("rfm.cells", told, "net_sales"),),
        units={"cell": "text", "kept": "ratio"}, window=ws.trailing(), sources=("order_lines",), notes=tuple(notes),
    )  # fmt: skip


def _only_returns(ws: Workspace) -> int:
    """Customers that sent back, or cancelled, what no order of theirs shows."""
    found = ws.facts.query(
        "SELECT COUNT(*) AS n FROM (SELECT customer_id FROM sales WHERE customer_id IS NOT NULL"
        " GROUP BY customer_id HAVING COUNT(*) FILTER (WHERE kind = 'order') = 0) AS unsold"
    )
    return int(found.n.iloc[0])


def _named(cell: str) -> Finding:
    return Finding("value.label", {"value": f"rfm_{cell}"})


def cells_of(ws: Workspace, window: Window) -> pd.DataFrame:
    """Amount and cell of all who had ordered up to the end of a window; index customer_id."""
    seen = ws.facts.query(
        "SELECT customer_id, CAST(MAX(dated_on) FILTER (WHERE kind = 'order') AS DATE) AS last_on,"
        " COUNT(DISTINCT CASE WHEN kind = 'order' AND dated_on >= ? THEN dated_on END) AS order_days,"
        " CAST(COALESCE(SUM(net_amount) FILTER (WHERE kind <> 'cancelled' AND dated_on >= ?), 0) AS BIGINT) AS amount"
        " FROM sales WHERE customer_id IS NOT NULL AND dated_on <= ? GROUP BY customer_id ORDER BY customer_id",
        [window.start, window.start, window.end],
    )
    seen = seen.dropna(subset=["last_on"]).set_index("customer_id")
    silent = (pd.Timestamp(window.end) - pd.to_datetime(seen.last_on)).dt.days
    levels = rfm(
        silent, seen.order_days, seen.amount, ws.policy.customers.rfm, 10**ws.policy.semantics.minor_digits
    )
    return seen[["amount"]].assign(cell=levels.cell)


def _level(values: pd.Series, edges: tuple[float, float]) -> pd.Series:
    return pd.Series(np.searchsorted(edges, values, side="right"), values.index)
