"""A file of dates, customers and amounts is enough: its rows are orders of their own."""

from __future__ import annotations


def test_rows_are_orders_of_their_own(loaded) -> None:
    audit, query = loaded(
        sales="date,customer,amount\n2026-01-05,Ann,10\n2026-01-05,Ann,10\n2026-02-05,Bo,5\n"
    )
    assert query("SELECT order_id, net_amount FROM order_lines ORDER BY order_id") == [
        ("1", 1000),
        ("2", 1000),
        ("3", 500),
    ]
    assert query("SELECT count(DISTINCT customer_id) FROM sales") == [(2,)]
    (source,) = [s for s in audit.sources if s.kind == "file"]
    assert (source.used, source.rows_in) == (3, 3)
    assert "no order_id: each row is one of its own, by its number" in source.notes
    (reason,) = [r for r in audit.reasons if r.outcome == "suspected"]
    assert reason.n_rows == 1
