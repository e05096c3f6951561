"""The next order: by hand, of planted rhythms, and held against what came."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from salesops_lib.segmentation.rhythm import came_true, common, gaps, next_due
from salesops_lib.tables.engine import DuckDBEngine

END = date(2025, 6, 30)


def engine_of(days: dict[str, list[date]]) -> DuckDBEngine:
    rows = [(customer, "p", "order", day) for customer, own in days.items() for day in own]
    engine = DuckDBEngine()
    engine.register("given", pd.DataFrame(rows, columns=["customer_id", "product_id", "kind", "dated_on"]))
    engine.execute("CREATE TABLE sales AS SELECT * REPLACE (CAST(dated_on AS DATE) AS dated_on) FROM given")
    return engine


def every(n: int, step: int, last: date) -> list[date]:
    return [last - timedelta(days=step * back) for back in range(n)][::-1]


def planted(seed: int, n: int = 400, spread: float = 0.4) -> dict[str, list[date]]:
    """Customers with gaps of their own middle, 10 to 60 days, watched for 500 days; nobody leaves."""
    rng = np.random.default_rng(seed)
    made = {}
    for number in range(n):
        middle, clock, own = rng.uniform(np.log(10), np.log(60)), rng.uniform(0, 60), []
        while clock < 500:
            own.append(END - timedelta(days=500) + timedelta(days=int(clock)))
            clock += max(np.exp(rng.normal(middle, spread)), 1)
        made[f"c{number:03}"] = own
    return made


def test_gaps_by_hand():
    engine = engine_of(
        {
            "a": [date(2025, 1, 1), date(2025, 1, 1), date(2025, 1, 11), date(2025, 2, 10)],
            "b": [date(2025, 5, 1)],
        }
    )
    found = gaps(engine, END)
    assert found.customer_id.tolist() == ["a"]
    row = found.iloc[0]
    assert (row.n_gaps, row.last_on) == (2, pd.Timestamp("2025-02-10"))
    assert row["mean"] == pytest.approx(np.log([10, 30]).mean())
    assert row.variance == pytest.approx(np.log([10, 30]).var(ddof=1))
    assert gaps(engine, date(2025, 1, 31)).n_gaps.tolist() == [1]
    assert gaps(
        engine, END, ("customer_id", "product_id"), customers=["b"], least=0
    ).customer_id.tolist() == ["b"]


def test_a_steady_customer_is_due_one_gap_after_its_last_order_and_a_late_one_soon():
    days = planted(1, 60) | {
        "steady": every(12, 30, END - timedelta(days=10)),
        "late": every(12, 30, END - timedelta(days=45)),
    }
    told = next_due(gaps(engine_of(days), END), END).set_index("customer_id")
    assert abs(told.loc["steady", "usual_gap"] - 30) < 2
    assert abs((told.loc["steady", "due_on"].date() - END).days - 20) <= 4
    assert told.loc["late", "due_on"].date() > END
    assert (told.earliest_on <= told.due_on).all()
    assert (told.due_on <= told.latest_on).all()
    assert (told.earliest_on > pd.Timestamp(END)).all()


def test_what_all_have_in_common_is_found():
    found = common(gaps(engine_of(planted(2)), END))
    truth = np.log(np.exp((np.log(10) + np.log(60)) / 2))
    assert found.middle == pytest.approx(truth, abs=0.08)
    assert found.between == pytest.approx((np.log(6) ** 2) / 12, rel=0.25)
    assert found.variance == pytest.approx(0.16, rel=0.15)


def test_intervals_hold_what_they_say_where_nobody_leaves():
    # and a little more: they end on whole days, and most gaps here are of a few weeks
    inside = [came_true(engine_of(planted(seed)), END, 200, least=2).is_inside.mean() for seed in range(3, 6)]
    assert 0.79 < np.mean(inside) < 0.87


def test_who_left_counts_as_a_miss():
    days = planted(9, 100) | {f"gone{n}": every(10, 14, END - timedelta(days=200)) for n in range(40)}
    found = came_true(engine_of(days), END, 180, least=2).set_index("customer_id")
    gone = found[found.index.str.startswith("gone")]
    assert len(gone) == 40
    assert not gone.is_inside.any()
    assert gone.came_on.isna().all()


def test_one_customer_alone_and_customers_all_alike_break_nothing():
    for days in ({"a": every(2, 7, END)}, {f"c{n}": every(6, 7, END) for n in range(20)}):
        told = next_due(gaps(engine_of(days), END), END)
        assert told.due_on.notna().all()
        assert (told.due_on > pd.Timestamp(END)).all()
