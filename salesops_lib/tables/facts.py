"""The facts of a workspace: an engine, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from salesops_lib.tables.canonical import TABLES
from salesops_lib.tables.engine import Engine

if TYPE_CHECKING:
    import pandas as pd


class Facts:
    """Canonical and derived tables, readable as SQL in DuckDB's dialect.

    Every canonical table exists in a store; one that was never loaded is empty.  `has` tells
    which of them, and which columns, hold anything.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def query(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """Rows of `sql`; `?` marks a bound value."""
        return self.engine.query(sql, values)

    @cached_property
    def _filled(self) -> dict[tuple[str, str], int]:
        rows = self.engine.rows("SELECT table_name, column_name, n_filled FROM table_columns")
        return {(table, column): int(n) for table, column, n in rows}

    @cached_property
    def rows(self) -> dict[str, int]:
        """Number of rows of each canonical and derived table."""
        counted = self.engine.rows(
            "SELECT table_name, MAX(n_rows) AS n_rows FROM table_columns GROUP BY table_name"
        )
        return {table: int(n) for table, n in counted}

    @cached_property
    def _columns(self) -> dict[str, list[str]]:
        return self.engine.columns()

    def columns(self, table: str) -> list[str]:
        """Columns of `table`, in order."""
        return self._columns.get(table, [])

    def has(self, *names: str) -> bool:
        """Whether each `table` or `table.column` of `names` holds at least one value."""
        return not self.missing(*names)

    def missing(self, *names: str) -> tuple[str, ...]:
        """Those of `names` (`table` or `table.column`) that hold nothing."""
        return tuple(name for name in names if not self._count(name))

    def filled(self, table: str, column: str) -> int:
        """Number of values in a column."""
        return self._filled.get((table, column), 0)

    def _count(self, name: str) -> int:
        table, _, column = name.partition(".")
        return self.filled(table, column) if column else self.rows.get(table, 0)

    @cached_property
    def _said(self) -> dict[str, str]:
        """What the store says of itself."""
        return dict(self.engine.rows("SELECT name, value FROM store_facts"))

    @property
    def fingerprint(self) -> str:
        """Hash of everything loaded: equal for equal sources, mappings and policy."""
        return self._said["fingerprint"]

    @property
    def scope(self) -> str:
        """The region, team or person whose rows these are; empty for the whole company."""
        return self._said.get("scope", "")

    @property
    def scope_kind(self) -> str:
        """What `scope` is: region, team or rep; empty for the whole company."""
        return self._said.get("scope_kind", "")

    def is_id(self, code: str) -> bool:
        """Whether `code` is the id of an order, a customer, a product or a salesperson."""
        return any(
            self.has(f"{table.name}.{column}")
            and len(self.query(f"SELECT {column} FROM {table.name} WHERE {column} = ? LIMIT 1", [code]))
            for table in TABLES.values()
            for column in dict.fromkeys((*table.key, *table.refers))
            if column.endswith("_id")
        )

    @cached_property
    def last_day(self) -> date | None:
        """Last day with a sale (or, without sales, an opportunity) of the whole company."""
        if "last_day" in self._said:
            return date.fromisoformat(self._said["last_day"])
        for table, column in (("sales", "dated_on"), ("opportunities", "created_on")):
            if self.has(f"{table}.{column}"):
                found = self.engine.rows(f"SELECT CAST(MAX({column}) AS DATE) AS last_day FROM {table}")
                return date.fromisoformat(str(found[0][0]))
        return None

    def close(self) -> None:
        self.engine.close()
