"""What customers will be worth, and how far off the same view was a year ago."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.segmentation.race import NaiveRate
from salesops_lib.segmentation.value import customer_value, worth

YEAR = {"period": "2025-12", "as_of": "2025-12-31"}


@pytest.fixture(scope="module")
def section(shared_workspace, line):
    """40 customers who order at random, each at its own rate and spend, from their first day in 2023 on; seed 4."""
    rng = np.random.default_rng(4)
    rows = []
    for customer in range(40):
        rate, spread = rng.gamma(1.5, 1 / 60), rng.gamma(5.0, 1 / 90) / 100
        days = np.unique(rng.integers(0, 60) + np.r_[0, np.cumsum(np.ceil(rng.exponential(1 / rate, 200)))])
        for day in days[days < 1_096]:
            on = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(day))
            rows.append(line(str(on.date()), int(rng.gamma(4, 1 / spread)), customer_id=f"c{customer}"))
    return customer_value(shared_workspace(**YEAR, order_lines=rows))


def test_worth_is_purchases_times_spend():
    seen = pd.DataFrame(
        {
            "frequency": [4, 2, 0, 3],
            "recency": [300, 200, 0, 350],
            "T": [365] * 4,
            "monetary": [100.0, 300, np.nan, 200],
        }
    )
    found = worth(NaiveRate().fit(seen), seen, 365)
    assert found.purchases.to_numpy() == pytest.approx([4, 2, 0, 3])
    assert found.value.dropna().to_numpy() == pytest.approx(
        (found.purchases * found.spend).dropna().to_numpy()
    )
    assert found.spend.iloc[:2].is_monotonic_increasing


def test_customers_are_ranked_by_value_and_all_are_there(section):
    valued, *_ = section
    assert len(valued.frame) == 40
    assert valued.frame.value.is_monotonic_decreasing
    assert valued.findings[0].values["value"] == pytest.approx(valued.frame.value.sum())


def test_the_error_of_a_year_ago_stands_beside_the_value(section):
    valued, tested, *_ = section
    assert valued.findings[1] == tested.findings[0]
    frame, told = tested.frame, tested.findings[0].values
    assert frame.n.sum() == told["n"]
    assert told["error"] == pytest.approx(frame.foretold.sum() / frame.actual.sum() - 1)
    assert abs(told["error"]) < 0.25  # about 40 customers of widely different size: two standard errors


def test_chances_are_held_against_what_came(section):
    *_, tested = section
    assert tested.frame.n.sum() == section[1].findings[0].values["n"]
    assert tested.findings[0].values["inside"] >= len(tested.frame) - 2
    assert tested.frame.base.is_monotonic_increasing


def test_without_history_it_says_so(workspace, line):
    (made,) = customer_value(workspace(**YEAR, order_lines=[line("2025-12-01", 5, customer_id="a")]))
    assert made.why == "note.history_short"
    (made,) = customer_value(workspace(order_lines=[line("2025-12-01", 5)]))
    assert made.needs == ("sales.customer_id",)
