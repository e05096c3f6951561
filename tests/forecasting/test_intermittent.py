"""Series that mostly stand still."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.forecasting import forecast
from salesops_lib.forecasting.intermittent import demand_rate, is_dead


def test_a_dead_series_is_told_from_one_that_pauses() -> None:
    dead = [5.0] * 20 + [0.0] * 16
    pausing = [5.0] + ([0.0] * 12 + [5.0]) * 2 + [0.0] * 9
    never = [0.0] * 36
    x = np.array([dead, pausing, never])
    assert is_dead(x, np.zeros(3, dtype=int), 12).tolist() == [True, False, False]


def test_a_dead_series_gets_nothing_and_is_told() -> None:
    months = pd.date_range("2020-01-01", periods=36, freq="MS")
    made = forecast(pd.DataFrame({"unique_id": "a", "ds": months, "y": [5.0] * 20 + [0.0] * 16}), 3, "MS")
    assert made["mean"].tolist() == [0, 0, 0]
    assert "dead" in {t["treatment"] for t in made.attrs["treatments"]}


def test_the_rate_is_chance_times_size() -> None:
    rng = np.random.default_rng(8)
    x = (rng.random((300, 200)) < 0.25) * rng.gamma(4, 5, (300, 200))
    rate = demand_rate(x, np.zeros(300, dtype=int))
    # the mean of 300 smoothed rates: each varies by about 2.4 around 0.25 × 20, so by 0.14 in the mean
    assert rate.mean() == pytest.approx(5.0, abs=0.42)


def test_an_intermittent_series_is_forecast_near_its_mean_and_never_negative() -> None:
    rng = np.random.default_rng(9)
    months = pd.date_range("2015-01-01", periods=72, freq="MS")
    parts = [
        pd.DataFrame({"unique_id": i, "ds": months, "y": rng.poisson(0.6, 72) * 10.0}) for i in range(40)
    ]
    made = forecast(pd.concat(parts), 6, "MS")
    assert made["mean"].mean() == pytest.approx(6.0, rel=0.15)
    assert (made[["mean", "lo-95"]] >= 0).all(axis=None)
