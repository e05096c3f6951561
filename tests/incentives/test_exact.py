"""Whole numbers at the edge of what 64 bits hold."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from salesops_lib.incentives.exact import ints, product, quotient, reduced, total
from salesops_lib.incentives.history import History
from salesops_lib.incentives.ladders import Ladder


@pytest.mark.parametrize(
    "number", [2**61 - 1, 2**61, 2**63 - 1, 2**63, 2**63 + 5, 2**64 - 1, 2**64, -(2**63)]
)
def test_a_lone_integer_keeps_its_value(number):
    assert int(ints(number)) == number
    assert int(product(number, np.array(3))) == 3 * number
    assert int(total(number, number)) == 2 * number


def test_a_divisor_of_64_bits_is_not_taken_for_a_negative_one():
    multiplier, divisor = reduced(10**6, np.array((2**63 + 1) * 10**6, dtype=object))
    assert (int(multiplier), int(divisor)) == (1, 2**63 + 1)
    assert quotient(np.array([-(2**40)]), 2**40, divisor).tolist() == [-131072]


def test_running_totals_of_amounts_that_fit_one_by_one():
    history = History(["a"], [str(m) for m in range(12)], {})
    year = history.to_date(np.full((1, 12), 2**60), "year")
    assert year[0].tolist() == [2**60 * (m + 1) for m in range(12)]


def test_tiers_that_are_worth_nothing_weigh_any_amount():
    ladder = Ladder.of([Decimal(0), Decimal("0.5")], [Decimal(0), Decimal(0)])
    assert ladder.marginal(np.array([2**70], dtype=object), 10).tolist() == [0]
    assert ladder.rank(np.array([2**70], dtype=object), 10).tolist() == [1]
