"""The fast engine equals the reference, to the minor unit."""

from __future__ import annotations

import os
import random

import pytest

from salesops_lib.incentives.pay import earned
from tests.incentives import random_pay
from tests.incentives.reference import pay_to_date

#: Pairs of policy and history; benchmarks/pay_engines.py draws a million.
N_PAIRS = 3_000


@pytest.mark.parametrize("part", range(4))
def test_engines_agree_on_drawn_policies_and_histories(part):
    seed = int(os.environ.get("SALESOPS_SEED", "20261125")) + part
    print(f"SALESOPS_SEED={seed - part}, part {part}")
    draw = random.Random(seed)
    for number in range(N_PAIRS // 4):
        differences(draw, f"seed {seed}, pair {number}")


def differences(draw: random.Random, said: str) -> int:
    """Compare one drawn pair at a few months; the number of figures compared."""
    plan, rules = random_pay.plan(draw), random_pay.rules(draw)
    history = random_pay.history(draw, plan)
    found = earned(plan, rules, history)
    months = sorted(draw.sample(range(12), 2))
    for component in plan.components:
        for payee in range(len(history.payees)):
            for month in months:
                fast = int(found.to_date[component.id][payee, month])
                slow = pay_to_date(plan, rules, history, component, payee, month)
                assert fast == slow, (
                    f"{said}: {component} of payee {payee}, month {month}: {fast} is not {slow}\n{plan}"
                )
    return len(plan.components) * 2 * len(history.payees)
