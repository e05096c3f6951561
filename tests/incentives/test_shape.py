"""Pay curves, cliffs, rates and leverage of plans whose figures are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.errors import DataError
from salesops_lib.incentives import History
from salesops_lib.incentives.shape import cliffs, leverage, pay_curve, slopes, year_attainment
from salesops_lib.policy.incentives import PayRules, Plan

RULES = PayRules(tier_edge="lower_inclusive", start_day="included")
KEY = ("bookings", "direct")


def history(n: int = 3) -> History:
    quota = np.array([[7_777_777 + 1_000_003 * payee] * 12 for payee in range(n)])
    target = np.full(n, 12_000_000)
    months = [f"2025-{m + 1:02}" for m in range(12)]
    return History(
        [f"p{i}" for i in range(n)],
        months,
        {KEY: quota * 9 // 10},
        {KEY: quota},
        target,
        parts={"bookings": 100},
    )


def plan(*components: dict, **more: object) -> Plan:
    named = tuple(
        {"id": f"c{n}", "en": "C", "zh": "项", "weight": 1, **one} for n, one in enumerate(components)
    )
    return Plan.model_validate(
        {"id": "p", "roles": ("ae",), "effective": {"from": "2025-01-01"}, "components": named} | more
    )


MARGINAL = {"kind": "tiered", "mode": "marginal", "tiers": ({"from": 0, "times": 0.5}, {"from": 0.5, "times": 1.5}, {"from": 1, "times": 2})}  # fmt: skip


def test_marginal_tiers_have_no_cliff_and_their_own_rates():
    curve = pay_curve(plan(MARGINAL), RULES, history())
    assert np.interp([0.25, 0.5, 1.0, 1.5], curve.attainment, curve.share()) == pytest.approx(
        [0.125, 0.25, 1.0, 2.0], abs=1e-6
    )
    assert slopes(curve).to_numpy().tolist() == [[0, 0.5, 0.5], [0.5, 1.0, 1.5], [1.0, 2.0, 2.0]]
    found = cliffs(curve)
    assert found.attainment.tolist() == [0.5, 1.0]
    assert (found.jump <= 1).all()  # a minor unit of sales, and the rounding of pay


def test_retroactive_tiers_jump_by_the_whole_amount_at_the_step():
    """At 100 % all of the quota goes from 1.5 to 2 times the target rate: half the target, six months of it."""
    curve = pay_curve(plan(MARGINAL | {"mode": "retroactive"}), RULES, history())
    found = cliffs(curve)
    assert found.jump.tolist() == pytest.approx([6_000_000, 6_000_000], abs=2)
    assert found.months.tolist() == pytest.approx([6, 6], abs=1e-5)


def test_quarterly_components_pay_every_quarter():
    bonus = {"kind": "curve", "between": "step", "points": ((1, 1), (1.2, 1.5)), "interval": "quarter"}
    curve = pay_curve(plan(bonus), RULES, history())
    assert np.interp([0.99, 1.0, 1.2], curve.attainment, curve.share()).tolist()[0] == pytest.approx(0.0)
    on_edge = curve.share()[np.flatnonzero(curve.attainment == 1.0)]
    assert on_edge.tolist() == [0.0, 1.0]
    assert cliffs(curve).jump.tolist() == [12_000_000, 6_000_000]


def test_a_gate_on_attainment_is_a_cliff_too():
    gate = {"kind": "gate", "require": {"measure": "bookings", "at_least": 0.6}}
    found = cliffs(pay_curve(plan(MARGINAL, links=(gate,)), RULES, history()))
    assert found.set_index("attainment").jump[0.6] == pytest.approx(0.4 * 12_000_000, abs=2)


def test_leverage_and_attainment():
    curve = pay_curve(plan(MARGINAL), RULES, history())
    assert leverage(curve, np.array([0.8] * 90 + [1.5] * 11)) == pytest.approx(2.0)
    assert year_attainment(plan(MARGINAL), history()) == pytest.approx([0.9] * 3, abs=1e-6)


def test_without_any_quota_there_is_no_curve():
    bare = History(["a"], ["2025-01"], {KEY: np.array([[1]])}, target=np.array([1]))
    with pytest.raises(DataError, match="none of its measures has a quota"):
        pay_curve(plan(MARGINAL), RULES, bare)
