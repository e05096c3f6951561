"""Planted calendar effects are found, used where they help, and left alone where there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.forecasting import forecast
from salesops_lib.forecasting.calendar_effects import features
from salesops_lib.forecasting.panel import grid_of
from salesops_lib.periods import Calendar
from salesops_lib.periods.working_days import SPRING_FESTIVAL


def test_days_of_a_month_by_hand() -> None:
    grid, ordinals = grid_of("MS", pd.Series(pd.to_datetime(["2024-03-01"])))
    march = features(grid, ordinals[0], ordinals[0], Calendar(country="US"))[0]
    # Easter Sunday is 31 March 2024: seven days before it and itself; 31 days; Fri, Sat and Sun five times
    assert march[:3].tolist() == [7, 1, 31]
    assert march[3:10] == pytest.approx([4 - 31 / 7] * 4 + [5 - 31 / 7] * 3)
    assert march[10] == 21


def test_weeks_of_christmas() -> None:
    grid, ordinals = grid_of("W-SAT", pd.Series(pd.to_datetime(["2022-12-24", "2022-12-31"])))
    two = features(grid, ordinals[0], ordinals[1], None)
    assert two[:, 2:5].tolist() == [[0, 7, 0], [0, 0, 7]]


def _weekdays(n: int, years: int, effect: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Months whose Saturdays sell e^effect more than other days; the last year apart."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2010-01-01", periods=12 * years, freq="MS")
    saturdays = np.array(
        [np.busday_count(m.date(), (m + pd.offsets.MonthBegin()).date(), weekmask="Sat") for m in months]
    )
    parts = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": months, "y": 100 * np.exp(effect * saturdays + rng.normal(0, 0.01, len(months)))})
        for i in range(n)
    ]  # fmt: skip
    frame = pd.concat(parts)
    return frame[frame.ds < months[-12]], frame[frame.ds >= months[-12]]


def test_planted_trading_days_halve_the_error() -> None:
    past, coming = _weekdays(20, 9, 0.05, seed=1)
    made = forecast(past, 12, "MS")
    error = np.log(made["mean"].to_numpy() / coming.y.to_numpy()).std()
    assert error < 0.016  # the noise is 0.010; Saturdays alone would leave 0.025


def test_no_trading_days_no_harm() -> None:
    past, coming = _weekdays(20, 9, 0.0, seed=2)
    made = forecast(past, 12, "MS")
    assert np.log(made["mean"].to_numpy() / coming.y.to_numpy()).std() < 0.0125


def test_the_spring_festival_is_followed() -> None:
    """Sales stop for the week of the festival; January and February move with it."""
    days = pd.date_range("2012-01-01", "2023-12-31")
    rng = np.random.default_rng(4)
    near = np.array([0 <= (d.date() - SPRING_FESTIVAL[d.year]).days <= 6 for d in days])
    daily = pd.Series(np.where(near, 0.2, 1.0), index=days)
    monthly = daily.resample("MS").sum()
    frame = pd.concat(
        pd.DataFrame({"unique_id": f"s{i}", "ds": monthly.index, "y": monthly.to_numpy() * np.exp(rng.normal(0, 0.01, len(monthly)))})
        for i in range(10)
    )  # fmt: skip
    past, coming = (
        frame[frame.ds < "2023-01-01"],
        frame[frame.ds >= "2023-01-01"].groupby("unique_id").head(2),
    )
    errors = {
        country: np.abs(
            forecast(past, 2, "MS", calendar=country)["mean"].to_numpy() / coming.y.to_numpy() - 1
        ).mean()
        for country in ("CN", None)
    }
    assert errors["CN"] < 0.04
    assert errors["CN"] < 0.5 * errors[None]


def test_a_regressor_is_used_and_a_missing_value_refused() -> None:
    rng = np.random.default_rng(6)
    months = pd.date_range("2015-01-01", periods=84, freq="MS")
    promotion = pd.DataFrame({"ds": months, "promotion": (rng.random(84) < 0.3) * 1.0})
    y = 100 * np.exp(0.5 * promotion.promotion + rng.normal(0, 0.02, 84))
    past = pd.DataFrame({"unique_id": "s", "ds": months, "y": y}).head(78)
    with_it = forecast(past, 6, "MS", regressors=promotion)["mean"].to_numpy()
    assert np.abs(with_it / y.to_numpy()[78:] - 1).mean() < 0.08
    with pytest.raises(DataError, match="'promotion' has no value for s 2021-10-01"):
        forecast(past, 6, "MS", regressors=promotion.head(81))


def test_an_event_of_the_company_counts_its_days() -> None:
    grid, ordinals = grid_of("D", pd.Series(pd.to_datetime(["2024-06-17"])))
    calendar = Calendar(country="CN", events={"618": ("06-01", "06-18")})
    found = features(grid, ordinals[0], ordinals[0] + 2, calendar)
    assert [1.0, 1.0, 0.0] in found.T.tolist()
