"""The company's calendar: fiscal periods, working days and comparable windows in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from salesops_lib.errors import DataError, nearest
from salesops_lib.periods import alignment, parsing
from salesops_lib.periods.fiscal import FiscalYears, add_months
from salesops_lib.periods.windows import Comparison, Period, Window
from salesops_lib.periods.working_days import SPRING_FESTIVAL, WorkingDays, festival_offset

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_DAY = timedelta(days=1)
KINDS = ("month", "quarter", "half", "year", "week")

#: Countries that rest, and buy differently, around the Spring Festival.
_FESTIVAL_COUNTRIES = frozenset({"CN", "HK", "MO", "TW", "SG", "MY", "VN"})


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Fiscal periods, working days and windows of a company; immutable, built from plain values.

    Parameters
    ----------
    fiscal_year_start, scheme, named_by, week_start
        See `FiscalYears`.
    country, weekend, holidays, workdays
        See `WorkingDays`.
    events
        Selling events by id: first and last day, both included, each as MM-DD, or as a whole
        number of days from the Spring Festival.  Where two overlap, the first listed wins.

    Examples
    --------
    >>> calendar = Calendar(country="CN")
    >>> calendar.window(calendar.parse("2026-03"), date(2026, 3, 16))
    Window(start=datetime.date(2026, 3, 1), end=datetime.date(2026, 3, 16), n_workdays=11, \
is_complete=False, label='2026-03', of_workdays=22)
    """

    fiscal_year_start: str = "01-01"
    scheme: str = "month"
    named_by: str = "start"
    week_start: int = 0
    country: str | None = None
    weekend: Iterable[int] = (5, 6)
    holidays: Mapping[date, str] = field(default_factory=dict)
    workdays: Iterable[date] = ()
    events: Mapping[str, tuple[str | int, str | int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weekend", tuple(self.weekend))
        object.__setattr__(self, "workdays", frozenset(self.workdays))
        object.__setattr__(self, "holidays", dict(self.holidays))
        object.__setattr__(self, "events", dict(self.events))
        _ = self.fiscal, self._working

    @cached_property
    def fiscal(self) -> FiscalYears:
        """The fiscal years and their parts."""
        return FiscalYears(self.fiscal_year_start, self.scheme, self.named_by, self.week_start)

    @cached_property
    def _working(self) -> WorkingDays:
        return WorkingDays(self.country, tuple(self.weekend), self.holidays, frozenset(self.workdays))

    @property
    def keeps_spring_festival(self) -> bool:
        """True when the Spring Festival moves the company's business (C8)."""
        around = any(isinstance(edge, int) for days in self.events.values() for edge in days)
        return around or self.country in _FESTIVAL_COUNTRIES

    # Working days

    def is_workday(self, day: date) -> bool:
        """True when the company works on a day."""
        return bool(self._working.mask(day, day)[0])

    def working_mask(self, start: date, end: date) -> np.ndarray:
        """Truth of each day from `start` to `end`, both included: is it worked?"""
        return self._working.mask(start, end)

    def working_days(self, start: date, end: date) -> int:
        """Number of working days from `start` to `end`, both included; 0 when end < start."""
        return self._working.count(start, end)

    def nth_workday(self, start: date, n: int) -> date:
        """The `n`-th working day (from 1) on or after `start`."""
        return self._working.nth(start, n)

    def workday_number(self, start: date, day: date) -> int:
        """How many working days have passed from `start` to `day`, both included."""
        return self._working.count(start, day)

    def unknown_years(self, start: date, end: date) -> tuple[int, ...]:
        """Years whose make-up working days (调休) nobody has published to us yet.

        In these years the statutory days off are known, the weekend days worked in their
        place are not; list them under calendar.workdays and calendar.holidays of the policy.

        Examples
        --------
        >>> Calendar(country="CN").unknown_years(date(2024, 1, 1), date(2025, 12, 31))
        ()
        """
        return self._working.unknown_years(start, end)

    def day_weights(self, period: Period) -> pd.Series:
        """Share of a period that each working day is expected to bring (M1.4); sums to 1.

        Indexed by working day; uniform.  Empty when the period has no working day.

        Examples
        --------
        >>> calendar = Calendar()
        >>> float(calendar.day_weights(calendar.parse("2026-03")).loc[:"2026-03-16"].sum().round(3))
        0.5
        """
        import pandas as pd

        days = pd.date_range(period.start, period.end)[self._working.mask(period.start, period.end)]
        return pd.Series(1.0 / len(days) if len(days) else 0.0, index=days, name="weight")

    # Periods

    def parse(self, text: str) -> Period:
        """The period that a text names: 2026-03, 2026-Q1, 2026-H1, 2026, 2026-W05, 2026-01..2026-02.

        Also read: 202603, 2026/3, 2026年3月, 2026Q1, 2026年一季度, 2026年上半年, FY2026, 2026年第5周.

        Raises
        ------
        DataError
            If the text names no period; the message lists the accepted forms.

        Examples
        --------
        >>> Calendar(fiscal_year_start="04-01").parse("2026-Q1").end
        datetime.date(2026, 6, 30)
        """
        return parsing.parse(text, self.fiscal)

    def period_of(self, day: date, kind: str = "month") -> Period:
        """The period of a kind that holds a day."""
        if kind not in KINDS:
            raise DataError(f"kind of period {kind!r}: {nearest(kind, KINDS)}")
        return self.fiscal.period_of(kind, day)

    def shift(self, period: Period, n: int) -> Period:
        """The period `n` periods later; a span of months moves by its own length.

        Examples
        --------
        >>> calendar = Calendar()
        >>> calendar.shift(calendar.parse("2026-01"), -1).label
        '2025-12'
        """
        if period.kind == "span":
            return self._shift_months(period, n * len(self.months(period)))
        return self.fiscal.shift(period.kind, period.start, n)

    def year_before(self, period: Period) -> Period:
        """The period of the same number in the year before; week 53 becomes week 52."""
        if period.kind == "span":
            year, _ = self.fiscal.locate("month", period.start)
            return self._shift_months(period, -self.fiscal.count("month", year))
        year, number = self.fiscal.locate(period.kind, period.start)
        return self.fiscal.period(
            period.kind, year - 1, min(number, self.fiscal.count(period.kind, year - 1))
        )

    def months(self, period: Period) -> list[Period]:
        """The fiscal months of a period, in order."""
        if period.kind == "week":
            raise DataError(f"week {period} has no months. Name a month, quarter, half or year.")
        return list(self.fiscal.between("month", period.start, period.end))

    def last_complete(self, as_of: date, kind: str = "month") -> Period:
        """The latest period of a kind that is complete as of a day."""
        period = self.period_of(as_of, kind)
        return period if self.is_complete(period, as_of) else self.shift(period, -1)

    def _shift_months(self, period: Period, n: int) -> Period:
        months = self.months(period)
        return parsing.span(self.shift(months[0], n), self.shift(months[-1], n))

    # Windows

    def is_complete(self, period: Period, as_of: date) -> bool:
        """True when no working day of the period is left after `as_of` (C4)."""
        return as_of >= period.start and not self.working_days(as_of + _DAY, period.end)

    def window(self, period: Period, as_of: date) -> Window:
        """The days of a period known as of a day: the whole period, or its days to date.

        Raises
        ------
        DataError
            If the period begins after `as_of`.
        """
        if as_of < period.start:
            raise DataError(
                f"period {period} begins on {period.start}, after the last day of data, {as_of}. "
                f"Choose {self.last_complete(as_of)} or load newer data."
            )
        complete = self.is_complete(period, as_of)
        return self.days(period.start, period.end if complete else as_of, complete, period)

    def days(self, start: date, end: date, is_complete: bool, period: Period) -> Window:
        """A window of days with its working days, labelled as (part of) a period."""
        total = self.working_days(period.start, period.end)
        return Window(start, end, self.working_days(start, end), is_complete, period.label, total)

    def year_to_date(self, period: Period, as_of: date) -> Window:
        """The fiscal year from its first day to the end of the period's window."""
        whole = self.year_to_date_period(period)
        part = self.window(period, as_of)
        return self.days(whole.start, part.end, part.is_complete, whole)

    def year_to_date_period(self, period: Period) -> Period:
        """The fiscal year up to the end of a period, as one period.

        Raises
        ------
        DataError
            If the period is an ISO week: it may lie in two fiscal years.
        """
        if period.kind == "week" and not self.fiscal.in_weeks:
            raise DataError(
                f"the year to week {period} is not counted: name a month, e.g. {self.period_of(period.end)}."
            )
        year, _ = self.fiscal.locate("month", period.end)
        first = self.fiscal.period("month", year, 1)
        last = self.period_of(period.end)
        label = first.label if first == last else f"{first}..{last}"
        return Period("span", label, first.start, period.end)

    def trailing(self, period: Period, n_months: int) -> Window:
        """The `n_months` whole months that end with a period (12: moving annual total).

        Raises
        ------
        DataError
            If the period does not end with a month, or `n_months` is below 1.
        """
        last = self.period_of(period.end)
        if last.end != period.end or n_months < 1:
            raise DataError(
                f"{n_months} months up to {period}: name a month and at least one month, e.g. 12 to {last}."
            )
        first = self.shift(last, 1 - n_months)
        return self.days(first.start, last.end, True, parsing.span(first, last) if n_months > 1 else last)

    # Comparisons

    def compare(
        self, period: Period, as_of: date, base: str = "previous_year", align: str = "workday"
    ) -> Comparison:
        """A period, whole or to date, and the comparable days of its base (C6).

        A complete period is compared with the whole base period, except that `weekday` and
        `fiscal_week` move by 52 weeks.  To date, the base ends at the same working day
        (`workday`), date (`date`, 29 Feb becomes 28 Feb), day 52 weeks before (`weekday`), or
        day of the restated fiscal week (`fiscal_week`).

        Parameters
        ----------
        period
            From `parse`, `period_of` or `shift`.
        as_of
            Last complete business day of the data.
        base
            previous_year (同比) or previous_period (环比).
        align
            One of `ALIGNMENTS`; fiscal_week needs a calendar in weeks.

        Examples
        --------
        >>> calendar = Calendar(country="CN")
        >>> found = calendar.compare(calendar.parse("2026-03"), date(2026, 3, 16))
        >>> found.current.n_workdays, found.base.n_workdays, str(found.base.end)
        (11, 11, '2025-03-17')
        """
        return alignment.compare(self, period, as_of, base, align)

    def compare_year_to_date(self, period: Period, as_of: date, align: str = "workday") -> Comparison:
        """The fiscal year up to a period, and the comparable days of the year before.

        The last month is aligned as `compare` does it, so that a moved festival inside the
        year does not shift where the base ends.
        """
        return alignment.compare_year_to_date(self, period, as_of, align)

    def is_festival_disturbed(self, period: Period) -> bool:
        """True when 环比 of a period says more about the Spring Festival than about trade (C8).

        January to March of companies that keep the festival, and later months that its last
        days (to day +20) reach, themselves or through the month before.
        """
        if not self.keeps_spring_festival or period.kind not in ("month", "week"):
            return False
        festival = SPRING_FESTIVAL.get(period.end.year)
        before = self.shift(period, -1)
        reached = (
            festival is not None
            and before.start <= festival + timedelta(days=20)
            and period.end >= festival - 5 * _DAY
        )
        return reached or (period.kind == "month" and period.end.month <= 3)

    # Days

    def frame(self, start: date, end: date) -> pd.DataFrame:
        """The calendar as a table: one row per day from `start` to `end`, both included.

        Returns
        -------
        pd.DataFrame
            date; is_workday; event (id, missing on other days); fiscal_year (number);
            fiscal_quarter, fiscal_period, fiscal_week (labels as in `Period.label`);
            festival_offset (days from the Spring Festival, −30 to 30, else missing).

        Examples
        --------
        >>> Calendar(country="CN").frame(date(2025, 1, 26), date(2025, 1, 26)).iloc[0].to_dict()["is_workday"]
        True
        """
        import numpy as np
        import pandas as pd

        dates = pd.date_range(start, end, name="date")
        offset = festival_offset(start, end) if self.keeps_spring_festival else np.full(len(dates), np.nan)
        return pd.DataFrame(
            {
                "date": dates,
                "is_workday": self._working.mask(start, end),
                "event": self._event_days(start, end),
                "fiscal_year": self._labels("year", start, end).astype("int64"),
                "fiscal_quarter": self._labels("quarter", start, end),
                "fiscal_period": self._labels("month", start, end),
                "fiscal_week": self._labels("week", start, end),
                "festival_offset": pd.array(offset, dtype="Int64"),
            }
        )

    def _labels(self, kind: str, start: date, end: date) -> pd.Series:
        import numpy as np
        import pandas as pd

        parts = list(self.fiscal.between(kind, start, end)) if start <= end else []
        lengths = [(min(part.end, end) - max(part.start, start)).days + 1 for part in parts]
        return pd.Series(np.repeat([part.label for part in parts], lengths), dtype="str")

    def _event_days(self, start: date, end: date) -> pd.Series:
        import pandas as pd

        found = pd.Series(pd.NA, index=range((end - start).days + 1), dtype="str")
        for event, (first, last) in reversed(list(self.events.items())):
            for year in range(start.year - 1, end.year + 2):
                opening, closing = _event_day(first, year), _event_day(last, year)
                if opening is None or closing is None:
                    continue
                if closing < opening:
                    closing = _event_day(last, year + 1) or closing
                found.loc[(opening - start).days : (closing - start).days] = event
        return found


def _event_day(edge: str | int, year: int) -> date | None:
    """The day of an event edge in a year; None where the Spring Festival's day is not known."""
    if isinstance(edge, int):
        festival = SPRING_FESTIVAL.get(year)
        return festival + timedelta(days=edge) if festival else None
    return add_months(date.fromisoformat(f"2000-{edge}"), 12 * (year - 2000))
