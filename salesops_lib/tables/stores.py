"""Where the facts of a workspace are: data/facts.duckdb, or the store that data/sources.yaml names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from salesops_lib.errors import DataError
from salesops_lib.tables.engine import DuckDBEngine, Engine

FACTS = Path("data") / "facts.duckdb"
_SOURCES = Path("data") / "sources.yaml"
_FORMS = (
    "postgresql://user@host:5432/database, sc://host:15002#/folder (Spark Connect), "
    "spark://host:7077#/folder or local[4]#/folder"
)
_POSTGRES = re.compile(r"postgres(ql)?://\S+")
_SPARK = re.compile(r"((sc|spark)://[^#\s]+|local(\[[\d*,]+\])?)#.+")
_SECRET = re.compile(r"://[^@]*:[^@]*@|[?&;](\w*password|\w*token)=", re.IGNORECASE)


def named(root: Path) -> str:
    """The store that `root`'s data/sources.yaml names; empty where it names none.

    Raises
    ------
    DataError
        If it is no address of a store, or holds a password.
    """
    path = root / _SOURCES
    text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    if not re.search(r"^store\s*:", text, re.MULTILINE):
        return ""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe").load(text)
    except YAMLError as problem:
        raise DataError(f"{path} is not readable as YAML: {' '.join(str(problem).split())}") from problem
    store = document.get("store") if isinstance(document, Mapping) else None
    if store is None:
        return ""
    try:
        return _checked(store, root)
    except DataError as fault:
        raise DataError(f"{path}: {fault}") from None


def _checked(store: object, root: Path) -> str:
    """`store` with its folder, where it has one, seen from `root`.

    >>> _checked("local[2]#data/parquet", Path("/work"))
    'local[2]#/work/data/parquet'
    >>> _checked("postgresql://ann:secret@db/sales", Path("/work"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    salesops_lib.errors.DataError: store holds a password, ...
    """
    if not isinstance(store, str) or _SECRET.search(store):
        kind = "holds a password, which has no place in a file" if isinstance(store, str) else "is no address"
        raise DataError(
            f"store {kind}. Write {_FORMS}; passwords stay in PGPASSWORD or ~/.pgpass, "
            "Spark's token in SPARK_CONNECT_AUTHENTICATE_TOKEN."
        )
    if _POSTGRES.fullmatch(store):
        return store
    if not _SPARK.fullmatch(store):
        raise DataError(f"store is {store!r}, which is no address of a store. Write {_FORMS}.")
    master, _, folder = store.partition("#")
    return f"{master}#{(root / folder).resolve().as_posix()}"


def open_engine(place: Path | str) -> Engine:
    """The facts at `place` for reading: a DuckDB file, or the address of PostgreSQL or Spark.

    Raises
    ------
    DataError
        If there are none, or they cannot be reached.
    """
    if _POSTGRES.fullmatch(str(place)):
        from salesops_lib.tables.postgres import PostgresEngine

        return PostgresEngine(str(place))
    if _SPARK.fullmatch(str(place)):
        from salesops_lib.tables.spark import SparkEngine

        return SparkEngine(str(place))
    return DuckDBEngine(place, read_only=True)


def open_facts(root: Path) -> Engine:
    """The facts of the workspace `root`, wherever they are."""
    return open_engine(named(root) or root / FACTS)


def publish(facts: Path, store: str) -> None:
    """Replace what `store` holds by all tables of the DuckDB file `facts`.

    Raises
    ------
    DataError
        If it cannot be reached or written.  It then holds what it held.
    """
    from salesops_lib.tables import postgres, spark

    source = DuckDBEngine(facts)
    try:
        (postgres if _POSTGRES.fullmatch(store) else spark).publish(source, store)
    finally:
        source.close()
