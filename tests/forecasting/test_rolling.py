"""Origins, weights, and the forecast as one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from salesops_lib.forecasting import forecast
from salesops_lib.forecasting.rolling import calendar_helps, combine, origins, seasons, weights


def test_short_histories_have_short_origins_too() -> None:
    held = origins(np.array([30]), 12, 12)
    assert min(held) == 1
    assert all(30 - k >= 3 for k in held)


def test_whole_seasons_up_to_two() -> None:
    assert seasons(np.array([5, 12, 23, 24, 90]), 12).tolist() == [0, 1, 1, 2, 2]


def test_weights_follow_the_panel_where_a_series_has_nothing_to_say() -> None:
    loss = np.full((3, 2, 3), np.nan)
    loss[:, 0, :2], loss[:, 1, :2] = (
        1.0,
        1.2,
    )  # the first member is better for two series; the third is unknown
    weight = weights(loss)
    assert weight.sum(axis=0) == pytest.approx([1, 1, 1])
    assert (weight[0] > weight[1]).all()


def test_a_member_far_behind_gets_nothing() -> None:
    loss = np.stack([np.ones((4, 6)), np.full((4, 6), 1.1), np.full((4, 6), 2.0)], axis=1)
    assert (weights(loss)[2] == 0).all()


def test_half_of_the_mean_is_the_median_of_those_with_weight() -> None:
    forecasts = np.array([[[10.0]], [[20.0]], [[90.0]], [[1e6]]])
    weight = np.array([[0.5], [0.3], [0.2], [0.0]])
    assert combine(forecasts, weight).tolist() == [[0.5 * (5 + 6 + 18) + 0.5 * 20]]


def test_the_calendar_is_taken_where_it_helped() -> None:
    loss = np.ones((6, 2, 1, 2))
    loss[:, 1, :, 0], loss[:, 1, :, 1] = 0.8, 1.5
    assert calendar_helps(loss, 0.0).tolist() == [True, False]


def test_later_values_do_not_change_an_earlier_forecast_and_series_do_not_depend_on_their_order() -> None:
    rng = np.random.default_rng(12)
    months = pd.date_range("2016-01-01", periods=60, freq="MS")
    frame = pd.concat(
        pd.DataFrame({"unique_id": i, "ds": months, "y": rng.gamma(9, 10, 60)}) for i in range(7)
    )
    straight = forecast(frame, 4, "MS")
    mixed = forecast(frame.sample(frac=1.0, random_state=1), 4, "MS")
    pd.testing.assert_frame_equal(straight, mixed)


def test_forecasts_scale_with_their_unit() -> None:
    """In cents or in euros: the same forecast."""
    rng = np.random.default_rng(13)
    months = pd.date_range("2016-01-01", periods=60, freq="MS")
    frame = pd.DataFrame({"unique_id": "a", "ds": months, "y": rng.gamma(9, 10, 60)})
    euros, cents = (forecast(frame.assign(y=frame.y * unit), 4, "MS")["mean"] for unit in (1, 100))
    assert cents.to_numpy() == pytest.approx(100 * euros.to_numpy(), rel=1e-6)


def test_importing_the_room_is_instant() -> None:
    code = "import sys, salesops_lib.forecasting; sys.exit('pandas' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
