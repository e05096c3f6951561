"""Working days: weekends, public holidays, and the weekend days worked in their place (调休)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import DataError

if TYPE_CHECKING:
    import numpy as np

_DAY = timedelta(days=1)

#: First day of the lunar year, MMDD, 2000 to 2050.
_SPRING_FESTIVAL = """
0205 0124 0212 0201 0122 0209 0129 0218 0207 0126 0214 0203 0123 0210 0131 0219 0208
0128 0216 0205 0125 0212 0201 0122 0210 0129 0217 0206 0126 0213 0203 0123 0211 0131
0219 0208 0128 0215 0204 0124 0212 0201 0122 0210 0130 0217 0206 0126 0214 0202 0123
"""

#: Day of the Spring Festival by year.
SPRING_FESTIVAL: Mapping[int, date] = {
    year: date(year, int(text[:2]), int(text[2:]))
    for year, text in enumerate(_SPRING_FESTIVAL.split(), start=2000)
}

#: Countries whose government publishes, once a year, which weekend days are worked.
_MAKE_UP_COUNTRIES = frozenset({"CN"})


@dataclass(frozen=True)
class CountryYear:
    """What is known of one year of a country.

    `holidays` are days off with their English names, `workdays` weekend days that are worked,
    `is_known` whether the year's make-up days have been published (to the installed
    `holidays` package); without them the statutory days off alone are known.
    """

    holidays: Mapping[date, str]
    workdays: frozenset[date]
    is_known: bool


@lru_cache(maxsize=512)
def country_year(country: str, year: int) -> CountryYear:
    """Public holidays and make-up working days of a country in a year.

    Raises
    ------
    DataError
        If the country is not a code that the `holidays` package knows.

    Examples
    --------
    >>> sorted(country_year("CN", 2025).workdays)[0]
    datetime.date(2025, 1, 26)
    """
    import holidays

    # A year's plan may place a make-up day in the last days of the year before.
    years = [year, year + 1] if country in _MAKE_UP_COUNTRIES else [year]
    try:
        if len(country) != 2:  # the package knows names as well, of which we would miss the make-up days
            raise NotImplementedError
        found: Any = holidays.country_holidays(country, years=years, language="en_US")
    except NotImplementedError as error:
        raise DataError(
            f"calendar country {country!r} is not known. Write an ISO code such as CN, US or DE, or leave it out "
            "and list the days off under calendar.holidays."
        ) from error
    days_off = {day: name for day, name in found.items() if day.year == year}
    is_known = country not in _MAKE_UP_COUNTRIES or any("substituted" in name for name in days_off.values())
    return CountryYear(
        days_off, frozenset(day for day in found.weekend_workdays if day.year == year), is_known
    )


@dataclass(frozen=True)
class WorkingDays:
    """The working days of a company.

    A day is worked when it is listed in `workdays`; else not when listed in `holidays`; else
    as the country's make-up days and public holidays say; else unless it is a weekend day.

    Parameters
    ----------
    country
        ISO code, or None for weekends and own days only.
    weekend
        Weekdays off, Monday 0 to Sunday 6.
    holidays, workdays
        The company's own days off (with names) and days worked.
    """

    country: str | None = None
    weekend: tuple[int, ...] = (5, 6)
    holidays: Mapping[date, str] = field(default_factory=dict)
    workdays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        days = set(self.weekend)
        if not days <= set(range(7)) or len(days) == 7:
            raise DataError(
                f"calendar weekend {list(self.weekend)}: list weekdays off, Monday 0 to Sunday 6, not all."
            )

    @cached_property
    def _masks(self) -> dict[int, np.ndarray]:
        return {}

    def _year(self, year: int) -> np.ndarray:
        mask = self._masks.get(year)
        if mask is None:
            mask = self._masks[year] = self._build(year)
        return mask

    def _build(self, year: int) -> np.ndarray:
        import numpy as np

        first = date(year, 1, 1)
        n_days = (date(year + 1, 1, 1) - first).days
        mask = ~np.isin((first.weekday() + np.arange(n_days)) % 7, self.weekend)
        if self.country:
            known = country_year(self.country, year)
            mask[[(day - first).days for day in known.holidays]] = False
            mask[[(day - first).days for day in known.workdays]] = True
        mask[[(day - first).days for day in self.holidays if day.year == year]] = False
        mask[[(day - first).days for day in self.workdays if day.year == year]] = True
        return mask

    def mask(self, start: date, end: date) -> np.ndarray:
        """Truth of each day from `start` to `end`, both included: is it worked?"""
        import numpy as np

        if end < start:
            return np.zeros(0, dtype=bool)
        whole = np.concatenate([self._year(year) for year in range(start.year, end.year + 1)])
        offset = (start - date(start.year, 1, 1)).days
        return whole[offset : offset + (end - start).days + 1]

    def count(self, start: date, end: date) -> int:
        """Number of working days from `start` to `end`, both included."""
        return int(self.mask(start, end).sum())

    def nth(self, start: date, n: int) -> date:
        """The `n`-th working day (from 1) on or after `start`."""
        if n < 1:
            raise DataError(f"working day number {n}: count from 1.")
        import numpy as np

        while True:
            end = date(start.year, 12, 31)
            found = np.flatnonzero(self.mask(start, end))
            if len(found) >= n:
                return start + timedelta(days=int(found[n - 1]))
            n -= len(found)
            start = end + _DAY

    def unknown_years(self, start: date, end: date) -> tuple[int, ...]:
        """Years whose make-up days are published by nobody we know, and not in the policy."""
        own = {day.year for day in self.workdays}
        years = range(start.year, end.year + 1) if self.country in _MAKE_UP_COUNTRIES else ()
        return tuple(y for y in years if y not in own and not country_year(str(self.country), y).is_known)


def festival_offset(start: date, end: date, *, reach: int = 30) -> np.ndarray:
    """Days from the nearest Spring Festival for each day, NaN farther away than `reach` days.

    The festival day itself is 0, the day before −1.  Years outside 2000–2050 give NaN.
    """
    import numpy as np

    days = np.arange((end - start).days + 1)
    offset = np.full(len(days), np.nan)
    for year in range(start.year, end.year + 1):
        if festival := SPRING_FESTIVAL.get(year):
            distance = days - (festival - start).days
            near = np.abs(distance) <= reach
            offset[near] = distance[near]
    return offset
