"""Measures and units ahead: they add up, in money, at each month; totals, chances, months under way, months of weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.forecasting.ahead import _not_delivered, ahead, chance

TEAMS = (("East", "E1"), ("East", "E2"), ("West", "W1"))


def lines(line, last="2025-12"):
    """Three teams of two regions, each with a level, a growth and noise of its own."""
    rng = np.random.default_rng(3)
    return [
        line(
            f"{month}-{day}", int(level * (1 + 0.01 * i) * rng.uniform(0.8, 1.2)), region=region, rep_id=team
        )
        for level, (region, team) in zip((9000, 5001, 2003), TEAMS, strict=True)
        for i, month in enumerate(pd.period_range("2022-01", last, freq="M"))
        for day in ("02", "15")
    ]


@pytest.fixture(scope="module")
def seen(shared_workspace, line):
    org = [{"rep_id": t, "team": t, "region": r, "valid_from": "2020-01-01"} for r, t in TEAMS]
    ws = shared_workspace(period="2025-12", as_of="2025-12-31", order_lines=lines(line), org=org)
    return ahead(ws)


def test_units_add_up_to_their_company_to_the_minor_unit(seen):
    sums = seen.months.groupby(["level", "label"])["median"].sum().unstack("level")
    assert {"company", "region", "team"} <= set(sums.columns)
    for level in ("region", "team"):
        assert (sums[level] == sums.company).all()
    assert (seen.months["median"] == seen.months["median"].round()).all()


def test_totals_are_the_sums_of_the_months_shown(seen):
    months = seen.months.set_index(["level", "unit", "label"])
    sums = months.groupby(["level", "unit"])["median"].cumsum()
    assert (seen.totals.set_index(["level", "unit", "label"])["median"] == sums).all()
    company = seen.totals[seen.totals.level == "company"]
    assert (company.low_80 < company["median"]).all()
    # errors of months even out in part: a year's total is surer, for its size, than a month
    wide = (company.high_80 - company.low_80) / company["median"]
    assert wide.iloc[-1] < wide.iloc[0]


def test_it_looks_to_the_end_of_the_fiscal_year(seen):
    assert [m.label for m in seen.coming] == [f"2026-{month:02}" for month in range(1, 13)]


def test_the_past_adds_up_too(seen):
    sums = seen.past.groupby(["level", "label"]).actual.sum().unstack("level")
    assert (sums.region == sums.company).all()


def test_a_month_without_a_row_is_a_gap_and_told(workspace, line, seen):
    """As if its file had not come: the forecast stays within what the whole history gives, and is not made unsure."""
    org = [{"rep_id": t, "team": t, "region": r, "valid_from": "2020-01-01"} for r, t in TEAMS]
    rest = [row for row in lines(line) if str(row["ordered_on"])[:7] != "2025-05"]
    found = ahead(workspace(period="2025-12", as_of="2025-12-31", order_lines=rest, org=org))
    gaps = found.treatments[found.treatments.treatment == "gap"]
    assert set(gaps.level) >= {"company", "region", "team"}
    whole, with_gap = (one.months[one.months.level == "company"].set_index("label") for one in (seen, found))
    assert with_gap["median"].to_numpy() == pytest.approx(whole["median"].to_numpy(), rel=0.05)
    # a zero among 4 % of noise would widen the range tenfold
    assert (with_gap.high_80 - with_gap.low_80).mean() < 1.5 * (whole.high_80 - whole.low_80).mean()


@pytest.mark.parametrize(
    ("empty", "gaps"),
    [((17,), [17]), ((0, 40), []), ((7, 19, 31), []), ((5, 17, 30, 38), [])],
    ids=["one month", "before and after sales", "every August", "too many"],
)
def test_which_empty_months_are_gaps(empty, gaps):
    company = pd.Series(5.0, index=pd.period_range("2022-01", periods=41, freq="M").astype(str))
    company.iloc[list(empty)] = 0.0
    assert np.flatnonzero(_not_delivered(company)).tolist() == gaps


def test_a_chance_is_read_off_the_intervals():
    row = pd.Series({"median": 100.0, "low_80": 60.0, "high_80": 140.0, "low_20": 90.0, "high_20": 110.0})
    assert chance(row, 100.0) == pytest.approx(0.5)
    assert chance(row, 140.0) == pytest.approx(0.1)
    assert chance(row, 75.0) == pytest.approx(0.75)
    assert chance(row, 10.0) == pytest.approx(0.9)  # beyond the widest interval nothing is known


def test_months_of_weeks_are_forecast_by_their_weeks(workspace, line):
    """100 a working day in 4-5-4 years, one of 53 weeks: the forecast is 100 a working day, 20 or 25 days a month."""
    days = pd.bdate_range("2021-01-31", "2026-01-31")
    ws = workspace(
        period="2025-P12",
        as_of="2026-01-31",
        policy={
            "calendar.fiscal_year_start": "02-01",
            "calendar.scheme": "4-5-4",
            "calendar.week_start": "sun",
        },
        order_lines=[line(str(day.date()), 100) for day in days],
    )
    coming = ahead(ws).months
    assert coming.label.tolist()[:3] == ["2026-P01", "2026-P02", "2026-P03"]
    assert coming["median"].tolist()[:3] == pytest.approx([2000, 2500, 2000])


def test_without_a_year_there_is_none(workspace, line):
    assert ahead(workspace(period="2025-12", as_of="2025-12-31", order_lines=[line("2025-10-01", 5)])) is None


def test_months_left_out_are_told(workspace, line):
    """Six years and a first month that began on its 20th day: 60 months are looked back on, the others counted."""
    old = [line(f"{p}-20", 100) for p in pd.period_range("2020-01", "2025-12", freq="M")]
    told = ahead(workspace(period="2025-12", as_of="2025-12-31", order_lines=old)).treatments
    assert told[["level", "treatment", "n"]].to_numpy().tolist() == [["company", "too_old", 12]]
    late = [line(f"{p}-20", 100) for p in pd.period_range("2024-01", "2025-12", freq="M")]
    told = ahead(workspace(period="2025-12", as_of="2025-12-31", order_lines=late)).treatments
    assert ["company", "not_whole", 1] in told[["level", "treatment", "n"]].to_numpy().tolist()
