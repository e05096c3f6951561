"""Money read against money stored, against the books, and returns against what they undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.cleaning.matching import PARTLY
from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import ratio

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def _in_minor_units(ws: Workspace, frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    minor = 10**ws.policy.semantics.minor_digits
    return frame.assign(**{name: (frame[name].astype("float64") * minor).round() for name in columns})


def control_totals(ws: Workspace) -> Exhibit:
    """Money read against money stored, of each source; rounding to minor units is the only difference."""
    frame = ws.facts.query(
        "SELECT source, table_name, raw_total, stored_total, rounding_residual, set_aside_total FROM audit_sources WHERE raw_total IS NOT NULL "
        "ORDER BY source, table_name"
    ).rename(columns={"table_name": "table"})
    residual = frame.rounding_residual.abs().sum() * 10**ws.policy.semantics.minor_digits
    frame = _in_minor_units(ws, frame, ("raw_total", "stored_total", "set_aside_total"))
    values = {"n": len(frame), "residual": residual, "aside": frame.set_aside_total.sum()}
    return Exhibit(
        "control_totals", "table", frame.drop(columns="rounding_residual"), metric="rows_accounted",
        findings=(Finding("control_totals.rounding", values),),
        units={"source": "text", "table": "text"} | dict.fromkeys(("raw_total", "stored_total", "set_aside_total"), "money"),
    )  # fmt: skip


def reconciled(ws: Workspace) -> Exhibit | Missing:
    """What the books or a file's own totals row state, against all that was read; worst first (M20.4).

    One row for each source, money column and stating party.  What was read holds rows that are
    not used, so that it is the file that is compared, not its cleaning.
    """
    frame = ws.facts.query(
        "SELECT * FROM (SELECT source, column_name, stated_by, stated, read_total, used_total, difference AS read_less_stated, "
        "CASE WHEN stated <> 0 THEN CAST(difference AS DOUBLE) / CAST(abs(stated) AS DOUBLE) END AS difference_rate, is_within "
        "FROM audit_controls) AS controls ORDER BY is_within, abs(difference_rate) DESC NULLS FIRST, source, column_name, stated_by"
    ).rename(columns={"column_name": "column"})
    if frame.empty:
        return Missing("reconciled", (), "note.finance_total")
    money = ("stated", "read_total", "used_total", "read_less_stated")
    frame = _in_minor_units(ws, frame, money)
    values = {"n_controls": len(frame), "tolerance": ws.policy.data.reconcile.tolerance}
    n_outside = int((~frame.is_within.astype(bool)).sum())
    if n_outside:
        worst = {
            name: frame[name][0] for name in ("source", "column", "stated", "read_total", "read_less_stated")
        }
        finding = Finding("reconciled.outside", values | worst | {"n": n_outside}, "rows_accounted", "bad")
    else:
        finding = Finding("reconciled.within", values, "rows_accounted", "good")
    texts = dict.fromkeys(("source", "column", "stated_by", "is_within"), "text")
    return Exhibit(
        "reconciled", "table", frame, metric="rows_accounted", findings=(finding,), notes=(Finding("note.read_against_books"),),
        units=texts | dict.fromkeys(money, "money") | {"difference_rate": "ratio"},
    )  # fmt: skip


def returned(ws: Workspace) -> Exhibit:
    """Returned and cancelled lines by what they were matched by, or why they undo no order line.

    One row a rule or cause; `n_returns` counts each return once a row, `net_amount` is what is
    undone (of rows with no match it is not told: it stands in the orders of nobody).
    """
    found = ws.facts.query(
        "SELECT 'matched' AS outcome, rule AS reason, COUNT(*) AS n_returns, "
        "CAST(SUM(quantity) AS DOUBLE) AS quantity, CAST(SUM(amount) AS DOUBLE) AS net_amount, MIN(return_order_id) AS example "
        "FROM (SELECT rule, return_order_id, SUM(matched_quantity) AS quantity, SUM(matched_amount) AS amount FROM return_matches "
        "GROUP BY rule, table_name, return_order_id, return_line_id) AS returned GROUP BY rule"
    )
    without = ws.facts.query(
        "SELECT outcome, reason, CAST(SUM(n_rows) AS BIGINT) AS n_returns, MIN(example) AS example FROM audit_reasons "
        "WHERE outcome = 'unmatched' GROUP BY outcome, reason"
    )
    frame = pd.concat([found.astype({"net_amount": "float64"}), without], ignore_index=True)
    frame = frame.sort_values(
        ["outcome", "n_returns", "reason"], ascending=[True, False, True], ignore_index=True
    )
    n_matched = ws.facts.query(
        "SELECT COUNT(*) AS n FROM (SELECT DISTINCT table_name, return_order_id, return_line_id FROM return_matches) AS returned"
    ).n.item()
    n_open = int(without.n_returns.sum())
    n_partly = int(without.n_returns[without.reason == PARTLY].sum())
    if frame.empty:
        finding = Finding("returned.none")
    else:
        n = n_matched + n_open - n_partly
        values = {
            "n": n,
            "matched": int(n_matched),
            "rate": ratio(n_matched, n),
            "amount": float(found.net_amount.sum()),
        }
        finding = Finding("returned.matched", values)
    return Exhibit(
        "returned", "table", frame, findings=(finding,),
        units={"outcome": "text", "reason": "text", "n_returns": "count", "quantity": "quantity", "net_amount": "money", "example": "text"},
        notes=(Finding("note.returns_kept"),) if len(frame) else (),
    )  # fmt: skip
