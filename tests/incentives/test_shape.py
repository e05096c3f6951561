"""Pay curves and leverage of plans whose figures are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.errors import DataError
from salesops_lib.incentives import History
from salesops_lib.incentives.shape import leverage, pay_curve, year_attainment
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


def test_edges_stand_twice_on_the_curve():
    curve = pay_curve(plan(MARGINAL | {"mode": "retroactive"}), RULES, history())
    assert curve.attainment[:-1][np.diff(curve.attainment) == 0].tolist() == [0.5, 1.0]
    assert curve.share()[curve.attainment == 1.0].tolist() == pytest.approx([1.5, 2.0], abs=1e-6)


def test_quarterly_components_pay_every_quarter():
    bonus = {"kind": "curve", "between": "step", "points": ((1, 1), (1.2, 1.5)), "interval": "quarter"}
    curve = pay_curve(plan(bonus), RULES, history())
    assert np.interp(0.99, curve.attainment, curve.share()) == pytest.approx(0.0)
    assert curve.share()[curve.attainment == 1.0].tolist() == [0.0, 1.0]


def test_leverage_and_attainment():
    curve = pay_curve(plan(MARGINAL), RULES, history())
    assert leverage(curve, np.array([0.8] * 90 + [1.5] * 11)) == pytest.approx(2.0)
    assert year_attainment(plan(MARGINAL), history()) == pytest.approx([0.9] * 3, abs=1e-6)


def test_without_any_quota_there_is_no_curve():
    bare = History(["a"], ["2025-01"], {KEY: np.array([[1]])}, target=np.array([1]))
    with pytest.raises(DataError, match="none of its measures has a quota"):
        pay_curve(plan(MARGINAL), RULES, bare)
