"""BG/NBD, MBG/NBD and Pareto/NBD against published tables, exact arithmetic, differences and simulation."""

from __future__ import annotations

from decimal import Decimal

import exact
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from salesops_lib.errors import DataError
from salesops_lib.segmentation import purchases
from salesops_lib.segmentation.histories import histories
from salesops_lib.segmentation.likelihood import maximise
from salesops_lib.segmentation.purchases import (
    MODELS,
    BetaGeometric,
    ModifiedBetaGeometric,
    ParetoNBD,
)

PUBLISHED = {
    # Fader, Hardie and Lee (2005), table 2, on the tenth of CDNOW
    BetaGeometric: ([0.243, 4.414, 0.793, 2.426], -9582.4),
    # Batislam, Denizel and Filiztekin (2007) report the log-likelihood; the estimates are those of BTYDplus' manual
    ModifiedBetaGeometric: ([0.525, 6.183, 0.891, 1.614], -9582.1),
    ParetoNBD: ([0.553, 10.578, 0.606, 11.669], -9595.0),
}
each_model = pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)


def with_params(kind, params):
    model = kind()
    model.params_ = pd.Series(params, kind.names, dtype=float)
    return model


def seen(*rows):
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"])


@pytest.fixture(scope="module")
def fitted(cdnow):
    return {kind: kind().fit(cdnow) for kind in MODELS}


@pytest.mark.parametrize("kind", PUBLISHED, ids=lambda kind: kind.__name__)
def test_published_estimates_to_the_printed_digit(kind, fitted):
    params, log_likelihood = PUBLISHED[kind]
    assert fitted[kind].params_.round(3).tolist() == params
    assert round(fitted[kind].log_likelihood_, 1) == log_likelihood


def test_published_expectation_of_one_customer():
    # Fader, Hardie and Lee, "Implementing the BG/NBD model in Excel" (2005): customer 1 within 39 weeks
    model = with_params(BetaGeometric, PUBLISHED[BetaGeometric][0])
    assert model.expected_purchases(seen((2, 30.43, 38.86)), 39)[0] == pytest.approx(1.226, abs=5e-4)


@each_model
def test_the_estimate_is_a_summit(kind, fitted, cdnow):
    model = fitted[kind]
    slopes = model._mean_likelihood(histories(cdnow))(model.params_.to_numpy())[1]
    assert np.abs(slopes * model.params_.to_numpy()).max() < 1e-9
    assert model.standard_errors_.gt(0).all()


def exactly(kind, case):
    if kind is ParetoNBD:
        return exact.pareto(case)
    return exact.beta_geometric(case, kind._more_chances)


@pytest.mark.parametrize(("kind", "n"), [(BetaGeometric, 150), (ModifiedBetaGeometric, 150), (ParetoNBD, 50)])
def test_likelihoods_are_those_of_50_digits(kind, n):
    for case in exact.cases(n, seed=7):
        found = with_params(kind, case.params).log_likelihood(seen((case.x, case.t, case.T)))[0]
        assert abs(Decimal(float(found)) - exactly(kind, case)) < Decimal("1e-9"), case


def test_the_reference_itself_has_the_closed_form_where_there_is_one():
    # alpha = beta: (α+t)^(p+q) ∫ (α+τ)^-(p+q) dτ with p = r + x, q = s + 1
    r, alpha, s, x, t, T = 0.6, 10.0, 0.7, 3, 5.0, 39.0
    p, q = r + x, s + 1
    closed = (alpha + t) / (p + q - 1) * (1 - ((alpha + T) / (alpha + t)) ** (1 - p - q))
    own = exact.integrated(
        lambda tau: (-(Decimal(p) + Decimal(q)) * ((10 + tau) / Decimal(15)).ln()).exp(),
        Decimal(5),
        Decimal(39),
    )
    assert float(own) == pytest.approx(closed, rel=1e-14)


