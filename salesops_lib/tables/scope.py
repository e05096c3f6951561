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
from salesops_lib.tables.engine import DuckDBEngine, Engine, quoted

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.tables.facts import Facts

#: Kind of unit → the column of `sales` and `deals` that names it.
UNITS = {"region": "region", "team": "team", "rep": "rep_id"}

#: Kind of unit → scope types of the targets that it may see, its own first.
_TARGETS = {"region": ("region", "team", "rep"), "team": ("team", "rep"), "rep": ("rep",)}

#: Keys of everything that the unit sold, works on or employs; `{column} = ?` names the unit.
_MINE = """WITH unit_lines AS (
    SELECT DISTINCT order_id, COALESCE(line_id, '') AS line_id FROM sales WHERE {column} = ?
), unit_deals AS (
    SELECT DISTINCT opportunity_id FROM deals WHERE {column} = ?
), unit_customers AS (
    SELECT customer_id FROM sales WHERE {column} = ? UNION SELECT customer_id FROM deals WHERE {column} = ?
), unit_products AS (
    SELECT product_id FROM sales WHERE {column} = ? UNION SELECT product_id FROM deals WHERE {column} = ?
), unit_reps AS (
    SELECT rep_id FROM sales WHERE {column} = ? UNION SELECT rep_id FROM deals WHERE {column} = ?
    UNION SELECT rep_id FROM org WHERE {column} = ?
)
"""
_ORDERS = "order_id IN (SELECT order_id FROM unit_lines)"
_LINES = "EXISTS (SELECT 1 FROM unit_lines AS u WHERE u.order_id = t.order_id AND u.line_id = COALESCE(t.line_id, ''))"
_CUSTOMERS = "customer_id IN (SELECT customer_id FROM unit_customers)"
_PRODUCTS = "product_id IN (SELECT product_id FROM unit_products)"
_REPS = "rep_id IN (SELECT rep_id FROM unit_reps)"
_DEALS = "opportunity_id IN (SELECT opportunity_id FROM unit_deals)"
_INVOICES = f"invoice_id IN (SELECT invoice_id FROM invoices WHERE {_ORDERS})"
_UNIT = "{column} = ?"

#: Table → condition on the rows that a unit may see.
_RULES = {
    "sales": _UNIT,
    "deals": _UNIT,
    "order_lines": _LINES,
    "returns": _ORDERS,
    "invoices": _ORDERS,
    "billings": _ORDERS,
    "receipts": _INVOICES,
    "collections": _INVOICES,
    "opportunities": _DEALS,
    "opportunity_changes": _DEALS,
    "stage_evidence": _DEALS,
    "leads": _REPS,
    "deal_changes": f"{_DEALS} AND field <> 'rep_id'",  # who held it before is not this unit's to know
    "pipeline_snapshots": "FALSE",  # deal_states tells what they told
    "deal_states": "opportunity_id IN (SELECT opportunity_id FROM deal_states WHERE {column} = ?)",
    "customers": _CUSTOMERS,
    "surveys": _CUSTOMERS,
    "products": _PRODUCTS,
    "competitor_prices": _PRODUCTS,
    "reps": _REPS,
    "org": f"{_REPS} AND {_UNIT}",  # a rep's past or future elsewhere is not this unit's
    "trainings": _REPS,
    "owners": f"{_CUSTOMERS} AND {_REPS}",
    "credits": "FALSE",  # names who else shares an order; a person's own credit comes with the statement
    "order_events": _ORDERS,
    "payouts": _REPS,
    "fx": "TRUE",
    "calendar": "TRUE",
}

