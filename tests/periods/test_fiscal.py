"""Fiscal years in months and weeks, labels, and the algebra of periods."""

from __future__ import annotations

import pickle
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.errors import DataError
from salesops_lib.periods import Calendar, require_comparable
from salesops_lib.periods.fiscal import WEEKS, add_months

MONTHS = Calendar(country="CN")
APRIL = Calendar(fiscal_year_start="04-01")
NRF = Calendar(scheme="4-5-4", fiscal_year_start="02-01", week_start=6)
CALENDARS = {
    "months": MONTHS,
    "april": APRIL,
    "named by end": Calendar(fiscal_year_start="10-01", named_by="end"),
    "nrf": NRF,
    **{scheme: Calendar(scheme=scheme, country="CN") for scheme in WEEKS},
}
calendars = st.sampled_from(list(CALENDARS.values()))
kinds = st.sampled_from(["month", "quarter", "half", "year", "week"])
#: The first example imports pandas, and a busy machine is not a fault.
relaxed = settings(deadline=None)
days = st.dates(date(2008, 1, 1), date(2032, 12, 31))


def test_nrf_years_with_53_weeks():
    """https://nrf.com/4-5-4-calendar: fiscal 2012, 2017 and 2023 have 53 weeks."""
    assert [year for year in range(2008, 2026) if NRF.fiscal.n_weeks(year) == 53] == [2012, 2017, 2023]
    year = NRF.parse("2023")
    assert (year.start, year.end) == (date(2023, 1, 29), date(2024, 2, 3))
    assert NRF.parse("2023-P12").n_days == 35
    assert NRF.parse("2024-P01").start == date(2024, 2, 4)
    assert NRF.parse("2023-W53").end == date(2024, 2, 3)
    assert NRF.year_before(NRF.parse("2023-W53")).label == "2022-W52"


@pytest.mark.parametrize(
    ("scheme", "weeks"), [("4-4-5", [4, 4, 5]), ("4-5-4", [4, 5, 4]), ("5-4-4", [5, 4, 4])]
)
def test_weeks_of_a_quarter(scheme, weeks):
    calendar = CALENDARS[scheme]
    assert [month.n_days // 7 for month in calendar.months(calendar.parse("2025-Q2"))] == weeks


def test_thirteen_months_of_four_weeks():
    calendar = CALENDARS["13x4"]
    assert len(calendar.months(calendar.parse("2025"))) == 13
    assert [calendar.parse(f"2025-Q{n}").n_days // 7 for n in range(1, 5)] == [12, 12, 12, 16]
    assert calendar.parse("2025-H2").n_days // 7 == 28


def test_iso_weeks():
    assert MONTHS.period_of(date(2024, 12, 30), "week").label == "2025-W01"
    week = MONTHS.parse("2020-W53")
    assert (week.start, week.end) == (date(2020, 12, 28), date(2021, 1, 3))
    assert MONTHS.year_before(week).label == "2019-W52"
    with pytest.raises(DataError, match="weeks 1 to 52, not 53"):
        MONTHS.parse("2021-W53")


def test_names_of_years_across_new_year():
    assert APRIL.parse("2025").end == date(2026, 3, 31)
    assert APRIL.parse("2025-Q4").start == date(2026, 1, 1)
    assert CALENDARS["named by end"].parse("2025").start == date(2024, 10, 1)
    assert APRIL.parse("2026-03").label == "2026-03"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2026-03", "2026-03"),
        ("202603", "2026-03"),
        ("2026/3", "2026-03"),
        ("2026年3月", "2026-03"),
        (" 2026-q1 ", "2026-Q1"),
        ("2026Q1", "2026-Q1"),
        ("2026年一季度", "2026-Q1"),
        ("2026年第2季度", "2026-Q2"),
        ("2026-H2", "2026-H2"),
        ("2026年下半年", "2026-H2"),
        ("FY2026", "2026"),
        ("2026年", "2026"),
        ("2026-W5", "2026-W05"),
        ("2026年第5周", "2026-W05"),
        ("2026-01..2026-02", "2026-01..2026-02"),
    ],
)
def test_forms_that_are_read(text, label):
    assert MONTHS.parse(text).label == label


@pytest.mark.parametrize(
    "text",
    ["", "2026-13", "2026-00", "2026-Q5", "2026-H3", "2026-W54", "26-03", "March", "2026-P03", "../../x", "2026-03\x00",
     "2026-02..2026-01", "2026-W01..2026-W02", "9" * 300, "2026-03-01", "0000-01"],
)  # fmt: skip
def test_forms_that_are_refused(text):
    with pytest.raises(DataError, match=r"2026-03|2026-01\.\.2026-02"):
        MONTHS.parse(text)


def test_a_calendar_in_weeks_has_its_own_months():
    with pytest.raises(
        DataError, match=r"'2026-03' does not fit the calendar scheme '4-5-4'. Write a month 2026-P03"
    ):
        NRF.parse("2026-03")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scheme": "4-5-5"}, "did you mean '4-5-4'"),
        ({"fiscal_year_start": "02-30"}, "MM-DD"),
        ({"fiscal_year_start": "02-15"}, "first of a month"),
        ({"week_start": 6}, "ISO weeks"),
    ],
)
def test_settings_that_are_refused(settings, said):
    with pytest.raises(DataError, match=said):
        Calendar(**settings)


