"""Tenths, calibration error and the line through log odds: by hand, against scikit-learn, and weights as repetitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from salesops_lib.metrics.calibration import (
    LogOddsLine,
    expected_calibration_error,
    log_odds_correction,
    tenths,
)

SAID = st.lists(st.tuples(st.integers(1, 99), st.booleans(), st.integers(1, 4)), min_size=1, max_size=60)


def test_equal_chances_stay_together():
    chance = np.array([0.1] * 30 + [0.9] * 10)
    came = np.array([True] * 6 + [False] * 24 + [True] * 8 + [False] * 2)
    assert tenths(chance, came).n.tolist() == [30, 10]
    assert expected_calibration_error(chance, came) == pytest.approx((30 * 0.1 + 10 * 0.1) / 40)


def test_tenths_hold_as_many_each_where_chances_differ():
    table = tenths(np.arange(200) / 1_000, np.zeros(200, dtype=bool))
    assert table.n.tolist() == [20] * 10
    assert table.foretold.is_monotonic_increasing


@given(SAID)
def test_a_weight_counts_like_as_many_observations(rows):
    percent, came, weight = (np.array(column) for column in zip(*rows, strict=True))
    chance = percent / 100
    once = expected_calibration_error(np.repeat(chance, weight), np.repeat(came, weight))
    # ranks of repeated rows are those of weights, whose mean is then 1
    found = tenths(np.repeat(chance, weight), np.repeat(came, weight))
    assert found.n.sum() == weight.sum()
    assert 0 <= once <= 1
    assert np.average(found.came, weights=found.n) == pytest.approx(np.average(came, weights=weight))


def test_the_line_is_that_of_logistic_regression():
    rng = np.random.default_rng(3)
    chance = rng.uniform(0.02, 0.98, 2_000)
    came = rng.random(2_000) < chance**1.5
    weight = rng.integers(1, 4, 2_000).astype(float)
    line = log_odds_correction(chance, came, weight)
    x = np.log(chance / (1 - chance))[:, None]
    peer = LogisticRegression(C=1e9, tol=1e-10, max_iter=1_000).fit(x, came, sample_weight=weight)
    assert line.slope == pytest.approx(peer.coef_[0, 0], abs=1e-5)
    assert line.intercept == pytest.approx(peer.intercept_[0], abs=1e-5)
    assert line(chance) == pytest.approx(peer.predict_proba(x)[:, 1], abs=1e-5)


def test_what_is_held_stays_nearer_to_what_was_said():
    rng = np.random.default_rng(4)
    chance = rng.uniform(0.1, 0.9, 300)
    came = rng.random(300) < chance / 2
    free, held = (log_odds_correction(chance, came, held=held) for held in (0.0, 1_000.0))
    assert abs(held.intercept) < abs(free.intercept)
    assert expected_calibration_error(free(chance), came) < expected_calibration_error(chance, came)


@pytest.mark.parametrize("came", [np.ones(5, dtype=bool), np.zeros(5, dtype=bool)])
def test_where_all_came_or_nothing_did_nothing_is_corrected(came):
    assert log_odds_correction(np.linspace(0.1, 0.9, 5), came) == LogOddsLine()


def test_chances_that_part_the_outcomes_or_are_all_alike_have_a_line():
    parted = log_odds_correction(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))
    assert np.isfinite(parted).all()
    alike = log_odds_correction(np.full(10, 0.3), np.arange(10) < 6)
    assert alike(np.array([0.3])) == pytest.approx([0.6], abs=1e-4)
    assert pd.notna(alike(np.array([0.0, 1.0]))).all()
