"""What callers give, checked before anything is forecast: one clear message for each fault."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError, nearest
from salesops_lib.periods import Calendar

COLUMNS = ("unique_id", "ds", "y")
#: Years whose days can be counted in nanoseconds, as pandas does.
YEARS = (1678, 2261)
#: Squares of larger values are infinite.
_LARGEST = 1e100
#: Steps between dates, from which on they tell a frequency; how far apart no date may then be, in periods and in days.
_STEPS_TO_JUDGE, _APART, _MONTH_APART = 6, 3, 19
#: Ways to write a day that cannot be misread: the year comes first.
_WRITTEN = ("ISO8601", "%Y年%m月%d日", "%Y年%m月")


def frame_of(given: Any, where: str) -> pd.DataFrame:
    """A table as pandas has it; tables of polars and Arrow are converted."""
    if not isinstance(given, pd.DataFrame) and hasattr(given, "to_pandas"):
        given = given.to_pandas()
    if not isinstance(given, pd.DataFrame):
        raise DataError(
            f"{where}: {type(given).__name__} is not a table; give a DataFrame, one row a series and period."
        )
    return given


def dates_of(column: pd.Series, where: str) -> pd.Series:
    """A column as dates without zone; text is read only where the year comes first, periods by their first day."""
    if column.isna().any():
        raise DataError(f"{where}: no date in ds in {_rows(column.isna())}; date them or remove them.")
    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if pd.api.types.is_numeric_dtype(column):
        raise DataError(f"{where}: column ds holds numbers ({column.iloc[0]}); write dates as 2024-01-31.")
    ds = column if pd.api.types.is_datetime64_any_dtype(column) else _read(column, where)
    if isinstance(ds.dtype, pd.ArrowDtype):
        ds = pd.to_datetime(ds)
    if ds.dt.tz is not None:
        zone, ds = ds.dt.tz, ds.dt.tz_localize(None)
        if (ds != ds.dt.normalize()).any():
            raise DataError(
                f"{where}: column ds holds times of day in the zone {zone}, so the company's days are not told; "
                f"give them as ds.dt.tz_convert('Asia/Shanghai').dt.tz_localize(None) with the company's zone."
            )
    outside = ~ds.dt.year.between(*YEARS)
    if outside.any():
        first = str(ds[outside].iloc[0])[:10]
        raise DataError(
            f"{where}: column ds holds {first}; correct it to a year from {YEARS[0]} to {YEARS[1]}."
        )
    return ds


def _read(column: pd.Series, where: str) -> pd.Series:
    best = None
    for written in _WRITTEN:
        try:
            read = pd.to_datetime(column, format=written, errors="coerce")
        except (ValueError, TypeError):
            continue
        if read.notna().all():
            return read
        best = read if best is None or read.notna().sum() > best.notna().sum() else best
    wrong = column.iloc[0] if best is None else column[best.isna()].iloc[0]
    raise DataError(
        f"{where}: column ds holds {wrong!r}, which is not a date with its year first; write dates as 2024-01-31, "
        f"and all in one zone or in none."
    )


def day_of(as_of: Any) -> np.datetime64:
    """The last day of complete data."""
    try:
        day = pd.Timestamp(as_of)
    except (ValueError, TypeError):
        day = pd.NaT
    if pd.isna(day):
        raise DataError(f"as_of: {as_of!r} is not a day; give a date, or text such as '2024-01-31'.")
    return np.datetime64(day.date())


def checked(history: Any) -> pd.DataFrame:
    """`unique_id, ds, y` of a history, with dates as dates and numbers as numbers."""
    history = frame_of(history, "history")
    for column in COLUMNS:
        if column not in history.columns:
            raise DataError(f"history: column {column!r} is missing; {_remedy(history, column)}")
        if history.columns.tolist().count(column) > 1:
            raise DataError(f"history: {column!r} names more than one column; keep one.")
    if history.empty:
        raise DataError("history: no rows; a forecast needs one point at least.")
    frame = history[list(COLUMNS)].reset_index(drop=True)
    if frame.unique_id.isna().any():
        raise DataError(
            f"history: no unique_id in {_rows(frame.unique_id.isna())}; name their series or remove them."
        )
    ds = dates_of(frame.ds, "history")
    return pd.DataFrame({"unique_id": frame.unique_id, "ds": ds, "y": _numbers(frame, ds)})


def _remedy(history: pd.DataFrame, column: str) -> str:
    if column in history.index.names:
        return "it is the index: use history.reset_index()."
    names = [str(name) for name in history.columns]
    alike = [name for name in names if name.strip().casefold() == column]
    if alike:
        return f"rename {alike[0]!r}."
    if column == "unique_id":
        return 'for a single series use history.assign(unique_id="all").'
    return nearest(column, names)


def _numbers(frame: pd.DataFrame, ds: pd.Series) -> pd.Series:
    kind = frame.y.dtype
    if pd.api.types.is_complex_dtype(kind) or getattr(kind, "kind", "") in "mM":
        raise DataError(f"history: column y holds {kind}, not numbers; a forecast is of amounts or counts.")
    y = pd.to_numeric(frame.y, errors="coerce").astype(float)
    wrong = y.isna() & frame.y.notna()
    if wrong.any():
        raise DataError(
            f"history: values of y are not numbers in {_rows(wrong)} (first: {frame.y[wrong].iloc[0]!r}); write them as numbers."
        )
    for bad, what, cure in (
        (np.isinf(y), "infinite", "Correct them, or leave them empty to have them treated as gaps."),
        (y.abs() > _LARGEST, "too large to forecast", "State them in larger units."),
    ):
        if bad.any():
            where = f"{frame.unique_id[bad].iloc[0]} {ds[bad].iloc[0].date()}"
            raise DataError(f"history: values of y are {what} in {_rows(bad)} (first: {where}). {cure}")
    return y


def _rows(told: pd.Series) -> str:
    n = int(told.sum())
    return "1 row" if n == 1 else f"{n:,} rows"


def check_pace(codes: np.ndarray, ordinals: np.ndarray, freq: str) -> None:
    """Refuse dates that all lie several periods apart: they are of another frequency, not full of gaps."""
    order = np.lexsort((ordinals, codes))
    steps = np.diff(ordinals[order])[np.diff(codes[order]) == 0]
    if len(steps) < _STEPS_TO_JUDGE:
        return
    least = int(steps.min())
    if math.gcd(*steps.tolist()) >= _APART or least >= _MONTH_APART:
        raise DataError(
            f"freq: with {freq!r} no date lies fewer than {least} periods after the one before; "
            "use the frequency of the data, or add the rows that are missing."
        )


def check_levels(levels: Any) -> None:
    if not isinstance(levels, Sequence | np.ndarray) or isinstance(levels, str):
        raise DataError(f"levels: {levels!r} is not a list of levels; use levels=(80, 95).")
    for level in levels:
        if not isinstance(level, int | float | np.number) or not 0 < level < 100:
            raise DataError(f"levels: {level!r} is not a number between 0 and 100 per cent.")
        if level < 1:
            raise DataError(f"levels: {level!r} is below 1 per cent; write {level * 100:g} for {level:.0%}.")


def calendar_of(calendar: str | Calendar | None) -> Calendar | None:
    """A calendar from the code of a country, or as it is."""
    if calendar is None or isinstance(calendar, Calendar):
        return calendar
    if not isinstance(calendar, str):
        raise DataError(
            f"calendar: {calendar!r} is no calendar; give the ISO code of a country, or a Calendar."
        )
    return Calendar(country=calendar)
