"""The next order: by hand, of planted rhythms, and held against what came."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from salesops_lib.segmentation.rhythm import Shape, _jumps, came_true, common, gaps, next_due, shape
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
    # 1,200 orders: two standard errors are 2.3 %
    inside = [came_true(engine_of(planted(seed)), END, 200, least=2).is_inside.mean() for seed in range(3, 6)]
    assert 0.77 < np.mean(inside) < 0.83


def test_who_left_is_outside_and_stands_for_no_order():
    days = planted(9, 100) | {f"gone{n}": every(10, 14, END - timedelta(days=200)) for n in range(40)}
    found = came_true(engine_of(days), END, 180, least=2).set_index("customer_id")
    gone = found[found.index.str.startswith("gone")]
    assert len(gone) == 40
    assert not gone.is_inside.any()
    assert gone.came_on.isna().all()
    assert (gone.weight == 0).all()
    assert found.weight.sum() == pytest.approx(1)


def test_one_customer_alone_and_customers_all_alike_break_nothing():
    for days in ({"a": every(2, 7, END)}, {f"c{n}": every(6, 7, END) for n in range(20)}):
        told = next_due(gaps(engine_of(days), END), END)
        assert told.due_on.notna().all()
        assert (told.due_on > pd.Timestamp(END)).all()


def test_what_came_stands_for_what_could_not_be_seen_to_come():
    # three orders at 1, 2, 3; of the second it is only known that it had not come by 2: the third stands for it as well
    order, weight = _jumps(np.array([3.0, 1.0, 2.0]), np.array([True, True, False]))
    assert order.tolist() == [1, 2, 0]
    assert weight == pytest.approx([1 / 3, 0, 2 / 3])


def skipping(seed: int) -> dict[str, list[date]]:
    """Customers who order by the clock, but leave out an order one time in six, so that gaps have two sizes."""
    rng, made = np.random.default_rng(seed), {}
    for number in range(500):
        middle, clock, own = rng.uniform(12, 40), rng.uniform(0, 40), []
        while clock < 700:
            own.append(END - timedelta(days=700) + timedelta(days=int(clock)))
            clock += middle * rng.choice([1, 2], p=[5 / 6, 1 / 6]) * np.exp(rng.normal(0, 0.1))
        made[f"c{number:03}"] = own
    return made


def test_the_shape_of_earlier_gaps_mends_intervals_of_a_law_that_is_wrong(monkeypatch):
    engines = [engine_of(skipping(seed)) for seed in range(3)]

    def covered() -> float:
        found = [came_true(engine, END, 150, least=3) for engine in engines]
        return float(np.mean([one.weight[one.is_inside].sum() for one in found]))

    bent = covered()
    monkeypatch.setattr("salesops_lib.segmentation.rhythm.shape", lambda *given, **named: Shape())
    # 1,500 orders: two standard errors are 2 %, and a whole day at either end is worth as much here
    assert abs(bent - 0.8) < 0.04
    assert abs(covered() - 0.8) > abs(bent - 0.8)


def test_the_shape_rises_from_0_to_1_and_is_straight_where_little_is_known_or_the_law_is_right():
    few = shape(engine_of(planted(5, 3)), END, least=3)
    at, n = np.linspace(0, 1, 11), np.full(11, 4.0)
    assert few.share(at, n) == pytest.approx(at)
    found = shape(engine_of(planted(6)), END, least=3)
    for known in (2.0, 4.0, 7.0, 20.0):
        shares = found.share(at, np.full(11, known))
        assert (np.diff(shares) > 0).all()
        assert (shares[0], shares[-1]) == (0, pytest.approx(1))
        assert found.chance(shares, np.full(11, known)) == pytest.approx(at, abs=1e-6)
        assert np.abs(shares - at).max() < 0.12  # gaps here follow the law, whole days apart


def test_the_shape_knows_nothing_of_later_orders():
    days = planted(8)
    split = END - timedelta(days=200)
    past = {customer: [day for day in own if day <= split] for customer, own in days.items()}
    whole, cut = (shape(engine_of(one), split, least=3) for one in (days, past))
    for (x, share), (other, same) in zip(whole.curves, cut.curves, strict=True):
        assert np.array_equal(x, other)
        assert np.array_equal(share, same)
