"""Customers, products and salespeople that no file lists, and keys that no list holds."""

from __future__ import annotations

from typing import Any

from salesops_lib.cleaning.audit import Audit, Reason, SourceAudit
from salesops_lib.tables import SQL_TYPES, TABLES
from salesops_lib.tables.engine import quoted

#: Dimension → its key, the column that names it, attributes, and the tables that mention it.
_DIMENSIONS = {
    "customers": (
        "customer_id",
        "customer_name",
        ("region", "segment"),
        ("order_lines", "opportunities", "invoices", "receipts"),
    ),
    "products": ("product_id", "product_name", ("category", "subcategory"), ("order_lines", "opportunities")),
    "reps": ("rep_id", "", (), ("order_lines", "opportunities", "org")),
}


def dimensions(connection: Any, audit: Audit) -> None:
    """Derive customers, products and reps that have no source from the rows that mention them.

    The name is the one used last.  Another attribute is taken only when a key has one value
    of it throughout; otherwise it stays with the line.
    """
    for dimension, (key, name, attributes, mentions) in _DIMENSIONS.items():
        present = loaded(connection)
        if dimension in present:
            continue
        filled = {(c.table, c.column) for c in audit.columns if c.n_filled}
        found = [table for table in mentions if (table, key) in filled]
        if not found:
            continue
        own = [a for a in attributes if ("order_lines", a) in filled]
        n_rows, n_many = _derive(
            connection, dimension, key, name if ("order_lines", name) in filled else "", own, found
        )
        notes = [f"derived from {', '.join(found)}"]
        if n_many:
            notes.append(f"{n_many} have more than one name; the last one is kept")
        audit.sources.append(
            SourceAudit(
                f"derived: {', '.join(found)}", dimension, "derived", n_rows, n_rows, 0, 0, notes=tuple(notes)
            )
        )


def loaded(connection: Any) -> set[str]:
    """Tables of the store that is being built."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
    ).fetchall()
    return {row[0] for row in rows}


def _derive(
    connection: Any, dimension: str, key: str, name: str, attributes: list[str], mentions: list[str]
) -> tuple[int, int]:
    selects = []
    for table in mentions:
        is_lines = table == "order_lines"
        values = [
            name if is_lines and name else "CAST(NULL AS VARCHAR)",
            "ordered_on" if is_lines else "CAST(NULL AS DATE)",
        ]
        values += [a if is_lines else "CAST(NULL AS VARCHAR)" for a in attributes]
        names = ["name", "last_on", *attributes]
        columns = ", ".join(f"{value} AS {alias}" for value, alias in zip(values, names, strict=True))
        selects.append(f"SELECT {key}, {columns} FROM main.{table} WHERE {key} IS NOT NULL")
    grouped = ", ".join([key, "name", *attributes])
    one = "".join(f", CASE WHEN count(DISTINCT {a}) = 1 THEN max({a}) END AS {a}" for a in attributes)
    sql = (
        f"WITH mentioned AS ({' UNION ALL '.join(selects)}), "
        f"variants AS (SELECT {grouped}, max(last_on) AS last_on FROM mentioned GROUP BY {grouped}) "
        f"SELECT {key}, COALESCE(max_by(name, row(last_on, name)) FILTER (name IS NOT NULL), {key}) AS name, "
        f"count(DISTINCT name) AS n_names{one} FROM variants GROUP BY {key} ORDER BY {key}"
    )
    connection.execute(f"CREATE TEMP TABLE derived AS {sql}")
    made = {key, "name", *attributes}
    columns = ", ".join(
        quoted(c.name) if c.name in made else f"CAST(NULL AS {SQL_TYPES[c.type]}) AS {quoted(c.name)}"
        for c in TABLES[dimension].columns
    )
    connection.execute(f"CREATE TABLE main.{dimension} AS SELECT {columns} FROM derived")
    counted = connection.execute("SELECT count(*), count(*) FILTER (n_names > 1) FROM derived").fetchone()
    connection.execute("DROP TABLE derived")
    return int(counted[0]), int(counted[1])


def orphans(connection: Any, audit: Audit) -> None:
    """Count values of referring columns that the table referred to does not hold."""
    present = loaded(connection)
    derived = {s.table for s in audit.sources if s.kind == "derived"}
    for table in TABLES.values():
        for column, target in table.refers.items():
            if table.name not in present or target not in present or target in derived:
                continue
            key = TABLES[target].key[0]
            rows = connection.execute(
                f"SELECT {column}, count(*) AS n FROM main.{table.name} AS t WHERE {column} IS NOT NULL "
                f"AND NOT EXISTS (SELECT 1 FROM main.{target} AS k WHERE k.{key} = t.{column}) "
                f"GROUP BY {column} ORDER BY n DESC, {column}"
            ).fetchall()
            if rows:
                shown = ", ".join(repr(value) for value, _ in rows[:3])
                audit.reasons.append(
                    Reason(
                        "",
                        table.name,
                        "orphan",
                        f"{len(rows)} keys are not in {target}",
                        column,
                        sum(n for _, n in rows),
                        shown,
                    )
                )
