"""How a delimited text is written: delimiter, quotation mark, escape; told from its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from itertools import islice
from math import gcd
from typing import TYPE_CHECKING

from salesops_lib.cleaning.reading.cells import kind

if TYPE_CHECKING:
    from salesops_lib.cleaning.reading.lines import Line

#: Delimiter that stands for any run of blanks: columns set below one another.
RUN = " +"
_COMMON = (",", ";", "\t", "|")
_CONTROL = ("\x1f", "\x1e", "\x1c", "\x1d", "\x01", "\x02", "\x03", "\x14", "\x07")
_PRIOR = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 1.0, "，": 0.9, "；": 0.9, " ": 0.62, RUN: 0.64, ":": 0.5}
_NEVER = frozenset("\"'\\.-_/()[]{}<>%$€£¥+*?!&@#、。“”‘’（）《》【】：·—…°ºª§")
#: Marks that hardly stand inside cells: where they do, the delimiter is another one.
_LEFT_OVER = (*_COMMON, *_CONTROL, "~", "^", "::")
_QUOTED_CELL = re.compile(r'(?:^|[^\w"\s])\s*"[^"]+"\s*(?:$|[^\w"\s])')
_LINES = 200
_SPAN = 40
_TIE = 0.03


class State(IntEnum):
    """What the quotation marks of a text were like."""

    REGULAR = 0
    STRAY = 1  # one stands inside a cell that is not quoted
    ODD = 2  # one stands inside a quoted cell and is not doubled
    OPEN = 3  # the last cell opens a quotation and does not close it


@dataclass(frozen=True)
class Dialect:
    """Delimiter, quotation mark and escape of a text.

    Attributes
    ----------
    delimiter
        One or more characters, or `RUN`.
    quote
        Empty where nothing is quoted.
    escape
        The quotation mark itself where it is doubled inside quoted cells, or a backslash;
        empty where marks inside quoted cells stand as they are.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'

    @cached_property
    def _delimiter(self) -> str:
        return " +" if self.delimiter == RUN else re.escape(self.delimiter)

    @cached_property
    def _quoted(self) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
        """Patterns of a quoted cell, of one that is left open, and of one with marks inside it."""
        quote, end = re.escape(self.quote), rf"(?={self._delimiter}|\Z)"
        pad = "".join(c for c in " \t" if c not in self.delimiter)
        pad = f"[{pad}]*" if pad else ""
        body = f"(?:[^{quote}]++|{quote}{quote})*+"
        if self.escape == "\\":
            body = rf"(?:[^{quote}\\]++|\\.|{quote}{quote}(?!{self._delimiter}|\Z))*+"
        elif not self.escape:
            body = ".*?"
        closed = re.compile(f"{pad}{quote}({body}){quote}{pad}{end}", re.DOTALL)
        opened = re.compile(rf"{pad}{quote}{body}\Z", re.DOTALL)
        lenient = re.compile(f"{pad}{quote}(.*?){quote}{pad}{end}", re.DOTALL)
        return closed, opened, lenient

    @cached_property
    def _separator(self) -> re.Pattern[str]:
        if self.escape == "\\" and not self.quote:
            return re.compile(rf"(?:[^\\]|\\.)*?({self._delimiter}|\Z)", re.DOTALL)
        return re.compile(self._delimiter)

    @cached_property
    def _escaped(self) -> re.Pattern[str]:
        return re.compile(rf"\\([\\{re.escape(self.quote)}{re.escape(self.delimiter[:1])}])")

    def split(self, text: str) -> tuple[list[str], State]:
        """Cells of a record, and the state of its quotation marks.

        >>> Dialect().split('1, "a, b" ,6 pipe')
        (['1', 'a, b', '6 pipe'], <State.REGULAR: 0>)
        """
        cells = self.plainly(text)
        if cells is not None:
            return cells, State.REGULAR
        if self.delimiter == RUN:
            text = text.strip(" ")
        if self.escape == "\\" and not self.quote:
            return self._split_escaped(text), State.REGULAR
        if not self.quote or self.quote not in text:
            return self._literal(text), State.REGULAR
        return self._split_quoted(text)

    def plainly(self, text: str) -> list[str] | None:
        """Cells of a record that leaves no doubt; None for one that is to be looked at closely."""
        if not self.quote or self.quote not in text:
            is_bare = self.delimiter != RUN and (self.escape != "\\" or "\\" not in text)
            return text.split(self.delimiter) if is_bare else None
        if self.escape != self.quote or len(self.delimiter) > 1 or text.count(self.quote) % 2:
            return None
        try:
            cells = next(csv.reader((text,), delimiter=self.delimiter, quotechar=self.quote, strict=True))
        except csv.Error:
            return None
        return None if self.quote in "".join(cells) else cells

    def _split_quoted(self, text: str) -> tuple[list[str], State]:
        closed, opened, lenient = self._quoted
        cells: list[str] = []
        state, at = State.REGULAR, 0
        while True:
            found = closed.match(text, at)
            if found:
                cells.append(self._unescaped(found[1]))
            elif opened.match(text, at):
                return [*cells, *self._literal(text[at:])], State.OPEN
            elif found := lenient.match(text, at):
                cells.append(found[1])
                state = State.ODD
            if found:
                at = found.end()
            else:
                next_one = self._separator.search(text, at)
                end = next_one.start() if next_one else len(text)
                cells.append(text[at:end])
                if self.quote in cells[-1]:
                    state = max(
                        state, State.ODD if cells[-1].lstrip(" \t").startswith(self.quote) else State.STRAY
                    )
                at = end
            step = self._separator.match(text, at) if at < len(text) else None
            if step is None:
                return cells, state
            at = step.end()
            if at == len(text):
                return [*cells, ""], state

    def quoted_cells(self, text: str) -> list[bool]:
        """Of each cell of a well quoted record, whether it stands in quotation marks.

        >>> Dialect().quoted_cells('1,"a, b",""')
        [False, True, True]
        """
        found: list[bool] = []
        at = 0
        while True:
            quoted = self._quoted[0].match(text, at) if self.quote else None
            step = self._separator.search(text, quoted.end() if quoted else at)
            found.append(quoted is not None)
            if step is None:
                return found
            at = step.end()

    def _split_escaped(self, text: str) -> list[str]:
        cells, at = [], 0
        while True:
            found = self._separator.match(text, at)
            assert found is not None
            cells.append(self._escaped.sub(r"\1", text[at : found.start(1)]))
            if not found[1]:
                return cells
            at = found.end()

    def _literal(self, text: str) -> list[str]:
        return re.split(" +", text) if self.delimiter == RUN else text.split(self.delimiter)

    def _unescaped(self, body: str) -> str:
        if self.escape == self.quote:
            return body.replace(self.quote * 2, self.quote) if self.quote in body else body
        if self.escape == "\\" and ("\\" in body or self.quote in body):
            return self._escaped.sub(r"\1", body.replace(self.quote * 2, self.quote))
        return body


