"""Pairs of products: by hand, against a join in pandas, and on real orders."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesops_lib.segmentation.pairs import linked, measured, product_pairs
from salesops_lib.tables.engine import DuckDBEngine

START, END = date(2025, 1, 1), date(2025, 12, 31)


def engine_of(lines: pd.DataFrame) -> DuckDBEngine:
    engine = DuckDBEngine()
    engine.register("given", lines)
    engine.execute("CREATE TABLE sales AS SELECT * FROM given")
    return engine


def orders(baskets: list[str], **more: object) -> pd.DataFrame:
    rows = [(number, product) for number, basket in enumerate(baskets) for product in basket]
    frame = pd.DataFrame(rows, columns=["order_id", "product_id"])
    return frame.assign(kind="order", dated_on=pd.Timestamp("2025-06-01")).assign(**more)


def test_by_hand():
    # ten orders: a in 5, b in 4, both in 4; c in 5, with a in 1
    found = product_pairs(
        engine_of(orders(["ab"] * 4 + ["ac"] + ["c"] * 4 + ["d"])), START, END, min_support=0.1
    )
    assert found.attrs["n_orders"] == 10
    ab, ac = found.to_dict("records")
    assert (ab["product_id"], ab["other_id"], ab["n_both"]) == ("a", "b", 4)
    assert (ab["support"], ab["confidence"], ab["back_confidence"], ab["lift"]) == (0.4, 0.8, 1.0, 2.0)
    assert (ac["other_id"], ac["lift"]) == ("c", pytest.approx(0.1 / 0.25))
    # ln 2 ± 1.96 √(1/4 − 1/5 − 1/4 + 3/10)
    assert ab["high"] == pytest.approx(2 * np.exp(1.959964 * np.sqrt(0.1)))
    assert ab["low"] * ab["high"] == pytest.approx(4)


def test_a_product_twice_in_an_order_counts_once_and_returns_and_other_days_do_not():
    lines = pd.concat(
        [
            orders(["aab", "ab", "c"]),
            orders(["ab"], order_id=90, kind="return"),
            orders(["ab"], order_id=91, dated_on=pd.Timestamp("2024-06-01")),
            orders(["ab"], order_id=None),
        ]
    )
    found = product_pairs(engine_of(lines), START, END, min_support=0.1)
    assert (found.attrs["n_orders"], found.n_both.tolist()) == (3, [2])


def test_orders_of_one_product_each_have_no_pairs():
    found = product_pairs(engine_of(orders(["a", "b", "c"])), START, END)
    assert found.empty
    assert found.attrs["n_orders"] == 3
    assert product_pairs(engine_of(orders(["a"]).head(0)), START, END).attrs["n_orders"] == 0


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(3)
    lines = orders(["".join(rng.choice(list("abcdefgh"), 3)) for _ in range(300)])
    first = product_pairs(engine_of(lines), START, END)
    again = product_pairs(engine_of(lines.sample(frac=1, random_state=1)), START, END)
    pd.testing.assert_frame_equal(first, again)


def test_among_products_that_go_together_by_chance_none_is_named_and_a_planted_pair_is():
    rng = np.random.default_rng(7)
    held = rng.random((4000, 40)) < rng.uniform(0.02, 0.2, 40)
    named = 0
    for seed in range(5):
        shuffled = np.random.default_rng(seed).permuted(held, axis=0)
        named += int(linked(*counted(shuffled)).sum())
    assert named <= 1
    held[:, 1] |= held[:, 0] & (rng.random(4000) < 0.5)
    pairs, n = counted(held)
    best = pairs[linked(pairs, n)]
    assert best[["product_id", "other_id"]].to_numpy().tolist() == [[0, 1]]


def counted(held: np.ndarray) -> tuple[pd.DataFrame, int]:
    n = held.sum(axis=0)
    rows = [
        (i, j, n[i], n[j], int((held[:, i] & held[:, j]).sum()))
        for i, j in itertools.combinations(range(held.shape[1]), 2)
    ]
    frame = pd.DataFrame(rows, columns=["product_id", "other_id", "n_product", "n_other", "n_both"])
    return measured(frame[frame.n_both > 0], len(held)), len(held)


def test_the_interval_of_lift_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(11)
    inside = []
    for _ in range(400):
        a = rng.random(2000) < 0.1
        b = rng.random(2000) < np.where(a, 0.3, 0.1)  # lift .3 / (.1 · .3 + .9 · .1) = 2.5
        both = pd.DataFrame(
            {
                "product_id": ["a"],
                "other_id": ["b"],
                "n_product": [a.sum()],
                "n_other": [b.sum()],
                "n_both": [(a & b).sum()],
            }
        )
        row = measured(both, 2000).iloc[0]
        inside.append(row.low <= 2.5 <= row.high)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


def test_real_orders_against_plain_counting(shared_data: Path):
    """Every pair of a month of Online Retail, counted one by one."""
    read = pd.read_csv(shared_data / "online_retail" / "online_retail.csv.gz", dtype=str)
    read = read.assign(day=pd.to_datetime(read.InvoiceDate).dt.normalize(), n=read.Quantity.astype(int))
    month = read[(read.day >= "2011-03-01") & (read.day <= "2011-03-31") & (read.n > 0)]
    lines = pd.DataFrame(
        {"order_id": month.InvoiceNo, "product_id": month.StockCode, "dated_on": month.day, "kind": "order"}
    )
    found = product_pairs(engine_of(lines), date(2011, 3, 1), date(2011, 3, 31), min_support=0.01)
    baskets = lines.groupby("order_id").product_id.agg(set)
    n, pairs = Counter(), Counter()
    for basket in baskets:
        n.update(basket)
        pairs.update(itertools.combinations(sorted(basket), 2))
    expected = {pair: count for pair, count in pairs.items() if count >= np.ceil(0.01 * len(baskets))}
    assert len(expected) > 500
    assert {(r.product_id, r.other_id): r.n_both for r in found.itertuples()} == expected
    one = found.iloc[0]
    assert one.lift == pytest.approx(
        one.n_both * len(baskets) / n[one.product_id] / n[one.other_id], rel=1e-12
    )
