"""Records of a delimited text, whatever its dialect: each is read exactly, or set aside with a reason.

A line is a record when it has the table's number of cells.  A quoted cell may go on over
several lines if it closes properly and the record then has the right number; else the line
that opened it is set aside, and reading goes on with the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from salesops_lib.cleaning.reading import limits
from salesops_lib.cleaning.reading.cells import MISSING, kind
from salesops_lib.cleaning.reading.dialects import State
from salesops_lib.cleaning.reading.layouts import COMMENT_MARKS, Layout, other_delimiter
from salesops_lib.cleaning.reading.lines import TOO_LONG, Line

SET_ASIDE, EXCLUDED = "set_aside", "excluded"
FEW = "line has too few columns"
MANY = "line has too many columns"
OPEN = "quotation mark is not closed"
ODD = "quotation mark inside quotes is not doubled"
STRAY = "quotation mark without its partner"
GOES_ON = "last cell may go on in the next line"
UNSURE = "quotation mark may not be closed: the lines in it look like records"
COMMENT = "comment line"
FOOTER = "line below the table"
ANOTHER = "belongs to another table in the file"
_TYPED = ("number", "date", "code")
_AHEAD = 20


@dataclass(slots=True)
class Record:
    """A record that was read (`cells`), or lines that were not (`reason`, `fate`).

    `repair` says what was put right in reading it.
    """

    line: int
    span: int
    raw: str
    cells: list[str] | None
    reason: str = ""
    fate: str = SET_ASIDE
    repair: str = ""
    n_cells: int = 0


@dataclass
class Reader:
    """Records below the header of a text.

    Attributes
    ----------
    lines
        All lines of the text.
    layout
        Its layout.
    preamble, blank
        Lines above the header, and numbers of blank lines, as far as the text was read.
    """

    lines: Iterable[Line]
    layout: Layout
    preamble: list[tuple[int, str]] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._source = iter(self.lines)
        self._held: deque[Line] = deque()
        self._is_after_break = False
        self._is_other_table = False
        self._split = self.layout.dialect.split

    def __iter__(self) -> Iterator[Record]:
        before: Record | None = None
        for record in self._records():
            if before is not None:
                if before.cells is not None and record.cells is None and self._goes_on(before, record):
                    before.cells, before.reason = None, GOES_ON
                yield before
            before = record
        if before is not None:
            yield before

    def _goes_on(self, row: Record, rest: Record) -> bool:
        """Whether a line that is no record may be the rest of the last cell above it."""
        if rest.line != row.line + row.span or rest.reason != FEW or rest.n_cells > 1 or not row.cells:
            return False
        if self.layout.dialect.quote and rest.raw.count(self.layout.dialect.quote) % 2:
            return True
        first, last = self.layout.kinds[0], self.layout.kinds[-1]
        if last in _TYPED or not row.cells[-1].strip():
            return False
        starts_record = first in _TYPED and _kind(rest.raw.split(" ")[0][:40]) == first
        return not starts_record and not any(
            rest.raw.count(mark) >= self.layout.width - 2
            for mark in (";", "\t", "|", ",")
            if self.layout.width > 2
        )

    def _records(self) -> Iterator[Record]:
        plainly, width = self.layout.dialect.plainly, self.layout.width
        mark = self.layout.comment or "\x00"
        yield from self._above()
        while (line := self._next()) is not None:
            if not (line.fault or self._is_after_break or line.text.startswith(mark)):
                cells = plainly(line.text)
                if cells is not None and len(cells) == width > 1:
                    yield Record(line.number, 1, line.text, cells)
                    continue
            record = self._judged(line)
            if record is not None:
                self._is_after_break = record.cells is None
                yield record

    def _next(self) -> Line | None:
        return self._held.popleft() if self._held else next(self._source, None)

    def _above(self) -> Iterator[Record]:
        """Lines above the body go into `preamble`, but for faulty ones and a header that is set aside."""
        layout = self.layout
        while (line := self._next()) is not None:
            if line.number >= layout.body_line:
                self._held.appendleft(line)
                return
            if layout.header_fault and line.number == layout.header_fault[0]:
                yield self._aside(line, layout.header_fault[2], 0)
            elif line.fault:
                yield self._aside(line, line.fault, 0)
            elif line.number in layout.header_lines:
                continue
            elif line.text.strip():
                self.preamble.append((line.number, line.text))
            else:
                self.blank.append(line.number)

    def _aside(self, line: Line, reason: str, n_cells: int, fate: str = SET_ASIDE) -> Record:
        return Record(line.number, 1, line.text, None, reason, fate, n_cells=n_cells)

    def _judged(self, line: Line) -> Record | None:
        """The record that begins with `line`; None for a blank line."""
        if line.fault:
            return self._aside(line, line.fault, 0)
        if not line.text.strip() and not (
            line.text
            and self.layout.dialect.delimiter == "\t"
            and self.layout.width == line.text.count("\t") + 1
        ):
            self.blank.append(line.number)
            self._is_after_break = True
            return None
        if self.layout.comment and line.text.startswith(self.layout.comment):
            return self._aside(line, COMMENT, 0, EXCLUDED)
        cells, state = self._split(line.text)
        if state is State.OPEN:
            return self._spanning(line, cells)
        if len(cells) != self.layout.width:
            return self._of_other_width(line, cells)
        if state is State.ODD:
            return self._aside(line, ODD, len(cells))
        if state is State.STRAY and self._lacks_partner(cells):
            return self._aside(line, STRAY, len(cells))
        if self._is_after_break and self._begins_table(cells):
            self._is_other_table = True
        if self._is_other_table:
            return self._aside(line, ANOTHER, len(cells))
        return Record(line.number, 1, line.text, cells)

    def _lacks_partner(self, cells: list[str]) -> bool:
        """Whether a mark stands alone in a column that is quoted as a rule, has its partner in another
        cell, or is doubled as only quoted cells have it.
        """
        quote = self.layout.dialect.quote
        single = {column for column, cell in enumerate(cells) if cell.count(quote) % 2}
        return (
            len(single) > 1 or bool(single & self.layout.quoted) or any(quote * 2 in cell for cell in cells)
        )

    def _spanning(self, first: Line, alone: list[str]) -> Record:
        """A record whose quoted cell goes on in the next lines, if it closes properly."""
        text, size = first.text, len(first.text)
        taken: list[Line] = []
        before = first
        while len(taken) < limits.RECORD_LINES and size <= limits.RECORD_BYTES:
            line = self._next()
            if line is None:
                break
            taken.append(line)
            if line.fault:
                break
            text += (before.end or "\n") + line.text
            size, before = len(text), line
            if self.layout.dialect.quote not in line.text:
                continue
            cells, state = self._split(text)
            if state is State.OPEN:
                continue
            if state is State.REGULAR and len(cells) == self.layout.width and not self._is_other_table:
                if not any(self._is_whole(line) for line in taken[:-1]):
                    return Record(first.number, 1 + len(taken), text, cells)
                self._held.extendleft(reversed(taken))
                return self._unsure(first, len(taken))
            break
        self._held.extendleft(reversed(taken))
        return self._aside(first, ANOTHER if self._is_other_table else OPEN, len(alone))

    def _is_whole(self, line: Line) -> bool:
        """Whether a line inside a quoted cell would be a record of its own."""
        cells, state = self._split(line.text)
        return self.layout.width > 2 and len(cells) == self.layout.width and state is State.REGULAR

    def _unsure(self, first: Line, n_more: int) -> Record:
        text = "\n".join([first.text, *(line.text for line in islice(self._held, n_more))])
        for _ in range(n_more):
            self._held.popleft()
        return Record(first.number, 1 + n_more, text, None, UNSURE)

    def _of_other_width(self, line: Line, cells: list[str]) -> Record:
        layout = self.layout
        n_cells = len(cells)
        if self._is_other_table:
            return self._aside(line, ANOTHER, n_cells)
        if line.end == "\r" and not layout.is_cr and n_cells < layout.width:
            joined = self._with_carriage_returns(line)
            if joined is not None:
                return joined
        if line.text.startswith(COMMENT_MARKS):
            return self._aside(line, COMMENT, n_cells, EXCLUDED)
        mended = other_delimiter(line.text, layout.dialect, layout.width) if layout.width > 2 else None
        if mended is not None and self._fits(mended):
            return Record(line.number, 1, line.text, mended, repair="delimiter differs from the file's")
        return self._aside(line, FEW if n_cells < layout.width else MANY, n_cells)

    def _with_carriage_returns(self, first: Line) -> Record | None:
        """A record in which a carriage return stands inside a cell, in a text with other line ends."""
        text, before = first.text, first
        taken: list[Line] = []
        while before.end == "\r" and len(taken) < limits.RECORD_LINES and (line := self._next()) is not None:
            taken.append(line)
            text += before.end + line.text
            before = line
            cells, state = self._split(text)
            if line.fault or len(cells) > self.layout.width:
                break
            if len(cells) == self.layout.width and line.end != "\r" and state is State.REGULAR:
                return Record(
                    first.number, 1 + len(taken), text, cells, repair="carriage return inside a cell"
                )
        self._held.extendleft(reversed(taken))
        return None

    def _fits(self, cells: list[str]) -> bool:
        """Whether cells are of the kinds of their columns, which must have some."""
        typed = [(c, usual) for c, usual in zip(cells, self.layout.kinds) if usual in _TYPED and c.strip()]
        return bool(typed) and all(_kind(c) == usual or c.casefold() in MISSING for c, usual in typed)

    def _begins_table(self, cells: list[str]) -> bool:
        """Whether a row after a break is the header of another table: names unlike the values below."""
        names = [" ".join(cell.split()) for cell in cells]
        if tuple(names) == self.layout.headers or not all(names) or len(set(names)) < len(names):
            return False
        if not all(kind(name) == "text" and name.casefold() not in MISSING for name in names):
            return False
        typed = [usual for usual in self.layout.kinds if usual in ("number", "date")]
        return bool(typed) or any(
            len(column) > 1 and all(_kind(cell) in ("number", "date") for cell in column)
            for column in zip(*self._ahead())
        )

    def _ahead(self) -> list[list[str]]:
        """Cells of the next lines up to a blank one."""
        taken: list[Line] = []
        while len(taken) < _AHEAD and (line := self._next()) is not None:
            taken.append(line)
            if not line.text.strip():
                break
        self._held.extendleft(reversed(taken))
        rows = [self._split(line.text)[0] for line in taken if line.text.strip()]
        return [row for row in rows if len(row) == self.layout.width]


def _kind(cell: str) -> str:
    found = kind(cell)
    return "number" if found == "year" else found


def with_context(aside: list[Record], last_row: int, last_line: Line | None) -> None:
    """Name the reason of neighbours among the lines set aside: another table, lines below the table."""
    wrong = [record for record in aside if record.reason in (FEW, MANY)]
    runs: list[list[Record]] = []
    for record in wrong:
        is_next = runs and runs[-1][-1].line + 2 >= record.line and runs[-1][-1].n_cells == record.n_cells
        runs[-1].append(record) if is_next and record.n_cells > 1 else runs.append([record])
    for run in runs:
        if len(run) >= 3 and run[0].line > last_row:
            for record in run:
                record.reason = ANOTHER
    for record in wrong:
        is_unfinished = last_line is not None and record.line == last_line.number and not last_line.end
        if record.reason == FEW and record.line > last_row and not is_unfinished and record.n_cells == 1:
            record.reason, record.fate = FOOTER, EXCLUDED


__all__ = [
    "ANOTHER",
    "COMMENT",
    "FEW",
    "FOOTER",
    "MANY",
    "OPEN",
    "TOO_LONG",
    "Reader",
    "Record",
    "with_context",
]
