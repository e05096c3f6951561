"""The batched recursion against a plain loop, and patterns that are known."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.forecasting.seasonality import seasonal_offsets
from salesops_lib.forecasting.smoothing import Parameters, smooth


def plain(
    y: list[float], level: float, trend: float, season: list[float], p: dict[str, float], horizon: int
) -> list[float]:
    """Additive Holt-Winters with damped trend, one value at a time, as textbooks write it."""
    m = len(season)
    season = list(season)  # season[i] belongs to the periods i, i + m, …
    for t, value in enumerate(y):
        ahead = level + p["phi"] * trend
        error = value - ahead - season[t % m]
        level = ahead + p["alpha"] * error
        trend = p["phi"] * trend + p["alpha"] * p["beta"] * error
        season[t % m] += p["gamma"] * error
    reach = np.cumsum([p["phi"] ** (i + 1) for i in range(horizon)])
    return [level + reach[i] * trend + season[(len(y) + i) % m] for i in range(horizon)]


@pytest.mark.parametrize("seed", range(3))
def test_recursion_is_the_textbook_one_for_ragged_histories(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = {"alpha": 0.3, "beta": 0.2, "gamma": 0.1, "phi": 0.9}
    parameters = Parameters.grid((0.3,), (0.2,), (0.1,), (0.9,))
    lengths = [4, 9, 14]  # fewer than five periods start without slope, at their mean
    x = np.full((3, 14), np.nan)
    season = np.array([[1.0, -2.0, 1.0]] * 3)
    for row, n in enumerate(lengths):
        x[row, 14 - n :] = rng.normal(50, 5, n)
    made, _ = smooth(x, 14 - np.array(lengths), season, parameters, 5)
    y = x[0, 10:]
    first = [season[0, (i - 4) % 3] for i in range(3)]
    level = float(np.mean([v - season[0, (i - 4) % 3] for i, v in enumerate(y)]))
    assert made[0] == pytest.approx(plain(list(y), level, 0.0, first, p, 5))
    alone = [
        smooth(x[[r], 14 - n :], np.array([0]), season[[r]], parameters, 5)[0][0]
        for r, n in enumerate(lengths)
    ]
    assert made == pytest.approx(np.array(alone))


def test_simple_smoothing_by_hand() -> None:
    # mean 20; alpha .5: 20 → 15 → 17.5 → 23.75
    made, error = smooth(
        np.array([[10.0, 20.0, 30.0]]), np.array([0]), np.zeros((1, 1)), Parameters.grid((0.5,)), 2
    )
    assert made.tolist() == [[23.75, 23.75]]
    assert error[0] == pytest.approx(np.sqrt((5**2 + 12.5**2) / 2))


def test_the_likelier_parameter_weighs_more() -> None:
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(0, 1, 200))[None, :] + 100
    made, _ = smooth(walk, np.array([0]), np.zeros((1, 1)), Parameters.grid((0.02, 0.98)), 1)
    assert made[0, 0] == pytest.approx(walk[0, -1], abs=0.5)


def test_offsets_of_a_pure_season_are_it_and_of_noise_near_nothing() -> None:
    rng = np.random.default_rng(3)
    pattern = np.array([3.0, 1.0, -1.0, -3.0])
    pure = np.tile(pattern, 6)[None, :] + np.arange(24) * 0.5
    assert seasonal_offsets(pure, np.array([0]), 4)[0] == pytest.approx(pattern, abs=1e-9)
    noise = rng.normal(0, 1, (400, 40))
    raw = noise.reshape(400, 10, 4).mean(axis=1)
    kept = seasonal_offsets(noise, np.zeros(400, dtype=int), 4)
    assert (kept**2).mean() < 0.5 * ((raw - raw.mean(axis=1, keepdims=True)) ** 2).mean()
