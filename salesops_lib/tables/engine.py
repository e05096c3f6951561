"""Engines that hold the facts: one small class each, all spoken to in DuckDB's SQL.

DuckDB is the default.  Another engine carries the same statements over with sqlglot, so that
metrics are written once.  What an engine returns is a pandas frame small enough to look at;
sums of money are cast to BIGINT in SQL and stay exact up to 2**53 minor units in a frame
that also holds missing values.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from salesops_lib.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


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
    def execute(self, sql: str, values: Sequence[object] = ()) -> None: ...
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
            raise DataError(
                f"There are no facts at {path} yet.\nAdd files with `salesops add FILE…`, then run `salesops load`; "
                "or see the sample company with `salesops demo`."
            )
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
        return _grouped(rows)

    def close(self) -> None:
        self.connection.close()


#: Type codes of PostgreSQL: date, timestamp, timestamp with time zone; integers, floats, numeric.
_POSTGRES_DAYS = frozenset({1082, 1114, 1184})
_POSTGRES_NUMBERS = frozenset({20, 21, 23, 700, 701, 1700})


def _number(value: Any) -> int | float | None:
    return float(value) if isinstance(value, Decimal) else value


class PostgresEngine:
    """Facts in PostgreSQL; statements are carried over from DuckDB's dialect by sqlglot.

    `url` is a libpq connection string.  Passwords belong into the environment or a pgpass
    file, not into the URL.
    """

    def __init__(self, url: str, *, read_only: bool = True) -> None:
        import psycopg

        try:
            self.connection = psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError as problem:
            raise DataError(f"PostgreSQL cannot be reached: {str(problem).strip()}") from problem
        if read_only:
            self.connection.execute("SET default_transaction_read_only = on")

    def query(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """Rows in the types that DuckDB gives: days as datetimes, numbers as numbers, missing as missing."""
        import pandas as pd

        cursor = self.connection.execute(translated(sql, "postgres"), list(values))
        described = cursor.description or ()
        frame = pd.DataFrame(cursor.fetchall(), columns=[column.name for column in described])
        for position, column in enumerate(described):
            if column.type_code in _POSTGRES_DAYS:
                frame.isetitem(position, pd.to_datetime(frame.iloc[:, position]))
            elif column.type_code in _POSTGRES_NUMBERS:
                frame.isetitem(position, pd.to_numeric(frame.iloc[:, position].map(_number)))
        return frame

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self.connection.execute(translated(sql, "postgres")).fetchall())

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        self.connection.execute(translated(sql, "postgres"), list(values))

    def columns(self) -> dict[str, list[str]]:
        rows = self.connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
        ).fetchall()
        return _grouped(rows)

    def close(self) -> None:
        self.connection.close()


#: Stands for a bound value while a statement is carried over.
_BOUND = "salesops_bound_value"


def translated(sql: str, dialect: str) -> bytes:
    """`sql` of DuckDB's dialect in another one, with `?` as psycopg's `%s`."""
    import sqlglot
    from sqlglot import expressions

    statement = sqlglot.parse_one(sql, read="duckdb")
    for placeholder in list(statement.find_all(expressions.Placeholder)):
        placeholder.replace(expressions.Var(this=_BOUND))
    return statement.sql(dialect).replace("%", "%%").replace(_BOUND, "%s").encode()


def _grouped(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found
