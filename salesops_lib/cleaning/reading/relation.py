"""A text part as a file that DuckDB reads as it stands: the part itself where it is plain, else a copy.

The copy holds the rows that `text.Reader` found, one line each but for cells with line breaks;
beside it stand the line of each row in the file, and the lines that are no rows.
"""

from __future__ import annotations

import csv
import shutil
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from salesops_lib.cleaning.reading import records
from salesops_lib.cleaning.reading.containers import Part, opened
from salesops_lib.cleaning.reading.dialects import Dialect
from salesops_lib.cleaning.reading.encodings import is_stray, is_wide
from salesops_lib.cleaning.reading.layouts import Layout
from salesops_lib.cleaning.reading.reads import aside_of, head_of, layout_for, notes_of, text_reader
from salesops_lib.cleaning.reading.text import Record, with_context

if TYPE_CHECKING:
    from salesops_lib.cleaning.sources import Source

_GLOB = frozenset("*?[")
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Relation:
    """A UTF-8 text for DuckDB, and where its rows stand in the file.

    Attributes
    ----------
    path, skip, dialect
        The text, how many of its lines stand above the first row, and how it is written.
    headers
        Name of each column c0..cN.
    n_rows
        Rows that must be read.
    lines
        Line of each row in the file; None where row k stands on line skip + 1 + k.
    aside
        Frame of lines that are no rows: line, value, reason, fate.
    notes
        What a reader should know.
    """

    path: Path
    skip: int
    dialect: Dialect
    headers: tuple[str, ...]
    n_rows: int
    lines: np.ndarray | None
    aside: Any
    notes: tuple[str, ...] = ()

    def sql(self) -> str:
        """Table function that reads the rows as columns c0..cN of text, and fails on any other line."""
        columns = ", ".join(f"'c{k}': 'VARCHAR'" for k in range(len(self.headers)))
        dialect = self.dialect
        return (
            f"read_csv({_literal(str(self.path))}, columns = {{{columns}}}, auto_detect = false, header = false, "
            f"skip = {self.skip}, delim = {_literal(dialect.delimiter)}, quote = {_literal(dialect.quote)}, "
            f"escape = {_literal(dialect.escape)})"
        )


def plain(part: Part, source: Source, scratch: Path) -> Relation | None:
    """The part for DuckDB as it stands, if each of its lines is surely a record; else None."""
    dialect = Dialect(source.delimiter, source.quote, source.escape)
    is_simple = len(source.delimiter.encode()) == 1 and source.escape == source.quote
    if not is_simple:
        return None
    with opened(part) as stream:
        lines, head = head_of(part, stream, source.encoding)
    layout = layout_for(part, head, lines.encoding, source)
    if layout.header_fault or layout.comment or layout.width < 2 or any(line.fault for line in head):
        return None
    path = _as_utf8(part, source.encoding, scratch)
    if path is None:
        return None
    skip = layout.body_line - 1
    counted = records.census(path, skip, dialect)
    if not counted.is_plain:
        return None
    return Relation(path, skip, dialect, layout.headers, counted.n_records, None, aside_of([]), layout.notes)


def _as_utf8(part: Part, encoding: str, scratch: Path) -> Path | None:
    """Path of the part as UTF-8 text; None where some of it is in another encoding."""
    target = scratch / "part.csv"
    if encoding in ("utf-8", "utf-8-sig", "ascii"):
        if not part.is_packed and not _GLOB & set(str(part.path)):
            return part.path
        with opened(part) as stream, target.open("wb") as copy:
            shutil.copyfileobj(stream, copy, _BLOCK)
        return target
    with opened(part) as stream, target.open("wb") as copy:
        if is_wide(encoding):
            return target if _transcoded(stream, copy, encoding) else None
        rest = b""
        while block := stream.read(_BLOCK):
            block = rest + block
            cut = block.rfind(b"\n") + 1 or len(block)
            block, rest = block[:cut], block[cut:]
            if not _write(block, encoding, copy):
                return None
        return target if _write(rest, encoding, copy) else None


def _write(block: bytes, encoding: str, copy: Any) -> bool:
    if any(is_stray(line, encoding) for line in block.split(b"\n")):
        return False
    try:
        copy.write(block.decode(encoding).encode())
    except UnicodeDecodeError:
        return False
    return True


def _transcoded(stream: Any, copy: Any, encoding: str) -> bool:
    import codecs

    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := stream.read(_BLOCK):
            copy.write(decoder.decode(block).encode())
        copy.write(decoder.decode(b"", True).encode())
    except UnicodeError:
        return False
    return True


def normalised(part: Part, source: Source, scratch: Path) -> Relation:
    """The rows of a part, whatever its dialect, as a plain copy in `scratch`."""
    target = scratch / "rows.csv"
    places = array("q")
    aside: list[Record] = []
    repairs: list[Record] = []
    last_row = 0
    with (
        text_reader(part, source) as (reader, lines),
        target.open("w", encoding="utf-8", newline="") as copy,
    ):
        write = csv.writer(copy, lineterminator="\n").writerow
        write_quoted = csv.writer(copy, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow
        for record in reader:
            if record.cells is None:
                aside.append(record)
                continue
            (write_quoted if "\r" in record.raw else write)(record.cells)
            places.append(record.line)
            last_row = record.line
            if record.repair:
                repairs.append(record)
        layout: Layout = reader.layout
    with_context(aside, last_row or layout.body_line, lines.last)
    return Relation(
        target,
        0,
        Dialect(),
        layout.headers,
        len(places),
        np.frombuffer(places, dtype=np.int64) if places else np.empty(0, np.int64),
        aside_of(aside),
        (*layout.notes, *notes_of(lines, repairs)),
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
