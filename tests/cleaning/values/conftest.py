"""Small relations, staged as a source is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pytest

from salesops_lib.cleaning.clean import Rule, staging
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source

TODAY = date(2026, 11, 23)


@dataclass(frozen=True)
class Row:
    """A staged row: its values that are not NULL, the faulty column and reason, and its changes."""

    values: dict[str, Any]
    exact: dict[str, Any]
    fault: tuple[str, str] | None
    fate: str
    changes: tuple[tuple[str, str | None, str | None, str], ...]


class StagedRows(list[Row]):
    rules: tuple[Rule, ...] = ()
    notes: tuple[str, ...] = ()


@pytest.fixture(scope="session")
def staged() -> Callable[..., StagedRows]:
    """Stage records of texts; headers are the canonical columns, or `headers` in the same order."""

    def make(
        table: str,
        wanted: str,
        *records: Sequence[str | None],
        headers: Sequence[str] = (),
        settings: Settings | None = None,
        **source: Any,
    ) -> StagedRows:
        names = wanted.split()
        headers = tuple(headers) or tuple(names)
        source = {"currency": "CNY", "columns": dict(zip(names, headers)), **source}
        plan = staging(
            Source("f.csv", table, **source), headers, "raw", settings or Settings(today=TODAY), "staged"
        )
        with duckdb.connect() as connection:
            connection.execute(
                f"CREATE TABLE raw ({', '.join(f'c{k} VARCHAR' for k in range(len(headers)))})"
            )
            connection.executemany(f"INSERT INTO raw VALUES ({', '.join('?' * len(headers))})", records)
            connection.execute(plan.sql)
            found = connection.execute("FROM staged ORDER BY rowid")
            labels = [column[0] for column in found.description]
            rows = [dict(zip(labels, row)) for row in found.fetchall()]
        faults = {fault.code: fault for fault in plan.faults}
        result = StagedRows(_row(row, faults) for row in rows)
        result.rules, result.notes = plan.rules, plan.notes
        return result

    return make


def _row(row: dict[str, Any], faults: dict[int, Any]) -> Row:
    fault = faults.get(row["fault"])
    inner = ("changes", "fault", "fault_value", "record_hash")
    exact = {name.removeprefix("exact_"): value for name, value in row.items() if name.startswith("exact_")}
    values = {
        name: value
        for name, value in row.items()
        if value is not None and name not in inner and not name.startswith("exact_")
    }
    changes = tuple(tuple(change.values()) for change in row["changes"] or ())
    return Row(
        values,
        exact,
        (fault.column, fault.reason) if fault else None,
        fault.fate if fault else "used",
        changes,
    )
