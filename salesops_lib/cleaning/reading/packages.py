"""What a workbook package (a zip of XML) holds, looked at before it is opened.

The reader of workbooks gives a sheet as one dense block and leaves out error values and
formulas that were never calculated; here the block is measured first, and those cells are
found.
"""

from __future__ import annotations

import html
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO
from xml.etree import ElementTree

from salesops_lib.cleaning.reading import limits
from salesops_lib.errors import DataError

MOST_CELLS = 40_000_000
_CHUNK = 1 << 22
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    UnicodeDecodeError,
    struct.error,
)
_LONGEST_CELL = 1 << 24
_WIDE_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{2,3})\d+"[^>]*(?<!/)>')
_WIDE = re.compile(rb'r="[A-Z]{2}')
_CELL = re.compile(rb"<(?:\w+:)?c(?:\s[^>]*)?(?<!/)>")
_ANY_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d+)"[^>]*(?<!/)>')
_F = rb"<(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)</(?:\w+:)?f>)"
_ERROR = re.compile(
    rb'<(?:\w+:)?c\s(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3})(\d+)"[^>]*(?<!/)>\s*(?:'
    + _F
    + rb")?\s*<(?:\w+:)?v[^>]*>([^<]*)<"
)
_FORMULA = re.compile(
    rb'<(?:\w+:)?c\s([^>]*?\br="([A-Z]{1,3})(\d+)"[^>]*)(?<!/)>\s*'
    + _F
    + rb"\s*(<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_REPEATED = re.compile(rb'number-(rows|columns)-repeated="(\d+)"')


@dataclass(frozen=True)
class Survey:
    """Size of a sheet and the cells that its reader would leave out.

    `errors` and `formulas` map (row, column), both from 0, to the text of an error value or
    of a formula without a result.
    """

    n_rows: int = 0
    n_columns: int = 0
    errors: Mapping[tuple[int, int], str] = field(default_factory=dict)
    formulas: Mapping[tuple[int, int], str] = field(default_factory=dict)


def check(handle: IO[bytes], name: str) -> None:
    """Refuse a package that is damaged, a zip bomb, no workbook, or XML that declares entities.

    Raises
    ------
    DataError
        With what is wrong and what to do; for an .ods also if its cells are more than memory holds.
    """
    with _opened(handle, name) as archive:
        infos = archive.infolist()
        members = {info.filename for info in infos}
        total = sum(info.file_size for info in infos)
        packed = sum(info.compress_size for info in infos)
        if total > limits.UNPACKED_SMALL and total > limits.UNPACKED_RATIO * packed:
            raise DataError(
                f"{name} unpacks to {total / 1e9:,.1f} GB from {packed / 1e6:,.1f} MB, as only a zip bomb does. "
                "It is not opened; export the sheet you need anew."
            )
        if not any(member.startswith("xl/") or member == "content.xml" for member in members):
            raise DataError(
                f"{name} is a zip, but no workbook: it holds {', '.join(sorted(members)[:3]) or 'nothing'}. "
                "Give it the ending .zip, or save the workbook as .xlsx."
            )
        for info in infos:
            if info.filename.endswith((".xml", ".rels")):
                with archive.open(info) as stream:
                    if b"<!DOCTYPE" in stream.read(4096):
                        raise DataError(
                            f"{name} declares XML entities in {info.filename}, which no workbook needs. "
                            "It is not opened; save it anew in Excel or LibreOffice."
                        )
        if "content.xml" in members:
            _refuse_repetition(archive, name)


def survey(handle: IO[bytes], name: str, sheet: str) -> Survey:
    """Look through one sheet of an .xlsx package; nothing is found in other packages.

    Raises
    ------
    DataError
        If the sheet is damaged, or larger than can be held in memory.
    """
    with _opened(handle, name) as archive:
        member = _member_of(archive, sheet)
        if not member or not member.endswith(".xml"):
            return Survey()
        n_rows = n_columns = 0
        errors: dict[tuple[int, int], str] = {}
        formulas: dict[tuple[int, int], str] = {}
        for piece in _cells(archive, member, name):
            last = _last_cell(piece)
            n_rows = max(n_rows, last[0])
            n_columns = max(n_columns, last[1], *map(_column, _wide_columns(piece)))
            refuse_large(n_rows, n_columns, name)
            if b't="e"' in piece:
                for letters, row, _, text in _ERROR.findall(piece):
                    errors[int(row) - 1, _column(letters) - 1] = _text(text)
            if b"<f" in piece or b":f" in piece:
                for attributes, letters, row, text, value in _FORMULA.findall(piece):
                    if not (value and b't="str"' in attributes):
                        formulas[int(row) - 1, _column(letters) - 1] = "=" + _text(text)
        return Survey(n_rows, n_columns, errors, formulas)


def has_cells(handle: IO[bytes], name: str, sheet: str) -> bool | None:
    """Whether a sheet of an .xlsx package holds any cell with content; None for other packages."""
    with _opened(handle, name) as archive:
        member = _member_of(archive, sheet)
        if not member.endswith(".xml"):
            return None
        return any(_CELL.search(piece) for piece in _cells(archive, member, name))


@contextmanager
def _opened(handle: IO[bytes], name: str) -> Iterator[zipfile.ZipFile]:
    handle.seek(0)
    try:
        with zipfile.ZipFile(handle) as archive:
            yield archive
    except _DAMAGE as problem:
        raise DataError(
            f"{name} is damaged: it begins like a workbook, but cannot be unpacked ({problem}). Fetch it again."
        ) from problem


def refuse_large(n_rows: int, n_columns: int, name: str) -> None:
    if n_columns > limits.COLUMNS:
        raise DataError(
            f"{name} uses {n_columns:,} columns; at most {limits.COLUMNS:,} are read. "
            "Delete what stands far right of the table, or turn the table on its side."
        )
    if n_rows * n_columns > MOST_CELLS:
        raise DataError(
            f"{name} reaches over {n_rows:,} rows and {n_columns:,} columns, more than memory holds. "
            "Delete what stands far from the table, or save the sheet as .csv."
        )


def _cells(archive: zipfile.ZipFile, member: str, name: str) -> Iterator[bytes]:
    """The XML of a sheet in pieces that end with a cell."""
    rest = b""
    with archive.open(member) as stream:
        while block := stream.read(_CHUNK):
            rest += block
            cut = max(rest.rfind(b"</c>"), rest.rfind(b":c>"), rest.rfind(b"</row>"))
            if cut >= 0:
                cut = rest.index(b">", cut) + 1
                yield rest[:cut]
                rest = rest[cut:]
            if len(rest) > _LONGEST_CELL:
                raise DataError(f"{name} holds a cell of more than 16 MB. Save the workbook anew in Excel.")
    yield rest


def _wide_columns(piece: bytes) -> set[bytes]:
    """Letters of columns beyond Z that hold something."""
    return set(_WIDE_CELL.findall(piece)) if _WIDE.search(piece) else set()


def _last_cell(piece: bytes) -> tuple[int, int]:
    """Row and column, from 1, of the last cell with content."""
    end = max(piece.rfind(b"</c>"), piece.rfind(b":c>"))
    start = end
    while start > 0:
        start = max(0, start - 4096)
        if found := _ANY_CELL.findall(piece, start, end):
            return int(found[-1][1]), _column(found[-1][0])
    return 0, 0


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _text(raw: bytes) -> str:
    return html.unescape(raw.decode("utf-8", errors="replace"))


def _member_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Path of a sheet's XML in the package; empty where the package does not say."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, ElementTree.ParseError, zipfile.BadZipFile, zlib.error):
        return ""
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for element in book.iter():
        if element.tag.endswith("}sheet") and element.get("name") == sheet:
            key = next((value for name, value in element.attrib.items() if name.endswith("}id")), None)
            target = targets.get(key, "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return ""


def _refuse_repetition(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse an .ods whose cells with content are repeated beyond measure."""
    n_rows, n_columns = 0, 0
    with archive.open("content.xml") as stream:
        rest = b""
        while block := stream.read(_CHUNK):
            *rows, rest = (rest + block).split(b"</table:table-row>")
            for row in rows:
                if b"<text:p" in row or b"office:value" in row:
                    counts = {b"rows": 1, b"columns": 1}
                    cells = row[: max(row.rfind(b"<text:p"), row.rfind(b"office:value"))]
                    for what, count in _REPEATED.findall(cells):
                        counts[what] = max(counts[what], int(count))
                    n_rows += counts[b"rows"]
                    n_columns = max(n_columns, counts[b"columns"])
                    refuse_large(n_rows, n_columns, name)
            if len(rest) > _LONGEST_CELL:
                raise DataError(f"{name} holds a row of more than 16 MB. Save it as .xlsx.")
