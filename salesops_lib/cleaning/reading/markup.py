"""Tables in HTML, and XML spreadsheets of 2003: what many systems export with the ending .xls."""

from __future__ import annotations

import codecs
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

from salesops_lib.cleaning.reading import limits
from salesops_lib.errors import DataError

_HTML = re.compile(rb"<(?:!doctype html|html|head|body|table|meta|style)\b", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"

Merge = tuple[tuple[int, int], tuple[int, int]]
Rows = list[list[str | None]]


def is_markup(head: bytes) -> bool:
    """Whether a file that begins with `head` holds tables in HTML or an XML spreadsheet.

    >>> is_markup(b"<html><table><tr><td>1"), is_markup(b"id,note\\n1,<table>\\n")
    (True, False)
    """
    start = head.removeprefix(codecs.BOM_UTF8).replace(b"\x00", b"").lstrip(b"\xff\xfe \t\r\n")[:2048]
    return start.startswith(b"<") and (bool(_HTML.search(start)) or _SPREADSHEET.encode() in start)


def sheet_names(data: bytes, name: str) -> list[str]:
    """Names of the tables: of worksheets, or "table 1", "table 2" … in HTML.

    Raises
    ------
    DataError
        If there is no table, or the XML is damaged or declares entities.
    """
    return list(_tables(data, name))


def sheet_rows(data: bytes, sheet: str, name: str) -> tuple[Rows, list[Merge]]:
    """Cells of one table as text, and its merged ranges, rows and columns from 0.

    >>> sheet_rows(b"<table><tr><td colspan=2>a<td>b<tr><td>1<td>2<td>3</table>", "table 1", "x.xls")
    ([['a', None, 'b'], ['1', '2', '3']], [((0, 0), (0, 1))])
    """
    found = _tables(data, name)
    if sheet not in found:
        raise DataError(f"{name}: there is no table {sheet!r}; the file has {', '.join(found)}.")
    return found[sheet]


def _tables(data: bytes, name: str) -> dict[str, tuple[Rows, list[Merge]]]:
    if _SPREADSHEET.encode() in data.replace(b"\x00", b"")[:8192]:
        return _worksheets(data, name)
    reader = _Tables()
    reader.feed(_decoded(data))
    reader.close()
    tables = [table for table in reader.tables if any(map(any, table[0]))]
    if not tables:
        raise DataError(f"{name} is a web page without a table. Export the data again as .xlsx or .csv.")
    return {f"table {index}": table for index, table in enumerate(tables, start=1)}


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    stated = _CHARSET.search(data[:4096])
    names = ["utf-8-sig", "gb18030"]
    if stated and not data.startswith(codecs.BOM_UTF8):
        label = stated[1].decode().lower()
        names.insert(0, "gb18030" if label in ("gb2312", "gbk") else label)
    for encoding in names:
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", errors="replace")


class _Cells:
    """Rows that are filled cell by cell, with places taken by merges from above."""

    def __init__(self) -> None:
        self.rows: Rows = []
        self.merges: list[Merge] = []
        self._taken: dict[int, int] = {}
        self._column = 0

    def start_row(self) -> None:
        self.rows.append([])
        self._taken = {column: left - 1 for column, left in self._taken.items() if left > 1}
        self._column = 0

    def add(self, text: str, across: int, down: int, column: int | None = None) -> None:
        if not self.rows:
            self.start_row()
        if column is not None:
            self._column = column
        while self._column in self._taken:
            self._column += 1
        start, row = self._column, len(self.rows) - 1
        if start + across > limits.COLUMNS:
            raise DataError(
                f"A table has more than {limits.COLUMNS:,} columns. Export only the columns that you need."
            )
        cells = self.rows[-1]
        cells.extend([None] * (start - len(cells)))
        cells.append(text or None)
        cells.extend([None] * (across - 1))
        if across > 1 or down > 1:
            self.merges.append(((row, start), (row + down - 1, start + across - 1)))
        if down > 1:
            self._taken |= dict.fromkeys(range(start, start + across), down)
        self._column = start + across


class _Tables(HTMLParser):
    """Collects the tables of a page; tables inside of cells are tables of their own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._done: list[_Cells] = []
        self._open: list[_Cells] = []
        self._cells: list[tuple[int, int] | None] = []
        self._texts: list[list[str]] = []
        self._is_silent = False

    @property
    def tables(self) -> list[tuple[Rows, list[Merge]]]:
        return [(table.rows, table.merges) for table in self._done]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._open.append(_Cells())
            self._done.append(self._open[-1])
            self._cells.append(None)
            self._texts.append([])
        elif tag in ("style", "script"):
            self._is_silent = True
        elif self._open and tag == "tr":
            self._end_cell()
            self._open[-1].start_row()
        elif self._open and tag in ("td", "th"):
            self._end_cell()
            values = dict(attrs)
            self._cells[-1] = (_span(values.get("colspan")), _span(values.get("rowspan")))
        elif tag == "br" and self._texts:
            self._texts[-1].append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script"):
            self._is_silent = False
        elif self._open and tag in ("td", "th", "tr"):
            self._end_cell()
        elif self._open and tag == "table":
            self._end_cell()
            self._open.pop()
            self._cells.pop()
            self._texts.pop()

    def handle_data(self, data: str) -> None:
        if self._texts and self._cells[-1] and not self._is_silent:
            self._texts[-1].append(data)

    def close(self) -> None:
        super().close()
        while self._open:
            self.handle_endtag("table")

    def _end_cell(self) -> None:
        if span := self._cells[-1]:
            self._open[-1].add(" ".join("".join(self._texts[-1]).split()), *span)
        self._cells[-1] = None
        self._texts[-1] = []


def _span(text: str | None) -> int:
    return min(max(1, int(text)), limits.COLUMNS) if text and text.strip().isdecimal() else 1


def _worksheets(data: bytes, name: str) -> dict[str, tuple[Rows, list[Merge]]]:
    if b"<!DOCTYPE" in data.replace(b"\x00", b"")[:8192]:
        raise DataError(f"{name} declares XML entities, which no spreadsheet needs. Save it anew as .xlsx.")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as problem:
        raise DataError(
            f"{name} is an XML spreadsheet, but damaged ({problem}). Export it again, best as .xlsx."
        ) from problem
    found: dict[str, tuple[Rows, list[Merge]]] = {}
    for sheet in root.iter(f"{{{_SPREADSHEET}}}Worksheet"):
        cells = _Cells()
        for row in sheet.iter(f"{{{_SPREADSHEET}}}Row"):
            _add_row(cells, row)
        if any(map(any, cells.rows)):
            found[sheet.get(f"{{{_SPREADSHEET}}}Name") or f"table {len(found) + 1}"] = (
                cells.rows,
                cells.merges,
            )
    if not found:
        raise DataError(f"{name} is an XML spreadsheet without any cell. Export it again.")
    return found


def _add_row(cells: _Cells, row: ElementTree.Element) -> None:
    index = row.get(f"{{{_SPREADSHEET}}}Index")
    while index and len(cells.rows) < min(int(index) - 1, 1 << 20):
        cells.start_row()
    cells.start_row()
    for cell in row.iter(f"{{{_SPREADSHEET}}}Cell"):
        at, data = cell.get(f"{{{_SPREADSHEET}}}Index"), cell.find(f"{{{_SPREADSHEET}}}Data")
        text = "".join(data.itertext()) if data is not None else ""
        if data is not None and data.get(f"{{{_SPREADSHEET}}}Type") == "DateTime":
            text = text.removesuffix(".000").removesuffix("T00:00:00").replace("T", " ")
        across, down = (
            int(cell.get(f"{{{_SPREADSHEET}}}{k}") or 0) + 1 for k in ("MergeAcross", "MergeDown")
        )
        cells.add(text, across, down, int(at) - 1 if at else None)
