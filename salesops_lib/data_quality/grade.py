"""The grade of the data, and what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.metrics import Exhibit, Finding
from salesops_lib.metrics.formulas import ratio
from salesops_lib.tables import TABLES

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def quality_score(ws: Workspace) -> float:
    """Share of rows used, merged or excluded by rule × mean share of keys found, between 0 and 1 (M20.9)."""
    rows = ws.facts.query(
        "SELECT SUM(rows_in) AS rows_in, SUM(used) + SUM(merged) + SUM(COALESCE(excluded, 0)) AS kept "
        "FROM audit_sources WHERE kind = 'file'"
    ).iloc[0]
    found = keys(ws).frame.found_rate
    return ratio(rows.kept, rows.rows_in) * (found.mean() if len(found) else 1.0)


def grade(ws: Workspace) -> str:
    """A, B, C or D by the policy's limits on `quality_score`."""
    limits, score = ws.policy.data.grades, quality_score(ws)
    return "A" if score >= limits.A else "B" if score >= limits.B else "C" if score >= limits.C else "D"


def gate(ws: Workspace) -> str:
    """The grade of the data, where the policy lets a report on it be published.

    Raises
    ------
    DataError
        If the grade is the policy's `report.quality_gate` or worse.
    """
    found, barred = grade(ws), ws.policy.report.quality_gate
    if barred != "none" and found >= barred:
        raise DataError(
            f"The data are of grade {found} (score {quality_score(ws):.2f}); the policy publishes nothing of grade {barred} or worse.\n"
            "The data page says why: `salesops run 01_data_quality`. Mend the sources, or change report.quality_gate in policy.yaml."
        )
    return found


def keys(ws: Workspace) -> Exhibit:
    """Keys that point into another table, and how many are found there; one row a reference."""
    orphaned = ws.facts.query(
        "SELECT table_name, column_name, SUM(n_rows) AS n_orphans, MAX(example) AS example FROM audit_reasons WHERE outcome = 'orphan' "
        "GROUP BY table_name, column_name"
    ).set_index(["table_name", "column_name"])
    rows = []
    for table in TABLES.values():
        for column, referred in table.refers.items():
            if not ws.facts.has(f"{table.name}.{column}", referred):
                continue
            n_keys = ws.facts.filled(table.name, column)
            known = (table.name, column) in orphaned.index
            n_orphans = int(orphaned.n_orphans[(table.name, column)]) if known else 0
            example = str(orphaned.example[(table.name, column)]) if known else ""
            rows.append({"table": table.name, "column": column, "referred": referred, "n_keys": n_keys, "n_orphans": n_orphans,
                         "found_rate": 1 - n_orphans / n_keys, "example": example})  # fmt: skip
    frame = pd.DataFrame(
        rows, columns=["table", "column", "referred", "n_keys", "n_orphans", "found_rate", "example"]
    )
    total = int(frame.n_orphans.sum())
    worst = frame.sort_values("found_rate").iloc[0] if total else None
    finding = (
        Finding("keys.all_found", {"n": int(frame.n_keys.sum())}, "orphans", "good")
        if worst is None
        else Finding(
            "keys.orphans",
            {
                "n": total,
                "table": worst.table,
                "column": worst.column,
                "rate": worst.found_rate,
                "example": worst.example,
            },
            "orphans",
            "bad",
        )
    )
    return Exhibit(
        "keys", "table", frame.sort_values("found_rate", kind="stable", ignore_index=True), metric="orphans", findings=(finding,),
        units={"table": "text", "column": "text", "referred": "text", "n_keys": "count", "n_orphans": "count", "found_rate": "ratio", "example": "text"},
        notes=(Finding("note.orphans_kept"),),
    )  # fmt: skip


def freshness(ws: Workspace) -> Exhibit:
    """Rows, first and last day of each dated table, and its age against the policy's limit."""
    rows = []
    for table in TABLES.values():
        if not table.dated_by or not ws.facts.has(f"{table.name}.{table.dated_by}"):
            continue
        span = ws.facts.query(
            f"SELECT MIN({table.dated_by}) AS first_on, MAX({table.dated_by}) AS last_on FROM {table.name}"
        ).iloc[0]
        age = (pd.Timestamp(ws.as_of) - span.last_on).days
        limit = ws.policy.data.freshness_of(table.name)
        rows.append({"table": table.name, "rows": ws.facts.rows[table.name], "first_on": span.first_on, "last_on": span.last_on,
                     "age_days": max(age, 0), "limit_days": limit, "is_stale": age > limit})  # fmt: skip
    frame = pd.DataFrame(rows)
    stale = list(frame.table[frame.is_stale]) if len(frame) else []
    finding = (
        Finding("freshness.stale", {"names": stale}, "freshness", "bad")
        if stale
        else Finding("freshness.fresh", {"n": len(frame)}, "freshness", "good")
    )
    return Exhibit(
        "freshness", "table", frame, metric="freshness", findings=(finding,),
        units={"table": "text", "rows": "count", "first_on": "date", "last_on": "date", "age_days": "days", "limit_days": "days", "is_stale": "text"},
        notes=_unknown_years(ws, frame),
    )  # fmt: skip


def _unknown_years(ws: Workspace, frame: pd.DataFrame) -> tuple[Finding, ...]:
    """A note on years whose make-up working days the calendar does not know."""
    if frame.empty:
        return ()
    years = ws.calendar.unknown_years(frame.first_on.min().date(), frame.last_on.max().date())
    return (Finding("note.unknown_years", {"years": [str(year) for year in years]}),) if years else ()


def completeness(ws: Workspace) -> Exhibit:
    """Columns with gaps, the emptiest first; one row a column."""
    frame = ws.facts.query(
        "SELECT table_name, column_name, is_required, CAST(SUM(n_filled) AS BIGINT) AS n_filled, CAST(SUM(n_rows) AS BIGINT) AS n_rows "
        "FROM audit_columns GROUP BY table_name, column_name, is_required HAVING SUM(n_filled) > 0 OR MAX(header) <> ''"
    ).rename(columns={"table_name": "table", "column_name": "column"})
    frame["n_missing"] = frame.n_rows - frame.n_filled
    frame["completeness"] = frame.n_filled / frame.n_rows.where(frame.n_rows > 0)
    gaps = frame[frame.n_missing > 0].sort_values(["completeness", "table", "column"], ignore_index=True)
    values = {"n": len(gaps), "n_columns": len(frame)}
    if len(gaps):
        first = gaps.iloc[0]
        finding = Finding(
            "completeness.gaps",
            values | {"table": first.table, "column": first.column, "rate": first.completeness},
            "completeness",
        )
    else:
        finding = Finding("completeness.full", values, "completeness", "good")
    return Exhibit(
        "completeness", "table", gaps[["table", "column", "completeness", "n_missing", "n_rows"]], metric="completeness", findings=(finding,),
        units={"table": "text", "column": "text", "completeness": "ratio", "n_missing": "count", "n_rows": "count"},
    )  # fmt: skip
