"""Tables of a database by URL: duckdb:///file, sqlite:///file, postgresql://user@host:port/database.

Connections only read, in batches; values become text in the database where it does so without loss.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import numpy as np

from salesops_lib.cleaning.reading.addresses import Address, address
from salesops_lib.cleaning.reading.containers import Part
from salesops_lib.cleaning.reading.grids import Grid, Row, aside_frame, text_table
from salesops_lib.cleaning.reading.headers import unique_headers
from salesops_lib.errors import DataError, nearest

if TYPE_CHECKING:
    from salesops_lib.cleaning.sources import Source

_BATCH = 50_000
_LOCAL: dict[str, Any] = {"autoinstall_known_extensions": "false"}


def parts(url: str) -> list[Part]:
    """Tables and views of a database; one of them where the URL ends with `#schema.table`.

    Raises
    ------
    DataError
        If the database cannot be reached or read, or has no such table.
    """
    where = address(url)
    wanted = unquote(url.partition("#")[2])
    with _connected(where) as database:
        found = [_dotted(schema, table) for schema, table in database.tables()]
    if not found:
        raise DataError(f"{where} holds no table that may be read.")
    if wanted:
        found = [_chosen(wanted, found, where)]
    return [Part(Path(_file_name(where)), sheet=name, url=where) for name in found]


def sample_grid(part: Part, limit: int) -> list[tuple[int, Row]]:
    """Names of the columns as row 0, then the first `limit` records with numbers from 1."""
    with _opened(part) as (table, names):
        rows = list(islice((row for batch in table.batches(limit) for row in batch), limit))
        return [(0, names), *enumerate(rows, start=1)]


def grid(part: Part, source: Source | None = None) -> Grid:
    """All records of a table as text, numbered in the order of its primary key.

    Notes
    -----
    Without a primary key, the order is the one in which the database keeps or gives the
    records, which the notes say.  NULL is missing; binary values are hexadecimal.
    """
    import pyarrow as pa

    del source
    with _opened(part) as (table, names):
        chunks: list[list[Any]] = [[] for _ in names]
        n_rows = 0
        for batch in table.batches(None):
            n_rows += len(batch)
            for chunk, column in zip(chunks, zip(*batch)):
                chunk.append(pa.array(column, pa.string()))
        columns = [pa.chunked_array(chunk, pa.string()) for chunk in chunks]
        notes = () if table.key else (f"{part.name} has no primary key; rows are numbered {table.order}",)
        return Grid(names, text_table(columns), np.arange(1, n_rows + 1), aside_frame(), notes)


def fingerprint(part: Part) -> str:
    """Number of records and a digest of their texts, the same in every order of records.

    The sum of each record's 128-bit BLAKE2b digest; a changed cell changes it, and so does a
    record that stands twice.
    """
    with _opened(part) as (table, names):
        total = count = 0
        for batch in table.batches(None):
            count += len(batch)
            for row in batch:
                total += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=16).digest())
        head = hashlib.blake2b(repr(names).encode(), digest_size=8).hexdigest()
        return f"{count}-{head}-{total % (1 << 128):032x}"


def _file_name(where: Address) -> str:
    return urlsplit(where.target).path.rsplit("/", 1)[-1] or "database"


def _dotted(schema: str, table: str) -> str:
    return ".".join(f'"{name}"' if "." in name else name for name in (schema, table) if name)


def _undotted(name: str) -> tuple[str, str]:
    found = [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|([^.]+)', name)]
    return (found[0], found[1]) if len(found) > 1 else ("", found[0])


def _chosen(wanted: str, names: Sequence[str], where: Address) -> str:
    ends = [name for name in names if _undotted(name)[1] == _undotted(wanted)[1]]
    if wanted in names or (len(ends) == 1 and not _undotted(wanted)[0]):
        return wanted if wanted in names else ends[0]
    raise DataError(f"{where} has no table {wanted!r}; {nearest(wanted, names)}")


def _quoted(*names: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in names if name)


@dataclass
class _Database:
    """An open connection; `tables` are (schema, table) of its tables and views."""

    connection: Any

    def tables(self) -> list[tuple[str, str]]:
        raise NotImplementedError

    def columns(self, schema: str, table: str) -> list[str]:
        raise NotImplementedError

    def key(self, schema: str, table: str) -> list[str]:
        raise NotImplementedError

    def rows(self, statement: str, columns: Sequence[str]) -> Iterator[list[Row]]:
        raise NotImplementedError

    def stable(self, schema: str, table: str) -> str:
        """Expression that keeps the order of a table without a key; empty where there is none."""
        del schema, table
        return ""

    def text(self, column: str) -> str:
        return column


class _Sqlite(_Database):
    def tables(self) -> list[tuple[str, str]]:
        found = self.connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
        )
        return [("", name) for (name,) in found]

    def columns(self, schema: str, table: str) -> list[str]:
        return [row[1] for row in self.connection.execute(f"PRAGMA table_info({_quoted(table)})")]

    def key(self, schema: str, table: str) -> list[str]:
        ranks = [(row[5], row[1]) for row in self.connection.execute(f"PRAGMA table_info({_quoted(table)})")]
        return [name for rank, name in sorted(ranks) if rank]

    def stable(self, schema: str, table: str) -> str:
        kind = self.connection.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        names = {name.casefold() for name in self.columns(schema, table)}
        return "rowid" if kind == ("table",) and "rowid" not in names else ""

    def rows(self, statement: str, columns: Sequence[str]) -> Iterator[list[Row]]:
        cursor = self.connection.execute(statement)
        while batch := cursor.fetchmany(_BATCH):
            yield list(zip(*([_sqlite_text(value) for value in column] for column in zip(*batch))))


class _Duck(_Database):
    def tables(self) -> list[tuple[str, str]]:
        return self.connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database() "
            "AND table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY ALL"
        ).fetchall()

    def columns(self, schema: str, table: str) -> list[str]:
        found = self.connection.execute(f"DESCRIBE {_quoted(schema, table)}").fetchall()
        return [row[0] for row in found]

    def key(self, schema: str, table: str) -> list[str]:
        found = self.connection.execute(
            "SELECT constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY' "
            "AND database_name = current_database() AND schema_name = ? AND table_name = ?",
            [schema, table],
        ).fetchone()
        return list(found[0]) if found else []

    def stable(self, schema: str, table: str) -> str:
        kind = self.connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = ? AND table_name = ?",
            [schema, table],
        ).fetchone()
        return "rowid" if kind and "rowid" not in map(str.casefold, self.columns(schema, table)) else ""

    def text(self, column: str) -> str:
        return f"CAST({column} AS VARCHAR)"

    def rows(self, statement: str, columns: Sequence[str]) -> Iterator[list[Row]]:
        cursor = self.connection.execute(statement)
        while batch := cursor.fetchmany(_BATCH):
            yield batch


class _Postgres(_Database):
    def _all(self, statement: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, values).fetchall()

    def tables(self) -> list[tuple[str, str]]:
        return self._all(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname !~ '^pg_' "
            "AND n.nspname <> 'information_schema' AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2"
        )

    def columns(self, schema: str, table: str) -> list[str]:
        found = self._all(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [_quoted(schema, table)],
        )
        return [name for (name,) in found]

    def key(self, schema: str, table: str) -> list[str]:
        found = self._all(
            "SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(n, place) "
            "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n "
            "WHERE i.indrelid = %s::regclass AND i.indisprimary ORDER BY k.place",
            [_quoted(schema, table)],
        )
        return [name for (name,) in found]

    def text(self, column: str) -> str:
        return f"{column}::text"

    def rows(self, statement: str, columns: Sequence[str]) -> Iterator[list[Row]]:
        with self.connection.cursor(name="salesops") as cursor:
            cursor.itersize = _BATCH
            cursor.execute(statement)
            while batch := cursor.fetchmany(_BATCH):
                yield batch


@dataclass(frozen=True)
class _Table:
    """One table or view of an open database, read in a stable order where there is one."""

    database: _Database
    schema: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    order: str
    by: tuple[str, ...]

    def batches(self, limit: int | None) -> Iterator[list[Row]]:
        wanted = ", ".join(self.database.text(_quoted(column)) for column in self.columns)
        order = f" ORDER BY {', '.join(self.by)}" if self.by else ""
        end = "" if limit is None else f" LIMIT {int(limit)}"
        yield from self.database.rows(
            f"SELECT {wanted} FROM {_quoted(self.schema, self.name)} AS source{order}{end}", self.columns
        )


@contextmanager
def _opened(part: Part) -> Iterator[tuple[_Table, tuple[str, ...]]]:
    where = part.url if isinstance(part.url, Address) and part.url.target else address(part.url)
    schema, name = _undotted(part.sheet)
    with _connected(where) as database:
        if (schema, name) not in [tuple(found) for found in database.tables()]:
            raise DataError(
                f"{where} has no table {part.sheet!r}; {nearest(part.sheet, [_dotted(*t) for t in database.tables()])}"
            )
        columns, key = database.columns(schema, name), database.key(schema, name)
        stable = "" if key else database.stable(schema, name)
        by = [f"source.{_quoted(column)}" for column in key] or ([f"source.{stable}"] if stable else [])
        order = "as they were entered" if stable else "as the database gives them, which may change"
        table = _Table(database, schema, name, tuple(columns), tuple(key), order, tuple(by))
        yield table, unique_headers(columns)


@contextmanager
def _connected(where: Address) -> Iterator[_Database]:
    """An open, read-only database; its errors as messages without the password."""
    database: _Database | None = None
    try:
        database = {"sqlite": _open_sqlite, "duckdb": _open_duck, "postgres": _open_postgres}[where.kind](
            where
        )
        yield database
    except DataError:
        raise
    except Exception as problem:
        if type(problem).__module__.partition(".")[0] not in (
            "sqlite3",
            "duckdb",
            "_duckdb",
            "psycopg",
            "psycopg_binary",
        ):
            raise
        said = " ".join(str(problem).split())
        if where.password:
            said = said.replace(where.password, "…")
        raise DataError(f"{where} cannot be read: {said[:300]}. {_advice(where.kind, said)}") from None
    finally:
        if database is not None:
            database.connection.close()


def _advice(kind: str, said: str) -> str:
    if kind == "postgres":
        return "Check host, port and name; give the password in PGPASSWORD or ~/.pgpass."
    if "lock" in said.casefold():
        return "Close the program that has it open."
    return f"Check that the file is a {'SQLite' if kind == 'sqlite' else 'DuckDB'} database of this version and whole."


def _database_file(where: Address) -> Path:
    path = Path(unquote(urlsplit(where.target).path.removeprefix("/")))
    if not path.is_file():
        raise DataError(
            f"{where}: there is no file {path}. Three slashes begin a relative path, four an absolute one."
        )
    return path


def _open_sqlite(where: Address) -> _Database:
    path = _database_file(where)
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    return _Sqlite(connection)


def _open_duck(where: Address) -> _Database:
    import duckdb

    return _Duck(duckdb.connect(str(_database_file(where)), read_only=True, config=_LOCAL))


def _open_postgres(where: Address) -> _Database:
    try:
        import psycopg
    except ImportError as problem:
        raise DataError(
            "PostgreSQL needs one more package. Install it with `pip install 'salesops[postgres]'` and try again."
        ) from problem
    secret: dict[str, Any] = {"password": where.password} if where.password else {}
    connection = psycopg.connect(
        where.target, connect_timeout=15, options="-c default_transaction_read_only=on", **secret
    )
    connection.read_only = True
    return _Postgres(connection)


def _sqlite_text(value: Any) -> str | None:
    kind = type(value)
    if kind is str or value is None:
        return value
    if kind is int:
        return str(value)
    if kind is bytes:
        return value.hex()
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
