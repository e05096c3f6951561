"""One customer's page: its own rows alone, by hand; an unknown customer gets one clear message."""

from __future__ import annotations

import pytest

from salesops_lib.errors import DataError
from salesops_lib.metrics import Finding
from salesops_lib.reporting.sentences import plain
from salesops_lib.reporting.voice import Voice
from salesops_lib.segmentation.onepager import customer_page

YEAR = {"period": "2025-12", "as_of": "2025-12-31", "policy": {"report.suppress_below": 2}}


def bill(number: str, customer: str, day: str, due: str, amount: int) -> dict:
    return {
        "invoice_id": number,
        "customer_id": customer,
        "invoiced_on": day,
        "due_on": due,
        "net_amount": amount,
    }


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    """Thirty customers order each second or third month; Acme (c00) gets ten per cent off, the others five."""
    rows = []
    for place in range(30):
        own = {
            "customer_id": f"c{place:02}",
            "customer_name": "Acme Tools" if not place else f"Buyer {place}",
            "segment": "large",
        }
        for year in (2023, 2024, 2025):
            for month in range(1 + place % 2, 13, 2 + place % 2):
                net = 900 if place == 0 else 95 + place
                rows.append(
                    line(f"{year}-{month:02}-{4 + place % 20:02}", net, **own, product_id=f"p{place % 3}", product_name=f"Product {place % 3}",
                         category="Tools" if place % 3 else "Ink", list_price=1000 if place == 0 else 100 + place, quantity=1)
                )  # fmt: skip
    deals = [
        {
            "opportunity_id": "d1",
            "customer_id": "c00",
            "stage": "proposal",
            "created_on": "2025-11-01",
            "expected_close_on": "2026-02-01",
            "amount": 5000,
        },
        {
            "opportunity_id": "d2",
            "customer_id": "c01",
            "stage": "proposal",
            "created_on": "2025-11-01",
            "expected_close_on": "2026-01-01",
            "amount": 77,
        },
    ]
    return shared_workspace(
        **YEAR, order_lines=rows, opportunities=deals,
        invoices=[bill("i1", "c00", "2025-10-01", "2025-10-31", 900), bill("i2", "c00", "2025-12-01", "2026-01-15", 400), bill("i3", "c01", "2025-01-01", "2025-02-01", 5)],
        receipts=[{"receipt_id": "r1", "invoice_id": "i1", "received_on": "2025-11-10", "amount": 900}],
        customers=[{"customer_id": "c00", "name": "Acme Tools", "segment": "large", "credit_limit": 2000, "potential_amount": 10800},
                   {"customer_id": "c99", "name": "Silent Partner"}],
    )  # fmt: skip


def rows(page) -> dict[str, Finding]:
    return {
        topic.id.removeprefix("label."): said for topic, said in page.card().frame.itertuples(index=False)
    }


def test_its_own_figures_by_hand(ws):
    said = rows(customer_page(ws, "c00"))
    bought = said["card_bought"].values
    assert (bought["amount"], bought["n"], bought["before"], bought["n_before"]) == (5400, 6, 5400, 6)
    assert said["card_potential"].values["share"] == pytest.approx(0.5)
    price = said["card_price"].values
    assert price["rate"] == pytest.approx(0.1)
    assert price["n"] == 29
    assert price["high"] < 0.06
    paying = said["card_paying"].values
    assert (paying["owed"], paying["overdue"], paying["late"], paying["limit"]) == (400, 0, 10.0, 2000)
    assert (said["card_deals"].values["n"], said["card_deals"].values["amount"]) == (1, 5000)
    rhythm = said["card_rhythm"].values
    assert rhythm["gap"] == pytest.approx(61, abs=2)
    assert rhythm["low"] <= rhythm["due"] <= rhythm["high"]
    value = said["card_value"].values
    assert value["low"] <= value["value"] * 1.5
    assert 0 <= value["soon"] <= value["chance"] <= 1
    assert said["card_space"].values["category"] == "Tools"


def test_what_to_do_names_the_discount_beyond_that_of_others(ws):
    asks = [ask.id for ask in customer_page(ws, "c00").asks]
    assert "ask.card_price" in asks
    assert "ask.card_overdue" not in asks
    assert "ask.card_overdue" in [ask.id for ask in customer_page(ws, "c01").asks]


def test_no_row_of_another_customer_is_on_the_page(ws):
    page = customer_page(ws, "c00")
    for lang in ("en", "zh"):
        voice = Voice(lang, "CNY")
        said = [plain(f, voice) for f in (page.lead, *page.asks, *rows(page).values())]
        assert not any("Buyer" in text for text in said)
        assert any("Acme Tools" in text for text in said)
        assert not any("None" in text or "nan" in text for text in said)
    assert page.months().frame.actual.sum() == 5400


def test_found_by_name_in_any_case_and_the_largest_where_none_is_named(ws):
    assert customer_page(ws, " acme tools ").id == "c00"
    assert customer_page(ws).id == "c00"


def test_an_unknown_customer_gets_one_message_with_near_names(ws):
    with pytest.raises(DataError, match=r"'Acme Tolls'\. Near it: Acme Tools\.\nGive one with -p customer="):
        customer_page(ws, "Acme Tolls")
    with pytest.raises(DataError, match="Near it: Acme Tools"):
        customer_page(ws, "acme")
    with pytest.raises(DataError, match="No id and no name is near it"):
        customer_page(ws, "§§§§")


def test_a_customer_without_any_order_has_a_page_that_says_so(ws):
    page = customer_page(ws, "c99")
    assert page.lead.id == "card.none"
    assert rows(page)["card_value"].id == "card.value_unknown"
    assert page.months().findings[0].id == "customer_months.none"


def test_two_of_one_name_are_told_apart_by_id(workspace, line):
    two = [line("2025-12-01", 5, customer_id=c, customer_name="Twin") for c in ("x", "y")]
    with pytest.raises(DataError, match="2 customers are called 'twin': x, y"):
        customer_page(workspace(**YEAR, order_lines=two), "twin")


def test_one_order_alone_says_what_is_not_known(workspace, line):
    page = customer_page(workspace(**YEAR, order_lines=[line("2025-12-01", 5, customer_id="x")]), "x")
    said = rows(page)
    assert said["card_rhythm"].id == "card.rhythm_once"
    assert said["card_value"].id == "card.value_unknown"
    assert said["card_deals"].id == "card.no_table"
    assert page.lead.id == "card.headline_plain"


def test_without_customers_it_says_what_to_map(workspace, line):
    with pytest.raises(DataError, match=r"order_lines\.customer_id"):
        customer_page(workspace(order_lines=[line("2025-12-01", 5)]))