@each_model
def test_slopes_are_those_of_differences(kind):
    """Central differences with a step of 1e-6 are good to about 1e-8 of the values that they are of."""
    for case in exact.cases(60, seed=11):
        params = np.array(case.params)
        likelihood = kind()._mean_likelihood(histories(seen((case.x, case.t, case.T))))
        slopes = likelihood(params)[1] * params
        for place in range(4):
            step = np.zeros(4)
            step[place] = 1e-6
            up, down = (likelihood(params * np.exp(sign * step))[0] for sign in (1, -1))
            size = max(abs(up), abs(slopes[place]), 1.0)
            assert abs((up - down) / 2e-6 - slopes[place]) < 1e-6 * size, (case, kind.names[place])


def simulated(kind, params, n, seed):
    """Histories of n customers watched for 30 to 80 weeks, drawn from the law itself."""
    rng = np.random.default_rng(seed)
    r, alpha, leave, stay = params
    T = rng.uniform(30, 80, n)
    rate = rng.gamma(r, 1 / alpha, n)
    if kind is ParetoNBD:
        end = np.minimum(T, rng.exponential(1 / rng.gamma(leave, 1 / stay, n)))
        chance = np.zeros(n)
    else:
        end, chance = T.copy(), rng.beta(leave, stay, n)
        end[rng.random(n) < chance * (kind is ModifiedBetaGeometric)] = 0.0
    x, last, clock = np.zeros(n), np.zeros(n), np.zeros(n)
    is_here = end > 0
    while is_here.any():
        clock = clock + rng.exponential(1 / rate)
        bought = is_here & (clock < end)
        x[bought] += 1
        last[bought] = clock[bought]
        is_here = bought & (rng.random(n) >= chance)
    return seen(*zip(x, last, T, strict=True))


TRUTH = {
    BetaGeometric: (0.8, 6.0, 0.9, 2.5),
    ModifiedBetaGeometric: (0.8, 6.0, 0.9, 2.5),
    ParetoNBD: (0.8, 6.0, 0.7, 12.0),
}


@each_model
def test_parameters_are_recovered_from_simulation(kind):
    """Within 3.5 standard errors: chance alone fails one of twelve in 180 such seeds."""
    model = kind().fit(simulated(kind, TRUTH[kind], 8_000, seed=3))
    off = (model.params_ - np.array(TRUTH[kind])) / model.standard_errors_
    assert off.abs().max() < 3.5
    assert (model.standard_errors_ / model.params_).max() < 0.5  # and the errors say something


@each_model
def test_expectations_are_those_of_simulation(kind):
    """Purchases of the next 20 weeks, by the law itself: histories to T, and the same seeds on to T + 20."""
    rng = np.random.default_rng(5)
    whole = _paths(kind, TRUTH[kind], 60_000, 60.0, rng)
    past = [times[times < 40] for times in whole]
    told = seen(*((len(p), p[-1] if len(p) else 0.0, 40.0) for p in past))
    ahead = np.array([len(w) - len(p) for w, p in zip(whole, past, strict=True)])
    model = with_params(kind, TRUTH[kind])
    for few in (told.frequency == 0, told.frequency.between(1, 3), told.frequency > 3):
        own = ahead[few]
        error = own.std() / np.sqrt(len(own))
        assert model.expected_purchases(told[few], 20).mean() == pytest.approx(own.mean(), abs=3.5 * error)
        chance = model.probability_active(told[few], 20)
        share_error = np.sqrt((own > 0).mean() * (own == 0).mean() / len(own))
        assert chance.mean() == pytest.approx((own > 0).mean(), abs=3.5 * share_error)


def _paths(kind, params, n, until, rng):
    r, alpha, leave, stay = params
    paths = []
    for rate in rng.gamma(r, 1 / alpha, n):
        times = np.cumsum(rng.exponential(1 / rate, max(int(3 * rate * until), 10) + 20))
        times = times[times < until]
        if kind is ParetoNBD:
            times = times[times < rng.exponential(1 / rng.gamma(leave, 1 / stay))]
        else:
            chances = len(times) + (kind is ModifiedBetaGeometric)
            leaves = rng.random(chances) < rng.beta(leave, stay)
            kept = leaves.argmax() if leaves.any() else chances
            times = times[: kept if kind is ModifiedBetaGeometric else kept + 1]
        paths.append(times)
    return paths


