"""Records of JSON files: one object per line, or a list of objects."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any, cast

import numpy as np

from salesops_lib.cleaning.reading.containers import Part, opened
from salesops_lib.cleaning.reading.grids import Grid, Row, aside_frame, text_table
from salesops_lib.cleaning.reading.headers import unique_headers
from salesops_lib.errors import DataError

_BATCH = 50_000
_LONGEST_LINE = 64 << 20
_LARGEST_DOCUMENT = 512 << 20
_RAW_SHOWN = 100_000
_SPACE = " \t\r\n"


def head(part: Part, limit: int) -> list[tuple[int, Row]]:
    """Keys as row 0, then up to `limit` records with their lines."""
    records = _Records()
    for number, cells in islice(records.read(part), limit):
        records.add(number, cells)
    if not records.numbers:
        raise DataError(_no_record(part, records))
    table = records.table()
    rows = zip(*(column.to_pylist() for column in table.columns))
    return [(0, records.names), *zip(records.numbers, rows)]


def grid(part: Part) -> Grid:
    """All records; lines (in a list: items) that hold none are set aside with their text.

    Raises
    ------
    DataError
        If no line holds a record, or a list ends before its bracket.
    """
    records = _Records()
    for number, cells in records.read(part):
        records.add(number, cells)
    if not records.numbers:
        raise DataError(_no_record(part, records))
    notes = tuple(f"{name}: lists or blocks kept as JSON text: {n:,}" for name, n in records.deep.items())
    numbers = np.array(records.numbers, dtype=np.int64)
    return Grid(records.names, records.table(), numbers, aside_frame(records.bad), notes)


class _DuplicateKeyError(ValueError):
    """A key stands twice in one record."""


class _Raw(str):
    """A number of a JSON document as it is written."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(f"key {key!r} stands twice")
            seen.add(key)
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_Raw, parse_float=_Raw, parse_constant=_Raw)
_PLAIN = json.JSONDecoder()


@dataclass
class _Records:
    """Records as they are read: cells by key, in the order in which keys first appear."""

    numbers: list[int] = field(default_factory=list)
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    deep: dict[str, int] = field(default_factory=dict)
    _keys: dict[str, list[str | None]] = field(default_factory=dict)
    _chunks: list[Any] = field(default_factory=list)
    _n_done: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return unique_headers(list(self._keys))

    def read(self, part: Part) -> Iterator[tuple[int, Mapping[str, str | None]]]:
        """Line and flat cells of each record; what is none goes to `bad`."""
        for number, value, text, reason in _documents(part):
            try:
                if reason:
                    raise ValueError(reason)
                if not isinstance(value, dict):
                    raise ValueError("no record in braces")
                cells = self._flat(value)
                if not cells:
                    raise ValueError("record is empty")
            except ValueError as problem:
                self.bad.append((number, text[:_RAW_SHOWN], str(problem)))
            else:
                yield number, cells

    def add(self, number: int, cells: Mapping[str, str | None]) -> None:
        n_here = len(self.numbers) - self._n_done
        self.numbers.append(number)
        for key, column in self._keys.items():
            column.append(cells.get(key))
        for key, value in cells.items():
            if key not in self._keys:
                self._keys[key] = [*([None] * n_here), value]
        if n_here + 1 >= _BATCH:
            self._flush()

    def table(self) -> Any:
        """All records as string columns c0..cN; a key that comes late is missing before."""
        import pyarrow as pa

        self._flush()
        columns = []
        for index in range(len(self._keys)):
            pieces = [
                chunk[index] if index < len(chunk) else pa.nulls(len(chunk[0]) if chunk else 0, pa.string())
                for chunk in self._chunks
            ]
            columns.append(pa.chunked_array(pieces, pa.string()))
        return text_table(columns)

    def _flush(self) -> None:
        import pyarrow as pa

        if len(self.numbers) > self._n_done:
            self._chunks.append([pa.array(column, pa.string()) for column in self._keys.values()])
            self._keys = {key: [] for key in self._keys}
            self._n_done = len(self.numbers)

    def _flat(self, record: Mapping[str, Any]) -> dict[str, str | None]:
        cells: dict[str, str | None] = {}
        for key, value in record.items():
            inner = value.items() if isinstance(value, dict) else [(None, value)]
            for name, item in inner:
                full = key if name is None else f"{key}.{name}"
                if full in cells:
                    raise _DuplicateKeyError(f"key {full!r} stands twice")
                if isinstance(item, (dict, list)):
                    self.deep[full] = self.deep.get(full, 0) + 1
                cells[full] = _scalar(item)
        return cells


def _scalar(value: Any) -> str | None:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (dict, list)):
        return _dumped(value)
    return None if value is None else str(value).lower()


def _dumped(value: Any) -> str:
    """JSON text with numbers as they were written."""
    if isinstance(value, _Raw):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_dumped(v)}" for k, v in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_dumped, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _no_record(part: Part, records: _Records) -> str:
    first = f"line {records.bad[0][0]}: {records.bad[0][2]}" if records.bad else "the file is empty"
    return (
        f"{part.name} holds no record ({first}). "
        'Export it as one JSON object per line, {"column": value, …}, in UTF-8.'
    )


