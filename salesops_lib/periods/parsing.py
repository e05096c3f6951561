"""Reading a period as people write it."""

from __future__ import annotations

import re
from datetime import date

from salesops_lib.errors import DataError
from salesops_lib.periods.fiscal import FiscalYears
from salesops_lib.periods.windows import Period

_YEAR = r"(?:FY\s?)?(?P<year>(?:19|20|21)\d\d)"
_FORMS = {
    "year": re.compile(rf"{_YEAR}\s?(?:年|财年)?$", re.IGNORECASE),
    "half": re.compile(rf"{_YEAR}(?:[-/ ]?H(?P<n>\d+)|年?(?P<zh>[上下])半年)$", re.IGNORECASE),
    "quarter": re.compile(rf"{_YEAR}(?:[-/ ]?Q(?P<n>\d+)|年?第?(?P<zh>[1-4一二三四])季度?)$", re.IGNORECASE),
    "week": re.compile(rf"{_YEAR}(?:[-/ ]?W(?P<n>\d{{1,2}})|年?第(?P<zh>\d{{1,2}})周)$", re.IGNORECASE),
    "fiscal_month": re.compile(rf"{_YEAR}[-/ ]?P(?P<n>\d{{1,2}})$", re.IGNORECASE),
    "month": re.compile(rf"{_YEAR}(?:[-/.年](?P<n>\d{{1,2}})月?|(?P<compact>\d\d))$", re.IGNORECASE),
}
_NUMERALS = {"上": 1, "下": 2, "一": 1, "二": 2, "三": 3, "四": 4}


def parse(text: str, fiscal: FiscalYears) -> Period:
    """The period that a text names; see `Calendar.parse`."""
    first, dots, last = str(text).strip().partition("..")
    begin = _parse_one(first.strip(), fiscal)
    end = _parse_one(last.strip(), fiscal) if dots else begin
    if begin is None or end is None:
        raise DataError(f"period {str(text)!r} is not understood. {_accepted(fiscal)}")
    return span(begin, end) if dots else begin


def span(first: Period, last: Period) -> Period:
    """The months from the first day of one period to the last day of another, as one period."""
    if last.start < first.start or "week" in (first.kind, last.kind):
        raise DataError(f"period '{first}..{last}': write the earlier month first, e.g. 2026-01..2026-02.")
    return Period("span", f"{first}..{last}", first.start, last.end)


def _parse_one(text: str, fiscal: FiscalYears) -> Period | None:
    for form, pattern in _FORMS.items():
        if match := pattern.match(text):
            number = next((value for key, value in match.groupdict().items() if key != "year" and value), "1")
            return _period(text, form, int(match["year"]), _NUMERALS.get(number) or int(number), fiscal)
    return None


def _period(text: str, form: str, year: int, number: int, fiscal: FiscalYears) -> Period:
    kind = "month" if form == "fiscal_month" else form
    if kind == "month" and (form == "fiscal_month") != fiscal.in_weeks:
        raise DataError(
            f"period {text!r} does not fit the calendar scheme {fiscal.scheme!r}. {_accepted(fiscal)}"
        )
    count = fiscal.count(kind, year)
    if not 1 <= number <= count:
        raise DataError(
            f"period {text!r}: {year} has {kind}s 1 to {count}, not {number}. {_accepted(fiscal)}"
        )
    if form == "month":
        year = fiscal.year_of(date(year, number, 1))
        number = (number - int(fiscal.start[:2])) % 12 + 1
    return fiscal.period(kind, year, number)


def _accepted(fiscal: FiscalYears) -> str:
    month = "2026-P03" if fiscal.in_weeks else "2026-03"
    return (
        f"Write a month {month}, a quarter 2026-Q1, a half 2026-H1, a year 2026, a week 2026-W05, "
        f"or months together {month}..{month[:-1]}5."
    )
