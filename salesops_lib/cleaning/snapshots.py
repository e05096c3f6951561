"""The pipeline of each day that was loaded, kept so that its movements can be told later (C15).

Table `deal_snapshots`: a row a deal and day on which it differed from what was kept of it before.  A deal
that the sources hold no longer gets one row that says so.  Loading the same again adds nothing; loading
other data of the same last day replaces that day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.cleaning.clean import literal
from salesops_lib.tables.deal_states import SNAPSHOT_COLUMNS, SNAPSHOTS
from salesops_lib.tables.engine import quoted

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from salesops_lib.tables.engine import DuckDBEngine

#: What is followed of a deal.
_FOLLOWED = [name for name in SNAPSHOT_COLUMNS if name not in ("day", "opportunity_id", "is_gone")]


def carry(connection: Any, previous: Path) -> None:
    """Make the table: what `previous` kept of earlier days, and how today's deals differ from it.

    Nothing that may be wrong with the previous store is an error: then the history begins today.

    Parameters
    ----------
    connection
        DuckDB connection to a store with its canonical tables.
    previous
        The store that this one replaces; it is opened for reading only.
    """
    body = ", ".join(f"{name} {kind}" for name, kind in SNAPSHOT_COLUMNS.items())
    connection.execute(f"CREATE OR REPLACE TABLE main.{SNAPSHOTS} ({body})")
    day = _last_day(connection)
    if day is None:
        return
    _bring(connection, previous, day)
    followed = ", ".join(_FOLLOWED)
    last = ", ".join(f"arg_max_null({name}, day) AS {name}" for name in _FOLLOWED)
    differs = " OR ".join(f"o.{name} IS DISTINCT FROM k.{name}" for name in _FOLLOWED)
    connection.execute(
        f"CREATE TEMP TABLE kept AS SELECT opportunity_id, {last}, arg_max(is_gone, day) AS is_gone FROM main.{SNAPSHOTS} GROUP BY opportunity_id"
    )
    connection.execute(
        f"INSERT INTO main.{SNAPSHOTS} BY NAME SELECT DATE '{day}' AS day, o.opportunity_id, {', '.join(f'o.{n}' for n in _FOLLOWED)}, FALSE AS is_gone "
        f"FROM (SELECT opportunity_id, {followed} FROM main.opportunities) AS o LEFT JOIN kept AS k ON k.opportunity_id = o.opportunity_id "
        f"WHERE k.opportunity_id IS NULL OR k.is_gone OR {differs} ORDER BY o.opportunity_id"
    )
    connection.execute(
        f"INSERT INTO main.{SNAPSHOTS} BY NAME SELECT DATE '{day}' AS day, k.opportunity_id, {', '.join(f'k.{n}' for n in _FOLLOWED)}, TRUE AS is_gone "
        "FROM kept AS k ANTI JOIN main.opportunities AS o ON o.opportunity_id = k.opportunity_id WHERE NOT k.is_gone ORDER BY k.opportunity_id"
    )
    connection.execute("DROP TABLE kept")


def _last_day(connection: Any) -> date | None:
    """The day that the pipeline is of: the last one with a sale, or else with a deal; as the reports' as_of."""
    loaded = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()}
    if "opportunities" not in loaded:
        return None
    for table, columns in (("order_lines", ("ordered_on",)), ("opportunities", ("created_on", "closed_on"))):
        if table in loaded:
            days = [connection.execute(f"SELECT MAX({quoted(c)}) FROM main.{table}").fetchall()[0][0] for c in columns]
            if any(days):
                found: date = max(day for day in days if day)
                return found
    return None


def _bring(connection: Any, previous: Path, day: date) -> None:
    import duckdb

    if not previous.is_file():
        return
    try:
        connection.execute(f"ATTACH {literal(str(previous))} AS kept_facts (READ_ONLY)")
    except duckdb.Error:
        return
    try:
        names = ", ".join(SNAPSHOT_COLUMNS)
        connection.execute(
            f"INSERT INTO main.{SNAPSHOTS} SELECT {names} FROM kept_facts.main.{SNAPSHOTS} WHERE day < ? ORDER BY day, opportunity_id", [day]
        )
    except duckdb.Error:
        connection.execute(f"DELETE FROM main.{SNAPSHOTS}")
    finally:
        connection.execute("DETACH kept_facts")
