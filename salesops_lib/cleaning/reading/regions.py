"""Which part of a sheet is the table: the main one of several beside or below one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from salesops_lib.cleaning.reading import headers
from salesops_lib.cleaning.reading.cells import kind
from salesops_lib.cleaning.reading.grids import Row

_HEAD = 50
_FEWEST_ROWS = 2

RowsOf = Callable[[np.ndarray, np.ndarray], list[Row]]


@dataclass(frozen=True)
class Region:
    """Rows (without blank ones) and columns of the main table, and what is left out.

    `others` holds (rows, columns) of every other table, all counted from 0.
    """

    rows: np.ndarray
    columns: np.ndarray
    others: tuple[tuple[np.ndarray, np.ndarray], ...] = ()


def main_region(filled: np.ndarray, rows_of: RowsOf) -> Region:
    """Main table of a sheet: the one with the most cells.

    Parameters
    ----------
    filled
        Which cells hold something, rows by columns.
    rows_of
        Gives the texts of some rows in some columns.

    Notes
    -----
    Tables are side by side where a blank column parts two blocks that have headers of their own
    and do not end in the same row; they are below one another where a header of other names
    follows a blank row.
    """
    columns, beside = _split_columns(filled, rows_of)
    rows = np.flatnonzero(filled[:, columns].any(axis=1))
    main, below = _split_rows(rows, columns, filled, rows_of)
    kept = columns[filled[np.ix_(main, columns)].any(axis=0)] if len(main) else columns
    return Region(main, kept, (*below, *beside))


Table = tuple[np.ndarray, np.ndarray]


def _split_columns(filled: np.ndarray, rows_of: RowsOf) -> tuple[np.ndarray, list[Table]]:
    used = np.flatnonzero(filled.any(axis=0))
    blocks = [block for block in np.split(used, np.flatnonzero(np.diff(used) > 1) + 1) if len(block)]
    if len(blocks) < 2:
        return used, []
    main = max(blocks, key=lambda block: int(filled[:, block].sum()))
    main_rows = _dense_rows(filled, main)
    others = []
    for block in blocks:
        rows = _dense_rows(filled, block)
        if block is main or len(block) < 2 or len(rows) <= _FEWEST_ROWS or _same_extent(rows, main_rows):
            continue
        is_solid = rows[-1] - rows[0] + 1 == len(rows)
        if is_solid and _is_table(rows_of(rows[:_HEAD], block)):
            others.append((np.flatnonzero(filled[:, block].any(axis=1)), block))
    taken = {int(column) for _, block in others for column in block}
    return np.array([column for column in used if int(column) not in taken], dtype=np.int64), others


def _dense_rows(filled: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Rows with two cells or more in a block of columns: titles are left out."""
    return np.flatnonzero(filled[:, block].sum(axis=1) > 1)


def _same_extent(rows: np.ndarray, main: np.ndarray) -> bool:
    return len(main) > 0 and rows[0] == main[0] and rows[-1] == main[-1]


def _split_rows(
    rows: np.ndarray, columns: np.ndarray, filled: np.ndarray, rows_of: RowsOf
) -> tuple[np.ndarray, list[Table]]:
    segments = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    tables: list[list[np.ndarray]] = [[]]
    names: set[tuple[str, ...]] = set()
    for segment in segments:
        if len(segment) >= _FEWEST_ROWS and _may_start(rows_of(segment[:4], columns)):
            head = rows_of(segment[:_HEAD], columns)
            if _is_table(head):
                found = headers.find(head).names
                if names and found not in names:
                    tables.append([])
                names.add(found)
        tables[-1].append(segment)
    joined = [np.concatenate(table) for table in tables if table]
    if not joined:
        return rows, []
    main = max(joined, key=lambda table: int(filled[np.ix_(table, columns)].sum()))
    return main, [(table, columns) for table in joined if table is not main]


def _may_start(rows: list[Row]) -> bool:
    return any(
        sum(bool(cell) for cell in row) > 1 and all(kind(cell.strip()) == "text" for cell in row if cell)
        for row in rows
    )


def _is_table(rows: list[Row]) -> bool:
    return headers.has_contrast(rows)
