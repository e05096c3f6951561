"""Returns matched to the order lines that they undo: by hand, against a plain stack, on real data."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning import matching
from salesops_lib.cleaning.audit import Audit
from salesops_lib.tables.engine import DuckDBEngine

EXACT = "same customer, product, quantity and amount"
PRICE = "same customer, product and price"
WITHIN = "same order and product"


def bought(order: str, day: str, quantity: float | None, amount: int | None, **values: Any) -> dict[str, Any]:
    plain = {"line_id": "1", "customer_id": "a", "product_id": "p"}
    return {
        "order_id": order,
        "ordered_on": day,
        "quantity": quantity,
        "net_amount": amount,
        **plain,
        **values,
    }


def matched(facts: Any) -> tuple[list[tuple[Any, ...]], dict[str, int]]:
    """Pieces (return, order, line, quantity, amount, rule), and unmatched returns by reason."""
    audit = Audit()
    matching.returns(facts.engine.connection, audit)
    rows = facts.engine.rows(
        "SELECT return_order_id, order_id, line_id, CAST(matched_quantity AS DOUBLE), matched_amount, rule FROM return_matches"
    )
    assert {reason.outcome for reason in audit.reasons} <= {"unmatched"}
    return rows, {reason.reason: reason.n_rows for reason in audit.reasons}


def test_a_return_undoes_the_latest_earlier_order(store):
    rows, reasons = matched(
        store(order_lines=[
            bought("o1", "2026-01-05", 2, 200), bought("o2", "2026-02-05", 2, 200), bought("o3", "2026-04-05", 2, 200),
            bought("c1", "2026-03-05", -2, -200),
        ])
    )  # fmt: skip
    assert (rows, reasons) == ([("c1", "o2", "1", 2, 200, EXACT)], {})


def test_an_order_of_the_same_day_is_earlier(store):
    rows, _ = matched(
        store(order_lines=[bought("x", "2026-01-05", -2, -200), bought("y", "2026-01-05", 2, 200)])
    )
    assert [row[:2] for row in rows] == [("x", "y")]


def test_the_same_quantity_goes_before_a_part_of_a_later_order(store):
    rows, _ = matched(
        store(order_lines=[
            bought("o1", "2026-01-05", 2, 200), bought("o2", "2026-02-05", 5, 500), bought("c1", "2026-03-05", -2, -200),
        ])
    )  # fmt: skip
    assert rows == [("c1", "o1", "1", 2, 200, EXACT)]


def test_parts_of_several_orders_and_what_is_too_much(store):
    """Ten are returned of 4 and 5; each line gives all it has, the later one first; one is left."""
    rows, reasons = matched(
        store(order_lines=[
            bought("o1", "2026-01-05", 4, 400), bought("o2", "2026-02-05", 5, 500), bought("c1", "2026-03-05", -10, -1000),
        ])
    )  # fmt: skip
    assert rows == [("c1", "o1", "1", 4, 400, PRICE), ("c1", "o2", "1", 5, 500, PRICE)]
    assert reasons == {matching.PARTLY: 1}


def test_no_line_is_undone_twice(store):
    rows, reasons = matched(
        store(order_lines=[
            bought("o1", "2026-01-05", 5, 500), bought("c1", "2026-02-05", -3, -300),
            bought("c2", "2026-03-05", -2, -200), bought("c3", "2026-04-05", -1, -100),
        ])
    )  # fmt: skip
    assert [(row[0], row[3]) for row in rows] == [("c1", 3), ("c2", 2)]
    assert reasons == {"nothing of the order is left to return": 1}


def test_a_negative_line_of_the_same_order_is_explicit(store):
    """o1 states its own return, at a lower refund than its price; a later order of the same does not matter."""
    rows, _ = matched(
        store(order_lines=[
            bought("o1", "2026-01-05", 5, 500), bought("o1", "2026-01-05", -2, -180, line_id="2"), bought("o2", "2026-01-05", 2, 180),
        ])
    )  # fmt: skip
    assert rows == [("o1", "o1", "1", 2, 180, WITHIN)]


def test_amounts_alone_match_where_no_quantity_is_stated(store):
    rows, _ = matched(
        store(order_lines=[bought("o1", "2026-01-05", None, 700), bought("c1", "2026-02-05", None, -700)])
    )
    assert rows == [("c1", "o1", "1", None, 700, EXACT)]


def test_pieces_of_a_return_add_up_to_its_amount(store):
    """10.00 for three is 3.33 a piece; the pieces of a refund of 10.00 are rounded together."""
    orders = [bought(f"o{n}", f"2026-01-0{n}", 1, 333) for n in (1, 2, 3)]
    rows, _ = matched(store(order_lines=[*orders, bought("c1", "2026-02-05", -3, -1000)]))
    assert (len(rows), sum(row[4] for row in rows)) == (3, 1000)


def test_each_cause_of_an_unmatched_return(store):
    rows, reasons = matched(
        store(order_lines=[
            bought("o1", "2026-02-05", 5, 500),
            bought("c1", "2026-03-05", -1, -100, customer_id=None), bought("c2", "2026-03-05", -1, -100, product_id=None),
            bought("c3", "2026-01-05", -1, -100), bought("c4", "2026-03-05", -1, -120), bought("c5", "2026-03-05", -1, -100, status="取消"),
        ])
    )  # fmt: skip
    assert rows == []
    assert reasons == {
        "customer unknown": 1,
        "product unknown": 1,
        "no earlier order of this customer and product": 1,
        "earlier orders are at another price": 1,
    }


def test_rows_of_returns_undo_the_order_that_they_name(store):
    """r1 names a line, r2 an order of 4 + 4 pieces of which one quarter came back, r3 nothing known, r4 what is gone."""
    rows, reasons = matched(
        store(
            order_lines=[
                bought("o1", "2026-01-05", 4, 400), bought("o2", "2026-01-06", 4, 400), bought("o2", "2026-01-06", 4, 800, line_id="2"),
            ],
            returns=[
                {"return_id": "r1", "order_id": "o1", "line_id": "1", "returned_on": "2026-02-01", "quantity": 4},
                {"return_id": "r2", "order_id": "o2", "returned_on": "2026-02-02", "quantity": 2, "net_amount": 301},
                {"return_id": "r3", "order_id": "o9", "returned_on": "2026-02-03", "quantity": 1},
                {"return_id": "r4", "order_id": "o1", "line_id": "1", "returned_on": "2026-02-04"},
            ],
        )
    )  # fmt: skip
    assert [row[:5] for row in rows if row[0] == "r1"] == [("r1", "o1", "1", 4, 400)]
    assert [row[1:4] for row in rows if row[0] == "r2"] == [("o2", "1", 1), ("o2", "2", 1)]
    assert sum(row[4] for row in rows if row[0] == "r2") == 301
    assert reasons == {
        "the order that it names is not loaded": 1,
        "nothing of the order is left to return": 1,
    }


def test_nothing_is_done_where_nothing_was_returned(store):
    assert matched(store(order_lines=[bought("o1", "2026-01-05", 4, 400)])) == ([], {})
    engine = DuckDBEngine()
    matching.returns(engine.connection, Audit())
    assert engine.rows("SELECT * FROM return_matches") == []


# --- against a plain stack ----------------------------------------------------------------------


def plainly(lines: Iterable[dict[str, Any]]) -> list[tuple[str, str, str, float]]:
    """Pieces (rule, return, order, quantity) found by walking through the days with stacks in lists."""
    left = {(line["order_id"], line["line_id"]): abs(line["quantity"]) for line in lines}
    pieces = []
    days = sorted(
        lines, key=lambda x: (x["ordered_on"], x["quantity"] < 0, x["order_id"], x["line_id"], abs(x["quantity"]), abs(x["net_amount"]))
    )  # fmt: skip
    for rule in (EXACT, PRICE):
        stacks = defaultdict(list)
        for line in days:
            name, n = (line["order_id"], line["line_id"]), abs(line["quantity"])
            shape = (n, abs(line["net_amount"])) if rule == EXACT else (round(abs(line["net_amount"]) / n),)
            stack = stacks[line["customer_id"], line["product_id"], shape]
            if not left[name]:
                continue
            if line["quantity"] > 0:
                stack.append(name)
                continue
            while stack and left[name]:
                taken = min(left[name], left[stack[-1]])
                pieces.append((rule, name[0], stack[-1][0], float(taken)))
                left[name] -= taken
                left[stack[-1]] -= taken
                if not left[stack[-1]]:
                    stack.pop()
    return sorted(pieces)


def pieces_of(connection: Any) -> list[tuple[str, str, str, float]]:
    return sorted(
        connection.execute(
            "SELECT rule, return_order_id, order_id, CAST(matched_quantity AS DOUBLE) FROM return_matches"
        ).fetchall()
    )


LINES = st.lists(
    st.tuples(
        st.integers(1, 9), st.sampled_from("ab"), st.sampled_from("pq"), st.sampled_from([-3, -2, -1, 1, 2, 3, 6]), st.sampled_from([100, 150])
    ),
    min_size=1, max_size=40,
)  # fmt: skip


@given(LINES, st.randoms(use_true_random=False))
def test_as_a_plain_stack_and_in_any_order_of_rows(drawn, shuffler: random.Random):
    lines = [
        bought(f"o{n:02}", f"2026-01-0{day}", quantity, quantity * price, customer_id=customer, product_id=product)
        for n, (day, customer, product, quantity, price) in enumerate(drawn)
    ]  # fmt: skip
    found = []
    for _ in range(2):
        engine = DuckDBEngine()
        engine.execute(
            "CREATE TABLE order_lines (order_id VARCHAR, line_id VARCHAR, ordered_on DATE, customer_id VARCHAR, customer_name VARCHAR, "
            "product_id VARCHAR, product_name VARCHAR, quantity DECIMAL(18, 3), net_amount BIGINT, status VARCHAR)"
        )
        engine.connection.executemany(
            "INSERT INTO order_lines (order_id, ordered_on, quantity, net_amount, line_id, customer_id, product_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [list(line.values()) for line in lines],
        )
        matching.returns(engine.connection, Audit())
        found.append(pieces_of(engine.connection))
        shuffler.shuffle(lines)
    assert found[0] == found[1] == plainly(lines)


# --- real data ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def retail(shared_data: Path) -> DuckDBEngine:
    """All 541,909 lines of the UCI Online Retail set."""
    engine = DuckDBEngine()
    file = shared_data / "online_retail" / "online_retail.csv.gz"
    engine.execute(
        "CREATE TABLE order_lines AS SELECT InvoiceNo AS order_id, CAST(row_number() OVER () AS VARCHAR) AS line_id, "
        "CAST(InvoiceDate AS DATE) AS ordered_on, CustomerID AS customer_id, NULL::VARCHAR AS customer_name, StockCode AS product_id, "
        "Description AS product_name, CAST(Quantity AS DECIMAL(18, 3)) AS quantity, "
        "CAST(round_even(CAST(Quantity AS DECIMAL(17, 6)) * CAST(UnitPrice AS DECIMAL(17, 6)), 2) * 100 AS BIGINT) AS net_amount, "
        f"NULL::VARCHAR AS status FROM read_csv('{file}', all_varchar = true)"
    )
    return engine


def test_online_retail(retail: DuckDBEngine):
    audit = Audit()
    matching.returns(retail.connection, audit)
    ((n_lines, n_cancelled, net),) = retail.rows(
        "SELECT count(*), count(*) FILTER (order_id LIKE 'C%'), sum(net_amount) FROM order_lines"
    )
    assert (n_lines, n_cancelled) == (541_909, 9_288)
    ((n_matched, amount),) = retail.rows(
        "SELECT count(DISTINCT return_line_id), sum(matched_amount) FROM return_matches"
    )
    unmatched = {reason.reason: reason.n_rows for reason in audit.reasons}
    print(
        f"online_retail: {n_matched} of {n_cancelled} cancellation lines matched, {amount / 100:,.2f}; {unmatched}"
    )
    assert n_matched > 7_000
    # every return is matched, told, or both where only a part of it is matched
    ((n_returns, n_partly),) = retail.rows(
        "SELECT count(*), count(*) FILTER (0 < taken AND taken < -quantity) FROM order_lines LEFT JOIN "
        "(SELECT return_line_id, sum(matched_quantity) AS taken FROM return_matches GROUP BY 1) ON return_line_id = line_id "
        "WHERE net_amount < 0 OR quantity < 0"
    )
    assert sum(unmatched.values()) + n_matched == n_returns + n_partly
    assert unmatched[matching.PARTLY] == n_partly
    # net = gross − what is undone − what is returned of no known order, to the penny
    ((gross, rest),) = retail.rows(
        "SELECT sum(net_amount) FILTER (net_amount >= 0), sum(-net_amount) FILTER (net_amount < 0) FROM order_lines"
    )
    ((matched_of_returns,),) = retail.rows(
        "SELECT sum(LEAST(m.amount, -o.net_amount)) FROM order_lines AS o JOIN "
        "(SELECT return_line_id, sum(matched_amount) AS amount FROM return_matches GROUP BY 1) AS m ON m.return_line_id = o.line_id"
    )
    assert matched_of_returns == amount  # no return gives more than its amount
    assert gross - amount - (rest - amount) == net


def test_online_retail_line_by_line(retail: DuckDBEngine):
    """No order line is undone beyond its quantity, before its day, or for another customer or product."""
    matching.returns(retail.connection, Audit())
    assert retail.rows(
        "SELECT count(*) FROM (SELECT line_id, sum(matched_quantity) AS taken FROM return_matches GROUP BY line_id) AS m "
        "JOIN order_lines AS o USING (line_id) WHERE m.taken > o.quantity"
    ) == [(0,)]
    assert retail.rows(
        "SELECT count(*) FROM return_matches AS m JOIN order_lines AS o ON o.line_id = m.line_id JOIN order_lines AS r ON r.line_id = m.return_line_id "
        "WHERE o.ordered_on > r.ordered_on OR o.customer_id <> r.customer_id OR o.product_id <> r.product_id OR m.matched_quantity <= 0"
    ) == [(0,)]


def test_online_retail_as_pandas_finds_it(retail: DuckDBEngine):
    """Five hundred customers, walked through with stacks in lists."""
    frame = retail.query(
        "SELECT order_id, line_id, ordered_on, customer_id, product_id, CAST(quantity AS DOUBLE) AS quantity, net_amount FROM order_lines "
        "WHERE customer_id IN (SELECT DISTINCT customer_id FROM order_lines WHERE quantity < 0 AND customer_id IS NOT NULL ORDER BY customer_id LIMIT 500) "
        "AND quantity <> 0"
    )
    matching.returns(retail.connection, Audit())
    chosen = retail.rows(
        "SELECT m.rule, m.return_order_id, m.order_id, CAST(m.matched_quantity AS DOUBLE) FROM return_matches AS m "
        "JOIN order_lines AS r ON r.line_id = m.return_line_id "
        "WHERE r.customer_id IN (SELECT DISTINCT customer_id FROM order_lines WHERE quantity < 0 AND customer_id IS NOT NULL ORDER BY customer_id LIMIT 500)"
    )
    assert sorted(chosen) == plainly(frame.to_dict("records"))
