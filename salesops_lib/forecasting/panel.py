"""History of many series as one array, checked; what was done to it is told, never silent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError, nearest
from salesops_lib.forecasting.inputs import YEARS, check_pace, checked, day_of
from salesops_lib.periods.fiscal import WEEKS, FiscalYears

#: Season and months a step (0: counted in days) of the frequencies that sales are planned in.
_KINDS = {"Y": (1, 12), "Q": (4, 3), "M": (12, 1), "W": (52, 0), "D": (7, 0), "B": (5, 0)}
#: The company's own months, which may be of whole weeks: 4-4-5 and its like, the year's last one longer where it has 53.
FISCAL = "fiscal_month"
_SPELLINGS = re.compile(r"^(?:B?(?P<kind>[YAQM])(?P<edge>[SE]?)|(?P<days>[WDB]))(?:-[A-Z]{3})?$")
_VALID = ("YS", "YE", "QS", "QE", "MS", "ME", "W", "D", "B", FISCAL)

#: Periods of a year by season, where these are not the season.
_A_YEAR = {7: 365, 5: 261}
#: Periods that are looked at, at most: older ones say little of the next ones and cost time.
MOST_PERIODS = {1: 60, 4: 100, 12: 144, 13: 156, 52: 416, 7: 1000, 5: 1000}


@dataclass(frozen=True)
class Grid:
    """Dates as whole numbers of periods, and back in the manner in which the history dates them."""

    kind: str
    day: int = 1
    at_end: bool = False
    residue: int = 0

    @property
    def season(self) -> int:
        """Periods after which the pattern comes again."""
        return _KINDS[self.kind][0]

    def lengths(self, ordinals: np.ndarray) -> np.ndarray:
        """How long periods are beside the same period of most years; 1 but for months of weeks."""
        return np.ones(ordinals.shape)

    def dates(self, ordinals: np.ndarray) -> np.ndarray:
        """Dates (datetime64) of whole numbers of periods."""
        if self.kind == "B":
            return np.busday_offset("1970-01-01", ordinals, roll="forward").astype("datetime64[ns]")
        if self.kind in "WD":
            step = 7 if self.kind == "W" else 1
            return (ordinals * step + self.residue).astype("datetime64[D]").astype("datetime64[ns]")
        months = (ordinals * _KINDS[self.kind][1] + self.residue).astype("datetime64[M]")
        last = (months + 1).astype("datetime64[D]") - 1
        if self.at_end:
            return last.astype("datetime64[ns]")
        return np.minimum(months.astype("datetime64[D]") + (self.day - 1), last).astype("datetime64[ns]")

    def bounds(self, ordinals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and last day of periods; a week runs for seven days from a Monday label, up to any other label."""
        if self.kind in "DB":
            days = self.dates(ordinals).astype("datetime64[D]")
            return days, days
        if self.kind == "W":
            days = self.dates(ordinals).astype("datetime64[D]")
            starts = days if self.residue % 7 == _MONDAY else days - 6
            return starts, starts + 6
        months = (ordinals * _KINDS[self.kind][1] + self.residue).astype("datetime64[M]")
        length = _KINDS[self.kind][1]
        first = months - (length - 1) if self.at_end else months
        return first.astype("datetime64[D]"), (first + length).astype("datetime64[D]") - 1


_MONDAY = 4  # 1970-01-05 was a Monday


