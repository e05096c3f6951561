"""RFM on fixed edges: named cells that cover everything once, and no dependence on others or on order."""

from __future__ import annotations

from itertools import product

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.policy.selling import RecencyFrequencyMoney
from salesops_lib.segmentation.rfm import CELLS, rfm

EDGES = RecencyFrequencyMoney(silent_days=(90, 180), order_days=(2, 6), amount=(1_000, 5_000))
CUSTOMERS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 30), st.integers(-(10**6), 10**7)), min_size=1, max_size=30
)


def celled(rows, edges=EDGES):
    frame = pd.DataFrame(rows, columns=["days", "n", "amount"])
    return rfm(frame.days, frame.n, frame.amount, edges, 100)


def test_each_triple_of_levels_lies_in_one_cell():
    covered = [t for cell in CELLS for t in product(cell.recency, cell.frequency, cell.money)]
    assert sorted(covered) == list(product((0, 1, 2), repeat=3))


@pytest.mark.parametrize(
    ("row", "levels"),
    [
        ((90, 6, 500_000), (2, 2, 2, "core")),  # on the edges
        ((91, 5, 499_999), (1, 1, 1, "cooling")),
        ((180, 6, 99_999), (1, 2, 0, "hold")),
        ((181, 2, 100_000), (0, 1, 1, "asleep")),
        ((0, 1, -5), (2, 0, 0, "occasional")),  # sent back more than it bought
        ((400, 0, 900_000), (0, 0, 2, "win_back")),
    ],
)
def test_edges(row, levels):
    assert tuple(celled([row]).iloc[0]) == levels


def test_without_edges_of_money_everybody_is_in_the_middle():
    assert celled([(1, 9, 10**9)], RecencyFrequencyMoney()).iloc[0].tolist() == [2, 2, 1, "loyal"]


@given(CUSTOMERS, st.randoms())
def test_cells_depend_on_the_customer_alone(rows, random):
    whole = celled(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    assert celled([rows[n] for n in order]).cell.tolist() == whole.cell.iloc[order].tolist()
    assert [celled([row]).cell.iloc[0] for row in rows] == whole.cell.tolist()
