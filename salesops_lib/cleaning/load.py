"""From sources to data/facts.duckdb: stage, account for every row, derive, replace at once."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.cleaning import derive
from salesops_lib.cleaning.audit import Audit, ColumnAudit, Control, Reason, SourceAudit
from salesops_lib.cleaning.clean import digits_of
from salesops_lib.cleaning.locking import exclusive, writable
from salesops_lib.cleaning.mapping import NUMBERED
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source, read_sources
from salesops_lib.cleaning.stage import Staged, stage
from salesops_lib.errors import DataError
from salesops_lib.tables import TABLES, Table
from salesops_lib.tables.engine import DuckDBEngine, quoted

FACTS = "facts.duckdb"
_PREFIX = ".load-"
#: Keys that tell rows of one order apart; numbered by us when the file has none.
_NUMBERED = {"order_lines": "line_id", "returns": "return_id"}
_SET_ASIDE = ["source", "table_name", "line", "column_name", "value", "reason", "record"]
_AUDIT_TABLES = {
    "audit_sources": "source VARCHAR, table_name VARCHAR, kind VARCHAR, rows_in BIGINT, used BIGINT, merged BIGINT, set_aside BIGINT, "
    "file VARCHAR, sha256 VARCHAR, encoding VARCHAR, confidence DOUBLE, currency VARCHAR, notes VARCHAR, suspected BIGINT, "
    "orphans BIGINT, raw_total DOUBLE, stored_total DOUBLE, set_aside_total DOUBLE, rounding_residual DOUBLE",
    "audit_columns": "source VARCHAR, table_name VARCHAR, column_name VARCHAR, header VARCHAR, type VARCHAR, is_required BOOLEAN, "
    "n_rows BIGINT, n_filled BIGINT, completeness DOUBLE",
    "audit_reasons": "source VARCHAR, table_name VARCHAR, outcome VARCHAR, reason VARCHAR, column_name VARCHAR, n_rows BIGINT, example VARCHAR",
    "set_aside": "source VARCHAR, table_name VARCHAR, line BIGINT, column_name VARCHAR, value VARCHAR, reason VARCHAR, record VARCHAR",
}


def load(root: Path | str, *, policy: Any = None) -> Audit:
    """Clean all sources of a workspace into its store.

    Parameters
    ----------
    root
        The workspace; data/sources.yaml says what to load.
    policy
        Policy or `Settings`; the default settings without it.

    Returns
    -------
    Audit
        One entry per source and table, with rows in = used + merged + set aside.

    Raises
    ------
    DataError
        If there are no sources, a file is gone or unreadable, another load is running, or
        data/ cannot be written.  The store of the last good load is then untouched.
    """
    root, settings = Path(root), Settings.of(policy)
    data = root / "data"
    sources = read_sources(root)
    if not any(source.table for source in sources):
        raise DataError(
            f"{data / 'sources.yaml'} names no source to load. Add files with `salesops add FILE…`; "
            "or see the sample company with `salesops demo`."
        )
    with writable(data), exclusive(data):
        for left in data.glob(f"{_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=data))
        try:
            audit = _build(root, sources, scratch, settings)
            for name in (FACTS, "set_aside.csv", "audit.json"):
                _flush(scratch / name)
            for name in (FACTS, "set_aside.csv", "audit.json"):
                os.replace(scratch / name, data / name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return audit


def _flush(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def _build(root: Path, sources: list[Source], scratch: Path, settings: Settings) -> Audit:
    engine = DuckDBEngine(scratch / FACTS)
    try:
        connection = engine.connection
        connection.execute("ATTACH ':memory:' AS work")
        audit = Audit(fingerprint=_fingerprint(sources, settings))
        aside: list[pd.DataFrame] = []
        staged = [
            stage(connection, serial, source, root, scratch, settings)
            for serial, source in enumerate((s for s in sources if s.table), start=1)
        ]
        for name, table in TABLES.items():
            own = [one for one in staged if one.source.table == name]
            if own:
                _load_table(connection, table, own, audit, aside, settings)
        audit.sources += [
            SourceAudit(s.name, "", "skipped", 0, 0, 0, 0, s.file, s.sha256, notes=s.reasons)
            for s in sources
            if not s.table
        ]
        derive.dimensions(connection, audit)
        derive.orphans(connection, audit)
        _store(engine, audit, aside, settings, scratch)
    finally:
        engine.close()
    return audit


def _load_table(
    connection: Any,
    table: Table,
    staged: list[Staged],
    audit: Audit,
    aside: list[pd.DataFrame],
    settings: Settings,
) -> None:
    """Make one canonical table of its staged sources, and account for their rows."""
    _find_duplicates(connection, table, staged, audit, settings)
    numbered = _NUMBERED.get(table.name)
    selects = []
    for one in staged:
        columns = ", ".join(
            _numbered(one, c, len(staged) > 1) if c == numbered or _has_no(one, c) else quoted(c)
            for c in table.names
        )
        selects.append(
            f"SELECT {columns} FROM {one.table} WHERE fault IS NULL"
            + (
                f" AND rowid NOT IN (SELECT record FROM work.dropped WHERE serial = {one.serial})"
                if _n_dropped(connection, one)
                else ""
            )
        )
    connection.execute(f"CREATE TABLE main.{quoted(table.name)} AS {' UNION ALL '.join(selects)}")
    for one in staged:
        _account(connection, table, one, audit, aside)
        connection.execute(f"DROP TABLE {one.table}")
    connection.execute("DROP TABLE work.dropped")
    n_stored = connection.execute(f"SELECT count(*) FROM main.{quoted(table.name)}").fetchone()[0]
    assert n_stored == sum(s.used for s in audit.sources if s.table == table.name), table.name


def _has_no(one: Staged, column: str) -> bool:
    """Whether the file lacks a header for a column that rows then get by their number."""
    return (one.source.table, column) in NUMBERED and column not in one.source.columns


def _numbering(one: Staged, table: Table) -> list[str]:
    return [f"no {c}: each row is one of its own, by its number" for c in table.names if _has_no(one, c)]


def _numbered(one: Staged, column: str, several: bool) -> str:
    number = f"'{one.serial}-' || CAST(rowid + 1 AS VARCHAR)" if several else "CAST(rowid + 1 AS VARCHAR)"
    return f"COALESCE({quoted(column)}, {number}) AS {quoted(column)}"


def _n_dropped(connection: Any, one: Staged) -> int:
    return int(
        connection.execute("SELECT count(*) FROM work.dropped WHERE serial = ?", [one.serial]).fetchone()[0]
    )


def _find_duplicates(
    connection: Any, table: Table, staged: list[Staged], audit: Audit, settings: Settings
) -> None:
    """Fill work.dropped (serial, record, fate, reason) with rows that repeat an earlier one."""
    connection.execute(
        "CREATE OR REPLACE TABLE work.dropped (serial INTEGER, record BIGINT, fate VARCHAR, reason VARCHAR)"
    )
    numbered = _NUMBERED.get(table.name)
    keyed = [one for one in staged if numbered is None or numbered in one.source.columns]
    unkeyed = [one for one in staged if one not in keyed]
    if keyed:
        _drop_repeated_keys(connection, table, keyed, numbered)
    if unkeyed:
        _suspect_repeats(connection, table, unkeyed, audit, settings)


def _union(staged: list[Staged], columns: str, where: str = "") -> str:
    """All sound rows of staged sources, in order."""
    return " UNION ALL ".join(
        f"SELECT {one.serial} AS serial, rowid AS record, {columns} FROM {one.table} WHERE fault IS NULL{where}"
        for one in staged
    )


def _drop_repeated_keys(connection: Any, table: Table, staged: list[Staged], numbered: str | None) -> None:
    filled = {name for one in staged for name in (*one.source.columns, *one.plan.filled)}
    keys = ", ".join(quoted(key) for key in table.key if key in filled)
    stated = f" AND {quoted(numbered)} IS NOT NULL" if numbered else ""
    n_repeats = connection.execute(
        f"SELECT count(*) - count(DISTINCT key_hash) FROM ({_union(staged, f'hash({keys}) AS key_hash', stated)})"
    ).fetchone()[0]
    if not n_repeats:
        return
    every = ", ".join(map(quoted, table.names))
    rows = _union(staged, f"{keys}, hash({keys}) AS key_hash, hash({every}) AS row_hash", stated)
    connection.execute(
        f"INSERT INTO work.dropped WITH candidates AS ({rows}), "
        f"repeated AS (SELECT key_hash FROM candidates GROUP BY key_hash HAVING count(*) > 1) "
        f"SELECT serial, record, CASE WHEN row_hash = first(row_hash) OVER w THEN 'merged' ELSE 'set_aside' END, "
        f"CASE WHEN row_hash = first(row_hash) OVER w THEN 'exact duplicate' ELSE 'duplicate' END "
        f"FROM candidates WHERE key_hash IN (SELECT key_hash FROM repeated) "
        f"WINDOW w AS (PARTITION BY {keys} ORDER BY serial, record) "
        f"QUALIFY row_number() OVER w > 1"
    )


def _suspect_repeats(
    connection: Any, table: Table, staged: list[Staged], audit: Audit, settings: Settings
) -> None:
    """Count rows without a line key that are equal in everything; the policy may set them aside."""
    alike = (
        "record_hash" if len(staged) == 1 else f"hash({', '.join(map(quoted, table.names))}) AS record_hash"
    )
    rows = _union(staged, alike)
    n_repeats = connection.execute(f"SELECT count(*) - count(DISTINCT record_hash) FROM ({rows})").fetchone()[
        0
    ]
    if not n_repeats:
        return
    connection.execute(
        f"CREATE OR REPLACE TABLE work.repeats AS SELECT serial, record FROM ({rows}) "
        "QUALIFY row_number() OVER (PARTITION BY record_hash ORDER BY serial, record) > 1"
    )
    if settings.duplicates == "set_aside":
        connection.execute(
            "INSERT INTO work.dropped SELECT serial, record, 'set_aside', 'suspected duplicate' FROM work.repeats"
        )
    else:
        for one in staged:
            found = connection.execute(
                "SELECT record FROM work.repeats WHERE serial = ?", [one.serial]
            ).fetchnumpy()["record"]
            if len(found):
                line = f"line {one.lines_of(np.sort(found)[:1])[0]}"
                audit.reasons.append(
                    Reason(
                        one.source.name,
                        table.name,
                        "suspected",
                        "row equals an earlier one",
                        "",
                        len(found),
                        line,
                    )
                )
    connection.execute("DROP TABLE work.repeats")


def _account(connection: Any, table: Table, one: Staged, audit: Audit, aside: list[pd.DataFrame]) -> None:
    """Add one source to the audit: its rows by fate and reason, its totals, its columns."""
    source, name = one.source, one.source.name
    faulty = _faulty(connection, one)
    dropped = connection.execute(
        "SELECT record, fate, reason FROM work.dropped WHERE serial = ? ORDER BY record", [one.serial]
    ).fetchdf()
    repeated = dropped[dropped.fate == "set_aside"].assign(column_name=", ".join(table.key), value="")
    merged = dropped[dropped.fate == "merged"]
    rejected = one.rejects.assign(column_name="", record="")
    set_aside = pd.concat(
        [faulty, _with_lines(one, repeated)[faulty.columns], rejected[faulty.columns]], ignore_index=True
    )
    for (column, reason), group in set_aside.groupby(["column_name", "reason"], sort=True):
        example = f"line {group.line.iloc[0]}" + (f": {group.value.iloc[0]!r}" if group.value.iloc[0] else "")
        audit.reasons.append(Reason(name, table.name, "set_aside", reason, column, len(group), example))
    if len(merged):
        line = f"line {one.lines_of(merged.record.to_numpy()[:1])[0]}"
        audit.reasons.append(Reason(name, table.name, "merged", "exact duplicate", "", len(merged), line))
    used = one.n_records - len(merged) - len(set_aside)
    audit.sources.append(
        SourceAudit(
            name,
            table.name,
            "file",
            one.n_records,
            used,
            len(merged),
            len(set_aside),
            source.file,
            source.sha256,
            "" if source.sheet else source.encoding,
            source.confidence,
            source.currency,
            (*one.notes, *_numbering(one, table), *source.reasons),
        )
    )
    if len(set_aside):
        aside.append(
            set_aside.assign(source=name, table_name=table.name).sort_values("line", kind="stable")[
                _SET_ASIDE
            ]
        )
    _total(connection, table, one, audit, used)


def _faulty(connection: Any, one: Staged) -> pd.DataFrame:
    """Rows with a fault: line, column_name, value, reason, record (what was read of the row, as JSON)."""
    packed = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in one.source.columns)
    found = connection.execute(
        f"SELECT rowid AS record, fault, COALESCE(fault_value, '') AS value, CAST(to_json(struct_pack({packed})) AS VARCHAR) AS row_json "
        f"FROM {one.table} WHERE fault IS NOT NULL ORDER BY rowid"
    ).fetchdf()
    by_code = {fault.code: fault for fault in one.plan.faults}
    return pd.DataFrame(
        {
            "line": one.lines_of(found.record.to_numpy(dtype=np.int64)),
            "column_name": [by_code[code].column for code in found.fault],
            "value": found.value.astype("str"),
            "reason": [by_code[code].reason for code in found.fault],
            "record": found.row_json.astype("str"),
        }
    )


def _with_lines(one: Staged, repeated: pd.DataFrame) -> pd.DataFrame:
    return repeated.assign(line=one.lines_of(repeated.record.to_numpy(dtype=np.int64)), record="")


def _total(connection: Any, table: Table, one: Staged, audit: Audit, used: int) -> None:
    """Control totals of money columns and completeness of all columns, over the staged rows."""
    source, money = one.source, one.plan.money
    filled = [c for c in table.names if c in source.columns or c in one.plan.filled]
    fate = "CASE WHEN s.fault IS NOT NULL THEN 'set_aside' ELSE COALESCE(d.fate, 'used') END"
    joined = f"{one.table} AS s LEFT JOIN work.dropped AS d ON d.serial = {one.serial} AND d.record = s.rowid"
    if not _n_dropped(connection, one):
        fate, joined = "CASE WHEN s.fault IS NOT NULL THEN 'set_aside' ELSE 'used' END", f"{one.table} AS s"
    counts = ", ".join(f"count(s.{quoted(c)})" for c in filled)
    sums = "".join(f", sum(s.exact_{c}), sum(CAST(s.{quoted(c)} AS HUGEINT))" for c in money)
    rows = {
        row[0]: row[1:]
        for row in connection.execute(
            f"SELECT {fate} AS fate, {counts}{sums} FROM {joined} GROUP BY 1"
        ).fetchall()
    }
    nothing = (0,) * (len(filled) + 2 * len(money))
    kept = rows.get("used", nothing)
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
        )
        for k, c in enumerate(filled)
    ]
    per_unit = 10 ** digits_of(source.currency)
    for k, column in enumerate(money):
        at = len(filled) + 2 * k
        raw = {fate: Decimal(rows.get(fate, nothing)[at] or 0) for fate in ("used", "set_aside", "merged")}
        stored = Decimal(kept[at + 1] or 0) / per_unit
        audit.controls.append(
            Control(source.name, table.name, column, raw["used"], stored, raw["set_aside"], raw["merged"])
        )


def _fingerprint(sources: list[Source], settings: Settings) -> str:
    text = repr(
        [
            (
                s.place,
                s.sha256,
                sorted(s.columns.items()),
                s.date_order,
                s.decimal,
                s.currency,
                sorted(s.units.items()),
            )
            for s in sources
        ]
    )
    return hashlib.sha256(f"{text}{settings}".encode()).hexdigest()


def _store(
    engine: DuckDBEngine, audit: Audit, aside: list[pd.DataFrame], settings: Settings, scratch: Path
) -> None:
    """Put the audit beside the facts, build the derived tables, and write both files."""
    connection = engine.connection
    rows = pd.concat(aside, ignore_index=True) if aside else pd.DataFrame(columns=_SET_ASIDE)
    frames = {
        "audit_sources": audit.sources_frame(),
        "audit_columns": audit.columns_frame(),
        "audit_reasons": audit.reasons_frame(),
        "set_aside": rows,
    }
    for name, columns in _AUDIT_TABLES.items():
        connection.execute(f"CREATE TABLE main.{name} ({columns})")
        if len(frames[name]):
            connection.register("frame", frames[name])
            connection.execute(f"INSERT INTO main.{name} BY NAME SELECT * FROM frame")
            connection.unregister("frame")
    connection.execute("CREATE TABLE main.store_facts (name VARCHAR, value VARCHAR)")
    connection.executemany(
        "INSERT INTO main.store_facts VALUES (?, ?)",
        [["fingerprint", audit.fingerprint], ["currency", settings.currency]],
    )
    connection.execute("DETACH work")
    _derived_tables(engine, settings)
    connection.execute("CHECKPOINT")
    rows.to_csv(scratch / "set_aside.csv", index=False, encoding="utf-8-sig", lineterminator="\n")
    (scratch / "audit.json").write_text(audit.to_json(), "utf-8")


def _derived_tables(engine: DuckDBEngine, settings: Settings) -> None:
    from salesops_lib.tables import views

    days = _calendar(engine, settings)
    views.build(engine, currency=settings.currency, returns_on=settings.returns_on, calendar=days)


def _calendar(engine: DuckDBEngine, settings: Settings) -> pd.DataFrame | None:
    """Every day of the years that the dated tables touch; None where nothing is dated."""
    from salesops_lib.periods import Calendar

    loaded = engine.columns()
    spans = " UNION ALL ".join(
        f"SELECT MIN({table.dated_by}) AS first_on, MAX({table.dated_by}) AS last_on FROM {quoted(table.name)}"
        for table in TABLES.values()
        if table.dated_by in loaded.get(table.name, ())
    )
    if not spans:
        return None
    span = engine.query(
        f"SELECT MIN(first_on) AS first_on, MAX(last_on) AS last_on FROM ({spans}) AS spans"
    ).iloc[0]
    if pd.isna(span.first_on):
        return None
    return Calendar(**settings.calendar).frame(
        date(span.first_on.year, 1, 1), date(span.last_on.year, 12, 31)
    )
