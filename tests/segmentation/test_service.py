"""What customers cost to serve and are given, by hand."""

from __future__ import annotations

import pytest

from salesops_lib.segmentation.service import cost_to_serve, service_given, whale_curve

YEAR = {"period": "2025-12", "as_of": "2025-12-31"}


def spent(channel: str | None, amount: int) -> dict:
    return {"period": "2025-06", "channel": channel, "category": "payroll", "amount": amount}


@pytest.fixture
def lines(line):
    """a: one order of 1000, margin 400; b: three of 100, margin 40 each, all direct; c: one of 500 online."""
    return [
        line("2025-06-01", 1000, customer_id="a", channel="direct", cost_amount=600),
        *(line(f"2025-0{m}-01", 100, customer_id="b", channel="direct", cost_amount=60) for m in (3, 4, 5)),
        line("2025-06-01", 500, customer_id="c", channel="online", cost_amount=400),
    ]


def test_expense_is_shared_by_orders_of_the_channel_and_the_rest_by_all(workspace, lines):
    ws = workspace(
        **YEAR, order_lines=lines, expenses=[spent("direct", 240), spent("online", 30), spent("fairs", 50)]
    )
    found = cost_to_serve(ws)
    # direct: 240 over four orders; fairs sold nothing: 50 over five
    assert found.expense.to_dict() == {"a": 70, "b": 210, "c": 40}
    assert found.left.to_dict() == {"a": 330, "b": -90, "c": 60}
    assert found.expense.sum() == 320


def test_the_curve_rises_above_the_whole_where_some_take_away(workspace, lines):
    ws = workspace(
        **YEAR, order_lines=lines, expenses=[spent("direct", 240), spent("online", 30), spent("fairs", 50)]
    )
    made = whale_curve(ws)
    assert made.frame.y.round(4).tolist() == [0, 1.1, 1.3, 1.0]
    told = made.findings[0].values
    assert (told["n_losing"], told["loss"], told["profit"]) == (1, 90, 300)


def test_customers_with_a_line_without_cost_are_counted_not_guessed(workspace, lines, line, found):
    more = [*lines, line("2025-07-01", 70, customer_id="d", channel="online")]
    made = whale_curve(workspace(**YEAR, order_lines=more, expenses=[spent("direct", 10)]))
    assert found(made)["note.cost_unknown"].values["n"] == 1
    assert found(made)["whale.all_pay"].values["n"] == 3


def test_without_expenses_it_says_what_is_needed(workspace, lines):
    assert whale_curve(workspace(**YEAR, order_lines=lines)).needs == ("expenses.amount",)
    assert (
        whale_curve(workspace(**YEAR, order_lines=lines, expenses=[spent("direct", 90_000)])).why
        == "note.no_profit"
    )


def test_service_by_grade(workspace, line):
    rows = [
        line(
            "2025-06-01",
            900,
            customer_id="big",
            list_price=1000,
            quantity=1,
            requested_on="2025-06-10",
            shipped_on="2025-06-09",
        ),
        line(
            "2025-06-01",
            50,
            customer_id="mid",
            list_price=100,
            quantity=1,
            requested_on="2025-06-10",
            shipped_on="2025-06-12",
        ),
        line("2025-06-01", 20, customer_id="tiny", list_price=40, quantity=1),
    ]
    bills = [
        {
            "invoice_id": "i1",
            "customer_id": "big",
            "invoiced_on": "2025-06-02",
            "due_on": "2025-07-02",
            "net_amount": 900,
        }
    ]
    made = service_given(workspace(**YEAR, order_lines=rows, invoices=bills))
    frame = made.frame.set_index("grade")
    assert frame.discount_rate["A"] == pytest.approx(0.1)
    assert frame.payment_days["A"] == 30
    assert frame.on_time_share["A"] == 1.0
    assert made.findings[0].id == "service.upside_down"
    assert frame.discount_rate["C"] == pytest.approx(0.5)
