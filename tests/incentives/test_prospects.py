"""Where people stand and what the next tier is worth, against hand computations."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.incentives.history import History, Lines
from salesops_lib.incentives.prospects import standing
from salesops_lib.policy.incentives import PayRules, Plan

MONTHS = [f"2025-{n:02}" for n in range(1, 13)]
RATES = ({"from": 0, "rate": 0.03}, {"from": 1_000, "rate": 0.05}, {"from": 2_000, "rate": 0.08})
MULTIPLES = ({"from": 0, "times": 0.5}, {"from": 1.0, "times": 2.0})
BOOKINGS = ("bookings", "direct")


def plan(component: dict, **more: object) -> Plan:
    about = {"id": "core", "en": "Core", "zh": "提成", **component}
    span = {"from": "2025-01-01", "to": "2025-12-31"}
    return Plan.model_validate(
        {"id": "p", "roles": ("ae",), "effective": span, "components": (about,), **more}
    )


def year(*amounts: int) -> np.ndarray:
    """A payee a value: all of it in January."""
    return np.array([[amount] + [0] * 11 for amount in amounts])


def history(*sold: int, quota: int = 0, target: int = 0, **more: object) -> History:
    names = [f"p{n}" for n in range(len(sold))]
    asked = {BOOKINGS: np.full((len(sold), 12), quota)} if quota else {}
    return History(
        names, MONTHS, {BOOKINGS: year(*sold)}, quota=asked, target=np.full(len(sold), target),
        parts={"bookings": 100, "n_orders": 1}, **more,
    )  # fmt: skip


def stand(one: Plan, known: History, month: int = 0, edge: str = "lower_inclusive", **more: object):
    return standing(one, PayRules(tier_edge=edge), known, month, **more)


def amounts(**more: object) -> dict:
    return {"kind": "tiered", "basis": "amount", "mode": "marginal", "tiers": RATES, **more}


def test_marginal_tiers_pay_the_way_to_the_edge_at_the_rate_of_now():
    """900.00 sold at 3 %: 100.00 more are worth 3.00, and 5 % beyond; at 1,500.00, 500.00 more are worth 25.00."""
    found = stand(plan(amounts()), history(90_000, 150_000))
    assert found.tier.tolist() == [1, 2]
    assert found.short.tolist() == [10_000, 50_000]
    assert found.worth.tolist() == [300, 2_500]
    assert found.rate_now.tolist() == pytest.approx([0.03, 0.05])
    assert found.rate_next.tolist() == pytest.approx([0.05, 0.08], abs=1e-5)
    assert found.pay_to_date.tolist() == [2_700, 3_000 + 2_500]


def test_retroactive_tiers_pay_all_that_was_sold_anew():
    """900.00 sold earn 27.00; at 1,000.00 all of it earns 5 %, 50.00: the next 100.00 are worth 23.00."""
    found = stand(plan(amounts(mode="retroactive")), history(90_000)).iloc[0]
    assert (found.short, found.worth, found.pay_to_date) == (10_000, 2_300, 2_700)
    assert found.rate_next == pytest.approx(0.05, abs=1e-6)  # pay is rounded to a minor unit of 50,000


def test_at_the_top_tier_there_is_no_next_one():
    found = stand(plan(amounts()), history(200_000, 900_000))
    assert found.tier.tolist() == [3, 3]
    assert found[["edge", "short", "worth", "rate_now", "rate_next"]].isna().all(axis=None)


def test_on_an_edge_the_rule_of_edges_says_which_tier_and_how_far_the_next():
    """1,000.00 sold: with the lower edge in the tier it is the second; else one minor unit more is needed."""
    lower = stand(plan(amounts(mode="retroactive")), history(100_000)).iloc[0]
    assert (lower.tier, lower.short, lower.worth) == (2, 100_000, 200_000 * 8 // 100 - 5_000)
    upper = stand(plan(amounts(mode="retroactive")), history(100_000), edge="upper_inclusive").iloc[0]
    assert (upper.tier, upper.short, upper.pay_to_date) == (1, 1, 3_000)
    assert upper.worth == 5_000 - 3_000  # 5 % of 1,000.01 is 50.0005


def test_attainment_tiers_are_held_against_the_quota_of_the_interval():
    """Quota 12,000.00 a year, target incentive 1,200.00: 0.5 × 10 % below quota, 2 × 10 % above."""
    one = plan({"kind": "tiered", "mode": "marginal", "weight": 1, "tiers": MULTIPLES})
    found = stand(one, history(900_000, quota=100_000, target=120_000)).iloc[0]
    assert (found.quota, found.tier, found.edge, found.short) == (1_200_000, 1, 1.0, 300_000)
    assert (found.pay_to_date, found.worth) == (45_000, 15_000)
    assert (found.rate_now, found.rate_next) == pytest.approx((0.05, 0.2))
    assert (found["first"], found["last"], bool(found.is_over)) == ("2025-01", "2025-12", False)


def test_when_the_interval_is_over_nothing_more_can_be_reached():
    found = stand(plan(amounts(interval="quarter")), history(90_000), month=2).iloc[0]
    assert (bool(found.is_over), found.tier) == (True, 1)
    assert found[["edge", "short", "worth"]].isna().all()
    begun = stand(plan(amounts(interval="quarter")), history(90_000), month=3).iloc[0]
    assert (begun.actual, begun.short, begun["first"]) == (0, 100_000, "2025-04")


def test_points_of_a_curve_are_the_next_ones():
    """60 % of quota pays nothing, 100 % the target of 1,200.00: at 50 % the first point adds nothing, and 30 % of each sale behind it."""
    curve = {"kind": "curve", "weight": 1, "between": "line", "points": ((0.6, 0), (1, 1))}
    found = stand(plan(curve), history(600_000, 840_000, quota=100_000, target=120_000))
    assert found.tier.tolist() == [0, 1]
    assert found.short.tolist() == [120_000, 360_000]
    assert found.worth.tolist() == [0, 120_000 - 30_000]
    assert found.rate_next.tolist() == pytest.approx([0.25, 0.0], abs=1e-5)


def test_a_cap_leaves_the_next_tier_worth_nothing():
    found = stand(plan(amounts(at_most=20)), history(90_000)).iloc[0]
    assert (found.pay_to_date, found.worth) == (2_000, 0)


def test_a_tier_that_a_condition_closes_is_not_promised():
    hurdle = {"kind": "hurdle", "applies_to": ("core",), "from": 1_000, "require": {"measure": "n_orders", "of": "value", "at_least": 3}}  # fmt: skip
    known = History(
        ["a", "b"], MONTHS, {BOOKINGS: year(90_000, 150_000), ("n_orders", "direct"): year(2, 3)},
        parts={"bookings": 100, "n_orders": 1},
    )  # fmt: skip
    found = stand(plan(amounts(), links=(hurdle,)), known)
    assert found.is_closed.tolist() == [True, False]
    assert found.tier.tolist() == [1, 2]
    assert found.short.tolist()[1] == 50_000
    assert found.short.isna().tolist() == [True, False]


def test_units_are_counted_as_units():
    pieces = {"kind": "tiered", "basis": "amount", "mode": "retroactive", "measure": "n_orders",
              "tiers": ({"from": 0, "rate": 10}, {"from": 5, "rate": 20})}  # fmt: skip
    known = History(["a"], MONTHS, {("n_orders", "direct"): year(3)}, parts={"n_orders": 1})
    found = stand(plan(pieces), known).iloc[0]
    assert (found.short, found.worth) == (2, 5 * 2_000 - 3 * 1_000)


def test_each_transaction_alone_and_fixed_amounts_have_no_next_tier():
    deals = Lines(np.array([0]), np.array([0]), np.array([90_000]))
    alone = stand(plan(amounts(mode="per_transaction")), history(90_000, lines={BOOKINGS: deals})).iloc[0]
    assert (alone.actual, alone.pay_to_date) == (90_000, 2_700)
    assert alone[["tier", "short", "worth"]].isna().all()
    flat = stand(plan({"kind": "flat", "amount": 600}), history(90_000)).iloc[0]
    assert flat[["actual", "tier", "short"]].isna().all()
    assert flat.pay_to_date == 5_000  # a twelfth of the year's, in January


def test_worth_is_what_the_engine_pays_on_the_edge():
    """Seeded: for every mode, sold so much more, the plan pays exactly `worth` more, and one less does not reach the tier."""
    draw = np.random.default_rng(20251126)
    for mode in ("marginal", "retroactive", "interpolated"):
        sold = draw.integers(0, 250_000, 40)
        one = plan(amounts(mode=mode))
        found = stand(one, history(*map(int, sold)))
        way = found.short.fillna(0).astype(int)
        after = stand(one, history(*map(int, sold + way)))
        before = stand(one, history(*map(int, sold + np.maximum(way - 1, 0))))
        has_next = found.short.notna()
        assert (after.pay_to_date - found.pay_to_date == found.worth)[has_next].all(), mode
        assert (after.tier == found.tier + 1)[has_next].all(), mode
        assert (before.tier == found.tier)[has_next].all(), mode
