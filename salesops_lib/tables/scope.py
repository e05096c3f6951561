"""A store that holds the rows of one region, team or person, and nothing of the others.

What a unit may see is listed here, table by table; a table that is not listed stays empty.  In
its own store the unit takes the company's place: its targets are the targets of the whole.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.errors import DataError, nearest
from salesops_lib.tables.canonical import TABLES
from salesops_lib.tables.engine import DuckDBEngine, literal, quoted

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.tables.facts import Facts

#: Kind of unit → the column of `sales` and `deals` that names it.
UNITS = {"region": "region", "team": "team", "rep": "rep_id"}

#: Kind of unit → scope types of the targets that it may see, its own first.
_TARGETS = {"region": ("region", "team", "rep"), "team": ("team", "rep"), "rep": ("rep",)}

_ORDERS = "order_id IN (SELECT order_id FROM unit_lines)"
_LINES = "(order_id, COALESCE(line_id, '')) IN (SELECT (order_id, COALESCE(line_id, '')) FROM unit_lines)"
_CUSTOMERS = "customer_id IN (SELECT customer_id FROM unit_customers)"
_PRODUCTS = "product_id IN (SELECT product_id FROM unit_products)"
_REPS = "rep_id IN (SELECT rep_id FROM unit_reps)"
_DEALS = "opportunity_id IN (SELECT opportunity_id FROM unit_deals)"
_INVOICES = f"invoice_id IN (SELECT invoice_id FROM source.invoices WHERE {_ORDERS})"

#: Table → condition on the rows that a unit may see.
_RULES = {
    "order_lines": _LINES,
    "returns": _ORDERS,
    "invoices": _ORDERS,
    "billings": _ORDERS,
    "receipts": _INVOICES,
    "collections": _INVOICES,
    "opportunities": _DEALS,
    "opportunity_changes": _DEALS,
    "customers": _CUSTOMERS,
    "surveys": _CUSTOMERS,
    "products": _PRODUCTS,
    "competitor_prices": _PRODUCTS,
    "reps": _REPS,
    "org": _REPS,
    "trainings": _REPS,
    "owners": f"{_CUSTOMERS} AND {_REPS}",
    "credits": "FALSE",  # names who else shares an order; a person's own credit comes with the statement
    "payouts": _REPS,
    "fx": "TRUE",
    "calendar": "TRUE",
}

#: Columns of the audit that are numbers or names of ours; whatever else it says may quote a row.
_AUDIT = {
    "audit_sources": (
        *("table_name", "kind", "rows_in", "used", "merged", "set_aside", "excluded", "suspected", "orphans"),
    ),
    "audit_columns": ("table_name", "column_name", "type", "is_required", "n_rows", "n_filled"),
    "audit_reasons": ("table_name", "outcome", "column_name", "n_rows"),
}


def units(facts: Facts, by: str, start: date, end: date) -> list[str]:
    """Units with sales or open deals between two days, or a target of these months, by name.

    Raises
    ------
    DataError
        If `by` is no kind of unit, or the data name none.
    """
    if by not in UNITS:
        raise DataError(f"Reports cannot be made by {by!r}: {nearest(by, UNITS)}")
    column = UNITS[by]
    found = facts.query(
        f"SELECT DISTINCT unit FROM (SELECT {column} AS unit FROM sales WHERE dated_on BETWEEN ? AND ? "
        f"UNION ALL SELECT {column} AS unit FROM deals WHERE created_on <= ? AND COALESCE(closed_on, ?) >= ?) AS named "
        "WHERE unit IS NOT NULL ORDER BY unit",
        [start, end, end, end, start],
    ).unit.tolist()
    if not found:
        raise DataError(
            f"No sale or deal from {start} to {end} names a {by}, so there are no reports by {by}.\n"
            "Load a file that does (column region, team or rep_id), e.g. a table org."
        )
    return [str(unit) for unit in found]


def fingerprint(company: str, by: str, unit: str) -> str:
    """Fingerprint of a unit's store, of the `company`'s with that fingerprint."""
    return hashlib.sha256("\n".join((company, by, unit)).encode()).hexdigest()


def write_scoped(source: Path, target: Path, by: str, unit: str) -> None:
    """Write into `target` the rows of the store `source` that belong to one unit.

    Parameters
    ----------
    by, unit
        A key of `UNITS`, and which one: `region`, `North`.
    """
    engine = DuckDBEngine(target)
    try:
        engine.execute(f"ATTACH {literal(str(source))} AS source (READ_ONLY)")
        _name_what_belongs(engine, UNITS[by], unit)
        held = {
            table: columns for table, columns in _columns(engine).items() if not table.startswith("unit_")
        }
        for table, columns in held.items():
            engine.execute(_copy(table, columns, by))
        _put_targets(engine, held, by, unit)
        _put_facts(engine, by, unit)
        for table in ("unit_lines", "unit_deals", "unit_customers", "unit_products", "unit_reps"):
            engine.execute(f"DROP TABLE {table}")
        _count(engine, held)
        if "audit_reasons" in held:
            _count_orphans(engine)
        engine.execute("DETACH source")
        engine.execute("CHECKPOINT")
    finally:
        engine.close()


def _columns(engine: DuckDBEngine) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in engine.rows(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'source' "
        "ORDER BY table_name, column_index"
    ):
        found.setdefault(table, []).append(column)
    return found


def _name_what_belongs(engine: DuckDBEngine, column: str, unit: str) -> None:
    """Tables unit_*: keys of everything that the unit sold, works on or employs."""
    kept = f"{column} = ?"
    sales, deals = f"source.sales WHERE {kept}", f"source.deals WHERE {kept}"
    engine.execute(f"CREATE TABLE sales AS SELECT * FROM {sales}", [unit])
    engine.execute(f"CREATE TABLE deals AS SELECT * FROM {deals}", [unit])
    engine.execute("CREATE TABLE unit_lines AS SELECT DISTINCT order_id, line_id FROM sales")
    engine.execute("CREATE TABLE unit_deals AS SELECT DISTINCT opportunity_id FROM deals")
    for key in ("customer_id", "product_id", "rep_id"):
        name = f"unit_{key.removesuffix('_id')}s"
        both = f"SELECT {key} FROM sales UNION SELECT {key} FROM deals"
        engine.execute(
            f"CREATE TABLE {name} AS SELECT {key} FROM ({both}) AS mentioned WHERE {key} IS NOT NULL"
        )
    engine.execute(f"INSERT INTO unit_reps SELECT DISTINCT rep_id FROM source.org WHERE {kept}", [unit])


def _copy(table: str, columns: list[str], by: str) -> str:
    if table in ("sales", "deals"):
        return "SELECT 1"
    rows = f"FROM source.{quoted(table)}"
    if table in _AUDIT:
        shown = ", ".join(
            quoted(c) if c in _AUDIT[table] else f"CASE WHEN FALSE THEN {quoted(c)} END AS {quoted(c)}"
            for c in columns
        )
        return f"CREATE TABLE {quoted(table)} AS SELECT {shown} {rows}"
    if table == "org":  # a rep's past or future elsewhere is not this unit's
        own = f"{_REPS} AND {UNITS[by]} IN (SELECT DISTINCT {UNITS[by]} FROM sales)"
        return f"CREATE TABLE org AS SELECT * {rows} WHERE {own}"
    if table in ("market", "expenses"):
        is_own = (
            "region IN (SELECT DISTINCT region FROM sales)"
            if by == "region" and "region" in columns
            else "FALSE"
        )
        return f"CREATE TABLE {quoted(table)} AS SELECT * {rows} WHERE {is_own}"
    return f"CREATE TABLE {quoted(table)} AS SELECT * {rows} WHERE {_RULES.get(table, 'FALSE')}"


def _put_targets(engine: DuckDBEngine, held: dict[str, list[str]], by: str, unit: str) -> None:
    """The unit's own targets, as those of the whole too, and those of the teams and persons in it."""
    if "targets" not in held:
        return
    below = {"team": "SELECT team FROM org", "rep": "SELECT rep_id FROM unit_reps"}
    own, *others = _TARGETS[by]
    rows = (
        "INSERT INTO targets SELECT * {change}FROM source.targets WHERE scope_type = ? AND scope_id {is_in}"
    )
    engine.execute(rows.format(change="", is_in="= ?"), [own, unit])
    whole = "REPLACE ('company' AS scope_type, 'company' AS scope_id) "
    engine.execute(rows.format(change=whole, is_in="= ?"), [own, unit])
    for kind in others:
        engine.execute(rows.format(change="", is_in=f"IN ({below[kind]})"), [kind])


