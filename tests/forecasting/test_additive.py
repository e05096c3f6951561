"""Prophet's model fitted here: as probable as what Stan finds, the same forecasts; planted parts are found again."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.forecasting import explain, forecast
from salesops_lib.forecasting.additive import BEND_SCALE, WEEK, YEAR, Terms, fit
from salesops_lib.forecasting.members import AUTO, MEMBERS, Batch, additive

HORIZON = 12


def _days(dates: pd.DatetimeIndex) -> np.ndarray:
    return dates.to_numpy().astype("datetime64[D]").astype(float)


def _series(freq: str, n: int, seed: int) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Sales with a trend that bends once, a yearly and (by day) a weekly season, and noise."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2015-01-01", periods=n + HORIZON, freq=freq)
    t = np.arange(n) / n
    season = 1 + 0.2 * np.sin(2 * np.pi * _days(dates)[:n] / YEAR + seed)
    if freq == "D":
        season += 0.1 * np.cos(2 * np.pi * _days(dates)[:n] / WEEK)
    return dates, 100 * (1 + 0.6 * t - 0.9 * np.maximum(t - 0.5, 0)) * season * rng.lognormal(0, 0.06, n)


def _prophet(dates: pd.DatetimeIndex, y: np.ndarray, columns: pd.DataFrame, **settings: Any):
    from prophet import Prophet

    for name in ("cmdstanpy", "prophet", "prophet.plot"):
        logging.getLogger(name).disabled = True
    start = settings.pop("start", None)
    model = Prophet(uncertainty_samples=0, daily_seasonality=False, **settings)
    for name in columns:
        model.add_regressor(name)
    frame = columns.assign(ds=dates)
    # Newton, which Prophet takes below 100 points: L-BFGS stops where the bends' density has its edges.
    model.fit(frame[: len(y)].assign(y=y), algorithm="Newton", **({"init": start} if start else {}))
    return model, model.predict(frame)["yhat"].to_numpy()


def _energy(model: Any, y: np.ndarray, said: np.ndarray) -> float:
    """Minus the logarithm of Prophet's density at its own coefficients, from its Stan program once more, constants left out."""
    k, m, delta, beta, sigma = (model.params[name][0] for name in ("k", "m", "delta", "beta", "sigma_obs"))
    squares = (((y - said[: len(y)]) / model.y_scale) ** 2).sum()
    fits = len(y) * np.log(sigma[0]) + squares / (2 * sigma[0] ** 2) + sigma[0] ** 2 / (2 * 0.5**2)
    return float(
        fits + (k[0] ** 2 + m[0] ** 2) / 50 + (beta**2).sum() / 200 + np.abs(delta).sum() / BEND_SCALE
    )


CASES = [
    (freq, n, mode, seed)
    for freq, n in (("MS", 40), ("MS", 72), ("MS", 130), ("W-MON", 160), ("D", 400))
    for mode, seed in (("additive", 1), ("multiplicative", 2))
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(map(str, case)))
def both(request):
    """One series fitted here and by Prophet from its usual start, with a holiday and a regressor."""
    freq, n, mode, seed = request.param
    dates, y = _series(freq, n, seed)
    rng = np.random.default_rng(seed)
    price = pd.Series(rng.normal(5, 2, len(dates)))
    columns = pd.DataFrame({"feast": (rng.random(len(dates)) < 0.1).astype(float), "price": price})
    y = y * (1 + 0.1 * columns.feast[:n].to_numpy() - 0.01 * (price[:n] - 5).to_numpy())
    scaled = columns.assign(price=(price - price[:n].mean()) / price[:n].std())
    orders = {YEAR: 10} if freq != "D" else {WEEK: 3}
    off = "yearly_seasonality" if freq == "D" else "weekly_seasonality"
    terms = Terms.of(_days(dates), n, orders, scaled.to_numpy())
    ours = fit(y[None], terms, multiplicative=mode == "multiplicative")
    settings = {"seasonality_mode": mode, off: False}
    return ours, dates, y, columns, settings


