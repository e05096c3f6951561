"""Fairness: published figures, and how often intervals hold what is true."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from salesops_lib.incentives.fairness import (
    gini,
    gini_interval,
    impact_ratio,
    measures,
    rank_correlation,
    reason,
    share_at_goal,
    verdict,
)
from salesops_lib.policy.quotas import Fairness

CASES = (
    Path(os.environ.get("SALESOPS_SHARED_DATA", "/work/shared/data")).parent
    / "cases"
    / "worked_examples.json"
)
SEED = 20261125


def published() -> list[dict]:
    if not CASES.is_file():
        return []
    cases = json.loads(CASES.read_text("utf-8"))
    cases = cases if isinstance(cases, list) else cases["cases"]
    return [case for case in cases if case["topic"] == "fairness.gini"]


@pytest.mark.skipif(not CASES.is_file(), reason="the worked examples are not on this machine")
def test_gini_of_published_examples():
    assert len(published()) >= 4
    for case in published():
        assert gini(case["inputs"]["values"]) == pytest.approx(
            case["expected"]["gini"], abs=case["tolerance"]
        ), case["id"]


def test_gini_of_nothing_is_missing():
    assert np.isnan([gini([]), gini([0, 0]), gini([-1, 2])]).all()
    assert gini([0, 0, 0, 1]) == 0.75


def test_gini_interval_holds_the_truth_about_as_often_as_it_says():
    """Lognormal of σ 0.3: Gini erf(σ/2) = 0.168.  The percentile bootstrap of 80 people covers a little less than 95 %."""
    rng, truth = np.random.default_rng(SEED), 2 * stats.norm.cdf(0.3 / np.sqrt(2)) - 1
    hits = [
        low <= truth <= high
        for _, low, high in (gini_interval(rng.lognormal(0, 0.3, 80)) for _ in range(300))
    ]
    assert 0.89 <= np.mean(hits) <= 0.98  # 0.93 ± 3 standard errors of 300 trials


def test_rank_correlation_is_scipys_and_its_interval_holds():
    rng, hits = np.random.default_rng(SEED), 0
    for _ in range(300):
        x = rng.normal(size=40)
        y = 0.5 * x + rng.normal(scale=np.sqrt(0.75), size=40)
        found = rank_correlation(x, y)
        assert found.value == pytest.approx(stats.spearmanr(x, y).statistic)
        hits += found.low <= 6 / np.pi * np.arcsin(0.25) <= found.high
    assert 0.91 <= hits / 300 <= 0.985  # 0.95 ± 3 standard errors
    assert np.isnan(rank_correlation(np.ones(9), np.arange(9.0)).value)


def test_share_at_goal_leaves_people_without_quota_out():
    found = share_at_goal(np.array([1.0, 0.99, 1.2, np.nan]))
    assert found.value == pytest.approx(2 / 3)


def test_impact_ratio_by_hand():
    """8 of 10 against 4 of 10: a half, below four fifths; chance does as much in about one of six."""
    attainment = np.array([1.1] * 8 + [0.9] * 2 + [1.1] * 4 + [0.9] * 6)
    ratio, by_chance, groups = impact_ratio(attainment, ["east"] * 10 + ["west"] * 10)
    assert ratio.value == 0.5
    assert ratio.low < 0.5 < 0.8 < ratio.high
    exact = 2 * stats.hypergeom.sf(7, 20, 12, 10)
    assert by_chance == pytest.approx(exact, abs=0.025)  # 3 standard errors of 2,000 deals
    assert groups.share.tolist() == [0.8, 0.4]
    assert np.isnan(impact_ratio(attainment, ["one"] * 20)[0].value)


def test_groups_below_the_policys_least_are_not_compared():
    """Three groups of five, five and four: 80 %, 40 % and nobody at goal."""
    attainment = [1.0] * 4 + [0.9] + [1.0, 0.9, 0.9, 0.9, 1.0] + [0.1] * 4
    people = pd.DataFrame(
        {"attainment": attainment, "quota": 1.0, "potential": np.nan, "region": list("aaaaabbbbbcccc")}
    )
    limits = Fairness(impact_by=("region", "channel"))

    def ratio(fewest: int) -> float:
        return next(
            one for one in measures(people, limits, fewest) if one.gate == "impact_region"
        ).found.value

    assert ratio(5) == pytest.approx(0.4 / 0.8)
    assert ratio(4) == 0
    assert np.isnan(ratio(6))


def test_each_measure_has_its_limits_and_its_reason():
    rng = np.random.default_rng(SEED)
    people = pd.DataFrame(
        {"attainment": rng.normal(1, 0.1, 60), "quota": rng.uniform(1, 9, 60), "potential": np.nan}
    )
    found = {one.gate: one for one in measures(people, Fairness(impact_by=("channel",)), 5)}
    assert [(one.least, one.most) for one in found.values()] == [
        (0.5, 0.7), (None, 0.2), (-0.15, 0.15), (-0.15, 0.15), (0.8, None)
    ]  # fmt: skip
    why = {gate: reason(*one[:4]) for gate, one in found.items()}
    assert why["potential_correlation"].id == "note.gate_unknown.potential"
    assert why["impact_channel"].id == "note.gate_unknown.grouping"
    assert verdict(*found["gini"][1:4]) == "pass"
    assert why["gini"] is None


def test_a_share_that_chance_may_have_made_is_open_and_one_beyond_it_fails():
    assert verdict(share_at_goal(np.array([1.0] * 2 + [0.5] * 6)), 0.5, 0.7) == "open"
    assert verdict(share_at_goal(np.array([1.0] * 20 + [0.5] * 60)), 0.5, 0.7) == "fail"
