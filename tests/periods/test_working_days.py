"""Working days against the lists of China's State Council, festivals, and own days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from salesops_lib.errors import DataError
from salesops_lib.periods import Calendar
from salesops_lib.periods.working_days import SPRING_FESTIVAL, country_year

CN = Calendar(country="CN")

#: Weekend days worked, from the State Council's notices of the years.
MAKE_UP = {
    2023: "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}
#: First and last day off, from the same notices.
DAYS_OFF = {
    2024: "01-01/01-01 02-10/02-17 04-04/04-06 05-01/05-05 06-08/06-10 09-15/09-17 10-01/10-07",
    2025: "01-01/01-01 01-28/02-04 04-04/04-06 05-01/05-05 05-31/06-02 10-01/10-08",
}


@pytest.mark.parametrize("year", MAKE_UP)
def test_make_up_days_are_those_of_the_state_council(year):
    days = CN.frame(date(year, 1, 1), date(year, 12, 31))
    worked = days[days["is_workday"] & (days["date"].dt.day_of_week >= 5)]["date"]
    assert worked.dt.strftime("%m-%d").tolist() == MAKE_UP[year].split()


@pytest.mark.parametrize("year", DAYS_OFF)
def test_every_other_weekday_is_worked_except_the_published_days_off(year):
    off = set()
    for stretch in DAYS_OFF[year].split():
        first, last = (date.fromisoformat(f"{year}-{day}") for day in stretch.split("/"))
        off |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    for n in range(366 if year == 2024 else 365):
        day = date(year, 1, 1) + timedelta(days=n)
        made_up = day.strftime("%m-%d") in MAKE_UP[year].split()
        assert CN.is_workday(day) == (made_up or (day.weekday() < 5 and day not in off)), day


def test_make_up_days_agree_with_the_names_that_the_holidays_package_gives():
    """The names read "Day off (substituted from 02/04/2024)"; the set must say the same."""
    for year in MAKE_UP:
        known = country_year("CN", year)
        named = {
            name.rpartition(" ")[2].rstrip(")") for name in known.holidays.values() if "substituted" in name
        }
        assert {day.strftime("%m/%d/%Y") for day in known.workdays} == named


def test_a_make_up_day_announced_with_the_year_after():
    assert CN.is_workday(date(2011, 12, 31))


def test_years_without_published_make_up_days_are_named_not_guessed():
    assert CN.unknown_years(date(2001, 1, 1), date(2026, 12, 31)) == ()
    assert CN.unknown_years(date(2026, 1, 1), date(2045, 1, 1))[-1] == 2045
    assert Calendar(country="US").unknown_years(date(2040, 1, 1), date(2045, 1, 1)) == ()
    assert Calendar().unknown_years(date(2040, 1, 1), date(2045, 1, 1)) == ()
    listed = Calendar(country="CN", workdays=[date(2045, 1, 7)])
    assert listed.unknown_years(date(2044, 1, 1), date(2045, 12, 31)) == (2044,)


@pytest.mark.parametrize("day", ["2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17"])
def test_spring_festival(day):
    festival = date.fromisoformat(day)
    assert SPRING_FESTIVAL[festival.year] == festival
    frame = CN.frame(festival - timedelta(days=31), festival + timedelta(days=31)).set_index("date")[
        "festival_offset"
    ]
    assert frame.loc[str(festival)] == 0
    assert frame.iloc[[1, 30, 32, 61]].tolist() == [-30, -1, 1, 30]
    assert frame.iloc[[0, 62]].isna().all()


def test_spring_festival_table_agrees_with_the_holidays_package():
    assert (min(SPRING_FESTIVAL), max(SPRING_FESTIVAL), len(SPRING_FESTIVAL)) == (2000, 2050, 51)
    for year, festival in SPRING_FESTIVAL.items():
        assert "Spring Festival" in country_year("CN", year).holidays[festival]


def test_no_festival_where_nobody_keeps_it():
    assert Calendar(country="DE").frame(date(2025, 1, 1), date(2025, 2, 28))["festival_offset"].isna().all()


def test_own_days_go_before_the_country():
    calendar = Calendar(
        country="CN",
        holidays={date(2025, 1, 26): "own day off", date(2025, 3, 3): "fair"},
        workdays=[date(2025, 1, 29)],
    )
    assert not calendar.is_workday(date(2025, 1, 26))
    assert not calendar.is_workday(date(2025, 3, 3))
    assert calendar.is_workday(date(2025, 1, 29))


def test_other_weekends():
    gulf = Calendar(weekend=(4, 5))
    assert not gulf.is_workday(date(2025, 3, 7))
    assert gulf.is_workday(date(2025, 3, 9))
    with pytest.raises(DataError, match="not all"):
        Calendar(weekend=range(7))


def test_unknown_country_says_what_to_write():
    with pytest.raises(DataError, match=r"'QQ' is not known. Write an ISO code"):
        Calendar(country="QQ").is_workday(date(2025, 1, 1))


def test_counting():
    assert CN.working_days(date(2025, 1, 1), date(2025, 12, 31)) == 248
    assert CN.working_days(date(2024, 12, 31), date(2025, 1, 2)) == 2
    assert CN.working_days(date(2025, 1, 2), date(2025, 1, 1)) == 0
    assert CN.nth_workday(date(2024, 12, 31), 2) == date(2025, 1, 2)
    assert CN.workday_number(date(2025, 2, 1), date(2025, 2, 8)) == 4
    with pytest.raises(DataError, match="count from 1"):
        CN.nth_workday(date(2025, 1, 1), 0)


def test_events_of_the_frame():
    calendar = Calendar(
        events={
            "festival": (-5, 20),
            "leap": ("02-28", "02-29"),
            "year_end": ("12-30", "01-02"),
            "sale": ("06-01", "06-20"),
        }
    )
    event = calendar.frame(date(2024, 1, 1), date(2025, 1, 31)).set_index("date")["event"]
    assert event.loc["2024-02-04":"2024-02-05"].fillna("").tolist() == ["", "festival"]
    assert event.loc["2024-02-29"] == "festival"  # first listed wins
    assert event.loc["2024-01-02"] == event.loc["2024-12-30"] == event.loc["2025-01-02"] == "year_end"
    assert (event == "sale").sum() == 20
    assert Calendar(events={"leap": ("02-28", "02-29")}).frame(date(2025, 2, 27), date(2025, 3, 1))[
        "event"
    ].isna().tolist() == [
        True,
        False,
        True,
    ]


def test_frame_types():
    frame = CN.frame(date(2024, 12, 29), date(2025, 1, 1))
    assert frame.dtypes.astype(str).to_dict() == {
        "date": "datetime64[s]",
        "is_workday": "bool",
        "event": "str",
        "fiscal_year": "int64",
        "fiscal_quarter": "str",
        "fiscal_period": "str",
        "fiscal_week": "str",
        "festival_offset": "Int64",
    }
    assert frame["fiscal_week"].tolist() == ["2024-W52", "2025-W01", "2025-W01", "2025-W01"]
    assert frame["fiscal_period"].tolist() == ["2024-12"] * 3 + ["2025-01"]
    assert frame["fiscal_year"].tolist() == [2024] * 3 + [2025]
