"""Where a table begins in a grid of text: titles above, one to three header rows, a row of units.

A grid is a list of rows without blank rows.  Nothing here knows the words of a trade but
units: a header is told from data by contrast with the values below it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from salesops_lib.cleaning.reading.cells import (
    BLANK,
    BRACKETS,
    MISSING,
    holds_day,
    is_pair,
    is_period,
    is_unit,
    kind,
    periods,
)

_TITLE_ROWS = 30
_BODY_ROWS = 200
_JUDGED_COLUMNS = 200
_LEVELS = 3
_LONGEST_NAME = 60
_TECHNICAL = re.compile(r"[A-Za-z]\w*_\w+|[A-Za-z]+\.\w+|[A-Z][A-Z0-9]{3,}|[a-z]+[A-Z]\w*")
_TYPED = ("number", "year", "date", "code")


@dataclass(frozen=True)
class HeaderBlock:
    """The header of a table in a grid.

    Attributes
    ----------
    index
        Its first row, counted from 0 in the grid; the first record where there is no header.
    n_rows
        Its rows, with the row of units; 0 where there is no header.
    names
        One per column, unique: levels joined as "2024 / 金额", units as "金额（万元）".
    preamble
        Texts above it, key and value in one: "单位：万元".
    """

    index: int
    n_rows: int
    names: tuple[str, ...]
    preamble: tuple[str, ...] = ()

    @property
    def body(self) -> int:
        """Index of the first record."""
        return self.index + self.n_rows


def find(grid: Sequence[Sequence[str | None]]) -> HeaderBlock:
    """Header of the table in `grid`.

    Parameters
    ----------
    grid
        The first rows of a table with whatever stands above it, blank rows left out.  Cells of
        a merge hold its text all, or the first of them does.

    Returns
    -------
    HeaderBlock
        The first row of names as wide as the data that differs from the values below it, with
        the levels above and below; `n_rows` is 0 where the first wide row is data already.

    Examples
    --------
    >>> find([("单位：万元", "", ""), ("地区", "2024", ""), ("", "金额", "数量"), ("华东", "12.5", "3")])
    HeaderBlock(index=1, n_rows=2, names=('地区', '2024 / 金额', '2024 / 数量'), preamble=('单位：万元',))
    >>> find([("7", "2026-01-05", "3.5"), ("8", "2026-01-06", "4")]).n_rows
    0
    """
    whole = _cleaned(grid)
    if not whole:
        return HeaderBlock(0, 0, ())
    rows = [row[:_JUDGED_COLUMNS] for row in whole]
    leaf = _leaf(rows)
    if leaf is None:
        start = _first_record(rows)
        return HeaderBlock(start, 0, unique_headers([""] * _width(whole)), _preamble(rows[:start]))
    first, last = leaf, leaf
    while last - first + 1 < _LEVELS and _goes_on(rows, first, last):
        last += 1
    while last - first + 1 < _LEVELS and first > 0 and _is_level_above(rows, first, last):
        first -= 1
    has_units = last + 1 < len(rows) and _is_units(rows, last + 1)
    return _named(whole, first, last - first + 1, has_units)


def has_contrast(grid: Sequence[Sequence[str | None]]) -> bool:
    """Whether `grid` has a header that differs in kind from the values below it.

    >>> has_contrast([("客户", "金额"), ("甲", "3")]), has_contrast([("制表人", "审核"), ("甲", "乙")])
    (True, False)
    """
    rows = _cleaned(grid)
    leaf = _leaf(rows) if rows else None
    if leaf is None or len(_filled(rows[leaf])) < 2:
        return False
    return _compared(rows[leaf], _kinds(rows[leaf + 1 :], len(rows[leaf]), skip=rows[leaf]))[1] > 0


def block(grid: Sequence[Sequence[str | None]], index: int, n_rows: int) -> HeaderBlock:
    """Header of `grid` that is known to have `n_rows` rows from `index` on.

    >>> block([("金额", "数量"), ("万元", "件"), ("1", "2")], 0, 2).names
    ('金额（万元）', '数量（件）')
    """
    rows = _cleaned(grid)
    if n_rows == 0:
        return HeaderBlock(index, 0, unique_headers([""] * _width(rows)), _preamble(rows[:index]))
    has_units = n_rows > 1 and _is_units(rows, index + n_rows - 1)
    return _named(rows, index, n_rows - has_units, has_units)


def unique_headers(cells: Sequence[str | None]) -> tuple[str, ...]:
    """Header names, made unique and never blank.

    >>> unique_headers(["Amount", "", " Amount "])
    ('Amount', 'column 2', 'Amount (2)')
    """
    wanted = [
        " ".join((cell or "").replace("\ufeff", "").split()) or f"column {index}"
        for index, cell in enumerate(cells, start=1)
    ]
    taken, seen = set(wanted), Counter[str]()
    names: list[str] = []
    for name in wanted:
        seen[name] += 1
        if seen[name] > 1:
            while (numbered := f"{name} ({seen[name]})") in taken:
                seen[name] += 1
            taken.add(numbered)
            name = numbered
        names.append(name)
    return tuple(names)


Rows = list[list[str]]
#: Share of the cells of a row that are keys, from which on it is a line of keys and values.
_KEYS = 0.25


def _cleaned(grid: Sequence[Sequence[str | None]]) -> Rows:
    return [[" ".join((cell or "").replace("\ufeff", "").split()) for cell in row] for row in grid]


def _width(rows: Rows) -> int:
    return max(map(len, rows), default=0)


def _filled(row: list[str]) -> list[str]:
    return [cell for cell in row if cell]


def _leaf(rows: Rows) -> int | None:
    """The first row of names that differs from what stands below it."""
    wide = _wide(rows)
    for index in range(min(len(rows), _TITLE_ROWS)):
        row = rows[index]
        if not _is_labels(row, wide) or _is_title(row):
            continue
        kinds = _kinds(rows[index + 1 :], len(row), skip=row)
        agree, contrast = _compared(row, kinds)
        if agree >= max(1, contrast) or _follows_records(rows, index, kinds, wide):
            continue
        if contrast == 0 and _recurs(row, rows):
            break
        return index
    return _sparse_leaf(rows, wide)


def _sparse_leaf(rows: Rows, wide: int) -> int | None:
    """A header with many blank cells: names above at least two columns of other values."""
    for index in range(min(len(rows) - 1, _TITLE_ROWS)):
        row = rows[index]
        if not _is_labels(row, max(2, wide // 2)) or _is_title(row):
            continue
        kinds = _kinds(rows[index + 1 :], len(row), skip=row)
        agree, contrast = _compared(row, kinds)
        if agree == 0 and contrast >= 2 and not _follows_records(rows, index, kinds, wide):
            return index
    return None


def _first_record(rows: Rows) -> int:
    wide = _wide(rows)
    return next(
        (
            index
            for index, row in enumerate(rows[:_TITLE_ROWS])
            if len(_filled(row)) >= wide and not _is_title(row)
        ),
        0,
    )


def _wide(rows: Rows) -> int:
    """Cells that a row needs to be as wide as the data: two thirds of the usual number."""
    counts = [len(_filled(row)) for row in rows[: _TITLE_ROWS + _BODY_ROWS]]
    usual = Counter(counts[1:] or counts).most_common(1)[0][0]
    most = max(usual, max(counts) // 2)
    return min(max(2, (most * 2 + 2) // 3), max(counts))


def _is_labels(row: list[str], wide: int) -> bool:
    cells = _filled(row)
    if not cells or len(cells) < wide:
        return False
    in_run = periods(row)
    named = sum(
        index in in_run or (bool(cell) and kind(cell) in ("text", "code") and len(cell) <= _LONGEST_NAME)
        for index, cell in enumerate(row)
    )
    return named >= 0.8 * len(cells)


def _is_title(row: list[str]) -> bool:
    """One text all over the row (a merged title), or keys with their values.

    A key whose value stands in the next cell ends with a colon, and so may the names of a
    header, one of them or all: there are fewer keys than values and more than a stray one.
    """
    cells = _filled(row)
    pairs = [cell for cell in cells if is_pair(cell)]
    open_keys = sum(cell.endswith((":", "：")) for cell in pairs)
    share = len(pairs) / len(cells) if cells else 0
    is_keys = share >= _KEYS and (open_keys < len(pairs) or share <= 1 - _KEYS or len(cells) == 1)
    return (len(cells) > 1 and len(set(cells)) == 1) or is_keys


def _kinds(body: Rows, width: int, skip: list[str]) -> list[str]:
    """Usual kind of the cells of each column; "" where no kind has more than half of them."""
    counts: list[Counter[str]] = [Counter() for _ in range(width)]
    for row in body[:_BODY_ROWS]:
        if row != skip:
            for column, cell in zip(counts, row):
                if cell and (found := kind(cell)):
                    column[found] += 1
    return [_usual(column) for column in counts]


def _usual(counts: Counter[str]) -> str:
    if counts["number"]:
        counts["number"] += counts.pop("year", 0)
    return next((name for name, n in counts.most_common(1) if 2 * n > counts.total()), "")


def _compared(row: list[str], kinds: list[str]) -> tuple[int, int]:
    """In how many typed columns `row` is of the column's kind, and in how many it is another."""
    in_run = periods(row)
    agree = contrast = 0
    for index, (cell, usual) in enumerate(zip(row, kinds)):
        if cell and usual in _TYPED:
            same = index not in in_run and kind(cell) == usual
            agree += same
            contrast += not same
    return agree, contrast


