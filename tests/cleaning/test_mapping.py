"""Tables and columns are guessed from headers and values; nothing is mapped twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning import mapping
from salesops_lib.cleaning.reading import Part, Sample
from salesops_lib.tables import TABLES


def sample(headers: str, *rows: str, name: str = "file.csv") -> Sample:
    return Sample(Part(Path(name)), tuple(headers.split(",")), tuple(tuple(row.split(",")) for row in rows))


@pytest.mark.parametrize(
    ("headers", "table"),
    [
        ("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country", "order_lines"),
        ("订单编号,下单日期,客户名称,产品名称,数量,金额", "order_lines"),
        (
            "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value",
            "opportunities",
        ),
        ("account,sector,office_location,subsidiary_of", "customers"),
        ("product,series,sales_price", "products"),
        ("sales_agent,manager,regional_office", "org"),
        ("员工编号,姓名,岗位,入职日期", "reps"),
        ("level,scope,kpi,month,quota", "targets"),
        ("invoice no,invoice date,customer id,due date,amount", "invoices"),
        ("回款编号,回款日期,回款金额,客户", "receipts"),
        ("订单 ID,退回", "returns"),
        ("期间,品类,区域,市场规模", "market"),
    ],
)
def test_the_table_is_guessed(headers: str, table: str) -> None:
    best = mapping.matches(sample(headers))[0]
    assert (best.table, best.missing) == (table, ())


def test_headers_of_no_table_match_none() -> None:
    assert all(match.missing for match in mapping.matches(sample("Table,Field,Description")))


def test_region_is_preferred_over_country() -> None:
    match = mapping.matches(sample("订单 ID,订单日期,国家,地区,销售额"))[0]
    assert match.columns["region"] == "地区"
    assert match.unmapped == ("国家",)


def test_near_names_and_units_in_headers() -> None:
    found = sample("Order Nr,Order Dates,Amount (USD),Customer Names", "1,2026-01-05,3,x")
    match = mapping.matches(found)[0]
    assert {"ordered_on": "Order Dates", "net_amount": "Amount (USD)"}.items() <= match.columns.items()
    assert mapping.currency(found, match) == "USD"
    wan = sample("订单编号,订单日期,销售额（万元）", "1,2026-01-05,3")
    match = mapping.matches(wan)[0]
    assert mapping.units(match) == {"net_amount": 10_000}
    assert mapping.currency(wan, match) == "CNY"


def test_values_that_disagree_with_the_type_refuse_the_header() -> None:
    match = mapping.matches(sample("order id,order date,quantity", *["1,2026-01-05,many"] * 5))[0]
    assert "quantity" not in match.columns
    assert any("'quantity' is not quantity" in reason for reason in match.reasons)


def test_a_discount_above_one_is_an_amount() -> None:
    rate = mapping.matches(sample("order id,order date,discount", "1,2026-01-05,0.2"))[0]
    amount = mapping.matches(sample("order id,order date,discount", "1,2026-01-05,25", "2,2026-01-05,40"))[0]
    assert rate.columns["discount_rate"] == amount.columns["discount_amount"] == "discount"


def test_reps_bring_org_but_org_leaves_reps_to_their_own_file() -> None:
    found = sample("rep id,name,role,hire date,base pay,team,region", "R1,Ann,AE,2020-01-05,1,T1,East")
    beside = mapping.companion(found, mapping.matches(found)[0])
    assert beside is not None
    assert (beside.table, beside.columns["team"]) == ("org", "team")
    found = sample("sales_agent,manager,regional_office", "Ann,Bo,East")
    assert mapping.companion(found, mapping.matches(found)[0]) is None


def test_decimal_commas_and_codes_as_numbers() -> None:
    found = sample("customer id;order id;order date;amount")
    headers = ("customer id", "order id", "order date", "amount")
    found = Sample(
        found.part,
        headers,
        (("17850.0", "A1", "2026-01-05", "1.234,50"), ("17851.0", "A2", "2026-01-05", "7,5")),
    )
    match = mapping.matches(found)[0]
    assert mapping.decimal_mark(found, match) == ","
    assert mapping.float_codes(found, match) == ("customer_id",)


_NAMES = sorted(
    {name for table in TABLES.values() for c in table.columns for name in (c.name, c.zh, *c.synonyms)}
)


@given(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=12, unique=True))
def test_no_header_and_no_column_is_mapped_twice(headers: list[str]) -> None:
    found = Sample(Part(Path("f.csv")), tuple(headers), ())
    for match in mapping.matches(found):
        assert len(set(match.columns.values())) == len(match.columns)
        assert set(match.columns.values()) | set(match.unmapped) == set(headers)