#: What a unit may see of a deal while another unit holds it: that it is elsewhere.
_ELSEWHERE = {
    "opportunity_id": "",
    "valid_from": "",
    "valid_to": "",
    "created_on": "",
    "outcome": "'elsewhere'",
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


def write_scoped(source: Engine, target: Path, by: str, unit: str) -> None:
    """Write into the DuckDB file `target` the rows of `source` that belong to one unit.

    Parameters
    ----------
    by, unit
        A key of `UNITS`, and which one: `region`, `North`.
    """
    engine = DuckDBEngine(target)
    held = source.columns()
    try:
        for table, columns in held.items():
            rule = _rule(table, columns, by)
            shown = ", ".join(_shown(table, c, columns) for c in columns)
            _copy(source, engine, table, f"SELECT {shown} FROM {quoted(table)} AS t WHERE {rule}", by, unit)
        if "targets" in held:
            _put_targets(source, engine, by, unit)
        _put_facts(source, engine, by, unit)
        _count(source, engine, held)
        if "audit_reasons" in held:
            _count_orphans(engine)
        engine.execute("CHECKPOINT")
    finally:
        engine.close()


def _rule(table: str, columns: list[str], by: str) -> str:
    """Condition on the rows of a table that the unit may see; none may where nothing is said of it."""
    if table in ("market", "expenses"):
        return "region = ?" if by == "region" and "region" in columns else "FALSE"
    return "TRUE" if table in _AUDIT else _RULES.get(table, "FALSE")


def _shown(table: str, column: str, columns: list[str]) -> str:
    """What the unit may see of a column."""
    name = quoted(column)
    if table == "deal_states" and _ELSEWHERE.get(column, "hidden"):
        other = _ELSEWHERE.get(column, "NULL")
        return f"CASE WHEN {{column}} = ? THEN {name} ELSE {other} END AS {name}"
    return name if column in _AUDIT.get(table, columns) else f"CASE WHEN FALSE THEN {name} END AS {name}"


def _copy(source: Engine, engine: DuckDBEngine, table: str, select: str, by: str, unit: str) -> None:
    """Make `table` of what `select`, which may use the keys of `_MINE`, finds in `source`."""
    statement = ((_MINE if "unit_" in select else "") + select).replace("{column}", UNITS[by])
    engine.register("incoming", source.stream(statement, [unit] * statement.count("?")))
    engine.execute(f"CREATE OR REPLACE TABLE {quoted(table)} AS SELECT * FROM incoming")
    engine.connection.unregister("incoming")


def _put_targets(source: Engine, engine: DuckDBEngine, by: str, unit: str) -> None:
    """The unit's own targets, as those of the whole too, and those of the teams and persons in it."""
    below = {"team": f"SELECT team FROM org WHERE {_RULES['org']}", "rep": "SELECT rep_id FROM unit_reps"}
    own, *others = _TARGETS[by]
    kept = [f"(scope_type = '{own}' AND scope_id = ?)"]
    kept += [f"(scope_type = '{kind}' AND scope_id IN ({below[kind]}))" for kind in others]
    _copy(source, engine, "targets", f"SELECT * FROM targets AS t WHERE {' OR '.join(kept)}", by, unit)
    engine.execute(
        "INSERT INTO targets SELECT * REPLACE ('company' AS scope_type, 'company' AS scope_id) FROM targets WHERE scope_type = ?",
        [own],
    )


def _put_facts(source: Engine, engine: DuckDBEngine, by: str, unit: str) -> None:
    """What the store says of itself: a fingerprint of its own, its scope, and the company's last day."""
    said = dict(source.rows("SELECT name, value FROM store_facts"))
    ((last_day,),) = source.rows(
        "SELECT CAST(COALESCE((SELECT MAX(dated_on) FROM sales), (SELECT MAX(created_on) FROM opportunities)) AS DATE) AS last_day"
    )
    said |= {"fingerprint": fingerprint(said["fingerprint"], by, unit), "scope_kind": by, "scope": unit}
    said |= {"last_day": str(last_day)[:10]} if last_day else {}
    for name, value in said.items():
        engine.execute("INSERT INTO store_facts VALUES (?, ?)", [name, value])


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


def _count(source: Engine, engine: DuckDBEngine, held: dict[str, list[str]]) -> None:
    counted = {table for (table,) in source.rows("SELECT DISTINCT table_name FROM table_columns")}
    for table in sorted(counted & held.keys()):
        columns = held[table]
        counts = ", ".join(f"COUNT({quoted(c)})" for c in columns)
        engine.execute(
            "INSERT INTO table_columns SELECT ?, unnest(?), n_rows, unnest(n_filled) "
            f"FROM (SELECT COUNT(*) AS n_rows, [{counts}] AS n_filled FROM {quoted(table)})",
            [table, columns],
        )