def _resembles(row: list[str], kinds: list[str], wide: int) -> bool:
    """Whether `row` is a record, judged by the kinds of the columns."""
    agree, _ = _compared(row, kinds)
    n_typed = sum(usual in _TYPED for usual in kinds)
    return len(_filled(row)) >= wide and not _is_title(row) and 2 * agree > n_typed


def _follows_records(rows: Rows, index: int, kinds: list[str], wide: int) -> bool:
    """Whether records stand above a row; one that is not full may be a totals row."""
    above = [row for row in rows[:index] if _resembles(row, kinds, wide)]
    return len(above) > 1 or any(len(_filled(row)) >= len(_filled(rows[index])) for row in above)


def _recurs(row: list[str], body: Rows) -> bool:
    """Whether a quarter of the cells stand in their columns again, as only data do."""
    others = [other for other in body[:_BODY_ROWS] if other != row]
    again = sum(
        bool(cell) and any(index < len(other) and other[index] == cell for other in others)
        for index, cell in enumerate(row)
    )
    return again > 0 and again >= len(_filled(row)) / 4


def _goes_on(rows: Rows, first: int, last: int) -> bool:
    """Whether the row below a header row is a header row, too."""
    at = last + 1
    if at + 1 >= len(rows) or rows[at] in rows[first:at]:
        return False
    row, upper = rows[at], rows[last]
    cells = _filled(row)
    if not cells or _is_title(row) or not _is_labels(row, 1) or _is_units(rows, at):
        return False
    if any(kind(cell) == "number" or cell.casefold() in MISSING for cell in cells):
        return False
    agree, contrast = _compared(row, _kinds(rows[at + 1 :], len(row), skip=row))
    if agree or not contrast or _recurs(row, rows[at + 1 :]):
        return False
    return _completes(upper, row) or (contrast >= 2 and _is_second_language(upper, row))


