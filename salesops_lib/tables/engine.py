"""What an engine that holds the facts is asked, in DuckDB's SQL; and DuckDB, which does it by default.

Other engines (`postgres`, `spark`) carry the same statements over with sqlglot, so that they are
written once.  What an engine returns is a pandas frame small enough to look at; sums of money
are cast to BIGINT in SQL and stay exact up to 2**53 minor units in a frame that also holds
missing values.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from salesops_lib.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def quoted(identifier: str) -> str:
    """`identifier` as SQL, safe whatever it holds.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string, for statements that take no bound value.

    >>> literal("O'Neill")
    "'O''Neill'"
    """
    return "'" + text.replace("'", "''") + "'"


class Engine(Protocol):
    """What the library asks of an engine; SQL is in DuckDB's dialect, `?` marks a bound value."""

    def query(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame: ...
    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...
    def stream(self, sql: str, values: Sequence[object] = ()) -> pa.RecordBatchReader: ...
    def columns(self) -> dict[str, list[str]]: ...
    def close(self) -> None: ...


_SEALING = threading.Lock()


class DuckDBEngine:
    """Facts in one DuckDB file, or in memory.

    Examples
    --------
    >>> engine = DuckDBEngine()
    >>> engine.query("SELECT 1 + ? AS two", [1]).two.item()
    2
    """

    def __init__(self, path: Path | str = ":memory:", *, read_only: bool = False) -> None:
        import duckdb

        if read_only and not Path(path).is_file():
            raise no_facts(path)
        try:
            self.connection = duckdb.connect(str(path), read_only=read_only)
            if read_only:
                self.seal()
            else:
                with contextlib.suppress(
                    duckdb.InvalidInputException
                ):  # Jupyter without ipywidgets has no bar to hide
                    self.connection.execute("SET enable_progress_bar = false")
        except (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException) as problem:
            busy = "lock" in str(problem).lower()
            advice = (
                "Another program is writing to it; wait for it to end."
                if busy
                else "The file is not a DuckDB file or is damaged. Rebuild it from the raw files with `salesops load`."
            )
            raise DataError(f"The store {path} cannot be opened.\n{advice}") from problem

    def seal(self) -> None:
        """Close every way from SQL to files, network and settings for the rest of the session.

        Connections of one process to one file share their settings; the second finds them locked.
        """
        with _SEALING:
            if self.connection.execute("SELECT current_setting('lock_configuration')").fetchall() == [
                (True,)
            ]:
                return
            for setting in (
                "autoinstall_known_extensions = false",
                "autoload_known_extensions = false",
                "enable_external_access = false",
                "lock_configuration = true",
            ):
                self.connection.execute(f"SET {setting}")

    def query(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        return self.connection.execute(sql, list(values)).fetchdf()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """A few rows as Python values, for which pandas need not be imported."""
        return list(self.connection.execute(sql).fetchall())

    def stream(self, sql: str, values: Sequence[object] = ()) -> pa.RecordBatchReader:
        """Rows of `sql` as Arrow batches, however many."""
        return self.connection.sql(sql, params=list(values)).to_arrow_reader()

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        self.connection.execute(sql, list(values))

    def register(self, name: str, frame: Any) -> None:
        """Make a pandas frame or Arrow table readable under `name`."""
        self.connection.register(name, frame)

    def columns(self) -> dict[str, list[str]]:
        """Columns of each table, in order."""
        rows = self.connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'main' ORDER BY table_name, ordinal_position"
        ).fetchall()
        return grouped(rows)

    def close(self) -> None:
        self.connection.close()


def grouped(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Columns of each table, of pairs of both.

    >>> grouped([("sales", "order_id"), ("sales", "kind")])
    {'sales': ['order_id', 'kind']}
    """
    found: dict[str, list[str]] = {}
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


def no_facts(place: Path | str) -> DataError:
    """What to say where nothing was loaded yet."""
    return DataError(
        f"There are no facts at {place} yet.\nAdd files with `salesops add FILE…`, then run `salesops load`; "
        "or see the sample company with `salesops demo`."
    )