def _documents(part: Part) -> Iterator[tuple[int, Any, str, str]]:
    """Line, value, text, and what is wrong with it, of each record."""
    with opened(part) as opened_stream:
        stream = _in_utf8(opened_stream)
        first = _line(stream)
        second = b"" if first.strip().startswith(b"[") else _line(stream)
        name = (part.member or part.path.name).lower().removesuffix(".gz")
        if _is_document(first, second, name):
            yield from _of_document(part, first + second + stream.read(_LARGEST_DOCUMENT + 1))
            return
        number, line, later = 1, first, second
        while line:
            if line.strip():
                yield number, *_of_line(line)
            number, line, later = number + 1, later, _line(stream)


def _in_utf8(stream: IO[bytes]) -> IO[bytes]:
    """The stream itself, or a copy of a stream in UTF-16."""
    buffered = io.BufferedReader(cast("io.RawIOBase", stream), 1 << 16)
    if not buffered.peek(2).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return buffered
    return io.BytesIO(buffered.read(_LARGEST_DOCUMENT).decode("utf-16", errors="replace").encode())


def _is_document(first: bytes, second: bytes, name: str) -> bool:
    """Whether a file is one list, or one object over many lines, by its first two lines."""
    start = first.removeprefix(codecs.BOM_UTF8).strip()
    if start.startswith(b"["):
        return True
    if not name.endswith(".json"):
        return False
    return not second.strip() or bool(_decoded(start.decode(errors="replace"))[1])


def _line(stream: IO[bytes]) -> bytes:
    """The next line; of a line beyond measure, its first 64 MB."""
    line = stream.readline(_LONGEST_LINE)
    if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
        while (rest := stream.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
    return line


def _of_line(line: bytes) -> tuple[Any, str, str]:
    if len(line) >= _LONGEST_LINE:
        return None, line[:_RAW_SHOWN].decode(errors="replace"), "line is longer than 64 MB"
    try:
        text = line.removeprefix(codecs.BOM_UTF8).decode().strip(_SPACE)
    except UnicodeDecodeError:
        return None, line.decode(errors="replace").strip(_SPACE), "characters are not in UTF-8"
    value, reason = _decoded(text)
    return value, text, reason


def _decoded(text: str) -> tuple[Any, str]:
    """Value of a JSON text, or what is wrong with it."""
    try:
        return _DECODER.decode(text), ""
    except _DuplicateKeyError as problem:
        return None, str(problem)
    except RecursionError:
        return None, "nested too deeply"
    except ValueError:
        return None, "not JSON"


def _of_document(part: Part, data: bytes) -> Iterator[tuple[int, Any, str, str]]:
    """Records of a list, or of the only list of records in an object, or the object itself."""
    if len(data) > _LARGEST_DOCUMENT:
        raise DataError(
            f"{part.name} is one JSON document of more than {_LARGEST_DOCUMENT >> 20} MB. "
            "Export it as JSON lines: one object per line."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise DataError(
            f"{part.name}: line {line} is not in UTF-8. Export the file again as UTF-8."
        ) from problem
    start = len(text) - len(text.lstrip(_SPACE))
    if text[start : start + 1] != "[":
        key = _list_key(part, text)
        if key is None:
            yield 1, *_decoded_with(text.strip(_SPACE))
            return
        start = key
    yield from _of_list(part, text, start)


def _decoded_with(text: str) -> tuple[Any, str, str]:
    value, reason = _decoded(text)
    return value, text, reason


def _list_key(part: Part, text: str) -> int | None:
    """Where the only list of records in an object begins; None where it has none or several."""
    value, reason = _decoded(text)
    if reason:
        raise DataError(
            f"{part.name} is not whole JSON: {reason}. Fetch it again, or export it as JSON lines."
        )
    lists = [key for key, item in value.items() if isinstance(item, list)] if isinstance(value, dict) else []
    if len(lists) != 1 or not all(isinstance(item, dict) for item in value[lists[0]]):
        return None
    at = _skip(text, 0) + 1
    while True:
        key, at = _PLAIN.raw_decode(text, _skip(text, at))
        at = _skip(text, _skip(text, at) + 1)
        if key == lists[0]:
            return at
        _, at = _PLAIN.raw_decode(text, at)
        at = _skip(text, at) + 1


def _of_list(part: Part, text: str, at: int) -> Iterator[tuple[int, Any, str, str]]:
    number, at = 1, _skip(text, at + 1)
    while text[at : at + 1] != "]":
        try:
            _, end = _PLAIN.raw_decode(text, at)
        except (ValueError, RecursionError) as problem:
            line = text.count("\n", 0, at) + 1
            raise DataError(
                f"{part.name}: the list breaks off or is damaged at line {line}. "
                "Fetch the file again, or export it as JSON lines."
            ) from problem
        yield number, *_decoded_with(text[at:end])
        number, at = number + 1, _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