def detect(lines: Sequence[Line]) -> tuple[Dialect, tuple[str, ...]]:
    """Dialect of the first lines of a text, and what speaks for another reading.

    Each candidate is rated by how many lines have the usual number of cells, and by how far
    the cells look like values.  Where two rate alike, `clevercsv` is asked, and of readings
    that are still equally good the commonest is taken.
    """
    texts = [line for line in lines if line.text.strip(" ") and not line.fault][:_LINES]
    rated = sorted(
        ((_rating(dialect, texts) * _prior(dialect), dialect) for dialect in _candidates(texts)),
        key=lambda item: -item[0],
    )
    if not rated or rated[0][0] <= 0:
        return Dialect(), ()
    best = rated[0]
    rivals = [
        one
        for one in rated[1:]
        if one[1].delimiter.strip() != best[1].delimiter.strip() and one[0] >= best[0] - _TIE
    ]
    rivals = [one for one in rivals if one[1].delimiter not in best[1].delimiter]
    wider = [dialect for _, dialect in rivals if best[1].delimiter in dialect.delimiter]
    if wider or not rivals:
        return _with_habits(wider[0] if wider else best[1], texts), ()
    chosen = _by_library(texts, [best[1], *(dialect for _, dialect in rivals)])
    others = ", ".join(sorted({repr(d.delimiter) for _, d in [best, *rivals]} - {repr(chosen.delimiter)}))
    note = f"the delimiter could also be {others}; {chosen.delimiter!r} is taken"
    return _with_habits(chosen, texts), (note,)


