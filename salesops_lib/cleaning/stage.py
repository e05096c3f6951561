"""Staging: all records of one source as a typed table, rejected lines beside it, none lost."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.cleaning.clean import Staging, literal, staging
from salesops_lib.cleaning.reading import Part, plain_text, records, sheet_rows, unique_headers
from salesops_lib.cleaning.settings import UNKNOWN_CURRENCY, Settings
from salesops_lib.cleaning.sources import Source, digest
from salesops_lib.errors import DataError, nearest

_REPAIRS = 20
_REASONS = {
    "MISSING COLUMNS": "line has too few columns",
    "TOO MANY COLUMNS": "line has too many columns",
    "UNQUOTED VALUE": "quotation mark is not closed",
    "LINE SIZE OVER MAXIMUM": "line is longer than 2 MB",
    "INVALID ENCODING": "characters are not in the file's encoding",
    "INVALID UNICODE": "characters are not in the file's encoding",
}
_SPREADS = ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM")


@dataclass
class Staged:
    """One source in the store, before duplicates are looked for.

    `table` holds one row per record that was read, in file order; `rejects` one row per
    record that was not: line, value (its text), reason.
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
        If the file is gone, has lost a mapped header, or the records read and rejected are
        not all the records in the file.
    """
    path = source.path(root)
    if not path.is_file():
        raise DataError(
            f"{path}: there is no such file, but data/sources.yaml takes {source.table} from it. Put it back or edit the entry."
        )
    if not source.currency and settings.currency != UNKNOWN_CURRENCY:
        source = replace(source, currency=settings.currency)
    notes = (
        []
        if not source.sha256 or digest(path) == source.sha256
        else ["the file has changed since it was added"]
    )
    part = Part(path, source.member, source.sheet)
    folder = scratch / f"source_{serial}"
    folder.mkdir()
    staged = (_stage_sheet if source.sheet else _stage_text)(
        connection, serial, source, part, folder, settings
    )
    staged.notes = notes + list(staged.plan.notes)
    return staged


def _stage_sheet(
    connection: Any, serial: int, source: Source, part: Part, folder: Path, settings: Settings
) -> Staged:
    import pyarrow as pa

    del folder
    rows = sheet_rows(part)
    header = next((row for number, row in rows if number == source.header_row), None)
    if header is None:
        raise DataError(
            f"{part.name}: row {source.header_row}, where data/sources.yaml expects the header, is blank. Correct header_row."
        )
    headers = unique_headers(header)
    _check_headers(source, headers)
    body = [(number, row) for number, row in rows if number > source.header_row]
    columns = {f"c{k}": pa.array([row[k] for _, row in body], pa.string()) for k in range(len(headers))}
    name = f"sheet_{serial}"
    connection.register(name, pa.table(columns))
    plan = staging(source, headers, name, settings, f"work.stage_{serial}")
    connection.execute(plan.sql)
    connection.unregister(name)
    numbers = np.array([number for number, _ in body], dtype=np.int64)
    return Staged(
        source, serial, f"work.stage_{serial}", plan, len(body), _no_rejects(), lambda index: numbers[index]
    )


def _stage_text(
    connection: Any, serial: int, source: Source, part: Part, folder: Path, settings: Settings
) -> Staged:
    path = plain_text(part, source, folder)
    headers, skip = _header(path, source)
    _check_headers(source, headers)
    broken: list[pd.DataFrame] = []
    for attempt in range(_REPAIRS):
        rejects_table = f"rejects_{serial}_{attempt}"
        relation = _read_csv(path, source, len(headers), skip, rejects_table)
        plan = staging(source, headers, relation, settings, f"work.stage_{serial}")
        connection.execute(plan.sql)
        rejects = _rejects(connection, rejects_table)
        runaway = rejects[
            rejects.reason.isin([_REASONS[kind] for kind in _SPREADS])
            & rejects.value.str.contains("\n", regex=False)
        ]
        if runaway.empty:
            break
        path, taken = _without_lines(path, runaway.offset, folder / f"repaired_{attempt % 2}.csv")
        broken.append(taken)
    else:
        raise DataError(
            f"{source.name}: quotation marks are out of order in more than {_REPAIRS} places, first in line "
            f"{broken[0].line.iloc[0]}. Export the file again, with quotation marks doubled inside quoted text."
        )
    return _located(
        connection,
        Staged(source, serial, f"work.stage_{serial}", plan, 0, rejects, np.asarray),
        path,
        skip,
        broken,
    )


def _located(connection: Any, staged: Staged, path: Path, skip: int, broken: list[pd.DataFrame]) -> Staged:
    """Check that every record is accounted for, and learn where each one stands."""
    rejects, delimiter = staged.rejects, staged.source.delimiter
    n_read = connection.execute(f"SELECT count(*) FROM {staged.table}").fetchall()[0][0]
    counted = records.census(path, skip)
    lines: np.ndarray | None = None
    n_found = counted.n_records
    if n_found != n_read + len(rejects):
        lines = records.lines_by_reader(path, skip, delimiter)
        n_found = len(lines)
    if n_found != n_read + len(rejects):
        raise DataError(
            f"{staged.source.name}: the file has {n_found:,} records, but {n_read:,} were read and {len(rejects):,} rejected. "
            f"Check quotation marks and the delimiter {delimiter!r} (in data/sources.yaml), or export the file again."
        )
    if lines is None and (len(rejects) or not counted.is_dense):
        lines = records.record_lines(path, skip)
    accepted = lines
    if lines is not None and len(rejects):
        rejects = rejects.assign(line=_lines_at(path, rejects.offset))
        accepted = np.delete(lines, np.searchsorted(lines, rejects.line.to_numpy()))
    else:
        rejects = _no_rejects()
    staged.lines_of = (
        (lambda index: index + skip + 1) if accepted is None else (lambda index: accepted[index])
    )
    staged.rejects = pd.concat([rejects, *broken], ignore_index=True)[["line", "value", "reason"]]
    staged.n_records = n_found + sum(map(len, broken))
    return staged


def _header(path: Path, source: Source) -> tuple[tuple[str, ...], int]:
    """Headers of a text file, and how many lines stand above the first record."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
        for _ in range(source.header_row - 1):
            handle.readline()
        reader = csv.reader(handle, delimiter=source.delimiter)
        cells = next(reader, None)
    if not cells:
        raise DataError(
            f"{source.name}: line {source.header_row}, where data/sources.yaml expects the header, is blank. Correct header_row."
        )
    return unique_headers(cells), source.header_row - 1 + reader.line_num


