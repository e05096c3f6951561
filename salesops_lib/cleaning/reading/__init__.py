"""Files as their makers wrote them: parts, encodings, delimiters, header rows.

A file has one or more parts (a text file, the members of a zip, the sheets of a workbook).
`sample` looks at the head of a part; `plain_text` and `sheet_rows` give all of it.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import shutil
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from salesops_lib.cleaning.reading.records import has_mixed_newlines
from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from salesops_lib.cleaning.sources import Source

TEXTS = (".csv", ".tsv", ".txt")
BOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
_HEAD_BYTES = 1 << 19
_HEAD_ROWS = 1000
_TITLE_ROWS = 30
_DELIMITERS = ",;\t|"
_GLOB = set("*?[")
_MAGIC = {
    b"PK\x03\x04": "a zip or an Excel workbook (.xlsx)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "gzip (.gz)",
    b"PAR1": "Parquet",
}

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Part:
    """A file, a member of a zip, or a sheet of a workbook."""

    path: Path
    member: str = ""
    sheet: str = ""

    @property
    def name(self) -> str:
        base = self.path.name + (f"/{self.member.rsplit('/', 1)[-1]}" if self.member else "")
        return f"{base}#{self.sheet}" if self.sheet else base


@dataclass(frozen=True)
class Sample:
    """The head of a part: how it is written, its headers, and up to 1,000 rows as text."""

    part: Part
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    header_row: int = 1
    encoding: str = "utf-8"
    delimiter: str = ","

    def values(self, index: int) -> list[str]:
        """Non-blank values of one column."""
        found = (row[index] if index < len(row) else None for row in self.rows)
        return [value.strip() for value in found if value and value.strip()]


def parts(path: Path) -> list[Part]:
    """Parts of a file, in its own order.

    Raises
    ------
    DataError
        If the file is missing, a directory, empty, or of a kind that cannot be read.
    """
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if _kind(p.name) or p.suffix.lower() == ".zip")
        listed = ", ".join(inside[:5]) or "no CSV or Excel file"
        raise DataError(
            f"{path} is a directory. Give the files in it, e.g. `{path}/*.csv`; it holds {listed}."
        )
    if not path.is_file():
        raise DataError(f"{path}: there is no such file. {_neighbours(path)}")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty. Export it again and add it once more.")
    if path.suffix.lower() == ".zip":
        return _members(path)
    kind = _kind(path.name)
    if not kind:
        raise DataError(
            f"{path}: cannot read {path.suffix or 'a file without ending'}; save it as .csv or .xlsx."
        )
    return _sheets(Part(path)) if kind == "book" else [Part(path)]


def sample(part: Part) -> Sample:
    """Head of a part, with its header row found below title rows."""
    if part.sheet:
        grid = [tuple(row) for _, row in sheet_rows(part, limit=_HEAD_ROWS + _TITLE_ROWS)]
        numbers = [number for number, _ in sheet_rows(part, limit=_HEAD_ROWS + _TITLE_ROWS)]
        return _sampled(part, grid, numbers)
    with opened(part) as stream:
        head = stream.read(_HEAD_BYTES)
        whole = len(head) < _HEAD_BYTES
    _refuse_binary(part, head)
    encoding = encoding_of(head)
    if encoding == "utf-8" and not whole:
        encoding = _encoding_of_all(part, head)
    text = _decoded_head(head, encoding, whole)
    if not text.strip():
        raise DataError(f"{part.name} is empty. Export it again and add it once more.")
    delimiter = delimiter_of(text)
    grid, numbers = [], []
    for number, row in _records(text, delimiter):
        if any(cell.strip() for cell in row):
            grid.append(tuple(row))
            numbers.append(number)
    if not whole and len(grid) > 1:
        grid, numbers = grid[:-1], numbers[:-1]
    return replace(_sampled(part, grid, numbers), encoding=encoding, delimiter=delimiter)


def _sampled(part: Part, grid: Sequence[Sequence[Any]], numbers: Sequence[int]) -> Sample:
    if not grid:
        raise DataError(f"{part.name} is empty. Export it again and add it once more.")
    at = header_index(grid)
    rows = tuple(tuple(row) for row in grid[at + 1 : at + 1 + _HEAD_ROWS])
    return Sample(part, unique_headers(grid[at]), rows, numbers[at])


def unique_headers(cells: Sequence[str | None]) -> tuple[str, ...]:
    """Header names, made unique and never blank.

    >>> unique_headers(["Amount", "", " Amount "])
    ('Amount', 'column 2', 'Amount (2)')
    """
    names: list[str] = []
    seen: Counter[str] = Counter()
    for index, cell in enumerate(cells, start=1):
        name = " ".join((cell or "").replace("\ufeff", "").split()) or f"column {index}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def header_index(grid: Sequence[Sequence[str | None]]) -> int:
    """Index of the header among the first rows: the first row of names as wide as the data.

    >>> header_index([("Sales 2026", "", ""), ("id", "date", "amount"), ("1", "2026-01-05", "3")])
    1
    """
    head = grid[:_TITLE_ROWS]
    filled = [[cell.strip() for cell in row if cell and cell.strip()] for row in head]
    width = Counter(len(cells) for cells in filled[1:] or filled).most_common(1)[0][0]
    wide = max(2, (max(width, max(map(len, filled)) // 2) * 2 + 2) // 3)
    for index, cells in enumerate(filled):
        if len(cells) >= wide and sum(_is_name(cell) for cell in cells) >= 0.8 * len(cells):
            return index
    return max(range(len(filled)), key=lambda index: (min(len(filled[index]), 2), -index))


def _is_name(cell: str) -> bool:
    letters = sum(character.isalpha() for character in cell)
    digits = sum(character.isdigit() for character in cell)
    return letters > digits


def delimiter_of(text: str) -> str:
    """Delimiter that gives the most records of one width above 1; a comma when none does.

    >>> delimiter_of("a;b\\n1,5;2\\n")
    ';'
    """
    best, best_share = ",", 0.0
    for delimiter in _DELIMITERS:
        head = islice(_records(text, delimiter), 200)
        widths = Counter(len(row) for _, row in head if row)
        width, n = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        share = n / max(1, sum(widths.values()))
        if width > 1 and share > best_share + 1e-9:
            best, best_share = delimiter, share
    return best


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records with their first lines; ends early where a quotation mark swallows the rest."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 1
    try:
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error:
        return


def encoding_of(head: bytes) -> str:
    """Encoding of a text from its first bytes: UTF-8 when it can be, else the likeliest.

    >>> encoding_of("订单编号,金额".encode("gb18030"))
    'gb18030'
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _decodes(head, "utf-8"):
        return "utf-8"
    if _decodes(head, "gb18030") and _looks_chinese(head.decode("gb18030", errors="ignore")):
        return "gb18030"
    from charset_normalizer import from_bytes

    best = from_bytes(head[: 1 << 16]).best()
    return best.encoding.replace("_", "-") if best else "cp1252"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(text: str) -> bool:
    """Whether nearly all characters beyond ASCII are ideographs in common use (GB 2312) or CJK marks."""
    beyond = [character for character in text if ord(character) > 127]
    common = 0
    for character in beyond:
        code = character.encode("gb18030")
        common += len(code) == 2 and 0xA1 <= code[0] <= 0xF7 and code[1] >= 0xA1
    return bool(beyond) and common >= 0.95 * len(beyond)


