"""Gamma-Gamma against the published table, exact arithmetic, differences and simulation."""

from __future__ import annotations

import random
from decimal import Decimal

import exact
import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.segmentation import spending
from salesops_lib.segmentation.spending import GammaGamma, _mean_density


def test_published_estimates_to_the_printed_digit(cdnow):
    # Fader and Hardie, "The Gamma-Gamma Model of Monetary Value" (2013): 946 customers
    model = GammaGamma().fit(cdnow)
    assert model.params_.round(2).tolist() == [6.25, 3.74, 15.44]
    assert model.n_left_out_ == len(cdnow) - 946


def test_likelihoods_are_those_of_50_digits():
    rng = random.Random(5)
    for _ in range(150):
        p, q, v = (10 ** rng.uniform(-2, 2) for _ in range(3))
        x, mean = rng.randrange(1, 200), 10 ** rng.uniform(-2, 4)
        found = _mean_density(np.array([float(x)]), np.array([mean]))(np.array([p, q, v]))[0]
        off = abs(Decimal(float(found)) - exact.gamma_gamma(p, q, v, x, mean))
        assert off < Decimal("1e-9"), (p, q, v, x, mean)


def test_slopes_are_those_of_differences():
    params, x, mean = np.array([6.25, 3.74, 15.44]), np.array([1.0, 4, 40]), np.array([3.0, 35, 200])
    density = _mean_density(x, mean)
    slopes = density(params)[1]
    for place in range(3):
        step = np.zeros(3)
        step[place] = 1e-4
        up, down = (density(params + sign * step)[0] for sign in (1, -1))
        assert (up - down) / 2e-4 == pytest.approx(slopes[place], rel=1e-6, abs=1e-7)


def test_parameters_are_recovered_from_simulation():
    """Within 3.5 standard errors."""
    rng = np.random.default_rng(2)
    p, q, v = 4.0, 5.0, 90.0
    x = rng.integers(1, 9, 20_000)
    rate = rng.gamma(q, 1 / v, len(x))
    drawn = pd.DataFrame({"frequency": x, "monetary": rng.gamma(p * x, 1 / (rate * x))})
    model = GammaGamma().fit(drawn)
    assert ((model.params_ - [p, q, v]) / model.standard_errors_).abs().max() < 3.5


def test_what_is_first_sought_on_a_part_is_what_all_say(cdnow, monkeypatch):
    whole = GammaGamma().fit(cdnow)
    monkeypatch.setattr(spending, "_N_SKETCHED", 200)
    found = GammaGamma().fit(cdnow)
    assert found.params_.to_numpy() == pytest.approx(whole.params_.to_numpy(), rel=1e-8)
    assert found.standard_errors_.to_numpy() == pytest.approx(whole.standard_errors_.to_numpy(), rel=1e-4)


def test_the_log_likelihood_is_the_sum_over_customers(cdnow):
    model, used = GammaGamma().fit(cdnow), cdnow[cdnow.frequency > 0]
    each = [_mean_density(np.array([row.frequency]), np.array([row.monetary]))(model.params_.to_numpy())[0] for row in used.itertuples()]  # fmt: skip
    assert model.log_likelihood_ == pytest.approx(sum(each), rel=1e-12)


def test_money_in_fen_or_yuan_makes_no_difference(cdnow):
    one, other = GammaGamma().fit(cdnow), GammaGamma().fit(cdnow.assign(monetary=cdnow.monetary * 100))
    assert other.predict(cdnow.assign(monetary=cdnow.monetary * 100)) == pytest.approx(
        100 * one.predict(cdnow), rel=1e-6
    )


def test_the_more_purchases_the_more_a_customer_is_believed():
    model = GammaGamma()
    model.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    once, often = model.predict(pd.DataFrame({"frequency": [1, 100], "monetary": [100.0, 100.0]}))
    assert 35.2 < once < often < 100


def test_nobody_bought_twice():
    with pytest.raises(DataError, match="None of 1 customers"):
        GammaGamma().fit(pd.DataFrame({"frequency": [0], "monetary": [0.0]}))
