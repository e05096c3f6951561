"""The regression of the whole panel: what it learns, and that it cannot hurt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.forecasting import forecast
from salesops_lib.forecasting.members import MEMBERS, Batch, pooled
from salesops_lib.forecasting.pooled import pooled_path
from salesops_lib.forecasting.rolling import share


def test_a_season_that_repeats_is_repeated() -> None:
    season = np.array([3.0, 1.0, 2.0, 2.0])
    x = np.exp(np.tile(season, 12))[None, :].repeat(5, axis=0)
    made, known = pooled_path(Batch(x, np.zeros(5, dtype=int), 4), 4)
    assert known.all()
    assert made == pytest.approx(np.tile(season, (5, 1)))


def test_what_all_series_share_is_learnt() -> None:
    rng = np.random.default_rng(5)
    n, length, months = 60, 120, np.arange(133)
    shocks = rng.normal(0, 0.1, (n, 133))
    level = np.zeros((n, 133))
    for t in range(1, 133):  # deviations fade by half each month: no smoothing knows that
        level[:, t] = 0.5 * level[:, t - 1] + shocks[:, t]
    y = np.exp(5 + 0.2 * np.sin(2 * np.pi * months / 12) + level)
    batch = Batch(y[:, :length], np.zeros(n, dtype=int), 12)
    came = y[:, length : length + 12]
    missed = {
        name: np.abs(MEMBERS[name](batch, 12) - came).mean() for name in ("pooled", "winters", "moving_theta")
    }
    assert missed["pooled"] < missed["winters"]
    assert missed["pooled"] < missed["moving_theta"]


def test_later_values_and_what_stands_before_the_start_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    x = rng.gamma(9, 10, (8, 60))
    start = np.array([0, 0, 0, 0, 5, 5, 30, 55])
    other = np.where(np.arange(60)[None, :] < start[:, None], 1e9, x)
    assert pooled(Batch(x, start, 4), 3) == pytest.approx(pooled(Batch(other, start, 4), 3))


@pytest.mark.parametrize("length", [1, 5, 13, 29, 30, 31])
def test_every_length_gets_a_number(length: int) -> None:
    x = np.linspace(5, 9, length)[None, :]
    made = pooled(Batch(x, np.zeros(1, dtype=int), 12), 12)
    assert np.isfinite(made).all()
    assert (made >= 0).all()


def test_no_share_where_it_did_not_help() -> None:
    assert share(np.full((6, 3), -0.1), np.ones((6, 3))).tolist() == [0, 0, 0]
    assert share(np.zeros((0, 3)), np.zeros((0, 3))).tolist() == [0, 0, 0]


def test_a_series_that_lost_by_it_takes_less() -> None:
    fit = np.full((6, 4), 0.5)
    fit[:, 0] = -1.0
    taken = share(fit, np.ones((6, 4)))
    assert taken[0] < taken[1]
    assert (taken <= 0.7).all()


def test_a_member_that_speaks_nonsense_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    months = pd.date_range("2014-01-01", periods=84, freq="MS")
    season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(84) / 12)
    frame = pd.concat(
        pd.DataFrame({"unique_id": i, "ds": months, "y": 100 * season * rng.lognormal(0, 0.05, 84)})
        for i in range(12)
    )
    came = 100 * season[:12]

    def missed() -> float:
        made = forecast(frame, 12, "MS")
        return float(np.abs(made["mean"].to_numpy().reshape(12, 12) - came).mean())

    before = missed()
    monkeypatch.setitem(MEMBERS, "pooled", lambda batch, horizon: rng.gamma(1, 300, (len(batch.x), horizon)))
    assert missed() < 1.05 * before + 0.5


def test_intervals_of_a_history_without_a_season_hold_one() -> None:
    steady = pd.DataFrame(
        {
            "unique_id": "a",
            "ds": pd.date_range("2024-01-01", periods=8, freq="MS"),
            "y": [99.0, 101, 100, 99, 101, 100, 99, 101],
        }
    )
    row = forecast(steady, 6, "MS").iloc[-1]
    # a season of 12.5 % of the level, worth an eighth of twelve months, against seven changes about the mean (0.9): √((12.5² × 1.5
    # + 0.9² × 7) / 8.5) = 5.3; 80 % of Student's distribution with six degrees of freedom lie within 1.44.
    # At eight months for six, a twelfth of that is believed to be what origins found, which was next to nothing.
    assert row["hi-80"] - row["lo-80"] > 2 * 1.44 * 5.3 * 11 / 12
