"""Facts in Spark: Parquet files that Spark reads, one folder a load."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import DataError
from salesops_lib.tables.dialects import frame, translated
from salesops_lib.tables.engine import DuckDBEngine, literal, no_facts, quoted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: The file that names the folder of the last load.
_CURRENT = "current"
#: What a local session is told: nothing is served, and few rows need few partitions.
_LOCAL = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4"}


class SparkEngine:
    """Facts in Spark; statements are carried over from DuckDB's dialect by sqlglot.

    Parameters
    ----------
    url
        Where Spark is, as it says it itself, and the folder of the facts, which Spark and this
        machine both see: `sc://host:15002#/mnt/facts`, `spark://host:7077#/mnt/facts`,
        `local[4]#/srv/facts`.

    Raises
    ------
    DataError
        If Spark cannot be reached, or nothing was loaded into the folder.
    """

    def __init__(self, url: str) -> None:
        master, _, folder = url.partition("#")
        current = Path(folder) / _CURRENT
        if not current.is_file():
            raise no_facts(url)
        load = Path(folder) / current.read_text("utf-8").strip()
        self._is_remote = master.startswith("sc://")
        self.session = _session(master)
        self._columns: dict[str, list[str]] = {}
        for path in sorted(load.glob("*.parquet")):
            self._columns[path.stem] = _opened(self.session, path)

    def query(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """Rows in the types that DuckDB gives."""
        return frame(self._arrow(sql, values))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self._arrow(sql).to_pylist()]

    def stream(self, sql: str, values: Sequence[object] = ()) -> pa.RecordBatchReader:
        """Rows of `sql` as Arrow batches."""
        return self._arrow(sql, values).to_reader()

    def columns(self) -> dict[str, list[str]]:
        """Columns of each table, in order."""
        return self._columns

    def close(self) -> None:
        """End the session of a server; a local Spark ends with its process, which may hold other sessions."""
        if self._is_remote:
            self.session.stop()

    def _arrow(self, sql: str, values: Sequence[object] = ()) -> pa.Table:
        return self.session.sql(translated(sql, "spark"), args=list(values)).toArrow()


def _opened(session: Any, path: Path) -> list[str]:
    """Make a file a table of the session; its types are read here, as Spark would start a job for each."""
    import pyarrow.parquet as pq
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = pq.read_schema(path)
    typed = session.read.schema(from_arrow_schema(schema, prefer_timestamp_ntz=True))
    typed.parquet(path.as_posix()).createOrReplaceTempView(path.stem)
    return list(schema.names)


def _session(master: str) -> Any:
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as absent:
        raise DataError(
            "Facts in Spark need a package more. Install it with `pip install 'salesops[spark]'`."
        ) from absent
    try:
        if master.startswith("sc://"):
            session = SparkSession.builder.remote(master).create()
        else:
            builder = SparkSession.builder.master(master).appName("salesops")
            for key, value in _LOCAL.items() if master.startswith("local") else ():
                builder = builder.config(key, value)
            session = builder.getOrCreate().newSession()
            session.sparkContext.setLogLevel("ERROR")
        session.conf.set("spark.sql.session.timeZone", "UTC")
    except (PySparkException, RuntimeError) as problem:
        raise DataError(
            f"Spark cannot be reached at {master}: {str(problem).strip().splitlines()[0]}\n"
            "Check `store:` in data/sources.yaml; Spark itself needs Java 17 or newer."
        ) from problem
    return session


def publish(source: DuckDBEngine, url: str) -> None:
    """Write all tables of `source` as Parquet into a folder of their own, which then becomes the current one.

    The folder before it stays for those who are reading it; older ones are removed.

    Raises
    ------
    DataError
        If the folder cannot be written.  It then holds what it held.
    """
    import duckdb

    folder = Path(url.partition("#")[2])
    current = folder / _CURRENT
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = current.read_text("utf-8").strip() if current.is_file() else ""
        fresh = Path(tempfile.mkdtemp(prefix="load-", dir=folder))
        fresh.chmod(0o755)  # Spark reads as another user
        try:
            for table in source.columns():
                path = fresh / f"{table}.parquet"
                source.execute(f"COPY {quoted(table)} TO {literal(str(path))} (FORMAT parquet)")
            said = fresh / _CURRENT
            said.write_text(fresh.name, "utf-8")
            os.replace(said, current)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    except (OSError, duckdb.Error) as problem:
        raise DataError(
            f"The facts cannot be written to {folder}: {problem}\nIt holds what it held before."
        ) from problem
    for old in folder.glob("load-*"):
        if old.name not in (before, fresh.name):
            with contextlib.suppress(OSError):
                shutil.rmtree(old)