@dataclass(frozen=True)
class FiscalGrid(Grid):
    """Months of a company's fiscal years, dated by their first day; `fiscal` cuts the years."""

    fiscal: FiscalYears = field(default_factory=FiscalYears)

    @property
    def season(self) -> int:
        return self.fiscal.count("month", 2000)

    def dates(self, ordinals: np.ndarray) -> np.ndarray:
        return self.bounds(ordinals)[0].astype("datetime64[ns]")

    def bounds(self, ordinals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        months = [
            self.fiscal.period("month", n // self.season, n % self.season + 1) for n in ordinals.tolist()
        ]
        starts, ends = [m.start for m in months], [m.end for m in months]
        return np.array(starts, dtype="datetime64[D]"), np.array(ends, dtype="datetime64[D]")

    def lengths(self, ordinals: np.ndarray) -> np.ndarray:
        """Above 1 for the month that holds the 53rd week."""
        starts, ends = self.bounds(ordinals.ravel())
        if not self.fiscal.in_weeks:
            return np.ones(ordinals.shape)
        usual = np.resize(WEEKS[self.fiscal.scheme], self.season)[ordinals.ravel() % self.season]
        return (((ends - starts).astype(int) + 1) / (7 * usual)).reshape(ordinals.shape)

    def ordinals(self, dates: pd.Series) -> np.ndarray:
        """Ordinals of the months that hold `dates`."""
        located = (
            self.fiscal.locate("month", day) for day in dates.to_numpy().astype("datetime64[D]").tolist()
        )
        return np.array([year * self.season + number - 1 for year, number in located], dtype=np.int64)


def grid_of(freq: str, dates: pd.Series, fiscal: FiscalYears | None = None) -> tuple[Grid, np.ndarray]:
    """Grid of a frequency as these dates use it, and their ordinals; `fiscal` cuts the years of "fiscal_month".

    Examples
    --------
    >>> grid, ordinals = grid_of("MS", pd.Series(pd.to_datetime(["2024-01-31", "2024-02-29"])))
    >>> grid.dates(ordinals + 2).astype("datetime64[D]").tolist()
    [datetime.date(2024, 3, 31), datetime.date(2024, 4, 30)]
    """
    if freq == FISCAL:
        grid = FiscalGrid("M", fiscal=fiscal or FiscalYears())
        return grid, grid.ordinals(dates)
    found = _SPELLINGS.match(str(freq).upper())
    if not found:
        raise DataError(
            f"freq: {freq!r} is not a frequency of this forecast; {nearest(str(freq), _VALID, shown=len(_VALID))}"
        )
    kind = (found["kind"] or found["days"]).replace("A", "Y")
    days = dates.to_numpy().astype("datetime64[D]")
    if kind == "B":
        if not np.is_busday(days).all():
            raise DataError("history: freq is 'B', but some dates are Saturdays or Sundays; use freq='D'.")
        return Grid(kind), np.busday_count("1970-01-01", days)
    numbers = days.astype(np.int64)
    if kind == "D":
        return Grid(kind), numbers
    if kind == "W":
        residue = _common(numbers % 7, dates, "weekday")
        return Grid(kind, residue=residue), (numbers - residue) // 7
    step = _KINDS[kind][1]
    months = days.astype("datetime64[M]")
    residue = _common(
        months.astype(np.int64) % step, dates, "month of the " + {3: "quarter", 12: "year", 1: ""}[step]
    )
    of_month = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    is_last = days == (months + 1).astype("datetime64[D]") - 1
    at_end = bool(is_last.all()) and not bool((of_month == 1).all())
    same_day = int(of_month.max()) if (of_month == of_month[0]).all() else 1
    at_end = at_end or (not (of_month == of_month[0]).all() and found["edge"] != "S")
    return Grid(kind, same_day, at_end, residue), (months.astype(np.int64) - residue) // step


def ordinals_of(grid: Grid, dates: pd.Series) -> np.ndarray:
    """Ordinals of dates on a grid; a date within a month or quarter stands for it."""
    if isinstance(grid, FiscalGrid):
        return grid.ordinals(dates)
    days = dates.to_numpy().astype("datetime64[D]")
    if grid.kind == "B":
        return np.busday_count("1970-01-01", days)
    if grid.kind in "WD":
        return (days.astype(np.int64) - grid.residue) // (7 if grid.kind == "W" else 1)
    return (days.astype("datetime64[M]").astype(np.int64) - grid.residue) // _KINDS[grid.kind][1]


def _common(residues: np.ndarray, dates: pd.Series, what: str) -> int:
    odd = residues != residues[0]
    if odd.any():
        first, other = dates.iloc[0].date(), dates[odd].iloc[0].date()
        raise DataError(
            f"history: dates are not one period apart ({first} and {other} differ in {what}); use one label a period."
        )
    return int(residues[0])


@dataclass(frozen=True)
class Panel:
    """Series as rows, aligned at their last period.

    `values` has NaN before a series' first period and where a period is missing; `filled` has those
    gaps closed; `last` is the ordinal of each series' last period.
    """

    ids: np.ndarray
    values: np.ndarray
    filled: np.ndarray
    last: np.ndarray
    grid: Grid
    treatments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lengths(self) -> np.ndarray:
        """Periods from the first to the last known one."""
        return self.values.shape[1] - np.argmax(np.isfinite(self.values), axis=1)

    def check_horizon(self, horizon: int) -> None:
        """Refuse what is no number of periods, and one that leads beyond the years that dates can hold."""
        if not isinstance(horizon, int | np.integer) or isinstance(horizon, bool) or horizon < 1:
            raise DataError(
                f"horizon: {horizon!r} is not a number of periods; use a whole number, 1 or more."
            )
        last = self.grid.dates(self.last[self.last.argmax()][None])[0].astype("datetime64[D]").item()
        if last.year + horizon / _A_YEAR.get(self.grid.season, self.grid.season) >= YEARS[1]:
            raise DataError(
                f"horizon: {horizon:,} periods after {last} lead beyond the year {YEARS[1]}; use fewer."
            )


def read_panel(
    history: pd.DataFrame, freq: str, as_of: date | None = None, fiscal: FiscalYears | None = None
) -> Panel:
    """Check a history (`unique_id, ds, y`) and lay it out; faults that only its owner can judge raise DataError.

    Periods without a row, or with a missing `y`, are gaps: closed by interpolation for the fit, never
    scored, and told in `treatments`, as are periods that had not ended by `as_of` (set aside), leading and trailing missing values and periods left out for age.
    """
    frame = checked(history)
    told: list[dict[str, Any]] = []
    known = frame.y.notna()
    grid, ordinals = grid_of(freq, frame.ds, fiscal)
    keys = frame.assign(ordinal=ordinals)
    twice = keys.duplicated(["unique_id", "ordinal"], keep=False)
    if twice.any():
        shown = keys[twice].drop_duplicates(["unique_id", "ordinal"]).head(3)
        where = ", ".join(f"{r.unique_id} {r.ds.date()}" for r in shown.itertuples())
        raise DataError(
            f"history: {int(twice.sum()):,} rows share their period with another row of their series ({where}). Sum them, or keep one."
        )
    empty = sorted(set(frame.unique_id.unique()) - set(frame.unique_id[known].unique()), key=str)
    told += [{"unique_id": u, "treatment": "no_value", "n": 0} for u in empty]
    keys = keys[known]
    if as_of is not None:
        unended = grid.bounds(keys.ordinal.to_numpy())[1] > day_of(as_of)
        told += _counted(keys[unended], "not_ended")
        keys = keys[~unended]
    if keys.empty:
        raise DataError(
            "history: no row has a value in y (of a period that has ended); a forecast needs one point at least."
        )
    codes, ids = pd.factorize(keys.unique_id, sort=True)
    number = keys.ordinal.to_numpy()
    check_pace(codes, number, freq)
    last = np.full(len(ids), np.iinfo(np.int64).min)
    np.maximum.at(last, codes, number)
    back = last[codes] - number
    width = min(int(back.max()) + 1, MOST_PERIODS[grid.season])
    values = np.full((len(ids), width), np.nan)
    kept = back < width
    values[codes[kept], width - 1 - back[kept]] = keys.y.to_numpy()[kept]
    old = np.bincount(codes[~kept], minlength=len(ids))
    told += [{"unique_id": ids[i], "treatment": "too_old", "n": int(old[i])} for i in np.flatnonzero(old)]
    started = np.maximum.accumulate(np.isfinite(values), axis=1)
    gaps = (started & ~np.isfinite(values)).sum(axis=1)
    told += [{"unique_id": ids[i], "treatment": "gap", "n": int(gaps[i])} for i in np.flatnonzero(gaps)]
    told += [
        {"unique_id": ids[i], "treatment": "stopped", "n": int(last.max() - last[i])}
        for i in np.flatnonzero(last < last.max() - grid.season)
    ]
    if as_of is None and (ahead := int((frame.ds > pd.Timestamp.now()).sum())):
        told.append({"unique_id": None, "treatment": "after_today", "n": ahead})
    filled = values.copy()
    for i in np.flatnonzero(gaps):
        filled[i] = bridged(values[i], grid.season)
    return Panel(np.asarray(ids, dtype=object), values, filled, last, grid, told)


def _counted(rows: pd.DataFrame, treatment: str) -> list[dict[str, Any]]:
    sizes = rows.groupby("unique_id").size()
    return [{"unique_id": u, "treatment": treatment, "n": int(n)} for u, n in sizes.items()]


def bridged(row: np.ndarray, season: int) -> np.ndarray:
    """Gaps between known periods closed in a line, on what is left when the season's means are taken off."""
    first = int(np.argmax(np.isfinite(row)))
    part = row[first:]
    place = np.arange(len(part)) % season
    known = np.isfinite(part)
    pattern = np.zeros(len(part))
    if known.sum() >= 2 * season > 2 and len(np.unique(place[known])) == season:
        means = np.array([part[known & (place == p)].mean() for p in range(season)])
        pattern = (means - means.mean())[place]
    where = np.flatnonzero(known)
    line = np.interp(np.arange(len(part)), where, (part - pattern)[where]) + pattern
    if part[known].min() >= 0:
        line = np.maximum(line, 0)
    return np.concatenate([row[:first], np.where(known, part, line)])
