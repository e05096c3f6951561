"""Days on which nobody sells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.forecasting import forecast


def shop(
    first: str, last: str, *, shut: tuple[str, ...] = (), name: str = "shop", seed: int = 3
) -> pd.DataFrame:
    """About 100 a day, nothing on Sundays and on days `shut`."""
    days = pd.date_range(first, last)
    y = 100 * np.exp(np.random.default_rng(seed).normal(0, 0.05, len(days)))
    y[(days.day_of_week == 6) | days.isin(pd.to_datetime(list(shut)))] = 0.0
    return pd.DataFrame({"unique_id": name, "ds": days, "y": y})


def treated(made: pd.DataFrame) -> dict[str, int]:
    return {one["treatment"]: one["n"] for one in made.attrs["treatments"]}


def test_sundays_without_sales_are_forecast_at_nothing() -> None:
    history = shop("2023-01-02", "2023-11-05")
    made = forecast(history, 14, "D").set_index("ds")
    sunday = made.index.day_of_week == 6
    assert (made.loc[sunday, ["mean", "lo-80", "hi-80", "lo-95", "hi-95"]] == 0).all(axis=None)
    # 300 days of 5 % noise: the level is known to well under a per cent, a day to 5 %
    assert made.loc[~sunday, "mean"].to_numpy() == pytest.approx(100, abs=3)
    assert made.loc[~sunday, "hi-95"].max() < 125
    assert treated(made)["closed"] == 44
    assert "no_calendar" not in treated(forecast(history, 14, "D", calendar="DE"))


def test_sundays_without_a_row_are_the_same() -> None:
    history = shop("2023-01-02", "2023-11-05")
    zero, none = forecast(history, 14, "D"), forecast(history[history.y > 0], 14, "D")
    # the history without rows ends on the Saturday before: its forecast begins a day earlier, on a closed one
    both = zero.merge(none, on="ds", suffixes=("", "_none"))
    assert len(both) == 13
    assert both["mean_none"].to_numpy() == pytest.approx(both["mean"], rel=0.02)


def test_a_feast_is_closed_if_it_was_twice_or_if_others_agree() -> None:
    once, twice = ("2023-12-26",), ("2022-12-26", "2023-12-26")
    horizon, day = 40, pd.Timestamp("2024-12-26")
    lone = forecast(shop("2023-02-01", "2024-11-30", shut=once), horizon, "D").set_index("ds")
    assert lone.loc[day, "mean"] > 50
    known = forecast(shop("2022-02-01", "2024-11-30", shut=twice), horizon, "D").set_index("ds")
    assert known.loc[day, "mean"] == 0
    named = forecast(shop("2023-02-01", "2024-11-30", shut=once), horizon, "D", calendar="DE").set_index("ds")
    assert named.loc[day, "mean"] == 0
    many = pd.concat([shop("2023-02-01", "2024-11-30", shut=once, name=f"s{i}", seed=i) for i in range(6)])
    assert (forecast(many, horizon, "D").query("ds == @day")["mean"] == 0).all()


def test_easter_is_known_by_its_distance() -> None:
    # Good Friday 2022-04-15, 2023-04-07, 2024-03-29
    made = forecast(shop("2022-01-03", "2024-03-20", shut=("2022-04-15", "2023-04-07")), 30, "D").set_index(
        "ds"
    )
    assert made.loc["2024-03-29", "mean"] == 0
    assert made.loc[["2024-04-05", "2024-04-15"], "mean"].min() > 50


def test_what_is_closed_by_chance_is_not_expected_but_counted() -> None:
    history = shop("2022-01-03", "2023-11-05", shut=("2022-03-01", "2022-08-17", "2023-02-07"))
    made = forecast(history, 14, "D")
    assert (made["mean"] == 0).sum() == 2  # Sundays
    assert treated(made)["closed"] == (history.y == 0).sum()


def test_series_that_sell_now_and_then_or_give_back_stay_as_they_are() -> None:
    rare = shop("2023-01-02", "2023-11-05")
    rare.loc[np.random.default_rng(1).random(len(rare)) < 0.4, "y"] = 0.0
    assert "closed" not in treated(forecast(rare, 7, "D"))
    returns = shop("2023-01-02", "2023-11-05")
    returns.loc[100, "y"] = -5.0
    assert "closed" not in treated(forecast(returns, 7, "D"))


def test_totals_leave_closed_days_out() -> None:
    history = shop("2023-01-02", "2023-11-05")
    total = forecast(history, 14, "D", cumulative=True)
    assert total["mean"].iloc[-1] == pytest.approx(forecast(history, 14, "D")["mean"].sum())
    assert (total["mean"].diff().dropna() == 0).sum() == 2
    assert (total["lo-80"] < total["mean"]).all()


def test_business_days_with_a_closed_friday() -> None:
    days = pd.bdate_range("2023-01-02", "2023-11-03")
    history = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.where(days.day_of_week == 4, 0.0, 50.0)})
    made = forecast(history, 10, "B")
    assert made["mean"].tolist() == pytest.approx([50, 50, 50, 50, 0] * 2)
