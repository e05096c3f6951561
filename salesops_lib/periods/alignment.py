"""The days of a base period that match the days of the current one (C6, C9)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from salesops_lib.errors import DataError, nearest
from salesops_lib.periods.fiscal import add_months
from salesops_lib.periods.windows import ALIGNMENTS, BASES, Comparison, Period, Window

if TYPE_CHECKING:
    from salesops_lib.periods.calendar import Calendar

_DAY = timedelta(days=1)
_YEAR_OF_WEEKS = timedelta(weeks=52)


def compare(calendar: Calendar, period: Period, as_of: date, base: str, align: str) -> Comparison:
    """A period so far, and the comparable days of its base; see `Calendar.compare`."""
    allowed = _allowed(calendar, base, align)
    current = calendar.window(period, as_of)
    base_period = calendar.year_before(period) if base == "previous_year" else calendar.shift(period, -1)
    matched = {
        name: calendar.days(
            *_match(calendar, current, period, base_period, base, name), current.is_complete, base_period
        )
        for name in allowed
    }
    others = {name: window for name, window in matched.items() if name != align}
    others["whole"] = calendar.days(base_period.start, base_period.end, True, base_period)
    week_53 = _week_53(calendar, current) if base == "previous_year" else None
    return Comparison(current, matched[align], align, base, others, week_53)


def compare_year_to_date(calendar: Calendar, period: Period, as_of: date, align: str) -> Comparison:
    """The fiscal year so far and the comparable days of the year before."""
    part = compare(calendar, period, as_of, "previous_year", align)
    current = calendar.year_to_date(period, as_of)
    base_period = calendar.year_to_date_period(calendar.year_before(period))

    def opened(name: str, window: Window) -> Window:
        by_weeks = name in ("weekday", "fiscal_week")
        start = current.start - _YEAR_OF_WEEKS if by_weeks else base_period.start
        return calendar.days(start, min(window.end, current.start - _DAY), window.is_complete, base_period)

    others = {name: opened(name, window) for name, window in part.others.items()}
    return Comparison(
        current, opened(align, part.base), align, "previous_year", others, _week_53(calendar, current)
    )


def _allowed(calendar: Calendar, base: str, align: str) -> tuple[str, ...]:
    if base not in BASES:
        raise DataError(f"base {base!r}: {nearest(base, BASES)}")
    allowed = ALIGNMENTS if calendar.fiscal.in_weeks else tuple(a for a in ALIGNMENTS if a != "fiscal_week")
    if align not in allowed:
        why = " needs a calendar in weeks (4-4-5, 4-5-4, 5-4-4, 13x4)." if align in ALIGNMENTS else ":"
        raise DataError(f"alignment {align!r}{why} {nearest(align, allowed)}")
    return allowed


def _match(
    calendar: Calendar, current: Window, period: Period, base_period: Period, base: str, align: str
) -> tuple[date, date]:
    """First and last day of the base window."""
    if base == "previous_year" and align in ("weekday", "fiscal_week"):
        return _weeks_before(current, base_period, align)
    if current.is_complete:
        return base_period.start, base_period.end
    if align == "workday" and current.n_workdays:
        end = _same_workday(calendar, current, base_period)
    elif align == "weekday":
        ahead = (current.start.weekday() - base_period.start.weekday()) % 7
        start = base_period.start + timedelta(days=ahead)
        return start, min(start + (current.end - current.start), base_period.end)
    elif align == "date":
        end = _same_date(calendar, current.end, period, base_period, base)
    else:
        # A fiscal week, or days off before the first working day: as many days from the start.
        end = base_period.start + (current.end - current.start)
    return base_period.start, max(base_period.start, min(end, base_period.end))


def _weeks_before(current: Window, base_period: Period, align: str) -> tuple[date, date]:
    """The same days 52 weeks before.

    Against a 53-week year this is the restated year: its week 1 drops out and all weeks move
    by one.  A 53rd week of the current year has no partner.
    """
    start, end = current.start - _YEAR_OF_WEEKS, current.end - _YEAR_OF_WEEKS
    if align == "fiscal_week" and base_period.end - base_period.start < current.end - current.start:
        end = min(end, max(base_period.end, start))
    return start, min(end, current.start - _DAY)


def _same_workday(calendar: Calendar, current: Window, base_period: Period) -> date:
    """The n-th working day of the base period, and the days off after it when current has them."""
    last = calendar.nth_workday(base_period.start, current.n_workdays)
    if calendar.is_workday(current.end):
        return last
    return calendar.nth_workday(last + _DAY, 1) - _DAY


def _same_date(calendar: Calendar, day: date, period: Period, base_period: Period, base: str) -> date:
    """The same calendar date a year before, or the same day of the same month of the period before."""
    if base == "previous_year" and period.kind != "week":
        return add_months(day, -12)
    if period.kind == "week" or calendar.fiscal.in_weeks:
        return base_period.start + (day - period.start)
    months = (period.start.year - base_period.start.year) * 12 + period.start.month - base_period.start.month
    return add_months(day, -months)


def _week_53(calendar: Calendar, current: Window) -> Window | None:
    fiscal = calendar.fiscal
    if not fiscal.in_weeks:
        return None
    year, number = fiscal.locate("week", current.end)
    if number != 53:
        return None
    week = fiscal.period("week", year, number)
    return calendar.days(max(week.start, current.start), current.end, current.is_complete, week)
