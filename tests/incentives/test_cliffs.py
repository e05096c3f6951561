"""Jumps and marginal rates of plans, reckoned by hand: target 120,000 a year on a quota of 1.2 million."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.incentives import History
from salesops_lib.incentives.cliffs import Typical, cliffs, in_words, rates
from salesops_lib.policy.incentives import PayRules, Plan
from salesops_lib.reporting.voice import Voice

RULES = PayRules(tier_edge="lower_inclusive", start_day="included")
KEY = ("bookings", "direct")
TIERS = ({"from": 0, "times": 0.5}, {"from": 0.5, "times": 1.5}, {"from": 1, "times": 2})
MARGINAL = {"kind": "tiered", "mode": "marginal", "weight": 1, "tiers": TIERS}
BY_AMOUNT = {"kind": "tiered", "basis": "amount", "tiers": ({"from": 0, "rate": 0.05}, {"from": 500_000, "rate": 0.1})}  # fmt: skip


def typical(*components: dict, quota: bool = True, ratios: dict | None = None, **more: object) -> Typical:
    named = tuple({"id": f"c{n}", "en": "C", "zh": "项", **one} for n, one in enumerate(components))
    about = {"id": "p", "roles": ("ae",), "effective": {"from": "2025-01-01"}, "components": named}
    asked = np.full((3, 12), 10_000_000)
    history = History(
        ["a", "b", "c"], [f"2025-{month + 1:02}" for month in range(12)], {KEY: asked * 9 // 10},
        {KEY: asked} if quota else {}, np.full(3, 12_000_000), parts={"bookings": 100}, ratios=ratios or {},
    )  # fmt: skip
    return Typical.of(Plan.model_validate(about | more), RULES, history)


def test_marginal_tiers_have_no_cliff_and_their_own_rates():
    person = typical(MARGINAL)
    assert cliffs(person).empty
    found = rates(person)
    assert found[["start", "end"]].fillna(-1).values.tolist() == [[0, 0.5], [0.5, 1], [1, -1]]
    assert found.rate.tolist() == pytest.approx([0.5, 1.5, 2], rel=1e-5)


def test_retroactive_tiers_jump_by_the_whole_amount_at_the_step():
    """At 100 % all of the quota goes from 1.5 to 2 times the target rate: half the target, six months of it."""
    found = cliffs(typical(MARGINAL | {"mode": "retroactive"}))
    assert found[["unit", "edge"]].values.tolist() == [["attainment", 0.5], ["attainment", 1.0]]
    assert found.jump.tolist() == pytest.approx([6_000_000, 6_000_000], abs=2)
    assert found.months.tolist() == pytest.approx([6, 6], abs=1e-5)


def test_tiers_by_amount_jump_at_their_amounts_with_a_quota_or_without():
    """All of 500,000 goes from 5 % to 10 %: 25,000, two and a half months of the target incentive."""
    for quota in (True, False):
        person = typical(BY_AMOUNT | {"mode": "retroactive"}, quota=quota)
        (row,) = cliffs(person).itertuples()
        assert (row.unit, row.edge) == ("money", 50_000_000)
        assert row.jump == pytest.approx(2_500_000, abs=2)
        assert row.months == pytest.approx(2.5, abs=1e-5)
        assert cliffs(typical(BY_AMOUNT | {"mode": "marginal"}, quota=quota)).empty


def test_tiers_by_amount_have_rates_against_their_pay_at_target():
    """Target pays 25,000 + 70,000; the first 500,000 of 1,200,000 are 41.7 % of the quota."""
    found = rates(typical(BY_AMOUNT | {"mode": "marginal"}))
    at_target = 95_000 / 1_200_000
    assert found.rate.tolist() == pytest.approx([0.05 / at_target, *[0.1 / at_target] * 2], rel=1e-5)
    assert found.start.tolist() == pytest.approx([0, 5 / 12, 1])
    assert rates(typical(BY_AMOUNT | {"mode": "marginal"}, quota=False)).empty


def test_a_jump_of_a_quarter_is_that_quarters():
    bonus = {"kind": "curve", "between": "step", "weight": 1, "points": ((1, 1), (1.2, 1.5)), "interval": "quarter"}  # fmt: skip
    assert cliffs(typical(bonus)).jump.tolist() == [3_000_000, 1_500_000]


def test_gates_and_modifiers_are_cliffs_too():
    gate = {"kind": "gate", "require": {"measure": "bookings", "at_least": 0.6}}
    (row,) = cliffs(typical(MARGINAL, links=(gate,))).itertuples()
    assert (row.edge, row.jump) == (0.6, pytest.approx(0.4 * 12_000_000, abs=2))
    margin = {
        "kind": "modifier",
        "applies_to": ("c0",),
        "measure": "margin_rate",
        "below": 1,
        "steps": ({"from": 0.3, "times": 1.5},),
    }
    halves = (np.full((3, 12), 30), np.full((3, 12), 100))
    (row,) = cliffs(typical(MARGINAL, links=(margin,), ratios={"margin_rate": halves})).itertuples()
    assert (row.measure, row.unit, row.edge) == ("margin_rate", "ratio", 0.3)
    assert row.jump == pytest.approx(0.5 * 1.4 * 12_000_000, abs=2)  # others stand at 120 % of quota


def test_edges_are_worded_in_their_units():
    person = typical(MARGINAL | {"mode": "retroactive"}, BY_AMOUNT | {"mode": "retroactive"})
    words = [Voice("en", "USD").word(one.id, **one.values) for one in in_words(cliffs(person))]
    assert words == ["Bookings: 50.0% of quota", "Bookings: 100.0% of quota", "Bookings $500.0k"]
