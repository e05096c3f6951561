"""Tax, discounts, returns and currencies: what follows from several cells of a row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from salesops_lib.cleaning.settings import Settings

ORDER = "order_id ordered_on"
A1 = ["A1", "2026-03-05"]


@pytest.mark.parametrize(
    ("columns", "cells", "net"),
    [
        ("quantity unit_price", ["10", "5.5"], "55"),
        ("quantity unit_price discount_rate", ["10", "5.5", "20%"], "44"),
        ("quantity unit_price discount_rate", ["10", "5.5", ""], "55"),
        ("quantity unit_price discount_amount", ["10", "5.5", "5"], "50"),
        ("quantity list_price discount_rate", ["10", "5.5", "8折"], "44"),
        ("gross_amount tax_amount", ["113", "13"], "100"),
        ("gross_amount", ["113"], "100"),
        ("quantity list_price", ["10", "5.5"], None),
    ],
)
def test_net_amounts(staged, columns: str, cells: list[str], net: str | None) -> None:
    (row,) = staged("order_lines", f"{ORDER} {columns}", [*A1, *cells], settings=Settings(vat=0.13))
    assert row.exact.get("net_amount") == (net and Decimal(net))


@pytest.mark.parametrize(
    ("columns", "cells", "exact"),
    [
        ("net_amount", ["113"], {"net_amount": 100}),
        ("net_amount tax_amount", ["113", "13"], {"net_amount": 100, "tax_amount": 13}),
        ("net_amount gross_amount", ["100", "113"], {"net_amount": 100, "gross_amount": 113}),
        ("quantity unit_price", ["2", "113"], {"net_amount": 200, "unit_price": 100}),
        ("net_amount cost_amount", ["113", "60"], {"net_amount": 100, "cost_amount": 60}),
        ("net_amount list_price", ["113", "226"], {"net_amount": 100, "list_price": 200}),
    ],
)
def test_tax_is_taken_out_where_the_file_says_that_it_is_in(
    staged, columns: str, cells: list[str], exact: dict[str, int]
) -> None:
    rows = staged(
        "order_lines", f"{ORDER} {columns}", [*A1, *cells], settings=Settings(vat=0.13), amounts="gross"
    )
    assert rows[0].exact == exact


def test_the_file_says_more_of_its_amounts_than_the_policy(staged) -> None:
    settings = Settings(vat=0.13, amounts="gross")
    (row,) = staged("order_lines", f"{ORDER} net_amount", [*A1, "113"], settings=settings, amounts="net")
    assert row.exact["net_amount"] == 113
    rows = staged("invoices", "invoice_id invoiced_on net_amount", [*A1, "113"], settings=settings)
    assert rows[0].exact["net_amount"] == 100
    assert [(rule.column, rule.rule) for rule in rows.rules] == [("net_amount", "tax taken out")]


def test_tax_without_a_rate_stays_and_is_told(staged) -> None:
    rows = staged("order_lines", f"{ORDER} net_amount", [*A1, "113"], amounts="gross")
    assert rows[0].exact["net_amount"] == 113
    assert rows.notes == ("net_amount: holds tax, and the policy names no rate: not taken out",)


@pytest.mark.parametrize(
    ("status", "net"),
    [
        ("已退货", -50),
        ("退款", -50),
        ("Returned", -50),
        ("credit note", -50),
        ("红字发票", -50),
        ("完成", 50),
        ("未退货", 50),
        ("return requested", 50),
        ("", 50),
    ],
)
def test_marked_returns_are_turned(staged, status: str, net: int) -> None:
    columns = f"{ORDER} status quantity unit_price cost_amount"
    rows = staged("order_lines", columns, [*A1, status, "10", "5", "30"], returns="marked")
    row, sign = rows[0], 1 if net > 0 else -1
    assert (
        row.exact["net_amount"],
        row.values["quantity"],
        row.exact["unit_price"],
        row.exact["cost_amount"],
    ) == (net, 10 * sign, 5, 30 * sign)
    assert [change[3] for change in row.changes] == ([] if sign > 0 else ["returned line is minus"] * 2)
    assert [rule.column for rule in rows.rules] == ["quantity", "cost_amount"]


def test_returns_that_are_minus_already_stay(staged) -> None:
    columns = f"{ORDER} status net_amount quantity"
    rows = staged(
        "order_lines",
        columns,
        [*A1, "returned", "(50)", "-1"],
        ["A2", "2026-03-05", "returned", "50", "1"],
        returns="marked",
    )
    assert [(row.exact["net_amount"], row.values["quantity"]) for row in rows] == [(-50, -1), (-50, -1)]
    (signed,) = staged("order_lines", columns, [*A1, "returned", "50", "1"])
    assert signed.exact["net_amount"] == 50


def test_a_currency_in_the_amount_is_the_rows_where_the_file_has_no_column_for_it(staged) -> None:
    records = [
        [*A1, text, price]
        for text, price in (("USD 12", "1"), ("12 JPY", "1"), ("￥12", "1"), ("12", "1"), ("USD 12", "EUR 1"))
    ]
    rows = staged("order_lines", f"{ORDER} net_amount unit_price", *records)
    assert [row.values["currency"] for row in rows[:4]] == ["USD", "JPY", "CNY", "CNY"]
    assert [row.values["net_amount"] for row in rows[:4]] == [1200, 12, 1200, 1200]
    assert ("currency", None, "USD", "currency written in the amount") in rows[0].changes
    assert rows[4].fault == ("unit_price", "is in another currency than its row or file")


def test_a_currency_column_outranks_a_sign_and_contradicts_a_code(staged) -> None:
    records = [
        [*A1, text, currency]
        for text, currency in (("￥12", "USD"), ("USD 12", "USD"), ("EUR 12", "USD"), ("EUR 12", ""))
    ]
    rows = staged("order_lines", f"{ORDER} net_amount currency", *records)
    assert [row.values.get("currency") for row in rows] == ["USD", "USD", "USD", "EUR"]
    assert [row.fault for row in rows] == [
        None,
        None,
        ("net_amount", "is in another currency than its row or file"),
        None,
    ]


def test_a_table_without_currencies_does_not_mix_them(staged) -> None:
    rows = staged("products", "product_id list_price", ["P1", "￥12"], ["P2", "USD 12"], ["P3", "$12"])
    told = ("list_price", "is in another currency than its row or file")
    assert [row.fault for row in rows] == [None, told, told]


@pytest.mark.parametrize(("currency", "minor"), [("CNY", 1235), ("JPY", 12), ("KWD", 12345), ("", 1235)])
def test_minor_units_follow_the_currency(staged, currency: str, minor: int) -> None:
    (row,) = staged("order_lines", f"{ORDER} net_amount", [*A1, "12.3451"], currency=currency)
    assert row.values["net_amount"] == minor


def test_money_is_rounded_once_half_to_even(staged) -> None:
    rows = staged(
        "order_lines",
        f"{ORDER} net_amount",
        *[[*A1, text] for text in ("0.005", "0.015", "0.025", "-0.005", "123456789012.345")],
    )
    assert [row.values["net_amount"] for row in rows] == [0, 2, 2, 0, 12_345_678_901_234]
