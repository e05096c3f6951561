"""Whether a text is so plain that every line is a record, found without a parser.

Such a text goes to DuckDB as it is; its lines are counted here, and the count is the control of
what DuckDB says it read.  Any other text goes through `text.Reader`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salesops_lib.cleaning.reading.dialects import Dialect
from salesops_lib.cleaning.reading.layouts import COMMENT_MARKS

_CHUNK = 1 << 24
_NEWLINE, _RETURN = 10, 13
_MARK = b"\xef\xbb\xbf"
_COMMENTS = tuple(mark.encode() for mark in COMMENT_MARKS)
_FIRST_BYTES = np.zeros(256, dtype=bool)
_FIRST_BYTES[[_NEWLINE, _RETURN, *(mark[0] for mark in _COMMENTS)]] = True


@dataclass(frozen=True)
class Census:
    """Lines of a text below its first ones, blank lines at its end left out.

    `is_plain` says that each is a record of its own: one kind of line end, no blank line
    between, no comment, no zero byte, and quotation marks only where they belong.
    """

    n_records: int
    is_plain: bool


def census(path: Path, skip: int, dialect: Dialect) -> Census:
    """Count the lines of a UTF-8 text below its first `skip`, and see whether they are plain.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text('a,b\\n1,"x, y"\\n2,z\\n\\n')
    >>> census(path, 1, Dialect())
    Census(n_records=2, is_plain=True)
    """
    n_lines = n_returns = n_pairs = n_blank = 0
    if not _has_lines(path, skip):
        return Census(0, False)
    for piece in _pieces(path, skip):
        body = piece.rstrip(b"\r\n")
        n_after = piece.count(b"\n", len(body))
        if not body:
            n_blank += n_after
            continue
        buffer = np.frombuffer(body, dtype=np.uint8)
        feeds = np.flatnonzero(buffer == _NEWLINE)
        if (n_lines and n_blank > 1) or not _is_plain(body, buffer, feeds, dialect):
            return Census(0, False)
        n_blank = n_after
        n_lines += len(feeds) + 1
        if b"\r" in piece:
            n_returns += piece.count(b"\r")
            n_pairs += piece.count(b"\r\n")
    n_feeds = n_lines - 1 + n_blank
    return Census(n_lines, n_lines == 0 or (n_returns == n_pairs and n_pairs in (0, n_feeds)))


def _is_plain(body: bytes, buffer: np.ndarray, feeds: np.ndarray, dialect: Dialect) -> bool:
    if b"\x00" in body or (b"\xef" in body and _MARK in body):
        return False
    doubtful = feeds[_FIRST_BYTES[buffer[feeds + 1]]] + 1
    starts = (0, *doubtful) if _FIRST_BYTES[buffer[0]] else doubtful
    if any(body.startswith((b"\n", b"\r", *_COMMENTS), start) for start in starts):
        return False
    quote = dialect.quote.encode()
    return (
        not quote
        or quote not in body
        or _is_well_quoted(buffer, feeds, quote[0], dialect.delimiter.encode()[0])
    )


def _is_well_quoted(buffer: np.ndarray, feeds: np.ndarray, quote: int, delimiter: int) -> bool:
    """Whether marks open after a delimiter, close before one, and are doubled in between, line by line."""
    marks = np.flatnonzero(buffer == quote)
    if len(marks) % 2:
        return False
    opening, closing = marks[::2], marks[1::2]
    before = buffer[np.maximum(opening - 1, 0)]
    after = buffer[np.minimum(closing + 1, len(buffer) - 1)]
    opens = (opening == 0) | (before == delimiter) | (before == _NEWLINE)
    closes = (closing == len(buffer) - 1) | (after == delimiter) | (after == _NEWLINE) | (after == _RETURN)
    doubled = opening[1:] == closing[:-1] + 1
    if not (opens[0] and closes[-1] and (opens[1:] | doubled).all() and (closes[:-1] | doubled).all()):
        return False
    return bool((np.searchsorted(feeds, opening) == np.searchsorted(feeds, closing)).all())


def _has_lines(path: Path, skip: int) -> bool:
    """Whether the first `skip` lines end as lines do for DuckDB: not with a carriage return alone."""
    with path.open("rb") as handle:
        return not any(b"\r" in handle.readline().removesuffix(b"\r\n") for _ in range(skip))


def _pieces(path: Path, skip: int) -> Iterator[bytes]:
    """The file below `skip` lines, in pieces that end with a line."""
    with path.open("rb") as handle:
        for _ in range(skip):
            handle.readline()
        while block := handle.read(_CHUNK):
            yield block if block.endswith(b"\n") else block + handle.readline()
