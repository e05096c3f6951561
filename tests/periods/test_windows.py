"""Comparable windows and growth: worked example C6, C5, C7, C8, C10."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.periods import (
    ALIGNMENTS,
    Calendar,
    Growth,
    Window,
    growth,
    growth_frame,
    growth_per_workday,
    require_comparable,
)

CN = Calendar(country="CN")
PLAIN = Calendar()
RETAIL = Calendar(scheme="4-5-4", fiscal_year_start="02-01", week_start=6)


def _total(daily: pd.Series, window: Window) -> int:
    return int(daily.loc[str(window.start) : str(window.end)].sum())


@pytest.fixture
def example_c6() -> tuple[Calendar, pd.Series]:
    """460 in 11 working days of March 2026; 900 in the 20 of March 2025, 410 in its first 11."""
    calendar = Calendar(holidays={date(2025, 3, 31): "stocktaking"})
    daily = pd.Series(0, index=pd.date_range("2025-01-01", "2026-03-16"))
    last_year = calendar.frame(date(2025, 3, 1), date(2025, 3, 31)).query("is_workday")["date"]
    this_year = calendar.frame(date(2026, 3, 1), date(2026, 3, 16)).query("is_workday")["date"]
    assert (len(last_year), len(this_year)) == (20, 11)
    daily.loc[last_year.iloc[:11]] = [40] * 10 + [10]
    daily.loc[last_year.iloc[11:]] = [50] * 8 + [90]
    daily.loc[this_year] = [40] * 10 + [60]
    return calendar, daily


def test_worked_example_c6(example_c6):
    calendar, daily = example_c6
    found = calendar.compare(calendar.parse("2026-03"), date(2026, 3, 16))
    whole = found.others["whole"]
    current, base, full = (_total(daily, window) for window in (found.current, found.base, whole))
    assert (current, base, full) == (460, 410, 900)
    assert (found.current.n_workdays, found.base.n_workdays, whole.n_workdays) == (11, 11, 20)
    assert round(growth(current, full).rate * 100, 1) == -48.9
    assert round(growth(current, base).rate * 100, 1) == 12.2
    assert round(growth_per_workday(current, found.current, full, whole).rate * 100, 1) == -7.1


def test_incomplete_against_complete_is_refused_and_says_what_to_do(example_c6):
    calendar, _ = example_c6
    found = calendar.compare(calendar.parse("2026-03"), date(2026, 3, 16))
    require_comparable(found.current, found.base)
    with pytest.raises(DataError, match=r"2026-03 has 11 of 22 working days .* whole of 2025-03"):
        require_comparable(found.current, found.others["whole"])
    with pytest.raises(DataError, match="2026-03 has 11 of 22"):
        require_comparable(found.others["whole"], found.current)


def test_a_complete_month_is_compared_with_the_whole_month():
    found = CN.compare(CN.parse("2025-02"), date(2025, 2, 28))
    assert found.current.is_complete
    assert (found.base.start, found.base.end) == (date(2024, 2, 1), date(2024, 2, 29))
    assert (found.current.n_workdays, found.base.n_workdays) == (19, 18)


def test_the_month_is_complete_when_no_working_day_is_left():
    march = PLAIN.parse("2025-05")  # ends on Saturday
    assert PLAIN.is_complete(march, date(2025, 5, 30))
    assert not PLAIN.is_complete(march, date(2025, 5, 29))
    assert PLAIN.window(march, date(2025, 5, 30)).end == date(2025, 5, 31)
    assert PLAIN.last_complete(date(2025, 5, 30)).label == "2025-05"
    assert PLAIN.last_complete(date(2025, 5, 29)).label == "2025-04"


def test_make_up_saturday_keeps_a_month_open():
    """28 February 2026 is a Saturday worked for the Spring Festival."""
    assert not CN.is_complete(CN.parse("2026-02"), date(2026, 2, 27))
    assert PLAIN.is_complete(PLAIN.parse("2026-02"), date(2026, 2, 27))


def test_a_period_without_working_days_is_not_complete_before_it_begins():
    week = CN.parse("2024-W40")  # 30 Sep is worked, 1–6 Oct not
    assert not CN.is_complete(week, date(2024, 9, 29))
    assert CN.is_complete(week, date(2024, 9, 30))


def test_leap_day_compares_with_28_february():
    found = PLAIN.compare(PLAIN.parse("2024-03"), date(2024, 3, 14), align="date")
    assert found.base.end == date(2023, 3, 14)
    leap = PLAIN.compare(PLAIN.parse("2024-Q1"), date(2024, 2, 29), align="date")
    assert (leap.base.start, leap.base.end) == (date(2023, 1, 1), date(2023, 2, 28))
    assert not leap.base.is_complete
    to_leap = PLAIN.compare(PLAIN.parse("2025-02"), date(2025, 2, 27), align="date")
    assert to_leap.base.end == date(2024, 2, 27)


def test_weekday_alignment_moves_by_364_days():
    found = PLAIN.compare(PLAIN.parse("2025-03"), date(2025, 3, 14), align="weekday")
    assert (found.base.start, found.base.end) == (date(2024, 3, 2), date(2024, 3, 15))
    assert found.base.start.weekday() == found.current.start.weekday()
    assert found.base.n_days == found.current.n_days


def test_previous_period_to_date_stays_inside_the_period_before():
    found = PLAIN.compare(PLAIN.parse("2025-03"), date(2025, 3, 28), base="previous_period", align="date")
    assert (found.base.start, found.base.end) == (date(2025, 2, 1), date(2025, 2, 28))
    assert not found.base.is_complete
    assert found.others["whole"].is_complete
    quarter = PLAIN.compare(PLAIN.parse("2025-Q2"), date(2025, 5, 14), base="previous_period", align="date")
    assert quarter.base.end == date(2025, 2, 14)
    days = PLAIN.compare(
        PLAIN.parse("2025-03"), date(2025, 3, 14), base="previous_period", align="weekday"
    ).base
    assert (days.start, days.end) == (date(2025, 2, 1), date(2025, 2, 14))


def test_days_off_at_the_end_count_on_both_sides():
    """A window that ends with a weekend after its n-th working day has a base that does so too."""
    found = PLAIN.compare(PLAIN.parse("2025-03"), date(2025, 3, 16))
    assert found.current.n_workdays == 10
    assert found.base.end == date(2024, 3, 14)
    sunday = PLAIN.compare(PLAIN.parse("2024-03"), date(2024, 3, 17))  # Sunday after the 11th working day
    assert (sunday.base.end, sunday.base.n_workdays) == (date(2023, 3, 15), 11)
    weekend = PLAIN.compare(PLAIN.parse("2026-06"), date(2026, 6, 7))  # 5 working days and a weekend
    assert (weekend.base.end, weekend.base.n_workdays) == (date(2025, 6, 8), 5)


def test_no_working_day_yet_takes_as_many_days():
    found = CN.compare(CN.parse("2025-10"), date(2025, 10, 5))
    assert found.current.n_workdays == 0
    assert (found.base.start, found.base.end) == (date(2024, 10, 1), date(2024, 10, 5))


def test_year_to_date_by_weekday_never_reaches_into_the_current_year():
    calendar = Calendar(fiscal_year_start="10-01", named_by="end")
    found = calendar.compare_year_to_date(calendar.parse("2008-09"), date(2008, 9, 29), "weekday")
    assert (found.base.start, found.base.end) == (date(2006, 10, 2), date(2007, 9, 30))


def test_the_same_date_a_year_before_may_lie_before_a_fiscal_year_in_weeks():
    weeks = Calendar(scheme="4-4-5")
    base = weeks.compare(weeks.parse("2011-P01"), date(2011, 1, 3), align="date").base
    assert (base.start, base.end) == (date(2010, 1, 4), date(2010, 1, 4))


def test_more_working_days_than_the_base_month_has():
    found = CN.compare(CN.parse("2025-01"), date(2025, 1, 27), base="previous_year")
    assert (found.current.n_workdays, found.current.of_workdays) == (19, 19)
    late = CN.compare(CN.parse("2025-03"), date(2025, 3, 28), base="previous_period")
    assert (late.current.n_workdays, late.base.n_workdays, late.base.end) == (20, 19, date(2025, 2, 28))
    require_comparable(late.current, late.base)


def test_a_period_in_the_future_is_refused_with_the_last_complete_one():
    with pytest.raises(DataError, match=r"2025-07 begins on 2025-07-01, after .* 2025-06-17. Choose 2025-05"):
        PLAIN.window(PLAIN.parse("2025-07"), date(2025, 6, 17))


def test_unknown_alignment_and_base_name_the_nearest():
    march = PLAIN.parse("2025-03")
    with pytest.raises(DataError, match="did you mean 'workday'"):
        PLAIN.compare(march, date(2025, 3, 31), align="workdays")
    with pytest.raises(DataError, match="needs a calendar in weeks"):
        PLAIN.compare(march, date(2025, 3, 31), align="fiscal_week")
    with pytest.raises(DataError, match="did you mean 'previous_year'"):
        PLAIN.compare(march, date(2025, 3, 31), base="previous_yera")


def test_others_hold_every_alignment_but_the_shown_one():
    found = PLAIN.compare(PLAIN.parse("2025-03"), date(2025, 3, 14))
    assert set(found.others) == {"weekday", "date", "whole"}
    retail = RETAIL.compare(RETAIL.parse("2025-P02"), date(2025, 3, 14))
    assert set(retail.others) == {*ALIGNMENTS, "whole"} - {"workday"}


def test_year_to_date_and_its_base():
    found = PLAIN.compare_year_to_date(PLAIN.parse("2025-03"), date(2025, 3, 14))
    assert (found.current.start, found.current.end, found.current.label) == (
        date(2025, 1, 1),
        date(2025, 3, 14),
        "2025-01..2025-03",
    )
    assert (found.base.start, found.base.end) == (date(2024, 1, 1), date(2024, 3, 14))
    assert found.others["whole"].end == date(2024, 3, 31)
    assert found.others["weekday"].start == date(2024, 1, 3)


def test_year_to_date_of_an_april_year_starts_in_april():
    calendar = Calendar(fiscal_year_start="04-01")
    assert calendar.year_to_date(calendar.parse("2025-02"), date(2025, 2, 28)).start == date(2024, 4, 1)


def test_an_iso_week_has_no_year_to_date():
    with pytest.raises(DataError, match=r"name a month, e.g. 2026-01"):
        PLAIN.year_to_date(PLAIN.parse("2026-W01"), date(2026, 1, 2))


def test_trailing_twelve_months():
    window = PLAIN.trailing(PLAIN.parse("2025-02"), 12)
    assert (window.start, window.end, window.label) == (
        date(2024, 3, 1),
        date(2025, 2, 28),
        "2024-03..2025-02",
    )
    with pytest.raises(DataError, match="name a month"):
        PLAIN.trailing(PLAIN.parse("2025-W05"), 12)


def test_53rd_week_has_no_partner_and_the_year_after_is_restated():
    last = RETAIL.compare(RETAIL.parse("2023"), date(2024, 2, 3), align="fiscal_week")
    assert (last.base.start, last.base.end) == (date(2022, 1, 30), date(2023, 1, 28))
    assert (last.week_53.start, last.week_53.end) == (date(2024, 1, 28), date(2024, 2, 3))
    after = RETAIL.compare(RETAIL.parse("2024"), date(2025, 2, 1), align="fiscal_week")
    assert (after.base.start, after.base.end) == (date(2023, 2, 5), date(2024, 2, 3))  # weeks 2 to 53
    assert after.others["whole"].start == date(2023, 1, 29)
    assert after.week_53 is None
    ordinary = RETAIL.compare(RETAIL.parse("2022-P03"), date(2022, 4, 30), align="fiscal_week")
    assert ordinary.base == ordinary.others["whole"]


def test_fiscal_week_against_the_period_before():
    found = RETAIL.compare(RETAIL.parse("2024-P02"), date(2024, 3, 9), "previous_period", "fiscal_week")
    assert (found.base.start, found.base.end) == (date(2024, 2, 4), date(2024, 2, 10))


def test_january_and_february_together():
    found = CN.compare(CN.parse("2025-01..2025-02"), date(2025, 2, 28))
    assert (found.base.start, found.base.end, found.base.label) == (
        date(2024, 1, 1),
        date(2024, 2, 29),
        "2024-01..2024-02",
    )


@pytest.mark.parametrize(
    ("label", "disturbed"),
    [("2025-01", True), ("2025-03", True), ("2025-04", False), ("2026-04", True), ("2025-12", False)],
)
def test_months_disturbed_by_the_festival(label, disturbed):
    assert CN.is_festival_disturbed(CN.parse(label)) is disturbed
    assert not PLAIN.is_festival_disturbed(PLAIN.parse(label))


@pytest.mark.parametrize(
    ("current", "base", "expected"),
    [
        (120, 100, Growth(0.2, 20, "rate")),
        (0, 100, Growth(-1.0, -100, "rate")),
        (5, 0, Growth(None, 5, "new")),
        (0, 0, Growth(None, 0, "n.m.")),
        (5, -5, Growth(None, 10, "n.m.")),
        (None, 5, Growth(None, None, "missing")),
        (5, float("nan"), Growth(None, None, "missing")),
        (pd.NA, 5, Growth(None, None, "missing")),
    ],
)
def test_growth_kinds(current, base, expected):
    assert growth(current, base) == expected


def test_growth_frame_agrees_with_growth_row_by_row():
    current = pd.Series([120, 0, 5, 0, 5, None, 7], dtype="Int64")
    base = pd.Series([100, 100, 0, 0, -5, 5, None], dtype="Int64")
    frame = growth_frame(current, base)
    single = [growth(a, b) for a, b in zip(current, base)]
    assert frame["growth_kind"].tolist() == [one.kind for one in single]
    np.testing.assert_array_equal(
        frame["growth"], [np.nan if one.rate is None else one.rate for one in single]
    )
    assert frame["difference"].isna().tolist() == [one.difference is None for one in single]


def test_growth_frame_keeps_units_that_only_one_side_has():
    frame = growth_frame(pd.Series({"East": 2.0, "New": 1.0}), pd.Series({"Gone": 3.0, "East": 1.0}))
    assert frame.index.tolist() == ["East", "New", "Gone"]
    assert frame["growth_kind"].tolist() == ["rate", "missing", "missing"]


def test_pace_without_working_days_is_missing():
    empty = Window(date(2025, 10, 1), date(2025, 10, 5), 0, False)
    assert growth_per_workday(5, empty, 5, empty).kind == "missing"
