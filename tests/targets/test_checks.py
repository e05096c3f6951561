"""Equity, ratchet and capacity of a proposal, on frames that a head can compute."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.targets.checks import capacity, equity, ratchet


def test_targets_that_ask_more_of_large_territories_correlate():
    size = np.arange(1.0, 21.0)
    people = pd.DataFrame({"size": size, "base": 100.0, "target": 100 + size})
    found = equity(people, (0.15, 0.15, 0.2)).set_index("gate")
    assert found.value["territory_correlation"] == pytest.approx(-1)
    assert found.low["territory_correlation"] < -0.9
    assert found.value["potential_correlation"] == pytest.approx(
        -1
    )  # more potential per quota, harder to reach


def test_gini_of_attainment_by_hand():
    people = pd.DataFrame({"size": [1.0] * 5, "base": [20.0, 30, 40, 50, 60], "target": [100.0] * 5})
    found = equity(people, (0.15, 0.15, 0.2)).set_index("gate")
    assert found.value["attainment_gini"] == pytest.approx(0.2)  # the worked case of `gini`
    assert found.value["potential_gini"] == 0


def test_ratchet_is_a_rank_correlation_of_those_with_both_years():
    attainment = pd.Series([0.7, 0.8, 0.9, 1.0, 1.1, 1.2], list("abcdef"))
    growth = pd.Series([0.30, 0.25, 0.2, 0.15, 0.1, 9.0], list("abcdeg"))
    assert ratchet(attainment, growth).value == pytest.approx(-1)


def test_load_is_missing_where_nobody_is_there():
    found = capacity(
        pd.DataFrame({"unit": ["a", "b"], "target": [300.0, 10.0], "capacity": [1.5, 0.0]}), 100.0
    )
    assert found["load"].tolist()[0] == pytest.approx(2.0)
    assert np.isnan(found["load"].tolist()[1])