@each_model
@given(
    x=st.integers(0, 200),
    share=st.floats(0.01, 1),
    T=st.floats(1, 300),
    first=st.floats(0.1, 50),
    more=st.floats(0, 50),
)
def test_chances_lie_in_0_to_1_and_rise_with_time(kind, x, share, T, first, more):
    history = seen((x, share * T if x else 0, T))
    model = with_params(kind, TRUTH[kind])
    near, far = (model.probability_active(history, time)[0] for time in (first, first + more))
    assert 0 <= near <= far + 1e-12  # of two log-likelihoods of some hundred units
    assert far <= 1
    expected = model.expected_purchases(history, first)[0]
    assert near <= expected + 1e-12  # a chance of one or more is at most the mean


def test_nothing_is_certain_of_a_customer_who_came_once():
    for kind in MODELS:
        chance = with_params(kind, TRUTH[kind]).probability_active(seen((0, 0, 39), (0, 0, 300)), 4)
        assert 0 < chance[1] < chance[0] < 1


@each_model
def test_customers_alike_weigh_as_many_rows(kind, cdnow):
    few = cdnow.head(300)
    counted = few.value_counts(["frequency", "recency", "T"]).reset_index()
    one, other = kind().fit(few), kind().fit(counted, sample_weight=counted["count"])
    assert other.params_.to_numpy() == pytest.approx(one.params_.to_numpy(), rel=1e-6)
    assert other.standard_errors_.to_numpy() == pytest.approx(one.standard_errors_.to_numpy(), rel=1e-4)


@each_model
def test_weeks_or_days_make_no_difference(kind, cdnow):
    days = cdnow.assign(recency=cdnow.recency * 7, T=cdnow["T"] * 7)
    one, other = kind(39).fit(cdnow), kind(273).fit(days)
    assert other.predict(days) == pytest.approx(one.predict(cdnow), rel=1e-6)


@each_model
def test_customers_all_alike_are_fitted_and_say_what_is_not_known(kind):
    model = kind().fit(seen(*[(3, 20.0, 40.0)] * 50))
    assert np.isfinite(model.expected_purchases(seen((3, 20.0, 40.0)), 10)).all()
    assert model.standard_errors_.isna().any()


@each_model
def test_a_model_can_be_cloned_and_takes_arrays(kind, cdnow):
    model = clone(kind(horizon=10)).fit(cdnow.head(400)[["frequency", "recency", "T"]].to_numpy())
    assert model.horizon == 10
    assert model.predict(cdnow.head(3)).shape == (3,)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((2.5, 1, 3), "not a count"),
        ((2, 4, 3), "outside 0 to T"),
        ((0, 1, 3), "no repeat purchase"),
        ((np.nan, 1, 3), "missing"),
    ],
)
def test_histories_that_cannot_be_are_refused(row, said):
    with pytest.raises(DataError, match=said):
        histories(seen((1, 1, 3), row))


def test_an_absent_column_is_named():
    with pytest.raises(DataError, match="missing: recency"):
        histories(pd.DataFrame({"frequency": [1], "T": [3]}))


@each_model
def test_what_is_first_sought_on_a_part_is_what_all_say(kind, cdnow, monkeypatch):
    """The last steps are Newton's: what they leave is of the order of rounding, in errors that of a difference."""
    whole = kind().fit(cdnow)
    monkeypatch.setattr(purchases, "_N_SKETCHED", 300)
    found = kind().fit(cdnow)
    assert found.params_.to_numpy() == pytest.approx(whole.params_.to_numpy(), rel=1e-8)
    assert found.standard_errors_.to_numpy() == pytest.approx(whole.standard_errors_.to_numpy(), rel=1e-4)
    assert found.log_likelihood_ == pytest.approx(whole.log_likelihood_, abs=1e-6)


def test_a_part_that_leads_astray_is_left(cdnow):
    """Sought first on customers of another kind, the estimate is that of all none the less."""
    model, all_seen = BetaGeometric(), histories(cdnow).in_units_of(30.0)
    likelihood = model._mean_likelihood(all_seen)
    other = model._mean_likelihood(histories(simulated(BetaGeometric, (5.0, 0.2, 3.0, 30.0), 500, seed=1)))
    plain, led = (maximise(likelihood, np.zeros(4), sketch) for sketch in (None, other))
    assert led.log_params == pytest.approx(plain.log_params, abs=1e-8)
