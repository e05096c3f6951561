"""Rivals' price cuts: found in their prices, and what customers take since, against hand-made and drawn histories."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from salesops_lib import market
from salesops_lib.market.price_cuts import _relative

YEAR = {"period": "2025-12", "as_of": "2025-12-31"}
PRODUCTS = [{"product_id": "s", "category": "Sensors"}, {"product_id": "b", "category": "Bearings"}]
CUT_ON = "2025-06-01"
SINCE, BEFORE, EARLIER = "2025-07-01", "2024-07-02", "2023-07-04"


def prices(after, *, product_id="s", start=2024):
    return [
        {"observed_on": f"{year}-{month:02d}-01", "competitor": "Alpha", "product_id": product_id,
         "price": 100 if (year, month) < (2025, 6) else after}
        for year in range(start, 2026) for month in range(1, 13)
    ]  # fmt: skip


def orders(region, days, *, n=25):
    """Orders of `n` customers: (day, quantity of s, quantity of b)."""
    return [
        {"order_id": f"{region}{day}{customer}{product}", "line_id": "1", "ordered_on": day, "net_amount": 100 * quantity,
         "quantity": quantity, "product_id": product, "customer_id": f"{region}{customer}", "region": region}
        for day, s, b in days for customer in range(n) for product, quantity in (("s", s), ("b", b))
    ]  # fmt: skip


@pytest.fixture
def company(workspace):
    def make(*lines, after=80, **facts):
        rows = [row for part in lines for row in part]
        customers = [{"customer_id": c, "region": c[0]} for c in {row["customer_id"] for row in rows}]  # fmt: skip
        return workspace(
            **(YEAR | facts),
            order_lines=rows,
            products=PRODUCTS,
            customers=customers,
            competitor_prices=prices(after),
        )

    return make


BITTEN = [(EARLIER, 40, 10), (BEFORE, 40, 10), (SINCE, 20, 10)]
SPARED = [(EARLIER, 40, 10), (BEFORE, 40, 10), (SINCE, 80, 20)]


def test_the_effect_is_the_change_over_that_of_other_lines(company, found):
    """East takes half of its sensors; in West all lines double alike."""
    exhibit = market.price_cut_effect(company(orders("E", BITTEN), orders("W", SPARED)))
    frame = exhibit.frame.set_index("label")
    assert frame.loc["E", ["value", "low", "high"]].tolist() == pytest.approx([-0.5] * 3)
    assert frame.loc["W", ["value", "base"]].tolist() == pytest.approx([0, 0])
    assert frame.n.tolist() == [25, 25]
    told = found(exhibit)["price_cuts.fell"].values
    # 25 lines of 20.00 were sold since, of which 40.00 would have been
    assert (told["unit"], told["cut_on"], told["at_stake"]) == (
        "E",
        date(2025, 6, 1),
        pytest.approx(25 * 2000),
    )
    assert told["cut"] == pytest.approx(0.2)
    assert found(exhibit)["price_cuts.elsewhere"].values["names"] == ["W"]


def test_nothing_is_concluded_where_the_year_before_differs_too(company, found):
    falling = [(EARLIER, 80, 10), (BEFORE, 40, 10), (SINCE, 20, 10)]
    exhibit = market.price_cut_effect(company(orders("E", falling), orders("W", SPARED)))
    assert "price_cuts.fell" not in found(exhibit)
    assert found(exhibit)["price_cuts.differed"].values["names"] == ["E"]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"after": 96}, "price_cuts.none"),
        ({"period": "2025-07", "as_of": "2025-07-15"}, "price_cuts.too_early"),
        ({"n": 19}, "price_cuts.too_few"),
    ],
)
def test_why_nothing_is_said(company, found, facts, message):
    lines = orders("E", BITTEN, n=facts.pop("n", 25))
    exhibit = market.price_cut_effect(company(lines, **facts))
    assert exhibit.frame.empty
    assert list(found(exhibit)) == [message]


def test_regions_of_few_customers_are_counted(company, found):
    exhibit = market.price_cut_effect(company(orders("E", BITTEN), orders("N", BITTEN, n=3)))
    assert exhibit.frame.label.tolist() == ["E"]
    assert found(exhibit)["note.price_cuts_few"].values["n"] == 1


def test_intervals_hold_what_they_say():
    """Without an effect about 5 % of 95 % intervals miss 0: between 2.5 and 8.2 % of 600 at three standard errors."""
    rng = np.random.default_rng(20)
    missed = 0
    for _ in range(600):
        customers, n = np.arange(40), rng.integers(1, 6, (40, 2, 2))
        size = rng.normal(0, 0.3, (40, 1, 1)) + rng.normal(0, 0.6, (40, 2, 2)) / np.sqrt(n)
        lines = pd.DataFrame(
            [
                (c, span, hit, size[c, span, hit], n[c, span, hit])
                for c in customers
                for span in (0, 1)
                for hit in (0, 1)
            ],
            columns=["customer_id", "span", "is_hit", "size", "n"],
        )
        effect = _relative(lines, 0, 1.959964)
        missed += not effect.low <= 0 <= effect.high
    assert 15 <= missed <= 49


def test_what_is_needed(workspace, line):
    ws = workspace(**YEAR, order_lines=[line("2025-05-05", 1100)])
    assert "competitor_prices.price" in market.price_cut_effect(ws).needs
