"""The layout of a delimited text: where its table begins, its header, its width, its habits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from salesops_lib.cleaning.reading import headers, limits
from salesops_lib.cleaning.reading.cells import MISSING, kind
from salesops_lib.cleaning.reading.dialects import Dialect, State, rows_of, usual_width
from salesops_lib.cleaning.reading.lines import Line
from salesops_lib.errors import DataError

HEADER_WIDTH = "header has {names} names, but rows have {width} cells"
TORN_HEADER = "quotation mark in the header has no partner"
NO_HEADER = "stands where the header should, but does not name the columns"
COMMENT_MARKS = ("#", "//", "--", "%%", ";;")
_KIND_ROWS = 300
_GRID_ROWS = 230
_FIRST_TABLE = 3


class HeadRecord(NamedTuple):
    """A record of the head: its first line, how many lines it takes, its cells."""

    number: int
    span: int
    cells: list[str]
    state: State
    raw: str


@dataclass(frozen=True)
class Layout:
    """How a text is written and where its table stands.

    Attributes
    ----------
    encoding, dialect
        How it is written.
    headers
        Name of each column.
    header_row, header_rows
        Line of the (first) header from 1, and its number of rows; without a header, line of
        the first record, and 0.
    header_lines
        Lines of the header, ends included; empty where it is set aside.
    body_line
        Line after the header.
    kinds
        Usual kind of each column's cells: number, date, code, text, or "" where mixed.
    quoted
        Columns whose cells usually stand in quotation marks.
    comment
        Mark that begins comment lines, or "".
    is_cr
        Whether lines end with a carriage return alone.
    header_fault
        Line, text and reason of a header that is set aside.
    notes
        What a reader should know.
    """

    encoding: str
    dialect: Dialect
    headers: tuple[str, ...]
    header_row: int
    header_rows: int
    header_lines: range
    body_line: int
    kinds: tuple[str, ...] = ()
    quoted: frozenset[int] = frozenset()
    comment: str = ""
    is_cr: bool = False
    header_fault: tuple[int, str, str] | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def width(self) -> int:
        return len(self.headers)


def head_records(lines: Sequence[Line], dialect: Dialect) -> list[HeadRecord]:
    """Records of the first lines, blank lines and faulty ones left out."""
    sound = [line for line in lines if not line.fault]
    found, at = [], 0
    for cells, state, span in rows_of(sound, dialect):
        raw = sound[at].text
        if any(map(str.strip, cells)):
            found.append(HeadRecord(sound[at].number, span, cells, state, raw))
        at += span
    return found


def layout_of(
    lines: Sequence[Line],
    encoding: str,
    dialect: Dialect,
    *,
    name: str,
    header: tuple[int, int] | None = None,
    is_as_wide_as_its_header: bool = False,
    notes: Sequence[str] = (),
) -> Layout:
    """Layout of a text by its first lines.

    Parameters
    ----------
    header
        Line of the header and its number of rows, where they are known.
    is_as_wide_as_its_header
        Take the width of the table from the known header, whatever most rows say.

    Raises
    ------
    DataError
        If there is nothing but blank lines, no header where one is known to be, or more columns
        than a table has.
    """
    found = head_records(lines, dialect)
    if not found:
        raise DataError(f"{name} is empty. Export it again and add it once more.")
    comment = _comment_mark(found)
    found = [record for record in found if not (comment and record.raw.startswith(comment))] or found
    width, found = _width(found)
    if header and is_as_wide_as_its_header:
        width = len(found[_index(found, header, name)].cells)
    n_table = _up_to_gap(found, width)
    if width > limits.COLUMNS:
        raise DataError(
            f"{name} has {width:,} columns; at most {limits.COLUMNS:,} are read. Export only the columns that are needed."
        )
    records = [_mended(record, dialect, width) for record in found]
    grid = [record.cells for record in records[: min(n_table, _GRID_ROWS)]]
    block = (
        headers.find(grid)
        if header is None
        else headers.block(grid, _index(records, header, name), header[1])
    )
    index = block.index
    if header is None and block.n_rows == 0:
        index = next((i for i, record in enumerate(records) if len(record.cells) == width), index)
    names, fault, more = _names(records, index, block, width, dialect.quote)
    own = records[index : index + block.n_rows]
    begin = records[index].number
    after = own[-1].number + own[-1].span if own else begin
    sound = _sound(found[index + block.n_rows : max(n_table, index + block.n_rows + 1)], width)
    return Layout(
        encoding,
        dialect,
        names,
        begin,
        block.n_rows,
        range(0) if fault else range(begin, after),
        after,
        _kinds([record.cells for record in sound], width),
        _quoted(sound, dialect, width),
        comment,
        sum(line.end == "\r" for line in lines) > len(lines) / 2,
        fault,
        (*notes, *more),
    )


def _index(records: Sequence[HeadRecord], header: tuple[int, int], name: str) -> int:
    for index, record in enumerate(records):
        if record.number <= header[0] < record.number + record.span:
            return index
    raise DataError(
        f"{name}: line {header[0]}, where data/sources.yaml expects the header, is blank. Correct header_row."
    )


def _comment_mark(records: Sequence[HeadRecord]) -> str:
    """The mark of comment lines: lines begin with it that are not as wide as the table."""
    width = usual_width([(len(record.cells), 1) for record in records])
    for mark in COMMENT_MARKS:
        marked = [record for record in records if record.raw.startswith(mark)]
        n_rows = sum(len(record.cells) == width for record in marked)
        is_header = marked and marked[0] is records[0] and n_rows == 1 == len(marked)
        if marked and not is_header and n_rows <= len(marked) / 2:
            return mark
    return ""


def _width(records: Sequence[HeadRecord]) -> tuple[int, list[HeadRecord]]:
    """Width of the main table, and the records up to its end.

    The main table is the first one with a header and rows of its own; what argues for another
    is only that the text has far more of it.
    """
    usual = usual_width([(len(record.cells), record.span) for record in records])
    runs: list[tuple[int, int, int]] = []
    for index, record in enumerate(records):
        if runs and runs[-1][0] == len(record.cells):
            runs[-1] = (runs[-1][0], runs[-1][1], index + 1)
        else:
            runs.append((len(record.cells), index, index + 1))
    n_usual = sum(end - start for width, start, end in runs if width == usual)
    for width, start, end in runs:
        if width == usual:
            break
        if width > 1 and end - start >= max(_FIRST_TABLE, n_usual / 3):
            grid = [record.cells for record in records[start:end]]
            if headers.has_contrast(grid):
                return width, list(records[:end])
    return usual, list(records)


def _up_to_gap(records: list[HeadRecord], width: int) -> int:
    """Number of records up to the first blank line below a few rows: after it there may be another table."""
    n_rows = 0
    for index, (before, after) in enumerate(pairwise(records), start=1):
        n_rows += len(before.cells) == width
        if n_rows >= _FIRST_TABLE and after.number > before.number + before.span:
            return index
    return len(records)


def _sound(body: list[HeadRecord], width: int) -> list[HeadRecord]:
    rows = [record for record in body if len(record.cells) == width and record.state is not State.OPEN]
    return rows[:_KIND_ROWS]


def _mended(record: HeadRecord, dialect: Dialect, width: int) -> HeadRecord:
    if len(record.cells) == width or width < 3:
        return record
    cells = other_delimiter(record.raw, dialect, width)
    return record._replace(cells=cells, state=State.REGULAR) if cells else record


def other_delimiter(text: str, dialect: Dialect, width: int) -> list[str] | None:
    """Cells of a line that has another delimiter than its file, if just one gives the right number."""
    found = []
    core = dialect.delimiter.strip(" ")
    for delimiter in dict.fromkeys((core, ",", ";", "\t", "|", " ")):
        if delimiter and delimiter != dialect.delimiter and delimiter in text:
            cells, state = replace(dialect, delimiter=delimiter).split(text)
            if len(cells) == width and state is State.REGULAR:
                found.append([cell.strip(" ") for cell in cells] if delimiter == core else cells)
    return found[0] if len(found) == 1 else None


def _names(
    records: Sequence[HeadRecord], index: int, block: headers.HeaderBlock, width: int, quote: str
) -> tuple[tuple[str, ...], tuple[int, str, str] | None, tuple[str, ...]]:
    """Names of the columns; the fault of a header whose names cannot be told apart; notes."""
    if block.n_rows == 0:
        above = records[index - 1] if index else None
        fault = (above.number, above.raw, NO_HEADER) if above and above.span == 1 else None
        return headers.unique_headers([""] * width), fault, ("the file has no header",)
    record = records[index]
    cells = record.cells
    names = [*block.names, *[""] * width]
    is_torn = record.state in (State.OPEN, State.ODD) or _is_torn(record, quote)
    if block.n_rows > 1 or (len(cells) == width and not is_torn):
        return (
            headers.unique_headers([n if not _is_made_up(n, i) else "" for i, n in enumerate(names[:width])]),
            None,
            (),
        )
    unnamed = headers.unique_headers([""] * width)
    fault = (record.number, record.raw, HEADER_WIDTH.format(names=len(cells), width=width))
    if is_torn:
        if len(cells) == width:
            unnamed = headers.unique_headers([cell.strip(f" \t{quote}") for cell in cells])
        return unnamed, (record.number, record.raw, TORN_HEADER), ()
    filled = [cell for cell in cells if cell.strip()]
    if len(cells) > width and len(filled) == width:
        return headers.unique_headers(filled), None, ("blank cells of the header are left out",)
    if len(cells) < width:
        body = [r.cells for r in records[index + 1 :] if len(r.cells) == width]
        beyond = [cell for row in body for cell in row[len(cells) :]]
        if not any(map(str.strip, beyond)):
            return (
                headers.unique_headers([*cells, *[""] * (width - len(cells))]),
                None,
                ("rows end with a delimiter, which makes an empty last column",),
            )
    return unnamed, fault, ()


def _is_torn(record: HeadRecord, quote: str) -> bool:
    """Whether one of several marks in a header has no partner, or marks are doubled outside quotes."""
    n_marks = record.raw.count(quote) if record.state is State.STRAY else 0
    return n_marks > 1 and (n_marks % 2 == 1 or any(quote * 2 in cell for cell in record.cells))


def _is_made_up(name: str, index: int) -> bool:
    return name == f"column {index + 1}"


def _kinds(rows: Sequence[Sequence[str]], width: int) -> tuple[str, ...]:
    counts: list[Counter[str]] = [Counter() for _ in range(width)]
    for row in rows:
        for column, cell in zip(counts, row):
            if cell and (found := kind(cell)) and cell.casefold() not in MISSING:
                column["number" if found == "year" else found] += 1
    return tuple(next((k for k, n in c.most_common(1) if n >= 0.8 * c.total()), "") for c in counts)


def _quoted(records: Sequence[HeadRecord], dialect: Dialect, width: int) -> frozenset[int]:
    """Columns whose filled cells stand in quotation marks, three of five."""
    marked, filled = [0] * width, [0] * width
    for record in records if dialect.quote else ():
        if record.span > 1 or record.state not in (State.REGULAR, State.STRAY):
            continue
        for column, (cell, is_quoted) in enumerate(zip(record.cells, dialect.quoted_cells(record.raw))):
            filled[column] += bool(cell.strip())
            marked[column] += is_quoted and bool(cell.strip())
    return frozenset(c for c in range(width) if filled[c] and marked[c] >= 0.6 * filled[c])
