"""Histories as arrays: dates, gaps, periods that have not ended."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.forecasting.panel import grid_of, read_panel


@pytest.mark.parametrize(
    "freq",
    ["MS", "ME", "QS", "QE", "QE-NOV", "QS-FEB", "YS", "YE", "YE-MAR", "W-SUN", "W-MON", "W-FRI", "D", "B"],
)
def test_dates_come_back_and_go_on_as_pandas_has_them(freq: str) -> None:
    dates = pd.date_range("2023-01-01", periods=30, freq=freq)
    grid, ordinals = grid_of(freq, pd.Series(dates[:20]))
    assert (np.diff(ordinals) == 1).all()
    assert (grid.dates(ordinals[0] + np.arange(30)) == dates.to_numpy()).all()


@pytest.mark.parametrize("freq", ["MS", "ME", "QS", "QE-NOV", "YS", "W-SUN", "W-MON", "D"])
def test_periods_follow_each_other_without_a_day_between(freq: str) -> None:
    grid, ordinals = grid_of(freq, pd.Series(pd.date_range("2023-01-01", periods=20, freq=freq)))
    starts, ends = grid.bounds(ordinals)
    assert (starts[1:] - ends[:-1] == np.timedelta64(1, "D")).all()


def test_weeks_on_different_weekdays_are_refused() -> None:
    with pytest.raises(DataError, match="weekday"):
        grid_of("W", pd.Series(pd.to_datetime(["2024-01-01", "2024-01-09"])))


def test_a_gap_is_closed_in_line_and_never_scored() -> None:
    months = pd.to_datetime(["2024-01-01", "2024-02-01", "2024-05-01"])
    panel = read_panel(pd.DataFrame({"unique_id": "a", "ds": months, "y": [1.0, 2.0, 5.0]}), "MS")
    assert panel.filled.tolist() == [[1, 2, 3, 4, 5]]
    assert np.isnan(panel.values[0, 2:4]).all()


def test_a_month_under_way_is_set_aside_and_told() -> None:
    months = pd.date_range("2024-01-01", periods=4, freq="MS")
    frame = pd.DataFrame({"unique_id": "a", "ds": months, "y": 1.0})
    panel = read_panel(frame, "MS", date(2024, 3, 15))
    assert panel.lengths.tolist() == [2]
    assert panel.treatments == [{"unique_id": "a", "treatment": "not_ended", "n": 2}]


def test_a_series_that_stopped_a_season_ago_is_told() -> None:
    long = pd.DataFrame(
        {"unique_id": "a", "ds": pd.date_range("2020-01-01", periods=40, freq="MS"), "y": 1.0}
    )
    panel = read_panel(pd.concat([long, long.head(10).assign(unique_id="b")]), "MS")
    assert panel.treatments == [{"unique_id": "b", "treatment": "stopped", "n": 30}]


def test_a_series_without_a_value_gets_no_forecast_and_is_told() -> None:
    months = pd.date_range("2024-01-01", periods=2, freq="MS")
    frame = pd.DataFrame({"unique_id": ["a", "b"], "ds": months, "y": [1.0, np.nan]})
    panel = read_panel(frame, "MS")
    assert panel.ids.tolist() == ["a"]
    assert panel.treatments == [{"unique_id": "b", "treatment": "no_value", "n": 0}]