@pytest.mark.slow
def test_no_less_probable_than_what_prophet_finds(both):
    ours, dates, y, columns, settings = both
    model, said = _prophet(dates, y, columns, **settings)
    energy = _energy(model, y, said)
    # Stan stops at a relative change of 1e-8 and writes eight digits: nothing else allows for a difference.
    assert ours.energy[0] <= energy + 1e-4
    if energy - ours.energy[0] < 0.02:  # Stan came as far: its forecast is the same
        assert np.abs(ours.values[0] - said).max() < 0.005 * y.mean()


@pytest.mark.slow
def test_prophet_stays_where_it_starts_from_ours(both):
    """Stan, started from our coefficients, finds nothing more probable, and forecasts the same to half a per cent."""
    ours, dates, y, columns, settings = both
    start = {"k": ours.straight[0, 1], "m": ours.straight[0, 0], "sigma_obs": np.sqrt(ours.variance[0])}
    start |= {"delta": ours.bends[0], "beta": ours.others[0]}
    model, said = _prophet(dates, y, columns, start=start, **settings)
    assert ours.energy[0] <= _energy(model, y, said) + 1e-4
    assert np.abs(ours.values[0] - said).max() < 0.005 * y.mean()


def test_the_slope_of_the_density_is_zero():
    """Independent of any optimiser: every coefficient's derivative is 0, or within the edge of a bend that is 0."""
    dates, y = _series("MS", 90, 3)
    terms = Terms.of(_days(dates), 90, {YEAR: 6})
    for is_multiplicative in (False, True):
        found = fit(y[None], terms, multiplicative=is_multiplicative)
        theta = np.concatenate([found.straight, found.others, found.bends], axis=1)[0]
        first = 2 + found.others.shape[1]
        columns = np.concatenate([terms.straight, terms.others, terms.bends], axis=1)[0, :, :90]

        def smooth(theta, columns=columns, first=first, found=found):
            trend = np.r_[theta[:2], theta[first:]] @ np.delete(columns, np.s_[2:first], axis=0)
            effect = theta[2:first] @ columns[2:first]
            made = trend * (1 + effect) if found.is_multiplicative else trend + effect
            squares = ((y / found.scale[0] - made) ** 2).sum()
            return (
                squares / (2 * found.variance[0])
                + (theta[:2] ** 2).sum() / 50
                + (theta[2:first] ** 2).sum() / 200
            )

        step = 1e-6
        slope = np.array(
            [(smooth(theta + e) - smooth(theta - e)) / (2 * step) for e in step * np.eye(len(theta))]
        )
        assert np.abs(slope[:first]).max() < 0.05  # of terms whose sum changes by hundreds over a unit
        bent = theta[first:] != 0
        assert bent.any()
        assert slope[first:][bent] == pytest.approx(-np.sign(theta[first:][bent]) / BEND_SCALE, abs=0.05)
        assert (np.abs(slope[first:][~bent]) <= 1 / BEND_SCALE + 0.05).all()


def test_series_fitted_together_are_as_if_alone():
    rng = np.random.default_rng(4)
    x = 100 * rng.lognormal(0, 0.2, (6, 50)).cumsum(axis=1)
    start = np.array([0, 0, 20, 45, 48, 49])
    together = additive(Batch(x, start, 12), 5)
    for i, first in enumerate(start):
        alone = additive(Batch(x[i : i + 1, first:], np.zeros(1, dtype=int), 12), 5)
        assert together[i] == pytest.approx(alone[0], rel=1e-6)


@pytest.mark.parametrize(
    ("season", "n"), [(1, 9), (4, 30), (5, 600), (7, 800), (12, 50), (13, 40), (52, 120)]
)
def test_every_frequency_gets_numbers(season, n):
    rng = np.random.default_rng(5)
    for values in (rng.gamma(9, 10, n), rng.normal(0, 5, n), np.zeros(n), np.full(n, 7.0)):
        made = additive(Batch(values[None], np.zeros(1, dtype=int), season), 9)
        assert np.isfinite(made).all()


