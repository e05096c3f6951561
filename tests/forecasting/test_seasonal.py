"""The plain forecast on rates, and its test on past months."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.forecasting import backtest, forecast_rates

YEAR = np.arange(1.0, 13.0)
RATES = st.lists(st.floats(1, 1e6), min_size=1, max_size=48).map(np.array)


@pytest.mark.parametrize("damping", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("years", [2, 3, 4])
def test_a_flat_season_is_reproduced_exactly(damping, years):
    assert forecast_rates(np.tile(YEAR, years), 24, damping).tolist() == [*YEAR, *YEAR]


def test_drift_is_carried_on_by_its_damping():
    grown = np.concatenate([YEAR, YEAR * 1.21])
    # the last six months are 21 % above the same six of the year before
    assert forecast_rates(grown, 1, 1.0)[0] == pytest.approx(1.21 * 1.21)
    assert forecast_rates(grown, 1, 0.5)[0] == pytest.approx(1.21 * 1.1)
    assert forecast_rates(grown, 1, 0.0)[0] == pytest.approx(1.21)


def test_one_season_is_repeated_and_less_is_averaged():
    assert forecast_rates(YEAR, 3, 1.0).tolist() == [1, 2, 3]
    assert forecast_rates(np.array([9.0, 1.0, 2.0, 3.0]), 2, 1.0).tolist() == [2, 2]


def test_a_year_before_without_sales_has_no_drift():
    assert forecast_rates(np.concatenate([np.zeros(12), YEAR]), 2, 1.0).tolist() == [1, 2]


@given(RATES, st.integers(1, 12), st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.01, 100))
def test_forecasts_scale_with_the_currency(rates, horizon, damping, factor):
    assert forecast_rates(rates * factor, horizon, damping) == pytest.approx(
        forecast_rates(rates, horizon, damping) * factor
    )


def test_errors_of_a_flat_season_are_nothing():
    tested = backtest(np.tile(YEAR, 3), 6, 6)
    assert (tested.wape, tested.naive_wape, tested.n_origins) == (0, 0, 6)
    # six origins, the last knows one month after it: 6 + 5 + 4 + 3 + 2 + 1 pairs
    assert np.isfinite(tested.ratios).sum() == 21
    assert (tested.ratios[np.isfinite(tested.ratios)] == 1).all()


def test_wape_by_hand():
    # last year's 10 a month repeated, against 12: |2| / 12, one origin, one month ahead
    tested = backtest(np.array([10.0] * 12 + [12.0]), 1, 2)
    assert tested.n_origins == 1
    assert tested.wape == pytest.approx(2 / 12)
    assert tested.ratios.tolist() == [[pytest.approx(1.2)]]


def test_the_damping_that_errs_least_is_taken():
    grown = np.concatenate([YEAR * 1.3**year for year in range(4)])
    tested = backtest(grown, 3, 12)
    assert tested.damping == 1.0
    assert tested.wape < tested.naive_wape


def test_without_a_season_there_is_no_test():
    tested = backtest(YEAR[:8], 3, 6)
    assert (tested.n_origins, tested.damping) == (0, 0.0)
    assert np.isnan(tested.wape)


@given(st.lists(st.floats(1, 1e6), min_size=26, max_size=40).map(np.array), st.integers(1, 6), st.data())
def test_no_origin_looks_ahead(rates, horizon, data):
    """Other months after an origin leave the forecast made there as it was."""
    folds = 6
    origin = data.draw(st.integers(len(rates) - folds, len(rates) - 1))
    later = rates.copy()
    later[origin:] = data.draw(st.floats(1, 1e6))
    for damping in (0.0, 0.5, 1.0):
        assert (
            forecast_rates(later[:origin], horizon, damping).tolist()
            == forecast_rates(rates[:origin], horizon, damping).tolist()
        )
    before, after = backtest(rates, horizon, folds), backtest(later, horizon, folds)
    row = origin - (len(rates) - folds)
    if before.damping == after.damping:
        actual = slice(origin, origin + horizon)
        n = len(rates[actual])
        assert rates[actual] / before.ratios[row, :n] == pytest.approx(later[actual] / after.ratios[row, :n])
