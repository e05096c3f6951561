"""Periods in which a series was only beginning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.forecasting import forecast

MONTHS = pd.date_range("2022-01-01", periods=30, freq="MS")


def history(y: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"unique_id": "cash", "ds": MONTHS[: len(y)], "y": y})


def left_out(made: pd.DataFrame) -> int:
    found = [one["n"] for one in made.attrs["treatments"] if one["treatment"] == "starting_up"]
    return found[0] if found else 0


def test_a_first_quarter_of_starting_up_is_no_season() -> None:
    """Cash of a new company: two months of 50 have come when payments of the first invoices are still due."""
    y = 50 * np.exp(np.random.default_rng(1).normal(0, 0.04, 24))
    y[:3] = [2, 18, 33]
    made = forecast(history(y), 6, "MS")
    assert left_out(made) == 2
    # January and February would be forecast at the mean of 2 and 50 if these were season; noise is 4 %
    assert made["mean"].to_numpy() == pytest.approx(50, abs=6)
    assert (made["hi-80"] - made["lo-80"]).max() < 30


def test_a_season_is_not_taken_for_it() -> None:
    low = np.where(np.arange(30) % 12 < 3, 10.0, 100.0)
    assert left_out(forecast(history(low), 6, "MS")) == 0
    growing = 100 * 1.07 ** np.arange(30)  # 2.25 times a year, all along
    assert left_out(forecast(history(growing), 6, "MS")) == 0


def test_what_is_rare_negative_or_short_stays() -> None:
    ramp = np.r_[1.0, 5, 20, np.full(21, 50.0)]
    assert left_out(forecast(history(ramp), 3, "MS")) == 3
    assert left_out(forecast(history(ramp[:17]), 3, "MS")) == 0
    rare = np.where(np.arange(24) % 2 == 0, ramp, 0.0)
    assert left_out(forecast(history(rare), 3, "MS")) == 0
    assert left_out(forecast(history(np.r_[-1.0, ramp[1:]]), 3, "MS")) == 0


def test_at_most_a_season_is_left_out() -> None:
    steps = np.r_[np.full(14, 1.0), np.full(16, 100.0)]
    assert left_out(forecast(history(steps), 3, "MS")) <= 12
