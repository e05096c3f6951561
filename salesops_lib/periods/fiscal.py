"""Fiscal years and their parts: calendar months, or weeks in fours and fives (C9)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate

from salesops_lib.errors import DataError, nearest
from salesops_lib.periods.windows import Period

#: Weeks in each fiscal month of a 52-week year; a 53rd week lengthens the last month.
WEEKS: dict[str, tuple[int, ...]] = {
    "4-4-5": (4, 4, 5) * 4,
    "4-5-4": (4, 5, 4) * 4,
    "5-4-4": (5, 4, 4) * 4,
    "13x4": (4,) * 13,
}
SCHEMES = ("month", *WEEKS)

_FIRST_MONTH_OF = {
    ("quarter", 12): (0, 3, 6, 9),
    ("half", 12): (0, 6),
    ("quarter", 13): (0, 3, 6, 9),
    ("half", 13): (0, 6),
}


def add_months(day: date, n: int) -> date:
    """The same day of the month `n` months later; the month's last day where there is none.

    Examples
    --------
    >>> add_months(date(2024, 2, 29), -12)
    datetime.date(2023, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


@dataclass(frozen=True)
class FiscalYears:
    """The fiscal years of a company, cut into months, quarters, halves and weeks.

    Parameters
    ----------
    start
        Month and day that opens the year, MM-DD.  Under a week scheme the year opens on the
        `week_start` nearest to it, so that a 53rd week comes when four or more days of the
        closing month would be left over (NRF: 02-01, Sunday).
    scheme
        month, or weeks per month of each quarter: 4-4-5, 4-5-4, 5-4-4; 13x4 is 13 months of
        four weeks, with quarters of 3, 3, 3 and 4 months.
    named_by
        A year that crosses New Year is named by the calendar year in which it starts or ends.
    week_start
        First weekday of a week, Monday 0 to Sunday 6.  Under `month`, weeks are ISO weeks.
    """

    start: str = "01-01"
    scheme: str = "month"
    named_by: str = "start"
    week_start: int = 0

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise DataError(f"calendar scheme {self.scheme!r}: {nearest(self.scheme, SCHEMES)}")
        try:
            opening = date.fromisoformat(f"2023-{self.start}")
        except ValueError as error:
            raise DataError(
                f"fiscal_year_start {self.start!r}: write month and day as MM-DD, e.g. 04-01."
            ) from error
        if self.scheme == "month" and (opening.day != 1 or self.week_start != 0):
            raise DataError(
                f"fiscal_year_start {self.start!r}, week_start {self.week_start}: scheme 'month' begins on the first "
                "of a month (e.g. 04-01) and has ISO weeks from Monday. Other days need a scheme in weeks, e.g. 4-4-5."
            )

    @property
    def in_weeks(self) -> bool:
        """True when fiscal months are whole weeks."""
        return self.scheme != "month"

    def year_start(self, year: int) -> date:
        """First day of a fiscal year."""
        crosses = self.start != "01-01"
        anchor = date.fromisoformat(f"{year - (self.named_by == 'end' and crosses):04d}-{self.start}")
        if not self.in_weeks:
            return anchor
        ahead = (self.week_start - anchor.weekday()) % 7
        return anchor + timedelta(days=ahead if ahead <= 3 else ahead - 7)

    def n_weeks(self, year: int) -> int:
        """Weeks of a fiscal year: 52 or 53 (whole weeks only, also under `month`)."""
        return (self.year_start(year + 1) - self.year_start(year)).days // 7

    def year_of(self, day: date) -> int:
        """Fiscal year of a day."""
        year = day.year + 1
        while day < self.year_start(year):
            year -= 1
        return year

    def edges(self, kind: str, year: int) -> tuple[date, ...]:
        """First days of the parts of a fiscal year, and of the next year."""
        return _edges(self, kind, year)

    def locate(self, kind: str, day: date) -> tuple[int, int]:
        """(fiscal year, number from 1) of the part that holds a day."""
        if kind == "week" and not self.in_weeks:
            iso = day.isocalendar()
            return iso.year, iso.week
        year = self.year_of(day)
        return year, bisect_right(self.edges(kind, year), day)

    def period(self, kind: str, year: int, number: int) -> Period:
        """One part of a fiscal year; `number` must lie between 1 and `count`."""
        if kind == "week" and not self.in_weeks:
            start = date.fromisocalendar(year, number, 1)
            return Period(kind, f"{year:04d}-W{number:02d}", start, start + timedelta(days=6))
        edges = self.edges(kind, year)
        start, end = edges[number - 1], edges[number] - timedelta(days=1)
        return Period(kind, self._label(kind, year, number, start), start, end)

    def count(self, kind: str, year: int) -> int:
        """Number of parts of a kind in a fiscal year (ISO year for ISO weeks)."""
        if kind == "week" and not self.in_weeks:
            return date(year, 12, 28).isocalendar().week
        return len(self.edges(kind, year)) - 1

    def period_of(self, kind: str, day: date) -> Period:
        """The part that holds a day."""
        return self.period(kind, *self.locate(kind, day))

    def shift(self, kind: str, day: date, n: int) -> Period:
        """The part `n` parts after the one that holds a day."""
        if kind == "week":
            return self.period_of(kind, day + timedelta(weeks=n))
        year, number = self.locate(kind, day)
        per_year = self.count(kind, year)
        years, index = divmod(number - 1 + n, per_year)
        return self.period(kind, year + years, index + 1)

    def between(self, kind: str, start: date, end: date) -> Iterator[Period]:
        """The parts that hold the days from `start` to `end`, in order."""
        part = self.period_of(kind, start)
        while part.start <= end:
            yield part
            part = self.shift(kind, part.start, 1)

    def _label(self, kind: str, year: int, number: int, start: date) -> str:
        if kind == "year":
            return f"{year:04d}"
        if kind == "month" and not self.in_weeks:
            return f"{start.year:04d}-{start.month:02d}"
        if kind in ("month", "week"):
            return f"{year:04d}-{'P' if kind == 'month' else 'W'}{number:02d}"
        return f"{year:04d}-{kind[0].upper()}{number}"


@lru_cache(maxsize=4096)
def _edges(fiscal: FiscalYears, kind: str, year: int) -> tuple[date, ...]:
    first, last = fiscal.year_start(year), fiscal.year_start(year + 1)
    if kind == "year":
        return first, last
    if kind == "week":
        return tuple(first + timedelta(weeks=week) for week in range((last - first).days // 7 + 1))
    if fiscal.in_weeks:
        weeks = accumulate(WEEKS[fiscal.scheme][:-1], initial=0)
        months = tuple(first + timedelta(weeks=n) for n in weeks)
    else:
        months = tuple(add_months(first, n) for n in range(12))
    if kind == "month":
        return *months, last
    return *(months[n] for n in _FIRST_MONTH_OF[kind, len(months)]), last