def _is_second_language(upper: list[str], lower: list[str]) -> bool:
    """Whether `lower` names the columns of `upper` again: in other letters, or as technical names."""
    pairs = [(above, below) for above, below in zip(upper, lower) if above or below]
    if len(set(lower)) < len(lower) or not all(above and below for above, below in pairs):
        return False
    other = sum(
        above.isascii() != below.isascii() or bool(_TECHNICAL.fullmatch(below)) for above, below in pairs
    )
    return 2 * other > len(pairs)


def _completes(upper: list[str], lower: list[str]) -> bool:
    """Whether `upper` has spans of several columns that `lower` tells apart."""
    spans = _spans(upper, lower)
    wide = [span for span in spans if len(span) > 1]
    return bool(wide) and all(len({lower[k] for k in span}) == len(span) for span in wide)


def _spans(upper: list[str], lower: list[str]) -> list[list[int]]:
    """Columns under each cell of an upper level: its own, and those right of it that are its merge."""
    found: list[list[int]] = []
    carried = _carried(upper, lower)
    for index in range(len(lower)):
        text = carried[index] if index < len(carried) else ""
        if not text or not lower[index]:
            continue
        if found and found[-1][-1] == index - 1 and carried[index - 1] == text:
            found[-1].append(index)
        else:
            found.append([index])
    return found