def _by_library(texts: Sequence[Line], tied: Sequence[Dialect]) -> Dialect:
    import clevercsv

    try:
        found = clevercsv.Sniffer().sniff("\n".join(line.text for line in texts[:60]))
    except clevercsv.exceptions.Error:
        found = None
    if found is not None:
        for dialect in tied:
            if dialect.delimiter.strip(" ") == found.delimiter:
                return dialect
    common = [*_COMMON, *(d.delimiter for d in tied)]
    return min(tied, key=lambda dialect: common.index(dialect.delimiter))


def _prior(dialect: Dialect) -> float:
    delimiter = dialect.delimiter
    core = delimiter if delimiter == RUN else delimiter.strip(" ") or " "
    base = 0.95 if len(core) > 1 or core in _CONTROL else 0.6
    base = _PRIOR.get(core, base)
    return base * (0.98 if dialect.quote == "'" else 0.97 if not dialect.quote else 1.0)


def _candidates(texts: Sequence[Line]) -> Iterator[Dialect]:
    joined = "\n".join(line.text for line in texts)
    n_quoted = sum(bool(_QUOTED_CELL.search(line.text)) for line in texts)
    quotes = ['"'] + (["'"] if joined.count("'") >= 2 else [])
    if '"' in joined and n_quoted < 0.05 * len(texts):
        quotes.append("")
    singles = [c for c in (*_COMMON, *_CONTROL) if c in joined]
    for character in sorted(set(joined)):
        if (
            character not in singles
            and character not in _NEVER
            and not character.isalnum()
            and character != "\n"
        ):
            singles.append(character)
    delimiters = dict.fromkeys(
        delimiter for single in singles for delimiter in (single, *_longer(single, joined))
    )
    for delimiter in delimiters:
        for quote in quotes:
            yield Dialect(delimiter, quote, quote)
            if quote and f"\\{quote}" in joined:
                yield Dialect(delimiter, quote, "\\")
        if f"\\{delimiter}" in joined:
            yield Dialect(delimiter, "", "\\")


def _longer(single: str, joined: str) -> list[str]:
    """Delimiters of several characters around `single`: doubled, padded, or wrapped in marks."""
    if single == " ":
        return [RUN] if "  " in joined else []
    bare = re.sub(r'"[^"\n]*"', "Q", joined)
    runs = [len(run) for run in re.findall(f"{re.escape(single)}+", bare)]
    if not runs:
        return []
    found = []
    unit = single
    n = gcd(*(length for length in runs if length > 1)) if max(runs) > 1 else 1
    if n > 1 and runs.count(1) <= len(runs) / 2:
        unit = single * n
        found.append(unit)
    for _ in range(3):
        wider = _widened(unit, bare)
        if wider == unit:
            break
        unit = wider
        found.append(unit)
    return found


def _widened(unit: str, text: str) -> str:
    """`unit` with the mark or blank that stands before or after all (but a few) of its places."""
    after = Counter(re.findall(rf"{re.escape(unit)}([^\w\"'])", text))
    before = Counter(re.findall(rf"([^\w\"']){re.escape(unit)}", text))
    total = text.count(unit)
    for counts, left in ((after, False), (before, True)):
        for mark, n in counts.most_common(1):
            if n >= 0.7 * total and mark not in "\n-.+$€£¥(（" and mark != unit[0]:
                return mark + unit if left else unit + mark
    return unit


