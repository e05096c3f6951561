"""Makes the modules beside the tests importable, and stores of hand-written customers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from salesops_lib.cleaning.audit import Audit, SourceAudit
from salesops_lib.cleaning.merging import customers
from salesops_lib.cleaning.settings import Settings
from salesops_lib.tables import SQL_TYPES, TABLES
from salesops_lib.tables.engine import DuckDBEngine, quoted

sys.path.insert(0, str(Path(__file__).parent))


class Store:
    """Hand-written tables of one load; `merge` does to them what a load does."""

    def __init__(self, data: Path, tables: dict[str, list[dict[str, Any]]]) -> None:
        self.data, self.engine, self.audit = data, DuckDBEngine(":memory:"), Audit()
        for name, rows in tables.items():
            body = ", ".join(f"{quoted(c.name)} {SQL_TYPES[c.type]}" for c in TABLES[name].columns)
            self.engine.execute(f"CREATE TABLE {name} ({body})")
            for row in rows:
                marks = ", ".join("?" for _ in row)
                self.engine.connection.execute(
                    f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", list(row.values())
                )
            self.audit.sources.append(SourceAudit(f"{name}.csv", name, "file", len(rows), len(rows), 0, 0))

    def merge(self, **merging: Any) -> Store:
        settings = Settings()
        if merging:
            object.__setattr__(settings, "merging", merging)
        customers(self.engine.connection, self.data, settings, self.audit)
        return self

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.engine.connection.execute(sql).fetchall()

    def facts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table that came from files."""
        return {
            one.table: sorted(self.rows(f"SELECT * FROM {one.table}"), key=repr) for one in self.audit.sources
        }

    def review(self) -> list[dict[str, str]]:
        from salesops_lib.cleaning.merging import review

        path = self.data / review.NAME
        return [row for _, row in review._rows(path)] if path.exists() else []

    def decide(self, word: str, *ids: str) -> None:
        """Write a person's word beside the pair of these ids."""
        from salesops_lib.cleaning.merging import review

        rows = self.review()
        for row in rows:
            if {row["left_id"], row["right_id"]} == set(ids):
                row["decision"] = word
        review.write(self.data / review.NAME, rows)


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """`load(customers=[{...}], order_lines=[...])` is a load up to the point where customers are merged."""
    opened: list[Store] = []

    def make(**tables: list[dict[str, Any]]) -> Store:
        opened.append(Store(tmp_path, tables))
        return opened[-1]

    yield make
    for store in opened:
        store.engine.close()
