"""The fast engine equals the reference, to the minor unit."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import numpy as np
import pytest

from salesops_lib.errors import DataError
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
        _, said = differences(draw, f"seed {seed}, pair {number}")
        assert not said, said[0]


def differences(draw: random.Random, name: str) -> tuple[int, list[str]]:
    """One drawn pair at a few months: figures compared, and each difference in words."""
    plan, rules, zero_quota = random_pay.plan(draw), random_pay.rules(draw), random_pay.zero_quota(draw)
    history = random_pay.history(draw, plan, zero_quota=zero_quota)
    try:
        found = earned(plan, rules, history, zero_quota=zero_quota)
    except DataError as refused:
        return 1, [] if is_no_pay(plan, rules, history, zero_quota) else [f"{name}: {refused}\n{plan}"]
    months = sorted(draw.sample(range(12), 2))
    n, said = 0, []
    for component in plan.components:
        for payee in range(len(history.payees)):
            for month in months:
                fast = int(found.to_date[component.id][payee, month])
                slow = pay_to_date(plan, rules, history, component, payee, month, zero_quota)
                n += 1
                if fast != slow:
                    said.append(
                        f"{name}, zero quota {zero_quota}: {component} of payee {payee}, month {month}: {fast} is not {slow}\n{plan}"
                    )
    return n, said


def is_no_pay(plan, rules, history, zero_quota) -> bool:
    """Whether the reference, too, has a figure that 64 bits do not hold."""
    uncapped = [component.model_copy(update={"at_most": None}) for component in plan.components]
    return any(
        abs(pay_to_date(plan, rules, history, component, payee, month, zero_quota)) >= 2**63
        for component in uncapped
        for payee in range(len(history.payees))
        for month in range(12)
    )


def test_pay_that_is_no_pay_is_refused():
    draw = random.Random(1)
    plan = random_pay.plan_of(
        {"id": "core", "en": "C", "zh": "项", "kind": "unit_rate", "measure": "meetings", "per_unit": 10**12}
    )
    history = random_pay.history(draw, plan)
    history = replace(history, actual={("meetings", "direct"): np.full(history.shape, 10**9)})
    with pytest.raises(DataError, match=r"drawn\.core pays more than 9,223,372,036,854,775,807 minor units"):
        earned(plan, random_pay.rules(draw), history)
