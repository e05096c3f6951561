"""Pay in another currency: one rate a statement, one rounding, one clear word where the rate is missing."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.incentives.pay_currency import in_pay_currency
from salesops_lib.policy.payments import Payments

REPS = [
    {"rep_id": "ann", "role": "ae"},
    {"rep_id": "bob", "role": "ae", "pay_currency": "usd"},
    {"rep_id": "kei", "role": "ae", "pay_currency": "JPY"},
]
FX = [
    {"currency": "USD", "period": "2025-01", "rate_type": "avg", "rate": 7.2},
    {"currency": "USD", "period": "2025-01", "rate_type": "plan", "rate": 7.0},
    {"currency": "JPY", "period": "2025-01", "rate_type": "avg", "rate": 0.048},
]
MONTHS = pd.DataFrame({
    "payee": ["ann", "bob", "kei", "bob"], "month": ["2025-01", "2025-01", "2025-01", "2025-02"], "paid": [10_001, 10_001, 10_001, 0],
})  # fmt: skip


@pytest.fixture
def company(workspace, line):
    def make(rate: str = "avg", fx=FX):
        rules = Payments.model_validate({"pay_currency_rate": rate})
        sold = [line("2025-01-03", 100, rep_id="ann")]
        return workspace(policy={"incentives.payments": rules}, order_lines=sold, reps=REPS, fx=fx)

    return make


def test_average_rate_and_minor_units(company):
    """100.01 CNY are 13.8903 USD and 2,083.54 JPY, which have no minor unit; nothing paid needs no rate."""
    found = in_pay_currency(company(), MONTHS)
    assert found.currency.tolist() == ["CNY", "USD", "JPY", "USD"]
    assert found.paid_in_currency.tolist() == [10_001, 1_389, 2_084, 0]


def test_plan_rate(company):
    found = in_pay_currency(company("plan"), MONTHS[MONTHS.payee == "bob"])
    assert found.paid_in_currency.tolist() == [1_429, 0]


def test_a_missing_rate_is_named_once(company):
    with pytest.raises(
        DataError, match=r"kei is paid in JPY, and the table fx has no plan rate of it for 2025-01\."
    ):
        in_pay_currency(company("plan"), MONTHS)
    with pytest.raises(
        DataError, match=r"bob is paid in USD, and .* no avg rate of it for 2025-01 \(and 1 more\)"
    ):
        in_pay_currency(company(fx=FX[1:2]), MONTHS)
