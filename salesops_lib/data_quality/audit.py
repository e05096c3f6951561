"""What the load did with every row, as its audit in the store tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def accounted(ws: Workspace) -> Exhibit:
    """Rows in = used + merged + set aside + excluded, of each source and table; the total last."""
    frame = ws.facts.query(
        "SELECT source, table_name, rows_in, used, merged, set_aside, COALESCE(excluded, 0) AS excluded, suspected, orphans "
        "FROM audit_sources WHERE kind = 'file' ORDER BY source, table_name"
    ).rename(columns={"table_name": "table"})
    counts = ["rows_in", "used", "merged", "set_aside", "excluded", "suspected", "orphans"]
    total = frame[counts].sum()
    shown = pd.concat([frame, pd.DataFrame([{"source": "total", "table": "", **total}])], ignore_index=True)
    open_rows = int(total.rows_in - total[["used", "merged", "set_aside", "excluded"]].sum())
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
    skipped = ws.facts.query("SELECT source FROM audit_sources WHERE kind = 'skipped' ORDER BY source").source
    derived = ws.facts.query(
        "SELECT DISTINCT table_name FROM audit_sources WHERE kind = 'derived' ORDER BY table_name"
    ).table_name
    notes = []
    untroubled = [name for name in ("suspected", "orphans") if not total[name]]
    if len(skipped):
        notes.append(Finding("note.skipped_sources", {"names": list(skipped)}))
    if len(derived):
        notes.append(Finding("note.derived_tables", {"names": list(derived)}))
    return Exhibit(
        "accounted", "table", shown.drop(columns=untroubled).assign(is_total=shown.source == "total"), metric="rows_accounted", findings=tuple(found),
        units={"source": "text", "table": "text"} | dict.fromkeys(counts, "count"), notes=tuple(notes),
    )  # fmt: skip


def reasons(ws: Workspace) -> Exhibit:
    """Why rows were merged, set aside, excluded or doubted, most rows first; one row a reason and fate."""
    frame = ws.facts.query(
        "SELECT source, table_name, outcome, column_name, reason, n_rows, example FROM audit_reasons "
        "WHERE outcome NOT IN ('orphan', 'unmatched', 'flagged') "
        "ORDER BY n_rows DESC, source, table_name, column_name, reason"
    ).rename(columns={"table_name": "table", "column_name": "column"})
    frame["line"], frame["value"] = _example(frame.example)
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
        "reasons", "table", frame.drop(columns="example"), metric="rows_accounted", findings=(title,),
        units=dict.fromkeys(("source", "table", "outcome", "column", "reason", "value"), "text") | {"n_rows": "count", "line": "count"},
        notes=(Finding("note.fates"),) if len(frame) else (),
    )  # fmt: skip


def _example(examples: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Line and value of examples like `line 3: 'x'`; one without a line is a value as it stands."""
    split = examples.str.extract(r"^line (?P<line>\d+)(?:: (?P<value>.*))?$")
    value = split.value.where(split.line.notna(), examples).fillna("")
    return pd.to_numeric(split.line), value.str.replace(r"^(['\"])(.*)\1$", r"\2", regex=True)


def changed(ws: Workspace) -> Exhibit:
    """Cells that a rule changed, most cells first: one row a column and rule, with an example."""
    frame = ws.facts.query(
        "SELECT source, table_name, column_name, rule, n_cells, example FROM audit_changes "
        "ORDER BY n_cells DESC, source, table_name, column_name, rule"
    ).rename(columns={"table_name": "table", "column_name": "column", "rule": "reason"})
    frame["line"], example = _example(frame.example)
    pair = example.str.extract(r"^'?(?P<before>.*?)'? → '?(?P<after>.*?)'?$")
    frame = frame.assign(before=pair.before.fillna(""), after=pair.after.fillna("")).drop(columns="example")
    if frame.empty:
        title = Finding("changed.none")
    else:
        first = frame.iloc[0]
        values = {"n": int(frame.n_cells.sum()), "n_rules": frame.reason.nunique()}
        example = {"before": first.before, "after": first.after, "first": int(first.n_cells)}
        title = Finding("changed.cells", values | example, "rows_accounted")
    return Exhibit(
        "changed", "table", frame, metric="rows_accounted", findings=(title,),
        units=dict.fromkeys(("source", "table", "column", "reason", "before", "after"), "text") | {"n_cells": "count", "line": "count"},
        notes=(Finding("note.changes_kept"),) if len(frame) else (),
    )  # fmt: skip


def mapping(ws: Workspace) -> Exhibit:
    """Which column of which source became which column of ours, how surely, and read by which rule."""
    frame = ws.facts.query(
        "SELECT source, header, table_name, column_name, n_filled, n_rows, confidence, rule FROM audit_columns "
        "WHERE header <> '' ORDER BY confidence, source, table_name, column_name"
    ).rename(columns={"table_name": "table", "column_name": "column"})
    frame["completeness"] = frame.n_filled / frame.n_rows.where(frame.n_rows > 0)
    frame["rule"] = frame.rule.fillna("")
    values = {"n": len(frame), "n_sources": frame.source.nunique()}
    found = [Finding("mapping.columns", values)]
    sure = frame[frame.confidence.notna()]
    if len(sure):
        least = sure.iloc[0]
        told = {
            "header": least.header,
            "column": least.column,
            "table": least.table,
            "confidence": least.confidence,
        }
        found.append(Finding("mapping.least_sure", told))
    shown = ["source", "header", "table", "column", "confidence", "rule", "completeness"]
    if not frame.rule.any():
        shown.remove("rule")
    return Exhibit(
        "mapping", "table", frame[shown], metric="completeness", findings=tuple(found),
        units=dict.fromkeys(("source", "header", "table", "column", "rule"), "text") | {"completeness": "ratio", "confidence": "ratio"},
    )  # fmt: skip
