"""The coming months of a store: rates a working day, festival months, intervals, targets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib import forecasting
from salesops_lib.metrics import Missing


def monthly(line, first, last, amount):
    """One line a month; `amount(period)` says how much."""
    return [
        line(str(p.start_time.date())[:8] + "15", amount(p)) for p in pd.period_range(first, last, freq="M")
    ]


def workdays(period):
    return len(pd.bdate_range(period.start_time, period.end_time.normalize()))


@pytest.fixture(scope="module")
def steady(shared_workspace, line):
    """1,000 a working day for three years: the forecast is 1,000 a working day."""
    return shared_workspace(
        period="2025-12", as_of="2025-12-31", order_lines=monthly(line, "2023-01", "2025-12", lambda p: 1000 * workdays(p)),
        targets=[{"version": v, "scope_type": "company", "scope_id": "company", "measure": "bookings", "period": "2026-01", "value": x} for v, x in (("v1", 1), ("v2", 200))],
    )  # fmt: skip


def test_a_steady_business_is_forecast_exactly(steady, found):
    exhibit = forecasting.outlook(steady)
    coming = exhibit.frame[exhibit.frame["median"].notna()].set_index("label")
    # working days of January to June 2026: 22 20 22 22 21 22
    assert coming["median"].tolist() == pytest.approx([22_000, 20_000, 22_000, 22_000, 21_000, 22_000])
    assert coming.base["2026-01"] == 23_000
    assert coming.target["2026-01"] == 200_00  # the newest version
    told = found(exhibit)
    assert told["outlook.range"].values["median"] == pytest.approx(64_000)
    assert (told["outlook.range"].values["from"], told["outlook.range"].values["to"]) == (
        "2026-01",
        "2026-03",
    )


def test_without_errors_the_interval_is_the_median(steady):
    coming = forecasting.outlook(steady).frame.dropna(subset=["median"])
    for edge in ("low_80", "high_80", "low_95", "high_95"):
        assert coming[edge].tolist() == pytest.approx(coming["median"].tolist())


def test_the_chance_of_the_target_is_read_off_the_intervals(steady, found):
    told = found(forecasting.outlook(steady))["outlook.target"]
    # 22,000 without error against 20,000: beyond the widest interval, of 98 %
    assert (told.values["month"], told.values["chance"], told.tone) == (
        "2026-01",
        pytest.approx(0.99),
        "good",
    )


def test_past_months_show_what_was(steady):
    past = forecasting.outlook(steady).frame[lambda f: f["median"].isna()]
    assert past.label.tolist() == [f"2025-{month:02}" for month in range(1, 13)]
    assert past.actual.tolist() == [
        1000 * workdays(p) for p in pd.period_range("2025-01", "2025-12", freq="M")
    ]
    assert past.base.tolist() == [1000 * workdays(p) for p in pd.period_range("2024-01", "2024-12", freq="M")]


def test_a_month_is_shown_whose_last_working_day_is_loaded(workspace, line):
    """30 December 2017 is a Saturday: nothing is still to come, and the forecast begins with January."""
    ws = workspace(
        period="2017-12", as_of="2017-12-30", order_lines=monthly(line, "2015-01", "2017-12", lambda p: 1000 * workdays(p))
    )  # fmt: skip
    frame = forecasting.outlook(ws).frame.set_index("label")
    assert frame.actual["2017-12"] == 1000 * workdays(pd.Period("2017-12"))
    assert frame["median"].first_valid_index() == "2018-01"


def test_few_months_have_a_range_of_their_own(workspace, line, found):
    """13 months leave an origin or two: the range is in part an assumption, and there is one."""
    ws = workspace(
        period="2025-12",
        as_of="2025-12-31",
        order_lines=[line("2024-12-01", 1), *monthly(line, "2024-12", "2025-12", lambda p: 100 + p.month)],
    )
    exhibit = forecasting.outlook(ws)
    coming = exhibit.frame.dropna(subset=["median"])
    assert (coming.low_95 < coming.low_80).all()
    assert (coming.low_80 < coming["median"]).all()
    assert (coming["median"] < coming.high_80).all()
    assert found(exhibit)["outlook.range"].values["low"] > 0


def test_a_year_is_needed(workspace, line):
    made = forecasting.outlook(
        workspace(
            period="2025-12",
            as_of="2025-12-31",
            order_lines=monthly(line, "2025-02", "2025-12", lambda p: 100),
        )
    )
    assert isinstance(made, Missing)
    assert made.why == "note.year_needed"
    assert forecasting.outlook(workspace(as_of="2025-12-31")).needs == ("sales.net_amount",)


def test_a_month_under_way_keeps_what_it_has(workspace, line):
    rows = [*monthly(line, "2023-01", "2025-11", lambda p: 1000 * workdays(p)), line("2025-12-12", 50_000)]
    ws = workspace(period="2025-12", as_of="2025-12-12", order_lines=rows)
    coming = forecasting.outlook(ws).frame.dropna(subset=["median"]).set_index("label")
    # 13 working days are left from 15 to 31 December
    assert coming["median"]["2025-12"] == pytest.approx(50_000 + 13 * 1000)
    assert coming["median"]["2026-01"] == pytest.approx(22_000)


def test_january_and_february_share_a_rate_where_the_festival_moves(workspace, line):
    """All of January's and February's sales in one of the two: the other must not be forecast empty."""

    def amount(p):
        return {1: 0, 2: 80_000}.get(p.month, 40_000)

    rows = [line("2023-01-02", 1), *monthly(line, "2023-01", "2025-12", amount)]
    ws = workspace(period="2025-12", as_of="2025-12-31", policy={"calendar.country": "CN"}, order_lines=rows)
    coming = forecasting.outlook(ws).frame.dropna(subset=["median"]).set_index("label")["median"]
    days = [
        ws.calendar.working_days(*(ws.calendar.parse(m).start, ws.calendar.parse(m).end))
        for m in ("2026-01", "2026-02")
    ]
    # one rate, but that each month is a whole number of minor units
    assert coming["2026-01"] / days[0] == pytest.approx(coming["2026-02"] / days[1], abs=1 / min(days))
    assert coming["2026-01"] > 0


def test_later_months_do_not_change_an_earlier_forecast(workspace, line):
    rng = np.random.default_rng(7)
    noise = dict(zip(pd.period_range("2023-01", "2026-03", freq="M"), rng.integers(500, 1500, 39)))
    rows = monthly(line, "2023-01", "2025-12", lambda p: int(noise[p]) * workdays(p))
    later = rows + monthly(line, "2026-01", "2026-03", lambda p: 999_999)
    alone = forecasting.outlook(workspace(period="2025-12", as_of="2025-12-31", order_lines=rows)).frame
    known = forecasting.outlook(workspace(period="2025-12", as_of="2026-03-31", order_lines=later)).frame
    pd.testing.assert_frame_equal(alone, known)