def rows_of(lines: Iterable[Line], dialect: Dialect) -> Iterator[tuple[list[str], State, int]]:
    """Records without a known width: cells, state, and the number of lines each takes."""
    held = list(lines)
    at = 0
    while at < len(held):
        cells, state = dialect.split(held[at].text)
        span = 1
        if state is State.OPEN:
            text = held[at].text
            for more in range(1, min(_SPAN, len(held) - at)):
                text += (held[at + more - 1].end or "\n") + held[at + more].text
                joined, joined_state = dialect.split(text)
                if joined_state is not State.OPEN:
                    if joined_state is State.REGULAR:
                        cells, state, span = joined, joined_state, more + 1
                    break
        yield cells, state, span
        at += span


def _rating(dialect: Dialect, texts: Sequence[Line]) -> float:
    """0 to 1: share of lines of the usual width, times how far their cells look like values."""
    rows = list(rows_of(texts, dialect))
    width = usual_width([(len(cells), span) for cells, state, span in rows if state is not State.OPEN])
    if width < 2:
        return 0.02
    sound = [(cells, state, span) for cells, state, span in rows if len(cells) == width]
    first = next(i for i, row in enumerate(rows) if len(row[0]) == width)
    n_lines = sum(span for _, _, span in rows[min(first, 40) :])
    weights = {State.REGULAR: 1.0, State.STRAY: 0.98, State.ODD: 0.8, State.OPEN: 0.0}
    share = sum(weights[state] * span for _, state, span in sound) / max(n_lines, 2)
    ratings = [_cell_rating(cell, dialect) for cells, _, _ in islice(sound, 60) for cell in cells]
    begins = (1.0 if first == 0 else 0.85) * (0.85 if any(kind(c) == "number" for c in sound[0][0]) else 1.0)
    return share * sum(ratings) / len(ratings) * (1 - 0.3 / width) * begins


def usual_width(widths: Sequence[tuple[int, int]]) -> int:
    """The width that most cells argue for: number of rows times delimiters in each; 1 where none is wider."""
    counts: Counter[int] = Counter()
    for width, _ in widths:
        counts[width] += 1
    wide = {width: n for width, n in counts.items() if width > 1}
    if not wide:
        return 1
    if max(wide.values()) > 1:
        wide = {width: n for width, n in wide.items() if n > 1}
    return max(wide, key=lambda width: (wide[width] * (width - 1), width))


def _cell_rating(cell: str, dialect: Dialect) -> float:
    text = cell.strip()
    if not text:
        return 0.6
    if kind(text) in ("number", "date", "year"):
        return 1.0 if text == cell else 0.8
    if any(mark in text for mark in _LEFT_OVER if mark not in dialect.delimiter):
        return 0.35
    if text[0] in "|;,:>" or text[-1] in "|;:<":
        return 0.35
    if (
        text.count('"') > 1
        or " '" in text
        or text[0] in "\"'"
        or (text[-1] in "\"'" and not text[-2:-1].isdigit())
    ):
        return 0.4
    return 0.9 if text == cell else 0.8


def _with_habits(dialect: Dialect, texts: Sequence[Line]) -> Dialect:
    """The dialect, with marks inside quoted cells taken as they stand where that is the habit."""
    if not dialect.quote or dialect.escape == "\\":
        return dialect
    rows = list(rows_of(texts, dialect))
    n_odd = sum(state is State.ODD for _, state, _ in rows)
    if n_odd < 3 or n_odd < 0.05 * len(rows):
        return dialect
    bare = replace(dialect, escape="")
    width = usual_width([(len(cells), span) for cells, _, span in rows_of(texts, bare)])
    mended = sum(len(cells) == width for cells, state, _ in rows_of(texts, bare) if state is not State.OPEN)
    doubled = any(
        dialect.quote * 2 in line.text.replace(dialect.delimiter + dialect.quote * 2, "") for line in texts
    )
    return bare if mended >= 0.9 * len(rows) and not doubled else dialect
