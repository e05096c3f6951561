"""Seasons of short histories: planted Christmas, planted growth, seasons of longer series beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.forecasting import forecast
from salesops_lib.forecasting.expected import Shown
from salesops_lib.forecasting.panel import FiscalGrid, Grid
from salesops_lib.forecasting.short_season import DRIFT, RETAIL, SHARE, _predict, usual_season
from salesops_lib.periods.fiscal import FiscalYears

CHRISTMAS = np.array([-0.05, -0.05, 0, 0, 0, 0, 0, 0, 0, 0, 0.05, 0.4])


def planted(
    n: int, end: str, length: int, season: np.ndarray, growth: float = 0.0, noise: float = 0.03, seed: int = 0
) -> pd.DataFrame:
    """Months of series up to `end` and the twelve after it: level 100 at `end`, season of logarithms, noise; long frame."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range(end=pd.Timestamp(end) + pd.DateOffset(months=12), periods=length + 12, freq="MS")
    time = np.arange(length + 12) - length + 1
    logs = (
        np.log(100) + growth * time + season[dates.month - 1] + noise * rng.standard_normal((n, length + 12))
    )
    ids = np.repeat([f"s{i:02d}" for i in range(n)], length + 12)
    return pd.DataFrame({"unique_id": ids, "ds": np.tile(dates, n), "y": np.exp(logs).ravel()})


def missed(frame: pd.DataFrame, end: str, beside: pd.DataFrame | None = None, **how: object) -> pd.DataFrame:
    """Forecasts of what comes after `end`, beside what came."""
    known = frame[frame.ds <= end]
    made = forecast(known if beside is None else pd.concat([known, beside]), 12, "MS", **how)
    return made.merge(frame, on=["unique_id", "ds"])


def wape(joined: pd.DataFrame) -> float:
    return float((joined.y - joined["mean"]).abs().sum() / joined.y.sum())


@pytest.mark.parametrize("length", [5, 7, 11])
def test_christmas_is_not_taken_for_growth(length: int) -> None:
    """The last month sells half as much again as the others.  Taken for the level, it would make forecasts of the months after
    it 40 % too high; what all series show at once is a season, of which some doubt remains: a tenth at most."""
    joined = missed(planted(30, "2020-12-01", length, CHRISTMAS), "2020-12-01")
    ordinary = joined[joined.ds.dt.month.between(1, 10)]
    assert ordinary["mean"].sum() / ordinary.y.sum() == pytest.approx(1, abs=0.1)


def test_a_company_year_that_ends_in_june_is_found_out_too() -> None:
    """No month is expected to be this one: most of its peak, not all, is known for what it is (40 % would be left of a level)."""
    joined = missed(planted(30, "2020-06-01", 7, np.roll(CHRISTMAS, 6)), "2020-06-01")
    ordinary = joined[~joined.ds.dt.month.isin([5, 6])]
    assert ordinary["mean"].sum() / ordinary.y.sum() == pytest.approx(1, abs=0.2)


def test_growth_up_to_december_is_not_taken_for_christmas() -> None:
    """Four per cent a month for eleven months: sales of January lie above December's, forecasts at most a tenth below it."""
    joined = missed(planted(30, "2020-12-01", 11, np.zeros(12), growth=0.04), "2020-12-01")
    assert joined[joined.ds.dt.month == 1]["mean"].mean() > 90


def test_flat_histories_stay_flat() -> None:
    """No season, noise of 3 %: the mean of seven months misses by 2.5 % on average; a season looked for in vain may add half of it."""
    misses = [
        wape(missed(planted(30, end, 7, np.zeros(12), seed=i), end))
        for i, end in enumerate(("2020-12-01", "2020-02-01", "2020-06-01"))
    ]
    assert np.mean(misses) < 1.5 * 0.025


@pytest.mark.parametrize("length", [3, 6, 12])
def test_the_season_of_longer_series_is_borrowed(length: int) -> None:
    """New lines beside twenty old ones that share a wave of 30 % through the year: with those at hand forecasts miss by half as
    much at most while less than a year is known, and no more once one is."""
    wave = 0.3 * np.sin(2 * np.pi * np.arange(12) / 12)
    new = planted(5, "2020-05-01", length, wave)
    old = planted(20, "2020-05-01", 60, wave, seed=1).query("ds <= '2020-05-01'")
    old = old.assign(unique_id="old " + old.unique_id)
    alone, together = missed(new, "2020-05-01"), missed(new, "2020-05-01", old)
    assert wape(together) < (0.5 if length < 12 else 1.0) * wape(alone)
    assert wape(together) < 0.08  # noise misses by 2.5 %, the level of three months by as much


