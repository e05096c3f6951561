"""From sources to data/facts.duckdb: stage, account for every row, derive, replace at once."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.cleaning import (
    accounts,
    deal_faults,
    derive,
    history,
    matching,
    merging,
    reconcile,
    repeats,
    snapshots,
    store,
)
from salesops_lib.cleaning.audit import Audit, SourceAudit
from salesops_lib.cleaning.locking import exclusive, writable
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source, read_sources
from salesops_lib.cleaning.stage import Staged, stage
from salesops_lib.errors import DataError
from salesops_lib.tables import TABLES, Table, stores
from salesops_lib.tables.engine import DuckDBEngine, literal, quoted

if TYPE_CHECKING:
    import pandas as pd

_PREFIX = ".load-"
#: What DuckDB may hold in memory; beyond it, staged rows go to the disk beside the new store.
_MEMORY = "1200MB"
#: What of a source and of the settings has no part in what is loaded.
_NO_PART = ("sha256", "confidence", "confidences", "samples", "reasons", "unmapped")


def load(root: Path | str, *, policy: Any = None) -> Audit:
    """Clean all sources of a workspace into its store, and publish them where sources.yaml names another.

    Parameters
    ----------
    root
        The workspace; data/sources.yaml says what to load.
    policy
        Policy or `Settings`; the default settings without it.

    Returns
    -------
    Audit
        One entry per source and table, with rows in = used + merged + set aside + excluded.

    Raises
    ------
    DataError
        If there are no sources, a file is gone or unreadable, another load is running, or
        data/ or the store that sources.yaml names cannot be written.  The store of the last good load is then untouched.
    """
    root, settings = Path(root), Settings.of(policy)
    data = root / "data"
    sources, named = read_sources(root), stores.named(root)
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
            store.mend(data, scratch)
            audit = _build(root, sources, scratch, settings)
            if named:
                stores.publish(scratch / store.FACTS, named)
            store.publish(scratch, data)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return audit


def _build(root: Path, sources: list[Source], scratch: Path, settings: Settings) -> Audit:
    engine = DuckDBEngine(scratch / store.FACTS)
    try:
        connection = engine.connection
        connection.execute("SET fsync_mode = 'NONE'")  # nobody has this file before `publish` flushes it
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute(f"SET temp_directory = {literal(str(scratch / 'spilled'))}")
        connection.execute("ATTACH ':memory:' AS work")
        store.begin(connection)
        audit = Audit()
        staged = [
            stage(connection, serial, source, root, scratch, settings)
            for serial, source in enumerate((s for s in sources if s.table), start=1)
        ]
        for name, table in TABLES.items():
            own = [one for one in staged if one.source.table == name]
            if own:
                _load_table(connection, table, own, audit, settings)
        audit.sources += [
            SourceAudit(s.name, "", "skipped", 0, 0, 0, 0, file=s.file, sha256=s.sha256, notes=s.reasons)
            for s in sources
            if not s.table
        ]
        derive.dimensions(connection, audit)
        merging.customers(connection, root / "data", settings, audit)
        matching.returns(connection, audit)
        reconcile.controls(connection, sources, audit, settings)
        derive.orphans(connection, audit)
        deal_faults.flag(connection, audit, settings.today)
        audit.fingerprint = _fingerprint(connection, sources, settings, audit)
        store.summarise(connection, audit, {"fingerprint": audit.fingerprint, "currency": settings.currency})
        snapshots.keep(connection, root / "data", scratch, settings.today)
        connection.execute("DETACH work")
        _derived_tables(engine, settings)
        history.carry(connection, root / "data" / store.FACTS, audit, settings)
        store.copy_out(engine, audit, scratch)
        connection.execute("CHECKPOINT")
    finally:
        engine.close()
    return audit


def _load_table(
    connection: Any, table: Table, staged: list[Staged], audit: Audit, settings: Settings
) -> None:
    """Make one canonical table of its staged sources, and account for their rows."""
    repeats.find(connection, table, staged, settings)
    numbered = repeats.LINE_KEYS.get(table.name)
    selects = []
    for one in staged:
        columns = ", ".join(
            _numbered(one, c, len(staged) > 1) if c == numbered or accounts.has_no(one, c) else quoted(c)
            for c in table.names
        )
        selects.append(
            f"SELECT {columns} FROM {one.table} WHERE fault IS NULL"
            + (
                f" AND rowid NOT IN (SELECT record FROM work.dropped WHERE serial = {one.serial})"
                if accounts.n_dropped(connection, one)
                else ""
            )
        )
    connection.execute(f"CREATE TABLE main.{quoted(table.name)} AS {' UNION ALL '.join(selects)}")
    accounts.locate(connection, staged)
    for one in staged:
        accounts.account(connection, table, one, staged, audit)
    for one in staged:
        connection.execute(f"DROP TABLE {one.table}")
    n_stored = connection.execute(f"SELECT count(*) FROM main.{quoted(table.name)}").fetchone()[0]
    assert n_stored == sum(s.used for s in audit.sources if s.table == table.name), table.name


def _numbered(one: Staged, column: str, several: bool) -> str:
    """A key as stated, else the row's number: told apart from stated ones, and from other files' rows."""
    mark = ("#" if column in one.source.columns else "") + (f"{one.serial}-" if several else "")
    return f"COALESCE({quoted(column)}, {literal(mark)} || CAST(rowid + 1 AS VARCHAR)) AS {quoted(column)}"


def _fingerprint(connection: Any, sources: list[Source], settings: Settings, audit: Audit) -> str:
    """Hash of the entries, the files' contents, the settings, the merges, and what became of the rows.

    The day of the load is no part of it, nor is the order of the entries.
    """
    read = sorted(repr({k: v for k, v in vars(s).items() if k not in _NO_PART}) for s in sources)
    counts = sorted(
        (s.source, s.table, s.sha256, s.rows_in, s.used, s.merged, s.set_aside, s.excluded)
        for s in audit.sources
    )
    has_merges = "customer_merges" in derive.loaded(connection)
    merges = (
        has_merges
        and connection.execute(
            "SELECT customer_id, master_id FROM customer_merges ORDER BY customer_id"
        ).fetchall()
    )
    stated = {k: v for k, v in vars(settings).items() if k != "today"}
    return hashlib.sha256(repr((read, counts, merges, stated)).encode()).hexdigest()


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
    if span.isna().any():
        return None
    return Calendar(**settings.calendar).frame(
        date(span.first_on.year, 1, 1), date(span.last_on.year, 12, 31)
    )
