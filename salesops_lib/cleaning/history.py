"""What the loads before this one measured, carried from the store that this one replaces.

Three tables: `loads` (rows, total and last day of each table), `load_profiles` (what each column
holds, for drift) and `load_months` (rows and amount of each month, for restatements).  A load
that measures what the last one measured adds nothing, so that loading again changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from salesops_lib.cleaning.audit import Audit
from salesops_lib.cleaning.clean import literal
from salesops_lib.cleaning.settings import Settings
from salesops_lib.tables import TABLES, Table
from salesops_lib.tables.engine import quoted

KEPT_LOADS = 24
#: Columns with more values than this are profiled without their values.
MOST_VALUES = 200
TOP_VALUES = 20
#: Distributions of longer tables are those of about this many rows, chosen by their keys.
SAMPLE = 20_000
QUANTILES = tuple(round(0.05 * k, 2) for k in range(1, 20))

FIRST, UNREADABLE, WITHOUT = "first load", "facts before could not be read", "facts before hold no history"
_TABLES = {
    "loads": "serial INTEGER, fingerprint VARCHAR, table_name VARCHAR, n_rows BIGINT, total_column VARCHAR, total BIGINT, "
    "last_on DATE, began VARCHAR",
    "load_profiles": "serial INTEGER, table_name VARCHAR, column_name VARCHAR, type VARCHAR, n BIGINT, n_filled BIGINT, n_distinct BIGINT, "
    '"min" VARCHAR, "max" VARCHAR, mean DOUBLE, quantiles DOUBLE[], top_values STRUCT("value" VARCHAR, share DOUBLE)[]',
    "load_months": "serial INTEGER, table_name VARCHAR, month VARCHAR, n_rows BIGINT, total BIGINT",
}
#: Table of months → its day and its amount in group currency; each stands for the table that feeds it.
_MONTHLY = {
    "sales": ("order_lines", "dated_on", "CASE WHEN kind <> 'cancelled' THEN net_amount END"),
    "billings": ("invoices", "invoiced_on", "net_amount"),
    "collections": ("receipts", "received_on", "amount"),
    "deals": ("opportunities", "created_on", "amount"),
}
_NUMBERS = ("money", "quantity", "number", "ratio", "integer")
_EXACT = "DECIMAL(38, 9)"


def carry(connection: Any, previous: Path | None, audit: Audit, settings: Settings) -> None:
    """Make the three tables: the loads that `previous` remembers, and this one behind them.

    This load is not added where it has the fingerprint of the last one and measures the same.
    `loads.began` says for the first load kept why nothing is known of earlier ones.  Nothing
    that may be wrong with the previous store is an error.

    Parameters
    ----------
    connection
        DuckDB connection to a store with its derived tables (`views.build`).
    previous
        The store that this one replaces; it is opened for reading only.
    audit
        Gives the fingerprint.
    settings
        Of the load; the fingerprint holds them already.
    """
    del settings
    for name, body in _TABLES.items():
        connection.execute(f"CREATE OR REPLACE TABLE main.{name} ({body})")
    began = _bring(connection, previous)
    last = connection.execute("SELECT COALESCE(max(serial), 0) FROM main.loads").fetchall()[0][0]
    _measure(connection, last + 1, audit.fingerprint, began)
    if last and _is_unchanged(connection, last):
        for name in _TABLES:
            connection.execute(f"DELETE FROM main.{name} WHERE serial > ?", [last])


def _bring(connection: Any, previous: Path | None) -> str:
    """Copy the loads that `previous` remembers; if it remembers none, why."""
    import duckdb

    if previous is None or not previous.is_file():
        return FIRST
    try:
        connection.execute(f"ATTACH {literal(str(previous))} AS previous_facts (READ_ONLY)")
    except duckdb.Error:
        return UNREADABLE
    try:
        if _columns(connection, "previous_facts") != _columns(connection, "current_database()"):
            return WITHOUT
        oldest = "(SELECT max(serial) FROM previous_facts.main.loads) - ?"
        for name in _TABLES:
            connection.execute(
                f"INSERT INTO main.{name} SELECT * FROM previous_facts.main.{name} WHERE serial > {oldest} ORDER BY rowid",
                [KEPT_LOADS - 1],
            )
    except duckdb.Error:
        for name in _TABLES:
            connection.execute(f"DELETE FROM main.{name}")
        return UNREADABLE
    finally:
        connection.execute("DETACH previous_facts")
    return "" if connection.execute("SELECT count(*) FROM main.loads").fetchall()[0][0] else WITHOUT


def _columns(connection: Any, database: str) -> list[tuple[str, str, str]]:
    name = database if database.endswith("()") else literal(database)
    names = ", ".join(map(literal, _TABLES))
    found: list[tuple[str, str, str]] = connection.execute(
        f"SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = {name} "
        f"AND schema_name = 'main' AND table_name IN ({names}) ORDER BY table_name, column_index"
    ).fetchall()
    return found


def _measure(connection: Any, serial: int, fingerprint: str, began: str) -> None:
    """Add this load to the three tables."""
    filled: dict[str, dict[str, int]] = {}
    sizes: dict[str, int] = {}
    for table, column, n_rows, n_filled in connection.execute(
        "SELECT table_name, column_name, n_rows, n_filled FROM main.table_columns WHERE n_rows > 0"
    ).fetchall():
        sizes[table] = n_rows
        filled.setdefault(table, {})[column] = n_filled
    for table in TABLES.values():
        if table.name in sizes:
            _put_load(connection, serial, fingerprint, table, filled[table.name], began)
            _put_profiles(connection, serial, table, sizes[table.name], filled[table.name])
    for name, (day, amount) in _dated(sizes).items():
        connection.execute(
            f"INSERT INTO main.load_months SELECT ?, ?, strftime({day}, '%Y-%m') AS month, count(*), CAST(sum({amount}) AS BIGINT) "
            f"FROM main.{name} WHERE {day} IS NOT NULL GROUP BY month ORDER BY month",
            [serial, name],
        )


def _dated(sizes: dict[str, int]) -> dict[str, tuple[str, str]]:
    """Tables with rows → their day and amount: the derived ones, and what feeds none of them."""
    found = {name: (day, amount) for name, (_, day, amount) in _MONTHLY.items() if name in sizes}
    fed = {source for name, (source, _, _) in _MONTHLY.items() if name in sizes} | {"returns"}
    for table in TABLES.values():
        if table.dated_by and table.name in sizes and table.name not in fed:
            found[table.name] = (table.dated_by, "NULL")
    return found


def _put_load(
    connection: Any, serial: int, fingerprint: str, table: Table, filled: dict[str, int], began: str
) -> None:
    """Rows, last day and total of a table; no total where its amounts are in several currencies."""
    column = next((c for c in ("net_amount", "amount") if filled.get(c)), "")
    total = f"CAST(sum({column}) AS BIGINT)" if column else "NULL"
    if column and filled.get("currency"):
        total = f"CASE WHEN count(DISTINCT currency) = 1 THEN {total} END"
    last_on = f"max({table.dated_by})" if table.dated_by else "NULL"
    connection.execute(
        f"INSERT INTO main.loads SELECT ?, ?, ?, count(*), ?, {total}, {last_on}, ? FROM main.{table.name}",
        [serial, fingerprint, table.name, column or None, began or None],
    )


def _put_profiles(connection: Any, serial: int, table: Table, n_rows: int, filled: dict[str, int]) -> None:
    """What each column of a table holds; one row a column, empty ones too."""
    import pyarrow as pa

    held = [c for c in table.columns if filled.get(c.name)]
    spans = _spans(connection, table, [(c.name, c.type) for c in held])
    shapes = _shapes(connection, table, n_rows, {c.name: c.type for c in held}, spans)
    rows = [
        {
            "serial": serial,
            "table_name": table.name,
            "column_name": column.name,
            "type": column.type,
            "n": n_rows,
            "n_filled": filled.get(column.name, 0),
            **spans.get(column.name, {}),
            **shapes.get(column.name, {}),
        }
        for column in table.columns
    ]
    schema = pa.schema(
        [(name, pa.string()) for name in ("table_name", "column_name", "type", "min", "max")]
        + [(name, pa.int64()) for name in ("serial", "n", "n_filled", "n_distinct")]
        + [("mean", pa.float64()), ("quantiles", pa.list_(pa.float64()))]
        + [("top_values", pa.list_(pa.struct([("value", pa.string()), ("share", pa.float64())])))]
    )
    connection.register("profiles_measured", pa.Table.from_pylist(rows, schema))
    connection.execute("INSERT INTO main.load_profiles BY NAME SELECT * FROM profiles_measured")
    connection.unregister("profiles_measured")


def _spans(connection: Any, table: Table, columns: list[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Column → about how many values it has, and its smallest, largest and mean one where it has them."""
    asked = []
    for name, kind in columns:
        c = quoted(name)
        span = f"CAST(min({c}) AS VARCHAR), CAST(max({c}) AS VARCHAR)" if kind != "text" else "NULL, NULL"
        exact = f"TRY_CAST({c} AS {_EXACT})" if kind == "ratio" else c
        mean = f"CAST(sum({exact}) AS DOUBLE) / count({c})" if kind in _NUMBERS else "NULL"
        asked.append(f"approx_count_distinct({c}), {span}, {mean}")
    if not asked:
        return {}
    row = connection.execute(f"SELECT {', '.join(asked)} FROM main.{table.name}").fetchall()[0]
    names = ("n_distinct", "min", "max", "mean")
    return {
        name: dict(zip(names, row[4 * k : 4 * k + 4], strict=True)) for k, (name, _) in enumerate(columns)
    }


