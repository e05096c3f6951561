"""Lines of a text file: numbered, decoded one by one where need be, each with its line end.

Line ends are `\\n`, `\\r\\n` and `\\r`, in any mixture; no other character ends a line.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from salesops_lib.cleaning.reading import limits
from salesops_lib.cleaning.reading.encodings import is_stray, is_wide

UNDECODED = "characters are not in the file's encoding"
TOO_LONG = "line is longer than 2 MB"
ZERO_BYTE = "line holds a zero byte"
_BLOCK = 1 << 22
_MARK = "\ufeff"


class Readable(Protocol):
    """What gives bytes: at most `size` of them, none at its end."""

    def read(self, size: int, /) -> bytes: ...


class Line(NamedTuple):
    """A line without its end; `fault` says why its text is not to be trusted."""

    number: int
    text: str
    end: str
    fault: str = ""


class Lines:
    """Lines of a stream of bytes.

    Attributes
    ----------
    n_lines
        Lines given so far.
    n_marks
        Byte order marks taken away, but for the first.
    last
        The last line given.
    encoding
        Encoding of the text.

    Examples
    --------
    >>> import io
    >>> [line[:3] for line in Lines(io.BytesIO("é,1\\r\\nb,2\\r".encode("cp1252")), "cp1252")]
    [(1, 'é,1', '\\r\\n'), (2, 'b,2', '\\r')]
    """

    def __init__(self, stream: Readable, encoding: str) -> None:
        self.n_lines = self.n_marks = 0
        self.last: Line | None = None
        self.encoding = "utf-8" if encoding in ("utf-8-sig", "ascii") else encoding
        self._numbered = self._number((_wide if is_wide(encoding) else _narrow)(stream, self.encoding))

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return next(self._numbered)

    def _number(self, pieces: Iterator[tuple[str, str, str]]) -> Iterator[Line]:
        number = 0
        for number, (text, end, fault) in enumerate(pieces, start=1):
            self.n_lines = number
            if _MARK in text and text.startswith(_MARK):
                text = text.lstrip(_MARK)
                self.n_marks += number > 1
            if "\x00" in text:
                fault = fault or ZERO_BYTE
            self.last = Line(number, text, end, fault)
            yield self.last


def _narrow(stream: Readable, encoding: str) -> Iterator[tuple[str, str, str]]:
    """Text, end and fault of lines where the bytes of line ends stand for nothing else."""
    for block, is_cut in _blocks(stream):
        if is_cut:
            yield block[: limits.KEPT_TEXT].decode(encoding, errors="replace"), _end_of(block), TOO_LONG
            continue
        text = _decoded(block, encoding) if encoding == "utf-8" or block.isascii() else None
        if text is not None:
            for line, end in _split(text, "\n", "\r"):
                yield (line, end, "") if len(line) <= limits.RECORD_BYTES else _too_long(line, end)
            continue
        for raw, tail in _split(block, b"\n", b"\r"):
            end = tail.decode("ascii")
            line = _decoded(raw, encoding)
            if line is None or is_stray(raw, encoding):
                kept = raw.decode("utf-8" if line is not None else encoding, errors="replace")
                yield kept, end, UNDECODED
            else:
                yield (line, end, "") if len(raw) <= limits.RECORD_BYTES else _too_long(line, end)


def _too_long(line: str, end: str) -> tuple[str, str, str]:
    return line[: limits.KEPT_TEXT], end, TOO_LONG


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _end_of(block: bytes) -> str:
    return "\r\n" if block.endswith(b"\r\n") else "\n" if block.endswith(b"\n") else ""


def _blocks(stream: Readable) -> Iterator[tuple[bytes, bool]]:
    """Whole lines, many at a time; of a line that is too long its first bytes and its end alone."""
    held, is_cut = b"", False
    while data := stream.read(_BLOCK):
        if is_cut:
            at = data.find(b"\n")
            if at < 0:
                continue
            yield held + b"\n", True
            held, is_cut, data = b"", False, data[at + 1 :]
        data = held + data
        at = data.rfind(b"\n")
        if at < 0:
            at = data.rfind(b"\r", 0, len(data) - 1)
        if at >= 0:
            yield data[: at + 1], False
        held = data[at + 1 :]
        if len(held) > max(limits.RECORD_BYTES, limits.KEPT_TEXT):
            held, is_cut = held[: limits.KEPT_TEXT], True
    if held:
        yield held, is_cut


def _split(block: Any, feed: Any, back: Any) -> Iterator[tuple[Any, Any]]:
    """Lines and line ends of a block of text or bytes."""
    pieces = block.split(feed)
    last = pieces.pop()
    if back not in block:
        for piece in pieces:
            yield piece, feed
    else:
        for piece in pieces:
            end = feed
            if piece.endswith(back):
                piece, end = piece[:-1], back + feed
            *inner, piece = piece.split(back)
            yield from ((part, back) for part in inner)
            yield piece, end
    if last:
        *inner, last = last.split(back)
        yield from ((part, back) for part in inner)
        if last:
            yield last, last[:0]


def _wide(stream: Readable, encoding: str) -> Iterator[tuple[str, str, str]]:
    """Lines of UTF-16 and UTF-32; what cannot be decoded becomes U+FFFD, and its line a fault."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    held, is_cut, is_last = "", False, False
    while not is_last:
        data = stream.read(_BLOCK)
        is_last = not data
        text = decoder.decode(data, is_last)
        if is_cut:
            at = text.find("\n")
            if at < 0 and not is_last:
                continue
            yield held, text[at : at + 1] if at >= 0 else "", TOO_LONG
            held, is_cut, text = "", False, text[at + 1 :] if at >= 0 else ""
        text = held + text
        at = len(text) - 1 if is_last else text.rfind("\n")
        if at < 0 and not is_last:
            at = text.rfind("\r", 0, len(text) - 1)
        for line, end in _split(text[: at + 1], "\n", "\r"):
            yield line, end, UNDECODED if "\ufffd" in line else ""
        held = text[at + 1 :]
        if len(held) > limits.RECORD_BYTES:
            held, is_cut = held[: limits.KEPT_TEXT], True
