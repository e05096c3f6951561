"""Any file read whole, with every line of it accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from salesops_lib.cleaning.reading import limits
from salesops_lib.cleaning.reading.containers import Part, opened, parts
from salesops_lib.cleaning.reading.dialects import Dialect, detect
from salesops_lib.cleaning.reading.encodings import encoding_of, is_wide
from salesops_lib.cleaning.reading.layouts import Layout, layout_of
from salesops_lib.cleaning.reading.lines import ZERO_BYTE, Line, Lines
from salesops_lib.cleaning.reading.text import Reader, Record, with_context
from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from salesops_lib.cleaning.sources import Source

_MAGIC = {
    b"PK\x03\x04": "a zip or an Excel workbook (.xlsx)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "gzip (.gz)",
    b"PAR1": "Parquet",
    b"SQLite format 3": "a SQLite database",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"{\\rtf": "a Word document",
}
_CONTROLS = frozenset(range(9)) | frozenset(range(14, 28)) - {0x14, 0x1B}


@dataclass(frozen=True)
class Read:
    """A file's table, and what became of every other line.

    Attributes
    ----------
    part
        What was read.
    headers
        Name of each column, unique and never blank.
    rows
        Records as text, in file order; missing is "" in a text, None in other containers.
    lines, spans
        First line of each row, from 1, and how many lines it takes.
    aside
        Lines that are no rows: line, value (their text), reason, fate (`set_aside` or `excluded`).
    repairs
        Rows in whose reading something was put right: line, value, reason.
    layout
        How the text is written; None for other containers.
    preamble
        Lines above the header.
    blank
        Numbers of blank lines.
    n_lines
        Lines of the file: header, preamble, blank, aside, and rows with their spans.
    notes
        What a reader should know.
    """

    part: Part
    headers: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    lines: np.ndarray
    spans: np.ndarray
    aside: Any
    repairs: Any
    layout: Layout | None = None
    preamble: tuple[tuple[int, str], ...] = ()
    blank: tuple[int, ...] = ()
    n_lines: int = 0
    notes: tuple[str, ...] = ()


def read(path: Path | str | Part, *, source: Source | None = None) -> Read:
    """Table of a file, found blind: encoding, dialect, header and rows, and what is none of them.

    Parameters
    ----------
    path
        A file, the URL of a database, or a part of one; of several parts the first is read.
    source
        How the part is written, where that is known already.

    Raises
    ------
    DataError
        If the file is missing, empty, damaged, no table, or changes while it is read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("Report 2026\\nid;amount;city\\n1;1,5;Bern\\n2;2,5\\n")
    >>> found = read(path)
    >>> found.headers, found.rows, found.aside.to_dict("records")
    (('id', 'amount', 'city'), [('1', '1,5', 'Bern')],
     [{'line': 4, 'value': '2;2,5', 'reason': 'line has too few columns', 'fate': 'set_aside'}])
    """
    part = path if isinstance(path, Part) else parts(path)[0]
    return _read_text(part, source) if part.kind == "text" else _read_grid(part, source)


def _read_grid(part: Part, source: Source | None) -> Read:
    from salesops_lib.cleaning.reading.samples import grid_of, sample

    if source is None:
        source = sample(part).as_source()
    grid = grid_of(part, source)
    columns = [column.to_pylist() for column in grid.table.columns]
    rows = list(zip(*columns)) if columns else []
    ones = np.ones(len(rows), np.int64)
    notes = tuple(grid.notes)
    return Read(part, grid.headers, rows, grid.numbers, ones, grid.aside, _frame([]), None, (), (), 0, notes)


def _read_text(part: Part, source: Source | None) -> Read:
    rows: list[tuple[str | None, ...]] = []
    places: list[tuple[int, int]] = []
    aside: list[Record] = []
    repairs: list[Record] = []
    with text_reader(part, source) as (reader, lines):
        for record in reader:
            if record.cells is None:
                aside.append(record)
                continue
            rows.append(tuple(record.cells))
            places.append((record.line, record.span))
            if record.repair:
                repairs.append(record)
        layout = reader.layout
    with_context(aside, places[-1][0] if places else layout.body_line, lines.last)
    at = np.array(places, dtype=np.int64).reshape(-1, 2)
    return Read(
        part,
        layout.headers,
        rows,
        at[:, 0],
        at[:, 1],
        aside_of(aside),
        _frame([(r.line, r.raw, r.repair) for r in repairs]),
        layout,
        tuple(reader.preamble),
        tuple(reader.blank),
        lines.n_lines,
        (*layout.notes, *notes_of(lines, repairs)),
    )


def notes_of(lines: Lines, repairs: list[Record]) -> list[str]:
    """What was put right in reading, counted."""
    notes = []
    if lines.n_marks:
        notes.append(f"byte order marks inside the file taken away: {lines.n_marks:,}")
    for reason in dict.fromkeys(record.repair for record in repairs):
        found = [record for record in repairs if record.repair == reason]
        notes.append(f"{reason}: {len(found):,} lines, first line {found[0].line}")
    return notes


def aside_of(aside: list[Record]) -> Any:
    """Frame of lines set aside: line, value, reason, fate; one row per line of the file."""
    rows = [
        (record.line + k, text, record.reason, record.fate)
        for record in aside
        for k, text in enumerate(record.raw.split("\n") if record.span > 1 else [record.raw])
    ]
    return _frame(rows, fate=True)


def _frame(rows: list[Any], *, fate: bool = False) -> Any:
    import pandas as pd

    names = ["line", "value", "reason", *(["fate"] if fate else [])]
    types = dict.fromkeys(names, "str") | {"line": "int64"}
    return pd.DataFrame(rows, columns=names).astype(types)


@contextmanager
def text_reader(part: Part, source: Source | None = None) -> Iterator[tuple[Reader, Lines]]:
    """Reader of a text part, and its lines; the file must not change meanwhile."""
    with unchanged(part), opened(part) as stream:
        lines, head = head_of(part, stream, source.encoding if source else "")
        layout = layout_for(part, head, lines.encoding, source)
        yield Reader(chain(head, lines), layout), lines


def head_of(part: Part, stream: IO[bytes], encoding: str = "") -> tuple[Lines, list[Line]]:
    """Lines of a part from the first, and the head of them that was taken already."""
    first = stream.read(limits.HEAD_BYTES)
    whole = len(first) < limits.HEAD_BYTES
    refuse_binary(part, first)
    if not encoding:
        encoding = encoding_of(first, whole=whole)
        if encoding == "utf-8" and not whole:
            encoding = _encoding_of_all(part, first)
    lines = Lines(_Rejoined(first, stream), encoding)
    head = list(islice(lines, limits.HEAD_LINES))
    if not any(line.text.strip() for line in head):
        raise DataError(f"{part.name} is empty. Export it again and add it once more.")
    n_zero = sum(line.fault == ZERO_BYTE for line in head)
    if n_zero > len(head) / 3:
        raise DataError(f"{part.name} is not a text file: it holds zero bytes. Save it as .csv or .xlsx.")
    return lines, head


def layout_for(part: Part, head: list[Line], encoding: str, source: Source | None) -> Layout:
    """Layout of a part: detected, or as its source says."""
    if source is None:
        dialect, notes = detect(head)
        return layout_of(head, encoding, dialect, name=part.name, notes=notes)
    dialect = Dialect(source.delimiter, source.quote, source.escape)
    known = (source.header_row, source.header_rows)
    layout = layout_of(head, encoding, dialect, name=part.name, header=known)
    wanted = set(source.columns.values())
    if wanted <= set(layout.headers) or source.header_rows != 1:
        return layout
    named = layout_of(head, encoding, dialect, name=part.name, header=known, is_as_wide_as_its_header=True)
    return named if wanted <= set(named.headers) else layout


class _Rejoined:
    """A stream with its first bytes, which were read already, before it."""

    def __init__(self, first: bytes, stream: IO[bytes]) -> None:
        self._first, self._stream = first, stream

    def read(self, size: int) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        return self._stream.read(size)


def _encoding_of_all(part: Part, head: bytes) -> str:
    """`utf-8` when nearly all of a part is; else the encoding around the first bytes that are not."""
    if not head.isascii():
        return "utf-8"
    with opened(part) as stream:
        while block := stream.read(1 << 22):
            if not block.isascii():
                return encoding_of(block + stream.read(1 << 16))
    return "utf-8"


def refuse_binary(part: Part, head: bytes) -> None:
    """Refuse what only bears the ending of a text."""
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise DataError(
                f"{part.name} is not a text file: it is {what}. Give it its right ending and add it again."
            )
    if not is_wide(encoding_of(head[: 1 << 12] if b"\x00" in head[: 1 << 12] else b"")):
        sample = head[: 1 << 14]
        n_controls = sum(sample.count(control) for control in _CONTROLS - {0x01, 0x02, 0x03})
        if n_controls > len(sample) / 20:
            raise DataError(
                f"{part.name} is not a text file: it holds zero bytes or control characters. Save it as .csv or .xlsx."
            )


@contextmanager
def unchanged(part: Part) -> Iterator[None]:
    """Refuse a file that changes while it is read."""
    before = _state(part.path)
    yield
    if _state(part.path) != before:
        raise DataError(f"{part.path} changed while it was read. Wait until it is written, then load again.")


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
