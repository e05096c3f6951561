"""A grid: the records of a container that is no text file, as columns of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Grid:
    """All records of a sheet, a Parquet or JSON file, or a database table.

    Attributes
    ----------
    headers
        Name of each column, unique and never blank.
    table
        pyarrow table of string columns c0..cN, one row per record, missing as NULL.
    numbers
        Number of each record from 1: its row in the sheet, its line in a JSON-lines file, its
        place in a Parquet file or database table.
    aside
        Frame of records that could not be taken: line, value (raw text), reason, fate.
    notes
        What a reader should know: merged cells filled, sheets left out, values kept as JSON.
    """

    headers: tuple[str, ...]
    table: Any
    numbers: np.ndarray
    aside: Any
    notes: tuple[str, ...] = ()


def aside_frame(records: Iterable[tuple[int, str, str]] = ()) -> Any:
    """Frame of set-aside records from (line, raw text, reason).

    >>> aside_frame([(3, "{bad", "not JSON")]).to_dict("records")
    [{'line': 3, 'value': '{bad', 'reason': 'not JSON', 'fate': 'set_aside'}]
    """
    import pandas as pd

    lines, values, reasons = [], [], []
    for line, value, reason in records:
        lines.append(line)
        values.append(value)
        reasons.append(reason)
    return pd.DataFrame(
        {
            "line": pd.Series(lines, dtype="int64"),
            "value": pd.Series(values, dtype="str"),
            "reason": pd.Series(reasons, dtype="str"),
            "fate": pd.Series(["set_aside"] * len(lines), dtype="str"),
        }
    )


def text_table(columns: Sequence[Any]) -> Any:
    """pyarrow table c0..cN of string columns (arrays or chunked arrays)."""
    import pyarrow as pa

    return pa.table({f"c{index}": column for index, column in enumerate(columns)})
