"""Credit of lines: what counts, and what does not."""

from __future__ import annotations

from datetime import date

import pytest

from salesops_lib.errors import DataError
from salesops_lib.incentives.crediting import credited_lines
from salesops_lib.policy.payments import Crediting

PARTS = {"incentives.crediting": Crediting(excluded_categories=("Spare parts",))}
PRODUCTS = [{"product_id": "pump", "category": "Pumps"}, {"product_id": "seal", "category": "Spare parts"}, {"product_id": "odd"}]  # fmt: skip


def credited(ws, measure: str) -> dict[tuple[str, str], int]:
    found = credited_lines(ws, measure, date(2025, 1, 1), date(2025, 12, 31))
    return {(row.order_id, row.kind): int(row.amount) for row in found.itertuples()}


def test_product_lines_without_credit_are_neither_credited_nor_debited(workspace, line):
    """Of three lines the spare part has none; nor has its return. A product of no product line has credit."""
    sold = {"pump": 900, "seal": 50, "odd": 7}
    ws = workspace(
        order_lines=[
            line("2025-03-03", amount, order_id=name, product_id=name, rep_id="ann") for name, amount in sold.items()
        ],
        returns=[
            {"return_id": f"r-{name}", "order_id": name, "line_id": "1", "returned_on": "2025-04-01", "net_amount": 5}
            for name in ("pump", "seal")
        ],
        products=PRODUCTS, policy=PARTS, period="2025-06",
    )  # fmt: skip
    assert credited(ws, "net_sales") == {("pump", "order"): 900, ("odd", "order"): 7, ("pump", "return"): -5}


def test_a_measure_that_knows_no_product_lines_is_refused(workspace, line):
    ws = workspace(
        order_lines=[line("2025-03-03", 100, order_id="S1", product_id="pump", rep_id="ann")],
        invoices=[{"invoice_id": "i", "order_id": "S1", "customer_id": "a", "invoiced_on": "2025-03-09", "net_amount": 100}],
        products=PRODUCTS, policy=PARTS, period="2025-06",
    )  # fmt: skip
    with pytest.raises(DataError, match="product lines without credit"):
        credited_lines(ws, "revenue", date(2025, 1, 1), date(2025, 12, 31))
    bare = workspace(
        order_lines=[line("2025-03-03", 100, order_id="S1", rep_id="ann")], policy=PARTS, period="2025-06"
    )
    with pytest.raises(DataError, match=r"Load products\.category"):
        credited_lines(bare, "bookings", date(2025, 1, 1), date(2025, 12, 31))
