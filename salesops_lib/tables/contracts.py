"""The canonical tables: grain, columns, types, and the names other systems give them.

This registry is the one place that says what a table is called and holds.  The synonyms
(zh and en) drive the mapping of own columns; the types drive cleaning and the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

ColumnType = Literal["text", "date", "money", "quantity", "number", "ratio", "integer"]

#: How a column type is stored.  Money is an integer count of minor units (fen, cent).
SQL_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "text": "VARCHAR",
        "date": "DATE",
        "money": "BIGINT",
        "quantity": "DECIMAL(18, 3)",
        "number": "DECIMAL(18, 4)",
        "ratio": "DOUBLE",
        "integer": "BIGINT",
    }
)


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    `synonyms` are header names seen in other systems, in any language; they are compared
    after case, spaces and punctuation are folded.
    """

    name: str
    type: ColumnType = "text"
    zh: str = ""
    required: bool = False
    synonyms: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class Table:
    """A canonical table: one row per `grain`, unique by `key`.

    `refers` maps a column to the table whose key it must be found in; a value that is not
    found there is counted as an orphan and shown, never dropped.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    zh: str = ""
    refers: Mapping[str, str] = field(default_factory=dict)
    dated_by: str = ""

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)


def column(spec: str, zh: str, *synonyms: str, type: ColumnType = "text", about: str = "") -> Column:
    """A column as the lists of tables write it; `!` after its name says that it is required."""
    return Column(spec.rstrip("!"), type, zh, spec.endswith("!"), synonyms, about)