def _carried(upper: list[str], lower: list[str]) -> list[str]:
    """An upper level with the text of each merge in all its columns."""
    cells: list[str] = []
    held = ""
    for index in range(max(len(upper), len(lower))):
        text = upper[index] if index < len(upper) else ""
        below = lower[index] if index < len(lower) else ""
        if text:
            held = text if below else ""
        elif not below:
            held = ""
        cells.append(text or held)
    return cells


def _is_level_above(rows: Rows, first: int, last: int) -> bool:
    """Whether the row above a header row groups its columns, and is no title."""
    upper, lower = rows[first - 1], _joined(rows[first : last + 1])
    cells = _filled(upper)
    if not cells or _is_title(upper) or any(len(cell) > _LONGEST_NAME or holds_day(cell) for cell in cells):
        return False
    periods = [cell for cell in cells if is_period(cell)]
    if any(kind(cell) in ("number", "year", "date") for cell in cells if cell not in periods):
        return False
    spans = _spans(upper, lower)
    if not any(len(span) > 1 for span in spans):
        return False
    is_told_apart = len(set(_filled(lower))) == len(_filled(lower)) and all(lower)
    if is_told_apart and any(len(span) == 1 and upper[span[0]] != lower[span[0]] for span in spans):
        return False
    return len(set(cells)) > 1 or (not upper[0] and (bool(periods) or not is_told_apart))


def _is_units(rows: Rows, at: int) -> bool:
    """Whether a row holds nothing but units, above numbers."""
    row = rows[at]
    cells = [cell for cell in row if kind(cell) or cell in ("%",)]
    if not cells or not all(map(is_unit, cells)):
        return False
    below = _kinds(rows[at + 1 :], len(row), skip=row)
    numeric = [
        index < len(below) and below[index] in ("number", "")
        for index, cell in enumerate(row)
        if cell in cells
    ]
    return sum(numeric) * 2 > len(numeric)


def _named(rows: Rows, first: int, n_levels: int, has_units: bool) -> HeaderBlock:
    end = first + n_levels + has_units
    width = max(map(len, rows[first : end + _BODY_ROWS]), default=0)
    names = _joined([level + [""] * (width - len(level)) for level in rows[first : first + n_levels]])
    if has_units:
        units = rows[end - 1] + [""] * (width - len(rows[end - 1]))
        names = [
            f"{name}（{cell.strip(BRACKETS)}）" if name and cell not in BLANK and cell else name
            for name, cell in zip(names, units)
        ]
    return HeaderBlock(first, end - first, unique_headers(names), _preamble(rows[:first]))


def _joined(levels: Rows) -> list[str]:
    """Name of each column over all levels, the texts of merges carried to the right."""
    width = _width(levels)
    levels = [level + [""] * (width - len(level)) for level in levels]
    for index in range(len(levels) - 2, -1, -1):
        below = ["".join(column) for column in zip(*levels[index + 1 :])]
        levels[index] = _carried(levels[index], below)
    return [" / ".join(_distinct(column)) for column in zip(*levels)]


def _distinct(column: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(cell for cell in column if cell))


def _preamble(rows: Rows) -> tuple[str, ...]:
    """Texts above a header; a key that ends with a colon takes the next cell along."""
    texts: list[str] = []
    for row in rows:
        is_open = False
        for cell in _distinct(row):
            if is_open:
                texts[-1] += cell
            else:
                texts.append(cell)
            is_open = cell.endswith((":", "：")) and not is_open
    return tuple(texts)
