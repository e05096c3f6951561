"""The account of one staged source: each of its rows by fate, reason and line, its cells, its totals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from salesops_lib.cleaning.audit import Audit, Change, ColumnAudit, Control, Reason, SourceAudit
from salesops_lib.cleaning.clean import digits_of, literal
from salesops_lib.cleaning.mapping import NUMBERED
from salesops_lib.cleaning.repeats import columns_of
from salesops_lib.cleaning.stage import Staged
from salesops_lib.tables import Table
from salesops_lib.tables.engine import quoted

#: Tables of the store with one row per row or cell that is not as it was in its file.
LISTS = {
    "set_aside": "source VARCHAR, table_name VARCHAR, line BIGINT, column_name VARCHAR, value VARCHAR, reason VARCHAR, "
    "record VARCHAR, fate VARCHAR",
    "merged_rows": "source VARCHAR, table_name VARCHAR, line BIGINT, reason VARCHAR, kept_source VARCHAR, kept_line BIGINT",
    "changes": 'source VARCHAR, table_name VARCHAR, line BIGINT, column_name VARCHAR, "before" VARCHAR, "after" VARCHAR, '
    "rule VARCHAR",
}
_ALIKE = "row equals an earlier one"
_FATES = ("used", "merged", "set_aside", "excluded")


def locate(connection: Any, staged: Sequence[Staged]) -> None:
    """Table work.located (serial, record, line): where the rows stand that the account lists."""
    import pyarrow as pa

    connection.execute("CREATE OR REPLACE TABLE work.located (serial INTEGER, record BIGINT, line BIGINT)")
    for one in staged:
        changed = " OR changes IS NOT NULL" if "changes" in columns_of(connection, one) else ""
        listed = " UNION ".join(
            [
                f"SELECT rowid AS record FROM {one.table} WHERE fault IS NOT NULL{changed}",
                *(
                    f"SELECT {record} FROM work.{name} WHERE {serial} = {one.serial}"
                    for name in ("dropped", "suspected")
                    for serial, record in (("serial", "record"), ("kept_serial", "kept"))
                ),
            ]
        )
        found = connection.execute(listed).fetchnumpy()["record"]
        records = np.sort(np.asarray(found, dtype=np.int64))
        lines = np.asarray(one.lines_of(records), dtype=np.int64)
        connection.register("lines_found", pa.table({"record": records, "line": lines}))
        connection.execute(f"INSERT INTO work.located SELECT {one.serial}, record, line FROM lines_found")
        connection.unregister("lines_found")


def account(connection: Any, table: Table, one: Staged, staged: Sequence[Staged], audit: Audit) -> None:
    """Add one source of `staged` to the audit and to the lists of the store.

    Needs work.dropped and work.suspected of `repeats.find`, and work.located of `locate`.
    """
    name = one.source.name
    _name_kept(connection, staged)
    n_merged = _merged(connection, table, one, audit)
    counts = _aside(connection, table, one, audit)
    n_aside, n_excluded = counts.get("set_aside", 0), counts.get("excluded", 0)
    used = one.n_records - n_merged - n_aside - n_excluded
    source = one.source
    audit.sources.append(
        SourceAudit(
            name,
            table.name,
            "file",
            one.n_records,
            used,
            n_merged,
            n_aside,
            n_excluded,
            file=source.file,
            sha256=source.sha256,
            encoding="" if source.sheet else source.encoding,
            confidence=source.confidence,
            currency=source.currency,
            notes=(*one.notes, *numbering(one, table), *source.reasons),
        )
    )
    _suspected(connection, table, one, audit)
    _changed(connection, table, one, audit)
    _total(connection, table, one, audit, used)


def has_no(one: Staged, column: str) -> bool:
    """Whether the file lacks a header for a column that rows then get by their number."""
    return (one.source.table, column) in NUMBERED and column not in one.source.columns


def numbering(one: Staged, table: Table) -> list[str]:
    """Notes on the columns that rows get by their number."""
    return [f"no {c}: each row is one of its own, by its number" for c in table.names if has_no(one, c)]


def n_dropped(connection: Any, one: Staged) -> int:
    """How many sound rows of a source are not used, for they are there twice."""
    return int(
        connection.execute("SELECT count(*) FROM work.dropped WHERE serial = ?", [one.serial]).fetchone()[0]
    )


def _name_kept(connection: Any, staged: Sequence[Staged]) -> None:
    names = ", ".join(f"({one.serial}, {literal(one.source.name)})" for one in staged)
    connection.execute(
        f"CREATE OR REPLACE VIEW work.source_names AS FROM (VALUES {names}) AS n(serial, name)"
    )


#: Of a row that is there twice: its own line, and where the kept one stands.
_TWINS = (
    "work.{rows} AS d JOIN work.located AS l ON l.serial = d.serial AND l.record = d.record "
    "JOIN work.located AS k ON k.serial = d.kept_serial AND k.record = d.kept "
    "JOIN work.source_names AS n ON n.serial = d.kept_serial"
)


def _merged(connection: Any, table: Table, one: Staged, audit: Audit) -> int:
    """List the merged rows of a source; how many they are."""
    name = one.source.name
    connection.execute(
        "CREATE OR REPLACE TABLE work.merged_here AS SELECT l.line, d.reason, n.name AS kept_source, k.line AS kept_line "
        f"FROM {_TWINS.format(rows='dropped')} WHERE d.serial = {one.serial} AND d.fate = 'merged'"
    )
    connection.execute(
        "INSERT INTO main.merged_rows SELECT ?, ?, line, reason, kept_source, kept_line FROM work.merged_here ORDER BY line",
        [name, table.name],
    )
    found = connection.execute(
        "SELECT reason, count(*), min(line), arg_min(kept_source, line), arg_min(kept_line, line) FROM work.merged_here "
        "GROUP BY reason ORDER BY reason"
    ).fetchall()
    for reason, n_rows, line, kept_source, kept_line in found:
        where = "" if kept_source == name else f" of {kept_source}"
        example = f"line {line}: 'as line {kept_line}{where}'"
        audit.reasons.append(Reason(name, table.name, "merged", reason, "", n_rows, example))
    return sum(row[1] for row in found)


def _aside(connection: Any, table: Table, one: Staged, audit: Audit) -> dict[str, int]:
    """List the rows of a source that are set aside or excluded; how many they are by fate."""
    name = one.source.name
    packed = ", ".join(f"{quoted(c)} := s.{quoted(c)}" for c in one.source.columns)
    record = f"CAST(to_json(struct_pack({packed})) AS VARCHAR)"
    faults = ", ".join(
        f"({f.code}, {literal(f.column)}, {literal(f.reason)}, {literal(getattr(f, 'fate', 'set_aside'))})"
        for f in one.plan.faults
    )
    rejects = one.rejects if "fate" in one.rejects else one.rejects.assign(fate="set_aside")
    connection.register("rejects_here", rejects)
    connection.execute(
        "CREATE OR REPLACE TABLE work.aside_here AS "
        f"SELECT l.line, f.column_name, COALESCE(s.fault_value, '') AS value, f.reason, {record} AS record, f.fate "
        f"FROM {one.table} AS s JOIN (VALUES {faults}) AS f(code, column_name, reason, fate) ON f.code = s.fault "
        f"JOIN work.located AS l ON l.serial = {one.serial} AND l.record = s.rowid "
        f"UNION ALL SELECT l.line, {literal(', '.join(table.key))}, "
        f"'line ' || k.line || CASE WHEN d.kept_serial = d.serial THEN '' ELSE ' of ' || n.name END || ' is kept', "
        f"d.reason, {record}, d.fate FROM {_TWINS.format(rows='dropped')} JOIN {one.table} AS s ON s.rowid = d.record "
        f"WHERE d.serial = {one.serial} AND d.fate <> 'merged' "
        "UNION ALL SELECT line, '', value, reason, '', COALESCE(fate, 'set_aside') FROM rejects_here"
    )
    connection.unregister("rejects_here")
    connection.execute(
        "INSERT INTO main.set_aside SELECT ?, ?, line, column_name, value, reason, record, fate FROM work.aside_here ORDER BY line",
        [name, table.name],
    )
    found = connection.execute(
        "SELECT fate, column_name, reason, count(*), min(line), arg_min(value, line) FROM work.aside_here "
        "GROUP BY fate, column_name, reason ORDER BY column_name, reason, fate"
    ).fetchall()
    counts: dict[str, int] = {}
    for fate, column, reason, n_rows, line, value in found:
        example = f"line {line}" + (f": {value!r}" if value else "")
        audit.reasons.append(Reason(name, table.name, fate, reason, column, n_rows, example))
        counts[fate] = counts.get(fate, 0) + n_rows
    return counts


def _suspected(connection: Any, table: Table, one: Staged, audit: Audit) -> None:
    n_rows, line = connection.execute(
        f"SELECT count(*), min(l.line) FROM {_TWINS.format(rows='suspected')} WHERE d.serial = {one.serial}"
    ).fetchone()
    if n_rows:
        audit.reasons.append(
            Reason(one.source.name, table.name, "suspected", _ALIKE, "", n_rows, f"line {line}")
        )


def _changed(connection: Any, table: Table, one: Staged, audit: Audit) -> None:
    """List the cells of used rows that a rule changed, and count them by column and rule."""
    if "changes" not in columns_of(connection, one):
        return
    name = one.source.name
    connection.execute(
        "CREATE OR REPLACE TABLE work.changes_here AS SELECT l.line, unnest(s.changes) AS change "
        f"FROM {one.table} AS s JOIN work.located AS l ON l.serial = {one.serial} AND l.record = s.rowid "
        "WHERE s.changes IS NOT NULL AND s.fault IS NULL AND NOT EXISTS "
        f"(SELECT 1 FROM work.dropped AS d WHERE d.serial = {one.serial} AND d.record = s.rowid)"
    )
    connection.execute(
        'INSERT INTO main.changes SELECT ?, ?, line, change.column_name, change."before", change."after", change.rule '
        "FROM work.changes_here ORDER BY line",
        [name, table.name],
    )
    found = connection.execute(
        'SELECT change.column_name, change.rule, count(*), min(line), arg_min(change."before", line), '
        'arg_min(change."after", line) FROM work.changes_here GROUP BY 1, 2 ORDER BY 1, 2'
    ).fetchall()
    audit.changes += [
        Change(name, table.name, column, rule, n_cells, f"line {line}: {before!r} → {after!r}")
        for column, rule, n_cells, line, before, after in found
    ]


def _total(connection: Any, table: Table, one: Staged, audit: Audit, used: int) -> None:
    """Control totals of money columns and completeness of all columns, over the staged rows."""
    source, money = one.source, one.plan.money
    filled = [c for c in table.names if c in source.columns or c in one.plan.filled]
    counts = ", ".join(f"count(s.{quoted(c)})" for c in filled)
    sums = "".join(f", sum(s.exact_{c}), sum(CAST(s.{quoted(c)} AS HUGEINT))" for c in money)
    rows = {
        row[0]: row[1:]
        for row in connection.execute(
            f"SELECT {_fate(connection, one)}, {counts}{sums} FROM {_with_fates(connection, one)} GROUP BY 1"
        ).fetchall()
    }
    nothing = (0,) * (len(filled) + 2 * len(money))
    kept = rows.get("used", nothing)
    rules = _rules(one)
    audit.columns += [
        ColumnAudit(
            source.name,
            table.name,
            c,
            source.columns.get(c, ""),
            table[c].type,
            table[c].required,
            used,
            kept[k],
            source.confidences.get(c),
            rules.get(c, ""),
        )
        for k, c in enumerate(filled)
    ]
    per_unit = 10 ** digits_of(source.currency)
    for k, column in enumerate(money):
        at = len(filled) + 2 * k
        raw = {fate: Decimal(rows.get(fate, nothing)[at] or 0) for fate in _FATES}
        stored = Decimal(kept[at + 1] or 0) / per_unit
        audit.controls.append(
            Control(source.name, table.name, column, raw["used"], stored, raw["set_aside"], raw["merged"])
        )


def _fate(connection: Any, one: Staged) -> str:
    excluded = [str(f.code) for f in one.plan.faults if getattr(f, "fate", "") == "excluded"]
    of_fault = (
        f"CASE WHEN s.fault IN ({', '.join(excluded)}) THEN 'excluded' ELSE 'set_aside' END"
        if excluded
        else "'set_aside'"
    )
    of_sound = "COALESCE(d.fate, 'used')" if n_dropped(connection, one) else "'used'"
    return f"CASE WHEN s.fault IS NULL THEN {of_sound} ELSE {of_fault} END"


def _with_fates(connection: Any, one: Staged) -> str:
    joined = f" LEFT JOIN work.dropped AS d ON d.serial = {one.serial} AND d.record = s.rowid"
    return f"{one.table} AS s" + (joined if n_dropped(connection, one) else "")


def _rules(one: Staged) -> dict[str, str]:
    """Column → how all its cells were read."""
    found: dict[str, list[str]] = {}
    for rule in getattr(one.plan, "rules", ()):
        found.setdefault(rule.column, []).append(f"{rule.rule}: {rule.detail}" if rule.detail else rule.rule)
    return {column: "; ".join(rules) for column, rules in found.items()}
