"""Where cleaning's tests find real data, and small workspaces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from salesops_lib import cleaning


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., tuple[cleaning.Audit, Callable[[str], list[tuple]]]]:
    """Write `name=text` files into a workspace, add and load them; gives the audit and a query."""

    def make(
        policy: object = None, **files: str | bytes
    ) -> tuple[cleaning.Audit, Callable[[str], list[tuple]]]:
        paths = []
        for name, text in files.items():
            path = tmp_path / f"{name}.csv"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append(path)
        cleaning.add(tmp_path, paths, yes=True, policy=policy)
        audit = cleaning.load(tmp_path, policy=policy)

        def query(sql: str) -> list[tuple]:
            with duckdb.connect(str(tmp_path / "data" / "facts.duckdb"), read_only=True) as connection:
                return connection.execute(sql).fetchall()

        return audit, query

    return make
