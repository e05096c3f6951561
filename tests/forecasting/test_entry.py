"""One entry for any history: shapes, bad input, short and constant series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.forecasting import forecast


def history(*series: list[float], start: str = "2020-01-01", freq: str = "MS") -> pd.DataFrame:
    """One series a list, named s0, s1, …"""
    return pd.concat(
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range(start, periods=len(y), freq=freq), "y": y})
        for i, y in enumerate(series)
    )


@pytest.mark.parametrize("n", [1, 2, 3, 5, 11, 13, 24, 25, 40])
def test_any_length_gets_a_forecast(n: int) -> None:
    y = [100 + 10 * np.sin(t / 2) for t in range(n)]
    made = forecast(history(y), 12, "MS")
    assert len(made) == 12
    assert made.notna().all().all()
    assert (made["lo-95"] <= made["lo-80"]).all()
    assert (made["lo-80"] <= made["mean"]).all()
    assert (made["mean"] <= made["hi-80"]).all()
    assert (made[["mean", "lo-95"]] >= 0).all().all()


def test_forecast_starts_after_each_series_own_end() -> None:
    made = forecast(history([1.0, 2.0], [1.0, 2.0, 3.0]), 1, "MS")
    assert made.ds.dt.strftime("%Y-%m-%d").tolist() == ["2020-03-01", "2020-04-01"]


def test_planted_season_is_found() -> None:
    season = np.array([10, 20, 30, 40, 50, 60, 60, 50, 40, 30, 20, 10], dtype=float)
    made = forecast(history(list(np.tile(season, 5))), 12, "MS")
    assert made["mean"].to_numpy() == pytest.approx(season, rel=1e-6)


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_a_constant_stays(value: float) -> None:
    assert forecast(history([value] * 30), 3, "MS")["mean"].tolist() == pytest.approx([value] * 3)


def test_faults_that_only_the_owner_can_judge() -> None:
    good = history([1.0, 2.0, 3.0])
    for bad, said in (
        (pd.concat([good, good.tail(1)]), "2 rows share their period"),
        (good.assign(y=[1, np.inf, 2]), "infinite"),
        (good.assign(y=["1", "x", "2"]), "not numbers"),
        (good.assign(ds=["2020-01-01", "never", "2020-02-01"]), "not a date"),
        (good.drop(columns="y"), "column 'y' is missing"),
        (good.assign(y=np.nan), "no row has a value"),
        (good.head(0), "no rows"),
    ):
        with pytest.raises(DataError, match=said):
            forecast(bad, 2, "MS")
    with pytest.raises(DataError, match="not a frequency"):
        forecast(good, 2, "monthly")
    with pytest.raises(DataError, match="regressors: column ds holds"):
        forecast(good, 2, "MS", regressors=pd.DataFrame({"ds": ["never"], "price": [1.0]}))
    with pytest.raises(DataError, match="'prophet' takes none"):
        forecast(
            good, 2, "MS", model="prophet", regressors=pd.DataFrame({"ds": ["2020-01-01"], "price": [1.0]})
        )
    with pytest.raises(DataError, match="horizon"):
        forecast(good, 0, "MS")
    with pytest.raises(DataError, match="did you mean 'theta'"):
        forecast(good, 2, "MS", model="teta")


def test_gaps_are_told() -> None:
    made = forecast(history([1.0, np.nan, 3.0, 4.0]), 1, "MS")
    assert {"unique_id": "s0", "treatment": "gap", "n": 1} in made.attrs["treatments"]