def _encoding_of_all(part: Part, head: bytes) -> str:
    """`utf-8` when the whole part is; else the encoding around the first byte that is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with opened(part) as stream:
        while block := stream.read(1 << 22):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return encoding_of(head + block)
    return "utf-8"


def _decoded_head(head: bytes, encoding: str, whole: bool) -> str:
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(errors="replace")
    return decoder.decode(head, final=whole)


def _refuse_binary(part: Part, head: bytes) -> None:
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise DataError(
                f"{part.name} is not a text file: it is {what}. Give it its right ending and add it again."
            )
    is_utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\x00" in head and not is_utf16:
        raise DataError(f"{part.name} is not a text file: it holds zero bytes. Save it as .csv or .xlsx.")


@contextmanager
def opened(part: Part) -> Iterator[IO[bytes]]:
    """Bytes of a text part, unpacked."""
    try:
        if part.member:
            with zipfile.ZipFile(part.path) as archive, archive.open(part.member) as packed:
                if part.member.lower().endswith(".gz"):
                    with gzip.open(packed) as stream:
                        yield cast("IO[bytes]", stream)
                else:
                    yield packed
        elif part.path.suffix.lower() == ".gz":
            with gzip.open(part.path) as stream:
                yield cast("IO[bytes]", stream)
        else:
            with part.path.open("rb") as plain:
                yield plain
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError) as problem:
        raise DataError(
            f"{part.name} is damaged and cannot be unpacked ({problem}). Fetch it again."
        ) from problem
    except PermissionError as problem:
        raise DataError(
            f"{part.name} cannot be read: no permission. Change the rights of {part.path}."
        ) from problem


def plain_text(part: Part, source: Source, scratch: Path) -> Path:
    """Path of the part as UTF-8 text with one kind of line end: itself, or a copy in `scratch`."""
    packed = bool(part.member) or part.path.suffix.lower() == ".gz"
    is_plain = not packed and source.encoding == "utf-8" and not _GLOB & set(str(part.path))
    if is_plain and not has_mixed_newlines(part.path):
        return part.path
    target = scratch / "part.csv"
    with opened(part) as stream, target.open("wb") as copy:
        if source.encoding == "utf-8":
            shutil.copyfileobj(stream, copy, 1 << 22)
        else:
            reader = io.TextIOWrapper(stream, source.encoding, errors="replace", newline="")
            while text := reader.read(1 << 22):
                copy.write(text.encode())
    if has_mixed_newlines(target):
        _unify_newlines(target)
    return target


def _unify_newlines(path: Path) -> None:
    unified = path.with_suffix(".lf")
    with path.open("rb") as stream, unified.open("wb") as copy:
        for line in stream:
            copy.write(line[:-2] + b"\n" if line.endswith(b"\r\n") else line)
    unified.replace(path)


def sheet_rows(part: Part, limit: int | None = None) -> list[tuple[int, Row]]:
    """Rows of a sheet as text with their numbers from 1; blank rows are left out."""
    book = _book(part)
    rows = book.get_sheet_by_name(part.sheet).to_python(skip_empty_area=False, nrows=limit)
    texts = ((number, tuple(map(cell_text, row))) for number, row in enumerate(rows, start=1))
    return [(number, row) for number, row in texts if any(row)]


def cell_text(value: object) -> str | None:
    """A workbook's cell as text: whole numbers without a point, dates as ISO.

    >>> cell_text(42420.0), cell_text(0.5), cell_text(" ")
    ('42420', '0.5', None)
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return None if value is None else str(value)


