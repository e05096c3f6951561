"""What is paid, and when: hand-computed cases, and drawn policies and histories against the reference."""

from __future__ import annotations

import os
import random

import pytest

from salesops_lib.incentives.payments import payments
from salesops_lib.incentives.releases import PLACES, UNIT
from salesops_lib.policy.incentives import PayRules
from tests.incentives import random_payments
from tests.incentives.reference_payments import Reference

SEED = int(os.environ.get("SALESOPS_SEED", "20261126"))
N_PAIRS = 400


@pytest.mark.parametrize("part", range(4))
def test_engines_agree_on_drawn_policies_and_histories(part):
    print(f"SALESOPS_SEED={SEED}, part {part}")
    draw = random.Random(SEED + part)
    for number in range(N_PAIRS // 4):
        compare(draw, f"seed {SEED}, part {part}, pair {number}")


def compare(draw: random.Random, name: str) -> None:
    policy, dues = random_payments.policy(draw), random_payments.dues(draw)
    if not policy.holds:
        dues.holds.drop(dues.holds.index, inplace=True)
    dues.holds["rule"] %= max(len(policy.holds), 1)
    rules = PayRules(rounding=draw.choice(("half_even", "half_up")))
    found, expected = payments(dues, policy, rules), Reference(dues, policy, rules)
    labels = [statement.label for statement in dues.statements]
    lines = found.lines.set_index([*UNIT, "month"])
    assert (lines.earned == lines[PLACES].sum(axis=1)).all(), name
    for unit in sorted({tuple(row[column] for column in UNIT) for row in expected.earned}):
        slow, fast = expected.line(unit), dict.fromkeys(["earned", *PLACES], 0)
        for at, label in enumerate(labels):
            key = (*unit, label)
            if key in lines.index:
                fast = {column: fast[column] + int(lines.loc[key, column]) for column in fast}
            assert fast == {column: slow[at][column] for column in fast}, f"{name}: {key}\n{policy}"
    months = found.months.set_index(["payee", "month"])
    for payee in sorted({*dues.people.payee, *dues.earned.payee}):
        for label, slow in zip(labels, expected.person(payee), strict=True):
            fast = months.loc[(payee, label)] if (payee, label) in months.index else dict.fromkeys(slow, 0)
            assert {column: int(fast[column]) for column in slow} == slow, (
                f"{name}: {payee} {label}\n{policy}"
            )
    conserved(found, name)


def conserved(found, name: str = "") -> None:
    """Earned is paid, open, or gone: to the minor unit, for each payee and month."""
    months = found.months
    assert (months.paid >= 0).all(), name
    assert (
        months.paid
        == months.released
        + months.asked_back
        - months.taken_back
        + months.draw
        - months.recovered
        + months.guarantee
    ).all(), name
    to_date = months.groupby("payee")[["earned", *PLACES, "paid", "draw", "recovered", "guarantee"]].cumsum()
    settled = to_date.paid - to_date.draw + to_date.recovered - to_date.guarantee - months.carried_back
    assert (to_date.earned == to_date[PLACES[:-1]].sum(axis=1) + settled).all(), name
