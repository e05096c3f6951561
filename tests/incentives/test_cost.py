"""Cost of plans over drawn years: hand-computed where years cannot differ, plain NumPy where they can."""

from __future__ import annotations

import json

import numpy as np
import pytest

from salesops_lib.incentives import History
from salesops_lib.incentives.cost import Drawn, cost_of_sales, drawn, payouts
from salesops_lib.incentives.shape import pay_curve
from salesops_lib.policy.incentives import PayRules, Plan

RULES = PayRules(tier_edge="lower_inclusive", start_day="included")
KEY = ("bookings", "direct")
PLAN = Plan.model_validate_json(json.dumps(
    {
        "id": "p",
        "roles": ["ae"],
        "effective": {"from": "2025-01-01"},
        "components": [
            {"id": "core", "en": "Core", "zh": "提成", "kind": "tiered", "measure": "bookings", "weight": 1, "mode": "marginal",
             "tiers": [{"from": 0, "times": 1}]}
        ],
    }
))  # fmt: skip


def history(done: np.ndarray, asked: int = 1_000_000) -> History:
    """People who sold what `done` (payees × months) says, each asked for the same in each month."""
    n = len(done)
    months = [f"2025-{m + 1:02}" for m in range(12)]
    quota, target = np.full((n, 12), asked), np.full(n, 12_000_000)
    return History([f"p{i}" for i in range(n)], months, {KEY: done}, {KEY: quota}, target)


def test_a_year_that_cannot_differ_costs_what_the_plan_says():
    """All at 90 % in every month: the linear plan pays 90 % of each target, always."""
    known = history(np.full((4, 12), 900_000))
    found = drawn(PLAN, known, pay_curve(PLAN, RULES, known), n_draws=200, seed=1)
    assert found.pay == pytest.approx(np.full(200, 4 * 0.9 * 12_000_000), rel=1e-9)
    assert found.sales == pytest.approx(np.full(200, 4 * 12 * 900_000), rel=1e-9)
    table = cost_of_sales({"p": found}).set_index("plan")
    assert table.loc["total", ["rate", "p05", "p50", "p95"]].to_list() == pytest.approx([1.0] * 4)
    assert table.loc["p", ["pay", "pay_p05", "pay_p95"]].to_list() == pytest.approx([43_200_000] * 3)


def test_linear_pay_costs_its_rate_of_sales_in_every_year():
    seed = 20261126
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    known = history(rng.integers(500_000, 1_400_000, (12, 12)))
    found = drawn(PLAN, known, pay_curve(PLAN, RULES, known, upto=3), n_draws=2_000, seed=3)
    own = np.asarray(known.actual[KEY]).sum(axis=1)
    # the plan pays 1 for 1; what a person sells is drawn around the own level, what is paid around the quota
    assert found.pay.mean() == pytest.approx(own.sum(), rel=0.02)
    assert found.sales.mean() == pytest.approx(own.sum(), rel=0.02)
    assert found.pay.std() > 0


def test_same_seed_same_years():
    known = history(np.random.default_rng(2).integers(500_000, 1_400_000, (6, 12)))
    curve = pay_curve(PLAN, RULES, known)
    one, two, other = (drawn(PLAN, known, curve, n_draws=50, seed=seed) for seed in (5, 5, 6))
    assert (one.pay == two.pay).all()
    assert (one.pay != other.pay).any()


def test_rates_of_plans_add_up_to_that_of_all():
    rng = np.random.default_rng(7)
    plans = {name: Drawn(rng.uniform(5, 9, 500), rng.uniform(80, 120, 500)) for name in ("a", "b")}
    table = cost_of_sales(plans).set_index("plan")
    assert table.rate["a"] + table.rate["b"] == pytest.approx(table.rate["total"])
    rate = (plans["a"].pay + plans["b"].pay) / (plans["a"].sales + plans["b"].sales)
    assert table.loc["total", ["p05", "p50", "p95"]].to_list() == pytest.approx(
        np.quantile(rate, [0.05, 0.5, 0.95])
    )


def test_payouts_lie_on_the_curve_and_beyond_it_at_its_end():
    grid, pay = np.array([0.0, 1.0, 1.0, 2.0]), np.array([[0.0, 10.0, 30.0, 40.0]])
    assert payouts(np.array([[0.25, 1.0, 1.5, 9.0]]), grid, pay).tolist() == [[2.5, 30.0, 35.0, 40.0]]
