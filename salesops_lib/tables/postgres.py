"""Facts in PostgreSQL: read as they were when a report began, replaced by a load at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import DataError
from salesops_lib.tables.dialects import frame, translated
from salesops_lib.tables.engine import DuckDBEngine, grouped, no_facts, quoted

if TYPE_CHECKING:
    import pandas as pd
    import psycopg
    import pyarrow as pa

#: The schema of the facts where a URL names none.
SCHEMA = "salesops"
#: Rows that one batch holds.
_BATCH = 20_000
#: PostgreSQL's code of the type numeric; what has no precision, such as a sum, becomes a float.
_NUMERIC = 1700


class PostgresEngine:
    """Facts in PostgreSQL; statements are carried over from DuckDB's dialect by sqlglot.

    A load replaces the schema under its name.  Whoever began to read before goes on reading the
    facts he began with, until the load after that.

    Parameters
    ----------
    url
        `postgresql://user@host:5432/database`, and `#schema` where that is not `salesops`.
        Passwords belong into PGPASSWORD or ~/.pgpass.

    Raises
    ------
    DataError
        If the server cannot be reached, or nothing was loaded into it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.connection = connected(url)
        self.connection.execute("SET default_transaction_read_only = on")
        found = self.connection.execute(
            "SELECT oid FROM pg_namespace WHERE nspname = %s", [_schema(url)]
        ).fetchone()
        if found is None:
            self.close()
            raise no_facts(url)
        self._oid, self._at = found[0], ""
        self._is_in_place()

    def query(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """Rows in the types that DuckDB gives."""
        import pyarrow as pa

        cursor = self._execute(sql, values)
        return frame(pa.Table.from_batches([_batch(cursor.fetchall(), _kinds(cursor))]))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self._execute(sql).fetchall())

    def stream(self, sql: str, values: Sequence[object] = ()) -> pa.RecordBatchReader:
        """Rows of `sql` as Arrow batches, however many."""
        import pyarrow as pa

        stack = contextlib.ExitStack()
        stack.enter_context(self.connection.transaction())
        cursor = self.connection.cursor(name="salesops")
        cursor.execute(translated(sql, "postgres").encode(), list(values))
        if not self._is_in_place():
            raise DataError("The facts were loaded anew while they were read. Run the reports again.")
        kinds = _kinds(cursor)

        def batches() -> Iterator[pa.RecordBatch]:
            with stack:
                while rows := cursor.fetchmany(_BATCH):
                    yield _batch(rows, kinds)

        return pa.RecordBatchReader.from_batches(_batch([], kinds).schema, batches())

    def columns(self) -> dict[str, list[str]]:
        """Columns of each table, in order."""
        return grouped(
            self.rows(
                "SELECT table_name, column_name FROM information_schema.columns "
                "WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
            )
        )

    def close(self) -> None:
        self.connection.close()

    def _execute(self, sql: str, values: Sequence[object] = ()) -> psycopg.Cursor[Any]:
        from psycopg import errors

        while True:
            try:
                done = self.connection.execute(translated(sql, "postgres").encode(), list(values))
            except (errors.UndefinedTable, errors.InvalidSchemaName):
                if self._is_in_place():
                    raise
                continue
            if self._is_in_place():
                return done

    def _is_in_place(self) -> bool:
        """Whether the facts are still called as they were for the last statement."""
        found = self.connection.execute(
            "SELECT nspname FROM pg_namespace WHERE oid = %s", [self._oid]
        ).fetchone()
        if found is None:
            raise DataError("The facts were loaded twice while they were read. Run the reports again.")
        if found[0] == self._at:
            return True
        self._at = found[0]
        self.connection.execute("SELECT set_config('search_path', %s, false)", [quoted(self._at)])
        return False


def _kinds(cursor: Any) -> list[tuple[str, pa.DataType | None]]:
    """Name and Arrow type of each column; None for what is found out from the values."""
    import pyarrow as pa

    types = {
        "bool": pa.bool_(), "int8": pa.int64(), "int4": pa.int32(), "int2": pa.int32(), "float8": pa.float64(),
        "float4": pa.float64(), "date": pa.date32(), "timestamp": pa.timestamp("us"), "text": pa.string(), "varchar": pa.string(),
    }  # fmt: skip
    found = []
    for column in cursor.description or ():
        kind = types.get(column.type_display.partition("(")[0])
        if column.type_code == _NUMERIC:
            kind = pa.float64() if column.precision is None else pa.decimal128(column.precision, column.scale)
        found.append((column.name, kind))
    return found