def _check_headers(source: Source, headers: Sequence[str]) -> None:
    for column, header in source.columns.items():
        if header not in headers:
            raise DataError(
                f"{source.name} has no header {header!r}, which data/sources.yaml maps to {source.table}.{column}; "
                f"{nearest(header, headers)}\nCorrect the entry, or add the file again with `salesops add`."
            )


def _read_csv(path: Path, source: Source, width: int, skip: int, rejects: str) -> str:
    columns = ", ".join(f"'c{k}': 'VARCHAR'" for k in range(width))
    blank = " WHERE c0 IS NOT NULL" if width == 1 else ""
    return (
        f"(SELECT * FROM read_csv({literal(str(path))}, columns = {{{columns}}}, auto_detect = false, header = false, "
        f"skip = {skip}, delim = {literal(source.delimiter)}, quote = '\"', escape = '\"', "
        f"store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{rejects}_scan'){blank})"
    )


def _no_rejects() -> pd.DataFrame:
    return pd.DataFrame(
        {"line": pd.Series(dtype="int64"), "value": pd.Series(dtype="str"), "reason": pd.Series(dtype="str")}
    )


def _rejects(connection: Any, table: str) -> pd.DataFrame:
    """Rejected records: offset of their first byte, their text, and why; one row each."""
    found = connection.execute(
        f"SELECT line_byte_position - 1 AS offset, min(error_type::VARCHAR) AS reason, any_value(rtrim(csv_line, chr(10) || chr(13))) AS value "
        f"FROM {table} GROUP BY line_byte_position ORDER BY line_byte_position"
    ).fetchdf()
    return found.assign(
        reason=found.reason.map(lambda kind: _REASONS.get(kind, kind.lower())),
        value=found.value.astype("str"),
    )


def _without_lines(path: Path, offsets: pd.Series, target: Path) -> tuple[Path, pd.DataFrame]:
    """A copy of the file with the lines at `offsets` emptied, and these lines."""
    taken = []
    lines = _lines_at(path, offsets)
    with path.open("rb") as stream, target.open("wb") as copy:
        done = 0
        for offset, line in zip(offsets, lines, strict=True):
            _copy(stream, copy, int(offset) - done)
            text = stream.readline()
            bare = text.rstrip(b"\r\n")
            copy.write(text[len(bare) :])
            done = int(offset) + len(text)
            taken.append(
                {"line": line, "value": bare.decode(errors="replace"), "reason": _REASONS["UNQUOTED VALUE"]}
            )
        _copy(stream, copy, None)
    return target, pd.DataFrame(taken)


def _copy(stream: Any, target: Any, length: int | None) -> None:
    while length is None or length > 0:
        block = stream.read(1 << 22 if length is None else min(length, 1 << 22))
        if not block:
            return
        target.write(block)
        length = None if length is None else length - len(block)


def _lines_at(path: Path, offsets: pd.Series) -> np.ndarray:
    """Line, from 1, that holds each byte offset."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    return np.searchsorted(np.flatnonzero(data == 10), offsets.to_numpy()) + 1
