"""The store's account of its own load, the two files beside it, and their replacement at once.

facts.duckdb is the truth: replacing it is the moment of a load.  set_aside.csv and audit.json
are copies for people, made of its tables; the store knows their digests, so that a copy of
another load is found out and made anew.
"""

from __future__ import annotations

import csv
import hashlib
import os
from pathlib import Path
from typing import Any

from salesops_lib.cleaning.accounts import LISTS
from salesops_lib.cleaning.audit import Audit
from salesops_lib.cleaning.clean import literal
from salesops_lib.cleaning.merging.review import safe
from salesops_lib.cleaning.snapshots import FILE as SNAPSHOTS
from salesops_lib.cleaning.sources import digest
from salesops_lib.errors import DataError
from salesops_lib.tables.engine import DuckDBEngine

FACTS, SET_ASIDE, AUDIT = "facts.duckdb", "set_aside.csv", "audit.json"
_SUMMARIES = {
    "audit_sources": "source VARCHAR, table_name VARCHAR, kind VARCHAR, rows_in BIGINT, used BIGINT, merged BIGINT, set_aside BIGINT, "
    "excluded BIGINT, file VARCHAR, sha256 VARCHAR, encoding VARCHAR, confidence DOUBLE, currency VARCHAR, notes VARCHAR, "
    "suspected BIGINT, orphans BIGINT, raw_total DOUBLE, stored_total DOUBLE, set_aside_total DOUBLE, rounding_residual DOUBLE",
    "audit_columns": "source VARCHAR, table_name VARCHAR, column_name VARCHAR, header VARCHAR, type VARCHAR, is_required BOOLEAN, "
    "n_rows BIGINT, n_filled BIGINT, completeness DOUBLE, confidence DOUBLE, rule VARCHAR",
    "audit_reasons": "source VARCHAR, table_name VARCHAR, outcome VARCHAR, reason VARCHAR, column_name VARCHAR, n_rows BIGINT, "
    "example VARCHAR",
    "audit_changes": "source VARCHAR, table_name VARCHAR, column_name VARCHAR, rule VARCHAR, n_cells BIGINT, example VARCHAR",
}


def begin(connection: Any) -> None:
    """Make the tables that list rows and cells, empty."""
    for name, columns in LISTS.items():
        connection.execute(f"CREATE TABLE main.{name} ({columns})")


def summarise(connection: Any, audit: Audit, said: dict[str, str]) -> None:
    """Put the audit's counts, and what the store says of itself, beside the facts."""
    frames = {
        "audit_sources": audit.sources_frame(),
        "audit_columns": audit.columns_frame(),
        "audit_reasons": audit.reasons_frame(),
        "audit_changes": audit.changes_frame(),
    }
    for name, columns in _SUMMARIES.items():
        connection.execute(f"CREATE TABLE main.{name} ({columns})")
        if len(frames[name]):
            connection.register("frame", frames[name])
            connection.execute(f"INSERT INTO main.{name} BY NAME SELECT * FROM frame")
            connection.unregister("frame")
    connection.execute("CREATE TABLE main.store_facts (name VARCHAR, value VARCHAR)")
    connection.executemany("INSERT INTO main.store_facts VALUES (?, ?)", list(map(list, said.items())))


def copy_out(engine: DuckDBEngine, audit: Audit, folder: Path) -> None:
    """Write set_aside.csv and audit.json into `folder`, and their digests into the store."""
    text = audit.to_json()
    (folder / AUDIT).write_bytes(text.encode())
    _write_set_aside(engine, folder / SET_ASIDE)
    engine.execute("CREATE TABLE main.store_files (name VARCHAR, sha256 VARCHAR, body VARCHAR)")
    engine.execute(
        "INSERT INTO main.store_files VALUES (?, ?, ?), (?, ?, NULL)",
        [AUDIT, hashlib.sha256(text.encode()).hexdigest(), text, SET_ASIDE, digest(folder / SET_ASIDE)],
    )


def _write_set_aside(engine: DuckDBEngine, path: Path) -> None:
    """The rows not used, for people and their spreadsheets: raw text that would be a formula is quoted."""
    found = engine.connection.execute("SELECT * FROM main.set_aside")
    with path.open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow([column[0] for column in found.description])
        while rows := found.fetchmany(10_000):
            writer.writerows([safe(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)


def publish(scratch: Path, data: Path) -> None:
    """Replace the facts in `data` and then their copies by those in `scratch`.

    Everything is on the disk before the first is replaced.  What ends the process between two
    of them leaves new facts with old copies: `mend` makes these anew.
    """
    for name in (FACTS, SET_ASIDE, AUDIT, SNAPSHOTS):
        _flush(scratch / name)
    (data / f"{FACTS}.wal").unlink(missing_ok=True)
    for name in (FACTS, SET_ASIDE, AUDIT, SNAPSHOTS):
        os.replace(scratch / name, data / name)
    _flush_folder(data)


def stale(data: Path) -> tuple[str, ...]:
    """Names of the copies in `data` that are not of the load whose facts are there.

    Empty also where there are no facts, or none that can be opened.
    """
    try:
        engine = DuckDBEngine(data / FACTS, read_only=True)
    except DataError:
        return ()
    try:
        if "store_files" not in engine.columns():
            return ()
        known = dict(engine.rows("SELECT name, sha256 FROM store_files ORDER BY name"))
    finally:
        engine.close()
    return tuple(n for n, sha in known.items() if not (data / n).is_file() or digest(data / n) != sha)


def mend(data: Path, scratch: Path) -> None:
    """Make those copies in `data` anew that are of another load than the facts."""
    for name in stale(data):
        engine = DuckDBEngine(data / FACTS, read_only=True)
        try:
            if name == SET_ASIDE:
                _write_set_aside(engine, scratch / name)
            else:
                body = engine.rows(f"SELECT body FROM store_files WHERE name = {literal(name)}")[0][0]
                (scratch / name).write_bytes(body.encode())
        finally:
            engine.close()
        _flush(scratch / name)
        os.replace(scratch / name, data / name)


def _flush(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def _flush_folder(folder: Path) -> None:
    """Make renames in `folder` last; Windows has no way to, and no need."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