def test_planted_parts_are_found_again():
    months = pd.date_range("2014-01-01", periods=96 + 6, freq="MS")
    rng = np.random.default_rng(6)
    price = rng.normal(0, 1, 102)
    season = 0.2 * np.sin(2 * np.pi * np.arange(102) / 12)
    trend = 100 + np.arange(102.0)
    y = trend * (1 + season + 0.05 * price) + rng.normal(0, 1, 102)
    history = pd.DataFrame({"unique_id": "a", "ds": months[:96], "y": y[:96]})
    seen = explain(history, 6, "MS", regressors=pd.DataFrame({"ds": months, "price": price}))
    parts = seen[["trend", "season", "calendar", "regressors"]]
    assert parts.sum(axis=1).to_numpy() == pytest.approx(seen["mean"].to_numpy())
    # Noise of 1 a month: parts lie within three of its standard errors, the trend's end apart.
    assert seen.trend.to_numpy() == pytest.approx(trend, rel=0.02)
    assert seen.season.to_numpy() == pytest.approx(trend * season, abs=3)
    assert seen.regressors.to_numpy() == pytest.approx(trend * 0.05 * price, abs=2)
    assert seen.y.isna().sum() == 6


def _panel() -> pd.DataFrame:
    months = pd.date_range("2014-01-01", periods=72, freq="MS")
    rng = np.random.default_rng(7)
    season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(72) / 12)
    return pd.concat(
        pd.DataFrame({"unique_id": i, "ds": months, "y": 100 * season * rng.lognormal(0, 0.05, 72)})
        for i in range(10)
    )


def test_several_models_are_combined_each_once():
    frame = _panel()
    both = forecast(frame, 6, "MS", model=["auto", "additive"])
    pd.testing.assert_frame_equal(both, forecast(frame, 6, "MS", model=[*AUTO, "additive", "theta"]))
    for wrong, said in (
        (["auto", "prophet"], "'additive' is its model"),
        ([], "no name"),
        (["auto", "aditive"], "additive"),
    ):
        with pytest.raises(DataError, match=said):
            forecast(frame, 6, "MS", model=wrong)


def test_no_weight_where_it_does_not_help(monkeypatch: pytest.MonkeyPatch):
    """In its place a member that speaks nonsense: the forecast is as without it."""
    frame, rng = _panel(), np.random.default_rng(8)
    monkeypatch.setitem(MEMBERS, "additive", lambda batch, h: rng.gamma(1, 300, (len(batch.x), h)))
    beside = forecast(frame, 6, "MS", model=["auto", "additive"])
    pd.testing.assert_frame_equal(beside, forecast(frame, 6, "MS"))


def test_a_share_where_it_knows_what_no_other_does(monkeypatch: pytest.MonkeyPatch):
    """In its place one that knows the coming months: most of the way is gone with it."""
    frame = _panel()
    truth = frame.groupby("unique_id").y.apply(np.array)
    rng = np.random.default_rng(9)

    def knows(batch: Batch, h: int) -> np.ndarray:
        n = batch.x.shape[1]
        said = np.array([np.resize(y, 90)[n : n + h] for y in truth])
        return said * rng.lognormal(0, 0.01, said.shape)

    monkeypatch.setitem(MEMBERS, "additive", knows)
    coming = np.array([np.resize(y, 90)[72:78] for y in truth]).ravel()
    missed = [
        np.abs(forecast(frame, 6, "MS", model=model)["mean"].to_numpy() - coming).mean()
        for model in ("auto", ["auto", "additive"])
    ]
    # The largest share of a member apart is 0.7: 0.3 of the error is left, and the noise of one per cent.
    assert missed[1] < 0.5 * missed[0]
