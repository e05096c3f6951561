"""Trend, season and rest: exact where there is no noise, robust where one month is out of line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib import market
from salesops_lib.market.decomposed import growth_interval, loess, stl
from salesops_lib.metrics import Missing

PATTERN = np.array([0.3, -0.2, 0.1, 0, 0.2, -0.1, -0.3, 0.05, 0.15, -0.05, -0.2, 0.05])


def history(n=48, slope=0.01):
    return slope * np.arange(n) + np.resize(PATTERN, n)


@given(st.lists(st.floats(-5, 5), min_size=24, max_size=60))
def test_parts_add_up(values):
    y = np.array(values)
    assert np.allclose(sum(stl(y, 12)), y)


def test_a_line_and_a_pattern_are_found_exactly():
    parts = stl(history(), 12)
    assert np.allclose(parts.season[:12], PATTERN - PATTERN.mean(), atol=1e-6)
    assert np.allclose(np.diff(parts.trend), 0.01, atol=1e-6)
    assert np.abs(parts.rest).max() < 1e-6


def test_one_month_out_of_line_moves_nothing_else():
    y = history()
    y[30] += 2.0
    parts = stl(y + 0.001 * np.sin(np.arange(48) ** 2), 12)
    assert parts.rest[30] == pytest.approx(2.0, abs=0.02)
    assert np.abs(np.delete(parts.rest, 30)).max() < 0.05


def test_the_interval_of_growth_holds_what_was_planted():
    rng, held = np.random.default_rng(5), 0
    for _ in range(40):
        y = history() + rng.normal(0, 0.04, 48)
        _, low, high = growth_interval(y, stl(y, 12), 12)
        held += low <= np.expm1(0.12) <= high
    assert held >= 32  # of 40; a smooth trend and 48 months hold a little less than 95 %


def test_fewer_than_two_years_are_refused():
    with pytest.raises(ValueError, match="two periods"):
        stl(np.ones(23), 12)


def test_loess_of_a_line_is_the_line():
    assert np.allclose(loess(np.arange(20.0), 7, np.ones(20)), np.arange(20.0))


@pytest.fixture(scope="module")
def months(shared_workspace, line):
    def make(n, *, skip=()):
        days = [
            f"{2023 + m // 12}-{m % 12 + 1:02d}-{d:02d}" for m in range(n) for d in (1, 15) if m not in skip
        ]
        return shared_workspace(
            period=days[-1][:7], as_of=f"{days[-1][:7]}-31", order_lines=[line(day, 1_000_00) for day in days]
        )

    return make


def test_months_of_a_company_whose_sales_only_hang_on_days(months, found):
    told = market.trend_parts(months(36))
    assert len(told.frame) == 36
    assert told.frame.trend.gt(0).all()
    assert "trend_parts.season" in found(told)


def test_less_than_two_years_or_a_month_without_sales_is_missing(months):
    assert isinstance(market.trend_parts(months(20)), Missing)
    assert isinstance(market.trend_parts(months(36, skip=(17,))), Missing)
