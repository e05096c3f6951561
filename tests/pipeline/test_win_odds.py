"""Odds of deals: base rates, pooled effects, what is refused, calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from salesops_lib.errors import DataError
from salesops_lib.pipeline.scores import brier, calibration, mean_by_deal
from salesops_lib.pipeline.win_odds import WinOdds, _newton


def deals(n, seed, spread=0.0, slope=0.0):
    """Deals of two stages and thirty people, whose logits differ by `spread`; with the true odds."""
    rng = np.random.default_rng(seed)
    people = rng.normal(0, spread, 30)
    who, stage, size = rng.integers(0, 30, n), rng.integers(0, 2, n), rng.normal(0, 1, n)
    p = expit(logit(np.where(stage == 1, 0.6, 0.3)) + people[who] + slope * size)
    rows = pd.DataFrame(
        {"stage": np.where(stage == 1, "quote", "lead"), "rep_id": [f"R{w}" for w in who], "log_amount": size}
    )
    return rows, rng.random(n) < p, p


def test_rates_are_drawn_towards_the_policys_odds():
    """3 of 4 won with prior odds of 20 % that count for 8 deals: (8 × 0.2 + 3) / 12."""
    rows = pd.DataFrame({"stage": ["quote"] * 4 + ["lead"]})
    odds = WinOdds({"quote": 0.2, "lead": 0.1, "demo": 0.3}, effects=False).fit(
        rows, [True, True, True, False, False]
    )
    assert odds.rates_["quote"] == pytest.approx(4.6 / 12)
    assert odds.rates_["lead"] == pytest.approx(0.8 / 9)
    assert odds.rates_["demo"] == 0.3  # never seen: the policy's


@pytest.mark.parametrize("seed", range(5))
def test_columns_that_say_nothing_are_quiet(seed):
    """With no effect planted, the model's odds are nearly the stages' own rates."""
    rows, won, p = deals(3000, seed)
    odds = WinOdds().fit(rows, won)
    told = odds.predict_proba(rows)[:, 1]
    # a stage's rate has a standard error of about 0.013, and thirty people's noise is drawn to a fraction of itself
    assert np.abs(told - p).mean() < 0.035
    assert odds.variances_["rep_id"] < 0.08


@pytest.mark.parametrize("seed", range(5))
def test_planted_effects_are_found_and_small_groups_pooled(seed):
    """People differ by 0.8 in their logits and amounts matter: both come out; fewer errors than the stage alone."""
    rows, won, p = deals(6000, seed, spread=0.8, slope=0.5)
    learnt, later = slice(0, 4000), slice(4000, None)
    model = WinOdds().fit(rows[learnt], won[learnt])
    alone = WinOdds(effects=False).fit(rows[learnt], won[learnt])
    told = model.predict_proba(rows[later])[:, 1]
    assert brier(told, won[later]) < brier(alone.predict_proba(rows[later])[:, 1], won[later]) - 0.01
    assert (
        brier(told, won[later]) < brier(p[later], won[later]) + 0.006
    )  # the best there is, and thirty people learnt
    assert (
        np.abs(told - p[later]).mean() < 0.06
    )  # about 130 deals a person: a standard error of 0.04, and the curve's
    assert 0.2 < model.variances_["rep_id"] < 1.6  # 0.64 planted


def test_whoever_is_new_has_the_stages_odds():
    rows, won, _ = deals(3000, 1, spread=0.8)
    model = WinOdds().fit(rows[["stage", "rep_id"]], won)
    new = pd.DataFrame({"stage": ["lead", "quote"], "rep_id": ["nobody", None]})
    told = model.predict_proba(new)[:, 1]
    assert told == pytest.approx([model.rates_["lead"], model.rates_["quote"]], abs=0.06)


def test_rows_of_a_deal_tell_as_much_as_one():
    """The same deals seen five times each do not make small groups surer of themselves."""
    rows, won, _ = deals(600, 2, spread=0.5)
    once = WinOdds().fit(rows, won, deal=np.arange(600))
    many = WinOdds().fit(pd.concat([rows] * 5), np.tile(won, 5), deal=np.tile(np.arange(600), 5))
    assert many.predict_proba(rows)[:, 1] == pytest.approx(once.predict_proba(rows)[:, 1], abs=0.02)


def test_order_of_rows_does_not_matter():
    rows, won, _ = deals(800, 3, spread=0.5)
    mixed = np.random.default_rng(0).permutation(800)
    told = WinOdds().fit(rows, won).predict_proba(rows)[:, 1]
    again = WinOdds().fit(rows.iloc[mixed], won[mixed]).predict_proba(rows)[:, 1]
    assert again == pytest.approx(told, abs=1e-4)


@pytest.mark.parametrize(
    "column",
    [
        {"close_value": lambda w: np.where(w, 500.0, 0.0)},
        {"loss_reason": lambda w: np.where(w, None, "price")},
    ],
)
def test_what_was_written_after_the_decision_is_refused(column):
    rows, won, _ = deals(400, 4)
    ((name, made),) = column.items()
    with pytest.raises(DataError, match=f"Column {name} tells which deals were won"):
        WinOdds().fit(rows.assign(**{name: made(won)}), won)


def test_names_of_single_deals_are_no_afterthought():
    rows, won, p = deals(2000, 5)
    told = (
        WinOdds()
        .fit(rows.assign(account=[f"A{i}" for i in range(2000)]), won)
        .predict_proba(rows.assign(account="new"))[:, 1]
    )
    assert np.abs(told - p).mean() < 0.05


def test_only_one_kind_is_refused():
    with pytest.raises(DataError, match="deals won and deals lost"):
        WinOdds().fit(pd.DataFrame({"stage": ["lead", "lead"]}), [True, True])


def test_contributions_add_up_to_the_logit():
    rows, won, _ = deals(2000, 6, spread=0.6, slope=0.4)
    model = WinOdds().fit(rows, won)
    added = model.contributions(rows).sum(axis=1)
    parts = model._design(rows) * model._beta
    whole = logit(model.predict_proba(rows)[:, 1])
    # numbers of the design are of single precision
    assert (parts[:, :2].sum(axis=1) + added.to_numpy()) == pytest.approx(whole, abs=1e-5)


def test_calibration_by_hand():
    """Second and seventh tenth of the scale: one of five and three of five rows won; deals are counted, not rows."""
    odds = np.array([0.15] * 5 + [0.62] * 5)
    won = np.array([True, *[False] * 4, *[True] * 3, False, False])
    table = calibration(odds, won, np.ones(10), pd.Series([1, 1, 2, 3, 4, 5, 6, 7, 8, 8]))
    assert table.odds.tolist() == pytest.approx([0.15, 0.62])
    assert table.share.tolist() == pytest.approx([0.2, 0.6])
    assert table.n.tolist() == [4, 4]
    assert ((table.low < table.share) & (table.share < table.high)).all()
    assert table.index.tolist() == [2, 7]


def test_intervals_are_of_deals_not_of_rows():
    """A hundred deals seen ten times each: the interval is that of a hundred values, not of a thousand."""
    values = np.random.default_rng(8).normal(0, 1, 100)
    found = mean_by_deal(np.repeat(values, 10), np.ones(1000), pd.Series(np.repeat(np.arange(100), 10)))
    half = (found.high - found.low) / 2
    assert found.value == pytest.approx(values.mean())
    assert half == pytest.approx(1.96 * values.std() / 10, rel=0.15)


def test_errors_of_what_was_learnt_are_those_of_other_samples():
    """Forty drawings of the same company: fitted logits spread about as far as each fit says of itself."""
    rows, _, p = deals(1500, 8, spread=0.5)
    fitted, told = [], []
    for seed in range(40):
        won = np.random.default_rng(seed).random(len(p)) < p
        model = WinOdds(variances={"rep_id": 0.25, "log_amount": 0.01}).fit(rows, won)
        level, takes, off = model.uncertain(rows, 200, np.random.default_rng(seed))
        fitted.append(level)
        told.append((takes @ off).std(axis=1))
    ratio = np.array(told).mean() / np.array(fitted).std(axis=0).mean()
    # forty give a spread to about 11 %; and pooled effects spread less from drawing to drawing than they are unsure
    assert 0.85 < ratio < 1.6


def test_newton_comes_to_where_a_plain_solver_comes():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(3000), rng.normal(size=(3000, 5))]).astype(np.float32)
    y = rng.random(3000) < expit(design @ np.array([-1, 0.5, -2, 0, 1, 3.0]))
    w = rng.uniform(0.2, 2, 3000)
    found, curve = _newton(design, y, w, np.r_[0.0, np.ones(5)], np.zeros(6))
    plain = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(design[:, 1:], y, sample_weight=w)
    # numbers of the design are of single precision
    assert found == pytest.approx(np.r_[plain.intercept_, plain.coef_[0]], abs=2e-4)
    assert np.linalg.eigvalsh(curve).min() > 0
