"""Whole parts: exact sums, limits, and an order that does not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.errors import DataError
from salesops_lib.targets.apportion import LARGEST, apportion, table

WEIGHTS = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30)


@given(st.integers(0, 10**15), WEIGHTS)
def test_parts_add_up_and_are_the_nearest_whole_numbers(total, weights):
    parts = apportion(total, weights)
    assert parts.sum() == total
    exact = np.array(weights) / sum(weights) * total
    # Less than one unit; floating point of 1e15 adds an eighth.
    assert np.abs(parts - exact).max() < 1.2


@given(WEIGHTS, st.data())
def test_parts_keep_their_limits(weights, data):
    low = np.array(data.draw(st.lists(st.integers(0, 50), min_size=len(weights), max_size=len(weights))))
    high = low + np.array(
        data.draw(st.lists(st.integers(0, 50), min_size=len(weights), max_size=len(weights)))
    )
    total = data.draw(st.integers(int(low.sum()), int(high.sum())))
    parts = apportion(total, weights, low, high)
    assert parts.sum() == total
    assert (low <= parts).all()
    assert (parts <= high).all()


def test_free_parts_stay_in_proportion_where_a_limit_binds():
    # 60 for the first; 1:2 of the other 40 is 13.33 : 26.67, the larger remainder is the second's.
    assert apportion(100, [1, 1, 2], low=[60, 0, 0]).tolist() == [60, 13, 27]


def test_equal_remainders_go_to_the_first():
    assert apportion(5, [1, 1, 1]).tolist() == [2, 2, 1]


@pytest.mark.parametrize(
    ("total", "weights", "low", "high", "message"),
    [
        (1, [0.0, 0.0], None, None, "no weights"),
        (10, [1, 1], [8, 8], None, "from 16"),
        (10, [1, 1], None, [2, 3], "to 5 in all cannot make 10"),
        (LARGEST + 1, [1], None, None, "too large"),
        (10, [1, 0], None, [2, 100], "to 2 in all"),
    ],
)
def test_what_cannot_be_split_is_refused(total, weights, low, high, message):
    with pytest.raises(DataError, match=message):
        apportion(total, weights, low, high)


@given(st.integers(1, 8), st.integers(1, 12), st.randoms(use_true_random=False))
def test_tables_have_both_sums_and_keep_fixed_cells(n, m, random):
    whole = np.array([[random.randint(0, 1000) for _ in range(m)] for _ in range(n)])
    fixed = np.array([[random.random() < 0.2 for _ in range(m)] for _ in range(n)])
    seed = np.where(fixed | (whole == 0), whole, whole + 500.0)
    made = table(whole.sum(axis=1), whole.sum(axis=0), seed, fixed)
    assert (made.sum(axis=1) == whole.sum(axis=1)).all()
    assert (made.sum(axis=0) == whole.sum(axis=0)).all()
    assert (made >= 0).all()
    assert (made[fixed] == whole[fixed]).all()
    assert (made[(whole == 0)] == 0).all()


def test_a_table_without_fixed_cells_is_proportional_to_the_unit():
    rows, columns = np.array([10_000, 20_000, 30_003]), np.array([15_001, 45_002])
    made = table(rows, columns, np.ones((3, 2)))
    exact = np.outer(rows, columns) / rows.sum()
    assert np.abs(made - exact).max() < 1


def test_a_table_that_cannot_be_is_refused():
    with pytest.raises(DataError, match="no table"):
        table(np.array([5, 5]), np.array([9, 1]), np.array([[4.0, 0.0], [0.0, 1.0]]))
