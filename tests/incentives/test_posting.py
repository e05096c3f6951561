"""Posted statements stand; late data are adjustments, and all together say what one computation says."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.incentives.payments import Payments, payments
from salesops_lib.incentives.posting import CARRIED, KEY, payable, statement
from salesops_lib.policy.incentives import PayRules
from tests.incentives import random_payments
from tests.incentives.test_payments import made, order, paid, pay

SEED = int(os.environ.get("SALESOPS_SEED", "20261126"))


def posted(*statements: pd.DataFrame) -> pd.DataFrame:
    empty = pd.DataFrame({name: [] for name in KEY} | {"amount": pd.Series(dtype="int64")})
    return pd.concat([empty, *statements], ignore_index=True)


def test_late_line_is_an_adjustment_in_the_next_statement():
    before = statement(paid(made(pay(500, 300))), "2025-01", posted())
    late = made([*pay(500, 300), order(0, 70)])
    after = statement(paid(late), "2025-02", posted(before))
    assert before[["month", "amount"]].to_numpy().tolist() == [["2025-01", 500]]
    assert after[["month", "order_id", "amount"]].to_numpy().tolist() == [
        ["2025-01", "S1", 70], ["2025-02", "", 300],
    ]  # fmt: skip


def test_what_a_month_should_not_have_paid_is_carried_until_it_is_taken():
    first = statement(paid(made(pay(500, 100, 900))), "2025-01", posted())
    less = paid(made(pay(200, 100, 900)))
    second = statement(less, "2025-02", posted(first))
    third = statement(less, "2025-03", posted(first, second))
    assert second.amount.sum() == 0
    assert second[second.component == CARRIED].amount.tolist() == [200]
    assert third.amount.sum() == 700
    assert first.amount.sum() + second.amount.sum() + third.amount.sum() == less.months.paid.sum()


def test_months_that_the_policy_does_not_know_are_not_taken_back():
    first = statement(paid(made(pay(500))), "2025-01", posted())
    with pytest.raises(DataError, match="2024-12 is posted, and the plans of the policy begin with 2025-01"):
        statement(paid(made(pay(500))), "2025-02", posted(first.assign(month="2024-12")))


@pytest.mark.parametrize("part", range(3))
def test_statements_with_late_data_add_up_to_one_computation(part):
    """Each row becomes known at a random statement, at or after its own; then nothing more comes."""
    print(f"SALESOPS_SEED={SEED}, part {part}")
    draw = random.Random(SEED + part)
    for _ in range(2):
        policy = random_payments.policy(draw)
        dues = random_payments.dues(draw, 3, n_holds=len(policy.holds))
        rules, n = PayRules(), len(dues.statements)
        known = [draw.randint(at, n - 1) if draw.random() < 0.3 else at for at in dues.earned["at"]]
        closed: list[pd.DataFrame] = []
        for at, span in enumerate(dues.statements):
            seen = replace(
                dues, statements=dues.statements[: at + 1],
                earned=dues.earned[[k <= at for k in known]], people=dues.people[dues.people["at"] <= at],
            )  # fmt: skip
            frozen = [frame.copy() for frame in closed]
            closed.append(statement(payments(seen, policy, rules), span.label, posted(*closed)))
            assert all(a.equals(b) for a, b in zip(frozen, closed, strict=False))
            assert (closed[-1].groupby("payee").amount.sum() >= 0).all()
        whole = payments(dues, policy, rules)
        agree(whole, posted(*closed))


def agree(whole: Payments, closed: pd.DataFrame) -> None:
    """Line by line the same; only what is still carried is more than it should be."""
    carried = closed[closed.component == CARRIED].groupby("payee").amount.sum()
    rest = closed[closed.component != CARRIED].groupby(KEY).amount.sum()
    expected = payable(whole).groupby(KEY).amount.sum()
    assert rest[rest != 0].sort_index().to_dict() == expected[expected != 0].sort_index().to_dict()
    to_date = closed.groupby("payee").amount.sum() - carried.reindex(closed.payee.unique()).fillna(0)
    own = whole.months.groupby("payee").paid.sum().reindex(to_date.index).fillna(0)
    assert to_date.astype(int).to_dict() == own.astype(int).to_dict()
