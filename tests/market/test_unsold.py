"""Product lines that similar accounts buy."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import market
from salesops_lib.market.unsold import expected
from salesops_lib.metrics import Missing


def spending(buyers=15, others=10):
    index = [f"c{n:02d}" for n in range(buyers + others)]
    return pd.DataFrame({"a": 100.0, "b": [50.0] * buyers + [0.0] * others}, index=index)


def test_potential_caps_what_may_be_expected():
    spent = spending()
    about = pd.DataFrame({"potential": 120.0}, index=spent.index)
    made = expected(spent, about)
    assert made.if_sold.tolist() == [20.0] * 10  # 120 − 100, not 50
    assert made.expected.tolist() == pytest.approx([12.5] * 10)


def test_the_nearest_group_with_enough_accounts_decides():
    spent = pd.concat([spending(20, 5), spending(6, 30).rename(index=lambda name: "d" + name)])
    about = pd.DataFrame({"segment": ["large"] * 25 + ["small"] * 36, "industry": "x"}, index=spent.index)
    made = expected(spent, about).groupby("customer_id").bought_share.first()
    assert made["c24"] == pytest.approx(20 / 24)
    assert made["dc35"] == pytest.approx(6 / 35)


def test_too_few_alike_say_nothing():
    assert expected(spending(10, 5), pd.DataFrame(index=spending(10, 5).index)).empty
    assert expected(spending(4, 30), pd.DataFrame(index=spending(4, 30).index)).empty  # four buyers


def test_accounts_and_lines_of_a_workspace(workspace, line, found):
    lines = [line("2025-06-02", 100_00, customer_id=f"c{n:02d}", category="a") for n in range(25)]
    lines += [line("2025-06-03", 50_00, customer_id=f"c{n:02d}", category="b") for n in range(15)]
    told = market.unsold_lines(workspace(period="2025-12", as_of="2025-12-31", order_lines=lines))
    values = found(told)["unsold_lines.total"].values
    assert (values["n"], values["n_accounts"], values["category"]) == (10, 10, "b")
    assert values["total"] == pytest.approx(10 * 15 / 24 * 50_00)
    assert told.frame.name.tolist() == [f"c{n}" for n in range(15, 25)]


def test_without_lines_it_is_missing(workspace, line):
    ws = workspace(order_lines=[line("2025-06-02", 100, customer_id="c")])
    assert isinstance(market.unsold_lines(ws), Missing)
