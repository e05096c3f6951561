"""What to offer: orders and products due, products bought together, what a segment leaves unbought."""

from __future__ import annotations

import pytest

from salesops_lib.metrics import Exhibit, Missing
from salesops_lib.segmentation.baskets import (
    bought_together,
    orders_due,
    penetration,
    product_gaps,
    products_due,
)

YEAR = {"period": "2025-12", "as_of": "2025-12-31", "policy": {"report.suppress_below": 2}}


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    """Twelve customers order ink on the same days of each month; ink and pens stand together; two have stopped."""
    rows, number = [], 0
    for place in range(12):
        for year, month in [(y, m) for y in (2024, 2025) for m in range(1, 13)]:
            if place < 2 and (year, month) > (2025, 3):
                continue
            number += 1
            own = {
                "customer_id": f"c{place:02}",
                "customer_name": f"Customer {place}",
                "segment": "large" if place < 6 else "small",
            }
            day, order = f"{year}-{month:02}-{5 + place:02}", f"order{number}"
            products = [
                ("ink", "Supplies"),
                *([("pen", "Supplies")] if month % 2 else []),
                *([("desk", "Furniture")] if place % 3 == 0 and month == 6 else []),
            ]
            rows += [
                line(day, 100 * (place + 1), **own, product_id=p, product_name=p.title(), category=c)
                | {"order_id": order, "line_id": p}
                for p, c in products
            ]
            if month == 7 and place > 5:
                rows.append(line(day, 50, **own, product_id="cup", product_name="Cup", category="Kitchen"))
    return shared_workspace(**YEAR, order_lines=rows)


def test_orders_are_due_a_month_after_the_last_and_those_who_stopped_are_not_listed_as_of_today(ws):
    made = orders_due(ws)
    assert made.findings[0].id == "orders_due.some"
    frame = made.frame
    assert frame.name.tolist()[0] == "Customer 11"  # the largest first
    assert set(frame.name) >= {f"Customer {n}" for n in range(2, 12)}
    row = frame.set_index("name").loc["Customer 11"]
    assert row.due_on.strftime("%Y-%m") == "2026-01"
    assert row.earliest_on <= row.due_on <= row.latest_on
    assert row.usual_gap == pytest.approx(30.4, abs=1)
    assert made.findings[1].values["n"] >= 10


def test_products_are_due_by_their_own_rhythm(ws):
    due = products_due(ws, ["c11"]).set_index("product_id")
    assert "ink" in due.index
    assert "desk" not in due.index
    assert due.loc["ink", "n_days"] == 24
    assert products_due(ws, []).empty


def test_a_pair_is_read_from_the_product_that_tells_more(ws):
    made = bought_together(ws)
    first = made.frame.iloc[0]
    assert isinstance(made, Exhibit)
    assert (first["product"], first.with_product) in {("Pen", "Ink"), ("Desk", "Ink")} or made.findings[
        0
    ].id == "pairs.none"


def test_white_space_by_hand(ws):
    frame = penetration(ws).set_index(["segment", "category"])
    furniture = frame.loc[("large", "Furniture")]
    # of the large, c00 and c03 take desks; c00 stopped in March 2025
    assert (furniture.n_customers, furniture.n_buyers) == (6, 1)
    assert furniture.median_spend == 400
    kitchen = frame.loc[("small", "Kitchen")]
    assert (kitchen.n_customers, kitchen.n_buyers, kitchen.white_space) == (6, 6, 0)
    small = frame.loc[("small", "Furniture")]  # c06 and c09, 700 and 1000 each
    assert small.white_space == pytest.approx(4 * 2 / 6 * 850)


def test_cells_with_few_buyers_are_counted_and_left_out(ws, found):
    made = product_gaps(ws)
    assert ("large", "Furniture") not in set(zip(made.frame.segment, made.frame.category, strict=True))
    assert found(made)["note.few_buyers"].values["n"] == 1
    assert made.findings[0].values["category"] == "Furniture"


def test_without_the_columns_it_says_so(workspace, line):
    bare = workspace(order_lines=[line("2025-12-01", 5)])
    assert isinstance(orders_due(bare), Missing)
    assert product_gaps(bare).needs == ("sales.customer_id", "sales.segment", "sales.category")
    assert bought_together(bare).needs == ("sales.product_id",)
    one = workspace(order_lines=[line("2025-12-01", 5, customer_id="a", product_id="p")])
    assert orders_due(one).why == "note.no_rhythm"
    assert bought_together(one).why == "note.no_pairs"
