"""Sheets of workbooks: .xlsx, .xlsm, .xlsb, .xls, .ods, and what only bears such an ending."""

from __future__ import annotations

import datetime as dt
import io
import mmap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from salesops_lib.cleaning.reading import headers, limits, markup, packages
from salesops_lib.cleaning.reading.containers import Part, opened
from salesops_lib.cleaning.reading.grids import Grid, Row, aside_frame, text_table
from salesops_lib.cleaning.reading.regions import Region, main_region
from salesops_lib.errors import DataError
from salesops_lib.tables import TABLES

if TYPE_CHECKING:
    from salesops_lib.cleaning.sources import Source

_BATCH = 20_000
_HEAD = 60
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_NOT_BOOKS = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "gzip (.gz)",
    b"PAR1": "Parquet",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
}
_ANOTHER = "belongs to another table on the sheet"
_SUMS = ("money", "quantity", "number", "ratio")

Merge = tuple[tuple[int, int], tuple[int, int]]


@dataclass
class _Sheet:
    """Cells of a sheet as text: string arrays by column, rows and columns counted from 0."""

    columns: list[Any]
    filled: np.ndarray
    merges: list[Merge] = field(default_factory=list)
    errors: int = 0
    formulas: dict[int, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def rows(self, rows: np.ndarray, columns: np.ndarray) -> list[Row]:
        taken = [self.columns[column].take(rows).to_pylist() for column in columns]
        return list(zip(*taken)) if taken else []


def parts(part: Part) -> list[Part]:
    """Visible worksheets of a workbook that hold anything; the part itself where the file is delimited text.

    Raises
    ------
    DataError
        If the file is no workbook, is damaged, has a password, or shows no sheet with content.
    """
    form = _form(part)
    if form == "text":
        return [part]
    if form == "markup":
        return [replace(part, sheet=name) for name in markup.sheet_names(_bytes(part), part.name)]
    with _book(part) as book:
        shown = [replace(part, sheet=sheet.name) for sheet in book.sheets_metadata if _is_shown(sheet)]
        if not shown:
            raise DataError(
                f"{part.name} shows no worksheet: all of its {len(book.sheets_metadata)} are hidden or charts. "
                "Unhide the sheet in Excel, or export it anew."
            )
        filled = [sheet for sheet in shown if _has_cells(sheet, book)]
        if not filled:
            raise DataError(
                f"{part.name} is empty: no sheet holds a cell. Export it again and add it once more."
            )
        return filled


def _has_cells(part: Part, book: Any) -> bool:
    with _stream(part) as stream:
        is_package = stream.read(4) == _ZIP
        found = packages.has_cells(stream, part.name, part.sheet) if is_package else None
    return bool(book.get_sheet_by_name(part.sheet).total_height) if found is None else found


def hidden(part: Part) -> tuple[str, ...]:
    """Names of worksheets that the workbook hides; `parts` leaves them out."""
    if _form(part) != "book":
        return ()
    with _book(part) as book:
        return _hidden(book)


def _hidden(book: Any) -> tuple[str, ...]:
    return tuple(s.name for s in book.sheets_metadata if _is_worksheet(s) and not _is_shown(s))


def sample_grid(part: Part, limit: int) -> list[tuple[int, Row]]:
    """The first rows of a sheet's main table with their numbers from 1, blank rows left out.

    Columns are those of the main table; header cells that are merged hold their text all.
    """
    sheet = _sheet(part)
    region, head, body = _found(sheet)
    later = sheet.rows(region.rows[len(head) : limit], region.columns)
    rows = [*head[: body.body], *sheet.rows(region.rows[body.body : len(head)], region.columns), *later]
    return [(int(number) + 1, row) for number, row in zip(region.rows, rows[:limit])]


def grid(part: Part, source: Source) -> Grid:
    """All records of a sheet's main table below its header.

    Parameters
    ----------
    part
        The sheet.
    source
        `header_row` and `header_rows` say where the header stands; `columns` which columns are
        sums: a merged sum is not written into the rows that it spans.

    Raises
    ------
    DataError
        If the sheet is gone or larger than memory holds, the header row is blank, or a column
        holds formulas that were never calculated.
    """
    sheet = _sheet(part)
    region, head, _ = _found(sheet)
    at = int(np.searchsorted(region.rows, source.header_row - 1))
    if at >= len(region.rows) or region.rows[at] != source.header_row - 1:
        raise DataError(
            f"{part.name}: row {source.header_row}, where data/sources.yaml expects the header, is blank. Correct header_row."
        )
    top = _top(sheet, region, max(len(head), at + source.header_rows + _HEAD))
    block = headers.block(top, at, source.header_rows)
    names = headers.unique_headers([*block.names, *[""] * (len(region.columns) - len(block.names))])
    _refuse_formulas(part, sheet, region, names)
    rows = region.rows[block.body :]
    columns, notes = _body(sheet, region, rows, names, source)
    aside = _aside(sheet, region)
    return Grid(
        names,
        text_table(columns),
        rows + 1,
        aside_frame(aside),
        (*sheet.notes, *notes, *_notes(sheet, region)),
    )


def cell_text(value: object) -> str | None:
    """A workbook's cell as text: 15 digits as Excel shows them, whole numbers without a point, ISO dates.

    >>> cell_text(42420.0), cell_text(0.1 + 0.2), cell_text(1e-7), cell_text(" "), cell_text(True)
    ('42420', '0.3', '0.0000001', None, 'TRUE')
    """
    kind = type(value)
    if kind is str:
        return str(value) if not str(value).isspace() and value else None
    if kind is float:
        text = f"{value:.15g}"
        return f"{Decimal(text):f}" if "e" in text else text
    if kind is bool:
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return None if value is None else str(value)


def _is_worksheet(sheet: Any) -> bool:
    return str(sheet.typ).rsplit(".", 1)[-1] == "WorkSheet"


def _is_shown(sheet: Any) -> bool:
    return _is_worksheet(sheet) and str(sheet.visible).rsplit(".", 1)[-1] == "Visible"


def _form(part: Part) -> str:
    """What the file is by its first bytes: book, markup (HTML or XML tables) or text."""
    with _stream(part) as stream:
        head = stream.read(4096)
        if head.startswith(_ZIP):
            packages.check(stream, part.name)
            return "book"
        if head.startswith(_OLE):
            if _holds(stream, _ENCRYPTED):
                raise DataError(_locked(part))
            return "book"
    for magic, what in _NOT_BOOKS.items():
        if head.startswith(magic):
            raise DataError(
                f"{part.name} is no workbook: it is {what}. Give it its right ending and add it again."
            )
    if head.startswith(b"MIME-Version"):
        raise DataError(f"{part.name} is a web archive. Open it in Excel, save it as .xlsx, and add that.")
    if markup.is_markup(head):
        return "markup"
    is_wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\x00" in head and not is_wide:
        raise DataError(f"{part.name} is no workbook, and no text either. Export it again as .xlsx or .csv.")
    return "text"


def _locked(part: Part) -> str:
    return f"{part.name} is protected by a password. Open it in Excel, save it without one, and add it again."


def _holds(stream: IO[bytes], needle: bytes) -> bool:
    try:
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return mapped.find(needle) >= 0
    except (AttributeError, OSError, ValueError):
        stream.seek(0)
        return needle in stream.read()


@contextmanager
def _stream(part: Part) -> Iterator[IO[bytes]]:
    """The file's bytes, from the disk or out of its zip."""
    with opened(part) as stream:
        yield io.BytesIO(stream.read()) if part.member else stream


def _bytes(part: Part) -> bytes:
    with _stream(part) as stream:
        return stream.read()


@contextmanager
def _book(part: Part) -> Iterator[Any]:
    import python_calamine

    with _stream(part) as stream:
        try:
            yield python_calamine.CalamineWorkbook.from_filelike(stream)
        except python_calamine.PasswordError as problem:
            raise DataError(_locked(part)) from problem
        except (python_calamine.CalamineError, OSError, ValueError) as problem:
            raise DataError(
                f"{part.name} cannot be read as a workbook ({problem}). "
                "If it opens in Excel, save it anew as .xlsx without a password."
            ) from problem
        except BaseException as problem:
            if type(problem).__name__ != "PanicException":
                raise
            raise DataError(
                f"{part.name} is damaged: its cells are out of order. Save it anew in Excel."
            ) from problem


def _sheet(part: Part) -> _Sheet:
    if _form(part) == "markup":
        rows, merges = markup.sheet_rows(_bytes(part), part.sheet, part.name)
        return _as_text(rows, packages.Survey(), merges)
    with _stream(part) as stream:
        is_package = stream.read(4) == _ZIP
        surveyed = packages.survey(stream, part.name, part.sheet) if is_package else packages.Survey()
    with _book(part) as book:
        if part.sheet not in book.sheet_names:
            raise DataError(
                f"{part.name}: there is no such sheet; the workbook has {', '.join(book.sheet_names)}."
            )
        found = book.get_sheet_by_name(part.sheet)
        if found.total_width > limits.COLUMNS:
            packages.refuse_large(found.total_height, found.total_width, part.name)
        sheet = _as_text(_rows_of(found), surveyed, found.merged_cell_ranges or [])
        unread = [name for name in _hidden(book) if name != part.sheet]
        return replace(sheet, notes=[f"hidden sheets, not read: {', '.join(unread)}"] if unread else [])


def _rows_of(sheet: Any) -> Iterator[list[Any]]:
    """Rows from the first on, with the blank columns that the reader skips on the left."""
    top, left = sheet.start or (0, 0)
    for number, row in enumerate(sheet.iter_rows()):
        yield [None] * left + row if number >= top else []


def _as_text(rows: Iterable[Sequence[Any]], surveyed: packages.Survey, merges: Iterable[Merge]) -> _Sheet:
    """Rows as columns of text, with the cells that the reader left out."""
    import pyarrow as pa

    patches: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in [*surveyed.errors.items(), *surveyed.formulas.items()]:
        patches.setdefault(row, []).append((column, text))
    n_columns = max((column + 1 for cells in patches.values() for column, _ in cells), default=0)
    chunks: list[list[Any]] = []
    start, left = 0, iter(rows)
    last_patched = max(patches, default=-1)
    while (batch := [list(row) for row in islice(left, _BATCH)]) or start <= last_patched:
        batch += [[] for _ in range(min(_BATCH, last_patched + 1 - start) - len(batch))]
        n_columns = max(n_columns, *map(len, batch))
        for cells in batch:
            cells.extend([None] * (n_columns - len(cells)))
        for row in patches.keys() & range(start, start + len(batch)):
            for column, text in patches[row]:
                if cell_text(batch[row - start][column]) is None:
                    batch[row - start][column] = text
        chunks.append([pa.array(list(map(cell_text, column)), pa.string()) for column in zip(*batch)])
        start += len(batch)
    columns = [
        pa.chunked_array(
            [c[k] if k < len(c) else pa.nulls(len(c[0]) if c else 0, pa.string()) for c in chunks]
        )
        for k in range(n_columns)
    ]
    filled = (
        np.column_stack([column.is_valid().to_numpy() for column in columns])
        if columns
        else np.zeros((0, 0), bool)
    )
    counts: dict[int, int] = {}
    for _, column in surveyed.formulas:
        counts[column] = counts.get(column, 0) + 1
    return _Sheet(columns, filled, list(merges), len(surveyed.errors), counts)


def _found(sheet: _Sheet) -> tuple[Region, list[Row], headers.HeaderBlock]:
    """The main table, its first rows with merges written out, and its header."""
    if not sheet.filled.any():
        return Region(np.empty(0, np.int64), np.empty(0, np.int64)), [], headers.HeaderBlock(0, 0, ())
    region = main_region(sheet.filled, sheet.rows)
    head = _top(sheet, region, _HEAD)
    return region, head, headers.find(head)


def _top(sheet: _Sheet, region: Region, n_rows: int) -> list[Row]:
    """The first rows of a table, the text of every merge in all its cells."""
    numbers = region.rows[:n_rows]
    cells = [list(row) for row in sheet.rows(numbers, region.columns)]
    rows = {int(row): k for k, row in enumerate(numbers)}
    columns = {int(column): k for k, column in enumerate(region.columns)}
    for (top, left), (bottom, right) in sheet.merges:
        if top in rows and left in columns and (text := cells[rows[top]][columns[left]]):
            for row in rows.keys() & range(top, bottom + 1):
                for column in columns.keys() & range(left, right + 1):
                    cells[rows[row]][columns[column]] = text
    return [tuple(row) for row in cells]


def _refuse_formulas(part: Part, sheet: _Sheet, region: Region, names: Sequence[str]) -> None:
    for name, column in zip(names, region.columns):
        n_formulas = sheet.formulas.get(int(column), 0)
        if 2 * n_formulas > int(sheet.filled[region.rows, column].sum()):
            raise DataError(
                f"{part.name}: column {name!r} holds {n_formulas:,} formulas that were never calculated, so there are no "
                "numbers to read. Open the workbook in Excel or LibreOffice, save it, and add it again."
            )


def _body(
    sheet: _Sheet, region: Region, rows: np.ndarray, names: Sequence[str], source: Source
) -> tuple[list[Any], list[str]]:
    """Columns of the records; a merge over several rows is written into each, but for sums."""
    import pyarrow as pa

    types = {column.name: column.type for column in TABLES[source.table].columns} if source.table else {}
    sums = {header for column, header in source.columns.items() if types.get(column) in _SUMS}
    spans: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in sheet.merges:
        if bottom > top:
            spans.setdefault(left, []).append((top, bottom))
    taken, notes = [], []
    for name, column in zip(names, region.columns):
        values = sheet.columns[column].take(rows)
        tall = [
            (top, bottom) for top, bottom in spans.get(int(column), ()) if len(rows) and bottom >= rows[0]
        ]
        if tall and name in sums:
            notes.append(f"{name}: sums merged over several rows, kept in the first row only: {len(tall):,}")
        elif tall:
            cells = values.to_pylist()
            n_filled = sum(_fill_down(cells, rows, top, bottom) for top, bottom in tall)
            values = pa.array(cells, pa.string())
            if n_filled:
                notes.append(f"{name}: cells filled from the merged cell above them: {n_filled:,}")
        taken.append(values)
    return taken, notes


def _fill_down(cells: list[str | None], rows: np.ndarray, top: int, bottom: int) -> int:
    first, end = np.searchsorted(rows, [top, bottom + 1])
    if first >= len(rows) or rows[first] != top:
        return 0
    blank = [k for k in range(first + 1, end) if cells[k] is None]
    for k in blank:
        cells[k] = cells[first]
    return len(blank) if cells[first] is not None else 0


def _aside(sheet: _Sheet, region: Region) -> Iterator[tuple[int, str, str]]:
    for rows, columns in region.others:
        for number, cells in zip(rows, sheet.rows(rows, columns)):
            yield int(number) + 1, "\t".join(cell or "" for cell in cells).strip("\t"), _ANOTHER


def _notes(sheet: _Sheet, region: Region) -> list[str]:
    notes = []
    if region.others:
        n_rows = sum(len(rows) for rows, _ in region.others)
        notes.append(f"rows of other tables on the sheet, set aside: {n_rows:,}")
    if sheet.errors:
        notes.append(f"cells that hold an error value such as #N/A: {sheet.errors:,}")
    if sheet.formulas:
        notes.append(f"cells whose formulas were never calculated: {sum(sheet.formulas.values()):,}")
    return notes
