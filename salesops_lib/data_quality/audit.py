"""What the load did with every row, as its audit in the store tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def accounted(ws: Workspace) -> Exhibit:
    """Rows in = used + merged + set aside, of each source and table; the total last."""
    frame = ws.facts.query(
        "SELECT source, table_name, rows_in, used, merged, set_aside, suspected, orphans FROM audit_sources WHERE kind = 'file'"
    ).rename(columns={"table_name": "table"})
    counts = ["rows_in", "used", "merged", "set_aside", "suspected", "orphans"]
    total = frame[counts].sum()
    shown = pd.concat([frame, pd.DataFrame([{"source": "total", "table": "", **total}])], ignore_index=True)
    open_rows = int(total.rows_in - total.used - total.merged - total.set_aside)
    values = {name: int(total[name]) for name in counts} | {"n": len(frame), "open": open_rows}
    finding = Finding(
        "accounted.all" if open_rows == 0 else "accounted.open",
        values,
        "rows_accounted",
        "good" if open_rows == 0 else "bad",
    )
    unrated = ws.facts.query(
        "SELECT currency, COUNT(*) AS n FROM sales WHERE net_amount IS NULL AND net_amount_tc IS NOT NULL GROUP BY currency ORDER BY currency"
    )
    found = [finding]
    if len(unrated):
        told = {"n": int(unrated.n.sum()), "names": list(unrated.currency)}
        found.append(Finding("accounted.unrated", told, "rows_accounted", "bad"))
    skipped = ws.facts.query("SELECT source FROM audit_sources WHERE kind = 'skipped'").source
    derived = ws.facts.query(
        "SELECT DISTINCT table_name FROM audit_sources WHERE kind = 'derived'"
    ).table_name
    notes = []
    if len(skipped):
        notes.append(Finding("note.skipped_sources", {"names": list(skipped)}))
    if len(derived):
        notes.append(Finding("note.derived_tables", {"names": list(derived)}))
    return Exhibit(
        "accounted", "table", shown.assign(is_total=shown.source == "total"), metric="rows_accounted", findings=tuple(found),
        units={"source": "text", "table": "text"} | dict.fromkeys(counts, "count"), notes=tuple(notes),
    )  # fmt: skip


def reasons(ws: Workspace) -> Exhibit:
    """Why rows were merged, set aside or suspected, most rows first; one row a reason."""
    frame = ws.facts.query(
        "SELECT source, table_name, outcome, column_name, reason, n_rows, example FROM audit_reasons WHERE outcome <> 'orphan' "
        "ORDER BY n_rows DESC, source, column_name, reason"
    ).rename(columns={"table_name": "table", "column_name": "column"})
    split = frame.example.str.extract(r"^line (?P<line>\d+)(?:: '?(?P<value>.*?)'?)?$")
    frame = frame.assign(line=pd.to_numeric(split.line), value=split.value.fillna("")).drop(columns="example")
    if frame.empty:
        title = Finding("reasons.none")
    else:
        first = frame.iloc[0]
        title = Finding(
            "reasons.first",
            {"reason": first.reason, "n": int(first.n_rows), "table": first.table, "n_reasons": len(frame)},
            "rows_accounted",
        )
    return Exhibit(
        "reasons", "table", frame, metric="rows_accounted", findings=(title,),
        units=dict.fromkeys(("source", "table", "outcome", "column", "reason", "value"), "text") | {"n_rows": "count", "line": "count"},
    )  # fmt: skip


def control_totals(ws: Workspace) -> Exhibit:
    """Money read against money stored, of each source; rounding to minor units is the only difference."""
    frame = ws.facts.query(
        "SELECT source, table_name, raw_total, stored_total, rounding_residual, set_aside_total FROM audit_sources WHERE raw_total IS NOT NULL"
    ).rename(columns={"table_name": "table"})
    minor = 10**ws.policy.semantics.minor_digits
    residual = frame.rounding_residual.abs().sum()
    for column in ("raw_total", "stored_total", "set_aside_total"):
        frame[column] = (frame[column] * minor).round()
    values = {"n": len(frame), "residual": residual * minor, "aside": frame.set_aside_total.sum()}
    return Exhibit(
        "control_totals", "table", frame.drop(columns="rounding_residual"), metric="rows_accounted", findings=(Finding("control_totals.rounding", values),),
        units={"source": "text", "table": "text", "raw_total": "money", "stored_total": "money", "set_aside_total": "money"},
        notes=(Finding("note.finance_total"),),
    )  # fmt: skip


def mapping(ws: Workspace) -> Exhibit:
    """Which column of which source became which column of ours; one row a mapped column."""
    frame = ws.facts.query(
        "SELECT source, header, table_name, column_name, type, n_filled, n_rows FROM audit_columns WHERE header <> '' ORDER BY source, table_name, column_name"
    ).rename(columns={"table_name": "table", "column_name": "column"})
    frame["completeness"] = frame.n_filled / frame.n_rows.where(frame.n_rows > 0)
    values = {"n": len(frame), "n_sources": frame.source.nunique()}
    return Exhibit(
        "mapping", "table", frame[["source", "header", "table", "column", "type", "completeness"]], metric="completeness",
        findings=(Finding("mapping.columns", values),),
        units=dict.fromkeys(("source", "header", "table", "column", "type"), "text") | {"completeness": "ratio"},
    )  # fmt: skip