def test_kinds_that_are_refused():
    with pytest.raises(DataError, match="did you mean 'month'"):
        MONTHS.period_of(date(2025, 1, 1), "moth")
    with pytest.raises(DataError, match="has no months"):
        MONTHS.months(MONTHS.parse("2025-W01"))


def test_spans_shift_by_their_length():
    span = MONTHS.parse("2025-01..2025-02")
    assert MONTHS.shift(span, 1).label == "2025-03..2025-04"
    assert MONTHS.year_before(span).label == "2024-01..2024-02"


def test_calendars_travel_between_processes():
    MONTHS.is_workday(date(2025, 1, 1))
    assert pickle.loads(pickle.dumps(MONTHS)) == MONTHS


@pytest.mark.parametrize(("day", "n", "expected"), [("2024-01-31", 1, "2024-02-29"), ("2024-12-31", 2, "2025-02-28"), ("2024-02-29", -12, "2023-02-28"), ("2025-01-15", -1, "2024-12-15")])  # fmt: skip
def test_add_months(day, n, expected):
    assert add_months(date.fromisoformat(day), n) == date.fromisoformat(expected)


@relaxed
@given(calendars, days, kinds, st.integers(-30, 30), st.integers(-30, 30))
def test_shifting_adds_up(calendar, day, kind, m, n):
    """(p + m) + n = p + (m + n), in particular (p + 1) + 1 = p + 2."""
    period = calendar.period_of(day, kind)
    assert calendar.shift(calendar.shift(period, m), n) == calendar.shift(period, m + n)


@relaxed
@given(calendars, days, kinds)
def test_periods_tile_the_days(calendar, day, kind):
    period = calendar.period_of(day, kind)
    assert period.start <= day <= period.end
    assert calendar.shift(period, 1).start == period.end + timedelta(days=1)
    assert calendar.parse(period.label) == period


@relaxed
@given(calendars, days, st.sampled_from(["month", "quarter", "half", "year"]))
def test_the_parts_make_the_whole(calendar, day, kind):
    period = calendar.period_of(day, kind)
    months = calendar.months(period)
    assert sum(month.n_days for month in months) == period.n_days
    assert sum(calendar.working_days(m.start, m.end) for m in months) == calendar.working_days(
        period.start, period.end
    )


@relaxed
@given(calendars, days, kinds)
def test_to_date_of_a_complete_period_is_the_period(calendar, day, kind):
    period = calendar.period_of(day, kind)
    window = calendar.window(period, period.end)
    assert window.is_complete
    assert (window.start, window.end, window.n_workdays) == (period.start, period.end, window.of_workdays)


@relaxed
@given(
    calendars, days, st.sampled_from(["month", "quarter", "half", "year", "week"]),
    st.sampled_from(["previous_year", "previous_period"]), st.sampled_from(["workday", "weekday", "date", "fiscal_week"]),
)  # fmt: skip
def test_every_comparison_is_comparable(calendar, as_of, kind, base, align):
    if align == "fiscal_week" and not calendar.fiscal.in_weeks:
        align = "workday"
    found = calendar.compare(calendar.period_of(as_of, kind), as_of, base, align)
    require_comparable(found.current, found.base)
    for window in (found.base, *found.others.values()):
        assert window.start <= window.end < found.current.start
    if align == "workday" and not found.current.is_complete and found.current.n_workdays:
        assert found.base.n_workdays == min(found.current.n_workdays, found.base.of_workdays)


@relaxed
@given(calendars, days, st.sampled_from(["workday", "weekday", "date"]))
def test_year_to_date_comparisons_are_comparable(calendar, as_of, align):
    found = calendar.compare_year_to_date(calendar.period_of(as_of), as_of, align)
    require_comparable(found.current, found.base)
    assert found.base.start <= found.base.end < found.current.start


@relaxed
@given(calendars, days)
def test_day_weights_share_out_the_month(calendar, day):
    weights = calendar.day_weights(calendar.period_of(day))
    assert abs(weights.sum() - 1) < 1e-12
    assert all(calendar.is_workday(worked.date()) for worked in weights.index)


@relaxed
@given(calendars, days, st.integers(0, 500))
def test_the_frame_agrees_with_single_days(calendar, start, length):
    end = start + timedelta(days=length)
    frame = calendar.frame(start, end)
    assert len(frame) == length + 1
    assert frame["is_workday"].sum() == calendar.working_days(start, end)
    for row in (frame.iloc[0], frame.iloc[length // 2], frame.iloc[-1]):
        day = row["date"].date()
        assert row["fiscal_period"] == calendar.period_of(day).label
        assert row["fiscal_week"] == calendar.period_of(day, "week").label
        assert row["fiscal_quarter"] == calendar.period_of(day, "quarter").label
        assert str(row["fiscal_year"]) == calendar.period_of(day, "year").label
        assert row["is_workday"] == calendar.is_workday(day)
