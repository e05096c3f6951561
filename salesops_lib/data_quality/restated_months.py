"""What the last load said of a month, and what this one says (C16, M20.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_COLUMNS = [
    "table",
    "month",
    "status",
    "rows_before",
    "rows_now",
    "amount_before",
    "amount_now",
    "difference",
    "reason",
]
#: Order of the effects between what the last load said in all and what this one says.
_EFFECTS = ("restated", "open_month", "new_month")


def last_two(ws: Workspace) -> tuple[int, int] | None:
    """Serial numbers of the load before this one and of this one; None where there is none before."""
    found = ws.facts.query("SELECT DISTINCT serial FROM loads ORDER BY serial DESC LIMIT 2").serial.tolist()
    return (int(found[1]), int(found[0])) if len(found) == 2 else None


def first_load(ws: Workspace, id: str) -> Missing:
    """Why there is nothing to compare this load with."""
    began = ws.facts.query("SELECT MAX(began) AS began FROM loads").began.item()
    lost = isinstance(began, str) and began != "first load"
    return Missing(id, (), "note.history_lost" if lost else "note.first_load")


def months(ws: Workspace, before: int, now: int) -> pd.DataFrame:
    """Months of which two loads say different things, or which only one of them knows.

    A month was over at a load when a sale (without sales: anything dated) of its last day or
    later was loaded.

    Returns
    -------
    pd.DataFrame
        One row a table and month: table, month, status (`restated`; `open_month`, not over at
        the load before; `new_month`, unknown to it), rows and amount (minor units of group
        currency; missing where a table has none) before and now, difference, and what changed
        (`late_rows`, `rows_gone`, `amounts_changed`).
    """
    frame = ws.facts.query(
        'SELECT COALESCE(b.table_name, a.table_name) AS "table", COALESCE(b.month, a.month) AS month, '
        "COALESCE(b.n_rows, 0) AS rows_before, COALESCE(a.n_rows, 0) AS rows_now, "
        "CAST(b.total AS DOUBLE) AS amount_before, CAST(a.total AS DOUBLE) AS amount_now "
        "FROM (SELECT * FROM load_months WHERE serial = ?) AS b FULL JOIN (SELECT * FROM load_months WHERE serial = ?) AS a "
        "ON a.table_name = b.table_name AND a.month = b.month "
        "WHERE a.n_rows IS DISTINCT FROM b.n_rows OR a.total IS DISTINCT FROM b.total ORDER BY 1, 2",
        [before, now],
    )
    has_amount = frame.amount_before.notna() | frame.amount_now.notna()
    for column in ("amount_before", "amount_now"):
        frame[column] = frame[column].mask(has_amount & frame[column].isna(), 0.0)
    frame["difference"] = frame.amount_now - frame.amount_before
    known = ws.facts.query(
        "SELECT DISTINCT table_name FROM load_months WHERE serial = ?", [before]
    ).table_name
    was_over = frame.table.isin(known) & (frame.month < _first_open_month(ws, before))
    frame["status"] = "new_month"
    frame.loc[frame.rows_before > 0, "status"] = "open_month"
    frame.loc[was_over, "status"] = "restated"
    frame["reason"] = "amounts_changed"
    frame.loc[frame.rows_now > frame.rows_before, "reason"] = "late_rows"
    frame.loc[frame.rows_now < frame.rows_before, "reason"] = "rows_gone"
    return frame[_COLUMNS]


def _first_open_month(ws: Workspace, serial: int) -> str:
    """The month of the day after the last one that a load knew; empty where nothing was dated."""
    found = ws.facts.query(
        "SELECT COALESCE(MAX(CASE WHEN table_name = 'order_lines' THEN last_on END), MAX(last_on)) AS last_on FROM loads WHERE serial = ?",
        [serial],
    ).last_on.iloc[0]
    return "" if pd.isna(found) else f"{found + pd.Timedelta(days=1):%Y-%m}"


def restatements(ws: Workspace) -> Exhibit | Missing:
    """Months of the last load that this one tells differently; a bridge of net sales as its part.

    A month that the last load ended in was not over: what it gained since is told apart, and so
    is what later months add.
    """
    loads = last_two(ws)
    if loads is None:
        return first_load(ws, "restatements")
    found = months(ws, *loads)
    frame = found[found.status != "new_month"].reset_index(drop=True)
    findings = _found(
        frame[frame.status == "restated"], n_new=found.month[found.status == "new_month"].nunique()
    )
    amounts = dict.fromkeys(("amount_before", "amount_now", "difference"), "money")
    return Exhibit(
        "restatements", "table", frame, findings=tuple(findings), parts=_bridge(found),
        units=dict.fromkeys(("table", "status", "reason"), "text") | dict.fromkeys(("rows_before", "rows_now"), "count") | amounts,
        notes=(Finding("note.since_last_load"),),
    )  # fmt: skip


def _found(restated: pd.DataFrame, *, n_new: int) -> list[Finding]:
    """What to say of the months that were over at the last load: of net sales first."""
    if restated.empty:
        return [Finding("restatements.none", {"n_new": n_new}, tone="good")]
    findings = []
    sales, others = restated[restated.table == "sales"], restated[restated.table != "sales"]
    if len(sales):
        most = sales.loc[sales.difference.abs().idxmax()]
        said = {name: most[name] for name in ("month", "amount_before", "amount_now", "difference")}
        findings.append(Finding("restatements.sales", said | {"n": len(sales)}, "net_sales", "bad"))
    if len(others):
        values = {"n": len(others), "names": list(dict.fromkeys(others.table))}
        findings.append(Finding("restatements.others", values, tone="bad"))
    return findings


def _bridge(found: pd.DataFrame) -> tuple[Exhibit, ...]:
    """Net sales of the months that differ: what the last load said, what changed, what this one says."""
    sales = found[found.table == "sales"]
    if not sales.difference.any():
        return ()
    before, now = sales.amount_before.sum(), sales.amount_now.sum()
    effects = sales.groupby("status").difference.sum()
    steps = [{"step": "last_load", "amount": before, "role": "start"}]
    steps += [{"step": e, "amount": effects[e], "role": "effect"} for e in _EFFECTS if e in effects.index]
    steps += [{"step": "this_load", "amount": now, "role": "end"}]
    said = {"before": before, "now": now, "difference": now - before, "n": len(sales)}
    bridge = Exhibit(
        "restatement_bridge", "bridge", pd.DataFrame(steps), metric="net_sales",
        findings=(Finding("restatement_bridge.total", said),), units={"amount": "money"},
    )  # fmt: skip
    return (bridge,)
