"""Tables and columns are guessed from headers and values; nothing is mapped twice."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning import mapping
from salesops_lib.cleaning.mapping import assignment, days, lexicon, names, patterns
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


@pytest.mark.parametrize(
    ("header", "concepts"),
    [
        ("Line Item: Net Price", {"line", "net", "price"}),
        ("sales_order_items.qty", {"line", "sale", "quantity"}),
        ("客户名称(往来单位)", {"customer", "name"}),
        ("本币价税合计", {"home_currency", "gross", "total"}),
        ("Amount (converted) (USD)", {"amount", "home_currency"}),
        ("Lead Created Date/Time", {"lead", "created", "date"}),
        ("order_purchase_timestamp", {"order", "purchase", "date"}),
        ("ExtendedPrice", {"line", "amount"}),
        ("QUANTITYORDERED", {"quantity", "order"}),
        ("FCustId.FName", {"customer", "name"}),
        ("Artikelbezeichnung", {"product", "name"}),
        ("Montant T.T.C.", {"amount", "gross"}),
        ("Código artículo", {"product", "id"}),
        ("訂單編號", {"order", "id"}),
        ("MwSt-Betrag", {"tax", "amount"}),
        ("Tax 5%", {"tax"}),
        ("Sub.Category", {"subcategory"}),
        ("Unit Price Excl. VAT", {"price", "net"}),
    ],
)
def test_headers_are_read_as_concepts(header: str, concepts: set[str]) -> None:
    assert names.read(header).concepts == concepts


def test_every_pattern_names_concepts_that_a_word_stands_for() -> None:
    known = {concept for found in lexicon.words().values() for concept in found}
    for table in TABLES.values():
        for column in table.columns:
            for pattern in patterns.patterns(table.name, column.name):
                assert pattern.must | pattern.may <= known, (table.name, column.name, pattern)
                assert 0.3 <= pattern.weight <= 1


def test_a_qualifier_makes_another_column() -> None:
    match = mapping.matches(
        sample("订单编号,订单日期,金额,累计开票金额,审核日期,制单人", "1,2026-01-05,3,4,2026-01-06,x")
    )[0]
    assert set(match.unmapped) == {"累计开票金额", "审核日期", "制单人"}


def test_all_columns_are_assigned_at_once() -> None:
    found = sample(
        "单号,日期,单价,折后单价,数量,金额", *[f"{n},2026-01-05,10,9,{n},{9 * n}" for n in range(1, 6)]
    )
    match = mapping.matches(found)[0]
    assert (match.columns["list_price"], match.columns["unit_price"]) == ("单价", "折后单价")
    alone = mapping.matches(sample("单号,日期,单价,数量", "1,2026-01-05,10,2"))[0]
    assert alone.columns["unit_price"] == "单价"
    assert "list_price" not in alone.columns


ROWS = [(n, 2 + n % 3, 10 + n) for n in range(1, 9)]


def test_net_tax_and_gross_are_told_by_adding_up() -> None:
    rows = [f"{n},2026-01-05,{q},{p},{q * p},{q * p * 0.13:.2f},{q * p * 1.13:.2f}" for n, q, p in ROWS]
    match = mapping.matches(sample("no,date,qty,price,subtotal,taxes,total", *rows))[0]
    assert (match.columns["net_amount"], match.columns["gross_amount"]) == ("subtotal", "total")
    found = sample(
        "order no,order date,amount,tax", *[",".join(r.split(",")[i] for i in (0, 1, 4, 5)) for r in rows]
    )
    assert mapping.basis(mapping.Evidence(found), mapping.matches(found)[0].columns) == "net"
    found = sample(
        "order no,order date,amount,tax", *[",".join(r.split(",")[i] for i in (0, 1, 6, 5)) for r in rows]
    )
    assert mapping.basis(mapping.Evidence(found), mapping.matches(found)[0].columns) == "gross"


def test_an_order_total_is_no_line_amount() -> None:
    rows = [f"{n // 2},2026-01-05,{q},{p},{1000 + n // 2},{q * p}" for n, q, p in ROWS]
    match = mapping.matches(sample("order id,order date,quantity,unit price,total,amount", *rows))[0]
    assert match.columns["net_amount"] == "amount"
    assert match.scores.get("gross_amount", 0) <= 0.8


def test_a_discount_in_percent_and_one_as_what_is_left_to_pay() -> None:
    rows = [f"{n},2026-01-05,{q},{p},{5 * (n % 3)},{q * p * (1 - 0.05 * (n % 3)):.2f}" for n, q, p in ROWS]
    found = sample("order id,order date,quantity,unit price,discount,amount", *rows)
    match = mapping.matches(found)[0]
    assert match.columns["discount_rate"] == "discount"
    assert mapping.percent_columns(mapping.Evidence(found), match) == ("discount_rate",)
    rows = [f"{n},2026-01-05,{(0.9, 0.95, 1)[n % 3]}" for n in range(9)]
    match = mapping.matches(sample("单号,日期,折扣", *rows), ["order_lines"])[0]
    assert max(match.scores.get("discount_rate", 0), match.scores.get("discount_amount", 0)) < 0.8


def test_two_equal_names_are_unsure() -> None:
    match = mapping.matches(sample("order id,order date,amount,amount (2)", "1,2026-01-05,3,5"))[0]
    assert match.scores["net_amount"] < 0.8 < match.scores["order_id"]


def test_a_name_without_values_or_with_a_strange_word_is_unsure() -> None:
    match = mapping.matches(sample("order id,order date,amount"))[0]
    assert max(match.scores.values()) < 0.8
    match = mapping.matches(sample("order id,order date,zorgle amount", "1,2026-01-05,3"))[0]
    assert match.scores["net_amount"] < 0.8 < match.scores["order_id"]


def test_a_name_belongs_to_the_code_it_goes_with() -> None:
    rows = [f"{n},2026-01-05,C{n % 3},P{n % 2},Thing {n % 2},{n}" for n in range(9)]
    match = mapping.matches(sample("order id,order date,customer id,sku,name,amount", *rows))[0]
    assert match.columns["product_name"] == "name"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ("订单编号,日期,供应商编码,供应商,采购员,金额", "purchases"),
        ("产品编码,期初数量,入库数量,期末数量", "stock"),
        ("区域,1月,2月,3月,4月", "each month"),
        ("Region,Jan 2026,Feb 2026,Mar 2026,Apr 2026", "each month"),
        ("订单编号,日期,供应商,客户,金额", ""),
    ],
)
def test_what_is_none_of_ours_is_said(headers: str, why: str) -> None:
    assert (why in mapping.foreign(sample(headers))) if why else mapping.foreign(sample(headers)) == ""


def test_lists_of_documents_are_no_order_lines() -> None:
    rows = [f"{n},2026-01-0{n},C{n % 3},2026-02-0{n},{n}00,USD" for n in range(1, 9)]
    assert mapping.matches(sample("Document No,Posting Date,Customer,Due Date,Amount,Currency", *rows))[
        0
    ].table == ("invoices")
    rows = [f"{n},2026-01-0{n},C{n % 3},{n}00,USD" for n in range(1, 9)]
    found = sample("Id,Date,Customer,Amount,Currency", *rows, name="payments 2026.csv")
    assert mapping.matches(found)[0].table == "receipts"
    assert mapping.matches(sample("Id,Date,Customer,Amount,Currency", *rows))[0].table == "order_lines"


def test_returns_marked_by_a_type() -> None:
    rows = [f"{n},2026-01-05,{'销售退货' if n == 3 else '销售'},{n}" for n in range(1, 9)]
    found = sample("单号,日期,单据类型,金额", *rows)
    match = mapping.matches(found)[0]
    assert mapping.marked_returns(mapping.Evidence(found), match) == ("单据类型", ("销售退货",))
    signed = sample("单号,日期,单据类型,金额", *[r.replace("退货,3", "退货,-3") for r in rows])
    assert mapping.marked_returns(mapping.Evidence(signed), match) == ("", ())


def test_amounts_in_ten_thousands_are_told_by_multiplying() -> None:
    rows = [f"{n},2026-01-05,{q},{p * 1000},{q * p / 10:.4f}" for n, q, p in ROWS]
    found = sample("单号,日期,数量,单价,金额", *rows)
    assert mapping.implied(mapping.Evidence(found), mapping.matches(found)[0]) == {"net_amount": 10_000}


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 4), st.sampled_from("abcde")),
        st.floats(0.01, 1, allow_subnormal=False),
        max_size=20,
    )
)
def test_no_other_assignment_is_worth_more(pairs: dict[tuple[int, str], float]) -> None:
    found = assignment.best(pairs)
    assert len(set(found.values())) == len(found)
    columns = sorted({column for _, column in pairs})
    headers = [*sorted({header for header, _ in pairs}), *[None] * len(columns)]
    most = max(
        sum(pairs.get((header, column), 0.0) for header, column in zip(chosen, columns, strict=True))
        for chosen in set(permutations(headers, len(columns)))
    )
    assert sum(pairs[header, column] for column, header in found.items()) == pytest.approx(most)


@pytest.mark.parametrize(
    ("columns", "order"),
    [
        ({"ordered_on": ["03/04/2026", "25/04/2026"]}, "dmy"),
        ({"ordered_on": ["03/04/2026"], "shipped_on": ["03/25/2026"]}, "mdy"),
        ({"ordered_on": ["2026-03-04"]}, "ymd"),
        ({"ordered_on": ["03/04/2026"]}, ""),
        ({"ordered_on": ["02/03/2026"] * 3, "shipped_on": ["01/04/2026"] * 3}, "dmy"),
    ],
)
def test_dates_tell_their_order(columns: dict[str, list[str]], order: str) -> None:
    assert days.date_order(columns).order == order


_NAMES = sorted(
    {name for table in TABLES.values() for c in table.columns for name in (c.name, c.zh, *c.synonyms)}
)


@given(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=12, unique=True))
def test_no_header_and_no_column_is_mapped_twice(headers: list[str]) -> None:
    found = Sample(Part(Path("f.csv")), tuple(headers), ())
    for match in mapping.matches(found):
        assert len(set(match.columns.values())) == len(match.columns)
        assert set(match.columns.values()) | set(match.unmapped) == set(headers)
