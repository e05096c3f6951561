"""Policies and pasts for replays: drawn at random, or small enough to reckon by hand."""

from __future__ import annotations

import random
from datetime import date

import numpy as np

from salesops_lib.incentives.history import History
from salesops_lib.policy import Policy, load
from salesops_lib.policy.incentives import PayRules, Plan
from salesops_lib.policy.payments import Incentives
from salesops_lib.replay.past import Past
from tests.incentives import random_pay

EVERY_MONTH = np.ones(12, dtype=bool)


def policy(*plans: Plan, rules: PayRules | None = None, **blocks: object) -> Policy:
    """The packaged policy with plans of its own; a quota of zero pays nothing."""
    base = load(None)
    rules = rules or PayRules(tier_edge="lower_inclusive", start_day="included")
    incentives = Incentives(rules=rules, plans=plans, **blocks)
    semantics = base.semantics.model_copy(update={"zero_quota": "zero"})
    return base.model_copy(update={"incentives": incentives, "semantics": semantics})


def past(history: History, *, role: str = "ae", year: int = 2025, kept: np.ndarray = EVERY_MONTH) -> Past:
    return Past(role, str(year), date(year, 1, 1), date(year, 12, 31), history, kept)


def drawn(draw: random.Random, *, payees: int = 3, years: int = 1) -> tuple[list[Past], Policy, Policy]:
    """A history and two policies that have nothing in common but their components' names."""
    rules = random_pay.rules(draw)
    old, new = random_pay.plan(draw), random_pay.plan(draw)
    begin, end = sorted((draw.randrange(12), draw.randrange(12)))
    kept = (np.arange(12) >= begin) & (np.arange(12) <= end)
    pasts = [past(random_pay.history(draw, old, payees), year=2025 - n, kept=kept) for n in range(years)]
    return pasts, policy(old, rules=rules), policy(new, rules=rules)


def plan(*components: dict, links: tuple[dict, ...] = (), **fields: object) -> Plan:
    """A yearly plan of account executives."""
    told = [{"en": "Core", "zh": "提成", "id": "core", **component} for component in components]
    return Plan.model_validate(
        {"id": "ae", "roles": ("ae",), "effective": {"from": "2025-01-01"}, "components": tuple(told), "links": links, **fields}
    )  # fmt: skip


def tiers(*pairs: tuple[float, float], mode: str = "marginal", **fields: object) -> dict:
    """Tiers by attainment, in multiples of the target rate, for all of the target incentive."""
    steps = tuple({"from": start, "times": times} for start, times in pairs)
    return {"kind": "tiered", "mode": mode, "weight": 1, "tiers": steps, **fields}


def sellers(*attainments: float, quota: int = 1_200_000_00, target: int = 120_000_00) -> History:
    """One payee per attainment of a year, sold in twelve equal parts."""
    n = len(attainments)
    asked = np.full((n, 12), quota // 12)
    sold = np.array([[round(a * quota / 12)] * 12 for a in attainments])
    return History(
        payees=[f"p{i}" for i in range(n)], months=[f"2025-{m + 1:02}" for m in range(12)],
        actual={("bookings", "direct"): sold}, quota={("bookings", "direct"): asked},
        target=np.full(n, target), parts={"bookings": 100},
    )  # fmt: skip
