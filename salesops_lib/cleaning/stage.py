"""Staging: all records of one source as a typed table, lines that are no records beside it, none lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.cleaning.clean import Staging, staging
from salesops_lib.cleaning.reading import Part, addresses, grid_of
from salesops_lib.cleaning.reading.reads import unchanged
from salesops_lib.cleaning.reading.relation import Relation, normalised, plain
from salesops_lib.cleaning.settings import UNKNOWN_CURRENCY, Settings
from salesops_lib.cleaning.sources import Source, digest
from salesops_lib.errors import DataError, nearest


@dataclass
class Staged:
    """One source in the store, before duplicates are looked for.

    `table` holds one row per record that was read, in file order; `rejects` one row per line
    that is none: line, value (its text), reason, fate.  `source.sha256` is that of the file read.
    """

    source: Source
    serial: int
    table: str
    plan: Staging
    n_records: int
    rejects: pd.DataFrame
    lines_of: Callable[[np.ndarray], np.ndarray]
    notes: list[str] = field(default_factory=list)


def stage(
    connection: Any, serial: int, source: Source, root: Path, scratch: Path, settings: Settings
) -> Staged:
    """Read one source into a typed table of its own.

    Raises
    ------
    DataError
        If the file is gone, has lost a mapped header, changes while it is read, or cannot be read.
    """
    part = _part(source, root)
    if not source.currency and settings.currency != UNKNOWN_CURRENCY:
        source = replace(source, currency=settings.currency)
    with unchanged(part):
        found = _digest(part)
        notes = [] if found == (source.sha256 or found) else ["the file has changed since it was added"]
        folder = scratch / f"source_{serial}"
        folder.mkdir()
        table = f"work.stage_{serial}"
        stage_part = _stage_text if part.kind == "text" else _stage_grid
        staged = stage_part(connection, serial, replace(source, sha256=found), part, folder, settings, table)
    staged.notes = [*notes, *staged.notes, *staged.plan.notes]
    return staged


def _part(source: Source, root: Path) -> Part:
    if addresses.is_url(source.file):
        return Part(Path(source.file.rsplit("/", 1)[-1]), sheet=source.sheet, url=source.file)
    path = source.path(root)
    if not path.is_file():
        raise DataError(
            f"{path}: there is no such file, but data/sources.yaml takes {source.table} from it. Put it back or edit the entry."
        )
    return Part(path, source.member, source.sheet)


def _digest(part: Part) -> str:
    if part.url:
        from salesops_lib.cleaning.reading import databases

        return databases.fingerprint(part)
    return digest(part.path)


def _stage_grid(
    connection: Any, serial: int, source: Source, part: Part, folder: Path, settings: Settings, table: str
) -> Staged:
    del folder
    grid = grid_of(part, source)
    _check_headers(source, grid.headers)
    name = f"grid_{serial}"
    connection.register(name, grid.table)
    plan = staging(source, grid.headers, name, settings, table)
    connection.execute(plan.sql)
    connection.unregister(name)
    n_records = len(grid.numbers) + len(grid.aside)
    lines = np.asarray(grid.numbers, dtype=np.int64)
    return Staged(
        source, serial, table, plan, n_records, grid.aside, lambda index: lines[index], list(grid.notes)
    )


def _stage_text(
    connection: Any, serial: int, source: Source, part: Part, folder: Path, settings: Settings, table: str
) -> Staged:
    """A plain text goes to DuckDB as it is; any other, and one that DuckDB refuses, as a copy of its rows."""
    relation = plain(part, source, folder)
    plan = None
    if relation is not None:
        _check_headers(source, relation.headers)
        plan = _filled(connection, source, relation, settings, table)
    if relation is None or plan is None:
        relation = normalised(part, source, folder)
        _check_headers(source, relation.headers)
        plan = _filled(connection, source, relation, settings, table)
        assert plan is not None, f"{relation.path} is not as it was written"
    lines, first = relation.lines, relation.skip + 1
    return Staged(
        source,
        serial,
        table,
        plan,
        relation.n_rows + len(relation.aside),
        relation.aside,
        (lambda index: index + first) if lines is None else (lambda index: lines[index]),
        list(relation.notes),
    )


def _filled(
    connection: Any, source: Source, relation: Relation, settings: Settings, table: str
) -> Staging | None:
    """Statement that made the typed table of a text; None where DuckDB did not read just its rows."""
    import duckdb

    plan = staging(source, relation.headers, relation.sql(), settings, table)
    try:
        connection.execute(plan.sql)
    except duckdb.InvalidInputException:
        if relation.lines is not None:
            raise
        return None
    n_read = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    if n_read == relation.n_rows:
        return plan
    connection.execute(f"DROP TABLE {table}")
    return None


def _check_headers(source: Source, headers: Sequence[str]) -> None:
    for column, header in source.columns.items():
        if header not in headers:
            raise DataError(
                f"{source.name} has no header {header!r}, which data/sources.yaml maps to {source.table}.{column}; "
                f"{nearest(header, headers)}\nCorrect the entry, or add the file again with `salesops add`."
            )
