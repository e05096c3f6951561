"""Parquet files and JSON lines as columns of text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from salesops_lib.cleaning.reading import json_records
from salesops_lib.cleaning.reading.containers import Part, opened
from salesops_lib.cleaning.reading.grids import Grid, Row, aside_frame, text_table
from salesops_lib.cleaning.reading.headers import unique_headers
from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from salesops_lib.cleaning.sources import Source

PARQUET = (".parquet", ".pq")
JSON_LINES = (".jsonl", ".ndjson", ".json")
_BATCH = 50_000


def parts(part: Part) -> list[Part]:
    """The part itself, once its head can be read.

    Raises
    ------
    DataError
        If the file is damaged, holds no record, or has columns that are no single values.
    """
    sample_grid(part, 1)
    return [part]


def sample_grid(part: Part, limit: int) -> list[tuple[int, Row]]:
    """Names of the columns as row 0, then up to `limit` records with their numbers from 1.

    Keys that appear later in a JSON file are not among the names yet.
    """
    return _parquet_head(part, limit) if _is_parquet(part) else json_records.head(part, limit)


def grid(part: Part, source: Source | None = None) -> Grid:
    """All records of a Parquet or JSON file.

    Returns
    -------
    Grid
        Numbers are records of a Parquet file, and lines of a JSON file; lines that hold no
        record are in `aside`.

    Raises
    ------
    DataError
        If the file is damaged, holds no record, or has columns that are no single values.
    """
    del source
    return _parquet_grid(part) if _is_parquet(part) else json_records.grid(part)


def _is_parquet(part: Part) -> bool:
    return (part.member or part.path.name).lower().endswith(PARQUET)


@contextmanager
def _parquet(part: Part) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with _handle(part) as handle:
            file = pq.ParquetFile(handle)
            _refuse_nested(part, file.schema_arrow)
            yield file
    except (pa.ArrowInvalid, pa.ArrowException, OSError, EOFError) as problem:
        first = " ".join(str(problem).split())[:160]
        raise DataError(
            f"{part.name} is not a whole Parquet file ({first}). Fetch it again, or export it anew."
        ) from problem


@contextmanager
def _handle(part: Part) -> Iterator[IO[bytes]]:
    with opened(part) as stream:
        yield io.BytesIO(stream.read()) if part.member else stream


def _refuse_nested(part: Part, schema: Any) -> None:
    import pyarrow as pa

    for item in schema:
        kept = item.type.value_type if pa.types.is_dictionary(item.type) else item.type
        if pa.types.is_nested(kept):
            raise DataError(
                f"{part.name}: column {item.name!r} holds {kept} instead of single values. "
                "Write it as columns of its own, or leave it out, and export the file again."
            )


def _parquet_head(part: Part, limit: int) -> list[tuple[int, Row]]:
    with _parquet(part) as file:
        names = unique_headers(file.schema_arrow.names)
        batch = next(file.iter_batches(batch_size=max(1, limit)), None)
        columns = (
            [_as_text(column).to_pylist()[:limit] for column in batch.columns] if batch is not None else []
        )
        return [(0, names), *enumerate(zip(*columns), start=1)]


def _parquet_grid(part: Part) -> Grid:
    import pyarrow as pa

    with _parquet(part) as file:
        names = unique_headers(file.schema_arrow.names)
        n_nan = [0] * len(names)
        chunks: list[list[Any]] = [[] for _ in names]
        for batch in file.iter_batches(batch_size=_BATCH):
            for index, column in enumerate(batch.columns):
                n_nan[index] += _n_nan(column)
                chunks[index].append(_as_text(column))
        columns = [pa.chunked_array(chunk, pa.string()) for chunk in chunks]
        notes = tuple(f"{name}: NaN taken as missing: {n:,}" for name, n in zip(names, n_nan) if n)
        return Grid(
            names, text_table(columns), np.arange(1, file.metadata.num_rows + 1), aside_frame(), notes
        )


def _n_nan(column: Any) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.sum(pc.is_nan(column)).as_py() or 0 if pa.types.is_floating(column.type) else 0


def _as_text(column: Any) -> Any:
    """A column as text without loss; moments with a zone keep their local day and offset."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.dictionary_decode())
    if pa.types.is_floating(kind):
        values = (
            column.to_pylist()
            if kind != pa.float32()
            else [float(str(v)) if v is not None else v for v in column.to_numpy(False)]
        )
        return pa.array([_number(value) for value in values], pa.string())
    if pa.types.is_decimal(kind):
        return pa.array(
            [None if value is None else f"{value:f}" for value in column.to_pylist()], pa.string()
        )
    if pa.types.is_timestamp(kind):
        return _moments(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([_bytes_text(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "true", "false")
    return column.cast(pa.string())


def _number(value: float | None) -> str | None:
    if value is None or value != value:
        return None
    text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return f"{Decimal(text):f}" if "e" in text else text


def _moments(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    zone = column.type.tz
    local = pc.local_timestamp(column) if zone else column
    is_day = bool(pc.all(pc.equal(local, pc.floor_temporal(local, unit="day"))).as_py()) and not zone
    if is_day:
        return (
            local.cast(pa.date32(), safe=False).cast(pa.string()) if len(local) else local.cast(pa.string())
        )
    texts = pc.replace_substring_regex(local.cast(pa.string()), r"\.0+$", "")
    if zone:
        offsets = pc.replace_substring_regex(pc.strftime(column, format="%z"), r"(\d\d)(\d\d)$", r"\1:\2")
        return pc.binary_join_element_wise(texts, offsets, "")
    return texts


def _bytes_text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()