def _book(part: Part) -> Any:
    import python_calamine

    try:
        if part.member:
            with opened(part) as stream:
                return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(stream.read()))
        return python_calamine.CalamineWorkbook.from_path(str(part.path))
    except (python_calamine.CalamineError, OSError, ValueError) as problem:
        raise DataError(
            f"{part.name} cannot be read as a workbook ({problem}). "
            "If it opens in Excel, save it anew as .xlsx without a password."
        ) from problem


def _sheets(part: Part) -> list[Part]:
    return [replace(part, sheet=name) for name in _book(part).sheet_names]


def _members(path: Path) -> list[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir() and info.file_size]
    except zipfile.BadZipFile as problem:
        raise DataError(
            f"{path} is not a zip, or is damaged. Fetch it again, or unpack it and add the files."
        ) from problem
    found: list[Part] = []
    for name in names:
        base = name.rsplit("/", 1)[-1]
        if base.startswith((".", "~$")) or "__MACOSX" in name:
            continue
        kind = _kind(base)
        if kind == "book":
            found += _sheets(Part(path, name))
        elif kind == "text":
            found.append(Part(path, name))
    if not found:
        raise DataError(f"{path} holds no CSV or Excel file; it holds {', '.join(names[:5]) or 'nothing'}.")
    return found


def _kind(name: str) -> str:
    lowered = name.lower().removesuffix(".gz")
    if lowered.endswith(TEXTS):
        return "text"
    return "book" if lowered.endswith(BOOKS) and lowered == name.lower() else ""


def _neighbours(path: Path) -> str:
    from difflib import get_close_matches

    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {folder} either."
    names = [unicodedata.normalize("NFC", p.name) for p in folder.iterdir()]
    close = get_close_matches(path.name, names, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"Look what {folder} holds."


def column_values(taken: Sample, index: int) -> list[str]:
    """Distinct non-blank values of one column of the whole part, in order of appearance."""
    found: dict[str, None] = {}
    if taken.part.sheet:
        for number, row in sheet_rows(taken.part):
            if number > taken.header_row and index < len(row) and row[index]:
                found[str(row[index]).strip()] = None
        return list(found)
    with opened(taken.part) as stream:
        encoding = "utf-8-sig" if taken.encoding == "utf-8" else taken.encoding
        text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
        for _ in range(taken.header_row):
            text.readline()
        for cells in csv.reader(text, delimiter=taken.delimiter):
            if index < len(cells) and cells[index].strip():
                found[cells[index].strip()] = None
    return list(found)
