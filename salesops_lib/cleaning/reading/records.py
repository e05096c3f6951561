"""Records of a delimited text file, counted and located without a CSV parser.

The count is the control of what the parser says it read: newlines outside quotes end a
record, empty lines are none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_CHUNK = 1 << 24
_NEWLINE, _QUOTE, _RETURN = 10, 34, 13


@dataclass(frozen=True)
class Census:
    """What is in a text file after its first lines.

    `is_dense` says that the k-th record stands on the k-th line, so that no list of lines
    is needed to find one.
    """

    n_records: int
    is_dense: bool


def census(path: Path, skip: int = 0) -> Census:
    """Count the records of `path` below its first `skip` lines.

    Notes
    -----
    A quote character inside an unquoted field confuses the count; `lines_by_reader` then
    decides.
    """
    n_records = n_lines = 0
    for lines, line_count in _scan(path, skip):
        n_records += len(lines)
        n_lines += line_count
    return Census(n_records, n_records == n_lines)


def has_mixed_newlines(path: Path) -> bool:
    """Whether some lines of `path` end with `\\r\\n` and others with `\\n`."""
    n_lines = n_returns = 0
    for piece in _pieces(path, 0):
        n_lines += piece.count(b"\n")
        n_returns += piece.count(b"\r\n")
    return 0 < n_returns < n_lines


def record_lines(path: Path, skip: int = 0) -> np.ndarray:
    """Line (from 1) on which each record of `path` begins, below its first `skip` lines."""
    found = [lines for lines, _ in _scan(path, skip)]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def lines_by_reader(path: Path, skip: int, delimiter: str) -> np.ndarray:
    """The same as `record_lines`, by Python's csv reader: slower, right for stray quotes."""
    starts = []
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
        for _ in range(skip):
            handle.readline()
        reader = csv.reader(handle, delimiter=delimiter)
        begin = 1
        try:
            for record in reader:
                if record:
                    starts.append(begin + skip)
                begin = reader.line_num + 1
        except csv.Error:
            return np.empty(0, dtype=np.int64)
    return np.array(starts, dtype=np.int64)


def _scan(path: Path, skip: int) -> Iterator[tuple[np.ndarray, int]]:
    """Of each piece of the file: first lines of its records, and its number of lines."""
    line, last_end, quotes = skip, skip - 1, 0
    for piece in _pieces(path, skip):
        buffer = np.frombuffer(piece, dtype=np.uint8)
        newlines = np.flatnonzero(buffer == _NEWLINE)
        if len(newlines) == 0 or newlines[-1] != len(buffer) - 1:
            newlines = np.append(newlines, len(buffer))
        lengths = np.diff(newlines, prepend=-1) - 1
        is_blank = (lengths == 0) | ((lengths == 1) & (buffer[newlines - 1] == _RETURN))
        ends = np.arange(len(newlines))
        if quotes % 2 or b'"' in piece:
            marks = np.flatnonzero(buffer == _QUOTE)
            ends = ends[(np.searchsorted(marks, newlines) + quotes) % 2 == 0]
            quotes += len(marks)
        starts = np.append(last_end + 1, ends[:-1] + line + 1) if len(ends) else ends
        keep = ~(is_blank[ends] & (starts == ends + line))
        if len(ends):
            last_end = int(ends[-1]) + line
        line += len(newlines)
        yield starts[keep] + 1, len(newlines)
    if last_end < line - 1:
        yield np.array([last_end + 2]), 0


def _pieces(path: Path, skip: int) -> Iterator[bytes]:
    """The file below `skip` lines, in pieces that end with a line."""
    with path.open("rb") as handle:
        for _ in range(skip):
            handle.readline()
        while block := handle.read(_CHUNK):
            yield block if block.endswith(b"\n") else block + handle.readline()