def _shapes(
    connection: Any, table: Table, n_rows: int, types: dict[str, str], spans: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Column → quantiles of its numbers, or shares of its commonest values where these are few."""
    numbers = [name for name, kind in types.items() if kind in _NUMBERS]
    texts = [n for n, kind in types.items() if kind == "text" and spans[n]["n_distinct"] <= MOST_VALUES]
    if not numbers and not texts:
        return {}
    points = "[" + ", ".join(map(str, QUANTILES)) + "]"
    asked = [f"quantile_disc({quoted(c)}, {points})" for c in numbers]
    asked += [f"histogram({quoted(c)})" for c in texts]
    keys = ", ".join(quoted(key) for key in table.key if key in types)
    every = n_rows // SAMPLE
    chosen = f" WHERE hash({keys}) % {every} = 0" if every > 1 and keys else ""
    row = connection.execute(f"SELECT {', '.join(asked)} FROM main.{table.name}{chosen}").fetchall()[0]
    found: dict[str, dict[str, Any]] = {}
    for name, values in zip(numbers, row, strict=False):
        found[name] = {"quantiles": [float(v) for v in values] if values else None}
    for name, counts in zip(texts, row[len(numbers) :], strict=True):
        found[name] = {"top_values": _commonest(counts or {})}
    return found


def _commonest(counts: dict[str, int]) -> list[dict[str, Any]]:
    """Shares of the commonest values, the largest first.

    >>> _commonest({"b": 1, "a": 3})
    [{'value': 'a', 'share': 0.75}, {'value': 'b', 'share': 0.25}]
    """
    n = sum(counts.values())
    first = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_VALUES]
    return [{"value": value, "share": count / n} for value, count in first]


def _is_unchanged(connection: Any, last: int) -> bool:
    """Whether the load just measured has the fingerprint of the one before, and its figures."""
    for name, body in _TABLES.items():
        columns = "* EXCLUDE (serial, began)" if "began" in body else "* EXCLUDE (serial)"
        differing = connection.execute(
            f"SELECT count(*) FROM (SELECT {columns} FROM main.{name} WHERE serial = $1 EXCEPT ALL "
            f"SELECT {columns} FROM main.{name} WHERE serial = $2) UNION ALL "
            f"SELECT count(*) FROM (SELECT {columns} FROM main.{name} WHERE serial = $2 EXCEPT ALL "
            f"SELECT {columns} FROM main.{name} WHERE serial = $1)",
            [last, last + 1],
        ).fetchall()
        if any(count for (count,) in differing):
            return False
    return True
