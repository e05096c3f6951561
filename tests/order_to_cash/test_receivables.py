"""What is owed, how old it is, who owes it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib import order_to_cash

FEW = settings(max_examples=settings.default.max_examples // 4)  # each example builds a store
APRIL = {"period": "2026-04", "as_of": "2026-04-30"}


def bill(number, day, due, net, **values):
    return {
        "invoice_id": number,
        "customer_id": "a",
        "invoiced_on": day,
        "due_on": due,
        "net_amount": net,
        **values,
    }


def paid(number, day, amount):
    return {"receipt_id": f"r{number}{day}", "invoice_id": number, "received_on": day, "amount": amount}


@pytest.fixture(scope="module")
def ws(shared_workspace):
    """Opening 800, billed 1,200 in the 30 days of April, closing 900."""
    return shared_workspace(
        **APRIL,
        policy={"report.top_n": 3},
        customers=[{"customer_id": "a", "name": "Acme"}, {"customer_id": "b", "name": "Beta"}],
        invoices=[
            bill("1", "2026-01-10", "2026-02-09", 500),  # 80 days late on 30 April
            bill("2", "2026-03-20", "2026-04-19", 300, customer_id="b"),
            bill("3", "2026-04-05", "2026-05-05", 1000, tax_amount=130),
            bill("4", "2026-04-10", "2026-04-29", 70),
            bill("5", "2026-05-02", "2026-06-01", 9999),
        ],
        receipts=[
            paid("1", "2026-04-15", 200), paid("2", "2026-04-30", 300), paid("3", "2026-04-20", 600),
            paid("1", "2026-05-03", 300),
        ],
    )  # fmt: skip


def test_ages_on_the_last_day_of_the_window(ws):
    frame = order_to_cash.receivables(ws).frame.set_index("name")
    # invoice 1: 500 − 200, 80 days late; 3: 1130 − 600, not due; 4: 70, one day late
    assert frame.amount.to_dict() == {
        "not_due": 530,
        "d1_30": 70,
        "d31_60": 0,
        "d61_90": 300,
        "d91_180": 0,
        "d181_365": 0,
        "d366": 0,
    }
    assert frame.n.sum() == 3
    assert frame.share["d61_90"] == pytest.approx(1 / 3)


def test_collection_rate_and_days_of_sales(ws, found):
    told = found(order_to_cash.receivables(ws))["receivables.overdue"]
    assert (told.values["amount"], told.values["overdue"], told.values["at_stake"]) == (900, 370, 370)
    assert told.values["collection_rate"] == pytest.approx(0.55)  # (800 + 1200 − 900) / 2000
    assert told.values["dso"] == pytest.approx(22.5)  # 900 / 1200 · 30
    assert told.tone == "bad"


def test_debtors(ws, found):
    exhibit = order_to_cash.top_debtors(ws)
    assert exhibit.frame[["name", "amount", "overdue"]].values.tolist() == [["Acme", 900, 370]]
    assert str(exhibit.frame.oldest[0])[:10] == "2026-02-09"
    assert found(exhibit)["debtors.share"].values["share"] == 1.0


@pytest.mark.parametrize(
    ("due", "step"),
    [
        ("2026-04-30", "not_due"),
        ("2026-04-29", "d1_30"),
        ("2026-03-31", "d1_30"),
        ("2026-03-30", "d31_60"),
        ("2026-03-01", "d31_60"),
        ("2026-02-28", "d61_90"),
    ],
)
def test_the_edges_of_the_ages(due, step):
    import datetime

    late = (datetime.date(2026, 4, 30) - datetime.date.fromisoformat(due)).days
    matching = [
        s
        for s, first, last in order_to_cash.AGES
        if (first is None or late >= first) and (last is None or late <= last)
    ]
    assert matching == [step]


@FEW
@given(
    st.lists(
        st.tuples(st.integers(1, 28), st.integers(0, 500), st.integers(0, 10**9), st.integers(0, 10**9)),
        min_size=1,
        max_size=8,
    )
)
def test_ages_add_up_to_what_is_owed(workspace, cases):
    import datetime

    bills, cash, owed = [], [], 0
    for number, (day, terms, net, received) in enumerate(cases):
        due = datetime.date(2025, 3, day) + datetime.timedelta(days=terms)
        bills.append(bill(str(number), f"2025-03-{day:02}", due, net))
        cash.append(paid(str(number), "2025-04-01", received))
        owed += max(net - received, 0)
    frame = order_to_cash.receivables(workspace(**APRIL, invoices=bills, receipts=cash)).frame
    assert frame.amount.sum() == owed


def test_what_is_needed(workspace, line):
    ws = workspace(**APRIL, invoices=[bill("1", "2026-04-10", None, 70)])
    assert order_to_cash.receivables(ws).needs == ("receipts.amount", "invoices.due_on")
    assert order_to_cash.top_debtors(ws).needs == ("receipts.amount", "invoices.due_on")


def test_all_paid_is_good(workspace, found):
    ws = workspace(
        **APRIL, invoices=[bill("1", "2026-04-10", "2026-04-12", 70)], receipts=[paid("1", "2026-04-11", 70)]
    )
    told = found(order_to_cash.receivables(ws))["receivables.overdue"]
    assert (told.tone, told.values["amount"], told.values["collection_rate"]) == ("good", 0, 1.0)