def _put_facts(engine: DuckDBEngine, by: str, unit: str) -> None:
    """What the store says of itself: a fingerprint of its own, its scope, and the company's last day."""
    engine.execute("INSERT INTO store_facts SELECT * FROM source.store_facts WHERE name <> 'fingerprint'")
    ((company,),) = engine.rows("SELECT value FROM source.store_facts WHERE name = 'fingerprint'")
    said = [fingerprint(company, by, unit), by, unit]
    engine.execute("INSERT INTO store_facts VALUES ('fingerprint', ?), ('scope_kind', ?), ('scope', ?)", said)
    engine.execute(
        "INSERT INTO store_facts SELECT 'last_day', CAST(CAST(COALESCE("
        "(SELECT MAX(dated_on) FROM source.sales), (SELECT MAX(created_on) FROM source.opportunities)) AS DATE) AS VARCHAR)"
    )


def _count_orphans(engine: DuckDBEngine) -> None:
    """Keys that point nowhere, counted among the unit's own rows."""
    found = engine.rows("SELECT DISTINCT table_name, column_name FROM audit_reasons WHERE outcome = 'orphan'")
    engine.execute("DELETE FROM audit_reasons WHERE outcome = 'orphan'")
    for name, column in found:
        referred = TABLES[name].refers[column]
        key = quoted(TABLES[referred].key[0])
        engine.execute(
            "INSERT INTO audit_reasons BY NAME SELECT ? AS table_name, ? AS column_name, 'orphan' AS outcome, "
            f"COUNT(*) AS n_rows FROM {quoted(name)} AS t WHERE {quoted(column)} IS NOT NULL "
            f"AND NOT EXISTS (SELECT 1 FROM {quoted(referred)} AS k WHERE k.{key} = t.{quoted(column)}) HAVING COUNT(*) > 0",
            [name, column],
        )


def _count(engine: DuckDBEngine, held: dict[str, list[str]]) -> None:
    counted = {table for (table,) in engine.rows("SELECT DISTINCT table_name FROM source.table_columns")}
    for table in sorted(counted & held.keys()):
        columns = held[table]
        counts = ", ".join(f"COUNT({quoted(c)})" for c in columns)
        engine.execute(
            "INSERT INTO table_columns SELECT ?, unnest(?), n_rows, unnest(n_filled) "
            f"FROM (SELECT COUNT(*) AS n_rows, [{counts}] AS n_filled FROM {quoted(table)})",
            [table, columns],
        )
