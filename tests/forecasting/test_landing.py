"""The forecast page: landings against targets, bridges that close, units that add up, one figure on all pages."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib.forecasting import kept, outlook, review
from salesops_lib.metrics import Missing


def workdays(period):
    return len(pd.bdate_range(period.start_time, period.end_time.normalize()))


def rows(line, last):
    return [
        line(f"{p}-15", level * workdays(p) * (2 if p.month == 12 else 1), region=region)
        for level, region in ((700, "East"), (300, "West"))
        for p in pd.period_range("2022-01", last, freq="M")
    ]


TARGETS = [
    {"version": "v1", "scope_type": scope, "scope_id": unit, "measure": "bookings", "period": f"2026-{m:02}", "value": value}
    for scope, unit, value in (("company", "company", 210), ("region", "East", 100))
    for m in range(1, 13)
]  # fmt: skip


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    """1,000 a working day, twice that in December, seven tenths of it in the East."""
    return shared_workspace(
        period="2026-02", as_of="2026-02-28", order_lines=rows(line, "2026-02"), targets=TARGETS
    )


def test_the_landing_counts_what_has_come(ws):
    (landing,) = review(ws).landing
    month, quarter, year = landing.frame.itertuples()
    # working days: January 22, February 20, March 22; 261 in 2026, the 23 of December counted twice
    assert (month.period, quarter.period, year.period) == ("2026-03", "2026-Q1", "2026")
    assert (month.so_far, quarter.so_far, year.so_far) == (0, 42_000, 42_000)
    assert month.forecast == pytest.approx(22_000)
    assert quarter.forecast == pytest.approx(64_000)
    assert year.forecast == pytest.approx(284_000, rel=1e-3)
    assert (month.goal, quarter.goal) == (210_00, 630_00)
    # nothing ever surprised, but four Decembers of twice as much leave some doubt about peaks: a chance in twenty
    assert 0.95 <= month.chance <= 0.99
    assert 0.95 <= quarter.chance <= 0.99


def test_it_is_the_figure_of_the_other_pages(ws):
    fan = review(ws).fans[0]
    pd.testing.assert_frame_equal(fan.frame, outlook(ws).frame)


def test_units_add_up_to_the_total(ws):
    regions, *_ = review(ws).units
    units = regions.frame[~regions.frame.is_total].set_index("unit")
    total = regions.frame[regions.frame.is_total].iloc[0]
    assert units.forecast.sum() == total.forecast
    assert units.forecast["East"] == pytest.approx(0.7 * total.forecast, abs=1)
    assert units.goal["East"] == 300_00
    assert pd.isna(units.goal["West"])


def test_the_parts_close_and_the_season_is_found(ws):
    (parts,) = review(ws).parts
    amounts = parts.frame.set_index("step").amount
    effects = parts.frame[parts.frame.role == "effect"].amount.sum()
    assert amounts["usual_months"] + effects == amounts["expected_ahead"]
    # March to May have 65 weekdays, as many as a quarter of the last year's 260; 283 days' worth came in it
    assert amounts["usual_months"] == 283_000 / 4
    assert "weekdays" not in amounts
    # no December in them: 65 days at 1,000, not at 283,000 / 260; past years' Decembers had a day more or less
    a_day = amounts["usual_months"] / 260
    assert amounts["season"] == pytest.approx(65_000 - 283_000 / 4, abs=a_day)
    assert amounts.get("trend_ahead", 0) == pytest.approx(0, abs=a_day)


def test_a_weekday_less_is_a_part_of_its_own(workspace, line):
    """February to April 2026 have 64 weekdays, a quarter of the year before 65."""
    ws = workspace(period="2026-01", as_of="2026-01-31", order_lines=rows(line, "2026-01"))
    (parts,) = review(ws).parts
    assert parts.frame.set_index("step").amount["weekdays"] == pytest.approx(-283_000 / 260, abs=1)


def test_the_change_since_last_time_closes(workspace, line, found):
    ws = workspace(period="2026-02", as_of="2026-02-28", order_lines=rows(line, "2026-02"))
    folder = ws.root / kept.FOLDER / "2026-01-31"
    folder.mkdir(parents=True)
    said = "2026-01-31,2026-01-31,bookings,company,,{},1,1,1,1\n"
    body = said.format("2026-02,18000") + said.format("2026-03,25000")
    (folder / "21_forecast.csv").write_text(",".join(kept.COLUMNS) + "\n" + body)
    (change,) = review(ws).change
    amounts = change.frame.set_index("step").amount
    assert amounts.to_dict() == pytest.approx(
        {"said_before": 43_000, "months_over": 2_000, "months_ahead": -3_000, "said_now": 42_000}
    )
    assert found(change)["forecast_change.moved"].values["change"] == pytest.approx(-1_000)


def test_a_first_report_says_that_it_is_the_first(ws):
    seen = review(ws)
    assert isinstance(seen.change[0], Missing)
    assert isinstance(seen.accuracy[0], Missing)


def test_treatments_are_told(workspace, line):
    """A region that began six months ago is short; months below zero keep the calendar away."""
    known = rows(line, "2025-12") + [line(f"2025-{m:02}-03", 40, region="Export") for m in (7, 8, 9, 11, 12)]
    (told,) = review(workspace(period="2025-12", as_of="2025-12-31", order_lines=known)).treatments
    of_export = told.frame[told.frame.example == "Export"].set_index("treatment").n_periods
    assert (of_export["short"], of_export["no_calendar"]) == (6, 1)


def test_without_a_year_the_page_says_so(workspace, line):
    seen = review(workspace(period="2025-12", as_of="2025-12-31", order_lines=[line("2025-10-01", 5)]))
    assert seen.landing[0].why == "note.year_needed"
    assert seen.movers == []