@pytest.mark.parametrize("end", ["2020-12-01", "2020-03-01", "2020-08-01"])
def test_intervals_hold_whether_or_not_there_is_a_christmas(end: str) -> None:
    """Half of the panels have one.  Intervals of a history that may have one or not are right about both together: 80 % hold 80
    to 97 (noise is calmer here than in the usual company), 95 % no less than 93."""
    joined = pd.concat(
        missed(planted(20, end, 7, share * CHRISTMAS, noise=0.05, seed=i), end)
        for i, share in enumerate((0, 1, 0, 1))
    )
    assert 0.78 < joined.y.between(joined["lo-80"], joined["hi-80"]).mean() < 0.97
    assert joined.y.between(joined["lo-95"], joined["hi-95"]).mean() > 0.93


def test_totals_of_short_histories_even_out() -> None:
    """Misses of single months are in part their own: a year's total is surer, as a share of itself, than its months are."""
    frame = planted(10, "2020-09-01", 9, np.zeros(12), noise=0.1)
    single, total = (
        missed(frame, "2020-09-01", cumulative=flag).groupby("unique_id").tail(1) for flag in (False, True)
    )
    width = [((one["hi-80"] - one["lo-80"]) / one["mean"]).mean() for one in (single, total)]
    assert 0.2 * width[0] < width[1] < 0.9 * width[0]


def test_usual_season_follows_the_calendar() -> None:
    months, quarters = usual_season(Grid("M"), 600), usual_season(Grid("Q"), 200)
    assert months is not None
    assert quarters is not None
    shape = np.array(RETAIL) - np.mean(RETAIL)
    assert months.mean == pytest.approx(SHARE * shape)
    assert quarters.mean == pytest.approx(SHARE * shape.reshape(4, 3).mean(axis=1))
    july = FiscalGrid("M", fiscal=FiscalYears("07-01"))
    fiscal = usual_season(july, 2020 * 12)
    assert fiscal is not None
    assert fiscal.mean == pytest.approx(SHARE * np.roll(shape, -6))
    assert usual_season(Grid("W"), 2600) is None


def test_prediction_is_the_conditional_normal() -> None:
    """Against the normal's conditional mean and variance written out, with a first level of variance 10^4 for one not known:
    of what variances of 1 to 10 make of it, less than a thousandth is left; more would cost digits."""
    rng = np.random.default_rng(0)
    y, m, horizon, place = rng.standard_normal((2, 7)), 4, 3, 1
    root = rng.standard_normal((m, m))
    mean, covariance, grid = rng.standard_normal(m), root @ root.T, np.array([(0.5, 0.2, 1.5)])
    _, seasons, forecasts, spread, of_season = _predict(
        y, place, mean, covariance, grid, horizon, np.zeros(7)
    )
    time = np.arange(10)
    at = (place - 6 + time) % m
    level = 1e4 + 0.04 * np.minimum.outer(time, time) + (DRIFT / m) ** 2 * np.outer(time, time)
    whole = level + 2.25 * covariance[np.ix_(at, at)] + 0.25 * np.eye(10)
    gain = whole[7:, :7] @ np.linalg.inv(whole[:7, :7])
    expected = mean[at[7:]] + (y - mean[at[:7]]) @ gain.T
    assert forecasts[0] == pytest.approx(expected, abs=5e-3)
    assert spread[0] == pytest.approx(whole[7:, 7:] - gain @ whole[:7, 7:], abs=5e-3)
    to_season = 2.25 * covariance[:, at[:7]] @ np.linalg.inv(whole[:7, :7])
    assert seasons[0] == pytest.approx(mean + (y - mean[at[:7]]) @ to_season.T, abs=5e-3)
    assert of_season[0] == pytest.approx(2.25 * covariance - 2.25 * to_season @ covariance[at[:7]], abs=5e-3)


def test_who_is_short_no_longer_has_one_measure_at_all_origins() -> None:
    shown = Shown.of(3, 2, 4)
    shown.miss[:] = 0.1
    measured = shown.measured(np.array([True, False]))
    assert (measured.miss[:, :, 0] == 0.1).all()
    assert np.isnan(measured.miss[:, :, 1]).all()
    assert (shown.miss == 0.1).all()
