"""What `add` guesses, asks and assumes; every default taken is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesops_lib import cleaning
from salesops_lib.cleaning.proposals import ASSUMED, Question
from salesops_lib.cleaning.settings import Settings
from salesops_lib.errors import DataError

LINES = "Order No,Order Date,Customer,Qty,Unit Price,Amount,Sales Tax\n"


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.write_text(text, encoding="utf-8")
    return path


def lines(date: str = "2026-03-05", factor: float = 1.0) -> str:
    rows = [(n, 1 + n % 3, 10 + n) for n in range(1, 9)]
    return LINES + "".join(f"A{n},{date},C{n % 3},{q},{p},{q * p * factor:.2f},0\n" for n, q, p in rows)


def test_each_column_has_a_confidence(tmp_path: Path) -> None:
    (source,) = cleaning.propose(tmp_path, [write(tmp_path, "orders.csv", lines())])
    assert source.confidences.keys() == source.columns.keys()
    assert min(source.confidences["order_id"], source.confidences["ordered_on"]) > 0.8
    assert source.confidence == pytest.approx(
        sum(source.confidences.values()) / len(source.columns), abs=0.001
    )


def test_the_most_valuable_questions_come_first(tmp_path: Path) -> None:
    asked: list[Question] = []
    file = write(tmp_path, "orders.csv", lines("03/05/2026", factor=0.001))
    settings = Settings(vat=0.13)
    cleaning.propose(tmp_path, [file], ask=lambda q: (asked.append(q), q.default)[1], policy=settings)
    assert [question.kind for question in asked] == ["amounts", "date_order", "unit"]


def test_answers_are_taken_and_defaults_are_told(tmp_path: Path) -> None:
    file = write(tmp_path, "orders.csv", lines("03/05/2026"))
    answers = {"amounts": "gross", "date_order": "mdy"}
    settings = Settings(vat=0.13)
    (told,) = cleaning.propose(tmp_path, [file], ask=lambda q: answers[q.kind], policy=settings)
    assert (told.amounts, told.date_order, told.reasons) == ("gross", "mdy", ())
    (assumed,) = cleaning.propose(tmp_path, [file], policy=settings)
    assert (assumed.amounts, assumed.date_order) == ("net", "dmy")
    assert len(assumed.reasons) == 2
    assert all(reason.startswith(ASSUMED) for reason in assumed.reasons)


def test_a_header_that_says_net_is_not_asked_about(tmp_path: Path) -> None:
    file = write(tmp_path, "orders.csv", lines().replace("Amount", "Amount excl. VAT"))
    (source,) = cleaning.propose(tmp_path, [file], policy=Settings(vat=0.13))
    assert (source.amounts, source.reasons) == ("net", ())


def test_dates_in_both_orders_are_told(tmp_path: Path) -> None:
    text = lines().replace("2026-03-05", "25/03/2026", 6).replace("2026-03-05", "03/25/2026", 1)
    (source,) = cleaning.propose(tmp_path, [write(tmp_path, "orders.csv", text)])
    assert source.date_order == "dmy"
    assert "both orders: 1 day first, 1 month first" in source.reasons[0]


def test_returns_with_positive_amounts_are_marked(tmp_path: Path) -> None:
    rows = "".join(f"D{n},2026-01-0{n},{'Return' if n == 4 else 'Sale'},{n}0\n" for n in range(1, 9))
    file = write(tmp_path, "journal.csv", "Doc No,Doc Date,Doc Type,Net Amount\n" + rows)
    (source,) = cleaning.propose(tmp_path, [file])
    assert (source.returns, source.columns["status"]) == ("marked", "Doc Type")
    assert source.confidences["status"] <= 0.8
    assert any("rows whose Doc Type is Return are returns" in reason for reason in source.reasons)


def test_shares_in_percent_are_scaled(tmp_path: Path) -> None:
    rows = "".join(f"D{n},2026-01-0{n},{5 * n},{n}0\n" for n in range(1, 9))
    file = write(tmp_path, "sales.csv", "Order No,Date,Discount %,Net Amount\n" + rows)
    (source,) = cleaning.propose(tmp_path, [file])
    assert source.units == {"discount_rate": 0.01}


def test_units_stated_above_the_header(tmp_path: Path) -> None:
    rows = "".join(f"D{n},2026-01-0{n},客户{n},{n}.5\n" for n in range(1, 9))
    file = write(tmp_path, "台账.csv", "2026年销售台账,,,\n单位：万元,,,\n单号,日期,客户,金额\n" + rows)
    (source,) = cleaning.propose(tmp_path, [file])
    assert source.units == {"net_amount": 10_000}
    assert any("单位：万元" in reason for reason in source.reasons)


def test_a_total_from_the_books_goes_to_its_column(tmp_path: Path) -> None:
    file = write(tmp_path, "orders.csv", lines())
    (source,) = cleaning.propose(tmp_path, [file], control={"net_amount": "4711.50"})
    assert source.control == {"net_amount": "4711.50"}
    with pytest.raises(DataError, match=r"no money column 'net_amont'.*did you mean 'net_amount'"):
        cleaning.propose(tmp_path, [file], control={"net_amont": "1"})
    with pytest.raises(DataError, match=r"net_amount: the total 'a lot' is no number"):
        cleaning.propose(tmp_path, [file], control={"net_amount": "a lot"})
    with pytest.raises(DataError, match="No file has a column for cost_amount"):
        cleaning.propose(tmp_path, [file], control={"cost_amount": "1"})


def test_purchases_are_not_used(tmp_path: Path) -> None:
    text = "订单编号,日期,供应商编码,供应商,金额\n1,2026-01-05,G1,甲公司,10\n"
    with pytest.raises(DataError, match="these are purchases"):
        cleaning.propose(tmp_path, [write(tmp_path, "采购.csv", text)])


def test_a_doubtful_table_is_never_sure(tmp_path: Path) -> None:
    text = "Id,Created on,Customer,Amount,Stage,Order Date\n" + "".join(
        f"{n},2026-01-0{n},C{n % 3},{n}0,Open,2026-01-0{n}\n" for n in range(1, 9)
    )
    found = cleaning.propose(tmp_path, [write(tmp_path, "x.csv", text)])
    told = [reason for source in found for reason in source.reasons if "fit nearly as well" in reason]
    assert all(max(source.confidences.values()) < 0.8 for source in found if told)


def test_a_database_by_its_address(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE orders (order_id TEXT, order_date TEXT, customer TEXT, amount REAL)")
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)",
            [(f"A{n}", f"2026-01-0{n}", "C", n) for n in range(1, 9)],
        )
    address = f"sqlite:///{tmp_path / 'shop.db'}"
    (source,) = cleaning.propose(tmp_path, [address])
    assert (source.table, source.file) == ("order_lines", address)


@pytest.mark.parametrize(
    "text",
    [
        "accounts,,,sales_teams,\naccount,sector,subsidiary_of,sales_agent,manager\n,,,,\nproducts,,sales_pipeline,,\n"
        "product,series,opportunity_id,sales_agent,product\n",
        "Product,Category,Description\ncustomer_id,key,who buys\norder_date,date,when\nunit_price,money,of one piece\n",
    ],
)
def test_a_data_dictionary_is_no_master_data(tmp_path: Path, text: str) -> None:
    orders = write(tmp_path, "orders.csv", lines())
    found = cleaning.propose(tmp_path, [orders, write(tmp_path, "data_dictionary.csv", text)])
    assert [source.table for source in found] == ["order_lines", ""]
    assert "describe columns" in found[1].reasons[0]


def test_customers_with_codes_like_the_word_are_customers(tmp_path: Path) -> None:
    text = "Customer,Customer Name,Region\n" + "".join(f"CUST-{n},Firm {n},North\n" for n in range(1, 9))
    assert [s.table for s in cleaning.propose(tmp_path, [write(tmp_path, "c.csv", text)])] == ["customers"]
