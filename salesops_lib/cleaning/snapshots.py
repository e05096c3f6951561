"""The pipeline of each day that was loaded, kept so that its movement can be told (C15).

Of a deal is kept what differs from what was kept of it before: its stage, amount, expected and
actual closing, owner and outcome; and that it vanished.  Loading the same again adds nothing, and
a second load of one day replaces what the first one kept of that day.

What is kept lives in the store, as table `deal_snapshots`, and in a copy beside it that outlives
the store: whichever of the two reaches further is read by the next load.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from salesops_lib.cleaning.clean import literal
from salesops_lib.tables.deal_states import SNAPSHOT_COLUMNS, SNAPSHOTS

#: The copy beside the store.
FILE = "pipeline_snapshots.parquet"

_BODY = ", ".join(f"{name} {kind}" for name, kind in SNAPSHOT_COLUMNS.items())
_FOLLOWED = ("stage", "amount", "currency", "expected_close_on", "rep_id", "closed_on", "outcome")


def keep(connection: Any, data: Path, scratch: Path, today: date) -> None:
    """Make table `deal_snapshots` of what was kept before and of the opportunities just loaded, and its copy.

    Nothing is kept of a load without opportunities: then nobody says that they vanished.  Nor has
    a deal vanished whose row was set aside.  A day before the last one kept (a clock put back)
    counts as that last one, so that no clock loses what was kept.

    Parameters
    ----------
    connection
        DuckDB connection to the store in the making, with its canonical tables.
    data, scratch
        Where the store and its copy are, and where the new ones are made.
    """
    connection.execute(f"CREATE OR REPLACE TABLE main.{SNAPSHOTS} ({_BODY})")
    _bring(connection, data)
    if _has_opportunities(connection):
        last = connection.execute(f"SELECT max(day) FROM main.{SNAPSHOTS}").fetchone()[0]
        day = max(today, last) if last else today
        connection.execute(f"DELETE FROM main.{SNAPSHOTS} WHERE day = ?", [day])
        connection.execute(_DIFFERING, [day])
        connection.execute(_VANISHED.replace(":aside", _aside(connection)), [day])
    target = literal(str(scratch / FILE))
    connection.execute(
        f"COPY (SELECT * FROM main.{SNAPSHOTS} ORDER BY day, opportunity_id) TO {target} (FORMAT parquet, COMPRESSION zstd)"
    )


def _has_opportunities(connection: Any) -> bool:
    found = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = 'main' AND table_name = 'opportunities'"
    ).fetchall()
    return bool(found) and bool(connection.execute("SELECT 1 FROM main.opportunities LIMIT 1").fetchall())


def _bring(connection: Any, data: Path) -> None:
    """Copy what the store in `data` or its copy keeps: the one that reaches further, else the store's."""
    kept = [found for found in (_of_store(connection, data), _of_copy(connection, data)) if found]
    if kept:
        _, name = max(kept, key=lambda found: found[0])
        connection.execute(f"INSERT INTO main.{SNAPSHOTS} SELECT * FROM work.{name}")
    for _, name in kept:
        connection.execute(f"DROP TABLE work.{name}")


def _of_store(connection: Any, data: Path) -> tuple[date, str] | None:
    import duckdb

    from salesops_lib.cleaning.store import FACTS

    if not (data / FACTS).is_file():
        return None
    try:
        connection.execute(f"ATTACH {literal(str(data / FACTS))} AS facts_before (READ_ONLY)")
    except duckdb.Error:
        return None
    try:
        return _taken(connection, f"facts_before.main.{SNAPSHOTS}", "of_store")
    finally:
        connection.execute("DETACH facts_before")


def _of_copy(connection: Any, data: Path) -> tuple[date, str] | None:
    path = data / FILE
    return _taken(connection, f"read_parquet({literal(str(path))})", "of_copy") if path.is_file() else None


def _taken(connection: Any, source: str, name: str) -> tuple[date, str] | None:
    """The last day that `source` keeps, and the table into which it was read; None where it cannot be."""
    import duckdb

    columns = ", ".join(SNAPSHOT_COLUMNS)
    try:
        connection.execute(f"CREATE OR REPLACE TABLE work.{name} ({_BODY})")
        connection.execute(f"INSERT INTO work.{name} SELECT {columns} FROM {source}")
        last = connection.execute(f"SELECT max(day) FROM work.{name}").fetchone()[0]
    except duckdb.Error:
        last = None
    if last is None:
        connection.execute(f"DROP TABLE IF EXISTS work.{name}")
        return None
    return last, name


def _aside(connection: Any) -> str:
    """Condition that the row of a deal was not set aside by this load."""
    return (
        "NOT EXISTS (SELECT 1 FROM main.set_aside AS a WHERE a.table_name = 'opportunities' "
        "AND json_extract_string(a.record, '$.opportunity_id') = k.opportunity_id)"
    )


_NEWEST = f"""
SELECT opportunity_id, {", ".join(f"arg_max_null({c}, day) AS {c}" for c in ("customer_id", "created_on", *_FOLLOWED))}, arg_max(is_gone, day) AS is_gone
FROM main.{SNAPSHOTS} GROUP BY opportunity_id
"""
_DIFFERING = f"""
INSERT INTO main.{SNAPSHOTS} BY NAME
SELECT CAST(? AS DATE) AS day, o.opportunity_id, o.customer_id, o.created_on, {", ".join(f"o.{c}" for c in _FOLLOWED)}, FALSE AS is_gone
FROM main.opportunities AS o LEFT JOIN ({_NEWEST}) AS k ON k.opportunity_id = o.opportunity_id
WHERE k.opportunity_id IS NULL OR k.is_gone OR {" OR ".join(f"o.{c} IS DISTINCT FROM k.{c}" for c in _FOLLOWED)}
"""
_VANISHED = f"""
INSERT INTO main.{SNAPSHOTS} BY NAME
SELECT CAST(? AS DATE) AS day, k.opportunity_id, k.customer_id, k.created_on, {", ".join(f"k.{c}" for c in _FOLLOWED)}, TRUE AS is_gone
FROM ({_NEWEST}) AS k ANTI JOIN main.opportunities AS o ON o.opportunity_id = k.opportunity_id
WHERE NOT k.is_gone AND :aside
"""