def _batch(rows: Sequence[Sequence[Any]], kinds: Sequence[tuple[str, pa.DataType | None]]) -> pa.RecordBatch:
    import pyarrow as pa

    columns: Sequence[Sequence[Any]] = list(zip(*rows)) if rows else [()] * len(kinds)
    arrays = [
        pa.array([None if v is None else float(v) for v in values], kind)
        if kind == pa.float64()
        else pa.array(values, kind)
        for values, (_, kind) in zip(columns, kinds)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=[name for name, _ in kinds])


def connected(url: str) -> psycopg.Connection[Any]:
    """A connection to the server of `url`, each statement a transaction of its own."""
    try:
        import psycopg
    except ImportError as absent:
        raise DataError(
            "Facts in PostgreSQL need a package more. Install it with `pip install 'salesops[postgres]'`."
        ) from absent
    try:
        return psycopg.connect(url.partition("#")[0], autocommit=True)
    except psycopg.Error as problem:
        raise DataError(
            f"PostgreSQL cannot be reached: {str(problem).strip()}\n"
            "Check host, port and name under `store:` in data/sources.yaml; give the password in PGPASSWORD or ~/.pgpass."
        ) from problem


def _schema(url: str) -> str:
    return url.partition("#")[2] or SCHEMA


def publish(source: DuckDBEngine, url: str) -> None:
    """Replace the facts in PostgreSQL by all tables of `source`.

    They are copied into a schema of their own, which then takes the name of the old one in one
    transaction.  The old one stays, as `…_before`, for those who are reading it.

    Raises
    ------
    DataError
        If the server cannot be reached, refuses, or another load is running.  It then holds what it held.
    """
    import psycopg

    schema = _schema(url)
    fresh, before = quoted(f"{schema}_loading"), quoted(f"{schema}_before")
    with connected(url) as writer:
        try:
            if writer.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [schema]).fetchone() != (True,):
                raise DataError(f"Another load is writing to {url}. Wait for it to end.")
            writer.execute(f"DROP SCHEMA IF EXISTS {fresh} CASCADE")
            writer.execute(f"CREATE SCHEMA {fresh}")
            for table in source.columns():
                _copy(source, writer, table, f"{fresh}.{quoted(table)}")
            with writer.transaction():
                writer.execute(f"DROP SCHEMA IF EXISTS {before} CASCADE")
                if writer.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchone():
                    writer.execute(f"ALTER SCHEMA {quoted(schema)} RENAME TO {before}")
                writer.execute(f"ALTER SCHEMA {fresh} RENAME TO {quoted(schema)}")
        except psycopg.Error as problem:
            raise DataError(
                f"The facts cannot be written to {url}: {str(problem).strip()}\nIt holds what it held before."
            ) from problem


def _copy(source: DuckDBEngine, writer: psycopg.Connection[Any], table: str, target: str) -> None:
    """One table, in PostgreSQL's own text format, which DuckDB writes a batch at a time."""
    described = [(name, kind) for name, kind, *_ in source.rows(f"DESCRIBE {quoted(table)}")]
    body = ", ".join(f"{quoted(name)} {_stored(kind)}" for name, kind in described)
    writer.execute(f"CREATE TABLE {target} ({body})".encode())
    cells = ", ".join(_as_text(name, kind) for name, kind in described)
    with writer.cursor().copy(f"COPY {target} FROM STDIN".encode()) as copy:
        for batch in source.stream(
            f"SELECT concat_ws(chr(9), {cells}) || chr(10) AS line FROM {quoted(table)}"
        ):
            copy.write("".join(batch.column(0).to_pylist()))
    writer.execute(f"ANALYZE {target}".encode())


def _stored(kind: str) -> str:
    """Type in PostgreSQL of DuckDB's `kind`; lists and structures are kept as JSON.

    >>> [_stored(kind) for kind in ("VARCHAR", "DECIMAL(18,3)", "DOUBLE[]", "TIMESTAMP_S")]
    ['text COLLATE "C"', 'DECIMAL(18,3)', 'jsonb', 'timestamp']
    """
    if kind.endswith("]") or kind.startswith("STRUCT"):
        return "jsonb"
    return {"VARCHAR": 'text COLLATE "C"', "DOUBLE": "double precision", "TIMESTAMP_S": "timestamp"}.get(
        kind, kind
    )


def _as_text(name: str, kind: str) -> str:
    """A column as a cell of COPY: \\N for missing, a backslash before what would end a cell or a line."""
    text = f"CAST({'to_json' if _stored(kind) == 'jsonb' else ''}({quoted(name)}) AS VARCHAR)"
    if kind == "VARCHAR" or _stored(kind) == "jsonb":
        for character, written in ((92, "\\\\"), (9, "\\t"), (10, "\\n"), (13, "\\r")):
            text = f"replace({text}, chr({character}), '{written}')"
    return f"COALESCE({text}, '\\N')"
